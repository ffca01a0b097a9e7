//! What a snapshot tells a player of itself, and both ends of that: where its inputs came from, and
//! its own state as far as that is not what the client finds by itself.
//!
//! Owned by nobody: it works on the mirrors of encoders and decoders, which call it with every
//! snapshot of a player's stream. It knows no game: own states are bytes here, and who can move
//! them on is handed in ([`Replay`]).

use serde::{Deserialize, Serialize};

use super::decoder::ended;
use super::layout::shared_models as model;
use super::mirror::Mirror;
use super::{SnapshotError, unzigzag, zigzag};
use crate::limits::{OWN_MAX_BYTES, SNAPSHOT_INPUTS_MAX};
use crate::protocol::models::Model;
use crate::protocol::symbols::{
    Part, Sink, Source, put_count, put_residual, take_count, take_residual,
};
use crate::tick::Tick;

/// What a snapshot tells a player of itself.
#[derive(Clone, Copy, Debug)]
pub struct PlayerPart<'a> {
    /// Where its inputs came from, one for each tick since the last snapshot, this one last. Of
    /// more than [`SNAPSHOT_INPUTS_MAX`], and before a keyframe, only the last counts.
    pub sources: &'a [InputSource],
    /// By how many ticks its newest input came before the tick that it is for; negative if late.
    /// Sent within the range of 16 bits.
    pub margin_ticks: i32,
    /// Its own state in bincode, if it has one.
    pub own: Option<&'a [u8]>,
    /// What the client will make of the own state that it knows, by the inputs of these `sources`;
    /// `None` for a client that does not replay.
    pub replayed: Option<&'a [u8]>,
}

/// Where the input of a tick came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InputSource {
    /// It came in time.
    Received,
    /// None came in time: the last one was repeated.
    Repeated,
    /// No input came for so long that none was repeated any more.
    Missing,
}

impl InputSource {
    /// Whether it came in time.
    #[must_use]
    pub fn is_received(self) -> bool {
        self == InputSource::Received
    }
}

/// What a client makes of its own state while no news of it came: the game's `advance` by the
/// inputs that counted.
pub trait Replay {
    /// Moves `own` (in bincode; empty when there is none) on by one tick for each of `sources`, of
    /// which the last is for `tick`. A client that cannot replay leaves it as it is, and must have
    /// said so in its hello. It is called for each snapshot of a player's stream, whatever that
    /// says.
    fn replay(&mut self, tick: Tick, sources: &[InputSource], own: &mut Vec<u8>);
}

/// A client that knows no rules, and so replays nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoReplay;

impl Replay for NoReplay {
    fn replay(&mut self, _: Tick, _: &[InputSource], _: &mut Vec<u8>) {}
}

impl PlayerPart<'_> {
    pub(super) fn put(&self, mirror: &mut Mirror, ticks: u32, sink: &mut impl Sink) {
        let models = &mut mirror.models;
        let unsent = self.sources.len().checked_sub(sources_len(ticks));
        let unsent = unsent.expect("each tick has an input source");
        for from in &self.sources[unsent..] {
            let models = &mut models[model::INPUT_SOURCE..][..model::INPUT_SOURCE_LEN];
            put_input_source(*from, models, sink);
        }
        let margin_ticks = self.margin_ticks.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
        let change = margin_ticks.wrapping_sub(mirror.margin_ticks);
        sink.bit(&mut models[model::MARGIN_CHANGED], change != 0);
        if change != 0 {
            let models = &mut models[model::MARGIN..][..model::MARGIN_LEN];
            put_residual(sink, models, 16, change.into());
            mirror.margin_ticks = margin_ticks;
        }
        sink.mark(Part::Own);
        sink.bit(&mut models[model::OWN_NONE], self.own.is_none());
        let Some(own) = self.own else {
            mirror.own = None;
            return;
        };
        let known = mirror.own.get_or_insert_default();
        let base = if ticks as usize > SNAPSHOT_INPUTS_MAX || known.is_empty() {
            &[]
        } else {
            self.replayed.unwrap_or(known)
        };
        sink.bit(&mut models[model::OWN_TOLD], own != base);
        if own != base {
            put_own(own, base, models, sink);
        }
        known.clear();
        if known.capacity() < own.len() {
            known.reserve_exact(own.len() + OWN_SPARE_BYTES);
        }
        known.extend_from_slice(own);
    }
}

/// Memory for so much more of a player's own state than there is: numbers in it become longer.
const OWN_SPARE_BYTES: usize = 8;

/// Takes what a snapshot tells a player of itself.
#[derive(Clone, Debug, Default)]
pub(super) struct PlayerReader {
    sources: Vec<InputSource>,
    replayed: Vec<u8>,
}

impl PlayerReader {
    pub(super) fn take(
        &mut self,
        mirror: &mut Mirror,
        tick: Tick,
        ticks: u32,
        source: &mut impl Source,
        replay: &mut dyn Replay,
    ) -> Result<(InputSource, i32), SnapshotError> {
        let models = &mut mirror.models;
        self.sources.clear();
        for _ in 0..sources_len(ticks) {
            let models = &mut models[model::INPUT_SOURCE..][..model::INPUT_SOURCE_LEN];
            self.sources.push(take_input_source(models, source));
        }
        if source.bit(&mut models[model::MARGIN_CHANGED]) {
            let models = &mut models[model::MARGIN..][..model::MARGIN_LEN];
            let change = take_residual(source, models, 16).ok_or(SnapshotError::Number)?;
            // Modulo 2^16, as the encoder reckons it.
            mirror.margin_ticks = mirror.margin_ticks.wrapping_add(change as i16);
        }
        ended(source)?;
        self.replayed.clear();
        self.replayed.extend_from_slice(mirror.own.as_deref().unwrap_or_default());
        replay.replay(tick, &self.sources, &mut self.replayed);
        if ticks as usize > SNAPSHOT_INPUTS_MAX || mirror.own.as_ref().is_none_or(Vec::is_empty) {
            self.replayed.clear();
        }
        if source.bit(&mut models[model::OWN_NONE]) {
            mirror.own = None;
        } else {
            let own = mirror.own.get_or_insert_default();
            own.clear();
            if source.bit(&mut models[model::OWN_TOLD]) {
                take_own(own, &self.replayed, models, source)?;
            } else {
                own.extend_from_slice(&self.replayed);
            }
        }
        let last = self.sources.last().copied().unwrap_or(InputSource::Missing);
        Ok((last, mirror.margin_ticks.into()))
    }
}

/// For how many ticks a snapshot says where the input came from: for all that passed, or after a
/// long gap for the last.
fn sources_len(ticks: u32) -> usize {
    if ticks as usize <= SNAPSHOT_INPUTS_MAX { ticks as usize } else { 1 }
}

fn put_input_source(from: InputSource, models: &mut [Model], sink: &mut impl Sink) {
    sink.bit(&mut models[0], !from.is_received());
    if !from.is_received() {
        sink.bit(&mut models[1], from == InputSource::Missing);
    }
}

fn put_own(own: &[u8], base: &[u8], models: &mut [Model], sink: &mut impl Sink) {
    let longer = own.len() as i32 - base.len() as i32;
    put_count(sink, &mut models[model::OWN_LEN..][..model::OWN_LEN_LEN], zigzag(longer));
    for (index, &byte) in own.iter().enumerate() {
        let Some(&base) = base.get(index) else {
            sink.raw(byte.into(), 8);
            continue;
        };
        let model = &mut models[model::OWN_BYTE + index.min(model::OWN_BYTE_LEN - 1)];
        sink.bit(model, byte != base);
        if byte != base {
            sink.raw((byte ^ base).into(), 8);
        }
    }
}

fn take_input_source(models: &mut [Model], source: &mut impl Source) -> InputSource {
    if !source.bit(&mut models[0]) {
        return InputSource::Received;
    }
    if source.bit(&mut models[1]) { InputSource::Missing } else { InputSource::Repeated }
}

fn take_own(
    own: &mut Vec<u8>,
    base: &[u8],
    models: &mut [Model],
    source: &mut impl Source,
) -> Result<(), SnapshotError> {
    let models_of_len = &mut models[model::OWN_LEN..][..model::OWN_LEN_LEN];
    let longer = take_count(source, models_of_len).ok_or(SnapshotError::Number)?;
    let len = i64::try_from(base.len()).unwrap_or(i64::MAX) + i64::from(unzigzag(longer));
    let len = usize::try_from(len).ok().filter(|len| *len <= OWN_MAX_BYTES);
    for index in 0..len.ok_or(SnapshotError::TooMany("bytes of own state"))? {
        let Some(&base) = base.get(index) else {
            own.push(source.raw(8) as u8);
            continue;
        };
        let model = &mut models[model::OWN_BYTE + index.min(model::OWN_BYTE_LEN - 1)];
        let change = if source.bit(model) { source.raw(8) as u8 } else { 0 };
        own.push(base ^ change);
    }
    ended(source)
}
