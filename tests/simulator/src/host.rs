//! The production server on a time of the test's: lobby and one shard, driven as the shell drives
//! them, with peers at the other end of pipes.
//!
//! Below the [`Simulator`](crate::Simulator), which an author of a game needs: for tests of the server
//! itself, that put bytes of their own on its connections.

mod pipe;

pub use pipe::{Pipe, PipeTransport, pipe};

use std::sync::{Arc, mpsc};
use std::time::Duration;

use tickwire_game::dice::Dice;
use tickwire_game::game::Game;
use tickwire_game::ids::SessionId;
use tickwire_game::protocol::{ClientMessage, Hello, PROTOCOL_VERSION, Role, RoomChoice};
use tickwire_game::tick::Tick;
use tickwire_host::hello::{GameVersion, HelloError, judge};
use tickwire_host::mailbox::PassCounters;
use tickwire_host::room::{EmptyRoom, Room, RoomCounters, RoomTemplate};
use tickwire_host::{
    Command, DirectoryLimits, Drain, Effects, GuestSettings, Lobby, LobbySettings, OpenerLimits,
    PeerKey, PendingJoin, RequestedRoom, RoomBuilder, RoomHost, RoomKey, SeatRelease, SeatRequest,
    Secrets, Shard, StepProbe, Transport,
};

/// The name of the one room.
pub const ROOM: &str = "test";

/// A server with one room.
pub struct Host<G: Game> {
    lobby: Lobby<G::Settings>,
    shard: Shard<G>,
    effects: Effects,
    freed_seats: mpsc::Receiver<SeatRelease>,
    room: RoomKey,
    first_tick: Tick,
    /// What passes have counted.
    pub counters: PassCounters,
    /// What the room has counted.
    pub room_counters: RoomCounters,
}

impl<G: Game> Host<G> {
    /// A server whose room is open and empty, and runs all the same. Its first tick is due at `now`.
    ///
    /// # Panics
    /// When the template makes no room.
    #[must_use]
    pub fn new(template: RoomTemplate<G::Settings>, now: Duration) -> Host<G> {
        let limits = DirectoryLimits {
            players_max: template.setup.players_max,
            rooms_max: 1,
            connections_max: 100_000,
            empty_max: Duration::MAX,
            opener: OpenerLimits::default(),
        };
        let (freed, freed_seats) = mpsc::channel();
        let release = Arc::new(move |seat| {
            // A host that is gone counts nobody.
            let _ = freed.send(seat);
        });
        let (seed, first_tick) = (template.setup.seed, template.setup.first_tick);
        let settings = LobbySettings {
            game: GameVersion::of::<G>(),
            tick_rate: template.setup.tick_rate,
            limits,
            shards: 1,
            seed,
            records_first: false,
            grace: template.grace,
            absent_per_client_max: usize::MAX,
        };
        let guest_settings = GuestSettings::new::<G>(template.setup.settings.clone());
        let guest_settings = guest_settings.expect("the game's settings are sound");
        let mut lobby = Lobby::new(settings, guest_settings, release, secrets(1));
        let template = RoomTemplate { empty: EmptyRoom::Runs, ..template };
        let (builder, mut shard) = (RoomBuilder::new(template), Shard::new());
        let mut effects = Effects::default();
        // A spectator has it opened, and leaves before it is there.
        let room = RequestedRoom::named(ROOM);
        let request = SeatRequest::guest(Role::Spectator, &room, None);
        let admission = lobby.admit(&request, now).expect("there is space");
        let room = admission.room();
        for (_, command) in lobby.take_commands() {
            shard.handle(command, now, &mut effects);
        }
        for mut order in lobby.take_orders() {
            // The room is of the template's very seed, whatever it is called.
            order.seed = seed;
            shard.open(builder.build(order), now, &mut effects);
        }
        assert!(effects.failed.is_empty(), "the game fits a room");
        drop(admission);
        let (counters, room_counters) = (PassCounters::default(), RoomCounters::default());
        let mut host =
            Host { lobby, shard, effects, freed_seats, room, first_tick, counters, room_counters };
        host.settle(now);
        host
    }

    /// From now on `probe` looks at the room after each of its steps.
    pub fn set_probe(&mut self, probe: Box<dyn StepProbe<G>>) {
        self.shard.set_probe(probe);
    }

    /// A peer sends its first message, over a pipe of its own.
    ///
    /// # Errors
    /// Why it is not let in.
    pub fn connect(
        &mut self,
        now: Duration,
        hello: &[u8],
    ) -> Result<(SessionId, Pipe), HelloError> {
        let (pipe, transport) = pipe();
        Ok((self.connect_over(now, hello, Box::new(transport))?, pipe))
    }

    /// The same over a transport of the test's.
    ///
    /// # Errors
    /// Why it is not let in.
    pub fn connect_over(
        &mut self,
        now: Duration,
        hello: &[u8],
        transport: Box<dyn Transport>,
    ) -> Result<SessionId, HelloError> {
        let request = judge(hello, GameVersion::of::<G>(), |_| Ok(None))?;
        // Any room is this one, be it near its end.
        let room = match request.room {
            RequestedRoom::Any => RequestedRoom::named(ROOM),
            named => named,
        };
        let guest = SeatRequest::guest(request.role, &room, None);
        let asked = SeatRequest { resume: request.resume, ..guest };
        let admission = self.lobby.admit(&asked, now).map_err(HelloError::Refused)?;
        let session = admission.session;
        let pending = PendingJoin {
            transport,
            admission,
            peer: PeerKey(session.0),
            subject: None,
            name: request.name,
            replays: request.replays,
            span: tracing::Span::none(),
        };
        self.shard.handle(Command::Join(Box::new(pending)), now, &mut self.effects);
        self.settle(now);
        Ok(session)
    }

    /// The server is to close, and drains first.
    pub fn drain(&mut self, drain: Drain, now: Duration) {
        self.lobby.drain(drain, now);
        for (_, command) in self.lobby.take_commands() {
            self.shard.handle(command, now, &mut self.effects);
        }
    }

    /// Whether it drains and nobody plays any more.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.lobby.is_drained()
    }

    /// The room with its sessions.
    ///
    /// # Panics
    /// When it has failed.
    #[must_use]
    pub fn room_host(&self) -> &RoomHost<G> {
        self.shard.room(self.room).expect("the room has not failed")
    }

    /// Whether its room has made its last tick.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.shard.room(self.room).is_none()
    }

    /// The room.
    #[must_use]
    pub fn room(&self) -> &Room<G> {
        self.room_host().room()
    }

    /// When the next pass is due, or the turn of a client that waits to be let in.
    #[must_use]
    pub fn next_deadline(&self) -> Duration {
        let moments = [self.shard.next_deadline(), self.shard.seats_at()];
        moments.into_iter().flatten().min().unwrap_or(Duration::MAX)
    }

    /// One pass of the shard, if one is due at `now`.
    pub fn pass(&mut self, now: Duration) {
        self.shard.pass(now, &mut self.effects);
        while self.shard.seat_next(now, &mut self.effects) {}
        self.settle(now);
    }

    /// The pass that was made last has ended.
    pub fn pass_ended(&mut self, now: Duration) {
        self.shard.pass_ended(now);
    }

    /// A pass just when the next one is due, which takes no time; when that was.
    pub fn tick(&mut self) -> Duration {
        let now = self.next_deadline();
        self.pass(now);
        self.pass_ended(now);
        now
    }

    /// Sees to the effects of what was done, as the shell does, and keeps their memory as it does.
    fn settle(&mut self, now: Duration) {
        let effects = &mut self.effects;
        self.counters += std::mem::take(&mut effects.counters);
        self.room_counters += std::mem::take(&mut effects.rooms);
        effects.tick_lateness.clear();
        effects.recorded.clear();
        // What it said was printed when it was caught.
        assert!(effects.failed.is_empty(), "the game panicked: what it said stands above");
        // A room that failed is gone before its seats are free.
        for room in effects.failed.drain(..).chain(effects.over.drain(..)) {
            self.lobby.room_failed(room, now);
        }
        effects.departed.clear();
        effects.freed.clear();
        effects.reports.drain(..).for_each(|report| self.lobby.hear(report));
        for seat in self.freed_seats.try_iter() {
            self.lobby.leave(seat, now);
        }
        let host = self.shard.room(self.room);
        let sessions = host.map_or(0, |host| host.sessions().len()) + self.shard.seats_waiting();
        assert_eq!(self.lobby.people(), sessions, "nobody is counted who is not there");
        if let Some(host) = host {
            let made = host.room().tick().since(self.first_tick) as u64;
            assert_eq!(made, self.counters.ticks, "a tick that is counted is made");
        }
    }
}

/// Secrets for the tokens of a test, by a seed.
#[must_use]
pub fn secrets(seed: u64) -> Secrets {
    let mut dice = Dice::new(seed, 99);
    Box::new(move || {
        let halves = [dice.bits64(), dice.bits64()].map(u128::from);
        (halves[0] << 64 | halves[1]).to_le_bytes()
    })
}

/// A hello for the room of a [`Host`].
#[must_use]
pub fn hello<G: Game>(name: &str, role: Role, replays: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let hello = Hello {
        protocol: PROTOCOL_VERSION,
        game: G::NAME,
        rules: G::RULES,
        role,
        name,
        room: RoomChoice::Named(ROOM),
        replays,
        ticket: None,
        settings: None,
        resume: None,
    };
    ClientMessage::Hello(hello).encode(&mut out);
    out
}
