//! Tag on a simulated network, by the production server on virtual time.

use tag_rules::{Input, Tag};
use tickwire_test::{Path, Simulator};

#[test]
fn bots_play_it_over_good_and_bad_lines_without_an_unexplained_correction() {
    tickwire_test::check::<Tag>(1);
}

#[test]
fn whoever_holds_a_key_runs_and_stays_in_the_field() {
    let mut sim = Simulator::<Tag>::new(7);
    let ada = sim.join("Ada", Path::latency_ms(150));
    sim.run_s(1.0);
    let before = sim.own(ada).expect("it is in").x;
    sim.hold(ada, Input { right: true, ..Input::default() });
    sim.run_s(8.0);
    let after = sim.own(ada).expect("it is in").x;
    assert!(before < after && after <= 19.5, "from {before} to {after}");
}

#[test]
fn who_is_away_stays_it_for_three_seconds() {
    let mut sim = Simulator::<Tag>::new(7);
    let [ada, bob] = ["Ada", "Bob"].map(|name| sim.join(name, Path::latency_ms(50)));
    let who_is_it = |sim: &Simulator<Tag>| [ada, bob].map(|who| sim.own(who).expect("it is in").it);
    sim.run_s(1.0);
    assert_eq!(who_is_it(&sim), [true, false]);
    sim.cut(ada);
    sim.run_s(3.0);
    assert_eq!(who_is_it(&sim), [true, false], "that would be a way out");
    sim.run_s(1.0);
    assert_eq!(who_is_it(&sim), [false, true], "the others play on");
    sim.resume(ada, Path::latency_ms(50));
    sim.run_s(1.0);
    assert_eq!(who_is_it(&sim), [false, true], "she is back, and he is it");
}

#[test]
fn who_is_away_can_be_tagged() {
    let mut sim = Simulator::<Tag>::new(8);
    let [ada, bob] = ["Ada", "Bob"].map(|name| sim.join(name, Path::latency_ms(50)));
    sim.run_s(1.0);
    let mut is_cut = false;
    while !sim.own(bob).expect("it is in").it {
        let [at, to] = [ada, bob].map(|who| sim.own(who).expect("it is in"));
        let (x, y) = (to.x - at.x, to.y - at.y);
        if !is_cut && x.abs() + y.abs() < 4.0 {
            is_cut = true;
            sim.cut(bob);
            sim.hold(ada, Input::default());
            sim.run_s(1.0);
        }
        let (up, down, left, right) = (y < -0.3, y > 0.3, x < -0.3, x > 0.3);
        sim.hold(ada, Input { up, down, left, right });
        sim.run_s(0.05);
    }
    assert!(is_cut);
}
