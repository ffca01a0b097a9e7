//! The core of a Tickwire server: rooms, sessions and snapshots, without I/O and without a clock.
//!
//! Nothing in this crate waits, opens a socket or asks what time it is. A *shell* does: it owns
//! threads and connections, and drives plain structs.
//!
//! ```text
//!  shell                         Lobby (one)                    Shard (one per thread)
//!  ----------------------------------------------------------------------------------------------
//!  first message of a peer  -->  hello::judge -> JoinRequest
//!  JoinRequest              -->  admit(request, now) -> Admission
//!                                take_commands() ------------>   handle(Command::Open)
//!  RoomBuilder::build       <--  take_orders()
//!  BuiltRoom                -------------------------------->    open(room), seat_next(now)
//!  PendingJoin              -------------------------------->    handle(Command::Join)
//!                                                                next_deadline() -> when to wake
//!  the deadline is reached  -------------------------------->    pass(now): read, step, write
//!  the pass took so long    -------------------------------->    pass_ended(now)
//!                       <---- Effects: who left and why, what was counted, what failed ----------
//!  Effects::failed          -->  room_failed(room)               (first: nobody is sent there)
//!  Effects::departed: drop  -->  leave(release, now)             (the seat is free again)
//!  Effects::reports         -->  hear(report)                    (how sessions can be resumed)
//!  now and then             -->  retire(now), take_commands() -> handle(Command::Retire)
//!  the server is to close   -->  drain(drain), take_commands() -> handle(Command::Drain)
//!  nobody plays, or it is time ->  close(), take_commands() ---> handle(Command::Close)
//! ```
//!
//! Making a room is the one thing that takes long. It is the shell's to decide where that is done
//! ([`RoomBuilder`] is `Send`, and so is what it makes), but not where ticks are made.
//!
//! Time is a [`Duration`](std::time::Duration) since whenever the shell began to count, handed to
//! each call; it must not go back. Bytes come and go by a [`Transport`], of which the shell makes
//! one for each connection. What a shard did it returns as [`Effects`]: the shell adds up the
//! counters, closes the connections and tells the lobby. So the whole server runs in a test, on
//! virtual time, from a seed.
//!
//! In here a message travels through these modules: [`transport`], [`session`] (limits, the
//! connection's state, its outbox), [`room`] (input buffer, step, publish), and back by
//! [`room`]'s snapshots. [`room_host`] is the order in which that happens once a tick.
//!
//! Deliberately absent: files, threads, locks, and any knowledge of how a message gets to a peer
//! (no frame, no TCP, no TLS).

#![warn(missing_docs)]

mod admission;
mod checkpoint;
mod counter_macro;
pub mod directory;
mod drain;
mod guest_settings;
pub mod hello;
pub mod limits;
pub mod lobby;
pub mod mailbox;
mod names;
pub mod pacer;
mod reservation;
pub mod room;
mod room_at_work;
mod room_builder;
mod room_host;
pub mod session;
mod session_report;
mod shard;
mod shared_chunk;
pub mod token_bucket;
pub mod transport;

pub use admission::{Admission, Grant, SeatRequest, Standing};
pub use checkpoint::{Checkpoint, Checkpoints, KeptSeat};
pub use directory::{DirectoryLimits, OpenerLimits, RoomKey, RoomListing, RoomStatus};
pub use drain::Drain;
pub use guest_settings::{GuestSettings, operator_settings};
pub use hello::{GameVersion, HelloError, JoinRequest, PeerKey, RequestedRoom};
pub use lobby::{Lobby, LobbySettings, Secrets};
pub use mailbox::{Command, Departed, Effects, PassCounters, PendingJoin};
pub use reservation::{ReleaseSeat, Reservation, SeatRelease};
pub use room_at_work::RoomAtWork;
pub use room_builder::{BuiltRoom, RoomBuilder, RoomOrder};
pub use room_host::{RoomHost, StepProbe};
pub use session_report::{SessionNews, SessionReport};
pub use shard::Shard;
pub use shared_chunk::{Shared, SharedChunk, WireForm};
pub use transport::{Flushed, Traffic, Transport};
