//! A player as the world has it: its ship, what it did in this round, and who hurt it lately.
//!
//! It owns what of a player its own client need not know. The world keeps them by rising id.

use serde::{Deserialize, Serialize};

use super::departed::LeftShip;
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
    /// What its next ship is, if it left one and came back.
    pub(super) left_ship: Option<LeftShip>,
    /// Since when its inputs have been missing, if they are.
    absent_since: Option<Tick>,
    /// Who hurt its ship and when last, no one twice.
    hurts: Vec<(PlayerId, Tick)>,
}

impl Player {
    pub(super) fn new(own: Own, subject: Option<Subject>) -> Player {
        Player {
            own,
            tally: Tally::default(),
            subject,
            has_lived: false,
            left_ship: None,
            absent_since: None,
            hurts: Vec::new(),
        }
    }

    pub(super) fn id(&self) -> PlayerId {
        self.own.player
    }

    /// Whether its input was missing in the last tick. Who is absent gains no points, and
    /// has no further ship until it is back. A line that stalls for longer than inputs are repeated makes
    /// its player absent for that long: what it misses is a point in these very ticks.
    pub(super) fn is_absent(&self) -> bool {
        self.absent_since.is_some()
    }

    pub(super) fn absent_since(&self) -> Option<Tick> {
        self.absent_since
    }

    /// Notes whether its input is missing in a tick.
    pub(super) fn note_presence(&mut self, is_missing: bool, tick: Tick) {
        self.absent_since = is_missing.then(|| self.absent_since.unwrap_or(tick));
    }

    /// A round begins: it has no points, and waits for a fresh ship, which is due at once.
    pub(super) fn begin_round(&mut self) {
        self.tally = Tally::default();
        self.forget_hurts();
        self.left_ship = None;
        self.own.die(0);
        self.own.effects.truce_ticks = 0;
    }

    /// Its ship was destroyed, or counts as that.
    pub(super) fn note_death(&mut self) {
        self.tally.deaths += 1;
        self.tally.streak = 0;
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

    /// Nobody has a part in the loss of its ship any more.
    pub(super) fn forget_hurts(&mut self) {
        self.hurts.clear();
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
