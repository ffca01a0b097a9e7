//! [`Shard`]: a plain thread that owns some rooms and the sockets that play in them, and is
//! the only clock they have.
//!
//! It sleeps until the next deadline of any of its rooms, passes through that room, and takes
//! commands in between. Nothing wakes it but a deadline or a command: sockets are read when
//! their tick needs them. A panic in a room ends that room alone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use shared::game::Game;
use shared::protocol::End;
use tokio::sync::mpsc::UnboundedSender;
use tracing::{error, info};

use crate::directory::RoomKey;
use crate::hosted::{Arrival, Bench, Hosted, RoomStatus, refuse};
use crate::lobby::Request;
use crate::recorder::Recorder;
use crate::room::{Room, RoomSettings};

/// What a shard is told. Its mailbox is bounded by the numbers of rooms and of connections.
pub(crate) enum Command<G: Game> {
    /// Open a room. The lobby sends this before anyone is sent there.
    Open {
        room: RoomKey,
        settings: RoomSettings<G::Settings>,
        status: Arc<RoomStatus>,
        recorder: Option<Box<Recorder<G>>>,
    },
    /// Take in a client.
    Admit(Box<Arrival>),
    /// End a room that nobody is in.
    Retire { room: RoomKey },
    /// Say goodbye to all, and end.
    Close,
}

/// Commands taken between two passes, so that neither can starve the other.
const COMMANDS_PER_PASS: usize = 16;

/// A thread's rooms.
pub(crate) struct Shard<G: Game> {
    mailbox: Receiver<Command<G>>,
    lobby: UnboundedSender<Request>,
    rooms: Vec<Hosted<G>>,
    bench: Bench,
    started: Instant,
    opened: u32,
}

impl<G: Game> Shard<G> {
    pub(crate) fn new(
        mailbox: Receiver<Command<G>>,
        lobby: UnboundedSender<Request>,
        bench: Bench,
    ) -> Shard<G> {
        Shard { mailbox, lobby, rooms: Vec::new(), bench, started: Instant::now(), opened: 0 }
    }

    /// Runs until told to close, or until nobody is left who could tell.
    pub(crate) fn run(mut self) {
        while self.turn() {}
        self.close();
    }

    /// One pass and what commands came meanwhile; or sleep. Whether to go on.
    fn turn(&mut self) -> bool {
        match self.first_due() {
            Some((at, Duration::ZERO)) => {
                self.pass(at);
                (0..COMMANDS_PER_PASS).all(|_| match self.mailbox.try_recv() {
                    Ok(command) => self.obey(command),
                    // Whether all who could send are gone shows when there is time to sleep.
                    Err(_) => true,
                })
            }
            first => match self.next_command(first.map(|(_, wait)| wait)) {
                Ok(command) => self.obey(command),
                Err(RecvTimeoutError::Timeout) => true,
                Err(RecvTimeoutError::Disconnected) => false,
            },
        }
    }

    /// The room whose deadline is the next, and how far away that is.
    fn first_due(&self) -> Option<(usize, Duration)> {
        let (at, room) = self.rooms.iter().enumerate().min_by_key(|(_, room)| room.deadline())?;
        Some((at, room.deadline().saturating_sub(self.now())))
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn next_command(&self, wait: Option<Duration>) -> Result<Command<G>, RecvTimeoutError> {
        match wait {
            Some(wait) => self.mailbox.recv_timeout(wait),
            None => self.mailbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    fn pass(&mut self, at: usize) {
        // Of all of them: one that is late cannot tell from itself whether the thread has time.
        let load = self.rooms.iter().map(Hosted::load).sum();
        let now = self.now();
        let passed = self.guarded(at, |room, bench| room.pass(now, load, bench));
        let ended = self.now();
        let took = ended.saturating_sub(now);
        self.bench.metrics.pass(took);
        if passed.is_some() {
            self.rooms[at].worked(ended, took);
        }
    }

    /// Does something with a room; a panic ends the room, and nothing else, and gives `None`.
    fn guarded<T>(
        &mut self,
        at: usize,
        act: impl FnOnce(&mut Hosted<G>, &mut Bench) -> T,
    ) -> Option<T> {
        let (room, bench) = (&mut self.rooms[at], &mut self.bench);
        // Nothing of the room is used after a panic, and the bench holds only buffers that
        // each use clears.
        let done = catch_unwind(AssertUnwindSafe(|| act(room, bench))).ok();
        if done.is_none() {
            let mut room = self.rooms.swap_remove(at);
            room.end_recording("its room failed", &self.bench);
            error!(room = room.name(), "room failed: a panic in it");
            self.fail(room.key);
            room.close(End::RoomFailed, &self.bench);
        }
        done
    }

    fn fail(&self, room: RoomKey) {
        self.bench.metrics.rooms_failed.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        // Without a lobby the server is going down.
        let _ = self.lobby.send(Request::Failed { room });
    }

    /// Whether to go on.
    fn obey(&mut self, command: Command<G>) -> bool {
        match command {
            Command::Open { room, settings, status, recorder } => {
                self.open(room, settings, status, recorder);
            }
            Command::Admit(arrival) => self.admit(*arrival),
            Command::Retire { room } => {
                if let Some(at) = self.at(room) {
                    let mut room = self.rooms.swap_remove(at);
                    room.end_recording("its room closes, deserted", &self.bench);
                    room.close(End::Closing, &self.bench);
                }
            }
            Command::Close => return false,
        }
        true
    }

    fn open(
        &mut self,
        key: RoomKey,
        settings: RoomSettings<G::Settings>,
        status: Arc<RoomStatus>,
        recorder: Option<Box<Recorder<G>>>,
    ) {
        let name = settings.name.clone();
        let period = settings.setup.tick_rate.period();
        match catch_unwind(AssertUnwindSafe(|| Room::<G>::new(settings))) {
            Ok(Ok(room)) => {
                let origin = self.now() + stagger(self.opened, period);
                self.opened = self.opened.wrapping_add(1);
                self.rooms.push(Hosted::new(key, room, origin, status, recorder));
            }
            Ok(Err(reason)) => {
                error!(room = name, %reason, "room did not open");
                self.fail(key);
            }
            Err(_) => {
                error!(room = name, "room did not open: a panic in it");
                self.fail(key);
            }
        }
    }

    fn admit(&mut self, arrival: Arrival) {
        let now = self.now();
        let at = self.at(arrival.place.room);
        let joined = at.and_then(|at| Some((at, self.guarded(at, |room, _| room.join(&arrival))?)));
        match joined {
            Some((at, Ok(player))) => self.rooms[at].seat(arrival, player, now, &mut self.bench),
            Some((_, Err(refusal))) => refuse(arrival, refusal, &self.bench),
            // The room failed while this client was on its way, or just now because of it.
            None => self.bench.part(arrival.socket, End::RoomFailed),
        }
    }

    fn at(&self, room: RoomKey) -> Option<usize> {
        self.rooms.iter().position(|hosted| hosted.key == room)
    }

    fn close(self) {
        let Shard { mailbox, rooms, bench, .. } = self;
        let count = rooms.len();
        for room in rooms {
            room.close(End::Closing, &bench);
        }
        for command in mailbox.try_iter() {
            if let Command::Admit(arrival) = command {
                bench.part(arrival.socket, End::Closing);
            }
        }
        // Now whoever sends a client here gets it back, and tells it.
        drop(mailbox);
        info!(rooms = count, "shard closed");
    }
}

/// How far into a period the deadlines of the `nth` room of a shard lie: multiples of the
/// golden ratio spread evenly however many there will be, so that rooms do not all send at once.
fn stagger(nth: u32, period: Duration) -> Duration {
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    let fraction = u64::from(nth).wrapping_mul(GOLDEN) >> 32;
    let nanos = (period.as_nanos() * u128::from(fraction)) >> 32;
    Duration::from_nanos(nanos as u64)
}

#[cfg(test)]
mod tests {
    use shared::game::Setup;

    use super::*;
    use crate::metrics::Metrics;
    use crate::room::dots::Dots;

    #[test]
    fn a_room_that_is_late_is_slowed_for_what_the_others_do_too() {
        for (others_took_ms, slowed) in [(1, false), (50, true)] {
            let (_commands, mailbox) = std::sync::mpsc::channel();
            let (lobby, _requests) = tokio::sync::mpsc::unbounded_channel();
            let (farewells, _leaving) = tokio::sync::mpsc::unbounded_channel();
            let (message, gathered, metrics) = (Vec::new(), Vec::new(), Arc::<Metrics>::default());
            let bench = Bench { message, gathered, farewells, metrics };
            let mut shard = Shard::<Dots>::new(mailbox, lobby, bench);
            let late = Arc::<RoomStatus>::default();
            for status in [Arc::clone(&late), Arc::default()] {
                let setup = Setup { players_max: 4, ..Setup::default() };
                let settings = RoomSettings { setup, ..RoomSettings::default() };
                shard.open(RoomKey::default(), settings, status, None);
            }
            // The other one has passed through some ticks, as if each had taken so long.
            for _ in 0..4 {
                let other = &mut shard.rooms[1];
                let now = other.deadline();
                other.pass(now, 0.0, &mut shard.bench);
                other.worked(now, Duration::from_millis(others_took_ms));
            }
            shard.started -= Duration::from_secs(2);
            shard.pass(0);
            assert_eq!(late.pace_permille() < 1_000, slowed, "{others_took_ms} ms");
        }
    }

    #[test]
    fn rooms_are_spread_over_the_period() {
        let period = Duration::from_millis(30);
        let mut offsets: Vec<Duration> = (0..10).map(|nth| stagger(nth, period)).collect();
        offsets.sort_unstable();
        assert!(*offsets.last().expect("ten of them") < period);
        assert!(offsets.windows(2).all(|pair| pair[1] - pair[0] > period / 30));
    }
}
