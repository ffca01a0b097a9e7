//! Snapshots made of recordings, and what other decoders say of them.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::time::Duration;

use tests::fuzz::{Play, Source};
use tests::real::{Node, Python, say};
use tests::vectors::{Stream, write_head};
use tickwire_game::game::Dice;
use tickwire_game::ids::{EntityId, PlayerId};
use tickwire_game::limits::SNAPSHOT_MAX_BYTES;
use tickwire_game::protocol::snapshot::{Codec, Coding, InputSource, Picture, PlayerPart};
use tickwire_game::recording::{Reader, RecordedTick};
use tickwire_game::scene::{Kind, Row, Rows, Schema, View};
use tickwire_game::tick::{Tick, TickRate};

use super::{compare, golden, read};

/// One stream made of a recording.
#[derive(Clone, Copy, Debug, Default)]
struct Telling {
    name: &'static str,
    /// Whose stream it is; `None` for a spectator's.
    player: Option<PlayerId>,
    replays: bool,
    /// The only coding; `None` for both.
    coding: Option<Coding>,
    max_bytes: Option<usize>,
    /// Ticks at which it begins anew.
    keyframes: &'static [u32],
    /// Ticks of the recording without a snapshot.
    left_out: &'static [u32],
}

const SPECTATOR: Telling = Telling {
    name: "spectator",
    player: None,
    replays: false,
    coding: None,
    max_bytes: None,
    keyframes: &[],
    left_out: &[],
};

const fn player(name: &'static str, id: u16, replays: bool) -> Telling {
    Telling { name, player: Some(PlayerId(id)), replays, ..SPECTATOR }
}

/// Recordings in `golden`, and what streams are made of each.
const RECORDINGS: [(&str, &[Telling]); 7] = [
    ("cart", &[SPECTATOR]),
    (
        "motions",
        &[
            SPECTATOR,
            Telling {
                name: "spectator, with gaps and keyframes",
                keyframes: &[106, 130],
                left_out: &[102, 103, 111, 112, 113, 114, 121, 122, 131, 132, 133, 134, 135, 136],
                ..SPECTATOR
            },
        ],
    ),
    (
        "names",
        &[
            SPECTATOR,
            Telling {
                name: "spectator, with gaps and keyframes",
                keyframes: &[57, 58, 70],
                left_out: &[54, 55, 60, 61, 62, 63, 68, 74, 76, 77],
                ..SPECTATOR
            },
        ],
    ),
    ("widths", &[SPECTATOR]),
    (
        "crowd",
        &[
            Telling {
                name: "spectator, at most 40 bytes, plain",
                coding: Some(Coding::Plain),
                max_bytes: Some(40),
                ..SPECTATOR
            },
            Telling {
                name: "spectator, at most 40 bytes, range",
                coding: Some(Coding::Range),
                max_bytes: Some(40),
                ..SPECTATOR
            },
            Telling {
                max_bytes: Some(70),
                coding: Some(Coding::Range),
                left_out: &[7, 8, 13],
                ..player("player 4, at most 70 bytes", 4, false)
            },
        ],
    ),
    (
        "gaps",
        &[
            player("player, replays", 0, true),
            player("player, does not replay", 0, false),
            Telling {
                keyframes: &[14, 85],
                left_out: &[12, 19],
                ..player("player, replays, with gaps and keyframes", 0, true)
            },
        ],
    ),
    ("pucks", &[player("player 0", 0, true), player("player 1", 1, false)]),
];

/// Makes the streams of a recording and writes them down.
fn tell(recording: &str, tellings: &[Telling]) -> String {
    let mut reader = Reader::new();
    let mut ticks = Vec::new();
    for line in read(recording).lines() {
        ticks.extend(reader.line(line).expect("the recording is sound"));
    }
    ticks.extend(reader.finish().expect("the recording is sound"));
    let tick_rate = reader.tick_rate().expect("there was a tick");
    let mut text = format!("# Made of {recording} by tests/tests/golden.\n");
    write_head(reader.schema(), tick_rate, &mut text);
    for telling in tellings {
        let codings = telling.coding.map_or(vec![Coding::Plain, Coding::Range], |one| vec![one]);
        let codec = |coding| Codec::new(reader.schema().clone(), tick_rate, coding);
        let codecs = codings.into_iter().map(codec).collect::<Result<_, _>>();
        let mut stream =
            Stream::begin(telling.name, codecs.expect("the schema is sound"), &mut text);
        telling.tell(reader.schema(), &ticks, &mut stream, &mut text);
    }
    text
}

impl Telling {
    fn tell(
        &self,
        schema: &Schema,
        ticks: &[RecordedTick],
        stream: &mut Stream,
        text: &mut String,
    ) {
        let mut sources: Vec<InputSource> = Vec::new();
        let mut events = Vec::new();
        for RecordedTick { scene, viewers } in ticks {
            let tick = scene.tick();
            let viewer = viewers.iter().find(|viewer| Some(viewer.player) == self.player);
            let view = viewer.map_or(View::Everything, |viewer| viewer.view);
            let own = viewer.and_then(|viewer| viewer.own.as_ref());
            let ticks_since = stream.decoder().mirror().tick().map_or(1, |last| tick.since(last));
            // Of ticks that were not recorded nothing is known.
            let unknown = (ticks_since as usize).min(100).saturating_sub(sources.len() + 1);
            sources.extend(std::iter::repeat_n(InputSource::Repeated, unknown));
            sources.push(own.map_or(InputSource::Missing, |own| own.source));
            let happened = (0..scene.events().len())
                .filter(|&index| scene.may_know_event(schema, index, self.player, &view));
            events.extend(happened.map(|index| (tick, scene.events().row(index))));
            if self.left_out.contains(&tick.0) {
                continue;
            }
            if self.keyframes.contains(&tick.0) {
                stream.restart();
            }
            let rows = 0..scene.rows().len() as u32;
            let visible: Vec<u32> = rows
                .filter(|&index| scene.may_know_row(schema, index as usize, self.player, &view))
                .collect();
            let player = self.player.map(|_| PlayerPart {
                sources: &sources,
                margin_ticks: own.map_or(0, |own| own.margin_ticks),
                own: own.and_then(|own| own.own.as_deref()),
                replayed: own.and_then(|own| own.replayed.as_deref()).filter(|_| self.replays),
            });
            let picture = Picture {
                tick,
                player,
                rows: scene.rows(),
                visible: &visible,
                events: &events,
                focus: None,
                max_bytes: self.max_bytes.unwrap_or(SNAPSHOT_MAX_BYTES),
            };
            stream.tell(&picture, text);
            if self.max_bytes.is_none() {
                let seen = visible.iter().map(|&index| scene.rows().row(index as usize));
                assert!(
                    stream.decoder().mirror().rows().iter().eq(seen),
                    "not what was to be seen"
                );
            }
            sources.clear();
            events.clear();
        }
    }
}

#[test]
fn snapshots_stand_as_they_always_stood() {
    for (name, tellings) in RECORDINGS {
        let now = tell(&format!("{name}.scenes"), tellings);
        compare(&format!("{name}.snapshots"), &now);
    }
}

/// Bodies in the plain coding, as bits, and why they are to be refused: after a keyframe of tick 5,
/// in which row 1 of kind `few` has the value 2, and row 4 of kind `many` the value 50.
const REFUSED: [(&str, &str); 17] = [
    ("too short", ""),
    ("left over", "0 0 0 0 0 0 0 1"),
    ("left over", "0 0 0 0 0 0 0  00000000 0"),
    // So many ticks left out.
    ("number", "0 1111111111111111 1111111111111111 1"),
    ("number", "0 1111111111111111 1111111111111111 0 0000000000000000 1000000000000000"),
    ("tick", "0 1111111111111111 1111111111111111 0 0000000000000000 0000000000000000"),
    ("range", "0 0 0  1 001 111  0 0 0"),
    ("range", "0 0 0  0  1 001 011 0 1 1 1111  0 0"),
    // New rows: known, not in order, below 0, above all, of no kind, out of range.
    ("twice", "0 0 0 0 0  1 1 0"),
    ("twice", "0 0 0 0 0  1 1 10 1  0 0 010  1 1 10 1"),
    ("twice", "0 0 0 0 0  1 1 110 01"),
    (
        "twice",
        "0 0 0 0 0  1 0 1111111111111111 1111111111111111 0 0000000000000000 0000000000000000",
    ),
    ("kind", "0 0 0 0 0  1 0 0 1 1"),
    ("range", "0 0 0 0 0  1 0 0 0 0 101"),
    // Passed over are more rows than there are.
    ("too many", "0 0 1 1 10 1"),
    // Events: of no kind, from before tick 0.
    ("kind", "0 0 0 0 0 0  1 0"),
    ("tick", "0 0 0 0 0 0  1 1110 000"),
];

/// Bits in the order in which they come.
fn packed(bits: &str) -> Vec<u8> {
    let bits: Vec<u8> = bits.bytes().filter(|bit| *bit != b' ').map(|bit| bit - b'0').collect();
    bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |byte, bit| byte << 1 | bit)).collect()
}

#[test]
fn bodies_are_refused_for_the_reasons_they_were_always_refused_for() {
    #[derive(Row)]
    struct Few {
        #[field(range = 0..=4)]
        _value: u8,
    }
    #[derive(Row)]
    struct Many {
        #[field(range = 0..=100)]
        _value: u8,
    }
    let mut schema = Schema::new().row::<Few>().row::<Many>();
    schema.entities.iter_mut().for_each(|kind| kind.fields[0].name = "value".to_owned());
    // No game can have it, but the wire can.
    schema.entities.push(Kind { name: "none".to_owned(), fields: vec![], place: None });
    let codec = Codec::new(schema.clone(), TickRate::default(), Coding::Plain);
    let mut text = String::from("# Made by tests/tests/golden.\n");
    write_head(&schema, TickRate::default(), &mut text);
    let mut stream = Stream::begin("refused", vec![codec.expect("it is sound")], &mut text);
    stream.tell_refused(&packed("0"), "no keyframe", &mut text);
    let mut rows = Rows::default();
    rows.push(EntityId(1), 0, 1).fill(2);
    rows.push(EntityId(4), 1, 1).fill(50);
    let picture = Picture {
        tick: Tick(5),
        player: None,
        rows: &rows,
        visible: &[0, 1],
        events: &[],
        focus: None,
        max_bytes: SNAPSHOT_MAX_BYTES,
    };
    stream.tell(&picture, &mut text);
    for (reason, bits) in REFUSED {
        stream.tell_refused(&packed(bits), reason, &mut text);
    }
    compare("refused.snapshots", &text);
}

/// Another decoder that follows the document and nothing else.
fn decode_in_python(python: &Python, files: &[PathBuf]) -> String {
    let files = files.iter().map(|file| file.to_str().expect("UTF-8"));
    let arguments: Vec<&str> = std::iter::once("check.py").chain(files).collect();
    let (status, printed) = python.run(&arguments, Duration::from_secs(60));
    assert!(status.success(), "{status}: {printed}");
    printed
}

fn decode_in_node(node: &Node, files: &[PathBuf]) -> String {
    let files: Vec<&str> = files.iter().map(|file| file.to_str().expect("UTF-8")).collect();
    let (status, printed) = node.run("../tests/golden/check.mjs", &files);
    assert!(status.success(), "{status}: {printed}");
    printed
}

#[test]
fn a_decoder_that_follows_the_document_decodes_the_files() {
    let Some(node) = Node::find() else { return };
    let names = RECORDINGS.iter().map(|(name, _)| *name).chain(["refused"]);
    let files: Vec<PathBuf> = names.map(|name| golden(&format!("{name}.snapshots"))).collect();
    let printed = decode_in_node(&node, &files);
    // Both codings of all streams but those in one.
    assert!(printed.starts_with("26 streams, "), "{printed}");
    say(&printed);
}

/// What a decoder makes of a body that has been meddled with must not be left to its writer. Of the
/// random streams of the fuzz targets it therefore is to refuse just what ours refuses, and to know
/// by the rest what ours knows. `FUZZ_SEED=N` runs one seed again.
#[test]
fn decoders_that_follow_the_document_decode_whatever_ours_does() {
    const PLAYS: usize = 200;
    let (node, python) = (Node::find(), Python::find());
    if node.is_none() && python.is_none() {
        return;
    }
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let said = std::env::var("FUZZ_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = said.unwrap_or_else(|| RandomState::new().hash_one(0) >> 32);
    let mut dice = Dice::new(seed, 0);
    let files: Vec<PathBuf> = (0..PLAYS)
        .map(|number| {
            let bytes: Vec<u8> = (0..200 + dice.below(1_500)).map(|_| dice.bits() as u8).collect();
            let path = folder.join(format!("play-{number}.snapshots"));
            std::fs::write(&path, tell_play(&bytes, &mut dice)).expect("it can be written");
            path
        })
        .collect();
    say(&format!("FUZZ_SEED={seed}"));
    let in_node = node.map(|node| decode_in_node(&node, &files));
    let in_python = python.map(|python| decode_in_python(&python, &files));
    for printed in in_node.iter().chain(&in_python) {
        say(printed);
    }
    files.iter().for_each(|file| std::fs::remove_file(file).expect("it can be removed"));
}

/// A game made of bytes, with bodies in between that somebody has meddled with, until one decodes.
fn tell_play(bytes: &[u8], dice: &mut Dice) -> String {
    let mut source = Source::new(bytes);
    let mut play = Play::new(&mut source);
    let mut text = String::new();
    write_head(play.codec().schema(), play.codec().tick_rate(), &mut text);
    let mut stream = Stream::begin("play", vec![play.codec().clone()], &mut text);
    while !source.is_empty() {
        let moment = play.next(&mut source);
        if moment.restarts {
            stream.restart();
        }
        let events = moment.events();
        let picture = moment.picture(&events);
        stream.tell(&picture, &mut text);
        if dice.chance(0.5) {
            let body = meddled(stream.body(), dice);
            let foretold = picture.player.and_then(|player| player.replayed);
            if stream.tell_wrong(&body, foretold, &mut text) {
                break;
            }
        }
    }
    text
}

fn meddled(body: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut body = body.to_vec();
    match dice.below(4) {
        0 => body.truncate(dice.below(body.len() as u32 + 1) as usize),
        1 => body.extend((0..1 + dice.below(3)).map(|_| dice.bits() as u8)),
        2 => body.push(0),
        _ if body.is_empty() => {}
        _ => {
            let at = dice.below(body.len() as u32) as usize;
            body[at] ^= 1 << dice.below(8);
        }
    }
    body
}
