//! When the client does what: which tick its next input is for, and which moment it draws.
//!
//! [`InputClock`] runs ahead of the server by just so much that inputs come in time: a closed
//! loop over the margin that each snapshot reports (as in Unity's "Netcode for Entities", "time
//! synchronization"). [`RenderClock`] runs behind the newest snapshot by just so much that the
//! next one is there when it is needed. Both bend their speed by a few percent and jump only
//! when far off. [`RoundTrip`] is for people to look at.

use std::collections::VecDeque;
use std::time::Duration;

use crate::limits::{INPUT_AHEAD_MAX_TICKS, SPECTATOR_PING_EVERY};
use crate::tick::{Tick, TickRate};

/// By how many ticks the newest input should be early when its tick is made, in the worst case
/// of the last second.
const MARGIN_TARGET_TICKS: i32 = 1;
/// How early the first inputs are, before any margin is known.
const LEAD_AT_START_TICKS: f64 = 3.0;
/// How much faster or slower the input clock may run.
const BEND_MAX: f64 = 0.03;
/// Error in ticks above which the input clock jumps.
const JUMP_TICKS: f64 = 5.0;
/// The same while no more than [`FRESH_MARGINS`] have come since it last jumped.
const JUMP_TICKS_FRESH: f64 = 1.5;
const FRESH_MARGINS: usize = 8;
/// So many margins in a row must agree that it is far off.
const SPIKE_MARGINS: usize = 4;
/// More ticks than this at once are not made up for after a pause: they are left out.
const PAUSE_MAX_TICKS: f64 = 8.0;

/// Which tick the client's next input is for.
#[derive(Clone, Debug)]
pub struct InputClock {
    tick_rate: TickRate,
    /// Position in ticks at a moment, and the speed since then, in ticks a tick.
    position: Option<(f64, Duration)>,
    speed: f64,
    /// The tick of the next input.
    next: Tick,
    /// Margins of the last second.
    margins: VecDeque<i32>,
    /// The first tick given an input since the last jump.
    settled_at: Tick,
}

impl InputClock {
    pub(super) fn new(tick_rate: TickRate) -> InputClock {
        InputClock {
            tick_rate,
            position: None,
            speed: 1.0,
            next: Tick(0),
            margins: VecDeque::new(),
            settled_at: Tick(0),
        }
    }

    fn now(&self, now: Duration) -> Option<f64> {
        let (position, at) = self.position?;
        let passed = now.saturating_sub(at).as_secs_f64() * f64::from(self.tick_rate.hz());
        Some(position + passed * self.speed)
    }

    /// Learns from a snapshot that came at `now`.
    pub(super) fn snapshot(&mut self, now: Duration, tick: Tick, margin_ticks: i32) {
        let Some(position) = self.now(now) else {
            self.jump(now, f64::from(tick.0) + LEAD_AT_START_TICKS);
            return;
        };
        let newest_received = i64::from(tick.0) + i64::from(margin_ticks);
        // Only of inputs sent since the last jump: after a jump on, earlier ones lie before where
        // it led; after a jump back, they lie ahead of all that was sent since.
        // The server reports no margin beyond this: it may be more.
        let is_furthest = i64::from(margin_ticks) >= i64::from(INPUT_AHEAD_MAX_TICKS);
        let of_now = i64::from(self.settled_at.0)..i64::from(self.next.0);
        if !of_now.contains(&newest_received) {
            let behind = f64::from(tick.0) - position > 2.0 * JUMP_TICKS;
            // All that was sent since the last jump lies beyond what the server takes.
            let ahead = is_furthest && self.settled_at > tick.plus(INPUT_AHEAD_MAX_TICKS);
            if behind || ahead {
                self.jump(now, f64::from(tick.0) + LEAD_AT_START_TICKS);
            }
            return;
        }
        if self.margins.len() >= usize::from(self.tick_rate.hz()).max(8) {
            self.margins.pop_front();
        }
        self.margins.push_back(margin_ticks);
        let worst = self.margins.iter().copied().min().unwrap_or(margin_ticks);
        let error = f64::from(MARGIN_TARGET_TICKS - worst);
        // One spike must not throw the clock about: far off are all of the last margins. Right
        // after a jump, where it led is a guess, and may be put right by another.
        let fresh = self.margins.len() <= FRESH_MARGINS;
        let jump_ticks = if fresh { JUMP_TICKS_FRESH } else { JUMP_TICKS };
        let mut latest = self.margins.iter().rev().take(SPIKE_MARGINS);
        let far_off = self.margins.len() >= SPIKE_MARGINS
            && latest.all(|&m| f64::from(MARGIN_TARGET_TICKS - m).abs() > jump_ticks);
        if far_off && is_furthest {
            // How far is not known. (Late by the furthest is a step on the way, and goes on.)
            self.jump(now, f64::from(tick.0) + LEAD_AT_START_TICKS);
        } else if far_off {
            self.jump(now, position + f64::from(MARGIN_TARGET_TICKS - margin_ticks));
        } else {
            self.position = Some((position, now));
            self.speed = 1.0 + (error * 0.01).clamp(-BEND_MAX, BEND_MAX);
        }
    }

    fn jump(&mut self, now: Duration, to: f64) {
        self.position = Some((to, now));
        self.speed = 1.0;
        self.margins.clear();
        // After a jump back some ticks are given an input again: those that are still to come
        // are to be made of what the player wants now.
        self.next = Tick(to.max(0.0) as u32).next();
        self.settled_at = self.next;
    }

    /// The tick whose input is due at `now`; rising by one but where the clock jumped.
    pub(super) fn next_due(&mut self, now: Duration) -> Option<Tick> {
        let position = self.now(now)?;
        if position - f64::from(self.next.0) > PAUSE_MAX_TICKS {
            self.next = Tick(position as u32);
        }
        if position < f64::from(self.next.0) {
            return None;
        }
        let due = self.next;
        self.next = due.next();
        Some(due)
    }

    /// When the next input is due.
    pub(super) fn due_at(&self) -> Option<Duration> {
        let (position, at) = self.position?;
        let ticks = (f64::from(self.next.0) - position) / self.speed;
        let seconds = ticks / f64::from(self.tick_rate.hz());
        // A hair late rather than early: an early call would find nothing due.
        Some(at + Duration::from_secs_f64(seconds.max(0.0)) + Duration::from_micros(1))
    }

    /// How far `now` lies between the last input's tick and the next one's, from 0 to 1.
    pub(super) fn fraction(&self, now: Duration) -> f64 {
        self.now(now)
            .map_or(0.0, |position| (position - f64::from(self.next.0) + 1.0).clamp(0.0, 1.0))
    }
}

/// How many snapshots the render clock looks back on.
const ARRIVALS_MAX: usize = 64;
/// What it adds to the delay that was needed, in ticks.
const DELAY_SPARE_TICKS: f64 = 0.25;
/// Longest delay, in seconds.
const DELAY_MAX_SECONDS: f64 = 0.5;

/// Which moment of the room is drawn.
#[derive(Clone, Debug)]
pub struct RenderClock {
    tick_rate: TickRate,
    /// For each of the last snapshots: when it came, less its tick, in ticks.
    arrivals: VecDeque<f64>,
    /// The least of them, and how far behind it is drawn.
    soonest: f64,
    delay: f64,
    position: Option<(f64, Duration)>,
}

impl RenderClock {
    pub(super) fn new(tick_rate: TickRate) -> RenderClock {
        RenderClock {
            tick_rate,
            arrivals: VecDeque::new(),
            soonest: 0.0,
            delay: 0.0,
            position: None,
        }
    }

    fn in_ticks(&self, now: Duration) -> f64 {
        now.as_secs_f64() * f64::from(self.tick_rate.hz())
    }

    pub(super) fn snapshot(&mut self, now: Duration, tick: Tick) {
        if self.arrivals.len() >= ARRIVALS_MAX {
            self.arrivals.pop_front();
        }
        self.arrivals.push_back(self.in_ticks(now) - f64::from(tick.0));
        self.forget_another_time();
        let mut sorted: Vec<f64> = self.arrivals.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        self.soonest = sorted[0];
        // One late snapshot in ten is bridged by running on, rather than by drawing all of them
        // later.
        let spread = sorted[(sorted.len() - 1) * 9 / 10] - self.soonest;
        let delay_max = DELAY_MAX_SECONDS * f64::from(self.tick_rate.hz());
        self.delay =
            (1.0 + DELAY_SPARE_TICKS + spread).clamp(0.0, delay_max.max(1.0 + DELAY_SPARE_TICKS));
    }

    /// When the server lost time, no arrival from before says anything of those to come.
    fn forget_another_time(&mut self) {
        const LATEST: usize = 6;
        let far = f64::from(self.tick_rate.hz()) * DELAY_MAX_SECONDS;
        let of_before = self.arrivals.len().saturating_sub(LATEST);
        let latest = self.arrivals.iter().skip(of_before);
        if of_before > 0 && latest.into_iter().all(|arrival| arrival - self.soonest > far) {
            self.arrivals.drain(..of_before);
        }
    }

    /// The moment to draw, in ticks with a fraction; it never runs backwards but for a jump.
    pub(super) fn position(&mut self, now: Duration) -> Option<f64> {
        if self.arrivals.is_empty() {
            return None;
        }
        let target = self.in_ticks(now) - self.soonest - self.delay;
        let position = match self.position {
            None => target,
            Some((last, at)) => {
                let steady = last + self.in_ticks(now) - self.in_ticks(at);
                let error = target - steady;
                if error.abs() > 15.0 {
                    target
                } else {
                    let passed = steady - last;
                    steady + (error * 0.1).clamp(-0.1 * passed, 0.1 * passed)
                }
            }
        };
        self.position = Some((position, now));
        Some(position)
    }

    /// The moment last drawn.
    pub(super) fn last(&self) -> f64 {
        self.position.map_or(f64::NEG_INFINITY, |(position, _)| position)
    }
}

/// Time between a player's pings. Not a multiple of any tick, so that their phases differ and the least
/// round trip is nearly free of waiting for the server's tick.
const PING_EVERY: Duration = Duration::from_millis(457);
/// How many round trips are looked back on, and how many pings may wait for their answers.
const PINGS_MAX: usize = 8;

/// How long a message takes to the server and back.
#[derive(Clone, Debug)]
pub struct RoundTrip {
    every: Duration,
    due: Duration,
    number: u32,
    /// Pings that wait for their answer, oldest first.
    sent: VecDeque<(u32, Duration)>,
    last: VecDeque<Duration>,
}

impl RoundTrip {
    /// For a player, or for a spectator, whom the server hears less often.
    pub(super) fn new(now: Duration, plays: bool) -> RoundTrip {
        let every = if plays { PING_EVERY } else { SPECTATOR_PING_EVERY };
        RoundTrip { every, due: now, number: 0, sent: VecDeque::new(), last: VecDeque::new() }
    }

    pub(super) fn due_at(&self) -> Duration {
        self.due
    }

    /// The number of the ping to be sent now, if one is due.
    pub(super) fn ping(&mut self, now: Duration) -> Option<u32> {
        if now < self.due {
            return None;
        }
        self.due = now + self.every;
        self.number = self.number.wrapping_add(1);
        if self.sent.len() >= PINGS_MAX {
            self.sent.pop_front();
        }
        self.sent.push_back((self.number, now));
        Some(self.number)
    }

    pub(super) fn pong(&mut self, now: Duration, number: u32) {
        let Some(at) = self.sent.iter().position(|(sent, _)| *sent == number) else { return };
        // Answers come in order: what was asked before will not be answered any more.
        let Some((_, sent)) = self.sent.drain(..=at).next_back() else { return };
        if self.last.len() >= PINGS_MAX {
            self.last.pop_front();
        }
        self.last.push_back(now.saturating_sub(sent));
    }

    /// The least of the last few.
    #[must_use]
    pub fn least(&self) -> Option<Duration> {
        self.last.iter().copied().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server and a client with `one_way` between them: runs both clocks for `seconds`, gives
    /// the margin of each tick from the client's view.
    fn margins(clock: &mut InputClock, one_way: Duration, from: u32, seconds: u32) -> Vec<i32> {
        let period = clock.tick_rate.period();
        let mut newest = VecDeque::new();
        let mut received = i64::from(from);
        let mut told = VecDeque::new();
        let mut margins = Vec::new();
        let step = Duration::from_millis(1);
        let start = period * from;
        let mut next_tick = from;
        let mut now = start;
        while now < start + Duration::from_secs(u64::from(seconds)) {
            now += step;
            while let Some(tick) = clock.next_due(now) {
                newest.push_back((now + one_way, tick));
            }
            while newest.front().is_some_and(|(at, _)| *at <= now) {
                let (_, tick) = newest.pop_front().expect("there is one");
                // The newest to come, as the server has it, and not the furthest.
                received = i64::from(tick.0);
            }
            if now >= period * (next_tick + 1) {
                next_tick += 1;
                let margin = (received - i64::from(next_tick)).clamp(-64, 64) as i32;
                margins.push(margin);
                told.push_back((now + one_way, Tick(next_tick), margin));
            }
            while told.front().is_some_and(|(at, ..)| *at <= now) {
                let (_, tick, margin) = told.pop_front().expect("there is one");
                clock.snapshot(now, tick, margin);
            }
        }
        margins
    }

    #[test]
    fn inputs_come_in_time_soon_after_joining_near_and_far() {
        for one_way_ms in [0, 20, 60, 150] {
            let one_way = Duration::from_millis(one_way_ms);
            let mut clock = InputClock::new(TickRate::default());
            let margins = margins(&mut clock, one_way, 1_000, 10);
            let settled = &margins[3 * 30..];
            assert!(
                settled.iter().all(|margin| (0..=3).contains(margin)),
                "{one_way_ms} ms: {settled:?}"
            );
        }
    }

    #[test]
    fn a_line_of_very_many_ticks_is_found_in_the_end() {
        for (hz, one_way_ms) in [(30, 1_500), (128, 300), (240, 150), (240, 400)] {
            let rate = TickRate::new(hz).expect("within the limits");
            let mut clock = InputClock::new(rate);
            let margins = margins(&mut clock, Duration::from_millis(one_way_ms), 5_000, 30);
            let settled = &margins[20 * usize::from(hz)..];
            assert!(
                settled.iter().all(|margin| (0..=4).contains(margin)),
                "{hz} Hz, {one_way_ms} ms: {settled:?}"
            );
        }
    }

    #[test]
    fn a_round_trip_longer_than_the_time_between_pings_is_measured() {
        let trip = Duration::from_millis(1_300);
        let mut round_trip = RoundTrip::new(Duration::ZERO, true);
        let mut under_way = VecDeque::new();
        for ms in 0..5_000 {
            let now = Duration::from_millis(ms);
            under_way.extend(round_trip.ping(now).map(|number| (now + trip, number)));
            while under_way.front().is_some_and(|(at, _)| *at <= now) {
                let (at, number) = under_way.pop_front().expect("there is one");
                round_trip.pong(at, number);
            }
        }
        assert_eq!(round_trip.least(), Some(trip));
    }

    #[test]
    fn a_line_that_becomes_longer_is_followed() {
        let mut clock = InputClock::new(TickRate::default());
        margins(&mut clock, Duration::from_millis(10), 1_000, 5);
        let margins = margins(&mut clock, Duration::from_millis(200), 1_150, 8);
        assert!(margins[5 * 30..].iter().all(|margin| (0..=3).contains(margin)), "{margins:?}");
    }

    #[test]
    fn ticks_are_given_inputs_one_after_the_other_until_the_clock_jumps() {
        let mut clock = InputClock::new(TickRate::default());
        let one_way = Duration::from_millis(30);
        margins(&mut clock, one_way, 1_000, 5);
        let mut now = TickRate::default().period() * 1_000 + Duration::from_secs(5);
        let mut last = clock.next;
        for _ in 0..500 {
            now += Duration::from_millis(7);
            while let Some(tick) = clock.next_due(now) {
                assert_eq!(tick, last);
                last = tick.next();
            }
        }
        assert!(last.since(clock.settled_at) > 100);
    }

    #[test]
    fn a_server_that_lost_time_is_found_again() {
        for lost_ticks in [20, 150, 2_000] {
            let mut clock = InputClock::new(TickRate::default());
            let one_way = Duration::from_millis(30);
            margins(&mut clock, one_way, 5_000, 5);
            // The client goes on as before; the server is at an earlier tick than it was to be.
            let shift = TickRate::default().period() * lost_ticks;
            clock.position = clock.position.map(|(position, at)| (position, at - shift));
            let margins = margins(&mut clock, one_way, 5_150 - lost_ticks, 6);
            let settled = &margins[3 * 30..];
            assert!(settled.iter().all(|margin| (0..=3).contains(margin)), "{settled:?}");
        }
    }

    #[test]
    fn what_is_drawn_never_runs_backwards_on_an_uneven_line() {
        let mut clock = RenderClock::new(TickRate::default());
        let mut dice = crate::dice::Dice::new(4, 4);
        let period = TickRate::default().period();
        let mut arrivals: Vec<(Duration, Tick)> = (0..300)
            .map(|tick| {
                (period * tick + Duration::from_micros(dice.below(60_000).into()), Tick(tick))
            })
            .collect();
        arrivals.sort();
        let mut arrivals = arrivals.into_iter().peekable();
        let mut last = f64::NEG_INFINITY;
        let mut late = 0;
        let mut newest = 0.0;
        for frame in 0..600_u32 {
            let now = Duration::from_micros(16_667) * frame;
            while let Some((at, tick)) = arrivals.next_if(|(at, _)| *at <= now) {
                clock.snapshot(at, tick);
                newest = f64::from(tick.0);
            }
            let Some(position) = clock.position(now) else { continue };
            assert!(position >= last, "{position} after {last}");
            last = position;
            late += u32::from(position > newest);
        }
        assert!(late < 60, "{late} of 600 frames had to run on");
    }
}
