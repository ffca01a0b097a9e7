//! [`Protocol`]: what one client sends and is sent while it plays or watches, as a state machine:
//! messages and the time go in, messages and the reason of its end come out.
//!
//! Owned by its [`Connection`](super::connection::Connection). It begins when the hello has been
//! taken; it never touches a transport, reads no clock, and keeps neither the room nor what the
//! room publishes: those are handed to it. What is for this client alone it gives out message by
//! message ([`Protocol::next_message`]); what all spectators are sent, as the chunks that they
//! share ([`Protocol::next_shared`]).

use std::collections::VecDeque;
use std::time::Duration;

use tickwire_game::game::Game;
use tickwire_game::ids::PlayerId;
use tickwire_game::protocol::{
    ClientMessage, DisconnectReason, Input, MessageError, Ping, ServerMessage,
};
use tickwire_game::tick::Tick;

use super::flow_control::FlowControl;
use super::outbox::Outbox;
use super::rate_limits::{MessageKind, RateLimits, Verdict};
use super::slow_client::SlowClient;
use crate::admission::Standing;
use crate::drain::ClosingSent;
use crate::limits::{
    CLIENT_MESSAGE_MAX_BYTES, PONGS_PENDING_MAX, SCORES_BURST_BYTES, SCORES_BYTES_PER_SECOND,
};
use crate::pacer::TimeScale;
use crate::room::broadcast::{Broadcast, Next, SharedTick, Spectator};
use crate::room::{EncodeScratch, Published, Room, ScoreBudget, ScoreStream, Viewer};

/// The notice that a client is sent when messages of it are refused.
const OVER_RATE_LIMIT: &str = "This client sends more than the server reads: some of it is lost.";

/// What has happened on a connection since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProtocolCounters {
    /// Messages that came, of any kind, good or bad.
    pub messages_in: u64,
    /// Messages that were refused, since they were over a rate limit.
    pub messages_refused: u64,
    /// Inputs handed to the room.
    pub inputs: u64,
    /// Inputs that came from a spectator.
    pub inputs_ignored: u64,
    /// Snapshots given out, shared ones included.
    pub snapshots: u64,
    /// Times that what was due was held back, since the client was behind.
    pub snapshots_held_back: u64,
    /// Pings that were not answered, newer ones having come.
    pub pongs_dropped: u64,
}

/// What one client sends and is sent.
pub(crate) struct Protocol<G: Game> {
    standing: Standing,
    stream: Stream<G>,
    welcomed: bool,
    /// The time scale of the room that the client was sent last.
    time_scale: TimeScale,
    closing_sent: ClosingSent,
    pongs: VecDeque<Ping>,
    /// Tick of the last snapshot that the client acknowledged.
    acked: Option<Tick>,
    slow_client: SlowClient,
    rate_limits: RateLimits,
    counters: ProtocolCounters,
}

/// Its snapshots.
enum Stream<G: Game> {
    /// Apart, since a spectator needs none of it.
    Player(Box<PlayerStream<G>>),
    Spectator(Spectator),
}

struct PlayerStream<G: Game> {
    player: PlayerId,
    viewer: Viewer<G>,
    scores: ScoreStream,
    flow: FlowControl,
}

const SCORES: ScoreBudget =
    ScoreBudget { bytes_per_second: SCORES_BYTES_PER_SECOND, burst_bytes: SCORES_BURST_BYTES };

impl<G: Game> Protocol<G> {
    /// Begins when a hello has been taken. `player` has joined the room already; `None` watches
    /// from now on; `replays` is what the hello said of its own state.
    pub(crate) fn new(
        room: &Room<G>,
        standing: Standing,
        player: Option<PlayerId>,
        replays: bool,
        now: Duration,
    ) -> Protocol<G> {
        let tick_rate = room.config().tick_rate;
        let stream = match player {
            Some(player) => Stream::Player(Box::new(PlayerStream {
                player,
                viewer: Viewer::new(Some(player), replays),
                scores: ScoreStream::new(Some(player), SCORES),
                flow: FlowControl::new(tick_rate, room.tick()),
            })),
            None => Stream::Spectator(Spectator::new(tick_rate)),
        };
        Protocol {
            standing,
            stream,
            welcomed: false,
            time_scale: TimeScale::FULL,
            closing_sent: ClosingSent::default(),
            pongs: VecDeque::new(),
            acked: None,
            slow_client: SlowClient::new(now),
            rate_limits: RateLimits::new(tick_rate, now),
            counters: ProtocolCounters::default(),
        }
    }

    fn player(&self) -> Option<PlayerId> {
        match &self.stream {
            Stream::Player(stream) => Some(stream.player),
            Stream::Spectator(_) => None,
        }
    }

    /// What a player's client has been sent; `None` for a spectator, whose stream is shared.
    pub(crate) fn viewer(&self) -> Option<&Viewer<G>> {
        match &self.stream {
            Stream::Player(stream) => Some(&stream.viewer),
            Stream::Spectator(_) => None,
        }
    }

    /// Whether its transport is read in the `pass`th pass of its room. A player's is in each.
    pub(crate) fn is_read_in(&self, pass: u32) -> bool {
        match &self.stream {
            Stream::Player(_) => true,
            Stream::Spectator(spectator) => spectator.is_read_in(pass, self.standing.session.0),
        }
    }

    /// What has happened since it began.
    pub(crate) fn counters(&self) -> &ProtocolCounters {
        &self.counters
    }

    /// Takes one whole message.
    ///
    /// # Errors
    /// Why the connection ends, if it does.
    pub(crate) fn receive(
        &mut self,
        room: &mut Room<G>,
        outbox: &mut Outbox,
        now: Duration,
        bytes: &[u8],
    ) -> Result<(), DisconnectReason> {
        self.slow_client.heard(now);
        self.counters.messages_in += 1;
        if bytes.len() > CLIENT_MESSAGE_MAX_BYTES {
            return Err(DisconnectReason::TooBig);
        }
        let message = ClientMessage::decode(bytes).map_err(|error| match error {
            MessageError::TooBig { .. } => DisconnectReason::TooBig,
            _ => DisconnectReason::Protocol,
        })?;
        match message {
            ClientMessage::Hello(_) => return Err(DisconnectReason::Protocol),
            ClientMessage::Goodbye => return Err(DisconnectReason::Left),
            ClientMessage::Ack(ack) => {
                if self.is_within_limits(MessageKind::Ack, outbox, now)? {
                    self.ack(ack.seen, room);
                }
            }
            ClientMessage::Ping(ping) => {
                if self.is_within_limits(MessageKind::Ping, outbox, now)? {
                    self.ping(ping);
                }
            }
            ClientMessage::Input(input) => {
                if self.is_within_limits(MessageKind::Input, outbox, now)? {
                    self.input(room, &input);
                }
            }
            ClientMessage::Board(board) => {
                // A spectator is sent everybody's score with what it sees, and ranks them itself.
                if self.is_within_limits(MessageKind::Board, outbox, now)?
                    && let Stream::Player(stream) = &mut self.stream
                {
                    stream.scores.open(board);
                }
            }
        }
        Ok(())
    }

    /// Whether one more message of this kind is within its rate limit. One that is not is as if it
    /// had not come, and the client is sent a notice, once.
    fn is_within_limits(
        &mut self,
        kind: MessageKind,
        outbox: &mut Outbox,
        now: Duration,
    ) -> Result<bool, DisconnectReason> {
        match self.rate_limits.take(kind, now) {
            Verdict::Taken => Ok(true),
            Verdict::Refused { first } => {
                self.counters.messages_refused += 1;
                if first {
                    outbox.notify(OVER_RATE_LIMIT)?;
                }
                Ok(false)
            }
            Verdict::TooMuch => Err(DisconnectReason::TooMuch),
        }
    }

    fn input(&mut self, room: &mut Room<G>, input: &Input<'_>) {
        self.ack(input.seen, room);
        match self.player() {
            Some(player) => {
                // What it has seen is what it has acknowledged, now or before: to say less would let it
                // choose the past by which it is judged. Of who has acknowledged nothing it is the
                // present.
                let seen = self.acked.unwrap_or(room.tick());
                // Good or bad, the room counts it, and the margin tells the client.
                room.input(player, &Input { seen, ..*input });
                self.counters.inputs += 1;
            }
            None => self.counters.inputs_ignored += 1,
        }
    }

    /// Of more pings than may wait only the newest are answered.
    fn ping(&mut self, ping: Ping) {
        if self.pongs.len() >= PONGS_PENDING_MAX {
            self.pongs.pop_front();
            self.counters.pongs_dropped += 1;
        }
        self.pongs.push_back(ping);
    }

    /// A client cannot acknowledge what it was not sent, nor take back what it acknowledged.
    fn ack(&mut self, tick: Tick, room: &Room<G>) {
        let is_new = match &mut self.stream {
            Stream::Player(stream) => {
                let is_new = Some(tick) <= stream.viewer.tick() && Some(tick) > self.acked;
                if is_new {
                    stream.flow.acked(tick, room.tick());
                }
                is_new
            }
            Stream::Spectator(spectator) => spectator.ack(tick, room.spectator_tick()),
        };
        if is_new {
            self.acked = Some(tick);
            self.slow_client.keeps_up();
        }
    }

    /// Adds the next message that is for this client alone to the end of `out`: the welcome, the
    /// room's time scale, that the server closes in so many seconds, answers to pings, the roster, notices,
    /// the open page of the board, scores, and last a player's newest scene.
    /// `false` when there is none.
    ///
    /// To be called only when the transport takes it: what is given out must reach the client or
    /// the connection must end.
    pub(crate) fn next_message(
        &mut self,
        published: &Published<G>,
        closes_in_s: Option<u16>,
        outbox: &mut Outbox,
        scratch: &mut EncodeScratch,
        out: &mut Vec<u8>,
    ) -> bool {
        // The roster goes before the snapshot: by then every player in that has a name.
        self.write_welcome(published, out)
            || self.write_time_scale(published, out)
            || self.closing_sent.write(closes_in_s, out)
            || self.write_pong(out)
            || self.write_roster(published, outbox, scratch, out)
            || outbox.write_notice(out)
            || self.write_scores(published, scratch, out)
            || self.write_snapshot(published, scratch, out)
    }

    /// What all spectators are sent and this one has not been: for as long as its transport takes
    /// it, each is to be sent and reported by [`Protocol::mark_sent`]. To be asked once a pass,
    /// when there is no more message for it alone.
    pub(crate) fn next_shared<'a>(&mut self, broadcast: &'a Broadcast) -> Next<'a> {
        let Stream::Spectator(spectator) = &self.stream else { return Next::Idle };
        let next = broadcast.next(spectator);
        if matches!(next, Next::Skip) {
            self.counters.snapshots_held_back += 1;
            self.slow_client.held_back();
        }
        next
    }

    /// A tick of the shared stream was sent: it will reach the client or the connection will end.
    pub(crate) fn mark_sent(&mut self, tick: SharedTick<'_>) {
        let Stream::Spectator(spectator) = &mut self.stream else { return };
        spectator.mark_sent(tick.tick, tick.due);
        self.slow_client.keeps_up();
        self.counters.snapshots += 1;
    }

    fn write_welcome(&mut self, published: &Published<G>, out: &mut Vec<u8>) -> bool {
        if self.welcomed {
            return false;
        }
        published.write_welcome(&self.standing, self.player(), out);
        self.welcomed = true;
        true
    }

    /// Before the snapshot of the first tick that is made so fast.
    fn write_time_scale(&mut self, published: &Published<G>, out: &mut Vec<u8>) -> bool {
        let plays = self.player().is_some();
        published.write_time_scale(&mut self.time_scale, plays, out)
    }

    fn write_pong(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(ping) = self.pongs.pop_front() else { return false };
        ServerMessage::Pong(ping).encode(out);
        true
    }

    fn write_roster(
        &mut self,
        published: &Published<G>,
        outbox: &mut Outbox,
        scratch: &mut EncodeScratch,
        out: &mut Vec<u8>,
    ) -> bool {
        match &mut self.stream {
            Stream::Player(stream) => {
                let is_sent = outbox.write_roster(published, scratch, out);
                if is_sent {
                    stream.scores.roster_sent(published);
                }
                is_sent
            }
            // It comes with the tick that it belongs to, in the stream that spectators share.
            Stream::Spectator(_) => false,
        }
    }

    /// After the roster: a client knows nobody else whose score it could be sent.
    fn write_scores(
        &mut self,
        published: &Published<G>,
        scratch: &mut EncodeScratch,
        out: &mut Vec<u8>,
    ) -> bool {
        let Stream::Player(stream) = &mut self.stream else { return false };
        stream.scores.write_page(published, scratch, out)
            || stream.scores.write(published, scratch, out)
    }

    fn write_snapshot(
        &mut self,
        published: &Published<G>,
        scratch: &mut EncodeScratch,
        out: &mut Vec<u8>,
    ) -> bool {
        let Stream::Player(stream) = &mut self.stream else { return false };
        let now = published.tick();
        if stream.viewer.tick() >= Some(now) {
            return false;
        }
        if stream.flow.is_full(now) {
            self.slow_client.held_back();
            self.counters.snapshots_held_back += 1;
            scratch.counters.snapshots_held_back += 1;
            return false;
        }
        self.slow_client.keeps_up();
        if !stream.viewer.write_snapshot(published, scratch, out) {
            return false;
        }
        stream.flow.sent(now);
        self.counters.snapshots += 1;
        true
    }

    /// Whatever was written in this pass: what was not, the viewer must keep in mind by itself.
    pub(crate) fn keep(&mut self, published: &Published<G>, scratch: &EncodeScratch) {
        if let Stream::Player(stream) = &mut self.stream {
            stream.viewer.keep(published, scratch);
        }
    }

    /// Something came that is no message: the client is alive, though it has nothing to say.
    pub(crate) fn heard(&mut self, now: Duration) {
        self.slow_client.heard(now);
    }

    /// Judges what did not come.
    ///
    /// # Errors
    /// Why the connection is to end because of it.
    pub(crate) fn judge(&self, now: Duration) -> Result<(), DisconnectReason> {
        self.slow_client.judge(now)
    }

    /// The server stood still for a while, and what came meanwhile comes all at once: that is no
    /// flood.
    pub(crate) fn credit_stall(&mut self, lost: Duration) {
        self.rate_limits.credit_stall(lost);
    }
}

#[cfg(test)]
mod tests;
