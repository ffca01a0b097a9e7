//! Tickwire's server: runs any [`Game`] for clients that connect over WebSocket.
//!
//! Rooms, sessions and the rules of joining are in [`tickwire_host`], which does no I/O. This crate
//! is the shell around it, from the network inwards: [`edge`] (accept, HTTP, TLS, hello, join),
//! [`transport`] (WebSocket over a stream of bytes), [`lobby_task`], [`builder_thread`] and
//! [`shard_thread`] (which drive the host's lobby, its making of rooms and its shards), [`shard_keeper`]
//! (which has another thread take over a shard that does not come back), and [`ops`]
//! (log, metrics, memory, recordings, and the supervision of all these threads). [`server`] starts and
//! stops all of it, [`mod@run`] keeps it running, with [`signals`] and a log, and [`Program`] makes a program
//! of it, with a name, defaults and subcommands, which serves a [`Page`].

#![warn(missing_docs)]

mod builder_thread;
mod checkpoint_store;
mod config;
mod edge;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
pub mod limits;
mod lobby_task;
#[doc(hidden)]
pub mod memory_macro;
mod ops;
mod page;
mod program;
mod run;
mod server;
mod shard_keeper;
mod shard_mailbox;
mod shard_outlets;
mod shard_thread;
mod signals;
mod start_error;
mod transport;

pub use config::{
    AllowedOrigin, Config, ContentPolicy, DrainRooms, EdgeConfig, EmptyRooms, FrameAncestor,
    Guests, KeyText, NoOrigin, Origin, OriginError, OverloadJoins, PublicUrl, PublicUrlError,
    SessionConfig, TicketConfig, TlsConfig, Uncapped,
};
pub use ops::memory::set_live_bytes;
pub use ops::supervision::PartFailure;
pub use page::{Page, PageFile, PageTable};
pub use program::Program;
pub use run::{RunError, run};
pub use server::Server;
pub use start_error::StartError;

#[doc(no_inline)]
pub use tickwire_game::game::Game;
