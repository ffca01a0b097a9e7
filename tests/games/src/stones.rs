//! A tiny game for tests: dots that move on a plane among stones.
//!
//! It has one of each thing that a room must get right: rows and events for all, for those who
//! look there and for one player alone, players who see a part and players who see everything,
//! scores, teams, own states and randomness.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tickwire_game::game::{Dice, Game, LeaveReason, Seen, Setup, Step};
use tickwire_game::ids::{EntityId, PlayerId, Subject};
use tickwire_game::scene::{Audience, Event, Row, SceneWriter, Schema, View};

#[derive(Row)]
#[row(name = "dot", place(x, y))]
pub struct DotRow {
    #[field(range = -1000.0..=1000.0, step = 0.25)]
    pub x: f32,
    #[field(range = -1000.0..=1000.0, step = 0.25)]
    pub y: f32,
    pub owner: PlayerId,
}

#[derive(Row)]
#[row(name = "stone", place(x, y))]
pub struct StoneRow {
    #[field(range = -1000.0..=1000.0, step = 0.25)]
    pub x: f32,
    #[field(range = -1000.0..=1000.0, step = 0.25)]
    pub y: f32,
}

/// All know it. Its `owner` is how many dots there are.
#[derive(Row)]
pub struct Sun {
    pub owner: u16,
}

#[derive(Event)]
#[event(place(x, y))]
pub struct Pop {
    #[field(range = -1000.0..=1000.0, step = 0.25)]
    pub x: f32,
    #[field(range = -1000.0..=1000.0, step = 0.25)]
    pub y: f32,
}

#[derive(Event)]
pub struct Gong;

#[derive(Event)]
pub struct Whisper {
    pub owner: PlayerId,
}

/// Guests may choose a level of at most so many bytes.
pub const LEVEL_BYTES_MAX: usize = 10_000;
/// The game panics when it is asked for a level of so many bytes.
pub const BREAK_LEVEL_BYTES: usize = 666;

/// Something that does not move, and who may know of it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Stone {
    pub x: f32,
    pub y: f32,
    /// `None` for the audience of its kind, else one player's or (`u16::MAX`) everyone's.
    pub audience: Option<u16>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Settings {
    pub stones: Vec<Stone>,
    /// How many bytes the level takes up.
    pub level_bytes: usize,
    /// How many bytes a player's own state takes up beside what it needs.
    pub own_bytes: usize,
    /// With this seed no world can be made: the game panics.
    #[serde(skip)]
    pub no_world_of_seed: Option<u64>,
    /// Sun and dots come from this entity on at least.
    #[serde(skip)]
    pub first_entity: u32,
    /// With so many players the room may end.
    #[serde(skip)]
    pub may_end_with: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Push {
    pub x: i8,
    pub y: i8,
    pub pop: bool,
}

impl Push {
    pub fn bytes(self) -> Vec<u8> {
        bincode::serde::encode_to_vec(self, tickwire_game::protocol::WIRE).expect("it is plain")
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dot {
    pub entity: EntityId,
    pub x: f32,
    pub y: f32,
    pub pushes: u32,
    ballast: Vec<u8>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Stones {
    settings: Settings,
    dice: Dice,
    next: EntityId,
    sun: EntityId,
    dots: BTreeMap<PlayerId, Dot>,
}

impl Game for Stones {
    const NAME: &'static str = "stones";
    const RULES: u32 = 1;
    const GUEST_SETTINGS: &'static [&'static str] = &["level_bytes", "own_bytes"];
    type Settings = Settings;
    type Level = Vec<u8>;
    type Input = Push;
    type Own = Dot;

    fn schema() -> Schema {
        Schema::new()
            .row::<DotRow>()
            .row::<StoneRow>()
            .row::<Sun>()
            .event::<Pop>()
            .event::<Gong>()
            .event::<Whisper>()
    }

    fn check_settings(settings: &Settings) -> Result<(), String> {
        assert_ne!(settings.level_bytes, BREAK_LEVEL_BYTES, "the settings that break the check");
        let fits = settings.level_bytes <= LEVEL_BYTES_MAX;
        fits.then_some(()).ok_or_else(|| format!("level_bytes is at most {LEVEL_BYTES_MAX}"))
    }

    fn new(setup: &Setup<Settings>) -> (Stones, Vec<u8>) {
        let settings = setup.settings.clone();
        let broken = settings.no_world_of_seed.map(Into::into);
        assert_ne!(broken, Some(setup.seed), "the test breaks this world");
        let level = vec![7; settings.level_bytes];
        // The stones take the first ids, so that dots come and go behind them; the sun stands
        // between, for rows of all kinds to be mixed.
        let mut next = EntityId(settings.stones.len() as u32);
        next = next.max(EntityId(settings.first_entity));
        let sun = next.take();
        let dots = BTreeMap::new();
        (Stones { settings, dice: Dice::new(setup.seed, 0), next, sun, dots }, level)
    }

    fn join(&mut self, _: &mut Step<'_, Self>, player: PlayerId, _: Option<Subject>) {
        let entity = self.next.take();
        let (x, y) = (self.dice.between(-30.0, 30.0), self.dice.between(-30.0, 30.0));
        let ballast = vec![1; self.settings.own_bytes];
        self.dots.insert(player, Dot { entity, x, y, pushes: 0, ballast });
    }

    fn leave(&mut self, _: &mut Step<'_, Self>, player: PlayerId, _: LeaveReason) {
        self.dots.remove(&player).expect("only who has joined leaves");
    }

    fn step(&mut self, now: &mut Step<'_, Self>) {
        for (player, dot) in &mut self.dots {
            let input = now.input(*player).or_default();
            Stones::advance(dot, now.level, input, now.dt);
            if input.pop {
                now.emit(&Pop { x: dot.x, y: dot.y });
            }
            if self.dice.chance(0.1) {
                let next = PlayerId(player.0 + 1);
                let is_for_two = player.0 % 3 == 0;
                let audience = if is_for_two {
                    Audience::Two([*player, next])
                } else {
                    Audience::One(*player)
                };
                now.emit_to(audience, &Whisper { owner: *player });
            }
        }
        if self.dice.chance(0.2) {
            now.emit(&Gong);
        }
    }

    fn show(&self, scene: &mut SceneWriter) {
        for (index, stone) in self.settings.stones.iter().enumerate() {
            let audience = match stone.audience {
                None => Audience::Near,
                Some(u16::MAX) => Audience::All,
                Some(player) => Audience::One(PlayerId(player)),
            };
            let row = StoneRow { x: stone.x, y: stone.y };
            scene.row_for(audience, EntityId(index as u32), &row);
        }
        scene.row(self.sun, &Sun { owner: u16::try_from(self.dots.len()).unwrap_or(u16::MAX) });
        for (player, dot) in &self.dots {
            let row = DotRow { x: dot.x, y: dot.y, owner: *player };
            // The dot of every seventh player is hidden from all others.
            let audience = match player.0 % 7 {
                5 => Audience::Two([*player, PlayerId(player.0 + 1)]),
                6 => Audience::One(*player),
                _ => Audience::Near,
            };
            scene.row_for(audience, dot.entity, &row);
        }
    }

    fn own(&self, player: PlayerId) -> Option<Dot> {
        self.dots.get(&player).cloned()
    }

    fn advance(own: &mut Dot, _level: &Vec<u8>, input: Push, _: f32) {
        own.x = (own.x + f32::from(input.x) / 16.0).clamp(-1000.0, 1000.0);
        own.y = (own.y + f32::from(input.y) / 16.0).clamp(-1000.0, 1000.0);
        own.pushes += u32::from(input != Push::default());
    }

    fn show_own(_own: &Dot, _scene: &mut SceneWriter) {}

    fn view(&self, player: PlayerId) -> View {
        match self.dots.get(&player) {
            // Every fifth player sees everything.
            Some(dot) if player.0 % 5 != 4 => View::around([dot.x, dot.y], [10.0, 8.0]),
            _ => View::Everything,
        }
    }

    fn score(&self, player: PlayerId) -> i32 {
        self.dots.get(&player).map_or(0, |dot| (dot.pushes / 4) as i32)
    }

    fn team(&self, player: PlayerId) -> u8 {
        (player.0 % 2) as u8
    }

    fn may_end(&self) -> bool {
        self.settings.may_end_with == Some(self.dots.len())
    }

    fn bot(seen: &Seen<'_, Self>, dice: &mut Dice) -> Push {
        let crowd = seen.each::<DotRow>().count() as u32;
        let push = dice.below(2 + crowd) as i8;
        Push { x: push - 2, y: 3 - push, pop: dice.chance(0.2) }
    }
}
