//! Skirmish, the bundled game: ships in a walled arena that grows with the number of players.
//!
//! It is written only against [`crate::game`] and is the model of a game on Tickwire. This file
//! holds the world and its tick as a list of verbs; what the verbs mean is in the other files:
//! `input` is what a player gives, `ship` moves one player by it, `bolts` fly and hit, the `rail`
//! hits what was seen, `spawn` finds safe places, `level` is what stands in the way, [`kinds`] is
//! what there is to see, `bot` plays, and [`rules`] has all numbers.
//!
//! Nothing here knows the server, the wire or a page. x grows to the right, y downwards.

mod bolts;
mod border;
mod bot;
mod generate;
mod grid;
mod input;
pub mod kinds;
mod level;
#[cfg(test)]
mod person;
mod rail;
pub mod rules;
mod ship;
mod spawn;
#[cfg(test)]
mod tests;

use glam::Vec2;
use serde::{Deserialize, Serialize};

pub use border::Border;
pub use input::{Input, aim_direction};
pub use level::{Level, LevelError, Rect, Rock};
pub use rail::rail_reach;
pub use ship::{Life, Own};

use self::bolts::{Bolt, Flight};
use self::grid::Grid;
use self::rail::{Beam, Rail, Sight};
use self::rules::{
    BOLT_DAMAGE, RAIL_DAMAGE, SPAWNS_PER_TICK_MAX, VIEW_HALF_X, VIEW_HALF_Y, border_radius,
};
use crate::dice::Dice;
use crate::game::{Effect, Game, Seen, Setup, Step};
use crate::history::History;
use crate::ids::{EntityId, PlayerId};
use crate::scene::{RowRef, SceneWriter, Schema, View};
use crate::tick::Tick;

/// The border's entity: the first of every world, so that a client can show the border from a
/// player's own state.
const BORDER_ENTITY: EntityId = EntityId(0);

/// The world's randomness; the level has another stream.
const DICE_STREAM: u64 = 0;

/// What whoever opens a room can choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Whether walls and rocks stand in the arena.
    pub obstacles: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { obstacles: true }
    }
}

/// The world of Skirmish.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Skirmish {
    dice: Dice,
    next_entity: EntityId,
    /// Whether a tick was made: before, the border is put where it belongs at once.
    begun: bool,
    /// The border never goes beyond this: the level ends there.
    border_max: f32,
    border: Border,
    /// By rising player.
    players: Vec<Player>,
    /// By rising entity.
    bolts: Vec<Bolt>,
    /// Where the ships were to be seen lately.
    past: History<Sight>,
    /// Refilled by every tick; here only to keep the memory.
    #[serde(skip)]
    scratch: Scratch,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Player {
    own: Own,
    score: i32,
}

#[derive(Clone, Debug, Default)]
struct Scratch {
    shots: Vec<Bolt>,
    rails: Vec<Rail>,
    places: Vec<Vec2>,
    ships: Grid,
}

impl Game for Skirmish {
    const NAME: &'static str = "skirmish";
    const RULES: u32 = 3;

    type Settings = Settings;
    type Level = Level;
    type Input = Input;
    type Own = Own;

    fn schema() -> Schema {
        kinds::schema()
    }

    fn new(setup: &Setup<Settings>) -> (Skirmish, Level) {
        let Settings { obstacles } = setup.settings;
        let level = if obstacles {
            generate::generate(setup.seed, setup.tick_rate, setup.players_max)
        } else {
            generate::open(setup.tick_rate, setup.players_max)
        };
        let radius = border_radius(0);
        let world = Skirmish {
            dice: Dice::new(setup.seed, DICE_STREAM),
            next_entity: EntityId(BORDER_ENTITY.0 + 1),
            begun: false,
            border_max: level.radius,
            border: Border { radius, target: radius },
            players: Vec::new(),
            bolts: Vec::new(),
            past: History::new(setup.rewind_max_ticks),
            scratch: Scratch::default(),
        };
        (world, level)
    }

    fn join(&mut self, player: PlayerId) {
        if let Err(at) = self.find(player) {
            let own = Own::waiting(player, self.border);
            self.players.insert(at, Player { own, score: 0 });
        }
    }

    fn leave(&mut self, player: PlayerId) {
        if let Ok(at) = self.find(player) {
            self.players.remove(at);
            // Its number may be given out again: nobody should score by a stranger's bolts.
            self.bolts.retain(|bolt| bolt.owner != player);
        }
    }

    fn step(&mut self, now: &mut Step<'_, Skirmish>) {
        self.aim_border(now);
        // Ships first, so that bolts are judged against where their targets are now.
        self.advance_players(now);
        // Before the bolts, so that nobody appears in the way of one unseen.
        self.spawn_ships(now);
        // All ships are now where they will be seen.
        self.past.push(now.tick, self.players.iter().map(|player| Sight::of(&player.own)));
        // Shots are fired before anything hits, so that whoever dies now has shot all the same; but
        // a fresh bolt is seen where and as its ship is, and flies from the next tick on.
        self.fire_shots(now);
        self.strike_by_rails(now);
        self.fly_bolts(now);
        self.launch_shots();
    }

    fn show(&self, scene: &mut SceneWriter) {
        show_border(&self.border, scene);
        for player in &self.players {
            player.own.show(scene);
        }
        for bolt in &self.bolts {
            bolt.show(scene);
        }
    }

    fn own(&self, player: PlayerId) -> Option<Own> {
        self.find(player).ok().map(|at| self.players[at].own.clone())
    }

    fn advance(own: &mut Own, level: &Level, input: Input) {
        ship::advance(own, level, input);
    }

    fn show_own(own: &Own, scene: &mut SceneWriter) {
        show_border(&own.border, scene);
        own.show(scene);
    }

    fn show_shot(
        own: &Own,
        fired_at: Tick,
        level: &Level,
        age_ticks: u32,
        scene: &mut SceneWriter,
    ) {
        bolts::show_shot(own, fired_at, level, age_ticks, scene);
    }

    fn shot_key(row: RowRef<'_>) -> Option<u64> {
        bolts::shot_key(row)
    }

    fn view(&self, player: PlayerId) -> View {
        let centre = self.find(player).map_or(Vec2::ZERO, |at| self.players[at].own.place);
        View::around(centre.to_array(), [VIEW_HALF_X, VIEW_HALF_Y])
    }

    fn score(&self, player: PlayerId) -> i32 {
        self.find(player).map_or(0, |at| self.players[at].score)
    }

    fn bot(seen: &Seen<'_, Skirmish>, dice: &mut Dice) -> Input {
        bot::play(seen, dice)
    }
}

impl Skirmish {
    fn find(&self, player: PlayerId) -> Result<usize, usize> {
        self.players.binary_search_by_key(&player, |player| player.own.player)
    }

    /// Sends the border to where it belongs with so many players. In a tick and not between two,
    /// when they come and go: clients learn of it as something that this tick did to them.
    fn aim_border(&mut self, now: &mut Step<'_, Skirmish>) {
        let wanted = border_radius(self.players.len() as u16);
        let target = if wanted < self.border_max { wanted } else { self.border_max };
        let radius = if self.begun { self.border.radius } else { target };
        self.begun = true;
        let border = Border { radius, target };
        if border == self.border {
            return;
        }
        self.border = border;
        for Player { own, .. } in &mut self.players {
            own.border = border;
            now.affect(own.player, Effect::Push);
        }
    }

    fn advance_players(&mut self, now: &Step<'_, Skirmish>) {
        self.border.advance(&now.level.timing);
        for Player { own, .. } in &mut self.players {
            let input = now.input(own.player).or_default();
            ship::advance(own, now.level, input);
            debug_assert_eq!(own.border, self.border, "there is only one border");
        }
    }

    fn spawn_ships(&mut self, now: &mut Step<'_, Skirmish>) {
        let due = Life::Dead { respawn_ticks: 0 };
        let mut left = SPAWNS_PER_TICK_MAX;
        for at in 0..self.players.len() {
            if self.players[at].own.life != due || left == 0 {
                continue;
            }
            left -= 1;
            let alive = self.players.iter().map(|player| &player.own).filter(|own| own.is_alive());
            let others = alive.map(|own| own.place);
            let place = spawn::safe_place(&mut self.dice, now.level, &self.border, others);
            let own = &mut self.players[at].own;
            own.spawn(self.next_entity.take(), place, &now.level.timing);
            now.affect(own.player, Effect::Spawn);
            now.emit(&kinds::SPAWN, [place.x.into(), place.y.into(), own.player.0.into()]);
        }
    }

    fn fire_shots(&mut self, now: &Step<'_, Skirmish>) {
        for Player { own, .. } in self.players.iter().filter(|player| player.own.fired) {
            let entity = self.next_entity.take();
            self.scratch.shots.push(Bolt::of_shot(entity, own, now.tick, &now.level.timing));
        }
        let railed = self.players.iter().filter(|player| player.own.railed);
        self.scratch.rails.extend(railed.map(|player| Rail::of_shot(&player.own)));
    }

    /// Each rail hits the ships that live now, where its player saw them. One without a picture of
    /// its own, as the bots of a room, sees the present.
    fn strike_by_rails(&mut self, now: &mut Step<'_, Skirmish>) {
        let Skirmish { border, players, past, scratch, .. } = self;
        for rail in scratch.rails.drain(..) {
            let moment = past.at(now.tick, now.rewind(rail.owner));
            let place = |own: &Own| match &moment {
                Some(moment) => rail::place_at(moment, own),
                None => Some(own.place),
            };
            let others = players.iter().map(|player| &player.own).enumerate();
            let others = others.filter(|(_, own)| own.is_alive() && own.player != rail.owner);
            let targets = others.filter_map(|(index, own)| Some((index, place(own)?)));
            let Beam { end, victim } = rail.trace(border, now.level, targets);
            let (middle, half) = ((rail.from + end) * 0.5, (end - rail.from) * 0.5);
            let [x, y, dx, dy] = [middle.x, middle.y, half.x, half.y].map(f64::from);
            now.emit(&kinds::RAIL, [x, y, dx, dy, rail.owner.0.into()]);
            if let Some((victim, seen_at)) = victim {
                // Where the ship is now, on the side on which it was hit: it is that everybody sees.
                let at = end - seen_at + players[victim].own.place;
                hit(players, victim, Blow { by: rail.owner, at, damage: RAIL_DAMAGE }, now);
            }
        }
    }

    fn launch_shots(&mut self) {
        self.bolts.append(&mut self.scratch.shots);
    }

    fn fly_bolts(&mut self, now: &mut Step<'_, Skirmish>) {
        let Skirmish { border, players, bolts, scratch, .. } = self;
        scratch.places.clear();
        scratch.places.extend(players.iter().map(|player| player.own.place));
        bolts::refill(&mut scratch.ships, border, &scratch.places);
        bolts.retain_mut(|bolt| {
            let target = |at: usize| {
                let own: &Own = &players[at].own;
                own.is_alive().then_some((own.player, own.place))
            };
            match bolt.fly(now.level, border, &scratch.ships, target) {
                Flight::On => return true,
                Flight::Spent => {}
                Flight::Burst => {
                    now.emit(&kinds::BURST, [bolt.place.x.into(), bolt.place.y.into()]);
                }
                Flight::Hit(victim) => {
                    let (by, at) = (bolt.owner, bolt.place);
                    hit(players, victim, Blow { by, at, damage: BOLT_DAMAGE }, now);
                }
            }
            false
        });
    }
}

fn show_border(border: &Border, scene: &mut SceneWriter) {
    scene.row(&kinds::BORDER, BORDER_ENTITY, [border.radius.into()]);
}

/// What a shot does to a ship that it hits.
struct Blow {
    by: PlayerId,
    at: Vec2,
    damage: f32,
}

/// The ship of `players[victim]` is hit.
fn hit(players: &mut [Player], victim: usize, blow: Blow, now: &mut Step<'_, Skirmish>) {
    let own = &mut players[victim].own;
    let damage = if own.is_protected() { 0.0 } else { blow.damage };
    let shielded = damage == 0.0 || own.hurt(damage, &now.level.timing);
    let (victim_id, killer_id) = (f64::from(own.player.0), f64::from(blow.by.0));
    let (x, y) = (blow.at.x.into(), blow.at.y.into());
    let shielded_bit = f64::from(u8::from(shielded));
    now.emit(&kinds::HIT, [x, y, victim_id, killer_id, damage.into(), shielded_bit]);
    if damage > 0.0 {
        now.affect(own.player, Effect::Hit);
    }
    if own.hull > 0.0 {
        return;
    }
    now.affect(own.player, Effect::Death);
    now.emit(&kinds::BOOM, [own.place.x.into(), own.place.y.into(), victim_id]);
    now.emit(&kinds::KILL, [victim_id, killer_id]);
    own.die(&now.level.timing);
    let killer = players.binary_search_by_key(&blow.by, |player| player.own.player);
    // Bolts go with their player, and a rail hits in the tick of its shot.
    players[killer.expect("a shot has a player")].score += 1;
}
