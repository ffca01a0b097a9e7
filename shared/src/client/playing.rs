//! A client in a room: what it knows, and what a snapshot changes of it.
//!
//! Made from a welcome and owned by the [`Client`](super::Client), which routes messages here
//! and asks for what is to be drawn.

use std::collections::VecDeque;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::clock::Clocks;
use super::interpolation::Interpolation;
use super::prediction::Prediction;
use super::replay::{Replaying, SentInputs};
use super::{Applied, ClientError, Counters, Late, Names, codec_of, schema_of};
use crate::game::Game;
use crate::ids::{PlayerId, SessionId};
use crate::limits::{CLIENT_EVENTS_MAX, CLIENT_NOTES_MAX, HISTORY_MAX_TICKS, TICK_MAX};
use crate::protocol::snapshot::{Codec, InputSource, SnapshotDecoder};
use crate::protocol::{Board, ClientMessage, Input, ResumeToken, WIRE, Welcome};
use crate::scene::{Rows, Schema, SchemaError};
use crate::tick::{Tick, TickRate};

pub(super) struct Playing<G: Game> {
    pub(super) session: SessionId,
    pub(super) resume: ResumeToken,
    pub(super) resumed: bool,
    pub(super) grace: Duration,
    /// When the server closes at the latest, once it has said so.
    pub(super) closes_at: Option<Duration>,
    pub(super) player: Option<PlayerId>,
    pub(super) room: String,
    pub(super) tick_rate: TickRate,
    pub(super) codec: Codec,
    pub(super) level: G::Level,
    pub(super) settings: G::Settings,
    pub(super) names: Names,
    pub(super) decoder: SnapshotDecoder,
    pub(super) prediction: Prediction<G>,
    pub(super) clocks: Clocks,
    pub(super) margin_ticks: Option<i32>,
    /// Inputs that were not applied in their ticks, until they are asked for.
    pub(super) late: VecDeque<Late>,
    /// `None` for a client that nobody looks at.
    pub(super) screen: Option<Screen>,
    /// When each input under way was sent.
    pub(super) sent: VecDeque<(Tick, Duration)>,
    /// The inputs under way: the server says which of them counted.
    pub(super) inputs: SentInputs<G::Input>,
    /// Whether the server knows that own states are moved on by the rules between snapshots.
    replays: bool,
    pub(super) applied: Option<Applied>,
    pub(super) notices: VecDeque<String>,
    pub(super) unacknowledged: u32,
    /// The page of the board that was asked for last.
    pub(super) board: Board,
}

/// What is kept to be drawn.
pub(super) struct Screen {
    pub(super) interpolation: Interpolation,
    /// Events whose tick is not drawn yet.
    pub(super) events: VecDeque<(Tick, Rows)>,
}

impl<G: Game> Playing<G> {
    pub(super) fn enter(
        welcome: &Welcome<'_>,
        now: Duration,
        has_screen: bool,
        replays: bool,
    ) -> Result<Playing<G>, ClientError> {
        let sent = schema_of(welcome)?;
        // Rows and events are read as this game's structs.
        let schema = G::schema();
        if !sent.has_kinds_of(&schema) {
            return Err(SchemaError::OtherGame.into());
        }
        let codec = codec_of(welcome, schema)?;
        let tick_rate = codec.tick_rate();
        Ok(Playing {
            session: welcome.session,
            resume: welcome.resume,
            resumed: welcome.resumed,
            grace: Duration::from_secs(welcome.grace_seconds.into()),
            closes_at: None,
            player: welcome.player,
            room: welcome.room.to_owned(),
            tick_rate,
            codec,
            level: serde_part(welcome.level, "level")?,
            settings: serde_part(welcome.settings, "settings")?,
            names: Names::default(),
            decoder: SnapshotDecoder::new(),
            prediction: Prediction::new(tick_rate, has_screen),
            clocks: Clocks::new(tick_rate, now, welcome.player.is_some()),
            margin_ticks: None,
            late: VecDeque::new(),
            screen: has_screen.then(|| Screen {
                interpolation: Interpolation::default(),
                events: VecDeque::new(),
            }),
            sent: VecDeque::new(),
            inputs: SentInputs::new(),
            replays,
            applied: None,
            notices: VecDeque::new(),
            unacknowledged: 0,
            board: Board::default(),
        })
    }

    pub(super) fn seen_tick(&self) -> Tick {
        self.decoder.mirror().tick().unwrap_or_default()
    }

    /// Gives the player's input for a tick: predicts it, notes it, and gives the message for it.
    pub(super) fn give(&mut self, now: Duration, tick: Tick, input: G::Input) -> Vec<u8> {
        let schema = self.codec.schema();
        self.prediction.advance_to(now, tick, input, &self.level, schema);
        self.sent.push_back((tick, now));
        if self.sent.len() > HISTORY_MAX_TICKS {
            self.sent.pop_front();
        }
        self.unacknowledged = 0;
        let (seen, rewind) = (self.seen_tick(), self.clocks.rewind(now, tick));
        self.inputs.push(tick, input);
        let encoded = bincode::serde::encode_to_vec(input, WIRE)
            .unwrap_or_else(|_| unreachable!("the room has checked that inputs encode"));
        let mut bytes = Vec::new();
        let message = Input { tick, seen, rewind, input: &encoded };
        ClientMessage::Input(message).encode(&mut bytes);
        bytes
    }

    pub(super) fn snapshot(
        &mut self,
        now: Duration,
        body: &[u8],
        counters: &mut Counters,
    ) -> Result<(), ClientError> {
        let known = self.decoder.mirror().tick();
        let mut replaying = Replaying::<G> {
            level: &self.level,
            dt: self.tick_rate.dt(),
            inputs: &mut self.inputs,
            moves_on: self.replays,
        };
        let snapshot = self.decoder.decode(&self.codec, body, &mut replaying)?;
        let tick = snapshot.tick;
        if tick.0 > TICK_MAX || Some(tick) <= known {
            return Err(ClientError::Part("tick"));
        }
        let (source, margin_ticks) = snapshot.player.unzip();
        self.clocks.snapshot(now, tick, margin_ticks);
        self.margin_ticks = margin_ticks;
        self.unacknowledged += 1;
        if let Some(screen) = &mut self.screen {
            let drawn = self.clocks.last_render_tick();
            let reading = (self.codec.schema(), self.tick_rate);
            screen.snapshot(now, reading, tick, &self.decoder, drawn);
        }
        if let Some(source) = source {
            self.note_late(counters);
            let own = match self.decoder.mirror().own() {
                None => None,
                Some(bytes) => Some(serde_part(bytes, "own state")?),
            };
            self.prediction.reconcile(now, tick, own, &self.level, self.codec.schema());
            self.note_applied(now, tick, source);
        }
        self.inputs.forget(tick);
        Ok(())
    }

    /// Counts the inputs that, by a snapshot, were not applied in their ticks.
    fn note_late(&mut self, counters: &mut Counters) {
        while let Some(tick) = self.inputs.next_late() {
            let sent = self.sent.iter().find(|(sent, _)| *sent == tick);
            let sent_at = sent.map(|(_, at)| *at);
            counters.late_inputs += 1;
            if self.late.len() >= CLIENT_NOTES_MAX {
                self.late.pop_front();
            }
            self.late.push_back(Late { tick, sent_at });
        }
    }

    fn note_applied(&mut self, now: Duration, tick: Tick, source: InputSource) {
        while let Some((sent, at)) = self.sent.front().copied() {
            if sent > tick {
                break;
            }
            self.sent.pop_front();
            if sent == tick && source.is_received() {
                self.applied = Some(Applied { tick, latency: now.saturating_sub(at) });
            }
        }
    }
}

impl Screen {
    fn snapshot(
        &mut self,
        now: Duration,
        (schema, tick_rate): (&Schema, TickRate),
        tick: Tick,
        decoder: &SnapshotDecoder,
        drawn: f64,
    ) {
        let rows = decoder.mirror().rows();
        self.interpolation.push(now, schema, tick_rate, tick, rows, drawn);
        for (tick, event) in decoder.events() {
            if self.events.len() >= CLIENT_EVENTS_MAX {
                self.events.pop_front();
            }
            let mut row = Rows::default();
            row.push_row(event);
            self.events.push_back((tick, row));
        }
    }
}

pub(super) fn serde_part<T: DeserializeOwned>(
    bytes: &[u8],
    what: &'static str,
) -> Result<T, ClientError> {
    match bincode::serde::decode_from_slice(bytes, WIRE.with_limit::<{ 1 << 24 }>()) {
        Ok((value, used)) if used == bytes.len() => Ok(value),
        _ => Err(ClientError::Part(what)),
    }
}
