//! The smallest game there is: everybody has a number that rises by what they give. One input
//! breaks the rules and one makes them slow, for the tests of what happens then.

use std::thread::sleep;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::game::{Game, Setup, Step};
use shared::ids::{EntityId, PlayerId};
use shared::scene::{EntityKind, FieldDef, SceneWriter, Schema};

const NUMBER: EntityKind<1> =
    EntityKind::new(0, "number", [FieldDef::whole("value", 0, 1_000_000)]);

/// The input that makes the rules panic.
pub(crate) const BREAK: u8 = 255;
/// The input from which on steps take [`HEAVY_STEP`].
pub(crate) const HEAVY: u8 = 254;
/// The input from which on they take no time any more.
pub(crate) const LIGHT: u8 = 253;
/// One and a half ticks at 30 a second.
const HEAVY_STEP: Duration = Duration::from_millis(50);

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Tiny {
    numbers: Vec<(PlayerId, u32)>,
    is_heavy: bool,
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
        (Tiny { numbers: Vec::new(), is_heavy: false }, ())
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
            match input {
                HEAVY => self.is_heavy = true,
                LIGHT => self.is_heavy = false,
                _ => {}
            }
            Tiny::advance(number, now.level, input);
        }
        if self.is_heavy {
            sleep(HEAVY_STEP);
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
