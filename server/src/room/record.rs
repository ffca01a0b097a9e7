//! The newest tick of a room as lines of a recording: all there is to see, and for each person
//! who plays its view and its own state.
//!
//! Asked by the [`Recorder`](crate::recorder::Recorder) after each tick. It changes nothing of
//! the room.

use shared::game::{Game, Given};
use shared::ids::PlayerId;
use shared::protocol::WIRE;
use shared::recording::{RecordedOwn, RecordedViewer, write_head, write_tick};

use super::{Player, Room};

/// What people's own states were in the tick that was recorded last, by rising player.
pub(crate) struct OwnStates<G: Game>(Vec<(PlayerId, G::Own)>);

impl<G: Game> Default for OwnStates<G> {
    fn default() -> OwnStates<G> {
        OwnStates(Vec::new())
    }
}

impl<G: Game> OwnStates<G> {
    fn of(&self, player: PlayerId) -> Option<&G::Own> {
        let at = self.0.binary_search_by_key(&player, |(player, _)| *player).ok()?;
        Some(&self.0[at].1)
    }
}

impl<G: Game> Room<G> {
    /// Adds the head of a recording of this room to the end of `out`.
    pub(crate) fn write_recording_head(&self, out: &mut String) {
        write_head(self.schema(), self.tick_rate, out);
    }

    /// Adds the newest tick to the end of `out`. `before` is from the tick before this one.
    pub(crate) fn write_recorded_tick(&self, before: &mut OwnStates<G>, out: &mut String) {
        let people = || self.players.iter().filter(|player| player.bot.is_none());
        let viewers: Vec<_> = people().map(|player| self.recorded_viewer(player, before)).collect();
        write_tick(self.schema(), self.scene(), &viewers, out);
        let own = |player: &Player<G>| Some((player.id, self.game().own(player.id)?));
        before.0.clear();
        before.0.extend(people().filter_map(own));
    }

    fn recorded_viewer(&self, player: &Player<G>, before: &OwnStates<G>) -> RecordedViewer {
        // In the tick before, an id that was not yet this player's may have been another's.
        let knew = player.came.next() < self.tick();
        let replayed = before.of(player.id).filter(|_| knew).cloned().map(|mut own| {
            let at = self.given.binary_search_by_key(&player.id, |input| input.player);
            let given = at.map_or(Given::Absent, |at| self.given[at].given);
            G::advance(&mut own, self.simulation.level(), given.or_default());
            encoded(&own)
        });
        let own = RecordedOwn {
            own: self.game().own(player.id).as_ref().map(encoded),
            replayed,
            given: player.told.last,
            margin_ticks: player.inputs.margin_ticks(),
        };
        RecordedViewer { player: player.id, view: self.game().view(player.id), own: Some(own) }
    }
}

fn encoded(own: &impl serde::Serialize) -> Vec<u8> {
    bincode::serde::encode_to_vec(own, WIRE).expect("a player's own state must be serialisable")
}
