//! A game that does nothing but write down what it was given: what a room let through, to the tick.

use serde::{Deserialize, Serialize};
use tickwire_game::game::{Game, InputStatus, LeaveReason, Setup, Step};
use tickwire_game::ids::{EntityId, PlayerId, Subject};
use tickwire_game::scene::{Row, SceneWriter, Schema};
use tickwire_game::tick::Tick;

/// How much a player has given so far.
#[derive(Row)]
#[row(name = "reel")]
pub struct ReelRow {
    /// How many of its inputs were something.
    #[field(range = 0..=65_535)]
    pub received: u32,
    /// Whose it is.
    pub player: PlayerId,
}

/// Any number, so that inputs differ. Nobody is to give the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark(pub u32);

/// What a player gave for one tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The tick that it was applied in.
    pub tick: Tick,
    /// Whose it was.
    pub player: PlayerId,
    /// What it was; 0 for nothing.
    pub mark: u32,
    /// Whether it was addressed to this very tick; else it is one repeated.
    pub is_received: bool,
}

/// What a player's own client knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reel {
    entity: EntityId,
    player: PlayerId,
    /// How many of its inputs were something.
    marked: u32,
}

/// The game.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tape {
    next_entity: EntityId,
    reels: Vec<Reel>,
    /// All that was ever given, in order.
    pub entries: Vec<Entry>,
    /// Who came, in order.
    pub arrivals: Vec<(PlayerId, Option<Subject>)>,
    /// Who left and why, in order.
    pub departures: Vec<(PlayerId, LeaveReason)>,
}

impl Game for Tape {
    const NAME: &'static str = "tape";
    const RULES: u32 = 1;
    type Settings = ();
    type Level = ();
    type Input = Mark;
    type Own = Reel;

    fn schema() -> Schema {
        Schema::new().row::<ReelRow>()
    }

    fn new(_: &Setup<()>) -> (Tape, ()) {
        let (reels, entries) = (Vec::new(), Vec::new());
        let (arrivals, departures) = (Vec::new(), Vec::new());
        (Tape { next_entity: EntityId(0), reels, entries, arrivals, departures }, ())
    }

    fn join(&mut self, _: &mut Step<'_, Self>, player: PlayerId, subject: Option<Subject>) {
        self.arrivals.push((player, subject));
        self.reels.push(Reel { entity: self.next_entity.take(), player, marked: 0 });
    }

    fn leave(&mut self, _: &mut Step<'_, Self>, player: PlayerId, reason: LeaveReason) {
        self.departures.push((player, reason));
        self.reels.retain(|reel| reel.player != player);
    }

    fn step(&mut self, now: &mut Step<'_, Tape>) {
        for reel in &mut self.reels {
            let input = now.input(reel.player);
            Tape::advance(reel, &(), input.or_default(), now.dt);
            if input != InputStatus::Missing {
                let Mark(mark) = input.or_default();
                let (player, is_received) = (reel.player, input.is_received());
                self.entries.push(Entry { tick: now.tick, player, mark, is_received });
            }
        }
    }

    fn show(&self, scene: &mut SceneWriter) {
        for reel in &self.reels {
            Tape::show_own(reel, scene);
        }
    }

    fn own(&self, player: PlayerId) -> Option<Reel> {
        self.reels.iter().find(|reel| reel.player == player).cloned()
    }

    fn advance(reel: &mut Reel, _: &(), Mark(mark): Mark, _: f32) {
        reel.marked += u32::from(mark != 0);
    }

    fn show_own(reel: &Reel, scene: &mut SceneWriter) {
        scene.row(reel.entity, &ReelRow { received: reel.marked, player: reel.player });
    }
}
