//! Tag: one runner is it, runs a little faster, and passes it on by touch.

use serde::{Deserialize, Serialize};
use tickwire_game::prelude::*;

/// From the middle of the field to its edges, in metres.
const HALF: [f32; 2] = [20.0, 12.0];
const RADIUS: f32 = 0.5;
const SPEED: f32 = 6.0;
const SPEED_IT: f32 = 6.8;
/// Who was just tagged stands still for so long.
const FROZEN_S: f32 = 1.5;
const WALLS: u32 = 7;

/// A wall, from its lowest corner.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Wall {
    x: f32,
    y: f32,
    w: f32,
    h: f32,
}

/// What never changes: the page draws it, and `advance` runs among it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Level {
    half: [f32; 2],
    radius: f32,
    walls: Vec<Wall>,
}

/// What a player holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Input {
    pub up: bool,
    pub down: bool,
    pub left: bool,
    pub right: bool,
}

/// All that `advance` needs to know of a player.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Own {
    entity: EntityId,
    player: PlayerId,
    x: f32,
    y: f32,
    vx: f32,
    vy: f32,
    it: bool,
    frozen: Timer,
}

/// A runner, as everybody sees it.
#[derive(Row)]
#[row(place(x, y))]
pub struct Runner {
    #[field(range = -HALF[0]..=HALF[0], step = 1.0 / 64.0, unit = "m", moves_by = vx)]
    pub x: f32,
    #[field(range = -HALF[1]..=HALF[1], step = 1.0 / 64.0, unit = "m", moves_by = vy)]
    pub y: f32,
    #[field(range = -SPEED_IT..=SPEED_IT, step = 1.0 / 32.0, unit = "m/s")]
    pub vx: f32,
    #[field(range = -SPEED_IT..=SPEED_IT, step = 1.0 / 32.0, unit = "m/s")]
    pub vy: f32,
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
    runners: Vec<Own>,
    /// How many each has tagged; in the order of `runners`.
    scores: Vec<i32>,
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
        let walls = (0..WALLS).map(|_| {
            let (w, h) = if dice.chance(0.5) { (6.0, 1.0) } else { (1.0, 6.0) };
            let (x, y) = (HALF[0] - 2.0 - w, HALF[1] - 2.0 - h);
            Wall { x: dice.between(2.0 - HALF[0], x), y: dice.between(2.0 - HALF[1], y), w, h }
        });
        let level = Level { half: HALF, radius: RADIUS, walls: walls.collect() };
        (Tag { dice, next_entity: EntityId(1), runners: Vec::new(), scores: Vec::new() }, level)
    }

    fn join(&mut self, now: &mut Step<'_, Tag>, player: PlayerId, _: Option<Subject>) {
        let (mut x, mut y) = (0.0, 0.0);
        for _ in 0..20 {
            x = self.dice.between(1.0 - HALF[0], HALF[0] - 1.0);
            y = self.dice.between(1.0 - HALF[1], HALF[1] - 1.0);
            if !now.level.walls.iter().any(|wall| wall.touches(x, y)) {
                break;
            }
        }
        let (entity, it) = (self.next_entity.take(), self.runners.is_empty());
        let frozen = Timer::default();
        self.runners.push(Own { entity, player, x, y, vx: 0.0, vy: 0.0, it, frozen });
        self.scores.push(0);
    }

    fn leave(&mut self, now: &mut Step<'_, Tag>, player: PlayerId, _: LeaveReason) {
        let Some(at) = self.runners.iter().position(|own| own.player == player) else { return };
        let gone = self.runners.remove(at);
        self.scores.remove(at);
        // Somebody always is it.
        if let (true, Some(next)) = (gone.it, self.runners.first_mut()) {
            next.it = true;
            now.affect(next.player, Effect::Push);
        }
    }

    fn step(&mut self, now: &mut Step<'_, Tag>) {
        for own in &mut self.runners {
            Tag::advance(own, now.level, now.input(own.player).or_default(), now.dt);
        }
        self.pass_it_on(now);
    }

    fn show(&self, scene: &mut SceneWriter) {
        self.runners.iter().for_each(|own| Tag::show_own(own, scene));
    }

    fn own(&self, player: PlayerId) -> Option<Own> {
        self.runners.iter().find(|own| own.player == player).cloned()
    }

    fn advance(own: &mut Own, level: &Level, input: Input, dt: f32) {
        own.frozen.tick();
        let axis = |low: bool, high: bool| f32::from(i8::from(high) - i8::from(low));
        let (x, y) = (axis(input.left, input.right), axis(input.up, input.down));
        let slant = if x != 0.0 && y != 0.0 { std::f32::consts::FRAC_1_SQRT_2 } else { 1.0 };
        let speed = match (own.frozen.is_running(), own.it) {
            (true, _) => 0.0,
            (false, true) => SPEED_IT,
            (false, false) => SPEED,
        };
        // One axis after the other, so that a runner slides along walls.
        let blocked = |x: f32, y: f32| level.walls.iter().any(|wall| wall.touches(x, y));
        let step = |at: f32, way: f32, half: f32| {
            (at + way * slant * speed * dt).clamp(RADIUS - half, half - RADIUS)
        };
        let (to_x, to_y) = (step(own.x, x, HALF[0]), step(own.y, y, HALF[1]));
        let (from_x, from_y) = (own.x, own.y);
        if !blocked(to_x, own.y) {
            own.x = to_x;
        }
        if !blocked(own.x, to_y) {
            own.y = to_y;
        }
        (own.vx, own.vy) = ((own.x - from_x) / dt, (own.y - from_y) / dt);
    }

    fn show_own(own: &Own, scene: &mut SceneWriter) {
        let Own { x, y, vx, vy, player, it, .. } = *own;
        let frozen = own.frozen.is_running();
        scene.row(own.entity, &Runner { x, y, vx, vy, player, it, frozen });
    }

    fn score(&self, player: PlayerId) -> i32 {
        let at = self.runners.iter().position(|own| own.player == player);
        at.map_or(0, |at| self.scores[at])
    }

    fn bot(seen: &Seen<'_, Tag>, dice: &mut Dice) -> Input {
        let Some(own) = seen.own else { return Input::default() };
        let distance = |(_, it): &(EntityId, Runner)| (it.x - own.x).abs() + (it.y - own.y).abs();
        let others = seen.each::<Runner>().filter(|(_, it)| it.player != own.player);
        let prey = others.filter(|(_, it)| if own.it { !it.frozen } else { it.it });
        let nearest = prey.min_by(|a, b| distance(a).total_cmp(&distance(b)));
        let Some((_, other)) = nearest else { return Input::default() };
        let way = if own.it { 1.0 } else { -1.0 };
        let (x, y) = ((other.x - own.x) * way, (other.y - own.y) * way);
        // Now and then somewhere else, so as not to stand behind a wall for ever.
        let (x, y) = if dice.chance(0.2) { (y, -x) } else { (x, y) };
        Input { up: y < -0.3, down: y > 0.3, left: x < -0.3, right: x > 0.3 }
    }
}

impl Tag {
    /// The first that the one who is it touches is it from now on.
    fn pass_it_on(&mut self, now: &mut Step<'_, Tag>) {
        let Some(by) = self.runners.iter().position(|own| own.it) else { return };
        let (x, y) = (self.runners[by].x, self.runners[by].y);
        let reach = 2.0 * RADIUS;
        let touches = |own: &Own| {
            let (dx, dy) = (own.x - x, own.y - y);
            !own.it && !own.frozen.is_running() && dx * dx + dy * dy < reach * reach
        };
        if self.runners[by].frozen.is_running() {
            return;
        }
        let Some(who) = self.runners.iter().position(touches) else { return };
        self.runners[by].it = false;
        self.scores[by] += 1;
        let tagged = &mut self.runners[who];
        (tagged.it, tagged.frozen) = (true, Timer::seconds(FROZEN_S, now.dt));
        let (by, who) = (self.runners[by].player, self.runners[who].player);
        // Both own states have changed otherwise than by their input.
        now.affect(by, Effect::Hit);
        now.affect(who, Effect::Hit);
        now.emit(&Tagged { by, who });
    }
}

impl Wall {
    fn touches(&self, x: f32, y: f32) -> bool {
        let (dx, dy) = (x - x.clamp(self.x, self.x + self.w), y - y.clamp(self.y, self.y + self.h));
        dx * dx + dy * dy < RADIUS * RADIUS
    }
}
