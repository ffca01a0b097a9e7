//! The checker finds a planted fault of each kind, and says what it is; and finds none in a game that
//! has none.
//!
//! The game is one: runners on a line, some of which are lucky. `F` is which fault it has.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use serde::{Deserialize, Serialize};
use test_games::dots::Dots;
use test_games::stones::Stones;
use test_games::tape::Tape;
use tickwire_game::game::{Dice, Effect, Game, LeaveReason, Seen, Setup, Step};
use tickwire_game::ids::{EntityId, PlayerId, Subject};
use tickwire_game::scene::{Row, SceneWriter, Schema};
use tickwire_test::{Path, Simulator, check};

const NONE: u8 = 0;
/// A runner runs faster on the server.
const STEP_DIFFERS: u8 = 1;
/// A push without `Step::affect`.
const NO_AFFECT: u8 = 2;
/// `advance` goes by a field that is not serialised.
const HIDDEN_IN_OWN: u8 = 3;
/// `step` goes by a field of the world that is not serialised.
const HIDDEN_IN_WORLD: u8 = 4;
/// `advance` goes by a part of the level that is not serialised.
const HIDDEN_IN_LEVEL: u8 = 5;
/// Where a push goes is up to the order of a `HashMap`.
const RANDOM_ORDER: u8 = 6;
/// Something outside of the world remembers.
const STATIC_COUNTER: u8 = 7;
/// `show` shows a runner elsewhere than `show_own`.
const SHOWN_ELSEWHERE: u8 = 8;
/// An input's number is used as it comes.
const TRUSTS_NUMBERS: u8 = 9;
/// A runner is moved when somebody joins.
const MOVED_AT_JOIN: u8 = 10;
/// Some inputs are more than `step` expects.
const PANICS: u8 = 11;
/// `advance` goes by something outside of the world.
const STATIC_IN_ADVANCE: u8 = 12;

static COUNTER: AtomicU32 = AtomicU32::new(0);

#[derive(Row)]
struct Runner {
    #[field(range = -1000.0..=1000.0, step = 0.125)]
    x: f32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Run {
    way: i8,
    speed: f32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Own {
    entity: EntityId,
    x: f32,
    ran: u32,
    #[serde(skip)]
    tired: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Level {
    width: f32,
    #[serde(skip)]
    slope: f32,
}

#[derive(Clone, Serialize, Deserialize)]
struct Runners<const F: u8> {
    next: EntityId,
    dice: Dice,
    runners: Vec<(PlayerId, Own)>,
    #[serde(skip)]
    gusts: u32,
}

impl<const F: u8> Game for Runners<F> {
    const NAME: &'static str = "runners";
    const RULES: u32 = 1;
    type Settings = ();
    type Level = Level;
    type Input = Run;
    type Own = Own;

    fn schema() -> Schema {
        Schema::new().row::<Runner>()
    }

    fn new(setup: &Setup<()>) -> (Self, Level) {
        let dice = Dice::new(setup.seed, 0);
        let world = Runners { next: EntityId(1), dice, runners: Vec::new(), gusts: 0 };
        let slope = if F == HIDDEN_IN_LEVEL { 0.5 } else { 0.0 };
        (world, Level { width: 500.0, slope })
    }

    fn join(&mut self, _: &mut Step<'_, Self>, player: PlayerId, _: Option<Subject>) {
        if F == MOVED_AT_JOIN {
            self.runners.iter_mut().for_each(|(_, own)| own.x += 1.0);
        }
        let x = self.dice.between(-100.0, 100.0);
        let own = Own { entity: self.next.take(), x, ran: 0, tired: 0 };
        self.runners.push((player, own));
    }

    fn leave(&mut self, _: &mut Step<'_, Self>, player: PlayerId, _: LeaveReason) {
        self.runners.retain(|(who, _)| *who != player);
    }

    fn step(&mut self, now: &mut Step<'_, Self>) {
        for (player, own) in &mut self.runners {
            let run = now.input(*player).or_default();
            Self::advance(own, now.level, run, now.dt);
            if F == STEP_DIFFERS && run.way > 100 {
                own.x += 0.25;
            }
            if F == PANICS {
                assert!(run.way > -120, "nobody runs like that");
            }
        }
        self.push_somebody(now);
    }

    fn show(&self, scene: &mut SceneWriter) {
        for (_, own) in &self.runners {
            let is_off = F == SHOWN_ELSEWHERE && own.ran > 30;
            scene.row(own.entity, &Runner { x: if is_off { own.x + 1.0 } else { own.x } });
        }
    }

    fn own(&self, player: PlayerId) -> Option<Own> {
        Some(self.runners.iter().find(|(who, _)| *who == player)?.1.clone())
    }

    fn advance(own: &mut Own, level: &Level, run: Run, dt: f32) {
        let speed = if F == TRUSTS_NUMBERS || run.speed.is_finite() { run.speed } else { 0.0 };
        let most = if F == TRUSTS_NUMBERS { f32::MAX } else { 1.0 };
        own.x += (f32::from(run.way) / 16.0 + speed.clamp(-most, most)) * dt + level.slope;
        own.x = own.x.clamp(-level.width, level.width);
        own.ran += u32::from(run.way != 0);
        if F == HIDDEN_IN_OWN {
            own.tired += 1;
        }
        if F == STATIC_IN_ADVANCE && COUNTER.fetch_add(1, Relaxed) % 64 == 63 {
            own.x += 1.0;
        }
    }

    fn show_own(own: &Own, scene: &mut SceneWriter) {
        scene.row(own.entity, &Runner { x: own.x });
    }

    fn bot(_: &Seen<'_, Self>, dice: &mut Dice) -> Run {
        Run { way: dice.below(256) as u8 as i8, speed: dice.unit() }
    }
}

impl<const F: u8> Runners<F> {
    /// Now and then a gust moves one of them.
    fn push_somebody(&mut self, now: &mut Step<'_, Self>) {
        let every = if F == HIDDEN_IN_WORLD { 10 + self.gusts % 3 } else { 11 };
        if !now.tick.0.is_multiple_of(every) || self.runners.is_empty() {
            return;
        }
        self.gusts += 1;
        let mut at = self.dice.below(self.runners.len() as u32) as usize;
        if F == RANDOM_ORDER {
            let by_player: HashMap<_, _> =
                self.runners.iter().enumerate().map(|(at, (player, _))| (player, at)).collect();
            at = *by_player.values().next().expect("somebody is there");
        }
        let (player, own) = &mut self.runners[at];
        own.x += 2.0;
        if F == STATIC_COUNTER {
            own.x += (COUNTER.fetch_add(1, Relaxed) % 2) as f32;
        }
        if F != NO_AFFECT {
            now.affect(*player, Effect::Push);
        }
    }
}

/// What a panic said, if there was one.
fn panic_of<T>(run: impl FnOnce() -> T) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(run)).err()?;
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
}

/// What the checker says of a game that has a fault.
fn found<const F: u8>() -> String {
    panic_of(|| check::<Runners<F>>(3)).expect("it has a fault")
}

fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "\"{word}\" is not in: {text}");
    }
}

#[test]
fn games_without_a_fault_pass() {
    check::<Runners<NONE>>(3);
    check::<Dots>(3);
    check::<Stones>(3);
    check::<Tape>(3);
}

#[test]
fn a_step_that_differs_from_advance_is_found() {
    let text = found::<STEP_DIFFERS>();
    says(&text, &["unexplained correction", "x: ", "(predicted)", "(server)", "by other code"]);
    assert!(!text.contains("ran: 1 (predicted)"), "only what differs is listed: {text}");
}

#[test]
fn an_effect_that_is_not_told_is_found() {
    says(&found::<NO_AFFECT>(), &["unexplained correction", "now.affect", "x: "]);
    says(&found::<MOVED_AT_JOIN>(), &["unexplained correction", "now.affect", "x: "]);
}

#[test]
fn what_is_not_serialised_is_found() {
    says(&found::<HIDDEN_IN_OWN>(), &["does not arrive as it is sent", "tired: ", "serde(skip)"]);
    says(&found::<HIDDEN_IN_LEVEL>(), &["written down and read again", "`Level`", "x: "]);
    says(&found::<HIDDEN_IN_WORLD>(), &["written down and read again", "x: ", "serde(skip)"]);
}

#[test]
fn chance_that_is_not_of_the_world_is_found() {
    says(&found::<RANDOM_ORDER>(), &["differ from tick", "HashMap"]);
    says(&found::<STATIC_COUNTER>(), &["same inputs", "differ from tick", "static"]);
    says(&found::<STATIC_IN_ADVANCE>(), &["differ", "static"]);
}

#[test]
fn a_player_that_is_shown_to_itself_otherwise_is_found() {
    says(&found::<SHOWN_ELSEWHERE>(), &["`Game::show_own` and `Game::show` disagree", "x: "]);
}

#[test]
fn an_input_that_breaks_the_world_is_found() {
    says(&found::<TRUSTS_NUMBERS>(), &["no number", "is_finite"]);
    assert_eq!(found::<PANICS>(), "nobody runs like that");
}

/// What a simulator says in which a player gives this input.
fn run_with<const F: u8>(run: Run) -> Option<String> {
    panic_of(|| {
        let mut sim = Simulator::<Runners<F>>::new(3);
        let ada = sim.join("Ada", Path::bad());
        sim.run_s(1.0);
        sim.hold(ada, run);
        sim.run_s(3.0);
    })
}

#[test]
fn a_simulator_finds_a_fault_in_the_tick_in_which_it_happens() {
    let fast = Run { way: 127, speed: 0.0 };
    let text = run_with::<STEP_DIFFERS>(fast).expect("it is met");
    says(&text, &["after 1.", "unexplained correction", "way: 127", "player 0 \"Ada\""]);
    let slow = Run { way: 20, ..fast };
    assert_eq!(run_with::<STEP_DIFFERS>(slow), None, "slow runners are alike");
    let text = run_with::<PANICS>(Run { way: -128, ..fast }).unwrap_or_default();
    says(&text, &["the game panicked"]);
    let text = run_with::<HIDDEN_IN_LEVEL>(slow).unwrap_or_default();
    says(&text, &["unexplained correction", "`Level`"]);
}
