//! Rooms on a thread that is only arithmetic: on time, stalled, overloaded, and back.

use proptest::prelude::*;

use super::*;
use crate::limits::{
    CATCH_UP_STEPS_DEFAULT, CATCH_UP_STEPS_MAX, MIN_TIME_SCALE_DEFAULT_PERMILLE,
    MIN_TIME_SCALE_LOWEST_PERMILLE,
};

mod swings;

const ORIGIN: Duration = Duration::from_millis(7);
const SECOND: Duration = Duration::from_secs(1);
const RATES: [u16; 4] = [20, 30, 60, 128];

fn rate(hz: u16) -> TickRate {
    TickRate::new(hz).expect("a rate within limits")
}

fn pacer(hz: u16) -> Pacer {
    Pacer::new(ORIGIN, rate(hz), OverloadPolicy::default())
}

/// A room on a [`Thread`], and what came of it.
struct PacedRoom {
    pacer: Pacer,
    /// What a step costs, in thousandths of a tick at the full tick rate.
    cost_permille: u64,
    /// By how much that varies, in percent.
    noise_percent: u64,
    steps: u64,
    skipped: u64,
    most_steps: u32,
    latest: Duration,
    /// When which time scale began, in thousandths.
    scales: Vec<(Duration, u16)>,
}

/// A thread with rooms, as a shard is one.
struct Thread {
    now: Duration,
    rooms: Vec<PacedRoom>,
    dice: u64,
}

impl Thread {
    fn of(rooms: usize, hz: u16, policy: OverloadPolicy) -> Thread {
        let room = |nth: usize| PacedRoom {
            pacer: Pacer::new(ORIGIN + Duration::from_millis(nth as u64), rate(hz), policy),
            cost_permille: 20,
            noise_percent: 0,
            steps: 0,
            skipped: 0,
            most_steps: 0,
            latest: Duration::ZERO,
            scales: Vec::new(),
        };
        Thread { now: Duration::ZERO, rooms: (0..rooms).map(room).collect(), dice: 1 }
    }

    fn one(hz: u16) -> Thread {
        Thread::of(1, hz, OverloadPolicy::default())
    }

    fn cost(&mut self, permille: u64) {
        self.rooms.iter_mut().for_each(|room| room.cost_permille = permille);
    }

    /// Runs for a while, as [`crate::shard`] does.
    fn run(&mut self, lasts: Duration) {
        let until = self.now + lasts;
        loop {
            let load = self.rooms.iter().map(|room| room.pacer.load()).sum();
            let next = self.rooms.iter_mut().min_by_key(|room| room.pacer.deadline());
            let room = next.expect("there is a room");
            if room.pacer.deadline() > until || self.now > until {
                self.now = self.now.max(until);
                return;
            }
            // It never wakes to the point.
            self.now = self.now.max(room.pacer.deadline() + Duration::from_micros(80));
            let due = room.pacer.take(self.now, load);
            assert!(room.pacer.deadline() > self.now, "the next one is still to come");
            assert!(due.steps >= 1, "it was due");
            room.scales.extend(due.time_scale.map(|scale| (self.now, scale.permille())));
            room.steps += u64::from(due.steps);
            room.skipped += due.skipped;
            room.most_steps = room.most_steps.max(due.steps);
            room.latest = room.latest.max(due.late);
            let began = self.now;
            for _ in 0..due.steps {
                self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let noise =
                    100 - room.noise_percent + (self.dice >> 33) % (2 * room.noise_percent + 1);
                let full = room.pacer.grid.rate.period().as_nanos() as u64;
                self.now += Duration::from_nanos(full * room.cost_permille / 1_000 * noise / 100);
            }
            room.pacer.pass_ended(self.now, self.now - began);
        }
    }

    fn stall(&mut self, lasts: Duration) {
        self.now += lasts;
    }

    /// What has happened since this was last asked is forgotten.
    fn forget(&mut self) {
        for room in &mut self.rooms {
            (room.steps, room.skipped, room.most_steps) = (0, 0, 0);
            room.latest = Duration::ZERO;
            room.scales.clear();
        }
    }
}

#[test]
fn nothing_is_due_before_the_first_deadline() {
    assert_eq!(pacer(30).take(Duration::from_millis(6), 0.0), Due::default());
}

#[test]
fn a_pacer_that_begins_anew_keeps_to_its_grid_and_owes_nothing() {
    let ms = Duration::from_millis;
    let period = Duration::from_secs(1) / 30;
    let mut pacer = Pacer::new(ms(7), TickRate::default(), OverloadPolicy::default());
    pacer.begin_anew(ms(3));
    assert_eq!(pacer.deadline(), ms(7), "it has not begun yet");
    pacer.take(ms(7), 0.0);
    for now in [ms(7) + period * 900, ms(7) + period * 900 + ms(1), ms(40_000)] {
        pacer.begin_anew(now);
        let deadline = pacer.deadline();
        assert!(deadline >= now && deadline < now + period, "{deadline:?} after {now:?}");
        let off = (deadline - ms(7)).as_nanos() % period.as_nanos();
        assert!(off < 1_000 || off > period.as_nanos() - 1_000, "{off} ns off the grid");
        let due = pacer.take(deadline, 0.0);
        assert_eq!((due.steps, due.skipped, due.lost), (1, 0, Duration::ZERO));
    }
}

#[test]
fn deadlines_do_not_drift_in_an_hour_however_late_each_pass_is() {
    for hz in [1, 7, 30, 60, 144, 240] {
        let mut pacer = pacer(hz);
        let ticks = u32::from(hz) * 3_600;
        for tick in 0..ticks {
            let late = Duration::from_micros(u64::from(tick % 997));
            let due = pacer.take(pacer.deadline() + late, 0.0);
            assert_eq!((due.steps, due.skipped, due.late), (1, 0, late), "{hz} Hz, {tick}");
        }
        assert_eq!(pacer.deadline(), ORIGIN + Duration::from_secs(3_600));
    }
}

#[test]
fn every_deadline_is_due_exactly_when_it_is_reached_at_any_time_scale() {
    for (hz, permille) in [(7, 1_000), (30, 575), (30, 1_000), (240, 250), (240, 975)] {
        let mut pacer = pacer(hz);
        pacer.grid.begin(ORIGIN, TimeScale::of_permille(permille));
        for _ in 0..1_000 {
            let deadline = pacer.deadline();
            // A load that gives no reason for another time scale.
            assert_eq!(pacer.take(deadline - Duration::from_nanos(1), 1.0).steps, 0);
            assert_eq!(pacer.take(deadline, 0.87 * 1_000.0 / f64::from(permille)).steps, 1);
            assert!(pacer.deadline() > deadline);
        }
        assert_eq!(pacer.time_scale().permille(), permille);
    }
}

#[test]
fn a_little_lateness_is_made_up_in_one_pass() {
    let mut pacer = pacer(30);
    let due = pacer.take(pacer.deadline() + Duration::from_millis(70), 0.2);
    assert_eq!((due.steps, due.skipped, due.time_scale), (3, 0, None));
}

#[test]
fn a_room_makes_up_as_many_ticks_as_are_set() {
    for catch_up_steps in [1, 2, 8] {
        let policy = OverloadPolicy { catch_up_steps, ..OverloadPolicy::default() };
        let mut pacer = Pacer::new(ORIGIN, rate(30), policy);
        let due = pacer.take(ORIGIN + SECOND, 0.2);
        assert_eq!((due.steps, due.skipped), (catch_up_steps, 31 - u64::from(catch_up_steps)));
    }
}

#[test]
fn a_policy_beyond_the_limits_is_the_nearest_within() {
    for (catch_up_steps, steps) in [(0, 1), (u32::MAX, CATCH_UP_STEPS_MAX)] {
        let policy = OverloadPolicy { catch_up_steps, ..OverloadPolicy::default() };
        assert_eq!(Pacer::new(ORIGIN, rate(30), policy).take(10 * SECOND, 0.2).steps, steps);
    }
    for (permille, lowest) in [(0, MIN_TIME_SCALE_LOWEST_PERMILLE), (u16::MAX, 1_000)] {
        let min_time_scale = TimeScale::of_permille(permille);
        let policy = OverloadPolicy { min_time_scale, ..OverloadPolicy::default() };
        let mut pacer = Pacer::new(ORIGIN, rate(30), policy);
        pacer.take(10 * SECOND, 1_000.0);
        assert_eq!(pacer.time_scale().permille(), lowest);
    }
}

#[test]
fn a_stall_of_five_seconds_makes_no_burst_and_slows_nothing() {
    for hz in RATES {
        let mut thread = Thread::one(hz);
        thread.run(2 * SECOND);
        thread.stall(5 * SECOND);
        thread.forget();
        thread.run(2 * SECOND);
        let room = &thread.rooms[0];
        assert_eq!(room.most_steps, CATCH_UP_STEPS_DEFAULT, "{hz} Hz");
        assert!(room.skipped + 5 >= 5 * u64::from(hz), "{hz} Hz: {}", room.skipped);
        assert_eq!(room.scales, [], "{hz} Hz");
    }
}

#[test]
fn a_stall_in_the_middle_of_a_step_slows_nothing_however_busy_the_room_is() {
    for hz in [1, 5, 20, 30, 60, 128] {
        let mut thread = Thread::one(hz);
        thread.cost(800);
        thread.run(5 * SECOND);
        let pacer = &mut thread.rooms[0].pacer;
        pacer.take(pacer.deadline(), 0.8);
        thread.now = pacer.deadline() + 5 * SECOND;
        pacer.pass_ended(thread.now, 5 * SECOND);
        thread.run(2 * SECOND);
        assert_eq!(thread.rooms[0].scales, [], "{hz} Hz");
    }
}

#[test]
fn a_stall_is_no_active_time() {
    let mut pacer = pacer(30);
    let before = pacer.active_time(pacer.deadline());
    let woke = pacer.deadline() + 5 * SECOND;
    assert_eq!(pacer.active_time(woke), before, "not even before its pass");
    let due = pacer.take(woke, 0.0);
    assert!(pacer.active_time(woke) >= before);
    assert!(pacer.active_time(woke) - before < Duration::from_millis(110));
    assert_eq!(pacer.active_time(woke) + due.lost, woke - ORIGIN);
}

#[test]
fn steps_of_less_than_a_tick_never_slow_a_room() {
    for hz in RATES {
        for cost in [0, 500, 850] {
            let mut thread = Thread::one(hz);
            thread.cost(cost);
            thread.rooms[0].noise_percent = 15;
            thread.run(60 * SECOND);
            let room = &thread.rooms[0];
            assert_eq!((room.scales.len(), room.skipped), (0, 0), "{hz} Hz, {cost}");
        }
    }
}

#[test]
fn a_room_that_is_too_much_is_slowed_once_and_is_back_within_a_second() {
    for hz in RATES {
        for (cost, noise) in [(1_050, 0), (1_200, 10), (1_500, 0), (1_500, 30), (3_000, 20)] {
            let case = format!("{hz} Hz, {cost} and {noise}");
            let mut thread = Thread::one(hz);
            thread.rooms[0].noise_percent = noise;
            thread.run(SECOND);
            thread.cost(cost);
            thread.run(2 * SECOND);
            let room = &thread.rooms[0];
            // One like the last but for noise; and the ticks owed when it was slowed.
            assert!((1..=3).contains(&room.scales.len()), "{case}: {:?}", room.scales);
            assert!(room.skipped <= 8, "{case}: {}", room.skipped);
            let permille = room.pacer.time_scale().permille();
            assert!((250..1_000).contains(&permille), "{case}: {permille}");
            assert!(
                u64::from(permille) * cost > 600_000,
                "{case}: {permille} is slower than need be"
            );
            thread.forget();
            thread.run(8 * SECOND);
            let room = &thread.rooms[0];
            assert!(room.scales.len() <= 2, "{case}: {:?}", room.scales);
            assert!(room.skipped <= 2, "{case}: {}", room.skipped);
            thread.forget();
            thread.cost(20);
            let ended = thread.now;
            thread.run(3 * SECOND);
            let room = &thread.rooms[0];
            assert_eq!(room.scales.len(), 1, "{case}: {:?}", room.scales);
            let (back, permille) = room.scales[0];
            assert_eq!((permille, room.skipped), (1_000, 0), "{case}");
            let took = back - ended;
            assert!(took < Duration::from_millis(600), "{case}: {took:?}");
        }
    }
}

#[test]
fn what_is_too_much_even_at_the_slowest_is_given_up_and_never_owed() {
    for hz in RATES {
        let mut thread = Thread::one(hz);
        thread.run(SECOND);
        thread.cost(10_000);
        thread.run(5 * SECOND);
        thread.forget();
        thread.run(10 * SECOND);
        let room = &thread.rooms[0];
        assert_eq!((room.pacer.time_scale().permille(), room.scales.len()), (250, 0), "{hz} Hz");
        assert_eq!(room.most_steps, 1, "{hz} Hz");
        assert!(room.latest < rate(hz).period() * 11, "{hz} Hz: {:?}", room.latest);
        thread.forget();
        thread.cost(20);
        let ended = thread.now;
        thread.run(3 * SECOND);
        let room = &thread.rooms[0];
        assert_eq!(room.pacer.time_scale(), TimeScale::FULL, "{hz} Hz");
        let took = room.scales[0].0 - ended;
        assert!(took < SECOND, "{hz} Hz: {took:?}");
    }
}

#[test]
fn a_hiccup_is_made_up_for_at_the_full_tick_rate() {
    for hz in RATES {
        let mut thread = Thread::one(hz);
        for ticks in 1..=3 {
            thread.run(2 * SECOND);
            thread.cost(1_800);
            thread.run(rate(hz).period() * ticks);
            thread.cost(20);
        }
        thread.run(SECOND);
        let room = &thread.rooms[0];
        assert_eq!((room.scales.len(), room.skipped), (0, 0), "{hz} Hz");
    }
}

#[test]
fn rooms_that_share_a_thread_share_what_there_is() {
    for hz in RATES {
        let mut thread = Thread::of(10, hz, OverloadPolicy::default());
        thread.cost(30);
        thread.run(2 * SECOND);
        assert!(thread.rooms.iter().all(|room| room.scales.is_empty() && room.skipped == 0));
        thread.cost(150);
        thread.run(2 * SECOND);
        let scales: Vec<_> =
            thread.rooms.iter().map(|room| room.pacer.time_scale().permille()).collect();
        thread.forget();
        thread.run(8 * SECOND);
        for room in &thread.rooms {
            assert_eq!((room.scales.len(), room.skipped), (0, 0), "{hz} Hz: {scales:?}");
            let made = room.steps as f64 / 8.0 / f64::from(hz);
            assert!((0.5..1.01).contains(&made), "{hz} Hz: {made} of {scales:?}");
        }
        // One that is never behind by a tick has no need to be slowed.
        let slowed = thread.rooms.iter().filter(|room| room.pacer.is_slowed()).count();
        assert!(slowed >= 7, "{hz} Hz: {scales:?}");
        thread.cost(30);
        thread.run(SECOND);
        assert!(thread.rooms.iter().all(|room| !room.pacer.is_slowed()), "{hz} Hz");
    }
}

#[test]
fn a_thread_that_is_kept_from_running_again_and_again_asks_for_less() {
    let mut thread = Thread::one(60);
    for _ in 0..20 {
        thread.run(Duration::from_millis(20));
        thread.stall(Duration::from_millis(80));
    }
    let slowed = thread.rooms[0].pacer.time_scale().permille();
    assert!((500..1_000).contains(&slowed), "{slowed}");
    thread.run(SECOND);
    assert_eq!(thread.rooms[0].pacer.time_scale(), TimeScale::FULL);
}

#[test]
fn a_policy_may_forbid_slow_motion() {
    let policy = OverloadPolicy { min_time_scale: TimeScale::FULL, ..OverloadPolicy::default() };
    let mut thread = Thread::of(1, 30, policy);
    thread.cost(1_500);
    thread.run(10 * SECOND);
    let room = &thread.rooms[0];
    assert_eq!(room.scales, []);
    assert!(room.skipped > 80, "{}", room.skipped);
    assert!(!room.pacer.refuses_joins());
}

#[test]
fn whether_anyone_comes_in_meanwhile_is_set() {
    for refuse_joins in [true, false] {
        let policy = OverloadPolicy { refuse_joins, ..OverloadPolicy::default() };
        let mut thread = Thread::of(1, 30, policy);
        thread.run(SECOND);
        assert!(!thread.rooms[0].pacer.refuses_joins());
        thread.cost(1_500);
        thread.run(SECOND);
        assert_eq!(thread.rooms[0].pacer.refuses_joins(), refuse_joins);
    }
}

proptest! {
    #[test]
    fn whatever_a_thread_goes_through_no_pass_is_a_burst_and_time_never_goes_back(
        hz in 1_u16..=240,
        // What a step costs in thousandths of a tick, and how late the pass begins: by a stall now
        // and then.
        passes in prop::collection::vec(
            (0_u32..2_000, prop_oneof![9 => 0_u64..400, 1 => 0_u64..3_000_000]),
            1..60,
        ),
    ) {
        let mut pacer = pacer(hz);
        let (mut now, mut active, mut lost) = (ORIGIN, Duration::ZERO, Duration::ZERO);
        for (cost_permille, late_us) in passes {
            now = now.max(pacer.deadline()) + Duration::from_micros(late_us);
            let due = pacer.take(now, pacer.load());
            prop_assert!((1..=CATCH_UP_STEPS_DEFAULT).contains(&due.steps));
            prop_assert!(pacer.deadline() > now, "all that was due is settled");
            let permille = pacer.time_scale().permille();
            prop_assert!((MIN_TIME_SCALE_DEFAULT_PERMILLE..=1_000).contains(&permille));
            prop_assert!(due.time_scale.is_none_or(|scale| scale == pacer.time_scale()));
            lost += due.lost;
            prop_assert!(pacer.active_time(now) >= active);
            prop_assert_eq!(pacer.active_time(now) + lost, now - ORIGIN);
            active = pacer.active_time(now);
            let took = rate(hz).period() * due.steps * cost_permille / 1_000;
            now += took;
            pacer.pass_ended(now, took);
        }
    }
}
