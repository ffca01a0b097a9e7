//! Skirmish, the bundled game: ships in a walled arena that grows with the number of players.
//!
//! It is written only against [`crate::game`] and is the model of a game on Tickwire. This file
//! holds the world and its tick as a list of verbs; what the verbs mean is in the other files:
//! `ship` moves one player, `bolts` fly and hit, `spawn` finds safe places, `level` is
//! what stands in the way, [`kinds`] is what there is to see, `bot` plays, and [`rules`] has
//! all numbers.
//!
//! Nothing here knows the server, the wire or a page. x grows to the right, y downwards.

mod bolts;
mod border;
mod bot;
mod generate;
mod grid;
pub mod kinds;
mod level;
#[cfg(test)]
mod person;
pub mod rules;
mod ship;
mod spawn;
#[cfg(test)]
mod tests;

use glam::Vec2;
use serde::{Deserialize, Serialize};

pub use border::Border;
pub use level::{Level, LevelError, Rect, Rock};
pub use ship::{Input, Life, Own, aim_direction};

use self::bolts::{Bolt, Flight};
use self::grid::Grid;
use self::rules::{BOLT_DAMAGE, SPAWNS_PER_TICK_MAX, VIEW_HALF_X, VIEW_HALF_Y, border_radius};
use crate::dice::Dice;
use crate::game::{Game, Seen, Setup, Step};
use crate::ids::{EntityId, PlayerId};
use crate::scene::{SceneWriter, Schema, View};

/// The border's entity: the first of every world, so that a client can show the border from a
/// player's own state.
const BORDER_ENTITY: EntityId = EntityId(0);

/// The world's randomness; the level has another stream.
const DICE_STREAM: u64 = 0;

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
    places: Vec<Vec2>,
    ships: Grid,
}

impl Game for Skirmish {
    const NAME: &'static str = "skirmish";
    const RULES: u32 = 2;

    type Settings = ();
    type Level = Level;
    type Input = Input;
    type Own = Own;

    fn schema() -> Schema {
        kinds::schema()
    }

    fn new(setup: &Setup<()>) -> (Skirmish, Level) {
        let level = generate::generate(setup.seed, setup.tick_rate, setup.players_max);
        let radius = border_radius(0);
        let world = Skirmish {
            dice: Dice::new(setup.seed, DICE_STREAM),
            next_entity: EntityId(BORDER_ENTITY.0 + 1),
            begun: false,
            border_max: level.radius,
            border: Border { radius, target: radius },
            players: Vec::new(),
            bolts: Vec::new(),
            scratch: Scratch::default(),
        };
        (world, level)
    }

    fn join(&mut self, player: PlayerId) {
        if let Err(at) = self.find(player) {
            let own = Own::waiting(player, self.border);
            self.players.insert(at, Player { own, score: 0 });
            self.aim_border();
        }
    }

    fn leave(&mut self, player: PlayerId) {
        if let Ok(at) = self.find(player) {
            self.players.remove(at);
            // Its number may be given out again: nobody should score by a stranger's bolts.
            self.bolts.retain(|bolt| bolt.owner != player);
            self.aim_border();
        }
    }

    fn step(&mut self, now: &mut Step<'_, Skirmish>) {
        self.begun = true;
        // Ships first, so that bolts are judged against where their targets are now.
        self.advance_players(now);
        // Before the bolts, so that nobody appears in the way of one unseen.
        self.spawn_ships(now);
        // Shots are fired before bolts fly, so that whoever dies now has shot all the same; but a
        // fresh bolt is seen where and as its ship is, and flies from the next tick on.
        self.fire_shots(now);
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

    /// Sends the border to where it belongs with so many players.
    fn aim_border(&mut self) {
        let wanted = border_radius(self.players.len() as u16);
        self.border.target = if wanted < self.border_max { wanted } else { self.border_max };
        if !self.begun {
            self.border.radius = self.border.target;
        }
        for player in &mut self.players {
            player.own.border = self.border;
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
            now.emit(&kinds::SPAWN, [place.x.into(), place.y.into(), own.player.0.into()]);
        }
    }

    fn fire_shots(&mut self, now: &Step<'_, Skirmish>) {
        for Player { own, .. } in self.players.iter().filter(|player| player.own.fired) {
            let bolt = Bolt::of_shot(self.next_entity.take(), own, &now.level.timing);
            self.scratch.shots.push(bolt);
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
                Flight::Hit(victim) => hit(players, victim, bolt, now),
            }
            false
        });
    }
}

fn show_border(border: &Border, scene: &mut SceneWriter) {
    scene.row(&kinds::BORDER, BORDER_ENTITY, [border.radius.into()]);
}

/// A bolt hits the ship of `players[victim]`.
fn hit(players: &mut [Player], victim: usize, bolt: &Bolt, now: &mut Step<'_, Skirmish>) {
    let own = &mut players[victim].own;
    let damage = if own.is_protected() { 0.0 } else { BOLT_DAMAGE };
    let shielded = damage == 0.0 || own.hurt(damage, &now.level.timing);
    let (victim_id, killer_id) = (f64::from(own.player.0), f64::from(bolt.owner.0));
    let (x, y) = (bolt.place.x.into(), bolt.place.y.into());
    let shielded_bit = f64::from(u8::from(shielded));
    now.emit(&kinds::HIT, [x, y, victim_id, killer_id, damage.into(), shielded_bit]);
    if own.hull > 0.0 {
        return;
    }
    now.emit(&kinds::BOOM, [own.place.x.into(), own.place.y.into(), victim_id]);
    now.emit(&kinds::KILL, [victim_id, killer_id]);
    own.die(&now.level.timing);
    let killer = players.binary_search_by_key(&bolt.owner, |player| player.own.player);
    // The bolts of a player go when it leaves: its owner is there.
    players[killer.expect("a bolt has an owner")].score += 1;
}
