//! The players: one thread that looks at all their sockets each millisecond, each with inputs at a
//! phase of its own.
//!
//! It owns the connections of one measurement and the clock that they go by, and knows nothing of
//! processes or tables. It is cheap, so that what is measured is the server: of most players' snapshots
//! it reads the tick alone; one in [`SAMPLE_EVERY`] is a whole client.

mod connection;
mod frames;
mod sample;
mod script;
mod socket;
mod traffic;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use skirmish_rules::rules::border_radius;
use tickwire_game::tick::Tick;

use crate::options::{Candidate, Case, Workload};
use connection::{Connection, Lost, Scratch};
pub(crate) use traffic::Traffic;

/// Most players of which each is a whole client, and at least so many if there are.
const SAMPLE_EVERY: usize = 64;
const SAMPLES_MIN: usize = 8;
/// How many players connect in a second, at most.
const RAMP_PER_SECOND: f32 = 1_000.0;
/// How fast the border of an arena moves out to where it belongs, in units.
const BORDER_GROWTH_PER_SECOND: f32 = 12.0;
/// How long the last ones may take until they play.
const JOIN_MAX: Duration = Duration::from_secs(4);
/// How many sockets are read before it looks at the clock again.
const EVENTS: usize = 32;

pub(crate) struct Generator {
    address: SocketAddr,
    candidate: Candidate,
    case: Case,
    epoll: Epoll,
    /// The time between two inputs of a player.
    period: Duration,
    /// In how many turns of a millisecond or so the players of a tick have theirs.
    turns: u64,
    start: Instant,
    /// The next turn.
    turn: u64,
    /// By number; those that ended are gone.
    connections: Vec<Option<Connection>>,
    sample_every: usize,
    /// Where each stood when measuring began.
    marks: Vec<Option<Tick>>,
    marked_at: Instant,
    scratch: Scratch,
    traffic: Traffic,
}

/// What came of a measurement.
pub(crate) struct Measured {
    pub(crate) traffic: Traffic,
    pub(crate) took: Duration,
    /// Ticks of the server meanwhile, as the mean of all who are still there.
    pub(crate) ticks: f64,
    /// Connections that play.
    pub(crate) playing: usize,
}

impl Generator {
    pub(crate) fn new(
        address: SocketAddr,
        candidate: Candidate,
        case: Case,
        period: Duration,
    ) -> anyhow::Result<Generator> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let players = usize::from(case.players);
        Ok(Generator {
            address,
            candidate,
            case,
            epoll,
            period,
            turns: (period.as_millis() as u64).max(1),
            start: Instant::now(),
            turn: 0,
            connections: Vec::with_capacity(players),
            sample_every: (players / SAMPLES_MIN).clamp(1, SAMPLE_EVERY),
            marks: Vec::new(),
            marked_at: Instant::now(),
            scratch: Scratch::new(),
            traffic: Traffic::default(),
        })
    }

    /// Lets all players connect, and gives up waiting for those that are not let in.
    pub(crate) fn connect_all(&mut self) -> anyhow::Result<()> {
        let players = usize::from(self.case.players);
        let begin = Instant::now();
        while self.connections.len() < players {
            while self.may_connect(begin.elapsed().as_secs_f32()) {
                self.connect();
            }
            self.wait()?;
        }
        let give_up = Instant::now() + JOIN_MAX;
        let is_done =
            |traffic: &Traffic| traffic.connected + traffic.lost.values().sum::<usize>() >= players;
        while !is_done(&self.traffic) && Instant::now() < give_up {
            self.wait()?;
        }
        Ok(())
    }

    /// Whether the next player may come so many seconds after the first one. An arena grows no faster
    /// than its border moves, and who comes sooner stands in a crowd that no arena is meant to hold.
    fn may_connect(&self, seconds: f32) -> bool {
        let number = self.connections.len();
        let has_world = self.candidate != Candidate::Floor;
        let is_crowded = || {
            let radius = border_radius(0) + BORDER_GROWTH_PER_SECOND * seconds;
            border_radius(number as u16) > radius
        };
        number < usize::from(self.case.players)
            && number as f32 <= seconds * RAMP_PER_SECOND
            && !(has_world && self.case.workload == Workload::Arena && is_crowded())
    }

    fn connect(&mut self) {
        let number = self.connections.len();
        let is_sample = number.is_multiple_of(self.sample_every);
        let opened = Connection::open(self.address, self.candidate, self.case, number, is_sample);
        let opened = opened.and_then(|connection| {
            // Each read takes all there is, so that only later data raises an event.
            let flags = EpollFlags::EPOLLIN | EpollFlags::EPOLLET;
            self.epoll.add(&connection, EpollEvent::new(flags, number as u64))?;
            Ok(connection)
        });
        match opened {
            Ok(connection) => self.connections.push(Some(connection)),
            Err(error) => {
                self.traffic.lose(format!("cannot connect: {}", error.kind()));
                self.connections.push(None);
            }
        }
    }

    pub(crate) fn play_for(&mut self, time: Duration) -> anyhow::Result<()> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.wait()?;
        }
        Ok(())
    }

    /// From now on it counts.
    pub(crate) fn mark(&mut self) {
        self.traffic = self.traffic.restarted();
        let tick = |connection: &Option<Connection>| {
            connection.as_ref().filter(|connection| connection.is_playing()).map(Connection::tick)
        };
        self.marks = self.connections.iter().map(tick).collect();
        self.marked_at = Instant::now();
    }

    /// What came of it since the mark.
    pub(crate) fn measured(&self) -> Measured {
        let pairs = self.connections.iter().zip(&self.marks);
        let ticks: Vec<i64> = pairs
            .filter_map(|(connection, mark)| Some(connection.as_ref()?.tick().since((*mark)?)))
            .collect();
        Measured {
            traffic: self.traffic.clone(),
            took: self.marked_at.elapsed(),
            ticks: ticks.iter().sum::<i64>() as f64 / ticks.len().max(1) as f64,
            playing: ticks.len(),
        }
    }

    /// Sleeps until the next turn, takes it, and reads what has come.
    ///
    /// It does not wait on the sockets: then the kernel would wake it for nearly each message, at the
    /// expense of the server that sends it. Players who are elsewhere do not cost a server that.
    fn wait(&mut self) -> anyhow::Result<()> {
        std::thread::sleep(self.due().saturating_sub(self.start.elapsed()));
        self.take_turns();
        let mut events = [EpollEvent::empty(); EVENTS];
        loop {
            let count = match self.epoll.wait(&mut events, EpollTimeout::ZERO) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(Errno::EINTR) => continue,
                Err(error) => return Err(error.into()),
            };
            for event in &events[..count] {
                let now = self.start.elapsed();
                self.with(event.data() as usize, |connection, scratch, traffic| {
                    connection.read(now, scratch, traffic)
                });
            }
            // However much comes, inputs go out in time.
            self.take_turns();
        }
    }

    /// When the next turn is due.
    fn due(&self) -> Duration {
        Duration::from_nanos(self.turn * self.period.as_nanos() as u64 / self.turns)
    }

    fn take_turns(&mut self) {
        loop {
            let now = self.start.elapsed();
            let Some(late) = now.checked_sub(self.due()) else { return };
            self.traffic.own_lateness.record(late);
            let first = (self.turn % self.turns) as usize;
            for number in (first..self.connections.len()).step_by(self.turns as usize) {
                self.with(number, Connection::take_turn);
            }
            for number in (0..self.connections.len()).step_by(self.sample_every) {
                self.with(number, |connection, scratch, traffic| {
                    connection.play(now, scratch, traffic)
                });
            }
            self.turn += 1;
        }
    }

    /// Lets a connection do something, and forgets it if that is its end.
    fn with(
        &mut self,
        number: usize,
        act: impl FnOnce(&mut Connection, &mut Scratch, &mut Traffic) -> Result<(), Lost>,
    ) {
        let Some(slot) = self.connections.get_mut(number) else { return };
        let Some(connection) = slot.as_mut() else { return };
        if let Err(Lost(reason)) = act(connection, &mut self.scratch, &mut self.traffic) {
            if connection.is_playing() {
                self.traffic.connected -= 1;
            }
            self.traffic.lose(reason);
            *slot = None;
        }
    }
}
