//! A player as the world has it: its ship, what it did in this round, and who hurt it lately.
//!
//! It owns what of a player its own client need not know. The world keeps them by rising id.

use serde::{Deserialize, Serialize};

use super::round::Tally;
use super::ship::Own;
use tickwire_game::ids::{PlayerId, Subject};
use tickwire_game::tick::Tick;

/// Of so many who hurt a player each is remembered.
const HELPERS_MAX: usize = 4;

/// A player of the world.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Player {
    pub(super) own: Own,
    pub(super) tally: Tally,
    /// Who it is across connections, if known.
    pub(super) subject: Option<Subject>,
    /// Whether it has had a ship.
    pub(super) has_lived: bool,
    /// Who hurt its ship and when last, no one twice.
    hurts: Vec<(PlayerId, Tick)>,
}

impl Player {
    pub(super) fn new(own: Own, subject: Option<Subject>) -> Player {
        Player { own, tally: Tally::default(), subject, has_lived: false, hurts: Vec::new() }
    }

    pub(super) fn id(&self) -> PlayerId {
        self.own.player
    }

    /// Its ship was hurt.
    pub(super) fn note_hurt(&mut self, by: PlayerId, tick: Tick) {
        self.forget(by);
        if self.hurts.len() >= HELPERS_MAX {
            self.hurts.remove(0);
        }
        self.hurts.push((by, tick));
    }

    /// A player is gone: one day its number is another's.
    pub(super) fn forget(&mut self, player: PlayerId) {
        self.hurts.retain(|(by, _)| *by != player);
    }

    /// Its ship is lost: gives who has hurt it since a tick, the last one last.
    pub(super) fn take_hurts(&mut self, since: Tick) -> Vec<PlayerId> {
        let hurts = std::mem::take(&mut self.hurts);
        hurts.into_iter().filter(|(_, tick)| *tick >= since).map(|(by, _)| by).collect()
    }
}

/// Whether two are of one team.
pub(super) fn are_mates(team: u8, other: u8) -> bool {
    team != 0 && team == other
}
