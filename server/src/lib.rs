//! Tickwire's server: runs any [`Game`] for whoever connects over WebSocket.
//!
//! A client's bytes travel through these modules, in this order: [`door`] (accept, deadlines,
//! who may come in, [`tls`]) and [`http`] (page, [`upgrade`]), [`session`] (its task until it plays)
//! with [`hello`], its [`tickets`] and [`lobby`]
//! (which room, by its [`directory`]), then [`shard`] (the thread that is the clock) and [`hosted`]
//! (one room's pass: read, step, write) with [`socket`] (its [`framing`], over a [`stream`]), [`connection`] (one
//! client's state) and [`room`] (the world). Rooms and connections do no I/O and know no clock.

#![warn(missing_docs)]

mod bucket;
mod budget;
mod config;
pub mod connection;
mod directory;
mod door;
mod framing;
#[doc(hidden)]
pub mod fuzzing;
mod hello;
mod hosted;
mod http;
mod lobby;
mod memory;
mod metrics;
pub mod pacer;
pub mod page;
mod recorder;
pub mod room;
mod server;
mod session;
mod shard;
mod socket;
mod stream;
mod text;
mod tickets;
mod tls;
mod upgrade;

pub use config::{
    AllowedOrigin, Config, DoorConfig, Guests, KeyText, NoOrigin, OverloadJoins, TicketConfig,
    TlsConfig, Uncapped,
};
pub use server::{Server, StartError, run};

#[doc(no_inline)]
pub use shared::game::Game;
