//! A whole game in a page: dots that move about a plane, each seen by those near it.
//!
//! It stands here to prove that server, protocol and client know only the trait, and to make
//! tests of them small. Its world grows by nothing that a test has not asked for.

use serde::{Deserialize, Serialize};
use tickwire_game::game::{Dice, Game, Keys, LeaveReason, Seen, Setup, Step};
use tickwire_game::ids::{EntityId, PlayerId, Subject};
use tickwire_game::scene::{Event, Row, SceneWriter, Schema, View};

const SIDE: f64 = 1_000.0;
const SIGHT: f32 = 100.0;

/// A dot: where it is, and whose.
#[derive(Row)]
#[row(name = "dot", place(x, y))]
pub struct DotRow {
    /// Where.
    #[field(range = 0.0..=SIDE, step = 0.125)]
    pub x: f32,
    /// Where.
    #[field(range = 0.0..=SIDE, step = 0.125)]
    pub y: f32,
    /// Whose.
    pub player: PlayerId,
}

/// A dot blinked: where, and whose.
#[derive(Event)]
#[event(place(x, y))]
pub struct Blink {
    /// Where.
    #[field(range = 0.0..=SIDE, step = 0.125)]
    pub x: f32,
    /// Where.
    #[field(range = 0.0..=SIDE, step = 0.125)]
    pub y: f32,
    /// Whose.
    pub player: PlayerId,
}

/// Where to go, and whether to blink.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Go {
    /// Steps to the right.
    pub x: i8,
    /// Steps down.
    pub y: i8,
    /// Blink for all who are near.
    pub blink: bool,
}

/// One dot.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dot {
    entity: EntityId,
    player: PlayerId,
    x: f32,
    y: f32,
}

/// The game.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dots {
    dots: Vec<Dot>,
    next_entity: EntityId,
    dice: Dice,
}

impl Game for Dots {
    const NAME: &'static str = "dots";
    const RULES: u32 = 1;
    type Settings = ();
    type Level = ();
    type Input = Go;
    type Own = Dot;

    fn schema() -> Schema {
        Schema::new().row::<DotRow>().event::<Blink>()
    }

    fn new(setup: &Setup<()>) -> (Dots, ()) {
        let dice = Dice::new(setup.seed, 0);
        (Dots { dots: Vec::new(), next_entity: EntityId(1), dice }, ())
    }

    fn join(&mut self, _: &mut Step<'_, Self>, player: PlayerId, _: Option<Subject>) {
        let (x, y) = (self.dice.between(0.0, SIDE as f32), self.dice.between(0.0, SIDE as f32));
        self.dots.push(Dot { entity: self.next_entity.take(), player, x, y });
    }

    fn leave(&mut self, _: &mut Step<'_, Self>, player: PlayerId, _: LeaveReason) {
        self.dots.retain(|dot| dot.player != player);
    }

    fn step(&mut self, now: &mut Step<'_, Dots>) {
        for dot in &mut self.dots {
            let go = now.input(dot.player).or_default();
            Dots::advance(dot, &(), go, now.dt);
            if go.blink {
                now.emit(&Blink { x: dot.x, y: dot.y, player: dot.player });
            }
        }
    }

    fn show(&self, scene: &mut SceneWriter) {
        for dot in &self.dots {
            Dots::show_own(dot, scene);
        }
    }

    fn own(&self, player: PlayerId) -> Option<Dot> {
        self.dots.iter().find(|dot| dot.player == player).copied()
    }

    /// A dot blinks by the first button alone while it moves: some keys count only beside others.
    fn keys(held: &Keys) -> Go {
        let axis = |less: bool, more: bool| 32 * (i8::from(more) - i8::from(less));
        let (x, y) = (axis(held.left, held.right), axis(held.up, held.down));
        Go { x, y, blink: held.primary && (x, y) != (0, 0) }
    }

    fn advance(dot: &mut Dot, _: &(), go: Go, _: f32) {
        dot.x = (dot.x + f32::from(go.x) / 32.0).clamp(0.0, SIDE as f32);
        dot.y = (dot.y + f32::from(go.y) / 32.0).clamp(0.0, SIDE as f32);
    }

    fn show_own(dot: &Dot, scene: &mut SceneWriter) {
        scene.row(dot.entity, &DotRow { x: dot.x, y: dot.y, player: dot.player });
    }

    fn view(&self, player: PlayerId) -> View {
        match self.own(player) {
            Some(dot) => View::around([dot.x, dot.y], [SIGHT; 2]),
            None => View::Everything,
        }
    }

    fn bot(seen: &Seen<'_, Dots>, dice: &mut Dice) -> Go {
        // Towards the middle, so that dots meet.
        let towards = |at: f32| if at < SIDE as f32 / 2.0 { 1 } else { -1 };
        let own = seen.own.map_or((0.0, 0.0), |dot| (dot.x, dot.y));
        let step = dice.below(100) as i8;
        Go { x: towards(own.0) * step, y: towards(own.1) * step, blink: dice.chance(0.05) }
    }
}
