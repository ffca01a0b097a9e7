//! What may be asked of a [`Client`] at any time: who it is, where it is, and what it knows.
//!
//! Nothing here changes it.

use std::time::Duration;

use super::{Client, Counters, Greeting, Names};
use crate::game::Game;
use crate::ids::{PlayerId, SessionId};
use crate::protocol::ResumeToken;
use crate::protocol::snapshot::SnapshotDecoder;
use crate::scene::{Rows, Schema};
use crate::tick::{Tick, TickRate};

impl<G: Game> Client<G> {
    /// Who it is and what it wants.
    #[must_use]
    pub fn greeting(&self) -> &Greeting {
        &self.greeting
    }

    /// What it counted.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Corrections of the own player so far.
    #[must_use]
    pub fn corrections(&self) -> u64 {
        self.playing.as_ref().map_or(0, |playing| playing.prediction.corrections())
    }

    /// Who it is to the server.
    #[must_use]
    pub fn session(&self) -> Option<SessionId> {
        self.playing.as_ref().map(|playing| playing.session)
    }

    /// By which its session can be resumed over another connection: what to keep, and to give as
    /// [`Greeting::resume`] once this one has ended without anybody's will.
    #[must_use]
    pub fn resume_token(&self) -> Option<ResumeToken> {
        self.playing.as_ref().map(|playing| playing.resume)
    }

    /// Whether it is back in the session that its greeting asked for, with the same player.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.playing.as_ref().is_some_and(|playing| playing.resumed)
    }

    /// For how long the server keeps the session once the connection has broken.
    #[must_use]
    pub fn grace(&self) -> Option<Duration> {
        self.playing.as_ref().map(|playing| playing.grace)
    }

    /// The moment, on the clock that the client is handed, by which the server closes, if it has said
    /// that it does.
    #[must_use]
    pub fn closes_at(&self) -> Option<Duration> {
        self.playing.as_ref()?.closes_at
    }

    /// Who it is in the room; `None` for spectators.
    #[must_use]
    pub fn player(&self) -> Option<PlayerId> {
        self.playing.as_ref()?.player
    }

    /// Which room it is in.
    #[must_use]
    pub fn room(&self) -> Option<&str> {
        self.playing.as_ref().map(|playing| playing.room.as_str())
    }

    /// Ticks per second of the room.
    #[must_use]
    pub fn tick_rate(&self) -> Option<TickRate> {
        self.playing.as_ref().map(|playing| playing.tick_rate)
    }

    /// How fast the room makes its ticks, as it has said last: 1.0 is its full tick rate, 0.5 half of it.
    /// A room that is overloaded is in slow motion, and what a tick is worth in the rules stays the same.
    /// Above 0 and at most 1.0; 1.0 outside of a room.
    #[must_use]
    pub fn time_scale(&self) -> f64 {
        self.playing.as_ref().map_or(1.0, |playing| playing.clocks.time_scale())
    }

    /// By how many ticks what the room's spectators see is behind what its players see.
    #[must_use]
    pub fn delay_ticks(&self) -> u32 {
        self.delay_ticks
    }

    /// Tick of the last snapshot.
    #[must_use]
    pub fn tick(&self) -> Option<Tick> {
        self.playing.as_ref()?.decoder.mirror().tick()
    }

    /// What never changes.
    #[must_use]
    pub fn level(&self) -> Option<&G::Level> {
        self.playing.as_ref().map(|playing| &playing.level)
    }

    /// The settings that hold in the room: the server's own, and what the client that opened the
    /// room chose of them.
    #[must_use]
    pub fn settings(&self) -> Option<&G::Settings> {
        self.playing.as_ref().map(|playing| &playing.settings)
    }

    /// What rows and events mean.
    #[must_use]
    pub fn schema(&self) -> Option<&Schema> {
        self.playing.as_ref().map(|playing| playing.codec.schema())
    }

    /// The entities known, by rising id.
    #[must_use]
    pub fn rows(&self) -> Option<&Rows> {
        self.playing.as_ref().map(|playing| playing.decoder.mirror().rows())
    }

    /// The own player as predicted for the newest tick of ours.
    #[must_use]
    pub fn own(&self) -> Option<&G::Own> {
        self.playing.as_ref()?.prediction.newest()
    }

    /// The own player as predicted for a tick whose snapshot has not arrived yet.
    #[must_use]
    pub fn predicted(&self, tick: Tick) -> Option<&G::Own> {
        self.playing.as_ref()?.prediction.at(tick)
    }

    /// Who is in the room.
    #[must_use]
    pub fn names(&self) -> Option<&Names> {
        self.playing.as_ref().map(|playing| &playing.names)
    }

    /// The round trip, as the least of the last few pings; `None` before the first answer.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.playing.as_ref()?.clocks.round_trip()
    }

    /// The snapshot decoder, whose mirror must equal the server's.
    #[must_use]
    pub fn decoder(&self) -> Option<&SnapshotDecoder> {
        self.playing.as_ref().map(|playing| &playing.decoder)
    }
}
