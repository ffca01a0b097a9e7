//! [`FlowControl`]: how many snapshots may be in flight to a player: so many that it gets each tick
//! on a path that can take it, however long, and that none waits long on one that cannot.
//!
//! Owned by the protocol of the connection. Time is counted in ticks of the room: a snapshot of a
//! tick is sent in that tick or never. What waits unread in networks and kernels cannot be asked
//! for, but what was acknowledged lately can be counted: a path takes about as many as it took
//! before. So as many may be in flight as came through within the path's own delay and a set time
//! more (`docs/decisions/0010-in-flight-by-what-came-through.md`).

use std::collections::VecDeque;

use in_flight::InFlight;
use tickwire_game::tick::{Tick, TickRate};

use crate::limits::{
    LINE_MEASURE_EVERY, SNAPSHOT_AGE_MAX, SNAPSHOT_DELAY_MAX, SNAPSHOT_FIRST_ACK_MAX,
    SNAPSHOTS_IN_FLIGHT_MIN,
};

mod in_flight;

/// What is in flight to one player.
#[derive(Debug)]
pub(super) struct FlowControl {
    at_first_max: u32,
    age_max_ticks: u32,
    delay_max_ticks: u32,
    measure_every_ticks: u32,
    in_flight: InFlight,
    /// When how many were acknowledged, lately.
    came_through: VecDeque<(Tick, u32)>,
    /// The path's own delay: how long an acknowledgement took when nothing else was in flight, or
    /// less. `None` before the first.
    delay_ticks: Option<u32>,
    /// A snapshot that was sent while no other was in flight.
    alone: Option<Tick>,
    /// When the delay was last measured by such a snapshot.
    measured: Tick,
    /// Whether anything was held back a good while after.
    was_full: bool,
}

impl FlowControl {
    pub(super) fn new(tick_rate: TickRate, now: Tick) -> FlowControl {
        FlowControl {
            at_first_max: tick_rate.ticks_in(SNAPSHOT_FIRST_ACK_MAX.as_secs_f32()),
            age_max_ticks: tick_rate.ticks_in(SNAPSHOT_AGE_MAX.as_secs_f32()),
            delay_max_ticks: tick_rate.ticks_in(SNAPSHOT_DELAY_MAX.as_secs_f32()),
            measure_every_ticks: tick_rate.ticks_in(LINE_MEASURE_EVERY.as_secs_f32()),
            in_flight: InFlight::default(),
            came_through: VecDeque::new(),
            delay_ticks: None,
            alone: None,
            measured: now,
            was_full: false,
        }
    }

    /// A snapshot was sent.
    pub(super) fn sent(&mut self, tick: Tick) {
        if self.in_flight.is_empty() {
            self.alone = Some(tick);
        }
        self.in_flight.push(tick);
    }

    /// The client acknowledged all up to `acked`, at `now`.
    pub(super) fn acked(&mut self, acked: Tick, now: Tick) {
        let Some((newest, count)) = self.in_flight.take(acked) else { return };
        let took_ticks = now.since(newest).max(0) as u32;
        let mut came_through = count;
        match self.delay_ticks {
            None => {
                self.delay_ticks = Some(took_ticks);
                // That the path is slow must show before it counts as slow.
                came_through += self.age_max_ticks;
            }
            Some(delay) => self.delay_ticks = Some(delay.min(took_ticks)),
        }
        if self.alone.is_some_and(|alone| alone <= newest) {
            // Measured anew, since a path may also become longer.
            self.delay_ticks = Some(took_ticks);
            self.alone = None;
            self.measured = now;
            self.was_full = false;
        }
        match self.came_through.back_mut() {
            Some((at, count)) if *at == now => *count += came_through,
            _ => self.came_through.push_back((now, came_through)),
        }
        self.forget(now);
    }

    /// Whether one more would only wait behind the others. To be asked before each.
    pub(super) fn is_full(&mut self, now: Tick) -> bool {
        self.forget(now);
        let is_full = self.in_flight.len() >= self.most() || self.is_to_run_empty(now);
        // Just after it ran empty a long path is full of little.
        let since = now.since(self.measured);
        self.was_full |= is_full && since >= i64::from(self.measure_every_ticks / 2);
        is_full
    }

    fn most(&self) -> u32 {
        match self.delay_ticks {
            None => self.at_first_max.max(SNAPSHOTS_IN_FLIGHT_MIN),
            Some(_) => {
                let came_through: u32 = self.came_through.iter().map(|(_, count)| count).sum();
                // One more, or a path that has been slow would stay so.
                SNAPSHOTS_IN_FLIGHT_MIN.max(came_through + 1)
            }
        }
    }

    /// On a path that is always full its own delay never shows.
    fn is_to_run_empty(&self, now: Tick) -> bool {
        self.was_full
            && !self.in_flight.is_empty()
            && now.since(self.measured) >= i64::from(self.measure_every_ticks)
    }

    fn forget(&mut self, now: Tick) {
        let own = self.delay_ticks.unwrap_or_default().min(self.delay_max_ticks);
        let lately = i64::from(own + self.age_max_ticks);
        while self.came_through.front().is_some_and(|(at, _)| now.since(*at) >= lately) {
            self.came_through.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A path on which each snapshot takes `each` ticks, and arrives `delay` ticks later, at 30
    /// ticks a second. Gives, for each tick whose snapshot was sent, after how many ticks it was
    /// acknowledged.
    fn play(ticks: u32, delay: impl Fn(u32) -> f64, each: impl Fn(u32) -> f64) -> Vec<(u32, u32)> {
        let mut flow = FlowControl::new(TickRate::default(), Tick(0));
        let mut path_free = 0.0_f64;
        let mut under_way: VecDeque<(f64, u32)> = VecDeque::new();
        let mut came = Vec::new();
        for now in 1..=ticks {
            while under_way.front().is_some_and(|(at, _)| *at <= f64::from(now)) {
                let (_, tick) = under_way.pop_front().expect("there is one");
                flow.acked(Tick(tick), Tick(now));
                came.push((tick, now - tick));
            }
            if !flow.is_full(Tick(now)) {
                flow.sent(Tick(now));
                path_free = path_free.max(f64::from(now)) + each(now);
                let last = under_way.back().map_or(0.0, |(at, _)| *at);
                under_way.push_back(((path_free + delay(now)).max(last), now));
            }
            assert!(flow.in_flight.len() <= 64 && flow.came_through.len() <= 64);
        }
        came
    }

    fn after(came: &[(u32, u32)], tick: u32) -> Vec<u32> {
        came.iter().filter(|(sent, _)| *sent > tick).map(|(_, took)| *took).collect()
    }

    #[test]
    fn near_or_far_each_tick_is_sent_on_a_line_that_can_take_it() {
        for delay in [0.1, 1.0, 3.5, 12.0, 15.0] {
            let came = after(&play(600, |_| delay, |_| 0.01), 60);
            assert!(came.len() as u32 + delay as u32 >= 538, "{delay}: {} came", came.len());
        }
    }

    #[test]
    fn on_a_slow_line_nothing_waits_for_long() {
        for each in [2.0, 3.6, 6.0] {
            let came = after(&play(3_000, |_| 1.0, |_| each), 120);
            let oldest = came.iter().max().expect("some come");
            assert!(*oldest < 27, "{each}: {oldest} ticks");
            // The path is only left idle to be measured.
            let could = (2_880.0 / each) as usize;
            assert!(came.len() * 10 > could * 8, "{each}: {} of {could}", came.len());
        }
    }

    #[test]
    fn a_line_that_becomes_longer_or_slower_is_found_out() {
        let longer = |now| if now < 600 { 1.0 } else { 13.0 };
        let came = after(&play(1_800, longer, |_| 0.01), 1_200);
        assert!(came.len() >= 580, "{} came", came.len());
        let slower = |now| if now < 600 { 0.01 } else { 4.0 };
        let came = after(&play(1_800, |_| 1.0, slower), 700);
        assert!(came.iter().all(|took| *took < 24), "{:?}", came.iter().max());
    }

    #[test]
    fn jitter_holds_nothing_back() {
        let jitter = |now: u32| 2.0 + f64::from(now * 7 % 5) / 2.0;
        let came = after(&play(600, jitter, |_| 0.01), 60);
        assert!(came.len() >= 530, "{} came", came.len());
    }
}
