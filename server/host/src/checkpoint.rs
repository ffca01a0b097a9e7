//! [`Checkpoint`]: a room as it was at a moment, from which it can go on though its shard cannot.
//!
//! A copy in memory: the world, who was in it, and what never changes of it. A shard makes one of each of
//! its rooms now and then ([`crate::Shard::checkpoint`]), the shell keeps the newest, and hands it to
//! another shard when a thread does not come back ([`crate::Shard::restore`]). Connections are not part
//! of it: their clients resume.

use std::fmt;
use std::sync::Arc;

use tickwire_game::game::Game;
use tickwire_game::ids::{PlayerId, SessionId};
use tickwire_game::tick::Tick;

use crate::directory::{RoomKey, RoomStatus};
use crate::reservation::Reservation;
use crate::room::{RoomConfig, RoomState};

/// Of which rooms a shard makes checkpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checkpoints {
    /// Of none.
    Never,
    /// Of those that share it: a room alone is hurt by none but itself.
    #[default]
    Shared,
    /// Of all.
    Always,
}

/// A room as it was at a moment.
pub struct Checkpoint<G: Game> {
    pub(crate) key: RoomKey,
    pub(crate) config: Arc<RoomConfig<G>>,
    pub(crate) state: RoomState<G>,
    pub(crate) tick: Tick,
    pub(crate) status: Arc<RoomStatus>,
    pub(crate) players: Vec<(SessionId, PlayerId)>,
}

impl<G: Game> Checkpoint<G> {
    /// Another one, whose world the game's own code copies.
    pub(crate) fn copy(&self) -> Checkpoint<G> {
        let Checkpoint { key, config, state, tick, status, players } = self;
        Checkpoint {
            key: *key,
            config: Arc::clone(config),
            state: state.clone(),
            tick: *tick,
            status: Arc::clone(status),
            players: players.clone(),
        }
    }

    /// Which room.
    #[must_use]
    pub fn room(&self) -> RoomKey {
        self.key
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// At which tick it was.
    #[must_use]
    pub fn tick(&self) -> Tick {
        self.tick
    }

    /// The sessions of the people who played in it.
    pub fn sessions(&self) -> impl Iterator<Item = SessionId> {
        self.players.iter().map(|(session, _)| *session)
    }
}

impl<G: Game> fmt::Debug for Checkpoint<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Checkpoint { key, tick, players, .. } = self;
        f.debug_struct("Checkpoint")
            .field("key", key)
            .field("tick", tick)
            .field("players", &players.len())
            .finish()
    }
}

/// A session of a room that is to be restored, which its client may resume.
#[derive(Debug)]
pub struct KeptSeat {
    /// Whose.
    pub session: SessionId,
    /// How often it was resumed.
    pub resumptions: u32,
    /// Its seat.
    pub reservation: Reservation,
}
