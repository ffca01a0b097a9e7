//! The whole system on virtual time: the production server (lobby, shard, sessions, room), links and
//! clients, and a checker that looks at every snapshot. No socket, no clock, no thread: an hour
//! takes what its work takes, and the same seed gives the same run.

mod checks;
mod feel;
mod link;
mod shard;

pub use feel::Feel;
pub use link::{Link, Path};
use shard::{TickLog, Timing};

use std::collections::VecDeque;
use std::time::Duration;

use checks::{check_mirror, check_scene};

use tickwire_game::client::{Client, Greeting, Stage};
use tickwire_game::dice::Dice;
use tickwire_game::game::{Game, Setup};
use tickwire_game::ids::{PlayerId, SessionId};
use tickwire_game::protocol::snapshot::Mirror;
use tickwire_game::protocol::{End, Input, Role, ServerMessage};
use tickwire_game::tick::{Tick, TickRate};
use tickwire_host::RoomHost;
use tickwire_host::limits::REWIND_MAX_DEFAULT;
use tickwire_host::room::{Room, RoomCounters, RoomTemplate, StreamSettings};

use crate::host::{Host, Pipe};

/// Which of a world's clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Who(usize);

type Act<G> = Box<dyn FnMut(Duration, &mut Client<G>) -> <G as Game>::Input>;

type Meddle = Box<dyn FnMut(&mut Input<'_>)>;

/// What a client's hands do.
enum Hands<G: Game> {
    /// The game's own bot, at every tick.
    Bot(Box<Dice>),
    /// The same input until told otherwise.
    Hold(G::Input),
    /// What it makes of what its client shows.
    Act(Act<G>),
}

/// One thing that a client went through.
#[derive(Clone, Debug, PartialEq)]
pub enum Logged<I> {
    /// A message came.
    Received(Duration, Vec<u8>),
    /// It was to play, and what it had to send then.
    Played(Duration, I, Vec<Vec<u8>>),
}

/// One client with its connection and the links between.
struct Seat<G: Game> {
    client: Client<G>,
    hands: Hands<G>,
    up: Link,
    down: Link,
    /// `None` before the hello came.
    session: Option<SessionId>,
    pipe: Option<Pipe>,
    end: Option<End>,
    /// Until when its process does nothing at all; and how long it does so each time that it has
    /// done something.
    stopped_until: Duration,
    throttle: Duration,
    feel: Feel,
    /// What it went through, if that is to be had again.
    log: Option<Vec<Logged<G::Input>>>,
    /// What a cheat makes of its inputs on their way.
    meddle: Option<Meddle>,
    /// What the server's end of the stream knew after each snapshot that is still under way.
    mirrors: VecDeque<Mirror>,
    /// The tick of the last of these.
    written: Option<Tick>,
    /// When snapshots came, and how old they were.
    ages: Vec<Duration>,
}

/// What a world is made of.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where all chance comes from; printed, so that a run can be had again.
    pub seed: u64,
    /// Ticks a second.
    pub tick_rate_hz: u16,
    /// Most players.
    pub players_max: u16,
    /// Fill-in bots.
    pub fill: u16,
    /// How it sends what there is to see.
    pub stream: StreamSettings,
    /// How old a picture may be by which a shot is judged.
    pub rewind_max: Duration,
    /// The tick before the room's first.
    pub first_tick: Tick,
}

impl Plan {
    /// A room for 64 at 30 ticks a second, without fill-in bots.
    #[must_use]
    pub fn seeded(seed: u64) -> Plan {
        Plan {
            seed,
            tick_rate_hz: 30,
            players_max: 64,
            fill: 0,
            stream: StreamSettings::default(),
            rewind_max: REWIND_MAX_DEFAULT,
            first_tick: Tick(0),
        }
    }
}

/// One server with one room, and all its clients.
pub struct World<G: Game> {
    now: Duration,
    host: Host<G>,
    timing: Timing,
    log: TickLog,
    seats: Vec<Seat<G>>,
    dice: Dice,
}

impl<G: Game> Seat<G> {
    fn watches(&self) -> bool {
        self.client.greeting().role == Role::Spectator
    }
}

impl<G: Game> World<G> {
    /// A room without anybody.
    ///
    /// # Panics
    /// When the plan is not one.
    #[must_use]
    pub fn new(plan: &Plan) -> World<G> {
        World::of(plan, G::Settings::default())
    }

    /// The same in a room whose game has these settings.
    ///
    /// # Panics
    /// When the plan is not one.
    #[must_use]
    pub fn of(plan: &Plan, settings: G::Settings) -> World<G> {
        let tick_rate = TickRate::new(plan.tick_rate_hz).expect("a rate within the limits");
        let rewind = plan.rewind_max;
        let setup = Setup {
            settings,
            seed: plan.seed.into(),
            tick_rate,
            players_max: plan.players_max,
            rewind_max_ticks: tick_rate.ticks_in_most(rewind),
            first_tick: plan.first_tick,
        };
        let template =
            RoomTemplate { setup, fill: plan.fill, stream: plan.stream, ..RoomTemplate::default() };
        let mut host = Host::new(template, Duration::from_millis(1));
        let log = TickLog::default();
        log.ticks().first_tick = plan.first_tick;
        host.set_probe(Box::new(log.clone()));
        World {
            now: Duration::ZERO,
            host,
            timing: Timing::default(),
            log,
            seats: Vec::new(),
            dice: Dice::new(plan.seed, 77),
        }
    }

    /// A client that plays by the game's own bot joins over `path`.
    pub fn join_bot(&mut self, path: Path) -> Who {
        let dice = Box::new(Dice::new(self.dice.bits64(), 1));
        self.join(Role::Player, Hands::Bot(dice), path)
    }

    /// A client whose player holds one input joins over `path`.
    pub fn join_player(&mut self, path: Path) -> Who {
        self.join(Role::Player, Hands::Hold(G::Input::default()), path)
    }

    /// A client joins over `path` whose player does what `act` makes of what the client shows.
    pub fn join_acting(
        &mut self,
        path: Path,
        act: impl FnMut(Duration, &mut Client<G>) -> G::Input + 'static,
    ) -> Who {
        self.join(Role::Player, Hands::Act(Box::new(act)), path)
    }

    /// A spectator joins over `path`.
    pub fn join_spectator(&mut self, path: Path) -> Who {
        self.join(Role::Spectator, Hands::Hold(G::Input::default()), path)
    }

    fn join(&mut self, role: Role, hands: Hands<G>, path: Path) -> Who {
        let who = Who(self.seats.len());
        let greeting =
            Greeting { name: format!("client {}", who.0), role, room: None, ticket: None };
        let link = |dice: &mut Dice| Link::new(path, Dice::new(dice.bits64(), 2));
        self.seats.push(Seat {
            client: Client::new(greeting),
            hands,
            up: link(&mut self.dice),
            down: link(&mut self.dice),
            session: None,
            pipe: None,
            end: None,
            stopped_until: Duration::ZERO,
            throttle: Duration::ZERO,
            feel: Feel::default(),
            log: None,
            meddle: None,
            mirrors: VecDeque::new(),
            written: None,
            ages: Vec::new(),
        });
        who
    }

    /// The player holds `input` from now on.
    pub fn press(&mut self, who: Who, input: G::Input) {
        self.seats[who.0].hands = Hands::Hold(input);
    }

    /// The client's process stands still for a while.
    pub fn stop(&mut self, who: Who, lasts: Duration) {
        self.seats[who.0].stopped_until = self.now + lasts;
    }

    /// From now on its inputs are changed on their way, as a cheat would change them.
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

    /// From now on its process does something only once in so much time, as a browser's tab in the
    /// background; `Duration::ZERO` ends it.
    pub fn throttle(&mut self, who: Who, every: Duration) {
        self.seats[who.0].throttle = every;
    }

    /// Its path is another from now on.
    pub fn change_path(&mut self, who: Who, path: Path) {
        let (now, seat) = (self.now, &mut self.seats[who.0]);
        for link in [&mut seat.up, &mut seat.down] {
            link.change(now, path, Dice::new(self.dice.bits64(), 2));
        }
    }

    /// The client says goodbye.
    pub fn leave(&mut self, who: Who) {
        self.seats[who.0].client.leave();
    }

    /// The connection breaks without a word.
    pub fn cut(&mut self, who: Who) {
        let seat = &mut self.seats[who.0];
        seat.pipe.iter().for_each(Pipe::cut);
        seat.end = Some(End::Lost);
    }

    /// Lets the world run for a while.
    pub fn run(&mut self, lasts: Duration) {
        let until = self.now + lasts;
        while let Some(next) = self.next_moment().filter(|next| *next <= until) {
            // Whole microseconds, as browsers have them.
            self.now = Duration::from_micros(next.as_nanos().div_ceil(1_000) as u64).max(self.now);
            self.clients();
            if self.now >= self.next_pass() {
                self.pass();
            }
        }
        self.now = until;
    }

    fn next_moment(&self) -> Option<Duration> {
        let of_clients = self.seats.iter().filter(|seat| seat.end.is_none()).filter_map(|seat| {
            let moments = [seat.down.next_arrival(), seat.client.due_at()];
            Some(moments.into_iter().flatten().min()?.max(seat.stopped_until))
        });
        // A client that finds nothing to do at its moment must not hold up time.
        of_clients
            .map(|at| at.max(self.now + Duration::from_micros(50)))
            .chain([self.next_pass()])
            .min()
    }

    fn clients(&mut self) {
        let ticks = self.log.ticks();
        for seat in &mut self.seats {
            if self.now < seat.stopped_until || seat.end.is_some() {
                continue;
            }
            seat.stopped_until = self.now + seat.throttle;
            while let Some(bytes) = seat.down.receive(self.now) {
                let before = seat.client.tick();
                if let Some(log) = &mut seat.log {
                    log.push(Logged::Received(self.now, bytes.clone()));
                }
                seat.client.receive(self.now, &bytes).expect("what the server sends is understood");
                if let Ok(ServerMessage::Snapshot(_)) = ServerMessage::decode(&bytes) {
                    let tick = match seat.client.player() {
                        Some(_) => check_mirror(seat),
                        None => check_scene(seat, &ticks.scenes),
                    };
                    seat.ages.push(self.now - ticks.made_at(tick));
                    seat.feel.snapshot(&mut seat.client, &seat.up, before, &ticks.effects);
                }
            }
            let is_due = seat.client.due_at().is_some_and(|due| due <= self.now);
            let input = match &mut seat.hands {
                Hands::Hold(input) => *input,
                _ if !is_due => G::Input::default(),
                Hands::Bot(dice) => {
                    seat.client.seen().map(|seen| G::bot(&seen, dice)).unwrap_or_default()
                }
                Hands::Act(act) => act(self.now, &mut seat.client),
            };
            if seat.client.play(self.now, input) > 0 {
                seat.feel.look(seat.client.is_extrapolating(self.now));
            }
            let sent: Vec<_> = std::iter::from_fn(|| seat.client.outgoing()).collect();
            if let Some(log) = &mut seat.log {
                log.push(Logged::Played(self.now, input, sent.clone()));
            }
            for mut bytes in sent {
                if let Some(meddle) = &mut seat.meddle {
                    bytes = shard::meddled(&bytes, meddle);
                }
                seat.up.send(self.now, bytes);
            }
        }
    }

    /// Virtual time since the start.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.now
    }

    /// The room.
    #[must_use]
    pub fn room(&self) -> &Room<G> {
        self.host.room()
    }

    /// The room with its sessions.
    #[must_use]
    pub fn room_host(&self) -> &RoomHost<G> {
        self.host.room_host()
    }

    /// Whether the room has made its last tick, and is gone.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.host.is_over()
    }

    /// What the room has counted.
    #[must_use]
    pub fn room_counters(&self) -> &RoomCounters {
        &self.host.room_counters
    }

    /// One of the clients.
    #[must_use]
    pub fn client(&self, who: Who) -> &Client<G> {
        &self.seats[who.0].client
    }

    /// The same, to draw with.
    pub fn client_mut(&mut self, who: Who) -> &mut Client<G> {
        &mut self.seats[who.0].client
    }

    /// Who it is in the room.
    #[must_use]
    pub fn player(&self, who: Who) -> Option<PlayerId> {
        self.room_host().session(self.seats[who.0].session?)?.player()
    }

    /// Why its connection ended, if it did.
    #[must_use]
    pub fn ended(&self, who: Who) -> Option<End> {
        self.seats[who.0].end
    }

    /// What its player felt; forgets it.
    pub fn take_feel(&mut self, who: Who) -> Feel {
        std::mem::take(&mut self.seats[who.0].feel)
    }

    /// How old each of its snapshots was when it came, from its tick on; forgets them.
    pub fn take_ages(&mut self, who: Who) -> Vec<Duration> {
        std::mem::take(&mut self.seats[who.0].ages)
    }

    /// The state hash after each tick so far.
    #[must_use]
    pub fn hashes(&self) -> Vec<u64> {
        self.log.ticks().hashes.clone()
    }

    /// Fails unless everybody who is to be in is in.
    pub fn all_play(&self) {
        for (at, seat) in self.seats.iter().enumerate() {
            assert_eq!(seat.end, None, "client {at}");
            assert_eq!(seat.client.stage(), Stage::Playing, "client {at}");
        }
    }
}
