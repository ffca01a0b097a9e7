//! One world, its tick and its scene: a game being stepped, and nothing else.
//!
//! The server's room adds sessions and input buffers to it; the determinism trial runs it bare,
//! natively and in wasm. It decides neither when a tick is due nor what the inputs are.

use bincode::enc::write::Writer;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3Default;

use crate::dice::Dice;
use crate::game::{
    Effect, Game, InputStatus, LeaveReason, Outcome, PlayerInput, Seen, Setup, Skill, Step,
};
use crate::ids::{PlayerId, Subject};
use crate::protocol::WIRE;
use crate::scene::{Rows, Scene, SceneWriter};
use crate::tick::{Tick, TickRate};

/// A game being stepped. Serialised, it is all that a checkpoint of the game must hold.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Simulation<G: Game> {
    game: G,
    level: G::Level,
    tick_rate: TickRate,
    tick: Tick,
    scene: Scene,
    #[serde(skip, default = "SceneWriter::of::<G>")]
    writer: SceneWriter,
    #[serde(skip, default = "Outcome::of::<G>")]
    outcome: Outcome,
    /// Whether a tick has been made since what `outcome` holds began.
    #[serde(skip)]
    is_made: bool,
}

/// What a checkpoint holds: what was said of the last tick is not part of it.
impl<G: Game> Clone for Simulation<G> {
    fn clone(&self) -> Simulation<G> {
        Simulation {
            game: self.game.clone(),
            level: self.level.clone(),
            tick_rate: self.tick_rate,
            tick: self.tick,
            scene: self.scene.clone(),
            writer: SceneWriter::of::<G>(),
            outcome: Outcome::of::<G>(),
            is_made: false,
        }
    }
}

impl<G: Game> Simulation<G> {
    /// A fresh world at its first tick, with its first scene.
    #[must_use]
    pub fn new(setup: &Setup<G::Settings>) -> Simulation<G> {
        let (game, level) = G::new(setup);
        let mut simulation = Simulation {
            game,
            level,
            tick_rate: setup.tick_rate,
            tick: setup.first_tick,
            scene: Scene::default(),
            writer: SceneWriter::of::<G>(),
            outcome: Outcome::of::<G>(),
            is_made: false,
        };
        simulation.show();
        simulation
    }

    /// The tick of the last step; [`Setup::first_tick`] before the first.
    #[must_use]
    pub fn tick(&self) -> Tick {
        self.tick
    }

    /// What never moves.
    #[must_use]
    pub fn level(&self) -> &G::Level {
        &self.level
    }

    /// The world, to be looked at: only [`Simulation::step`] changes it.
    #[must_use]
    pub fn game(&self) -> &G {
        &self.game
    }

    /// What there is to see after the last step.
    #[must_use]
    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// What has changed players' own states in the last step beside their own inputs.
    #[must_use]
    pub fn effects(&self) -> &[(PlayerId, Effect)] {
        self.outcome.effects()
    }

    /// Whose inputs in the last step were for nothing, by the game's word.
    #[must_use]
    pub fn ignored(&self) -> &[PlayerId] {
        self.outcome.ignored()
    }

    /// A player comes, before the next step. See [`Game::join`].
    pub fn join(&mut self, player: PlayerId, subject: Option<Subject>) {
        self.coming(&[], |game, now| game.join(now, player, subject));
    }

    /// A player goes, before the next step.
    pub fn leave(&mut self, player: PlayerId, reason: LeaveReason) {
        self.coming(&[], |game, now| game.leave(now, player, reason));
    }

    /// What `act` makes of what a bot may go by that plays for `player`, now that it sees `rows`. It
    /// is as good as bots usually are.
    pub fn look<T>(&self, player: PlayerId, rows: &Rows, act: impl FnOnce(&Seen<'_, G>) -> T) -> T {
        let own = self.game.own(player);
        let (tick, level, skill) = (self.tick, &self.level, Skill::default());
        let kinds = self.writer.kinds();
        act(&Seen { player, skill, tick, own: own.as_ref(), level, rows, kinds })
    }

    /// Moves the world on by one tick and publishes the scene. `inputs` must rise by player.
    pub fn step(&mut self, inputs: &[PlayerInput<G::Input>]) {
        debug_assert!(inputs.is_sorted_by_key(|input| input.player));
        self.coming(inputs, G::step);
        self.tick = self.tick.next();
        self.is_made = true;
        self.show();
    }

    /// Has the game act in the tick that is about to be made.
    fn coming(
        &mut self,
        inputs: &[PlayerInput<G::Input>],
        act: impl FnOnce(&mut G, &mut Step<'_, G>),
    ) {
        if std::mem::take(&mut self.is_made) {
            self.outcome.clear();
        }
        let (tick, dt) = (self.tick.next(), self.tick_rate.dt());
        act(&mut self.game, &mut Step::new(tick, dt, &self.level, inputs, &mut self.outcome));
    }

    fn show(&mut self) {
        self.game.show(&mut self.writer);
        self.writer.publish(self.tick, &mut self.outcome.events, &mut self.scene);
    }

    /// XXH3 (64 bits) of the whole world in its serialised form.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let mut hasher = HashWriter(Xxh3Default::new());
        bincode::serde::encode_into_writer(&self.game, &mut hasher, WIRE)
            .unwrap_or_else(|_| unreachable!("hashing cannot fail, and a world is serialisable"));
        hasher.0.digest()
    }
}

struct HashWriter(Xxh3Default);

impl Writer for HashWriter {
    fn write(&mut self, bytes: &[u8]) -> Result<(), bincode::error::EncodeError> {
        self.0.update(bytes);
        Ok(())
    }
}

/// Plays a game by its own bots alone: `players` of them for `ticks` ticks, all from `seed`.
/// Calls `each` after every tick with the state hash, and gives the last one.
///
/// The proof of determinism: it must give the same on every machine.
pub fn trial<G: Game>(seed: u64, players: u16, ticks: u32, mut each: impl FnMut(Tick, u64)) -> u64 {
    let setup = Setup { seed: seed.into(), players_max: players, ..Setup::default() };
    let mut simulation = Simulation::<G>::new(&setup);
    let mut bots: Vec<(PlayerId, Dice)> =
        (0..players).map(|id| (PlayerId(id), Dice::new(seed, u64::from(id)))).collect();
    for (player, _) in &bots {
        simulation.join(*player, None);
    }
    let schema = G::schema();
    let mut inputs = Vec::with_capacity(bots.len());
    let mut rows = Rows::default();
    for _ in 0..ticks {
        inputs.clear();
        for (player, dice) in &mut bots {
            rows.clear();
            let view = simulation.game.view(*player);
            for (index, row) in simulation.scene.rows().iter().enumerate() {
                if simulation.scene.may_know_row(&schema, index, Some(*player), &view) {
                    rows.push_row(row);
                }
            }
            let input = simulation.look(*player, &rows, |seen| G::bot(seen, dice));
            inputs.push(PlayerInput::at_once(*player, InputStatus::Received(input)));
        }
        simulation.step(&inputs);
        each(simulation.tick, simulation.hash());
    }
    simulation.hash()
}
