//! A client in a room: what it knows, and what a snapshot changes of it.
//!
//! Made from a welcome and owned by the [`Client`](super::Client), which routes messages here
//! and asks for what is to be drawn.

use std::collections::VecDeque;
use std::time::Duration;

use bincode::Decode;
use serde::de::DeserializeOwned;

use super::clock::{InputClock, RenderClock, RoundTrip};
use super::interpolation::Interpolation;
use super::prediction::Prediction;
use super::replay::{Replaying, SentInputs};
use super::{Applied, ClientError, Counters, Late, Names};
use crate::game::Game;
use crate::ids::{PlayerId, SessionId};
use crate::limits::{CLIENT_EVENTS_MAX, CLIENT_NOTICES_MAX};
use crate::protocol::snapshot::{Codec, GivenKind, SnapshotDecoder};
use crate::protocol::{Pace, WIRE, Welcome};
use crate::scene::{Rows, Schema};
use crate::tick::{Rewind, Tick, TickRate};

pub(super) struct Playing<G: Game> {
    pub(super) session: SessionId,
    pub(super) player: Option<PlayerId>,
    pub(super) room: String,
    pub(super) tick_rate: TickRate,
    pub(super) codec: Codec,
    pub(super) level: G::Level,
    pub(super) settings: G::Settings,
    pub(super) names: Names,
    pub(super) decoder: SnapshotDecoder,
    pub(super) prediction: Prediction<G>,
    pub(super) input_clock: InputClock,
    pub(super) round_trip: RoundTrip,
    /// `None` for a client that nobody looks at.
    pub(super) screen: Option<Screen>,
    /// When each input under way was sent.
    pub(super) sent: VecDeque<(Tick, Duration)>,
    /// The inputs under way, all of them: the server says which of those for a tick counted.
    pub(super) inputs: SentInputs<G::Input>,
    pub(super) applied: Option<Applied>,
    pub(super) late: VecDeque<Late>,
    pub(super) margin_ticks: Option<i32>,
    /// Which moment would be drawn, for clients with a screen and without.
    pub(super) looks: RenderClock,
    pub(super) notices: VecDeque<String>,
    pub(super) unacknowledged: u32,
}

/// What is kept to be drawn.
pub(super) struct Screen {
    pub(super) interpolation: Interpolation,
    pub(super) clock: RenderClock,
    /// Events whose tick is not drawn yet.
    pub(super) events: VecDeque<(Tick, Rows)>,
}

impl<G: Game> Playing<G> {
    pub(super) fn enter(
        welcome: &Welcome<'_>,
        now: Duration,
        has_screen: bool,
    ) -> Result<Playing<G>, ClientError> {
        let schema: Schema = part(welcome.schema, "schema")?;
        let tick_rate =
            TickRate::new(welcome.tick_rate_hz).ok_or(ClientError::Part("tick rate"))?;
        Ok(Playing {
            session: welcome.session,
            player: welcome.player,
            room: welcome.room.to_owned(),
            tick_rate,
            codec: Codec::new(schema, tick_rate, welcome.coding)?,
            level: serde_part(welcome.level, "level")?,
            settings: serde_part(welcome.settings, "settings")?,
            names: Names::default(),
            decoder: SnapshotDecoder::new(),
            prediction: Prediction::new(),
            input_clock: InputClock::new(tick_rate),
            round_trip: RoundTrip::new(now, welcome.player.is_some()),
            screen: has_screen.then(|| Screen {
                interpolation: Interpolation::default(),
                clock: RenderClock::new(tick_rate),
                events: VecDeque::new(),
            }),
            sent: VecDeque::new(),
            inputs: SentInputs::new(),
            applied: None,
            late: VecDeque::new(),
            margin_ticks: None,
            looks: RenderClock::new(tick_rate),
            notices: VecDeque::new(),
            unacknowledged: 0,
        })
    }

    pub(super) fn seen_tick(&self) -> Tick {
        self.decoder.mirror().tick().unwrap_or_default()
    }

    /// How old the picture is at `now` on which an input for `tick` is given.
    pub(super) fn rewind(&mut self, now: Duration, tick: Tick) -> Rewind {
        let drawn = self.screen.as_mut().and_then(|screen| screen.clock.position(now));
        drawn.map_or(Rewind::default(), |drawn| Rewind::between(drawn, tick))
    }

    pub(super) fn set_pace(&mut self, _now: Duration, _pace: Pace) {}

    pub(super) fn snapshot(
        &mut self,
        now: Duration,
        body: &[u8],
        counters: &mut Counters,
    ) -> Result<(), ClientError> {
        let mut replaying = Replaying::<G> { level: &self.level, inputs: &mut self.inputs };
        let snapshot = self.decoder.decode(&self.codec, body, &mut replaying)?;
        self.inputs.forget(snapshot.tick);
        self.unacknowledged += 1;
        self.looks.snapshot(now, snapshot.tick);
        if let Some(screen) = &mut self.screen {
            screen.snapshot(now, snapshot.tick, &self.decoder);
        }
        if let Some((given, margin_ticks)) = snapshot.player {
            counters.late_inputs += u64::from(!given.is_received());
            self.margin_ticks = Some(margin_ticks);
            if !given.is_received() {
                self.note_late(snapshot.tick);
            }
            self.input_clock.snapshot(now, snapshot.tick, margin_ticks);
            let own = match self.decoder.mirror().own() {
                None => None,
                Some(bytes) => Some(serde_part(bytes, "own state")?),
            };
            self.prediction.reconcile(now, snapshot.tick, own, &self.level, self.codec.schema());
            self.note_applied(now, snapshot.tick, given);
        }
        Ok(())
    }

    fn note_late(&mut self, tick: Tick) {
        if self.late.len() >= CLIENT_NOTICES_MAX {
            self.late.pop_front();
        }
        let sent = self.sent.iter().find(|(sent, _)| *sent == tick);
        self.late.push_back(Late { tick, sent_at: sent.map(|(_, at)| *at) });
    }

    fn note_applied(&mut self, now: Duration, tick: Tick, given: GivenKind) {
        while let Some((sent, at)) = self.sent.front().copied() {
            if sent > tick {
                break;
            }
            self.sent.pop_front();
            if sent == tick && given.is_received() {
                self.applied = Some(Applied { tick, latency: now.saturating_sub(at) });
            }
        }
    }
}

impl Screen {
    fn snapshot(&mut self, now: Duration, tick: Tick, decoder: &SnapshotDecoder) {
        self.clock.snapshot(now, tick);
        self.interpolation.push(tick, decoder.mirror().rows());
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

fn part<T: Decode<()>>(bytes: &[u8], what: &'static str) -> Result<T, ClientError> {
    match bincode::decode_from_slice(bytes, WIRE.with_limit::<{ 1 << 24 }>()) {
        Ok((value, used)) if used == bytes.len() => Ok(value),
        _ => Err(ClientError::Part(what)),
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
