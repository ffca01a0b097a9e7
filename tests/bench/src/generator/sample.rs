//! [`Sample`]: one player in many that is a whole client, with the game's own bot at its controls.
//!
//! It decodes all that comes, so that a stream that cannot be decoded fails the measurement; it sees
//! how many others are in view, and how soon its inputs show.

use std::time::Duration;

use skirmish_rules::Skirmish;
use skirmish_rules::kinds::{Bolt, Ship};
use tickwire_game::client::{Client, Greeting, Stage};
use tickwire_game::game::{Dice, Game};
use tickwire_game::protocol::Role;
use tickwire_game::tick::Tick;

use super::traffic::Traffic;

pub(super) struct Sample {
    client: Client<Skirmish>,
    dice: Dice,
}

impl Sample {
    pub(super) fn new(name: String, room: String, number: usize) -> Sample {
        let greeting = Greeting {
            name,
            role: Role::Player,
            room: Some(room),
            ticket: None,
            settings: None,
            resume: None,
        };
        Sample { client: Client::headless(greeting), dice: Dice::new(9, number as u64) }
    }

    /// The next message to be sent.
    pub(super) fn outgoing(&mut self) -> Option<Vec<u8>> {
        self.client.outgoing()
    }

    /// Makes an input if its clock says that one is due.
    pub(super) fn play(&mut self, now: Duration) {
        if self.client.due_at().is_none_or(|due| now < due) {
            return;
        }
        let input = self.client.seen().map(|seen| Skirmish::bot(&seen, &mut self.dice));
        self.client.play(now, input.unwrap_or_default());
    }

    /// Takes a message; gives the tick of the newest snapshot once it plays.
    ///
    /// # Errors
    /// Why the connection cannot go on.
    pub(super) fn receive(
        &mut self,
        now: Duration,
        message: &[u8],
    ) -> Result<Option<Tick>, String> {
        self.client.receive(now, message).map_err(|error| error.to_string())?;
        match self.client.stage() {
            Stage::Greeting | Stage::Playing => {}
            Stage::Refused(refusal) => return Err(format!("refused: {refusal}")),
            Stage::Ended(end) => return Err(end.name().to_owned()),
        }
        Ok(self.client.tick())
    }

    /// Notes what a snapshot showed.
    pub(super) fn note_snapshot(&mut self, traffic: &mut Traffic) {
        if let Some(applied) = self.client.take_applied() {
            traffic.input_latencies.record(applied.latency);
        }
        while self.client.take_late().is_some() {}
        while self.client.take_correction().is_some() {}
        let Some(seen) = self.client.seen() else { return };
        let others = seen.each::<Ship>().filter(|(_, ship)| ship.player != seen.player);
        traffic.views += 1;
        traffic.ships_in_view += others.count() as u64;
        traffic.bolts_in_view += seen.each::<Bolt>().count() as u64;
    }
}
