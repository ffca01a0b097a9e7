//! Tag: one runner is it, runs a little faster, and passes it on by touch.

use serde::{Deserialize, Serialize};
use tickwire_game::prelude::*;

/// From the middle of the field to its edges, in metres.
const HALF: [f32; 2] = [20.0, 12.0];
const RADIUS: f32 = 0.5;
/// Metres per second.
const SPEED: f32 = 6.0;
const SPEED_IT: f32 = 6.8;
/// For how long who was just tagged stands still, in seconds.
const FROZEN_S: f32 = 1.5;
/// For how long who is away is still in the game, in seconds.
const AWAY_S: f32 = 3.0;

/// What never changes in a room.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Level {
    half: [f32; 2],
    radius: f32,
    /// Of each its left, its top, its width and its height.
    walls: Vec<[f32; 4]>,
}

impl Level {
    fn new(dice: &mut Dice) -> Level {
        let walls = (0..7).map(|_| {
            let (w, h) = if dice.chance(0.5) { (6.0, 1.0) } else { (1.0, 6.0) };
            let mut along = |half: f32, size: f32| dice.between(2.0 - half, half - 2.0 - size);
            [along(HALF[0], w), along(HALF[1], h), w, h]
        });
        Level { half: HALF, radius: RADIUS, walls: walls.collect() }
    }

    fn is_free(&self, x: f32, y: f32) -> bool {
        self.walls.iter().all(|&[left, top, w, h]| {
            let (dx, dy) = (x - x.clamp(left, left + w), y - y.clamp(top, top + h));
            dx * dx + dy * dy >= RADIUS * RADIUS
        })
    }
}

/// What a player holds in a tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Input {
    pub up: bool,
    pub down: bool,
    pub left: bool,
    pub right: bool,
}

/// All that `advance` uses of a player, and what shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Own {
    pub entity: EntityId,
    pub player: PlayerId,
    pub x: f32,
    pub y: f32,
    pub it: bool,
    pub frozen: Timer,
}

/// A runner, as everybody sees it.
#[derive(Row)]
#[row(place(x, y))]
pub struct Runner {
    #[field(range = -HALF[0]..=HALF[0], step = 1.0 / 64.0, unit = "m")]
    pub x: f32,
    #[field(range = -HALF[1]..=HALF[1], step = 1.0 / 64.0, unit = "m")]
    pub y: f32,
    pub player: PlayerId,
    pub it: bool,
    pub frozen: bool,
}

/// Somebody was tagged.
#[derive(Event)]
pub struct Tagged {
    pub by: PlayerId,
    pub who: PlayerId,
}

/// The world.
#[derive(Clone, Serialize, Deserialize)]
pub struct Tag {
    dice: Dice,
    next_entity: EntityId,
    /// Each with how many it has tagged, and a timer that runs while that runner is in the game.
    runners: Vec<(Own, i32, Timer)>,
}

impl Game for Tag {
    const NAME: &'static str = "tag";
    const RULES: u32 = 1;
    const TICK_RATE_HZ: u16 = 60;
    const PLAYERS_MAX: u16 = 16;
    type Settings = ();
    type Level = Level;
    type Input = Input;
    type Own = Own;

    fn schema() -> Schema {
        Schema::new().row::<Runner>().event::<Tagged>()
    }

    fn new(setup: &Setup<()>) -> (Tag, Level) {
        let mut dice = Dice::new(setup.seed, 0);
        let level = Level::new(&mut dice);
        (Tag { dice, next_entity: EntityId(1), runners: Vec::new() }, level)
    }

    fn join(&mut self, now: &mut Step<'_, Tag>, player: PlayerId, _: Option<Subject>) {
        let mut place = || [0, 1].map(|i| self.dice.between(RADIUS - HALF[i], HALF[i] - RADIUS));
        let free = (0..50).map(|_| place()).find(|&[x, y]| now.level.is_free(x, y));
        let [x, y] = free.unwrap_or_default();
        let (entity, still) = (self.next_entity.take(), Timer::default());
        self.runners.push((Own { entity, player, x, y, it: false, frozen: still }, 0, still));
    }

    fn leave(&mut self, _: &mut Step<'_, Tag>, player: PlayerId, _: LeaveReason) {
        self.runners.retain(|(own, ..)| own.player != player);
    }

    fn step(&mut self, now: &mut Step<'_, Tag>) {
        for (own, _, plays) in &mut self.runners {
            Tag::advance(own, now.level, now.input(own.player).or_default(), now.dt);
            plays.tick();
            if !now.input(own.player).is_missing() {
                *plays = Timer::seconds(AWAY_S, now.dt);
            }
        }
        let playing = self.runners.iter().enumerate().filter(|(_, (.., plays))| plays.is_running());
        // Who was it still is, or else the first is.
        let Some((by, _)) = playing.min_by_key(|(_, (own, ..))| !own.it) else { return };
        for (at, (own, ..)) in self.runners.iter_mut().enumerate() {
            if own.it != (at == by) {
                own.it = at == by;
                now.affect(own.player, Effect::Push);
            }
        }
        let Own { x, y, player, frozen, .. } = self.runners[by].0;
        let can_tag = !frozen.is_running() && !now.input(player).is_missing();
        let touches = |(own, _, plays): &(Own, i32, Timer)| {
            let (dx, dy) = (own.x - x, own.y - y);
            let is_near = dx * dx + dy * dy < 4.0 * RADIUS * RADIUS;
            can_tag && is_near && !own.it && !own.frozen.is_running() && plays.is_running()
        };
        let Some(who) = self.runners.iter().position(touches) else { return };
        let (tagger, score, _) = &mut self.runners[by];
        (tagger.it, *score) = (false, *score + 1);
        let (by, tagged) = (tagger.player, &mut self.runners[who].0);
        (tagged.it, tagged.frozen) = (true, Timer::seconds(FROZEN_S, now.dt));
        let who = tagged.player;
        now.affect(by, Effect::Push);
        now.affect(who, Effect::Hit);
        now.emit(&Tagged { by, who });
    }

    fn show(&self, scene: &mut SceneWriter) {
        self.runners.iter().for_each(|(own, ..)| Tag::show_own(own, scene));
    }

    fn own(&self, player: PlayerId) -> Option<Own> {
        self.runners.iter().map(|(own, ..)| own).find(|own| own.player == player).cloned()
    }

    fn advance(own: &mut Own, level: &Level, input: Input, dt: f32) {
        own.frozen.tick();
        if own.frozen.is_running() {
            return;
        }
        let way = |low: bool, high: bool| f32::from(i8::from(high) - i8::from(low));
        let (x, y) = (way(input.left, input.right), way(input.up, input.down));
        let slant = if x != 0.0 && y != 0.0 { std::f32::consts::FRAC_1_SQRT_2 } else { 1.0 };
        let far = if own.it { SPEED_IT } else { SPEED } * slant * dt;
        let kept = |at: f32, half: f32| at.clamp(RADIUS - half, half - RADIUS);
        let (x, y) = (kept(own.x + x * far, HALF[0]), kept(own.y + y * far, HALF[1]));
        // One after the other, so that a runner slides along a wall.
        if level.is_free(x, own.y) {
            own.x = x;
        }
        if level.is_free(own.x, y) {
            own.y = y;
        }
    }

    fn show_own(own: &Own, scene: &mut SceneWriter) {
        let Own { x, y, player, it, .. } = *own;
        scene.row(own.entity, &Runner { x, y, player, it, frozen: own.frozen.is_running() });
    }

    fn score(&self, player: PlayerId) -> i32 {
        self.runners.iter().find(|(own, ..)| own.player == player).map_or(0, |(_, score, _)| *score)
    }

    fn bot(seen: &Seen<'_, Tag>, dice: &mut Dice) -> Input {
        let Some(own) = seen.own else { return Input::default() };
        let far = |other: &Runner| (other.x - own.x).abs() + (other.y - own.y).abs();
        let others = seen.each::<Runner>().map(|(_, other)| other).filter(|other| {
            other.player != own.player && if own.it { !other.frozen } else { other.it }
        });
        let nearest = others.min_by(|a, b| far(a).total_cmp(&far(b)));
        let (x, y) = nearest.map_or((0.0, 0.0), |other| (other.x - own.x, other.y - own.y));
        let (x, y) = if own.it { (x, y) } else { (-x, -y) };
        // Now and then aside, so as not to stand behind a wall for ever.
        let (x, y) = if dice.chance(0.3) { (y, -x) } else { (x, y) };
        Input { up: y < -0.3, down: y > 0.3, left: x < -0.3, right: x > 0.3 }
    }
}
