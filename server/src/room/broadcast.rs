//! The stream that all spectators of a room share: encoded once a tick, the same bytes for all.
//!
//! Owned by the room. While anybody watches, each step adds one message, in its frame already;
//! the messages wait in a ring until they are due, which is the room's delay later. What a
//! spectator needs of its own is where it stands in the stream ([`Spectator`]). Each message is
//! the difference to the one before, so whoever missed some goes on at a keyframe, and whoever
//! comes begins at one. It does no I/O and queues nothing for anybody: [`Turn`] says what a
//! spectator is to be told now, and what a slow one misses is not kept for it.

use std::collections::{VecDeque, vec_deque};
use std::time::Duration;

use shared::game::Game;
use shared::limits::{
    BROADCAST_BEHIND_MAX_TICKS, BROADCAST_KEYFRAME_EVERY, SNAPSHOT_ENTITIES_MAX,
    SNAPSHOT_MAX_BYTES, SPECTATOR_LATE_MAX, SPECTATOR_READ_EVERY, SPECTATOR_WINDOW,
};
use shared::protocol::ServerMessage;
use shared::protocol::snapshot::{Picture, SnapshotEncoder};
use shared::scene::View;
use shared::tick::{Tick, TickRate};

use super::Room;
use super::roster::Version;
use crate::framing;

/// The messages of the last ticks, for all spectators.
#[derive(Debug)]
pub(super) struct Broadcast {
    delay_ticks: u32,
    keyframe_every_ticks: u32,
    spectators: u32,
    encoder: SnapshotEncoder,
    /// One a tick without gaps, the newest last, back to the newest keyframe that is due.
    ring: VecDeque<Told>,
    /// The newest keyframe that is due.
    keyframe: Option<Tick>,
    /// The newest keyframe, due or not.
    last_keyframe: Option<Tick>,
    /// What of the roster is known to who has been told the newest message; `None` before the
    /// first.
    roster: Option<Version>,
    /// About how much memory most messages take.
    usual_bytes: usize,
    /// Memory of messages that are over, for those to come.
    spare: Vec<Vec<u8>>,
    message: Vec<u8>,
}

/// What is told of one tick.
#[derive(Debug)]
struct Told {
    tick: Tick,
    is_keyframe: bool,
    /// At a keyframe the whole roster of its tick, which only those need who begin there; then
    /// what changed in the roster, if anything did, and the snapshot.
    frames: Vec<u8>,
    /// How many of these bytes the whole roster is.
    whole_roster_bytes: usize,
    /// How many messages there are without it.
    messages: u32,
}

/// Where one spectator stands. It belongs to one connection.
#[derive(Debug)]
pub struct Spectator {
    told: Option<Tick>,
    acknowledged: Option<Tick>,
    /// The last of which it said that it has seen it, or after a pause the first that it has not.
    seen_from: Option<Tick>,
    /// What was due when it was told the first of it: all up to there came at once.
    begun: Tick,
    /// An acknowledgement came so late that it is to see most of what is on its way before more.
    is_late: bool,
    /// How long after it was due its line takes to say that something was seen: the least so far.
    line_ticks: u32,
    late_ticks: u32,
    window_ticks: u32,
    read_every_passes: u32,
}

/// What is to be said to a spectator now.
#[derive(Clone, Debug)]
pub enum Turn<'a> {
    /// Nothing that it has not been told.
    Nothing,
    /// It is behind: it waits for a keyframe, or until it has seen more.
    Skip,
    /// These, in their order.
    Say(Run<'a>),
}

/// Some ticks of the shared stream, one after the other.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    rest: vec_deque::Iter<'a, Told>,
    due: Tick,
    /// Whether the next one is the keyframe at which the spectator begins or goes on.
    begins: bool,
}

impl<'a> Iterator for Run<'a> {
    type Item = Shared<'a>;

    fn next(&mut self) -> Option<Shared<'a>> {
        let begins = std::mem::take(&mut self.begins);
        self.rest.next().map(|told| Shared { told, due: self.due, begins })
    }
}

/// One tick of the shared stream.
#[derive(Clone, Copy, Debug)]
pub struct Shared<'a> {
    told: &'a Told,
    /// The newest tick that is due as it is being told.
    due: Tick,
    begins: bool,
}

impl<'a> Shared<'a> {
    /// The tick that it shows.
    #[must_use]
    pub fn tick(&self) -> Tick {
        self.told.tick
    }

    /// The messages as they go over the wire, each in its frame.
    #[must_use]
    pub fn frames(&self) -> &'a [u8] {
        if self.begins {
            &self.told.frames
        } else {
            &self.told.frames[self.told.whole_roster_bytes..]
        }
    }

    /// How many messages these are.
    #[must_use]
    pub fn message_count(&self) -> u32 {
        self.told.messages + u32::from(self.begins)
    }

    /// The messages alone.
    pub fn messages(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        framing::messages(self.frames())
    }
}

impl Spectator {
    /// Whether its socket is to be read in the `pass`th pass. It has little to say, so that not
    /// every pass need ask; those of different `number` are asked at different times.
    #[must_use]
    pub(crate) fn is_read_in(&self, pass: u32, number: u64) -> bool {
        pass.wrapping_add(number as u32).is_multiple_of(self.read_every_passes)
    }

    /// It has been given a message, which will reach it or end its connection.
    pub(crate) fn was_told(&mut self, shared: Shared<'_>) {
        if self.told.is_none() {
            self.begun = shared.due;
        }
        if self.told == self.acknowledged {
            self.seen_from = Some(shared.told.tick);
        }
        self.told = Some(shared.told.tick);
    }

    /// It says what it has seen while `due` is being told; whether that can be, and is new.
    pub(crate) fn has_seen(&mut self, tick: Tick, due: Tick) -> bool {
        let is_new = Some(tick) <= self.told && Some(tick) > self.acknowledged;
        if let Some(told) = self.told.filter(|_| is_new) {
            self.acknowledged = Some(tick);
            self.seen_from = Some(tick);
            // What came before it began did not come late.
            let took = due.since(tick.max(self.begun)).max(0);
            let (late, little) = (i64::from(self.late_ticks), i64::from(self.late_ticks / 2));
            self.line_ticks = self.line_ticks.min(took.min(little) as u32);
            let is_late = took > late + i64::from(self.line_ticks);
            // It says so rarely that much more may be on its way before the window is full. It
            // need not say so of the very last to go on: it may be waiting for more to say it of.
            self.is_late = told.since(tick) > little && (self.is_late || is_late);
        }
        is_new
    }

    /// Whether so much is on its way, or lies unread at the client, that more would only make
    /// what it sees older.
    fn is_behind(&self) -> bool {
        self.is_late
            || match (self.told, self.seen_from) {
                (Some(told), Some(from)) => told.since(from) >= i64::from(self.window_ticks),
                _ => false,
            }
    }
}

impl Broadcast {
    pub(super) fn new(tick_rate: TickRate, delay: Duration) -> Broadcast {
        let delay_ticks = tick_rate.ticks_in_most(delay);
        Broadcast {
            delay_ticks,
            keyframe_every_ticks: tick_rate.ticks_in(BROADCAST_KEYFRAME_EVERY.as_secs_f32()),
            spectators: 0,
            encoder: SnapshotEncoder::new(),
            ring: VecDeque::new(),
            keyframe: None,
            last_keyframe: None,
            roster: None,
            usual_bytes: 0,
            spare: Vec::new(),
            message: Vec::new(),
        }
    }

    pub(super) fn delay_ticks(&self) -> u32 {
        self.delay_ticks
    }

    /// Begins the message of `tick`; whether it is a keyframe.
    fn begin(&mut self, tick: Tick) -> bool {
        let every = i64::from(self.keyframe_every_ticks);
        let is_keyframe = self.last_keyframe.is_none_or(|last| tick.since(last) >= every);
        if is_keyframe {
            self.encoder.restart();
            self.last_keyframe = Some(tick);
        }
        is_keyframe
    }

    /// Keeps a message until it has been due, and as long as others build on it.
    fn keep(&mut self, told: Told) {
        self.ring.push_back(told);
        let Some(due) = self.due() else { return };
        if self.at(due).is_some_and(|told| told.is_keyframe) {
            self.keyframe = Some(due);
        }
        let Some(keyframe) = self.keyframe else { return };
        // Whoever is a few ticks behind may still want those before the keyframe.
        let kept_from = keyframe.min(due.minus(BROADCAST_BEHIND_MAX_TICKS));
        while self.ring.front().is_some_and(|front| front.tick < kept_from) {
            let Some(Told { mut frames, .. }) = self.ring.pop_front() else { return };
            frames.clear();
            // Each would be a keyframe sooner or later, and keep the memory of one.
            if frames.capacity() > 4 * self.usual_bytes {
                frames.shrink_to(self.usual_bytes);
            }
            self.spare.push(frames);
        }
    }

    /// The newest tick that spectators may be told of.
    fn due(&self) -> Option<Tick> {
        let due = self.ring.back()?.tick.0.checked_sub(self.delay_ticks).map(Tick)?;
        (due >= self.ring.front()?.tick).then_some(due)
    }

    fn at(&self, tick: Tick) -> Option<&Told> {
        self.ring.get(self.place_of(tick)?)
    }

    fn place_of(&self, tick: Tick) -> Option<usize> {
        usize::try_from(tick.since(self.ring.front()?.tick)).ok()
    }

    fn turn(&self, spectator: &Spectator) -> Turn<'_> {
        let (Some(due), Some(keyframe)) = (self.due(), self.keyframe) else {
            return Turn::Nothing;
        };
        let is_near = |tick: Tick| due.since(tick) <= i64::from(BROADCAST_BEHIND_MAX_TICKS);
        let next = match spectator.told {
            // What came since the keyframe comes with it, so that it need not wait for the next.
            None => keyframe,
            Some(told) if told >= due => return Turn::Nothing,
            Some(_) if spectator.is_behind() => return Turn::Skip,
            Some(told) if is_near(told) => told.next(),
            // Who has missed more is not sent what is over: that would make all that follows
            // later.
            Some(told) if keyframe > told && is_near(keyframe) => keyframe,
            Some(_) => return Turn::Skip,
        };
        match (self.place_of(next), self.place_of(due)) {
            (Some(first), Some(last)) => {
                let begins = spectator.told.map(Tick::next) != Some(next);
                Turn::Say(Run { rest: self.ring.range(first..=last), due, begins })
            }
            _ => Turn::Skip,
        }
    }
}

impl<G: Game> Room<G> {
    /// A spectator comes: while there is one, each tick is encoded for all of them.
    pub fn watch(&mut self) -> Spectator {
        self.broadcast.spectators += 1;
        let passes = |time: Duration| self.tick_rate.ticks_in(time.as_secs_f32());
        Spectator {
            told: None,
            acknowledged: None,
            seen_from: None,
            begun: Tick::default(),
            is_late: false,
            line_ticks: u32::MAX,
            late_ticks: passes(SPECTATOR_LATE_MAX),
            window_ticks: passes(SPECTATOR_WINDOW),
            read_every_passes: passes(SPECTATOR_READ_EVERY),
        }
    }

    /// A spectator goes. With the last one goes what waits to be due.
    pub fn unwatch(&mut self) {
        let left = self.broadcast.spectators.saturating_sub(1);
        if left == 0 {
            self.broadcast = Broadcast::new(self.tick_rate, self.stream.spectator_delay);
        }
        self.broadcast.spectators = left;
    }

    /// The newest tick that spectators may be told of.
    pub(crate) fn due(&self) -> Tick {
        self.tick().minus(self.broadcast.delay_ticks)
    }

    /// What a spectator is to be told now.
    #[must_use]
    pub fn turn(&self, spectator: &Spectator) -> Turn<'_> {
        self.broadcast.turn(spectator)
    }

    /// Encodes the newest scene for all spectators, if there are any.
    pub(super) fn broadcast_scene(&mut self) {
        if self.broadcast.spectators == 0 {
            return;
        }
        let tick = self.tick();
        let is_keyframe = self.broadcast.begin(tick);
        let mut frames = self.broadcast.spare.pop().unwrap_or_default();
        let (whole_roster_bytes, rosters) = self.put_rosters(is_keyframe, &mut frames);
        let scene = self.simulation.scene();
        let visible = &mut self.scratch.visible;
        self.interest.visible(None, &View::Everything, visible);
        self.counters.rows_dropped += visible.len().saturating_sub(SNAPSHOT_ENTITIES_MAX) as u64;
        visible.truncate(SNAPSHOT_ENTITIES_MAX);
        // It borrows from the history, so its memory cannot be kept; most often it has none.
        let mut events = Vec::new();
        let before = Some(tick.minus(1));
        let dropped = self.events.tell(before, tick, None, &View::Everything, &mut events);
        // A keyframe begins from nothing: within the budget, what does not fit would be gone from
        // the eyes of all each time.
        let max_bytes =
            if is_keyframe { SNAPSHOT_MAX_BYTES } else { self.stream.snapshot_max_bytes };
        let picture = Picture {
            tick,
            player: None,
            rows: scene.rows(),
            visible,
            events: &events,
            focus: None,
            // Its kind takes a byte.
            max_bytes: max_bytes - 1,
        };
        let Broadcast { encoder, message, .. } = &mut self.broadcast;
        message.clear();
        ServerMessage::open_snapshot(message);
        let told = encoder.encode(&self.codec, &picture, message);
        framing::put(message, &mut frames);
        self.counters.broadcast_encodes += 1;
        self.counters.snapshots_cut += u64::from(encoder.is_pressed());
        self.counters.broadcast_bytes += message.len() as u64;
        self.counters.events_told += told as u64;
        self.counters.events_dropped += (dropped + events.len() - told) as u64;
        if !is_keyframe {
            self.broadcast.usual_bytes = frames.len();
        }
        let messages = rosters + 1;
        self.broadcast.keep(Told { tick, is_keyframe, frames, whole_roster_bytes, messages });
    }

    /// Puts the roster messages of a tick; gives how many bytes the whole roster takes, and how
    /// many messages there are beside it. They are of this tick, not of when they are sent: names
    /// come with what is seen.
    fn put_rosters(&mut self, is_keyframe: bool, frames: &mut Vec<u8>) -> (usize, u32) {
        let Broadcast { message, roster: known, .. } = &mut self.broadcast;
        let mut put = |has: Option<Version>| {
            message.clear();
            let is_news = self.roster.write(has, message).is_some();
            if is_news {
                framing::put(message, frames);
                self.counters.rosters += 1;
                self.counters.roster_bytes += message.len() as u64;
            }
            (frames.len(), u32::from(is_news))
        };
        let (whole_bytes, _) = if is_keyframe { put(None) } else { (0, 0) };
        let (_, changes) = if known.is_some() { put(*known) } else { (0, 0) };
        *known = Some(self.roster.version());
        (whole_bytes, changes)
    }
}

#[cfg(test)]
mod tests;
