//! What more than one Tickwire program runs: the rules, the picture of a world that is sent,
//! the protocol, and all of a client but its socket and its screen.
//!
//! Nothing here does I/O, reads a clock, starts a thread or draws global randomness: bytes and
//! time are arguments. That is what lets the same code run on the server, in bots, in a
//! browser and in tests on virtual time, and give the same bits everywhere.
//!
//! A developer of a game implements [`game::Game`]; everything else is written against that
//! trait and against the [`scene::Schema`] which it declares.

#![warn(missing_docs)]

// What the derives write begins with the name of this crate, in its own tests too.
#[cfg(test)]
extern crate self as tickwire_game;

pub mod client;
pub mod dice;
pub mod duration;
pub mod game;
pub mod history;
pub mod ids;
pub mod limits;
pub mod link;
pub mod prelude;
pub mod protocol;
pub mod recording;
pub mod scene;
pub mod seed;
pub mod simulation;
pub mod skill;
pub mod tick;
pub mod timer;
