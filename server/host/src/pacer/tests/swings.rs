//! However a room and its thread are plagued, its time scale changes rarely; and the full one comes
//! back.

use super::*;

/// A room that was a second late and has much to do.
fn slowed_to_half(hz: u16) -> Pacer {
    let mut pacer = pacer(hz);
    let due = pacer.take(ORIGIN + SECOND, 1.74);
    assert_eq!(due.time_scale, Some(TimeScale::of_permille(500)));
    pacer
}

#[test]
fn what_was_borne_before_a_spike_is_borne_again_after_it() {
    for hz in RATES {
        for noise_percent in [0, 15] {
            for (cost, spike) in
                [(840, 1_100), (885, 1_500), (899, 3_000), (950, 1_100), (970, 1_500)]
            {
                let case = format!("{hz} Hz, {cost} and {noise_percent}, {spike}");
                let mut thread = Thread::one(hz);
                thread.rooms[0].noise_percent = noise_percent;
                thread.cost(cost);
                thread.run(10 * SECOND);
                assert_eq!(thread.rooms[0].scales, [], "{case}");
                thread.cost(spike);
                thread.run(2 * SECOND);
                assert!(thread.rooms[0].pacer.refuses_joins(), "{case}");
                thread.cost(cost);
                thread.forget();
                thread.run(2 * SECOND);
                let room = &thread.rooms[0];
                assert_eq!(room.pacer.time_scale(), TimeScale::FULL, "{case}: {:?}", room.scales);
                assert!(!room.pacer.refuses_joins(), "{case}");
                thread.forget();
                thread.run(120 * SECOND);
                let room = &thread.rooms[0];
                assert_eq!((&room.scales[..], room.skipped), (&[][..], 0), "{case}");
            }
        }
    }
}

/// Minutes of a plague of which each call makes a while; gives the thread as it is then.
fn plagued(hz: u16, case: &str, mut plague: impl FnMut(&mut Thread)) -> Thread {
    let mut thread = Thread::one(hz);
    for minute in 0..3_u32 {
        thread.forget();
        while thread.now < (minute + 1) * 60 * SECOND {
            plague(&mut thread);
        }
        let (scales, most) = (&thread.rooms[0].scales, if minute == 0 { 10 } else { 6 });
        assert!(scales.len() <= most, "{hz} Hz, {case}, minute {minute}: {scales:?}");
    }
    thread
}

#[test]
fn hiccups_that_come_back_swing_no_time_scale() {
    let ms = Duration::from_millis;
    for hz in RATES {
        for (every, lasts) in
            [(500, 150), (900, 150), (1_000, 250), (2_000, 300), (100, 80), (700, 100), (300, 60)]
        {
            let case = format!("{lasts} ms every {every}");
            let mut thread = plagued(hz, &case, |thread| {
                thread.run(ms(every - lasts));
                thread.stall(ms(lasts));
            });
            // Idle as it is, one more does no harm.
            assert!(!thread.rooms[0].pacer.refuses_joins(), "{hz} Hz, {case}");
            thread.run(31 * SECOND);
            assert_eq!(thread.rooms[0].pacer.time_scale(), TimeScale::FULL, "{hz} Hz, {case}");
        }
    }
}

#[test]
fn steps_that_are_dear_now_and_then_swing_no_time_scale() {
    for hz in RATES {
        for (one_of, dear, cheap) in
            [(2, 2_400, 100), (3, 3_600, 100), (3, 2_500, 300), (4, 4_800, 100), (8, 4_000, 500)]
        {
            let mut nth = 0;
            plagued(hz, &format!("{dear} of {one_of}"), |thread| {
                nth += 1;
                thread.cost(if nth % one_of == 0 { dear } else { cheap });
                let due = thread.rooms[0].pacer.deadline();
                thread.run(due.saturating_sub(thread.now) + Duration::from_micros(1));
            });
        }
    }
}

#[test]
fn loads_that_come_and_go_swing_no_time_scale() {
    let ms = Duration::from_millis;
    for hz in RATES {
        for (busy, eased) in [
            ((300, 1_500), (300, 100)),
            ((1_000, 1_500), (1_000, 100)),
            ((500, 1_500), (5_000, 100)),
            ((1_000, 3_000), (1_500, 1_300)),
        ] {
            plagued(hz, &format!("{busy:?}, {eased:?}"), |thread| {
                for (lasts, cost) in [busy, eased] {
                    thread.cost(cost);
                    thread.run(ms(lasts));
                }
            });
        }
    }
}

#[test]
fn after_a_quiet_spell_relapses_are_forgotten() {
    let mut thread = Thread::one(30);
    let mut overload = |lasts| {
        thread.cost(1_500);
        thread.run(lasts);
        thread.cost(20);
        let eased = thread.now;
        thread.forget();
        thread.run(15 * SECOND);
        thread.rooms[0].scales[0].0 - eased
    };
    for _ in 0..3 {
        assert!(overload(SECOND) < SECOND);
    }
}

#[test]
fn a_relapse_is_kept_longer() {
    let mut thread = Thread::one(30);
    for kept in [0, 2, 8, 30, 30] {
        thread.cost(1_500);
        thread.run(SECOND);
        let slowed = thread.now;
        thread.cost(20);
        thread.forget();
        thread.run((kept + 2) * SECOND);
        let took = thread.rooms[0].scales[0].0 - slowed;
        assert!(took + SECOND >= kept * SECOND && took < (kept + 1) * SECOND, "{kept} s: {took:?}");
    }
}

#[test]
fn a_room_is_back_within_a_second_or_four_of_its_slow_ticks() {
    for hz in [1, 2, 5, 10, 20, 30, 60, 128] {
        for lowest_permille in [50, 250] {
            for (dear, cheap) in [(1_500, 20), (2_000, 600), (3_000, 900), (25_000, 20)] {
                let case = format!("{hz} Hz, {lowest_permille}, {dear} and {cheap}");
                let min_time_scale = TimeScale::of_permille(lowest_permille);
                let policy = OverloadPolicy { min_time_scale, ..OverloadPolicy::default() };
                let mut thread = Thread::of(1, hz, policy);
                thread.cost(dear);
                while !thread.rooms[0].pacer.is_slowed() {
                    thread.run(rate(hz).period());
                }
                thread.run(rate(hz).period() * 60);
                let slow = thread.rooms[0].pacer.period();
                thread.forget();
                thread.cost(cheap);
                let eased = thread.now;
                thread.run(SECOND + 4 * slow);
                let room = &thread.rooms[0];
                assert_eq!(room.pacer.time_scale(), TimeScale::FULL, "{case}: {:?}", room.scales);
                let took = room.scales[0].0 - eased;
                assert!(took < SECOND.max(4 * slow), "{case}: {took:?}, {slow:?} each");
            }
        }
    }
}

#[test]
fn one_cheap_step_among_dear_ones_changes_nothing() {
    for hz in [1, 2, 5, 10, 20] {
        let mut thread = Thread::one(hz);
        thread.cost(1_500);
        thread.run(Duration::from_secs(30));
        thread.forget();
        for _ in 0..10 {
            thread.cost(100);
            thread.run(thread.rooms[0].pacer.deadline() - thread.now + Duration::from_micros(1));
            thread.cost(1_500);
            thread.run(thread.rooms[0].pacer.period() * 9);
        }
        let room = &thread.rooms[0];
        assert_eq!((room.scales.len(), room.pacer.time_scale().permille()), (0, 575), "{hz} Hz");
    }
}

#[test]
fn a_time_scale_is_kept_for_half_a_second() {
    let mut pacer = slowed_to_half(60);
    let slowed = ORIGIN + SECOND;
    while pacer.time_scale().permille() == 500 {
        let now = pacer.deadline();
        pacer.take(now, 0.1);
        let kept = now - slowed;
        assert_eq!(pacer.time_scale() == TimeScale::FULL, kept >= SECOND / 2, "{kept:?}");
    }
}

#[test]
fn joins_are_refused_for_the_load_and_not_for_the_time_scale() {
    for (load, refuses) in [(0.5, false), (0.89, false), (0.91, true), (1.5, true)] {
        let mut pacer = slowed_to_half(60);
        pacer.take(pacer.deadline(), load);
        assert_eq!(
            (pacer.time_scale().permille(), pacer.refuses_joins()),
            (500, refuses),
            "{load}"
        );
    }
}

#[test]
fn stalls_that_a_slower_time_scale_makes_up_for_are_waited_out() {
    let mut thread = Thread::one(60);
    for _ in 0..200 {
        thread.run(Duration::from_millis(290));
        thread.stall(Duration::from_millis(80));
    }
    let room = &thread.rooms[0];
    assert!((1..=3).contains(&room.scales.len()), "{:?}", room.scales);
    assert!(room.scales.iter().all(|(_, permille)| *permille < 1_000), "{:?}", room.scales);
}

#[test]
fn stalls_that_are_seconds_apart_slow_nothing() {
    for hz in RATES {
        let mut thread = Thread::one(hz);
        for _ in 0..10 {
            thread.run(2 * SECOND);
            thread.stall(SECOND / 2);
        }
        assert_eq!(thread.rooms[0].scales, [], "{hz} Hz");
    }
}

#[test]
fn two_long_stalls_in_a_row_say_little_about_the_next() {
    let mut thread = Thread::one(60);
    for _ in 0..2 {
        thread.run(SECOND / 4);
        thread.stall(SECOND / 2);
    }
    thread.run(SECOND / 4);
    assert_eq!(thread.rooms[0].pacer.time_scale().permille(), 500);
}

#[test]
fn a_busy_room_makes_up_for_a_stall_at_the_full_tick_rate() {
    for hz in RATES {
        let mut thread = Thread::one(hz);
        thread.cost(850);
        for _ in 0..5 {
            thread.run(5 * SECOND);
            thread.stall(rate(hz).period() * 5 / 2);
        }
        thread.run(5 * SECOND);
        let room = &thread.rooms[0];
        assert_eq!((&room.scales[..], room.skipped), (&[][..], 0), "{hz} Hz");
    }
}

#[test]
fn a_little_too_much_is_too_much() {
    for hz in RATES {
        let mut thread = Thread::one(hz);
        thread.cost(1_020);
        thread.run(30 * SECOND);
        let room = &thread.rooms[0];
        assert_eq!(
            (room.pacer.time_scale().permille(), room.scales.len(), room.skipped),
            (850, 1, 1),
            "{hz} Hz"
        );
    }
}

#[test]
fn an_overload_that_eases_in_part_slows_less() {
    for hz in RATES {
        let mut thread = Thread::one(hz);
        thread.cost(3_000);
        thread.run(5 * SECOND);
        assert!(thread.rooms[0].pacer.time_scale().permille() <= 300, "{hz} Hz");
        thread.forget();
        thread.cost(1_800);
        thread.run(5 * SECOND);
        let room = &thread.rooms[0];
        assert_eq!(
            (room.pacer.time_scale().permille(), room.scales.len()),
            (475, 1),
            "{hz} Hz: {:?}",
            room.scales
        );
    }
}

#[test]
fn a_room_that_is_late_is_not_made_faster_and_behind_at_once() {
    for (late_ticks, permille) in [(0.0, 1_000), (0.9, 1_000), (1.1, 500), (2.9, 500)] {
        let mut pacer = slowed_to_half(60);
        while pacer.deadline() < ORIGIN + 3 * SECOND / 2 - rate(60).period() / 2 {
            pacer.take(pacer.deadline(), 1.74);
        }
        let due = pacer.take(pacer.deadline() + rate(60).period().mul_f64(late_ticks), 0.1);
        assert_eq!((pacer.time_scale().permille(), due.skipped), (permille, 0), "{late_ticks}");
        assert!(due.steps <= 2, "{late_ticks}: {}", due.steps);
    }
}
