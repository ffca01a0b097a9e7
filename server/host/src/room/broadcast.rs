//! [`Broadcast`]: the stream that all spectators of a room share: encoded once a tick, the same
//! messages for all.
//!
//! Owned by the host of the room. While anybody watches, each step adds one chunk of messages; the
//! chunks wait in a ring until they are due, which is the room's delay later. What a spectator
//! needs of its own is where it is in the stream ([`Spectator`]). Each snapshot is the difference
//! to the one before, so a spectator that missed some goes on at a restart, which builds on
//! nothing, and one that joins begins at one. It queues nothing for anybody:
//! [`Broadcast::next`] says what a spectator is to be sent now, and what a slow one misses is not
//! kept for it (`docs/decisions/0009-one-delayed-stream-for-spectators.md`).

use std::collections::{VecDeque, vec_deque};
use std::time::Duration;

use tickwire_game::game::Game;
use tickwire_game::limits::{SNAPSHOT_ENTITIES_MAX, SNAPSHOT_MAX_BYTES};
use tickwire_game::protocol::ServerMessage;
use tickwire_game::protocol::snapshot::{Picture, SnapshotEncoder};
use tickwire_game::scene::View;
use tickwire_game::tick::{Tick, TickRate};

use super::published::{EncodeScratch, Published};
use super::roster::RosterVersion;
use super::scores::{ScoreBudget, ScoreStream};
pub use super::spectator::Spectator;
use crate::limits::{
    BROADCAST_BEHIND_MAX_TICKS, BROADCAST_RESTART_EVERY, SPECTATOR_SCORES_BURST_BYTES,
    SPECTATOR_SCORES_BYTES_PER_SECOND,
};
use crate::shared_chunk::{Shared, SharedChunk};

const SCORES: ScoreBudget = ScoreBudget {
    bytes_per_second: SPECTATOR_SCORES_BYTES_PER_SECOND,
    burst_bytes: SPECTATOR_SCORES_BURST_BYTES,
};

/// The chunks of the last ticks, for all spectators.
#[derive(Debug)]
pub struct Broadcast {
    delay_ticks: u32,
    restart_every_ticks: u32,
    spectators: u32,
    encoder: SnapshotEncoder,
    /// One a tick without gaps, the newest last, back to the newest restart that is due.
    ring: VecDeque<EncodedTick>,
    /// The newest restart that is due.
    restart: Option<Tick>,
    /// The newest restart, due or not.
    last_restart: Option<Tick>,
    /// The roster that a spectator has which was sent the newest chunk; `None` before the first.
    roster: Option<RosterVersion>,
    scores: ScoreStream,
    /// About how many bytes most chunks have.
    usual_bytes: usize,
    /// Chunks that are over, whose memory is used again.
    spare: Vec<SharedChunk>,
}

/// One tick, encoded.
#[derive(Debug)]
struct EncodedTick {
    tick: Tick,
    is_restart: bool,
    /// At a restart the intro is the whole roster of its tick; then come what changed in the
    /// roster and the scores, if anything did, and the snapshot.
    chunk: SharedChunk,
}

/// What a spectator is to be sent now.
#[derive(Clone, Debug)]
pub enum Next<'a> {
    /// Nothing that it was not sent.
    Idle,
    /// It is behind: it waits for a restart, or until it has acknowledged more.
    Skip,
    /// These ticks, in order.
    Send(Run<'a>),
}

/// Some ticks of the shared stream, one after the other.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    rest: vec_deque::Iter<'a, EncodedTick>,
    due: Tick,
    /// Whether the next one is the restart at which the spectator begins or goes on.
    begins: bool,
}

/// One tick of the shared stream, as one spectator is sent it.
#[derive(Clone, Copy, Debug)]
pub struct SharedTick<'a> {
    /// The tick that it shows.
    pub tick: Tick,
    /// The newest tick that is due as it is sent.
    pub due: Tick,
    /// The messages.
    pub shared: Shared<'a>,
}

impl<'a> Iterator for Run<'a> {
    type Item = SharedTick<'a>;

    fn next(&mut self) -> Option<SharedTick<'a>> {
        let begins = std::mem::take(&mut self.begins);
        let EncodedTick { tick, chunk, .. } = self.rest.next()?;
        Some(SharedTick { tick: *tick, due: self.due, shared: Shared::new(chunk, begins) })
    }
}

impl Broadcast {
    /// A stream that nobody watches, this much later than the room.
    #[must_use]
    pub fn new(tick_rate: TickRate, delay: Duration) -> Broadcast {
        Broadcast::of_ticks(
            tick_rate.ticks_ceil_or_zero(delay),
            tick_rate.ticks_in(BROADCAST_RESTART_EVERY.as_secs_f32()),
        )
    }

    fn of_ticks(delay_ticks: u32, restart_every_ticks: u32) -> Broadcast {
        Broadcast {
            delay_ticks,
            restart_every_ticks,
            spectators: 0,
            encoder: SnapshotEncoder::new(),
            ring: VecDeque::new(),
            restart: None,
            last_restart: None,
            roster: None,
            scores: ScoreStream::new(None, SCORES),
            usual_bytes: 0,
            spare: Vec::new(),
        }
    }

    /// A spectator joins: while there is one, each tick is encoded for all of them.
    pub fn watch(&mut self) {
        self.spectators += 1;
    }

    /// A spectator leaves. With the last one goes what waits to be due.
    pub fn unwatch(&mut self) {
        let left = self.spectators.saturating_sub(1);
        if left == 0 {
            *self = Broadcast::of_ticks(self.delay_ticks, self.restart_every_ticks);
        }
        self.spectators = left;
    }

    /// Encodes the published scene for all spectators, if there are any.
    pub fn encode<G: Game>(&mut self, published: &Published<G>, scratch: &mut EncodeScratch) {
        if self.spectators == 0 {
            return;
        }
        let (config, tick) = (&*published.config, published.tick());
        let is_restart = self.begin(tick);
        let mut chunk = self.spare.pop().unwrap_or_default();
        self.put_rosters(is_restart, published, scratch, &mut chunk);
        let EncodeScratch { visible, found, indices, message, counters, .. } = scratch;
        published.interest.visible(None, &View::Everything, found, visible);
        counters.rows_dropped += visible.len().saturating_sub(SNAPSHOT_ENTITIES_MAX) as u64;
        visible.truncate(SNAPSHOT_ENTITIES_MAX);
        // It borrows from the history, so its memory cannot be kept; most often it has none.
        let mut events = Vec::new();
        let before = Some(tick.minus(1));
        let view = View::Everything;
        let dropped = published.events.since(before, tick, None, &view, indices, &mut events);
        // A restart builds on nothing: within the budget, what does not fit would be gone from
        // everybody's sight each time.
        let max_bytes =
            if is_restart { SNAPSHOT_MAX_BYTES } else { config.stream.snapshot_max_bytes };
        let picture = Picture {
            tick,
            player: None,
            rows: published.scene.rows(),
            visible,
            events: &events,
            focus: None,
            // Its kind takes a byte.
            max_bytes: max_bytes - 1,
        };
        message.clear();
        ServerMessage::open_snapshot(message);
        let sent = self.encoder.encode(&config.codec, &picture, message);
        chunk.push(message);
        counters.broadcast_encodes += 1;
        counters.snapshots_cut += u64::from(self.encoder.is_over_budget());
        counters.broadcast_bytes += message.len() as u64;
        counters.events_sent += sent as u64;
        counters.events_dropped += (dropped + events.len() - sent) as u64;
        if !is_restart {
            self.usual_bytes = chunk.len();
        }
        self.keep(EncodedTick { tick, is_restart, chunk });
    }

    /// Begins the chunk of `tick`; whether it is a restart.
    fn begin(&mut self, tick: Tick) -> bool {
        let every = i64::from(self.restart_every_ticks);
        let is_restart = self.last_restart.is_none_or(|last| tick.since(last) >= every);
        if is_restart {
            self.encoder.restart();
            self.last_restart = Some(tick);
        }
        is_restart
    }

    /// Puts the roster messages and the scores of a tick. They are of this tick, not of when they are
    /// sent: names come with what is seen.
    fn put_rosters<G: Game>(
        &mut self,
        is_restart: bool,
        published: &Published<G>,
        scratch: &mut EncodeScratch,
        chunk: &mut SharedChunk,
    ) {
        let mut message = std::mem::take(&mut scratch.message);
        let mut put = |has: Option<RosterVersion>, chunk: &mut SharedChunk| {
            message.clear();
            if published.write_roster(has, scratch, &mut message).is_some() {
                chunk.push(&message);
            }
        };
        if is_restart {
            put(None, chunk);
        }
        chunk.end_intro();
        if self.roster.is_some() {
            put(self.roster, chunk);
        }
        self.roster = Some(published.roster.version());
        // Who begins at a restart has a roster with all scores of its tick, and knows no less than
        // those who were sent these.
        self.scores.roster_sent(published);
        message.clear();
        if self.scores.write(published, scratch, &mut message) {
            chunk.push(&message);
        }
        scratch.message = message;
    }

    /// Keeps a chunk until it has been due, and as long as others build on it.
    fn keep(&mut self, encoded: EncodedTick) {
        self.ring.push_back(encoded);
        let Some(due) = self.due() else { return };
        if self.at(due).is_some_and(|encoded| encoded.is_restart) {
            self.restart = Some(due);
        }
        let Some(restart) = self.restart else { return };
        // A spectator that is a few ticks behind may still need those before the restart.
        let kept_from = restart.min(due.minus(BROADCAST_BEHIND_MAX_TICKS));
        while self.ring.front().is_some_and(|front| front.tick < kept_from) {
            let Some(EncodedTick { mut chunk, .. }) = self.ring.pop_front() else { return };
            chunk.clear(self.usual_bytes);
            self.spare.push(chunk);
        }
    }

    /// The newest tick that spectators may be sent.
    fn due(&self) -> Option<Tick> {
        let due = self.ring.back()?.tick.0.checked_sub(self.delay_ticks).map(Tick)?;
        (due >= self.ring.front()?.tick).then_some(due)
    }

    fn at(&self, tick: Tick) -> Option<&EncodedTick> {
        self.ring.get(self.index_of(tick)?)
    }

    fn index_of(&self, tick: Tick) -> Option<usize> {
        usize::try_from(tick.since(self.ring.front()?.tick)).ok()
    }

    /// What a spectator is to be sent now.
    #[must_use]
    pub fn next(&self, spectator: &Spectator) -> Next<'_> {
        let (Some(due), Some(restart)) = (self.due(), self.restart) else {
            return Next::Idle;
        };
        let is_near = |tick: Tick| due.since(tick) <= i64::from(BROADCAST_BEHIND_MAX_TICKS);
        let next = match spectator.sent() {
            // What came since the restart comes with it, so that it need not wait for the next.
            None => restart,
            Some(sent) if sent >= due => return Next::Idle,
            Some(_) if spectator.is_behind() => return Next::Skip,
            Some(sent) if is_near(sent) => sent.next(),
            // One that has missed more is not sent what is over: that would make all that follows
            // later.
            Some(sent) if restart > sent && is_near(restart) => restart,
            Some(_) => return Next::Skip,
        };
        match (self.index_of(next), self.index_of(due)) {
            (Some(first), Some(last)) => {
                let begins = spectator.sent().map(Tick::next) != Some(next);
                Next::Send(Run { rest: self.ring.range(first..=last), due, begins })
            }
            _ => Next::Skip,
        }
    }
}

#[cfg(test)]
mod tests;
