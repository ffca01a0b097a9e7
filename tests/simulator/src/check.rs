//! [`check`]: all that can be found out about a game without knowing it.
//!
//! First the bare world (`trial`): equal worlds stay equal, one that was written down and read goes
//! on as if nothing had happened, and no input that a stranger may send breaks it. Then the whole
//! system, twice: bots and random hands over good and bad paths, who come and go.

use tickwire_game::client::Client;
use tickwire_game::dice::Dice;
use tickwire_game::game::Game;

use crate::inputs::RandomHands;
use crate::path::Path;
use crate::report::{CAUSES_OF_DIFFERENT_RUNS, serialised_differences};
use crate::simulator::{Simulator, Who};
use crate::trial::try_out;

/// For how long the whole system runs.
const SECONDS: u32 = 12;
/// Most clients that play; fewer in a room for fewer.
const PLAYERS_MAX: u16 = 6;

/// Plays a game of its default settings by its own bots and at random, over good and bad paths, and
/// checks all that [can be checked](crate#what-is-checked) without knowing it. All chance comes
/// from `seed`: the same seed finds the same.
///
/// ```
/// use test_games::dots::Dots;
///
/// tickwire_test::check::<Dots>(1);
/// ```
///
/// # Panics
/// When something does not hold: with what, in which tick, for which player, and the usual cause.
#[track_caller]
pub fn check<G: Game>(seed: u64) {
    check_with::<G>(seed, G::Settings::default());
}

/// The same for a game of these settings.
///
/// # Panics
/// As [`check`].
#[track_caller]
pub fn check_with<G: Game>(seed: u64, settings: G::Settings) {
    if let Err(fault) = G::schema().check() {
        panic!("{}: the schema cannot be used: {fault}", G::NAME);
    }
    // It refuses what breaks a limit: the size of an input, of the level, of the room.
    let simulator = || Simulator::<G>::new(seed).settings(settings.clone());
    drop(simulator());
    if let Err(fault) = try_out::<G>(seed, &settings) {
        panic!("\n{}: seed {seed}, {fault}\n", G::NAME);
    }
    run_twice(seed, simulator(), simulator());
}

/// Two runs of one seed, step by step beside each other.
#[track_caller]
fn run_twice<G: Game>(seed: u64, first: Simulator<G>, second: Simulator<G>) {
    let mut runs = [RunPlayers::new(seed, first), RunPlayers::new(seed, second)];
    let period = runs[0].simulator.room().config().tick_rate().period();
    let steps = SECONDS * u32::from(G::TICK_RATE_HZ);
    for step in 0..steps {
        for run in &mut runs {
            run.come_and_go(step, steps);
            run.simulator.run(period);
        }
        let [first, second] = &runs;
        let [first, second] = [&first.simulator, &second.simulator].map(Simulator::room);
        if first.hash() != second.hash() {
            let (first, tick) = (first.game(), first.tick());
            let found = serialised_differences(("first", first), ("second", second.game()));
            panic!(
                "\n{}: seed {seed}, two runs of one seed differ from tick {tick} on:\n{found}\n\
                 {CAUSES_OF_DIFFERENT_RUNS}\n",
                G::NAME
            );
        }
    }
}

/// The players of one of the two runs.
struct RunPlayers<G: Game> {
    simulator: Simulator<G>,
    dice: Dice,
    playing: Vec<Who>,
    joined: usize,
}

impl<G: Game> RunPlayers<G> {
    fn new(seed: u64, simulator: Simulator<G>) -> RunPlayers<G> {
        let count = PLAYERS_MAX.min(G::PLAYERS_MAX);
        let simulator = simulator.bots((count + 2).min(G::PLAYERS_MAX));
        let mut players =
            RunPlayers { simulator, dice: Dice::new(seed, 5), playing: Vec::new(), joined: 0 };
        for _ in 0..count {
            players.join();
        }
        players.simulator.spectate(Path::bad());
        players
    }

    fn join(&mut self) {
        let paths = [
            Path::good(),
            Path::bad(),
            Path::latency_ms(80).jitter_ms(10),
            Path::default(),
            Path::latency_ms(250).stalls(5.0, 700),
        ];
        let path = paths[self.joined % paths.len()];
        // Every third does what no bot would do.
        let is_random = self.joined % 3 == 2;
        self.joined += 1;
        let who = if is_random {
            let who = self.simulator.join(&format!("random {}", self.joined), path);
            let mut hands = RandomHands::new(Dice::new(self.dice.bits64(), 6));
            let mut bot = Dice::new(self.dice.bits64(), 7);
            self.simulator.act(who, move |_, client: &mut Client<G>| {
                let usual = client.seen().map(|seen| G::bot(&seen, &mut bot));
                hands.next::<G>(usual.unwrap_or_default())
            });
            who
        } else {
            self.simulator.join_bot(path)
        };
        self.playing.push(who);
    }

    /// Some leave when a third has passed, one of them without a word, and others come after that.
    fn come_and_go(&mut self, step: u32, steps: u32) {
        if step == steps / 3 {
            let many = self.playing.len().min(2);
            let leaving: Vec<_> = self.playing.drain(..many).collect();
            for (at, who) in leaving.into_iter().enumerate() {
                if at == 0 { self.simulator.leave(who) } else { self.simulator.cut(who) }
            }
        }
        if step == steps / 2 {
            self.join();
        }
        if step == steps - 1 {
            self.all_are_in();
        }
    }

    fn all_are_in(&self) {
        for who in &self.playing {
            let (end, name) =
                (self.simulator.ended(*who), &self.simulator.client(*who).greeting().name);
            assert_eq!(end, None, "the connection of \"{name}\"");
        }
    }
}
