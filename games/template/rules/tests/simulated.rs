//! The game on a simulated network, by the production server on virtual time.

use my_game_rules::{Input, MyGame};
use tickwire_test::{Path, Simulator};

#[test]
fn bots_play_it_over_good_and_bad_lines_without_an_unexplained_correction() {
    tickwire_test::check::<MyGame>(1);
}

#[test]
fn a_key_moves_the_own_runner_over_a_long_line() {
    let mut sim = Simulator::<MyGame>::new(7);
    let ada = sim.join("Ada", Path::latency_ms(150));
    sim.run_s(2.0);
    sim.hold(ada, Input { right: true, ..Input::default() });
    sim.run_s(5.0);
    assert_eq!(sim.own(ada).map(|own| own.x), Some(10.0));
}
