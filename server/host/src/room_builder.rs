//! [`RoomBuilder`]: makes the rooms that the lobby orders, away from the passes of any shard.
//!
//! Making a world takes milliseconds when it is for thousands of players, and on the thread of a
//! shard no other room could make its ticks meanwhile. So the lobby gives out a [`RoomOrder`], the
//! shell has it built on any thread it likes, and hands the [`BuiltRoom`] to the shard, where
//! clients that joined in the meantime wait for it ([`crate::Shard::open`]). A game that panics
//! while its world is made ends that room alone.
//!
//! It owns the template of all rooms. It knows no shard and no client.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tickwire_game::game::{Game, Seed, Setup};
use tracing::error;

use crate::directory::{BuildCount, RoomKey, RoomStatus};
use crate::room::{Room, RoomTemplate};
use crate::room_at_work::RoomAtWork;

/// A room that is to be built. Only the lobby makes orders; as long as one exists it counts
/// towards [`ROOMS_BUILDING_MAX`](crate::limits::ROOMS_BUILDING_MAX).
#[derive(Debug)]
pub struct RoomOrder<S> {
    /// Its key.
    pub room: RoomKey,
    /// The number of the shard that it goes to.
    pub shard: usize,
    /// Its name.
    pub name: String,
    /// Where its randomness comes from.
    pub seed: Seed,
    /// What the client that opened it chose; `None` for the settings of the template.
    pub settings: Option<S>,
    /// What it shows to other threads.
    pub status: Arc<RoomStatus>,
    /// Whether its scenes are to be recorded.
    pub record: bool,
    pub(crate) _counted: BuildCount,
}

impl<S> RoomOrder<S> {
    /// What its shard gets if it cannot be built.
    #[must_use]
    pub fn failed<G: Game>(&self) -> BuiltRoom<G> {
        let RoomOrder { room: key, record, .. } = *self;
        BuiltRoom { key, status: Arc::clone(&self.status), record, room: None }
    }
}

/// A room on its way to its shard, or the news that it could not be made.
pub struct BuiltRoom<G: Game> {
    pub(crate) key: RoomKey,
    pub(crate) status: Arc<RoomStatus>,
    pub(crate) record: bool,
    /// `None` when it could not be made; that is logged.
    pub(crate) room: Option<Room<G>>,
}

impl<G: Game> fmt::Debug for BuiltRoom<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_made = self.room.is_some();
        f.debug_struct("BuiltRoom").field("key", &self.key).field("is_made", &is_made).finish()
    }
}

/// Makes rooms from one template.
pub struct RoomBuilder<G: Game> {
    template: RoomTemplate<G::Settings>,
    at_work: Arc<RoomAtWork>,
}

impl<G: Game> RoomBuilder<G> {
    /// One whose rooms are all made from `template`, but for their names and seeds, and settings that
    /// were chosen for them.
    #[must_use]
    pub fn new(template: RoomTemplate<G::Settings>) -> RoomBuilder<G> {
        RoomBuilder { template, at_work: Arc::default() }
    }

    /// Another that makes the same rooms, for another thread.
    #[must_use]
    pub fn another(&self) -> RoomBuilder<G> {
        RoomBuilder::new(self.template.clone())
    }

    /// Which room it is at work on, for other threads to see.
    #[must_use]
    pub fn room_at_work(&self) -> &Arc<RoomAtWork> {
        &self.at_work
    }

    /// Makes a room: the game makes its world here.
    #[must_use]
    pub fn build(&self, order: RoomOrder<G::Settings>) -> BuiltRoom<G> {
        let RoomOrder { room: key, name, seed, settings, status, record, .. } = order;
        let settings = settings.unwrap_or_else(|| self.template.setup.settings.clone());
        let template = RoomTemplate {
            setup: Setup { seed, settings, ..self.template.setup.clone() },
            ..self.template.clone()
        };
        // Nothing of a room is used after a panic while it was made.
        self.at_work.begin(key);
        let made = catch_unwind(AssertUnwindSafe(|| Room::<G>::new(name.clone(), template)));
        self.at_work.end();
        let room = match made {
            Ok(Ok(room)) => Some(room),
            Ok(Err(reason)) => {
                error!(room = name, %reason, "room did not open");
                None
            }
            Err(_) => {
                error!(room = name, "room did not open: a panic in it");
                None
            }
        };
        BuiltRoom { key, status, record, room }
    }
}
