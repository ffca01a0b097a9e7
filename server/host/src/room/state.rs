//! [`RoomState`]: all of a room that a checkpoint must hold. A room restored from it goes on to the
//! same hashes, and a client that joins it is sent the same bytes.
//!
//! Owned by the room, which alone changes it. What follows from it, and what clients have been
//! sent, stands elsewhere.

use serde::{Deserialize, Serialize};
use tickwire_game::game::{Dice, Game};
use tickwire_game::ids::PlayerId;
use tickwire_game::protocol::Pace;
use tickwire_game::protocol::snapshot::InputSource;
use tickwire_game::simulation::Simulation;
use tickwire_game::tick::Tick;

use super::entity_naming::EntityNaming;
use super::input_buffer::InputBuffer;
use super::player_ids::RetiredIds;
use super::roster::RosterLog;
use super::taken_names::TakenNames;

/// All of a room that a checkpoint must hold.
#[derive(Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct RoomState<G: Game> {
    pub(super) simulation: Simulation<G>,
    pub(super) naming: EntityNaming,
    /// By rising id.
    pub(super) players: Vec<RoomPlayer<G>>,
    pub(super) people: u16,
    /// How many of these seem idle.
    pub(super) idle: u16,
    pub(super) retired_ids: RetiredIds,
    pub(super) names: TakenNames,
    pub(super) roster: RosterLog,
    pub(super) pace: Pace,
}

/// One player, person or bot.
#[derive(Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub(super) struct RoomPlayer<G: Game> {
    pub(super) id: PlayerId,
    /// The room's tick when it joined: scenes up to that one were made without it, and whatever
    /// in them is for its id was for somebody else.
    pub(super) joined_at: Tick,
    pub(super) inputs: InputBuffer<G::Input>,
    /// Whether it is a person who seems idle.
    pub(super) seems_idle: bool,
    /// Whether it is a person whose client has no connection.
    pub(super) is_absent: bool,
    /// Where the input of the last tick came from, and what it was.
    pub(super) last: (InputSource, G::Input),
    /// A fill-in bot's: what it draws from. Apart, since it is larger than all else of a player.
    pub(super) bot: Option<Box<Dice>>,
}

impl<G: Game> RoomState<G> {
    pub(super) fn player(&self, id: PlayerId) -> Option<&RoomPlayer<G>> {
        Some(&self.players[self.at(id)?])
    }

    pub(super) fn at(&self, id: PlayerId) -> Option<usize> {
        // Below the lowest gap the ids are the places: no search through the memory of others.
        let own_place = usize::from(id.0);
        if self.players.get(own_place).is_some_and(|player| player.id == id) {
            return Some(own_place);
        }
        self.players.binary_search_by_key(&id, |player| player.id).ok()
    }

    pub(super) fn bots(&self) -> u16 {
        self.players.len() as u16 - self.people
    }

    /// The id of the next player: the lowest that was nobody's in the last `retired_ticks`.
    pub(super) fn next_id(&mut self, retired_ticks: u32) -> PlayerId {
        let now = self.simulation.tick();
        let gap = self.lowest_gap();
        let RoomState { players, retired_ids, .. } = self;
        let is_taken = |id| players.binary_search_by_key(&id, |player| player.id).is_ok();
        retired_ids.lowest_free(now, retired_ticks, gap, is_taken)
    }

    /// The lowest id that nobody has. Below it the ids are the places.
    fn lowest_gap(&self) -> u16 {
        let (mut low, mut high) = (0, self.players.len());
        while low < high {
            let middle = low.midpoint(high);
            if usize::from(self.players[middle].id.0) == middle {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low as u16
    }
}
