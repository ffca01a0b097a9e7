//! What goes into a shard and what comes out of it: commands from the lobby and the edge, and the
//! effects of having handled them.
//!
//! Neither side knows the game: rooms are handed over apart
//! ([`Shard::open`](crate::Shard::open)).

use std::time::Duration;

use tickwire_game::ids::{SessionId, Subject};
use tickwire_game::protocol::{DisconnectReason, JoinError};
use tracing::Span;

use crate::admission::Admission;
use crate::counter_macro::counters;
use crate::directory::RoomKey;
use crate::drain::Drain;
use crate::hello::PeerKey;
use crate::reservation::Reservation;
use crate::room::RoomCounters;
use crate::session_report::SessionReport;
use crate::transport::{Traffic, Transport};

/// What a shard is asked to do. Its mailbox is bounded by the numbers of rooms and connections.
pub enum Command {
    /// Expect a room that is being built: clients who are sent there wait for it, in their order.
    /// The lobby sends this before it lets anyone in there.
    Open {
        /// Its key.
        room: RoomKey,
        /// How often another shard has taken this one over, as far as the lobby knows.
        takeovers: u32,
    },
    /// Take in a client that was admitted.
    Join(Box<PendingJoin>),
    /// End a room that nobody is in.
    Retire {
        /// Its key.
        room: RoomKey,
    },
    /// End a player without a connection now, as if it had not come back in time.
    Expire {
        /// Its room.
        room: RoomKey,
        /// Its session.
        session: SessionId,
    },
    /// Send every client that the server is to close, also those that come later, and let rooms run until
    /// then.
    Drain(Drain),
    /// End all rooms and every connection in them, and refuse all that come later.
    Close,
}

/// A client that was admitted, on its way to the shard of its room.
pub struct PendingJoin {
    /// Its connection, with nothing in flight but what it sent early.
    pub transport: Box<dyn Transport>,
    /// What it was granted.
    pub admission: Admission,
    /// Who it is, for the log.
    pub peer: PeerKey,
    /// Who the player is across connections, to the game; `None` for a guest.
    pub subject: Option<Subject>,
    /// The name that it asked for.
    pub name: String,
    /// Whether the client replays its own state by the game's rules.
    pub replays: bool,
    /// In which everything is logged that concerns this connection.
    pub span: Span,
}

/// A connection that ended: to be closed in order by the shell. Its session may go on.
pub struct Departed {
    /// The seat of its session if that has ended as well, free again once this is dropped. Drop it
    /// before the peer hears of it: a peer that hears that it has left may come back at once.
    pub reservation: Option<Reservation>,
    /// The connection. The last message and the close have been handed to it, unless it was lost.
    pub transport: Box<dyn Transport>,
    /// Why it ended.
    pub reason: DisconnectReason,
    /// Why it was refused, if it was.
    pub refusal: Option<JoinError>,
    /// In which everything is logged that concerns this connection.
    pub span: Span,
}

/// What a shard did. The shell empties it after each call.
#[derive(Default)]
pub struct Effects {
    /// Connections that ended.
    pub departed: Vec<Departed>,
    /// Seats of sessions that ended without a connection, free again once these are dropped.
    pub freed: Vec<Reservation>,
    /// What the lobby is to know of sessions, in order.
    pub reports: Vec<SessionReport>,
    /// Rooms that ended by a fault of their own.
    pub failed: Vec<RoomKey>,
    /// Rooms that have made their last tick.
    pub over: Vec<RoomKey>,
    /// Ticks of recorded rooms, as lines for a file.
    pub recorded: Vec<(RoomKey, String)>,
    /// Recordings that ended with their room.
    pub recordings_ended: u64,
    /// What was counted.
    pub counters: PassCounters,
    /// What the rooms counted.
    pub rooms: RoomCounters,
    /// How late each tick was made.
    pub tick_lateness: Vec<Duration>,
}

counters! {
    /// What passes counted, all rooms of a shard together.
    pub struct PassCounters {
        /// Sessions that joined a room.
        sessions,
        /// Connections over which a session was resumed.
        sessions_resumed,
        /// Players who stayed when their connection broke.
        sessions_absent,
        /// Of those, who did not come back in time.
        sessions_expired,
        /// Ticks made.
        ticks,
        /// Ticks given up because a room was too late.
        ticks_skipped,
        /// Ticks made below the full tick rate.
        ticks_slowed,
        /// Passes that found more than one tick due.
        overruns,
        /// Changes of a room's time scale.
        time_scale_changes,
        /// Copies of rooms, from which they can go on if their thread does not come back.
        checkpoints,
        /// Messages of clients that were over a rate limit.
        messages_refused,
        /// Inputs sent by spectators.
        inputs_ignored,
        /// Reads that stopped at a limit of the transport.
        reads_limited,
        /// Messages handed to transports, those of the shared stream included.
        messages_out,
        /// Ticks of the shared stream that a transport took.
        broadcast_writes,
        /// Times that a spectator was behind and was sent nothing.
        broadcast_skips,
        /// Bytes that transports read, headers included, until their sessions ended.
        bytes_in,
        /// Bytes that transports wrote, headers included, until their sessions ended.
        bytes_out,
    }
}

impl Effects {
    /// Where the next lines of a recorded room go.
    pub(crate) fn recorded_lines(&mut self, room: RoomKey) -> &mut String {
        if self.recorded.last().is_none_or(|(last, _)| *last != room) {
            self.recorded.push((room, String::new()));
        }
        let (_, lines) = self.recorded.last_mut().expect("it was put there");
        lines
    }
}

impl PassCounters {
    pub(crate) fn add_traffic(&mut self, traffic: Traffic) {
        self.bytes_in += traffic.bytes_in;
        self.bytes_out += traffic.bytes_out;
    }
}
