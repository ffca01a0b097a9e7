//! Tests of a game on Tickwire, for its author: the production server, clients that predict and bad
//! network paths on virtual time, and a checker that finds what clients cannot predict.
//!
//! # One line that finds most
//! [`check()`] plays a game by its own bots and at random, over good and bad paths, and fails with what
//! is wrong and what usually is the cause:
//!
//! ```
//! # use test_games::dots::Dots as MyGame;
//! // #[test]
//! fn the_rules_are_sound() {
//!     tickwire_test::check::<MyGame>(7);
//! }
//! # the_rules_are_sound();
//! ```
//!
//! # Tests of what the game does
//! A [`Simulator`] has a room of the game, in which clients do what a test says:
//!
//! ```
//! use test_games::dots::{Blink, DotRow, Dots, Go};
//! use tickwire_test::{Path, Simulator};
//!
//! // #[test]
//! fn a_runner_on_a_bad_line_gets_there_and_is_never_put_right() {
//!     let mut sim = Simulator::<Dots>::new(7).tick_rate(60).bots(4);
//!     let ada = sim.join("Ada", Path::latency_ms(150).jitter_ms(20));
//!     sim.run_s(2.0);
//!     let began = sim.own(ada).expect("she is in");
//!     sim.hold(ada, Go { x: 1, ..Go::default() });
//!     sim.run_s(3.0);
//!     assert_ne!(sim.own(ada), Some(began));
//!     assert_eq!(sim.feel(ada).corrections, []);
//!     let ben = sim.join("Ben", Path::good());
//!     sim.run_s(1.0);
//!     assert_eq!(sim.rows::<DotRow>(ada).len(), 1, "nobody else is near her");
//!     sim.press(ben, Go { blink: true, ..Go::default() });
//!     sim.run_s(1.0);
//!     assert_eq!(sim.events::<Blink>(ben).len(), 1, "for one tick");
//! }
//! # a_runner_on_a_bad_line_gets_there_and_is_never_put_right();
//! ```
//!
//! # What is checked
//! At every tick of a [`Simulator`]:
//! - what [`Game::step`](tickwire_game::game::Game::step) makes of a player's own state is what
//!   [`Game::advance`](tickwire_game::game::Game::advance) makes of it, or
//!   [`Step::affect`](tickwire_game::game::Step::affect) announced it;
//! - an own state arrives at its client as it was sent;
//! - [`Game::show_own`](tickwire_game::game::Game::show_own) shows a player as
//!   [`Game::show`](tickwire_game::game::Game::show) shows it to others.
//!
//! At every snapshot: what a client knows is what the server believes it to know, and no more than
//! its view holds; and a client that is put right was affected, or its input was not there in its
//! tick, as happens on a bad path ([`Feel::mistimed`]).
//!
//! By [`check()`] besides: the schema is sound and all fits its messages; two runs of one seed are the
//! same to the last bit; a world that is written down and read again goes on alike; every input arrives
//! as it was sent, and none that a stranger may send breaks the world.
//!
//! What it cannot find: arithmetic that differs between a browser and the server. Both run here on one
//! machine; `libm` and `glam` with its feature `libm` are the same on all.

#![warn(missing_docs)]

mod check;
mod claims;
mod feel;
pub mod host;
mod inputs;
mod look;
mod mirrors;
mod path;
mod report;
mod seat;
mod server;
mod simulator;
mod ticks;
mod trial;

pub use check::{check, check_with};
pub use feel::Feel;
pub use path::Path;
pub use seat::Logged;
pub use simulator::{Simulator, Who, seed_or};
