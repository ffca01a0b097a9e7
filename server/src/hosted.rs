//! [`Hosted`]: a room on its shard, with the sockets that play in it, and the pass that each
//! tick is.
//!
//! It joins three things that do not know each other: the room (rules, no I/O), each client's
//! connection (protocol, no I/O) and its socket (I/O, no protocol). The shard says when; nothing
//! here sleeps, waits or looks at a clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use shared::game::Game;
use shared::ids::{PlayerId, SessionId};
use shared::limits::PACE_FULL_PERMILLE;
use shared::protocol::{End, Refusal, Role, ServerMessage};
use shared::tick::Tick;
use tracing::{debug, info, warn};

use crate::connection::Connection;
use crate::directory::RoomKey;
use crate::lobby::Place;
use crate::metrics::Metrics;
use crate::pacer::{Due, Pacer};
use crate::recorder::Recorder;
use crate::room::{COUNTERS, Room, RoomCounters, Turn};
use crate::socket::{Flushed, Socket};

/// Bytes that a pass gathers for one client before it offers them to the kernel.
const GATHER_BYTES: usize = 32_768;

/// What a room shows to other threads, as of its last pass.
#[derive(Debug)]
pub(crate) struct RoomStatus {
    tick: AtomicU32,
    bots: AtomicU16,
    pace_permille: AtomicU16,
    refuses_joins: AtomicBool,
}

impl Default for RoomStatus {
    fn default() -> RoomStatus {
        RoomStatus {
            tick: AtomicU32::default(),
            bots: AtomicU16::default(),
            pace_permille: AtomicU16::new(PACE_FULL_PERMILLE),
            refuses_joins: AtomicBool::default(),
        }
    }
}

impl RoomStatus {
    pub(crate) fn tick(&self) -> Tick {
        Tick(self.tick.load(Relaxed))
    }

    pub(crate) fn bots(&self) -> u16 {
        self.bots.load(Relaxed)
    }

    pub(crate) fn pace_permille(&self) -> u16 {
        self.pace_permille.load(Relaxed)
    }

    /// Whether it is overloaded, and nobody is to come in.
    pub(crate) fn refuses_joins(&self) -> bool {
        self.refuses_joins.load(Relaxed)
    }

    #[cfg(test)]
    pub(crate) fn refuse_joins(&self, refuses: bool) {
        self.refuses_joins.store(refuses, Relaxed);
    }
}

/// A client on its way into a room.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) socket: Box<Socket>,
    pub(crate) session: SessionId,
    pub(crate) place: Place,
    pub(crate) name: String,
    /// Whether the client moves its own state on by the game's rules.
    pub(crate) replays: bool,
}

/// A socket that was closed and has its last words to take.
#[derive(Debug)]
pub(crate) struct Leaving(pub(crate) Box<Socket>);

/// What the rooms of one shard share, so that no client needs buffers of its own.
pub(crate) struct Bench {
    /// One encoded message.
    pub(crate) message: Vec<u8>,
    /// All that one client is sent in a pass, with its frame headers.
    pub(crate) gathered: Vec<u8>,
    pub(crate) farewells: tokio::sync::mpsc::UnboundedSender<Leaving>,
    pub(crate) metrics: Arc<Metrics>,
}

impl Bench {
    /// Ends a connection: tells the client, and sends the socket off to be closed in order.
    pub(crate) fn part(&self, mut socket: Box<Socket>, end: End) {
        self.metrics.count_end(end);
        if end != End::Lost {
            socket.close(end);
            // Without a door the server is gone, and so is the client.
            let _ = self.farewells.send(Leaving(socket));
        }
    }
}

/// A room on its shard.
pub(crate) struct Hosted<G: Game> {
    pub(crate) key: RoomKey,
    room: Room<G>,
    /// Players before spectators: however many watch, whoever plays is read and told first.
    seats: Vec<Seat>,
    /// Whether the connection of any seat has ended: else there is no need to look for them.
    any_ended: bool,
    pacer: Pacer,
    passes: u32,
    status: Arc<RoomStatus>,
    /// What of the room's counters has been added to the server's.
    counted: RoomCounters,
    recorder: Option<Box<Recorder<G>>>,
}

struct Seat {
    socket: Box<Socket>,
    connection: Connection,
    ended: Option<End>,
    /// Its drop gives the place back.
    place: Place,
}

impl<G: Game> Hosted<G> {
    /// A room whose first tick is due at `origin`.
    pub(crate) fn new(
        key: RoomKey,
        room: Room<G>,
        origin: Duration,
        status: Arc<RoomStatus>,
        recorder: Option<Box<Recorder<G>>>,
    ) -> Hosted<G> {
        let pacer = Pacer::new(origin, room.tick_rate(), room.overload());
        let (seats, counted) = (Vec::new(), RoomCounters::default());
        let (any_ended, passes) = (false, 0);
        let hosted =
            Hosted { key, room, seats, any_ended, pacer, passes, status, counted, recorder };
        hosted.publish();
        hosted
    }

    pub(crate) fn name(&self) -> &str {
        self.room.name()
    }

    /// When the next pass is due.
    pub(crate) fn deadline(&self) -> Duration {
        self.pacer.deadline()
    }

    /// What part of its thread's time it would take at the full pace.
    pub(crate) fn load(&self) -> f64 {
        self.pacer.load()
    }

    /// The pass that ended at `now` took the thread so long.
    pub(crate) fn worked(&mut self, now: Duration, took: Duration) {
        self.pacer.worked(now, took);
    }

    /// Has the room take in a client, if it wants to play and nothing is against it.
    pub(crate) fn join(&mut self, arrival: &Arrival) -> Result<Option<PlayerId>, Refusal> {
        if self.pacer.refuses_joins() {
            return Err(Refusal::Overloaded);
        }
        match arrival.place.role {
            Role::Spectator => Ok(None),
            Role::Player => self.room.join(&arrival.name).map(Some),
        }
    }

    /// Seats a client that has joined; it is welcomed at the end of the next pass.
    pub(crate) fn seat(
        &mut self,
        arrival: Arrival,
        player: Option<PlayerId>,
        now: Duration,
        bench: &mut Bench,
    ) {
        let Arrival { socket, session, place, name: wished, replays } = arrival;
        bench.metrics.sessions.fetch_add(1, Relaxed);
        debug!(room = self.name(), %session, ?player, "joined");
        let lived = self.pacer.lived(now);
        let mut connection = Connection::new(&mut self.room, session, player, replays, lived);
        if let Some(name) = player.and_then(|player| self.room.player_name(player))
            && name != wished.trim()
        {
            connection.notify(&format!("Your name here: {name}"));
        }
        let plays = |seat: &Seat| seat.connection.player().is_some();
        let at = match player {
            Some(_) => self.seats.partition_point(plays),
            None => self.seats.len(),
        };
        self.seats.insert(at, Seat { socket, connection, ended: None, place });
    }

    /// One pass: what clients said, then the ticks that are due, then what clients are told.
    /// `load` is that of all rooms of the thread.
    pub(crate) fn pass(&mut self, now: Duration, load: f64, bench: &mut Bench) {
        let due = self.pacer.take(now, load);
        let lived = self.pacer.lived(now);
        self.count(&due, bench);
        if let Some(permille) = due.pace {
            self.room.set_pace(permille);
            info!(room = self.name(), permille, load, "pace changes");
        }
        if due.lost > Duration::ZERO {
            for seat in &mut self.seats {
                seat.connection.forgive_stall(due.lost);
                seat.socket.forgive_stall(due.lost);
            }
        }
        // Just before the tick that needs it: reading any earlier would wake us once per input
        // and gain nothing, since inputs act only at ticks.
        self.read(lived, bench);
        self.part_with_ended(bench);
        for _ in 0..due.steps {
            self.room.step();
            if self.recorder.as_mut().is_some_and(|recorder| !recorder.record(&self.room)) {
                self.recorder = None;
                bench.metrics.recordings_ended.fetch_add(1, Relaxed);
            }
        }
        self.write(lived, bench);
        self.part_with_ended(bench);
        self.publish();
        self.add_up(bench);
    }

    fn read(&mut self, lived: Duration, bench: &Bench) {
        self.passes = self.passes.wrapping_add(1);
        let room = &mut self.room;
        for seat in &mut self.seats {
            let connection = &mut seat.connection;
            if !connection.is_read_in(self.passes) {
                continue;
            }
            let before = *connection.counters();
            let read = seat.socket.read(lived, |message| connection.receive(room, lived, message));
            bench.metrics.heard(&before, connection.counters(), seat.socket.is_limited());
            // Its deadlines only now, when all that was waiting has been heard.
            seat.ended = read.err().or_else(|| connection.overdue(lived));
            self.any_ended |= seat.ended.is_some();
        }
    }

    fn write(&mut self, lived: Duration, bench: &mut Bench) {
        let mut written = Written::default();
        let (mut bytes_in, mut bytes_out) = (0, 0);
        for seat in &mut self.seats {
            if let Err(end) = seat.write(&mut self.room, lived, bench, &mut written) {
                seat.ended = Some(end);
                self.any_ended = true;
            }
            let traffic = seat.socket.take_traffic();
            bytes_in += traffic.0;
            bytes_out += traffic.1;
        }
        let metrics = &bench.metrics;
        metrics.messages_out.fetch_add(written.messages, Relaxed);
        metrics.broadcast_writes.fetch_add(written.shared, Relaxed);
        metrics.broadcast_skips.fetch_add(written.skips, Relaxed);
        metrics.bytes_in.fetch_add(bytes_in, Relaxed);
        metrics.bytes_out.fetch_add(bytes_out, Relaxed);
    }

    fn part_with_ended(&mut self, bench: &Bench) {
        if !std::mem::take(&mut self.any_ended) {
            return;
        }
        for seat in self.seats.extract_if(.., |seat| seat.ended.is_some()) {
            let end = seat.ended.unwrap_or(End::Fault);
            seat.connection.leave(&mut self.room);
            debug!(room = self.room.name(), session = %seat.connection.session(), %end, "ended");
            // The place first: who hears that it has left may come back for it at once.
            drop(seat.place);
            bench.part(seat.socket, end);
        }
    }

    /// Ends the recording, if there is one, before the server ends.
    pub(crate) fn end_recording(&mut self, why: &str, bench: &Bench) {
        if self.recorder.take().is_some() {
            warn!(room = self.name(), "recording ends: {why}");
            bench.metrics.recordings_ended.fetch_add(1, Relaxed);
        }
    }

    /// Ends the room and every connection in it, without asking the room for anything: it may
    /// be broken.
    pub(crate) fn close(self, end: End, bench: &Bench) {
        for seat in self.seats {
            bench.part(seat.socket, end);
        }
    }

    fn count(&self, due: &Due, bench: &Bench) {
        let (metrics, steps) = (&bench.metrics, u64::from(due.steps));
        metrics.late(due.late, self.pacer.period(), due.steps);
        metrics.ticks.fetch_add(steps, Relaxed);
        metrics.paces.fetch_add(u64::from(due.pace.is_some()), Relaxed);
        if self.pacer.is_slowed() {
            metrics.ticks_slowed.fetch_add(steps, Relaxed);
        }
        if steps + due.skipped > 1 {
            metrics.overruns.fetch_add(1, Relaxed);
            metrics.ticks_skipped.fetch_add(due.skipped, Relaxed);
            debug!(room = self.name(), late = ?due.late, skipped = due.skipped, "ticks are late");
        }
    }

    /// Adds what the room has counted since the last time to what the server shows.
    fn add_up(&mut self, bench: &Bench) {
        let now = *self.room.counters();
        let (now_named, before) = (now.named(), self.counted.named());
        for at in 0..COUNTERS {
            let more = now_named[at].1 - before[at].1;
            if more > 0 {
                bench.metrics.of_rooms[at].fetch_add(more, Relaxed);
            }
        }
        self.counted = now;
    }

    fn publish(&self) {
        self.status.tick.store(self.room.tick().0, Relaxed);
        self.status.bots.store(self.room.bots(), Relaxed);
        self.status.pace_permille.store(self.pacer.permille(), Relaxed);
        self.status.refuses_joins.store(self.pacer.refuses_joins(), Relaxed);
    }
}

/// What a pass has given to sockets.
#[derive(Default)]
struct Written {
    /// Messages for one client, or as part of the shared stream.
    messages: u64,
    /// Ticks of the shared stream.
    shared: u64,
    /// Spectators that were told nothing, since they are behind.
    skips: u64,
}

impl Seat {
    /// Sends what the kernel did not take before; when it has taken all, and only then, lets
    /// the connection encode what there is to say now. Encoding commits: what was encoded is
    /// sent, or the connection ends.
    fn write<G: Game>(
        &mut self,
        room: &mut Room<G>,
        lived: Duration,
        bench: &mut Bench,
        written: &mut Written,
    ) -> Result<(), End> {
        if self.socket.is_behind() && self.socket.flush(lived)? == Flushed::Part {
            return Ok(());
        }
        bench.message.clear();
        if self.connection.next_message(room, &mut bench.message) {
            self.socket.borrow_buffer(&mut bench.gathered);
            let whole = self.gather(room, lived, bench, written)?;
            if whole == Flushed::Whole {
                self.socket.return_buffer(&mut bench.gathered);
            }
            return Ok(());
        }
        // Most spectators at most ticks: one write of what lies there for all.
        self.say_shared(room, written, 0, |socket, frames| socket.offer(frames, lived))
    }

    /// Says the message on the bench and all that is to be said beside it, as one.
    fn gather<G: Game>(
        &mut self,
        room: &mut Room<G>,
        lived: Duration,
        bench: &mut Bench,
        written: &mut Written,
    ) -> Result<Flushed, End> {
        loop {
            self.socket.say(&bench.message);
            written.messages += 1;
            if self.socket.unsent_bytes() >= GATHER_BYTES
                && self.socket.flush(lived)? == Flushed::Part
            {
                return Ok(Flushed::Part);
            }
            bench.message.clear();
            if !self.connection.next_message(room, &mut bench.message) {
                break;
            }
        }
        self.say_shared(room, written, GATHER_BYTES, |socket, frames| {
            socket.say_framed(frames);
            Ok(true)
        })?;
        self.socket.flush(lived)
    }

    /// Gives the socket what is due of the shared stream, by `give`, which says whether it took
    /// it; no more once more than `unsent_max_bytes` wait there.
    fn say_shared<G: Game>(
        &mut self,
        room: &Room<G>,
        written: &mut Written,
        unsent_max_bytes: usize,
        mut give: impl FnMut(&mut Socket, &[u8]) -> Result<bool, End>,
    ) -> Result<(), End> {
        match self.connection.turn(room) {
            Turn::Nothing => {}
            Turn::Skip => written.skips += 1,
            Turn::Say(run) => {
                for shared in run {
                    if !give(&mut self.socket, shared.frames())? {
                        break;
                    }
                    self.connection.was_told(shared);
                    written.shared += 1;
                    written.messages += u64::from(shared.message_count());
                    if self.socket.unsent_bytes() > unsent_max_bytes {
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Tells a client that its room does not take it, after all.
pub(crate) fn refuse(arrival: Arrival, refusal: Refusal, bench: &Bench) {
    let Arrival { mut socket, place, .. } = arrival;
    drop(place);
    bench.metrics.count_refusal(refusal);
    let mut message = Vec::with_capacity(16);
    ServerMessage::Refused(refusal).encode(&mut message);
    socket.say(&message);
    bench.part(socket, End::Refused);
}

#[cfg(test)]
mod tests;
