//! [`Recording`]: the ticks of a room as lines of text: all there is to see, and for each person
//! who plays its view and its own state (format: [`tickwire_game::recording`]).
//!
//! Owned by the host of the room. It reads what the room published and writes to memory: files are
//! the shell's.

use tickwire_game::game::Game;
use tickwire_game::ids::PlayerId;
use tickwire_game::protocol::WIRE;
use tickwire_game::recording::{RecordedOwn, RecordedViewer, write_head, write_tick};

use super::published::{Published, PublishedPlayer};

/// A recording that is being made.
pub struct Recording<G: Game> {
    has_head: bool,
    /// People's own states in the tick that was recorded last, by rising player.
    before: Vec<(PlayerId, G::Own)>,
}

impl<G: Game> Default for Recording<G> {
    fn default() -> Recording<G> {
        Recording { has_head: false, before: Vec::new() }
    }
}

impl<G: Game> Recording<G> {
    /// Adds the newest tick to the end of `out`; before the first of all, the head. To be called
    /// after each step.
    pub fn write(&mut self, published: &Published<G>, out: &mut String) {
        let config = &*published.config;
        if !self.has_head {
            self.has_head = true;
            write_head(config.schema(), config.tick_rate, out);
        }
        let people = published.people();
        let viewers: Vec<_> =
            people.iter().map(|person| self.recorded_viewer(person, published)).collect();
        write_tick(config.schema(), published.scene(), &viewers, out);
        self.before.clear();
        self.before.extend(people.iter().filter_map(|it| Some((it.id, it.own.clone()?))));
    }

    fn recorded_viewer(
        &self,
        person: &PublishedPlayer<G>,
        published: &Published<G>,
    ) -> RecordedViewer {
        let (source, input) = person.inputs.at(published.tick(), published.tick());
        // In the tick before, an id that was not yet this player's may have been another's.
        let was_here = person.joined_at.next() < published.tick();
        let replayed = self.own_before(person.id).filter(|_| was_here).cloned().map(|mut own| {
            let config = &published.config;
            G::advance(&mut own, &config.level, input, config.tick_rate.dt());
            encoded(&own)
        });
        let margin_ticks = person.margin_ticks;
        let own =
            RecordedOwn { own: person.own.as_ref().map(encoded), replayed, source, margin_ticks };
        RecordedViewer { player: person.id, view: person.view, own: Some(own) }
    }

    fn own_before(&self, player: PlayerId) -> Option<&G::Own> {
        let at = self.before.binary_search_by_key(&player, |(player, _)| *player).ok()?;
        Some(&self.before[at].1)
    }
}

fn encoded(own: &impl serde::Serialize) -> Vec<u8> {
    bincode::serde::encode_to_vec(own, WIRE).expect("a player's own state must be serialisable")
}
