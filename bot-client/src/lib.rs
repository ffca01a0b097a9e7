//! Players without a screen: thousands of them in one process, and what they saw.
//!
//! Each bot runs the same [`tickwire_game::client::Client`] as the page and plays by
//! [`tickwire_game::game::Game::bot`], so that a server under test is met by what it will meet. The
//! path of a socket, in reading order: `options` say where and how many, `connect` opens,
//! `swarm` owns and polls, `bot` plays over its `wire`, and over a
//! simulated `path` if it shall, `figures` keeps, `report` tells. A bot whose connection was cut
//! (`cuts`) or broke comes back over another: `reconnect` opens it, and the bot resumes its session.
//!
//! [`abuse`] is the other trade of this library: clients that behave badly on purpose.
//! [`play_and_report`] makes a program of both.
//!
//! Everything here is written against [`tickwire_game::game::Game`]; only programs name a game.

#![warn(missing_docs)]

pub mod abuse;
mod arrivals;
mod back_off;
mod bot;
mod connect;
mod cuts;
mod figures;
mod options;
mod path;
mod program;
mod reconnect;
pub mod report;
mod run;
mod swarm;
pub mod throttle;
mod ticket;
mod trust;
mod watch;
mod wire;

pub use connect::ConnectError;
pub use options::Options;
pub use program::play_and_report;
pub use report::Report;
pub use run::{SwarmError, run};
pub use ticket::TicketText;
