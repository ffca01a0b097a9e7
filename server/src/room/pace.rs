//! How fast the room makes its ticks, as it tells its clients.
//!
//! Its driver decides that and says it here; the room only passes it on. The rules never hear of
//! it: a tick is worth the same at any pace.

use shared::game::Game;
use shared::limits::PACE_FULL_PERMILLE;
use shared::protocol::{Pace, ServerMessage};
use shared::tick::Tick;

use super::Room;
use crate::pacer::OverloadPolicy;

/// The pace of every room at first, and what clients take it for until they are told.
pub(super) const FULL: Pace = Pace { from: Tick(0), permille: PACE_FULL_PERMILLE };

impl<G: Game> Room<G> {
    /// What is to be done when it cannot keep up.
    #[must_use]
    pub fn overload(&self) -> OverloadPolicy {
        self.overload
    }

    /// From the next tick on it makes so many thousandths of its tick rate.
    pub fn set_pace(&mut self, permille: u16) {
        self.pace = Pace { from: self.tick().next(), permille };
    }

    /// How fast it makes its ticks, and since when.
    #[must_use]
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// Adds the whole pace message to the end of `out`, if the pace is not the one that was `told`
    /// last. A spectator is told of it at once and not when it sees these ticks: at this pace its
    /// stream comes now.
    pub(crate) fn write_pace(&self, told: &mut u16, plays: bool, out: &mut Vec<u8>) -> bool {
        let mut pace = self.pace;
        if pace.permille == *told {
            return false;
        }
        *told = pace.permille;
        if !plays {
            pace.from = pace.from.minus(self.broadcast.delay_ticks());
        }
        ServerMessage::Pace(pace).encode(out);
        true
    }
}
