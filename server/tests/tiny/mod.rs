//! The smallest game there is: everybody has a number that rises by what they give. One input
//! breaks the rules, for the tests of what happens then.

use serde::{Deserialize, Serialize};
use shared::game::{Game, Setup, Step};
use shared::ids::{EntityId, PlayerId};
use shared::scene::{EntityKind, FieldDef, SceneWriter, Schema};

const NUMBER: EntityKind<1> =
    EntityKind::new(0, "number", [FieldDef::whole("value", 0, 1_000_000)]);

/// The input that makes the rules panic.
pub(crate) const BREAK: u8 = 255;

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Tiny {
    numbers: Vec<(PlayerId, u32)>,
}

impl Game for Tiny {
    const NAME: &'static str = "tiny";
    const RULES: u32 = 3;
    type Settings = ();
    type Level = ();
    type Input = u8;
    type Own = u32;

    fn schema() -> Schema {
        Schema::new().entity(&NUMBER)
    }

    fn new(_: &Setup<()>) -> (Tiny, ()) {
        (Tiny { numbers: Vec::new() }, ())
    }

    fn join(&mut self, player: PlayerId) {
        self.numbers.push((player, 0));
    }

    fn leave(&mut self, player: PlayerId) {
        self.numbers.retain(|(other, _)| *other != player);
    }

    fn step(&mut self, now: &mut Step<'_, Tiny>) {
        for (player, number) in &mut self.numbers {
            let input = now.input(*player).or_default();
            assert_ne!(input, BREAK, "the input that breaks the rules");
            Tiny::advance(number, now.level, input);
        }
    }

    fn show(&self, scene: &mut SceneWriter) {
        for (player, number) in &self.numbers {
            scene.row(&NUMBER, EntityId(player.0.into()), [f64::from(*number)]);
        }
    }

    fn own(&self, player: PlayerId) -> Option<u32> {
        self.numbers.iter().find(|(other, _)| *other == player).map(|(_, number)| *number)
    }

    fn advance(own: &mut u32, (): &(), input: u8) {
        *own += u32::from(input);
    }

    fn show_own(_: &u32, _: &mut SceneWriter) {}
}
