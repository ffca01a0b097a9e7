//! What must hold for any bytes: one function for each check, which panics where it does not.
//!
//! They know no fuzzer: the targets in `tests/fuzz` feed them, a test does so for a moment, and
//! the example `fuzz-decode` for as long as one likes. The checks of the server's private parsers
//! are in the server, and so are their tests.

mod client;
mod play;
mod recording;
mod sessions;
mod source;

use std::sync::OnceLock;

use skirmish_rules::{Settings, Skirmish};
use tickwire_game::game::Game;
use tickwire_game::limits::{OWN_MAX_BYTES, SNAPSHOT_ENTITIES_MAX, SNAPSHOT_EVENTS_MAX};
use tickwire_game::protocol::snapshot::{
    Codec, Coding, InputSource, Replay, SnapshotDecoder, SnapshotEncoder, SnapshotError,
};
use tickwire_game::protocol::{ClientMessage, Hello, ServerMessage};
use tickwire_game::scene::Schema;
use tickwire_game::tick::{Tick, TickRate};
use tickwire_host::GuestSettings;

pub use client::client;
pub use play::{Moment, Play};
pub use recording::recording;
pub use sessions::sessions;
pub use source::Source;
#[cfg(fuzzing)]
pub use tickwire::fuzzing::{http, websocket};

/// Most messages that one decoder is given by [`snapshot_decode`]: each may cost as much as all
/// rows known.
const MESSAGES_MAX: usize = 64;

/// A client whose replay gives what was set beforehand; or that replays nothing.
pub struct Foretold<'a>(pub Option<&'a [u8]>);

impl Replay for Foretold<'_> {
    fn replay(&mut self, _: Tick, _: &[InputSource], own: &mut Vec<u8>) {
        if let Some(foretold) = self.0 {
            own.clear();
            own.extend_from_slice(foretold);
        }
    }
}

/// Codecs of different schemas, each in both codings.
pub fn codecs() -> &'static [Codec] {
    static CODECS: OnceLock<Vec<Codec>> = OnceLock::new();
    CODECS.get_or_init(|| {
        let mut schemas = vec![Schema::new(), Skirmish::schema()];
        for seed in 1..=6_u8 {
            // Any bytes make a schema; these differ.
            let bytes: Vec<u8> = (0..200_u8).map(|at| at.wrapping_mul(seed) ^ (at >> 2)).collect();
            schemas.push(play::schema(&mut Source::new(&bytes)));
        }
        let both = |schema: Schema| {
            [Coding::Plain, Coding::Range].map(|coding| {
                Codec::new(schema.clone(), TickRate::default(), coding)
                    .expect("these schemas are sound")
            })
        };
        schemas.into_iter().flat_map(both).collect()
    })
}

/// The first byte chooses a codec. Then come messages for one decoder, each after its length in
/// two bytes. They are snapshots or typed errors, and what the decoder holds stays in bounds.
pub fn snapshot_decode(bytes: &[u8]) {
    let mut source = Source::new(bytes);
    let codec = &codecs()[usize::from(source.byte()) % codecs().len()];
    let mut decoder = SnapshotDecoder::new();
    for _ in 0..MESSAGES_MAX {
        if source.is_empty() {
            return;
        }
        let length = usize::from(source.byte()) | usize::from(source.byte()) << 8;
        let message = source.take(length);
        if decode(codec, &mut decoder, message, &[7; 40]).is_err() {
            return;
        }
    }
}

/// Decodes a message and checks that nothing has grown beyond what the message may make it.
///
/// # Errors
/// The decoder's.
pub fn decode(
    codec: &Codec,
    decoder: &mut SnapshotDecoder,
    message: &[u8],
    replayed: &[u8],
) -> Result<(), SnapshotError> {
    let before = decoder.mirror().rows().len();
    decoder.decode(codec, message, &mut Foretold(Some(replayed)))?;
    let mirror = decoder.mirror();
    let rows = mirror.rows();
    // The likeliest symbol takes 1/178 of a bit, and a row takes at least one.
    let most = before + 180 * 8 * (message.len() + 9);
    assert!(rows.len() <= most.min(SNAPSHOT_ENTITIES_MAX), "{} rows", rows.len());
    assert!(rows.iter().is_sorted_by(|a, b| a.entity < b.entity), "ids do not rise");
    for row in rows.iter() {
        let fields = &codec.schema().entities[usize::from(row.kind)].fields;
        assert_eq!(row.values.len(), fields.len());
        for (field, value) in fields.iter().zip(row.values) {
            assert!((field.min..=field.max).contains(value), "{value} is no {field:?}");
        }
    }
    assert!(decoder.events().len() <= SNAPSHOT_EVENTS_MAX);
    assert!(mirror.own().is_none_or(|own| own.len() <= OWN_MAX_BYTES));
    Ok(())
}

/// The bytes are a game and its scenes. Both ends of the stream know the same after each
/// snapshot, and where the budget allows it that is what was to be seen.
pub fn snapshot_round_trip(bytes: &[u8]) {
    let mut source = Source::new(bytes);
    let mut play = Play::new(&mut source);
    let (mut encoder, mut decoder) = (SnapshotEncoder::new(), SnapshotDecoder::new());
    let mut message = Vec::new();
    while !source.is_empty() {
        let moment = play.next(&mut source);
        if moment.restarts {
            encoder.restart();
        }
        let keyframe = encoder.mirror().tick().is_none();
        let events = moment.events();
        let picture = moment.picture(&events);
        message.clear();
        encoder.encode(play.codec(), &picture, &mut message);
        let snapshot = decoder
            .decode(play.codec(), &message, &mut Foretold(moment.foretold()))
            .expect("what was encoded decodes");
        assert_eq!((snapshot.tick, snapshot.keyframe), (picture.tick, keyframe));
        let sent =
            picture.player.map(|part| (part.sources[part.sources.len() - 1], part.margin_ticks));
        assert_eq!(snapshot.player, sent);
        assert_eq!(decoder.mirror(), encoder.mirror());
        assert_eq!(decoder.mirror().own(), picture.player.and_then(|part| part.own));
        if moment.is_unbounded() && !encoder.is_over_budget() {
            let seen = picture.visible.iter().map(|&index| picture.rows.row(index as usize));
            assert!(decoder.mirror().rows().iter().eq(seen), "not what was to be seen");
            assert!(decoder.events().eq(events.iter().copied()), "not what happened");
        }
    }
}

/// The bytes are a message or none, of either direction; what is one is written as it was read.
pub fn messages(bytes: &[u8]) {
    let mut again = Vec::new();
    if let Ok(message) = ClientMessage::decode(bytes) {
        message.encode(&mut again);
        assert_eq!(ClientMessage::decode(&again).as_ref(), Ok(&message));
        if let ClientMessage::Hello(Hello { settings: Some(settings), .. }) = message {
            room_settings(settings);
        }
    }
    again.clear();
    if let Ok(message) = ServerMessage::decode(bytes) {
        message.encode(&mut again);
        assert_eq!(ServerMessage::decode(&again).as_ref(), Ok(&message));
        if let ServerMessage::Welcome(welcome) = message {
            welcome_schema(welcome.schema);
        }
    }
}

/// What is chosen for a room is refused, or is something that the game takes.
fn room_settings(text: &str) {
    static SETTINGS: OnceLock<GuestSettings<Settings>> = OnceLock::new();
    let settings = SETTINGS.get_or_init(|| {
        GuestSettings::new::<Skirmish>(Settings::default()).expect("they are sound")
    });
    if let Ok(chosen) = settings.choose(text) {
        assert_eq!(Skirmish::check_settings(&chosen), Ok(()));
        assert!(chosen.obstacles, "that is not for guests to choose");
    }
}

/// The schema of a welcome is refused, or can be used.
fn welcome_schema(bytes: &[u8]) {
    // As a client decodes it.
    const MOST_BYTES: usize = tickwire_game::limits::WELCOME_MAX_BYTES;
    let config = tickwire_game::protocol::WIRE.with_limit::<MOST_BYTES>();
    if let Ok((schema, _)) = bincode::decode_from_slice::<Schema, _>(bytes, config) {
        // Either is well; only a panic or a loop would not be.
        let _ = Codec::new(schema, TickRate::default(), Coding::Range);
    }
}
