//! The clocks against a room on a path, on virtual time.

use std::collections::VecDeque;

use super::*;
use crate::dice::Dice;

const MS: Duration = Duration::from_millis(1);

/// A path between a room and a client: what delay it adds each way, and how unevenly.
#[derive(Clone, Copy, Debug)]
struct Path {
    there: Duration,
    back: Duration,
    jitter_ms: u32,
    /// The mean of what is added beside, by an exponential law: mostly little, and now and then
    /// much.
    tail_ms: f64,
}

impl Path {
    fn even(one_way_ms: u32) -> Path {
        Path { there: one_way_ms * MS, back: one_way_ms * MS, jitter_ms: 0, tail_ms: 0.0 }
    }
}

enum ToServer {
    Input(Tick),
    Ping(u32),
}

enum ToClient {
    Snapshot(Tick, i32),
    Pong(u32),
    Pace(u16),
}

/// A room that does nothing but to make ticks, and a client's clocks.
struct World {
    clocks: Clocks,
    rate: TickRate,
    path: Path,
    dice: Dice,
    now: Duration,
    tick: Tick,
    next_tick: Duration,
    permille: u16,
    /// The time scale from the next tick on.
    new_permille: Option<u16>,
    pings: Vec<u32>,
    there: VecDeque<(Duration, ToServer)>,
    back: VecDeque<(Duration, ToClient)>,
    received: i64,
    /// When the client's process is next called, if it is called rarely.
    sleeps_until: Duration,
    /// Until when nothing is sent, either way.
    stalled_until: Duration,
    /// How often it is called at the most.
    called_every: Duration,
}

/// What was seen in a while.
#[derive(Debug, Default)]
struct Seen {
    margins: Vec<i32>,
    inputs: Vec<Tick>,
    extrapolated: u32,
    looks: u32,
}

impl Seen {
    fn late(&self) -> usize {
        self.margins.iter().filter(|margin| **margin < 0).count()
    }

    fn median(&self) -> i32 {
        let mut margins = self.margins.clone();
        margins.sort_unstable();
        margins[margins.len() / 2]
    }
}

impl World {
    fn new(hz: u16, path: Path) -> World {
        let rate = TickRate::new(hz).expect("a rate within the limits");
        let start = 100_000 * MS;
        World {
            clocks: Clocks::new(rate, start, true),
            rate,
            path,
            dice: Dice::new(7, u64::from(hz)),
            now: start,
            tick: Tick(1_000),
            next_tick: start,
            permille: 1_000,
            new_permille: None,
            pings: Vec::new(),
            there: VecDeque::new(),
            back: VecDeque::new(),
            received: i64::MIN,
            sleeps_until: Duration::ZERO,
            stalled_until: Duration::ZERO,
            called_every: Duration::ZERO,
        }
    }

    /// When what is sent now will have come, in the order of sending.
    fn arrival(&mut self, latency: Duration, last: Option<Duration>) -> Duration {
        let jitter = self.dice.below(self.path.jitter_ms * 1_000 + 1) * (MS / 1_000);
        let tail = -self.path.tail_ms * libm::log(f64::from(1.0 - self.dice.unit()));
        let delay = latency + jitter + Duration::from_secs_f64(tail / 1e3);
        (self.now.max(self.stalled_until) + delay).max(last.unwrap_or_default())
    }

    fn send(&mut self, message: ToServer) {
        let last = self.there.back().map(|(at, _)| *at);
        let at = self.arrival(self.path.there, last);
        self.there.push_back((at, message));
    }

    fn send_back(&mut self, message: ToClient) {
        let last = self.back.back().map(|(at, _)| *at);
        let at = self.arrival(self.path.back, last);
        self.back.push_back((at, message));
    }

    fn set_time_scale(&mut self, permille: u16) {
        self.new_permille = Some(permille);
    }

    fn run(&mut self, lasts: Duration) -> Seen {
        let mut seen = Seen::default();
        let until = self.now + lasts;
        while self.now < until {
            self.now += MS / 2;
            self.call_client(&mut seen);
            if self.now >= self.next_tick {
                self.make_tick(&mut seen);
            }
        }
        seen
    }

    fn call_client(&mut self, seen: &mut Seen) {
        if self.now < self.sleeps_until {
            return;
        }
        self.sleeps_until = self.now + self.called_every;
        let now = self.now;
        while self.back.front().is_some_and(|(at, _)| *at <= now) {
            let (_, message) = self.back.pop_front().expect("there is one");
            self.clocks.called(now);
            match message {
                ToClient::Snapshot(tick, margin) => self.clocks.snapshot(now, tick, Some(margin)),
                ToClient::Pong(number) => self.clocks.pong(now, number),
                ToClient::Pace(permille) => {
                    self.clocks.set_time_scale(now, Pace { from: self.tick, permille });
                }
            }
        }
        self.clocks.called(now);
        if let Some(number) = self.clocks.ping(now) {
            self.send(ToServer::Ping(number));
        }
        while let Some(tick) = self.clocks.next_input(now) {
            seen.inputs.push(tick);
            self.send(ToServer::Input(tick));
            seen.looks += 1;
            seen.extrapolated += u32::from(self.clocks.is_extrapolating(now) == Some(true));
        }
    }

    fn make_tick(&mut self, seen: &mut Seen) {
        while self.there.front().is_some_and(|(at, _)| *at <= self.now) {
            match self.there.pop_front().expect("there is one").1 {
                ToServer::Input(tick) => self.received = i64::from(tick.0),
                ToServer::Ping(number) => self.pings.push(number),
            }
        }
        self.tick = self.tick.next();
        let margin = (self.received.max(0) - i64::from(self.tick.0)).clamp(-64, 64) as i32;
        seen.margins.push(margin);
        for number in std::mem::take(&mut self.pings) {
            self.send_back(ToClient::Pong(number));
        }
        if let Some(permille) = self.new_permille.take() {
            self.permille = permille;
            self.send_back(ToClient::Pace(permille));
        }
        self.send_back(ToClient::Snapshot(self.tick, margin));
        self.next_tick += self.rate.period() * 1_000 / u32::from(self.permille);
    }
}

#[test]
fn on_an_even_path_inputs_come_in_time_and_hardly_earlier() {
    for hz in [20, 30, 60, 128] {
        for one_way_ms in [0, 10, 37, 60, 150] {
            let mut world = World::new(hz, Path::even(one_way_ms));
            world.run(3_000 * MS);
            let seen = world.run(20_000 * MS);
            assert_eq!(seen.late(), 0, "{hz} Hz, {one_way_ms} ms: {:?}", seen.margins);
            assert!(seen.margins.iter().all(|margin| *margin <= 1), "{hz} Hz, {one_way_ms} ms");
            assert!(seen.median() == 0, "{hz} Hz, {one_way_ms} ms: {:?}", seen.margins);
        }
    }
}

#[test]
fn a_path_longer_there_than_back_is_no_matter() {
    for (there, back) in [(80, 5), (5, 80)] {
        let path = Path { there: there * MS, back: back * MS, ..Path::even(0) };
        let mut world = World::new(30, path);
        world.run(3_000 * MS);
        let seen = world.run(20_000 * MS);
        assert_eq!((seen.late(), seen.median()), (0, 0), "{there} ms there, {back} ms back");
    }
}

#[test]
fn jitter_is_allowed_for_as_far_as_it_goes() {
    for hz in [20, 30, 60, 128] {
        for jitter_ms in [10, 50, 100] {
            let mut world = World::new(hz, Path { jitter_ms, ..Path::even(20) });
            world.run(6_000 * MS);
            let seen = world.run(120_000 * MS);
            let late = seen.late() as f64 / seen.margins.len() as f64;
            assert!(late < 0.001, "{hz} Hz, {jitter_ms} ms: {late} late");
            let median_ms = f64::from(seen.median()) * 1e3 / f64::from(hz);
            let most = f64::from(jitter_ms) + 1e3 / f64::from(hz);
            assert!(median_ms <= most, "{hz} Hz, {jitter_ms} ms: {median_ms} ms early");
            let extrapolated = f64::from(seen.extrapolated) / f64::from(seen.looks);
            assert!(extrapolated < 0.03, "{hz} Hz, {jitter_ms} ms: {extrapolated} extrapolated");
        }
    }
}

#[test]
fn a_path_of_very_many_ticks_is_found_in_the_end() {
    for (hz, one_way_ms) in [(30, 1_500), (128, 300), (240, 150), (240, 400)] {
        let mut world = World::new(hz, Path::even(one_way_ms));
        world.run(20_000 * MS);
        let seen = world.run(10_000 * MS);
        assert_eq!(seen.late(), 0, "{hz} Hz, {one_way_ms} ms: {:?}", seen.margins);
        assert!(seen.median() <= 2, "{hz} Hz, {one_way_ms} ms: {:?}", seen.margins);
    }
}

#[test]
fn a_path_that_becomes_longer_or_shorter_is_followed_within_five_seconds() {
    for hz in [20, 30, 60, 128] {
        let mut world = World::new(hz, Path::even(10));
        for one_way_ms in [100, 10, 60, 40] {
            world.run(8_000 * MS);
            world.path = Path::even(one_way_ms);
            world.run(5_000 * MS);
            let seen = world.run(10_000 * MS);
            assert_eq!(seen.late(), 0, "{hz} Hz, {one_way_ms} ms: {:?}", seen.margins);
            assert!(seen.median() <= 1, "{hz} Hz, {one_way_ms} ms: {:?}", seen.margins);
        }
    }
}

#[test]
fn ticks_are_given_inputs_one_after_the_other_once_it_has_settled() {
    let mut world = World::new(30, Path { jitter_ms: 20, ..Path::even(30) });
    world.run(5_000 * MS);
    let seen = world.run(60_000 * MS);
    assert!(seen.inputs.is_sorted_by(|before, after| before.next() == *after));
}

#[test]
fn a_server_that_lost_time_is_waited_for_and_no_input_given_twice() {
    for (hz, lost_ms) in [(30, 300), (30, 5_000), (128, 5_000), (20, 60_000)] {
        let mut world = World::new(hz, Path::even(30));
        let before = world.run(10_000 * MS);
        world.next_tick += lost_ms * MS;
        let mut stopped = world.run(lost_ms * MS + 2_000 * MS);
        let seen = world.run(5_000 * MS);
        assert_eq!(seen.late(), 0, "{hz} Hz, {lost_ms} ms: {:?}", seen.margins);
        assert!(seen.median() <= 1, "{hz} Hz, {lost_ms} ms: {:?}", seen.margins);
        stopped.inputs.extend(seen.inputs);
        let inputs: Vec<_> = before.inputs.into_iter().chain(stopped.inputs).collect();
        assert!(inputs.is_sorted_by(|before, after| before < after), "{hz} Hz, {lost_ms} ms");
        let drawn = world.clocks.render_tick(world.now).expect("there is a picture");
        let newest = f64::from(world.tick.0);
        let most = 2.5 + 0.06 * f64::from(hz);
        assert!((newest - most..newest).contains(&drawn), "{hz} Hz: {drawn} of {newest}");
    }
}

#[test]
fn a_room_in_slow_motion_is_followed_without_a_late_input_there_and_back() {
    for hz in [30, 60, 128] {
        for one_way_ms in [5, 60] {
            let mut world = World::new(hz, Path::even(one_way_ms));
            world.run(6_000 * MS);
            world.set_time_scale(600);
            let seen = world.run(10_000 * MS);
            assert_eq!(world.clocks.time_scale(), 0.6);
            assert_eq!(seen.late(), 0, "{hz} Hz, {one_way_ms} ms, slower: {:?}", seen.margins);
            assert!(seen.inputs.is_sorted_by(|before, after| before.next() == *after));
            world.set_time_scale(1_000);
            let seen = world.run(10_000 * MS);
            assert_eq!(world.clocks.time_scale(), 1.0);
            assert_eq!(seen.late(), 0, "{hz} Hz, {one_way_ms} ms, faster: {:?}", seen.margins);
            assert!(seen.inputs.is_sorted_by(|before, after| before.next() == *after));
            let seen = world.run(2_000 * MS);
            assert!(seen.median() <= 1, "{hz} Hz, {one_way_ms} ms: {:?}", seen.margins);
        }
    }
}

#[test]
fn a_client_that_was_called_once_a_second_is_back_within_a_second() {
    for hz in [30, 128] {
        let mut world = World::new(hz, Path { jitter_ms: 10, ..Path::even(30) });
        world.run(10_000 * MS);
        for _ in 0..60 {
            world.sleeps_until = world.now + 1_000 * MS;
            world.run(1_000 * MS);
        }
        // What it found when it was called has waited for it, and does not measure the path.
        let round_trip = world.clocks.round_trip().expect("it was known before");
        assert!(round_trip < 200 * MS, "{hz} Hz: {round_trip:?}");
        world.run(1_000 * MS);
        let drawn = world.clocks.render_tick(world.now).expect("there is a picture");
        let behind_ms = (f64::from(world.tick.0) - drawn) * 1e3 / f64::from(hz);
        assert!(behind_ms < 120.0 + 1e3 / f64::from(hz), "{hz} Hz: {behind_ms} ms behind");
        let seen = world.run(10_000 * MS);
        assert_eq!(seen.late(), 0, "{hz} Hz: {:?}", seen.margins);
        assert!(seen.median() <= 1, "{hz} Hz: {:?}", seen.margins);
        assert!(seen.extrapolated * 30 < seen.looks, "{} of {}", seen.extrapolated, seen.looks);
    }
}

#[test]
fn jitter_without_a_bound_is_allowed_for_as_far_as_is_wise() {
    for hz in [30, 128] {
        let mut world = World::new(hz, Path { tail_ms: 8.0, ..Path::even(30) });
        world.run(10_000 * MS);
        let seen = world.run(120_000 * MS);
        let late = seen.late() as f64 / seen.margins.len() as f64;
        assert!(late < 0.002, "{hz} Hz: {late} late");
        assert!(f64::from(seen.median()) * 1e3 / f64::from(hz) < 80.0, "{hz} Hz");
    }
}

#[test]
fn a_path_that_becomes_a_little_longer_costs_little_more_than_a_second() {
    for hz in [20, 30, 60, 128] {
        // Far beyond jitter it could be a stall, for a second.
        for (there, back, most_ms) in
            [(40, 40, 500.0), (80, 0, 1_200.0), (180, 0, 1_500.0), (30, 0, 500.0)]
        {
            let mut world = World::new(hz, Path::even(10));
            world.run(10_000 * MS);
            world.path = Path { there: (10 + there) * MS, back: (10 + back) * MS, ..world.path };
            let seen = world.run(6_000 * MS);
            let late_ms = seen.late() as f64 * 1e3 / f64::from(hz);
            assert!(late_ms < most_ms, "{hz} Hz, +{there} ms there, +{back} ms back: {late_ms} ms");
        }
    }
}

#[test]
fn after_a_silence_in_which_it_waited_inputs_are_in_time_as_soon_as_they_can_be() {
    for hz in [20, 30, 60, 128] {
        for silence_ms in [450, 520, 550, 600, 1_000] {
            let mut world = World::new(hz, Path { jitter_ms: 5, ..Path::even(30) });
            world.run(10_000 * MS);
            world.stalled_until = world.now + silence_ms * MS;
            // The silence, a round trip for what is given after it, and a little.
            world.run((silence_ms + 60 + 150) * MS);
            let seen = world.run(5_000 * MS);
            assert_eq!(seen.late(), 0, "{hz} Hz, {silence_ms} ms: {:?}", seen.margins);
        }
    }
}

#[test]
fn a_client_that_wakes_is_in_time_at_once() {
    for hz in [20, 30, 60, 128] {
        let mut world = World::new(hz, Path { jitter_ms: 5, ..Path::even(30) });
        world.run(10_000 * MS);
        world.sleeps_until = world.now + 30_000 * MS;
        world.run(30_000 * MS + 250 * MS);
        let seen = world.run(5_000 * MS);
        let late_ms = seen.late() as f64 * 1e3 / f64::from(hz);
        assert!(late_ms < 200.0, "{hz} Hz: {late_ms} ms, {:?}", seen.margins);
    }
}

#[test]
fn a_client_whose_timers_are_late_sends_so_much_earlier() {
    for hz in [30, 60, 128] {
        let mut world = World::new(hz, Path::even(30));
        world.called_every = 15 * MS;
        world.run(5_000 * MS);
        let seen = world.run(20_000 * MS);
        assert_eq!(seen.late(), 0, "{hz} Hz: {:?}", seen.margins);
    }
}

#[test]
fn a_path_shorter_by_seconds_is_waited_for_and_no_input_given_twice() {
    let mut world = World::new(30, Path::even(1_500));
    let mut inputs = world.run(20_000 * MS).inputs;
    world.path = Path::even(10);
    // What is on its way comes first, then the clock waits for as long as it was ahead.
    inputs.extend(world.run(5_000 * MS).inputs);
    let seen = world.run(5_000 * MS);
    assert_eq!((seen.late(), seen.inputs.len()), (0, 150), "{:?}", seen.margins);
    inputs.extend(seen.inputs);
    assert!(inputs.is_sorted_by(|before, after| before < after));
}

#[test]
fn what_is_drawn_never_runs_backwards_on_an_uneven_path() {
    let mut world = World::new(30, Path { jitter_ms: 60, ..Path::even(10) });
    let (mut last, mut beyond) = (f64::NEG_INFINITY, 0);
    world.run(2_000 * MS);
    for _ in 0..600 {
        world.run(16 * MS);
        let drawn = world.clocks.render_tick(world.now).expect("there is a picture");
        assert!(drawn >= last, "{drawn} after {last}");
        last = drawn;
        beyond += u32::from(world.clocks.is_extrapolating(world.now) == Some(true));
    }
    assert!(beyond < 20, "{beyond} of 600 frames had to run on");
}
