//! A bare world, without rooms and clients, beside an equal one and one that was written down and read
//! again: all three must go on alike, whatever players do.

use tickwire_game::dice::Dice;
use tickwire_game::game::{Game, InputStatus, LeaveReason, PlayerInput, Setup};
use tickwire_game::ids::{PlayerId, Subject};
use tickwire_game::limits::INPUT_MAX_BYTES;
use tickwire_game::protocol::WIRE;
use tickwire_game::scene::{Rows, Schema};
use tickwire_game::simulation::Simulation;
use tickwire_game::tick::{Rewind, Tick, TickRate};
use tickwire_host::limits::{GRACE_DEFAULT, REWIND_MAX_DEFAULT};

use crate::claims::{Invariants, Made, Violation, sent};
use crate::inputs::RandomHands;
use crate::report::{CAUSES_OF_DIFFERENT_RUNS, CAUSES_OF_LOST_STATE, serialised_differences};

/// For how long it goes on.
const SECONDS: u32 = 20;
/// Most who play at a time; fewer in a room for fewer.
const PLAYERS_MAX: usize = 8;
/// How many have a ticket: so few that they come back, and now and then play twice.
const SUBJECTS: u16 = 3;
/// How often a world is written down and read again: no multiple of what a game does in a rhythm.
const RESTORED_EVERY_TICKS: u32 = 89;

/// One who plays.
struct RandomPlayer<I> {
    player: PlayerId,
    /// Of the game's own bot.
    dice: Dice,
    /// What does what no bot would do, for some.
    random: Option<RandomHands<I>>,
    last: I,
}

struct Trial<G: Game> {
    dice: Dice,
    tick_rate: TickRate,
    rewind_max_ticks: u32,
    schema: Schema,
    world: Simulation<G>,
    /// Made of the same setup and given the same.
    equal: Simulation<G>,
    /// Read from what `world` was some ticks ago.
    restored: Simulation<G>,
    claims: Invariants<G>,
    playing: Vec<RandomPlayer<G::Input>>,
    next_player: u16,
}

/// Plays for some time, and gives what does not hold.
pub(crate) fn try_out<G: Game>(seed: u64, settings: &G::Settings) -> Result<(), Violation> {
    let tick_rate = TickRate::new(G::TICK_RATE_HZ).expect("a room was made of it");
    let rewind_max_ticks = tick_rate.ticks_ceil_or_zero(REWIND_MAX_DEFAULT);
    let setup = Setup {
        settings: settings.clone(),
        seed: seed.into(),
        tick_rate,
        players_max: G::PLAYERS_MAX,
        rewind_max_ticks,
        grace_ticks: tick_rate.ticks_ceil_or_zero(GRACE_DEFAULT),
        first_tick: Tick(0),
    };
    let world = Simulation::<G>::new(&setup);
    let mut trial = Trial {
        dice: Dice::new(seed, 3),
        tick_rate,
        rewind_max_ticks,
        schema: G::schema(),
        equal: Simulation::new(&setup),
        restored: restored(&world)?,
        world,
        claims: Invariants::default(),
        playing: Vec::new(),
        next_player: 0,
    };
    for tick in 1..=SECONDS * u32::from(tick_rate.hz()) {
        trial.come_and_go();
        let inputs = trial.inputs()?;
        trial.step(&inputs)?;
        if tick % RESTORED_EVERY_TICKS == 0 {
            trial.restored = restored(&trial.world)?;
        }
    }
    Ok(())
}

fn restored<G: Game>(world: &Simulation<G>) -> Result<Simulation<G>, Violation> {
    sent(world).map_err(|error| format!("the world {error}"))
}

impl<G: Game> Trial<G> {
    fn worlds(&mut self) -> [&mut Simulation<G>; 3] {
        [&mut self.world, &mut self.equal, &mut self.restored]
    }

    fn come_and_go(&mut self) {
        let most = PLAYERS_MAX.min(usize::from(G::PLAYERS_MAX));
        if self.playing.len() < most && self.dice.chance(0.1) {
            let player = PlayerId(self.next_player);
            self.next_player += 1;
            let is_random = self.next_player.is_multiple_of(3);
            let [dice, random] = [4, 5].map(|stream| Dice::new(self.dice.bits64(), stream));
            let random = is_random.then(|| RandomHands::new(random));
            self.playing.push(RandomPlayer { player, dice, random, last: G::Input::default() });
            // Every other one has a ticket, and is soon followed by another with the same.
            let subject = Subject((self.next_player / 2 % SUBJECTS).into());
            let subject = self.next_player.is_multiple_of(2).then_some(subject);
            self.worlds().into_iter().for_each(|world| world.join(player, subject));
        }
        if !self.playing.is_empty() && self.dice.chance(0.01) {
            let at = self.dice.below(self.playing.len() as u32) as usize;
            let player = self.playing.remove(at).player;
            let left = [LeaveReason::Left, LeaveReason::Removed][self.dice.below(2) as usize];
            self.worlds().into_iter().for_each(|world| world.leave(player, left));
        }
    }

    /// What everybody does in the next tick. Now and then an input does not come.
    fn inputs(&mut self) -> Result<Vec<PlayerInput<G::Input>>, Violation> {
        let (mut inputs, mut rows) = (Vec::new(), Rows::default());
        for hands in &mut self.playing {
            let player = hands.player;
            rows.clear();
            let (scene, view) = (self.world.scene(), self.world.game().view(player));
            for (index, row) in scene.rows().iter().enumerate() {
                if scene.may_know_row(&self.schema, index, Some(player), &view) {
                    rows.push_row(row);
                }
            }
            let usual = self.world.look(player, &rows, |seen| G::bot(seen, &mut hands.dice));
            let input = match &mut hands.random {
                Some(random) => random.next::<G>(usual),
                None => usual,
            };
            arrives_as_sent::<G>(input)?;
            let input = match self.dice.below(20) {
                0 => InputStatus::Missing,
                1 | 2 => InputStatus::Repeated(hands.last),
                _ => InputStatus::Received(input),
            };
            hands.last = input.or_default();
            let most = self.rewind_max_ticks * u32::from(Rewind::PER_TICK);
            let rewind = Rewind(self.dice.below(most + 1) as u16);
            inputs.push(PlayerInput { player, input, rewind });
        }
        Ok(inputs)
    }

    fn step(&mut self, inputs: &[PlayerInput<G::Input>]) -> Result<(), Violation> {
        {
            // Where the game panics it is said what it was given.
            let _given = Context { tick: self.world.tick().next(), inputs };
            self.worlds().into_iter().for_each(|world| world.step(inputs));
        }
        let (world, hash) = (&self.world, self.world.hash());
        let beside = [
            (
                &self.equal,
                "the other",
                "two worlds of one seed and the same inputs",
                CAUSES_OF_DIFFERENT_RUNS,
            ),
            (
                &self.restored,
                "restored",
                "a world and the same one, written down and read again some ticks before,",
                CAUSES_OF_LOST_STATE,
            ),
        ];
        for (other, name, what, causes) in beside {
            let tick = world.tick();
            if other.hash() != hash {
                let found = serialised_differences(("the one", world.game()), (name, other.game()));
                return Err(format!("{what} differ from tick {tick} on:\n{found}\n{causes}"));
            }
            if other.scene() != world.scene() {
                return Err(format!(
                    "{what} show something else in tick {tick}, though what is serialised is the \
                     same.\n{causes}"
                ));
            }
        }
        self.claims.judge(&Made {
            tick: world.tick(),
            dt: self.tick_rate.dt(),
            level: world.level(),
            schema: &self.schema,
            game: world.game(),
            inputs,
            effects: world.effects(),
            scene: world.scene(),
            name_of: &|player| player.to_string(),
        })
    }
}

/// What a client gives is what the server reads, and fits its message.
fn arrives_as_sent<G: Game>(input: G::Input) -> Result<(), Violation> {
    let bytes = bincode::serde::encode_to_vec(input, WIRE)
        .map_err(|error| format!("an input cannot be serialised: {error}\n{input:#?}"))?;
    if bytes.len() > INPUT_MAX_BYTES {
        let len = bytes.len();
        return Err(format!(
            "an input of {len} bytes, of which {INPUT_MAX_BYTES} may be: {input:?}"
        ));
    }
    let arrived = sent(&input).map_err(|error| format!("an input {error}\n{input:#?}"))?;
    let again = bincode::serde::encode_to_vec(arrived, WIRE);
    // By their bytes: a number that is none equals nothing.
    if again.as_deref().ok() != Some(&bytes[..]) {
        return Err(format!("an input does not arrive as it was sent:\n{input:#?}\n{arrived:#?}"));
    }
    Ok(())
}

/// Says what a world was given, when it panics.
struct Context<'a, I: std::fmt::Debug> {
    tick: Tick,
    inputs: &'a [PlayerInput<I>],
}

impl<I: std::fmt::Debug> Drop for Context<'_, I> {
    #[expect(clippy::print_stderr, reason = "a test that fails says what led there")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "the game panicked in tick {}, which was given {:#?}",
                self.tick, self.inputs
            );
        }
    }
}
