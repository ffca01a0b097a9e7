//! Skirmish, the bundled game: ships in a walled arena that grows with the number of players.
//!
//! It is written only against [`tickwire_game::game`] and is the model of a game on Tickwire. This file
//! holds the world and its tick as a list of verbs; what the verbs mean is in the other files:
//! `input` is what a player gives, `ship` moves one player by it, a [`class`] says how well,
//! `combat` fires and hits, of which `bolts` fly and the `rail` hits what was seen, `spawn` brings
//! ships to safe places, who has `departed` may come back, `pickups` lie about, a `round` has an end;
//! `level` is what stands and drifts, `obstacles` what is in the way at a tick, [`kinds`] is what there
//! is to see, `bot` plays, and [`rules`] has the numbers.
//!
//! Nothing here knows the server, the wire or a page. x grows to the right, y downwards.

mod bolts;
mod border;
mod bot;
pub mod class;
mod combat;
mod departed;
mod drift;
mod generate;
mod grid;
mod input;
pub mod kinds;
mod level;
mod newcomers;
mod obstacles;
#[cfg(test)]
mod person;
mod pickups;
mod player;
mod rail;
mod ranking;
mod round;
pub mod rules;
mod ship;
mod spawn;
#[cfg(test)]
mod tests;

use glam::Vec2;
use serde::{Deserialize, Serialize};

pub use border::Border;
pub use class::Class;
pub use drift::Drifter;
pub use input::{Input, aim_direction};
pub use level::{Layout, Level, LevelError, Rect, Rock};
pub use pickups::{Pad, Pickup};
pub use rail::rail_reach;
pub use ship::{Armor, Effects, Life, Motion, Own, Screen, Shots, Weapons};

use self::bolts::Bolt;
use self::departed::Departed;
use self::grid::Grid;
use self::newcomers::Newcomers;
use self::obstacles::Obstacles;
use self::pickups::Pickups;
use self::player::Player;
use self::rail::{Rail, Sight};
use self::round::{Phase, Round};
use self::rules::{ROUND_MAX_S, ROUND_MIN_S, ROUND_S, VIEW_HALF_X, VIEW_HALF_Y, border_radius};
use tickwire_game::dice::Dice;
use tickwire_game::game::{Effect, Game, Keys, LeaveReason, Seen, Setup, Step};
use tickwire_game::history::History;
use tickwire_game::ids::{EntityId, PlayerId, Subject};
use tickwire_game::scene::{Kinds, RowRef, SceneWriter, Schema, View};
use tickwire_game::tick::Tick;

/// The border's entity: the first of every world, so that a client can show the border from a
/// player's own state.
const BORDER_ENTITY: EntityId = EntityId(0);
/// The round's entity.
const ROUND_ENTITY: EntityId = EntityId(1);

/// For what seeds are derived from that of the room: players know the level, and may find out all
/// that was drawn for it.
const LEVEL: &str = "level";
const WORLD: &str = "world";

/// What can be chosen for a room; all but the obstacles by the player that opens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Whether anything stands, drifts and lies in the arena.
    pub obstacles: bool,
    /// Whether two teams play against each other; else everybody against everybody.
    pub teams: bool,
    /// Whether one can hurt one's mates.
    pub friendly_fire: bool,
    /// Length of a round in seconds, from [`rules::ROUND_MIN_S`] to
    /// [`rules::ROUND_MAX_S`]; 0 for one that never ends.
    pub round_s: u16,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { obstacles: true, teams: false, friendly_fire: false, round_s: ROUND_S }
    }
}

/// The world of Skirmish.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Skirmish {
    settings: Settings,
    dice: Dice,
    next_entity: EntityId,
    /// The last tick that was made.
    tick: Tick,
    /// The one before the first that was.
    first_tick: Tick,
    /// `None` for rounds that never end.
    round_ticks: Option<u32>,
    /// For how long a hit counts, also when somebody leaves, between two ticks.
    assist_ticks: u32,
    /// How long a ship is waited for after a death.
    respawn_ticks: u32,
    /// The tick before which a player left last by its own doing.
    left_at: Option<Tick>,
    newcomers: Newcomers,
    departed: Departed,
    round: Round,
    /// The border never goes beyond this: the level ends there.
    border_max: f32,
    border: Border,
    /// By rising player.
    players: Vec<Player>,
    /// By rising entity.
    bolts: Vec<Bolt>,
    pickups: Pickups,
    /// Where the ships were to be seen lately.
    past: History<Sight>,
    /// Refilled by every tick; here only to keep the memory.
    #[serde(skip)]
    scratch: Scratch,
}

#[derive(Debug, Default)]
struct Scratch {
    shots: Vec<Bolt>,
    rails: Vec<Rail>,
    places: Vec<Vec2>,
    /// Of `places`, by index of their player.
    ships: Grid,
    /// Pick-ups, with the index of the player that took each.
    taken: Vec<(usize, Pad)>,
}

/// There is nothing in it between two ticks, and a copy may never make one.
impl Clone for Scratch {
    fn clone(&self) -> Scratch {
        Scratch::default()
    }
}

impl Game for Skirmish {
    const NAME: &'static str = "skirmish";
    const RULES: u32 = 8;
    // An arena without obstacles is for trying things out.
    const GUEST_SETTINGS: &'static [&'static str] = &["teams", "friendly_fire", "round_s"];

    type Settings = Settings;
    type Level = Level;
    type Input = Input;
    type Own = Own;

    fn schema() -> Schema {
        kinds::schema()
    }

    fn check_settings(settings: &Settings) -> Result<(), String> {
        let is_round = (ROUND_MIN_S..=ROUND_MAX_S).contains(&settings.round_s);
        (settings.round_s == 0 || is_round).then_some(()).ok_or_else(|| {
            format!(
                "round_s: a round lasts from {ROUND_MIN_S} to {ROUND_MAX_S} seconds, or with 0 for ever"
            )
        })
    }

    fn new(setup: &Setup<Settings>) -> (Skirmish, Level) {
        let Settings { obstacles, round_s, .. } = setup.settings;
        let level = if obstacles {
            generate::generate(setup.seed.derive(LEVEL), setup.tick_rate, setup.players_max)
        } else {
            generate::open(setup.tick_rate, setup.players_max)
        };
        let radius = border_radius(0);
        let round_ticks = u32::from(round_s) * u32::from(setup.tick_rate.hz());
        let world = Skirmish {
            settings: setup.settings,
            dice: Dice::new(setup.seed.derive(WORLD), 0),
            next_entity: EntityId(ROUND_ENTITY.0 + 1),
            tick: setup.first_tick,
            first_tick: setup.first_tick,
            round_ticks: (round_ticks > 0).then_some(round_ticks),
            assist_ticks: level.timing.assist_ticks,
            respawn_ticks: level.timing.respawn_ticks,
            left_at: None,
            newcomers: Newcomers::default(),
            departed: Departed::new(setup.grace_ticks),
            round: Round::first(),
            border_max: level.radius,
            border: Border { radius, target: radius },
            players: Vec::new(),
            bolts: Vec::new(),
            pickups: Pickups::new(&level.layout.pads),
            past: History::new(setup.rewind_max_ticks),
            scratch: Scratch::default(),
        };
        (world, level)
    }

    fn join(&mut self, now: &mut Step<'_, Skirmish>, player: PlayerId, subject: Option<Subject>) {
        if let Err(at) = self.find(player) {
            let back = self.departed.take(subject, now.tick, self.respawn_ticks);
            let mut one = back.unwrap_or_else(|| {
                // It may be the one who has just left: nobody has a ship sooner for leaving and coming back.
                let passed = self.left_at.map_or(u32::MAX, |left| now.tick.since(left) as u32);
                let wait_ticks = self.respawn_ticks.saturating_sub(passed);
                Player::new(Own::waiting(player, self.border, wait_ticks), subject)
            });
            let own = &mut one.own;
            (own.player, own.tick, own.border) = (player, self.tick, self.border);
            own.team = self.team_for(own.team);
            own.effects.truce_ticks = self.round.truce_ticks(self.tick);
            self.players.insert(at, one);
        }
    }

    fn leave(&mut self, now: &mut Step<'_, Skirmish>, player: PlayerId, reason: LeaveReason) {
        if let Ok(at) = self.find(player) {
            let mut gone = self.players.remove(at);
            if reason == LeaveReason::Left {
                self.left_at = Some(now.tick);
                self.score_flight(&mut gone);
            }
            self.departed.keep(gone, now.tick);
            self.round.forget(player);
            // Nobody scores by the bolts of one who has left.
            self.bolts.retain(|bolt| bolt.owner != player);
            self.players.iter_mut().for_each(|other| other.forget(player));
        }
    }

    fn step(&mut self, now: &mut Step<'_, Skirmish>) {
        self.turn_round(now);
        self.aim_border(now);
        self.tick = now.tick;
        // Ships first, so that bolts are judged against where their targets are now.
        self.advance_players(now);
        // Before the bolts, so that nobody appears in the way of one unseen.
        self.spawn_ships(now);
        // All ships are now where they will be seen.
        self.note_places(now);
        // Shots are fired before anything hits, so that a player that dies now has shot all the
        // same; but a fresh bolt is seen where and as its ship is, and flies from the next tick on.
        self.fire_shots(now);
        self.strike_by_rails(now);
        self.fly_bolts(now);
        self.launch_shots();
        // Last, so that nobody is mended between two hits of a tick.
        self.hand_out_pickups(now);
    }

    fn show(&self, scene: &mut SceneWriter) {
        show_border(&self.border, scene);
        self.round.show(ROUND_ENTITY, scene);
        self.pickups.show(scene);
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

    fn advance(own: &mut Own, level: &Level, input: Input, _: f32) {
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

    fn shot_key(row: RowRef<'_>, kinds: &Kinds) -> Option<u64> {
        bolts::shot_key(row, kinds)
    }

    fn view(&self, player: PlayerId) -> View {
        let half = [VIEW_HALF_X, VIEW_HALF_Y];
        let Ok(at) = self.find(player) else { return View::around([0.0; 2], half) };
        let own = &self.players[at].own;
        let half = if own.screen.is_tall { [VIEW_HALF_Y, VIEW_HALF_X] } else { half };
        View::around(own.motion.place.to_array(), half)
    }

    fn score(&self, player: PlayerId) -> i32 {
        self.find(player).map_or(0, |at| self.players[at].tally.score)
    }

    fn team(&self, player: PlayerId) -> u8 {
        self.find(player).map_or(0, |at| self.players[at].own.team)
    }

    fn may_end(&self) -> bool {
        !matches!(self.round.phase(), Phase::Playing { .. })
    }

    fn keys(held: &Keys) -> Input {
        Input::of_keys(held)
    }

    fn bot(seen: &Seen<'_, Skirmish>, dice: &mut Dice) -> Input {
        bot::play(seen, dice)
    }
}

impl Skirmish {
    fn find(&self, player: PlayerId) -> Result<usize, usize> {
        self.players.binary_search_by_key(&player, Player::id)
    }

    /// The obstacles of this tick.
    fn obstacles<'a>(&self, level: &'a Level) -> Obstacles<'a> {
        Obstacles { level, border: self.border, tick: self.tick }
    }

    /// The team of a player who joins: the weaker one, and for one who comes back that in which it was
    /// `before`, if it is no larger than the other; 0 where there are none.
    fn team_for(&self, before: u8) -> u8 {
        if !self.settings.teams {
            return 0;
        }
        let of = |team: u8| self.players.iter().filter(move |player| player.own.team == team);
        let strength = |team| (of(team).count(), of(team).map(|it| it.tally.score).sum::<i32>());
        let (weaker, other) = if strength(2) < strength(1) { (2, 1) } else { (1, 2) };
        if before == other && strength(1).0 == strength(2).0 { other } else { weaker }
    }

    /// A round that is over is followed by its result, and that by the next round.
    fn turn_round(&mut self, now: &mut Step<'_, Skirmish>) {
        let is_first = self.tick == self.first_tick;
        if !is_first && !self.round.is_over(now.tick) {
            return;
        }
        match self.round.phase() {
            Phase::Playing { .. } if !is_first => self.conclude_round(now),
            _ => self.begin_round(now, is_first),
        }
    }

    /// Weapons are off while the result stands.
    fn conclude_round(&mut self, now: &mut Step<'_, Skirmish>) {
        let ends = now.tick.plus(now.level.timing.result_ticks);
        let tallies = self.players.iter().map(|player| (player.id(), player.tally));
        self.round.conclude(ends, tallies, &mut self.next_entity);
        self.bolts.clear();
        let truce_ticks = self.round.truce_ticks(self.tick);
        for Player { own, .. } in &mut self.players {
            own.effects.truce_ticks = truce_ticks;
            now.affect(own.player, Effect::Push);
        }
    }

    /// Everybody begins anew, with a fresh ship. A round's end and its beginning are announced to
    /// clients as a push: no player was hurt, and each is put elsewhere.
    fn begin_round(&mut self, now: &mut Step<'_, Skirmish>, is_first: bool) {
        self.round.begin(self.round_ticks.map(|ticks| now.tick.plus(ticks)));
        self.pickups.begin(now.tick);
        if is_first {
            return;
        }
        self.even_out_teams();
        self.departed.begin_round();
        for player in &mut self.players {
            player.begin_round();
            now.affect(player.id(), Effect::Push);
        }
    }

    /// Moves those with the fewest points from the larger team until neither is larger by two.
    fn even_out_teams(&mut self) {
        let count = |team| self.players.iter().filter(|player| player.own.team == team).count();
        let (first, second) = (count(1), count(2));
        let (from, to) = if first > second { (1, 2) } else { (2, 1) };
        let all = self.players.iter().enumerate();
        let larger = all.filter(|(_, player)| player.own.team == from);
        let larger = larger.map(|(at, player)| (at, player.tally.score, player.id()));
        let many = first.abs_diff(second) / 2;
        for at in ranking::fewest_first(larger).into_iter().take(many) {
            self.players[at].own.team = to;
        }
    }

    /// Sends the border to where it belongs with so many players. In a tick and not between two,
    /// when they come and go: clients learn of it as something that this tick did to them.
    fn aim_border(&mut self, now: &mut Step<'_, Skirmish>) {
        let wanted = border_radius(self.players.len() as u16);
        let target = if wanted < self.border_max { wanted } else { self.border_max };
        // Before the first tick it is put where it belongs at once.
        let radius = if self.tick == self.first_tick { target } else { self.border.radius };
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

    fn advance_players(&mut self, now: &mut Step<'_, Skirmish>) {
        self.border.advance(&now.level.timing);
        for player in &mut self.players {
            let input = now.input(player.id());
            player.note_presence(input.is_missing(), now.tick);
            let (own, input) = (&mut player.own, input.or_default());
            if !own.is_alive() && input.acts() {
                now.ignore(own.player);
            }
            ship::advance(own, now.level, input);
            debug_assert_eq!((own.border, own.tick), (self.border, self.tick), "there is only one");
        }
    }

    fn note_places(&mut self, now: &Step<'_, Skirmish>) {
        let Skirmish { past, players, scratch, border, .. } = self;
        past.push(now.tick, players.iter().map(|player| Sight::of(&player.own)));
        scratch.places.clear();
        scratch.places.extend(players.iter().map(|player| player.own.motion.place));
        bolts::refill(&mut scratch.ships, border, &scratch.places);
    }

    fn hand_out_pickups(&mut self, now: &mut Step<'_, Skirmish>) {
        let Skirmish { pickups, players, scratch, border, next_entity, round, .. } = self;
        let timing = &now.level.timing;
        pickups.keep_within(border.radius);
        // Nobody needs any while the result stands, or alone.
        let is_contest = players.len() > 1 && matches!(round.phase(), Phase::Playing { .. });
        if is_contest {
            pickups.refill(timing, border.radius, now.tick, next_entity);
        }
        let Scratch { ships, taken, .. } = scratch;
        let wants = |index: usize, pickup| {
            let own: &Own = &players[index].own;
            (own.may_take() && own.wants(pickup)).then_some(own.motion.place)
        };
        pickups.take(ships, wants, |index, pad| taken.push((index, *pad)));
        for (index, Pad { x, y, pickup }) in taken.drain(..) {
            let own = &mut players[index].own;
            own.take(pickup, timing);
            now.affect(own.player, Effect::Hit);
            now.emit(&kinds::Take { x, y, player: own.player, kind: pickup });
        }
    }
}

fn show_border(border: &Border, scene: &mut SceneWriter) {
    scene.row(BORDER_ENTITY, &kinds::Border { radius: border.radius });
}
