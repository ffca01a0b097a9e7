//! [`Simulator`]: the whole system on virtual time.
//!
//! The production server (lobby, shard, sessions, room), links and clients, and a checker that looks at
//! every tick and every snapshot. `seat` is a client's turn, `server` the server's, `claims` and
//! `mirrors` are what is checked, `look` is what a test may ask.

use std::time::Duration;

use tickwire_game::client::{Client, Greeting};
use tickwire_game::dice::Dice;
use tickwire_game::game::{Game, Setup, Skills};
use tickwire_game::protocol::{DisconnectReason, Input, Role};
use tickwire_game::tick::{Tick, TickRate};
use tickwire_host::limits::REWIND_MAX_DEFAULT;
use tickwire_host::pacer::TimeScale;
use tickwire_host::room::{EmptyRoom, Room, RoomTemplate, StreamSettings};

use crate::claims::Violation;
use crate::host::{Host, Pipe};
use crate::path::{Path, PathLink};
use crate::seat::{ClientSeat, Driver, Logged};
use crate::ticks::TickLog;

/// Which of a simulator's clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Who(pub(crate) usize);

/// One server with one room, and all its clients, on virtual time: no socket, no clock, no thread. The
/// same seed gives the same run.
///
/// At every tick and every snapshot it is checked that clients can predict what the game does; see
/// [the claims](crate#what-is-checked). What does not hold ends the test with what, when, whose, and
/// the usual causes.
pub struct Simulator<G: Game> {
    plan: RoomPlan<G::Settings>,
    pub(crate) now: Duration,
    pub(crate) host: Host<G>,
    pub(crate) timing: Timing,
    pub(crate) log: TickLog<G>,
    pub(crate) seats: Vec<ClientSeat<G>>,
    dice: Dice,
}

/// When passes begin.
#[derive(Debug, Default)]
pub(crate) struct Timing {
    /// How long a step takes.
    pub(crate) step: Duration,
    /// Until when its process stands still.
    pub(crate) stopped_until: Duration,
    /// When the pass under way ends, or the last one did.
    pub(crate) ended: Duration,
    pub(crate) time_scales: Vec<(Duration, TimeScale)>,
}

/// What a simulator is made of.
#[derive(Clone)]
struct RoomPlan<S> {
    seed: u64,
    template: RoomTemplate<S>,
    rewind_max: Duration,
}

/// The seed of a test that draws lots: that of the environment variable `SEED` if there is one, to run
/// it with another, and else `usual`.
#[must_use]
pub fn seed_or(usual: u64) -> u64 {
    std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(usual)
}

/// How the room is made: to be said before anybody joins.
impl<G: Game> Simulator<G> {
    /// A room without anybody, with the game's own tick rate and number of players and its default
    /// settings. All chance comes from `seed`, which is printed when the test fails.
    ///
    /// # Panics
    /// When the game breaks a limit, with which.
    #[must_use]
    pub fn new(seed: u64) -> Simulator<G> {
        let tick_rate = tick_rate(G::TICK_RATE_HZ);
        let setup = Setup {
            settings: G::Settings::default(),
            seed: seed.into(),
            tick_rate,
            players_max: G::PLAYERS_MAX,
            rewind_max_ticks: 0,
            grace_ticks: 0,
            first_tick: Tick(0),
        };
        let template = RoomTemplate { setup, empty: EmptyRoom::Runs, ..RoomTemplate::default() };
        Simulator::of(RoomPlan { seed, template, rewind_max: REWIND_MAX_DEFAULT })
    }

    fn of(mut plan: RoomPlan<G::Settings>) -> Simulator<G> {
        let grace = plan.template.grace;
        let setup = &mut plan.template.setup;
        setup.rewind_max_ticks = setup.tick_rate.ticks_ceil_or_zero(plan.rewind_max);
        setup.grace_ticks = setup.tick_rate.ticks_ceil_or_zero(grace);
        let first_tick = setup.first_tick;
        // The host would tell only that it could not.
        if let Err(error) = Room::<G>::new("test".to_owned(), plan.template.clone()) {
            panic!("no room of the game {} can be opened: {error}", G::NAME);
        }
        let mut host = Host::new(plan.template.clone(), Duration::from_millis(1));
        let [log, probe] = TickLog::new(first_tick);
        host.set_probe(Box::new(probe));
        Simulator {
            now: Duration::ZERO,
            host,
            timing: Timing::default(),
            log,
            seats: Vec::new(),
            dice: Dice::new(plan.seed, 77),
            plan,
        }
    }

    /// The same with another plan, while nothing has happened yet.
    fn with(self, change: impl FnOnce(&mut RoomPlan<G::Settings>)) -> Simulator<G> {
        assert!(
            self.seats.is_empty() && self.now == Duration::ZERO,
            "how a room is made is said before anybody joins and before it runs"
        );
        let mut plan = self.plan.clone();
        change(&mut plan);
        Simulator::of(plan)
    }

    /// The same with so many ticks a second instead of [`Game::TICK_RATE_HZ`].
    ///
    /// # Panics
    /// When a room may not have that rate.
    #[must_use]
    pub fn tick_rate(self, hz: u16) -> Simulator<G> {
        self.with(|plan| plan.template.setup.tick_rate = tick_rate(hz))
    }

    /// The same with these settings of the game.
    #[must_use]
    pub fn settings(self, settings: G::Settings) -> Simulator<G> {
        self.with(|plan| plan.template.setup.settings = settings)
    }

    /// The same for so many players instead of [`Game::PLAYERS_MAX`].
    ///
    /// # Panics
    /// When a room may not have that many.
    #[must_use]
    pub fn players_max(self, players: u16) -> Simulator<G> {
        self.with(|plan| plan.template.setup.players_max = players)
    }

    /// The same with bots of the room, which make way to people: they fill it up to so many players.
    #[must_use]
    pub fn bots(self, fill: u16) -> Simulator<G> {
        self.with(|plan| plan.template.fill = fill)
    }

    /// The same where the bots of the room play so well.
    #[must_use]
    pub fn skills(self, skills: Skills) -> Simulator<G> {
        self.with(|plan| plan.template.skills = skills)
    }

    /// The same where spectators see everything so much later than players.
    #[must_use]
    pub fn spectator_delay(self, delay: Duration) -> Simulator<G> {
        self.with(|plan| plan.template.stream.spectator_delay = delay)
    }

    /// The same where snapshots are sent in another way.
    #[must_use]
    pub fn stream(self, stream: StreamSettings) -> Simulator<G> {
        self.with(|plan| plan.template.stream = stream)
    }

    /// The same where a player whose connection broke stays for so much time.
    #[must_use]
    pub fn grace(self, grace: Duration) -> Simulator<G> {
        self.with(|plan| plan.template.grace = grace)
    }

    /// The same where shots are judged by pictures of at most this age; zero for the present.
    #[must_use]
    pub fn rewind_max(self, rewind_max: Duration) -> Simulator<G> {
        self.with(|plan| plan.rewind_max = rewind_max)
    }

    /// The same whose first tick is the one after this: for what comes after years.
    #[must_use]
    pub fn first_tick(self, tick: Tick) -> Simulator<G> {
        self.with(|plan| plan.template.setup.first_tick = tick)
    }
}

fn tick_rate(hz: u16) -> TickRate {
    TickRate::new(hz).unwrap_or_else(|| panic!("a room cannot have {hz} ticks a second"))
}

/// Who is there, and what they do.
impl<G: Game> Simulator<G> {
    /// A client joins over `path`, to play. It does nothing until it is said what: see
    /// [`Simulator::hold`], [`Simulator::press`], [`Simulator::play`] and [`Simulator::act`]. It is in
    /// once its hello has arrived: let some time [run](Simulator::run_s).
    pub fn join(&mut self, name: &str, path: Path) -> Who {
        self.seat(name.to_owned(), Role::Player, Driver::Hold(G::Input::default()), path)
    }

    /// The same for a client that plays by [`Game::bot`].
    pub fn join_bot(&mut self, path: Path) -> Who {
        let dice = Box::new(Dice::new(self.dice.bits64(), 1));
        self.seat(format!("client {}", self.seats.len()), Role::Player, Driver::Bot(dice), path)
    }

    /// A client joins over `path`, to watch.
    pub fn spectate(&mut self, path: Path) -> Who {
        let hands = Driver::Hold(G::Input::default());
        self.seat(format!("client {}", self.seats.len()), Role::Spectator, hands, path)
    }

    fn seat(&mut self, name: String, role: Role, hands: Driver<G>, path: Path) -> Who {
        let who = Who(self.seats.len());
        let greeting =
            Greeting { name, role, room: None, ticket: None, settings: None, resume: None };
        let [up, down] = [(); 2].map(|()| PathLink::new(path, Dice::new(self.dice.bits64(), 2)));
        self.seats.push(ClientSeat::new(Client::new(greeting), hands, up, down));
        who
    }

    /// The player holds `input` from now on.
    pub fn hold(&mut self, who: Who, input: G::Input) {
        self.seats[who.0].hands = Driver::Hold(input);
    }

    /// The player gives `input` for its next tick alone, whatever else it does.
    pub fn press(&mut self, who: Who, input: G::Input) {
        self.seats[who.0].pressed = Some(input);
    }

    /// From now on [`Game::bot`] plays for it.
    pub fn play(&mut self, who: Who) {
        let dice = Dice::new(self.dice.bits64(), 1);
        self.seats[who.0].hands = Driver::Bot(Box::new(dice));
    }

    /// From now on the player does what `act` makes of the time and of what its client shows, tick by
    /// tick.
    pub fn act(
        &mut self,
        who: Who,
        act: impl FnMut(Duration, &mut Client<G>) -> G::Input + 'static,
    ) {
        self.seats[who.0].hands = Driver::Act(Box::new(act));
    }

    /// The client says goodbye.
    pub fn leave(&mut self, who: Who) {
        self.seats[who.0].client.leave();
    }

    /// The connection breaks without a word.
    pub fn cut(&mut self, who: Who) {
        let seat = &mut self.seats[who.0];
        seat.pipe.iter().for_each(Pipe::cut);
        seat.end = Some(DisconnectReason::Lost);
    }

    /// The client gives its connection up without a word, if it still has one, and comes back over
    /// another and over `path`, by the newest token that it was given; without one it joins anew. Its
    /// hands do what they did.
    pub fn resume(&mut self, who: Who, path: Path) {
        let [up, down] = [(); 2].map(|()| PathLink::new(path, Dice::new(self.dice.bits64(), 2)));
        let (now, seat) = (self.now, &mut self.seats[who.0]);
        seat.come_back(up, down);
        seat.stopped_until = now;
    }

    /// Its path is another from now on.
    pub fn change_path(&mut self, who: Who, path: Path) {
        let (now, seat) = (self.now, &mut self.seats[who.0]);
        for link in [&mut seat.up, &mut seat.down] {
            link.change(now, path, Dice::new(self.dice.bits64(), 2));
        }
    }

    /// The client's process stands still for a while.
    pub fn stop(&mut self, who: Who, lasts: Duration) {
        self.seats[who.0].stopped_until = self.now + lasts;
    }

    /// From now on its process does something only once in so much time, as a browser's tab in the
    /// background; `Duration::ZERO` ends it.
    pub fn throttle(&mut self, who: Who, every: Duration) {
        self.seats[who.0].throttle = every;
    }

    /// From now on its inputs are changed on their way, as a cheat would change them. What its client
    /// predicts is then not checked any more.
    pub fn meddle(&mut self, who: Who, meddle: impl FnMut(&mut Input<'_>) + 'static) {
        self.seats[who.0].meddle = Some(Box::new(meddle));
    }

    /// From now on it is logged what the client goes through. To be called before it has done
    /// anything.
    pub fn record(&mut self, who: Who) {
        self.seats[who.0].log = Some(Vec::new());
    }

    /// All that a recorded client went through.
    ///
    /// # Panics
    /// When it was not recorded.
    pub fn take_log(&mut self, who: Who) -> Vec<Logged<G::Input>> {
        self.seats[who.0].log.take().expect("it is recorded")
    }
}

/// How time passes.
impl<G: Game> Simulator<G> {
    /// Lets the world run for so many seconds.
    ///
    /// # Panics
    /// When something does not hold that must; when the game panics; when `seconds` is negative or no
    /// number.
    #[track_caller]
    pub fn run_s(&mut self, seconds: f64) {
        self.run(Duration::from_secs_f64(seconds));
    }

    /// The same for a duration.
    ///
    /// # Panics
    /// As [`Simulator::run_s`].
    #[track_caller]
    pub fn run(&mut self, lasts: Duration) {
        let until = self.now + lasts;
        while let Some(next) = self.next_moment().filter(|next| *next <= until) {
            // Whole microseconds, as browsers have them.
            self.now = Duration::from_micros(next.as_nanos().div_ceil(1_000) as u64).max(self.now);
            if let Err(fault) = self.take_turns() {
                panic!("\n{}: after {:.3} s, {fault}\n", G::NAME, self.now.as_secs_f64());
            }
        }
        self.now = until;
    }

    /// All that happens at this moment.
    fn take_turns(&mut self) -> Result<(), Violation> {
        let ticks = self.log.ticks();
        for seat in &mut self.seats {
            seat.take_turn(self.now, &ticks)?;
        }
        drop(ticks);
        if self.now >= self.next_pass() {
            self.pass()?;
        }
        Ok(())
    }

    fn next_moment(&self) -> Option<Duration> {
        let connected = self.seats.iter().filter(|seat| seat.end.is_none());
        // A client that finds nothing to do at its moment must not hold up time.
        connected
            .filter_map(ClientSeat::next_moment)
            .map(|at| at.max(self.now + Duration::from_micros(50)))
            .chain([self.next_pass()])
            .min()
    }
}

impl<G: Game> Drop for Simulator<G> {
    #[expect(clippy::print_stderr, reason = "a test that fails says by which seed")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let hz = self.plan.template.setup.tick_rate.hz();
            let (seed, now) = (self.plan.seed, self.now.as_secs_f64());
            eprintln!("{}: seed {seed}, {hz} ticks/s, {now:.3} s of virtual time", G::NAME);
        }
    }
}
