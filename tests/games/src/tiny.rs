//! [`Tiny`]: the smallest game. Every player has a number that grows by its inputs, and may do nothing
//! for as long as it likes. One input makes the rules panic and one makes them slow, for tests of failed
//! and overloaded rooms; [`crate::trouble`] has all else that can go wrong.

use std::thread::{self, sleep};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tickwire_game::game::{Game, LeaveReason, Setup, Step};
use tickwire_game::ids::{EntityId, PlayerId, Subject};
use tickwire_game::scene::{Row, SceneWriter, Schema};

#[derive(Row)]
struct Number {
    #[field(range = 0..=1_000_000)]
    value: u32,
}

/// The input that makes the rules panic.
pub const BREAK: u8 = 255;
/// From this input on, each step takes one and a half ticks at 30 Hz.
pub const HEAVY: u8 = 254;
/// From this input on, steps take no time again.
pub const LIGHT: u8 = 253;
/// How long a step takes after [`HEAVY`].
const HEAVY_STEP: Duration = Duration::from_millis(50);

/// The world: a number for each player.
#[derive(Clone, Serialize, Deserialize)]
pub struct Tiny {
    numbers: Vec<(PlayerId, u32)>,
    is_heavy: bool,
}

impl Game for Tiny {
    const NAME: &'static str = "tiny";
    const RULES: u32 = 3;
    const PLAYERS_MAY_IDLE: bool = true;
    type Settings = ();
    type Level = ();
    type Input = u8;
    type Own = u32;

    fn schema() -> Schema {
        Schema::new().row::<Number>()
    }

    fn new(_: &Setup<()>) -> (Tiny, ()) {
        // Any test of a whole server with this game shows that its worlds are made elsewhere.
        let thread = thread::current();
        let makes_ticks = thread.name().is_some_and(|name| name.starts_with("shard"));
        assert!(!makes_ticks, "a world is made on a thread that makes ticks");
        (Tiny { numbers: Vec::new(), is_heavy: false }, ())
    }

    fn join(&mut self, _: &mut Step<'_, Self>, player: PlayerId, _: Option<Subject>) {
        self.numbers.push((player, 0));
    }

    fn leave(&mut self, _: &mut Step<'_, Self>, player: PlayerId, _: LeaveReason) {
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
            Tiny::advance(number, now.level, input, now.dt);
        }
        if self.is_heavy {
            sleep(HEAVY_STEP);
        }
    }

    fn show(&self, scene: &mut SceneWriter) {
        for (player, number) in &self.numbers {
            scene.row(EntityId(player.0.into()), &Number { value: *number });
        }
    }

    fn own(&self, player: PlayerId) -> Option<u32> {
        self.numbers.iter().find(|(other, _)| *other == player).map(|(_, number)| *number)
    }

    fn advance(own: &mut u32, (): &(), input: u8, _: f32) {
        *own += u32::from(input);
    }

    fn show_own(_: &u32, _: &mut SceneWriter) {}
}
