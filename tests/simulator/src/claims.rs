//! What must hold of a game in every tick, for any players over any network path: that clients can
//! predict what its `step` does.
//!
//! Looked at on the server's side alone, so that a fault is found in the tick in which it happens, for
//! bots of the room as well.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tickwire_game::game::{Effect, Game, PlayerInput};
use tickwire_game::ids::PlayerId;
use tickwire_game::protocol::WIRE;
use tickwire_game::scene::{RowRef, Scene, SceneWriter, Schema};
use tickwire_game::tick::Tick;

use crate::report::{CAUSES_OF_CORRECTIONS, CAUSES_OF_LOSS, differences};

/// Why a run ends: what did not hold, in words for the author of the game.
pub(crate) type Violation = String;

/// A tick that was made.
pub(crate) struct Made<'a, G: Game> {
    pub(crate) tick: Tick,
    pub(crate) dt: f32,
    pub(crate) level: &'a G::Level,
    pub(crate) schema: &'a Schema,
    pub(crate) game: &'a G,
    pub(crate) inputs: &'a [PlayerInput<G::Input>],
    pub(crate) effects: &'a [(PlayerId, Effect)],
    pub(crate) scene: &'a Scene,
    /// What a player is called in a report.
    pub(crate) name_of: &'a dyn Fn(PlayerId) -> String,
}

/// Judges each tick by the one before.
pub(crate) struct Invariants<G: Game> {
    /// Own states after the last tick, as their clients are sent them; by rising player.
    known: Vec<(PlayerId, G::Own)>,
    next: Vec<(PlayerId, G::Own)>,
    /// As clients are sent it.
    level: Option<G::Level>,
    writer: SceneWriter,
}

impl<G: Game> Default for Invariants<G> {
    fn default() -> Invariants<G> {
        Invariants {
            known: Vec::new(),
            next: Vec::new(),
            level: None,
            writer: SceneWriter::of::<G>(),
        }
    }
}

impl<G: Game> Invariants<G> {
    /// Looks at a tick that has just been made, and at each after it.
    pub(crate) fn judge(&mut self, made: &Made<'_, G>) -> Result<(), Violation> {
        let level = match self.level.take() {
            Some(level) => level,
            None => sent(made.level).map_err(|error| format!("`Level` {error}"))?,
        };
        self.next.clear();
        for input in made.inputs {
            let player = input.player;
            let Some(own) = made.game.own(player) else { continue };
            let as_sent = arrives_whole(made, player, &own)?;
            if let Ok(at) = self.known.binary_search_by_key(&player, |(known, _)| *known) {
                self.is_predicted(made, &level, input, &self.known[at].1, &own)?;
            }
            self.is_shown(made, player, &own)?;
            self.next.push((player, as_sent));
        }
        std::mem::swap(&mut self.known, &mut self.next);
        self.level = Some(level);
        Ok(())
    }

    /// Its client makes of the own state before what the server has made of it, or an effect
    /// explains why not.
    fn is_predicted(
        &self,
        made: &Made<'_, G>,
        level: &G::Level,
        input: &PlayerInput<G::Input>,
        before: &G::Own,
        own: &G::Own,
    ) -> Result<(), Violation> {
        let mut predicted = before.clone();
        G::advance(&mut predicted, level, input.input.or_default(), made.dt);
        let is_affected = made.effects.iter().any(|(player, _)| *player == input.player);
        if predicted == *own || is_affected {
            return Ok(());
        }
        let (tick, given) = (made.tick, input.input);
        let player = (made.name_of)(input.player);
        let found = differences(("predicted", &predicted), ("server", own));
        Err(format!(
            "an unexplained correction of {player} in tick {tick}, given {given:?}:\n\
             `Game::advance` makes of its own state something else than `Game::step` did, and \
             `Step::affect` was not called.\n{found}\n\
             before the tick: {before:#?}\n\
             predicted by `advance`: {predicted:#?}\n\
             on the server: {own:#?}\n\n{CAUSES_OF_CORRECTIONS}"
        ))
    }

    /// What its client draws of the own state is what everybody else is shown.
    fn is_shown(
        &mut self,
        made: &Made<'_, G>,
        player: PlayerId,
        own: &G::Own,
    ) -> Result<(), Violation> {
        self.writer.clear();
        G::show_own(own, &mut self.writer);
        for row in self.writer.rows().iter() {
            let shown = made.scene.rows().find(row.entity).filter(|shown| shown.kind == row.kind);
            if shown == Some(row) {
                continue;
            }
            let (tick, player) = (made.tick, (made.name_of)(player));
            let what = match shown {
                Some(shown) => differing_fields(made.schema, row, shown),
                None => "  `Game::show` shows no such entity of this kind\n".to_owned(),
            };
            let kind = &made.schema.entities[usize::from(row.kind)].name;
            return Err(format!(
                "{player} sees its own {kind} (entity {}) otherwise than the others do, in tick \
                 {tick}: `Game::show_own` and `Game::show` disagree.\n{what}\n\
                 Let `show` write that row by the same code as `show_own`, from the player's own \
                 state; what is not in `Own` cannot be in a row of `show_own`.",
                row.entity.0
            ));
        }
        Ok(())
    }
}

fn differing_fields(schema: &Schema, own: RowRef<'_>, shown: RowRef<'_>) -> String {
    let fields = &schema.entities[usize::from(own.kind)].fields;
    let values = fields.iter().zip(own.values.iter().zip(shown.values));
    let differing = values.filter(|(_, (own, shown))| own != shown).map(|(field, (own, shown))| {
        let [own, shown] = [own, shown].map(|step| field.value(*step));
        format!("  {}: {own} (show_own), {shown} (show)\n", field.name)
    });
    differing.collect()
}

/// The own state as its client has it, which must be what was sent.
fn arrives_whole<G: Game>(
    made: &Made<'_, G>,
    player: PlayerId,
    own: &G::Own,
) -> Result<G::Own, Violation> {
    let name = || (made.name_of)(player);
    let arrived = sent(own).map_err(|error| format!("`Own` of {} {error}", name()))?;
    if arrived == *own {
        return Ok(arrived);
    }
    let (tick, player) = (made.tick, name());
    let found = differences(("sent", own), ("arrived", &arrived));
    Err(format!(
        "the own state of {player} does not arrive as it is sent, in tick {tick}:\n{found}\n\
         {CAUSES_OF_LOSS}\n\n{own:#?}"
    ))
}

/// A value as it arrives at a client.
pub(crate) fn sent<T: Serialize + DeserializeOwned>(value: &T) -> Result<T, String> {
    let bytes = bincode::serde::encode_to_vec(value, WIRE)
        .map_err(|error| format!("cannot be serialised: {error}"))?;
    match bincode::serde::decode_from_slice(&bytes, WIRE) {
        Ok((value, used)) if used == bytes.len() => Ok(value),
        Ok((_, used)) => Err(format!("is {} bytes, of which {used} were read again", bytes.len())),
        Err(error) => Err(format!("cannot be read again: {error}")),
    }
}
