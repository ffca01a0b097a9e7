//! The two ends of the stream against each other, and the decoder against anything.

mod budget;
mod in_step;
mod ticks;

use proptest::prelude::*;

use super::*;
use crate::ids::EntityId;
use crate::limits::{SNAPSHOT_ENTITIES_MAX, SNAPSHOT_INPUTS_MAX, SNAPSHOT_MAX_BYTES};
use crate::scene::{Axis, Field, Kind, Predict, Reference, Rows, Schema};
use crate::tick::{Tick, TickRate};

fn codec(schema: &Schema, coding: Coding) -> Codec {
    Codec::new(schema.clone(), TickRate::default(), coding).expect("the schema is sound")
}

fn coding() -> impl Strategy<Value = Coding> {
    prop_oneof![Just(Coding::Range), Just(Coding::Plain)]
}

/// A field, and randomness for what it refers to.
fn field() -> impl Strategy<Value = (Field, u32)> {
    let range = prop_oneof![
        Just((i32::MIN, i32::MAX)),
        Just((0, 0)),
        (any::<i32>(), any::<i32>()).prop_map(|(a, b)| (a.min(b), a.max(b))),
        (-100..100, 0..1000).prop_map(|(min, span)| (min, min + span)),
    ];
    let scale = prop_oneof![Just(1.0), Just(0.03125), Just(1e9), Just(1e-9)];
    (range, scale, any::<bool>(), any::<u32>()).prop_map(|((min, max), scale, wraps, draw)| {
        let field = Field {
            name: "field".into(),
            min,
            max,
            unit: String::new(),
            scale,
            wraps,
            predict: Predict::Hold,
            names: None,
            origin: None,
        };
        (field, draw)
    })
}

fn kinds(least: usize) -> impl Strategy<Value = Vec<Kind>> {
    let kind = (prop::collection::vec(field(), 0..7), any::<u32>()).prop_map(|(fields, turn)| {
        let draws: Vec<u32> = fields.iter().map(|(_, draw)| *draw).collect();
        let mut fields: Vec<Field> = fields.into_iter().map(|(field, _)| field).collect();
        let count = fields.len() as u32;
        for (at, draw) in draws.iter().enumerate() {
            // From fields after it or before it, but never in a circle.
            let others = if turn & 1 == 0 { at as u32 } else { count - 1 - at as u32 };
            let other = if others == 0 { 0 } else { draw / 5 % others };
            let other = (if turn & 1 == 0 { other } else { at as u32 + 1 + other }) as u8;
            let per_second = f64::from(draw >> 8) / 65_536.0 + 0.01;
            let axis = if draw & 64 == 0 { Axis::X } else { Axis::Y };
            fields[at].predict = match draw % 5 {
                0 if others > 0 => Predict::LinearBy { field: other },
                1 if others > 0 => Predict::Approach { field: other, per_second },
                2 if others > 0 => Predict::Along { angle: other, per_second, axis },
                3 => Predict::LinearFromLastTwo,
                _ => Predict::Hold,
            };
        }
        Kind { name: "kind".into(), fields, place: None }
    });
    prop::collection::vec(kind, least..5)
}

fn schema() -> impl Strategy<Value = Schema> {
    (kinds(1), kinds(1), any::<u64>()).prop_map(|(entities, events, draw)| {
        let mut schema = Schema::of_kinds(entities, events);
        let sizes: Vec<usize> = schema.entities.iter().map(|kind| kind.fields.len()).collect();
        for (kind, of) in schema.entities.iter_mut().chain(&mut schema.events).zip(0..) {
            let named = (draw >> of) as usize % sizes.len();
            if let Some(field) = kind.fields.last_mut()
                && sizes[named] > 0
                && draw >> (32 + of) & 1 == 0
            {
                field.names = Some(Reference { kind: named as u8, field: 0 });
                kind.fields[0].origin = Some((sizes[named] - 1) as u8);
            }
        }
        // Places, for the priorities of a budget.
        for kind in schema.entities.iter_mut().filter(|kind| kind.fields.len() > 1) {
            kind.place = Some([0, 1]);
        }
        schema
    })
}

/// No entity of these schemas takes more: a few bytes of id, and seven fields of 32 bits.
const ENTITY_BYTES_MAX: usize = 64;

/// What a test scene is made from: for each row its id, kind and randomness for its values.
type Raw = Vec<(u32, u8, u32)>;

#[derive(Clone, Debug)]
struct Moment {
    skipped: u32,
    rows: Raw,
    events: Raw,
    own: Option<Vec<u8>>,
    max_bytes: usize,
    /// Whether most rows move on steadily from the scene before.
    steady: bool,
}

fn moments() -> impl Strategy<Value = Vec<Moment>> {
    let raw = |ids: u32| prop::collection::vec((0..ids, any::<u8>(), any::<u32>()), 0..30);
    let far = prop::collection::vec((any::<u32>(), any::<u8>(), any::<u32>()), 0..10);
    let edge = (u32::MAX - 20..=u32::MAX, any::<u8>(), any::<u32>());
    let rows = prop_oneof![4 => raw(40), 1 => far, 1 => prop::collection::vec(edge, 0..10)];
    let skipped = prop_oneof![6 => Just(0), 2 => 1..4_u32, 1 => 60..130_u32];
    let own = prop::option::of(prop::collection::vec(any::<u8>(), 0..70));
    let max_bytes = prop_oneof![3 => Just(SNAPSHOT_MAX_BYTES), 2 => 40..400_usize];
    let moment = (skipped, rows, raw(3), own, max_bytes, prop::bool::weighted(0.6)).prop_map(
        |(skipped, rows, events, own, max_bytes, steady)| Moment {
            skipped,
            rows,
            events,
            own,
            max_bytes,
            steady,
        },
    );
    prop::collection::vec(moment, 1..14)
}

/// The rows of `raw`; those of `before` in the place of what they share ids with, moved a little.
fn fill(kinds: &[Kind], raw: &Raw, before: Option<&Rows>, sort: bool) -> Rows {
    let mut raw = raw.clone();
    if sort {
        if let Some(before) = before {
            raw.retain(|(id, ..)| before.find(EntityId(*id)).is_none());
            raw.extend(before.iter().map(|row| (row.entity.0, row.kind, 1)));
        }
        raw.sort_by_key(|&(id, ..)| id);
        raw.dedup_by_key(|&mut (id, ..)| id);
    }
    let mut rows = Rows::default();
    for (id, kind, seed) in raw {
        let known = before.and_then(|before| before.find(EntityId(id)));
        // A kind sticks to an id most of the time, as it does in a game.
        let index = (if kind < 240 { id as usize } else { usize::from(kind) }) % kinds.len();
        let index = known.map_or(index, |row| usize::from(row.kind));
        let kind = &kinds[index];
        let entity = if sort { EntityId(id) } else { EntityId(0) };
        let values = rows.push(entity, index as u8, kind.fields.len());
        for (at, (field, value)) in kind.fields.iter().zip(values).enumerate() {
            let span = u64::from(field.max.wrapping_sub(field.min).cast_unsigned()) + 1;
            let step = match known {
                Some(row) => {
                    let above = row.values[at].wrapping_sub(field.min).cast_unsigned();
                    (u64::from(above) + 1) % span
                }
                None => (u64::from(seed) >> at).wrapping_mul(0x9E37_79B9) % span,
            };
            *value = (i64::from(field.min) + step as i64) as i32;
        }
    }
    rows
}

/// Replays by turning each byte round by what was given.
struct Turn;

impl Replay for Turn {
    fn replay(&mut self, _: Tick, sources: &[InputSource], own: &mut Vec<u8>) {
        for source in sources {
            let by = match source {
                InputSource::Received => 1,
                InputSource::Repeated => 3,
                InputSource::Missing => 0,
            };
            own.iter_mut().for_each(|byte| *byte = byte.wrapping_add(by));
        }
    }
}

/// Two ends of a stream.
struct Pair {
    codec: Codec,
    encoder: SnapshotEncoder,
    decoder: SnapshotDecoder,
    replays: bool,
}

impl Pair {
    fn new(schema: &Schema, coding: Coding) -> Pair {
        let (encoder, decoder) = (SnapshotEncoder::new(), SnapshotDecoder::new());
        Pair { codec: codec(schema, coding), encoder, decoder, replays: true }
    }

    /// Sends a picture through, and checks that both ends know the same; gives the bytes.
    fn send(&mut self, picture: &Picture<'_>) -> Vec<u8> {
        let keyframe = self.encoder.mirror().tick().is_none();
        let mut bytes = vec![1, 2, 3];
        self.encoder.encode(&self.codec, picture, &mut bytes);
        let bytes = bytes.split_off(3);
        let replay: &mut dyn Replay = if self.replays { &mut Turn } else { &mut NoReplay };
        let snapshot =
            self.decoder.decode(&self.codec, &bytes, replay).expect("what was encoded decodes");
        assert_eq!(snapshot.tick, picture.tick);
        assert_eq!(snapshot.keyframe, keyframe);
        let last =
            |part: &PlayerPart<'_>| (part.sources[part.sources.len() - 1], part.margin_ticks);
        assert_eq!(snapshot.player, picture.player.as_ref().map(last));
        assert_eq!(self.decoder.mirror(), self.encoder.mirror());
        assert_eq!(self.decoder.mirror().own(), picture.player.and_then(|part| part.own));
        bytes
    }

    fn knows(&self, picture: &Picture<'_>) -> bool {
        let visible = picture.visible.iter().map(|&at| picture.rows.row(at as usize));
        self.decoder.mirror().rows().iter().eq(visible)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn both_ends_know_the_same_after_every_snapshot(
        schema in schema(),
        coding in coding(),
        moments in moments(),
        is_player in any::<bool>(),
        replays in any::<bool>(),
        margins in prop::collection::vec(prop_oneof![Just(1), any::<i16>().prop_map(i32::from)], 14),
        restart_at in 0..40_usize,
    ) {
        let mut pair = Pair { replays, ..Pair::new(&schema, coding) };
        let mut tick = Tick(5);
        let mut rows = Rows::default();
        let sources = [
            InputSource::Received,
            InputSource::Repeated,
            InputSource::Received,
            InputSource::Missing,
        ];
        for (at, moment) in moments.iter().enumerate() {
            if at == restart_at {
                pair.encoder.restart();
            }
            let ticks = 1 + moment.skipped;
            tick = tick.plus(ticks);
            let before = moment.steady.then_some(&rows);
            rows = fill(&schema.entities, &moment.rows, before, true);
            let events = fill(&schema.events, &moment.events, None, false);
            let visible: Vec<u32> =
                (0..rows.len() as u32).filter(|i| (i + moment.skipped) % 5 != 0).collect();
            let events: Vec<_> =
                events.iter().map(|event| (tick.minus(at as u32 % 3), event)).collect();
            let sources: Vec<_> = sources.iter().cycle().skip(at).take(ticks as usize).copied().collect();
            let mut replayed = pair.encoder.mirror().own().unwrap_or_default().to_vec();
            Turn.replay(tick, &sources, &mut replayed);
            // Now and then the world does exactly what the client expects.
            let own = if at % 3 == 0 { moment.own.as_deref() } else { Some(&replayed[..]) };
            let part = PlayerPart {
                sources: &sources,
                margin_ticks: margins[at],
                own,
                replayed: (replays && sources.len() <= SNAPSHOT_INPUTS_MAX).then_some(&replayed[..]),
            };
            let picture = Picture {
                tick,
                player: is_player.then_some(part),
                rows: &rows,
                visible: &visible,
                events: &events,
                focus: (at % 2 == 0).then_some([1.0, -2.0]),
                max_bytes: moment.max_bytes,
            };
            let bytes = pair.send(&picture);
            if moment.max_bytes == SNAPSHOT_MAX_BYTES && !pair.encoder.is_over_budget() {
                prop_assert!(pair.knows(&picture));
                prop_assert!(pair.decoder.events().eq(events.iter().copied()));
            } else {
                prop_assert!(pair.decoder.events().all(|event| events.contains(&event)));
            }
            prop_assert!(bytes.len() <= SNAPSHOT_MAX_BYTES);
            // A spectator's snapshot goes beyond by no more than a single entity.
            prop_assert!(is_player || bytes.len() <= moment.max_bytes.max(16) + ENTITY_BYTES_MAX);
        }
    }

    #[test]
    fn any_bytes_decode_to_a_snapshot_or_an_error(
        schema in schema(),
        coding in coding(),
        moments in moments(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        noise in prop::collection::vec(any::<u8>(), 0..200),
        mutate in any::<bool>(),
    ) {
        let rows = fill(&schema.entities, &moments[0].rows, None, true);
        let visible: Vec<u32> = (0..rows.len() as u32).collect();
        let mut pair = Pair::new(&schema, coding);
        let bytes = pair.send(&of_rows(9, &rows, &visible));
        let mut next = if mutate { bytes } else { noise };
        for (at, with) in &flips {
            if !next.is_empty() {
                let at = at.index(next.len());
                next[at] ^= with;
            }
        }
        if pair.decoder.decode(&pair.codec, &next, &mut Turn).is_ok() {
            // The likeliest symbol takes 1/178 of a bit, and a row takes at least one.
            let most = rows.len() + 180 * 8 * (next.len() + 9);
            prop_assert!(pair.decoder.mirror().rows().len() <= most);
        }
    }
}

fn of_rows<'a>(tick: u32, rows: &'a Rows, visible: &'a [u32]) -> Picture<'a> {
    Picture {
        tick: Tick(tick),
        player: None,
        rows,
        visible,
        events: &[],
        focus: None,
        max_bytes: SNAPSHOT_MAX_BYTES,
    }
}

fn kind_of(fields: Vec<Field>) -> Kind {
    Kind { name: "dot".into(), fields, place: None }
}

fn number(min: i32, max: i32, predict: Predict) -> Field {
    Field {
        name: "n".into(),
        min,
        max,
        unit: String::new(),
        scale: 1.0,
        wraps: false,
        predict,
        names: None,
        origin: None,
    }
}

#[test]
fn nothing_and_the_most_there_can_be_pass_in_either_coding() {
    for coding in [Coding::Range, Coding::Plain] {
        let fields = vec![number(0, 3, Predict::LinearFromLastTwo)];
        let schema = Schema::of_kinds(vec![kind_of(fields)], vec![]);
        let mut pair = Pair::new(&schema, coding);
        let mut rows = Rows::default();
        for id in 0..SNAPSHOT_ENTITIES_MAX as u32 {
            rows.push(EntityId(id), 0, 1)[0] = (id % 4) as i32;
        }
        let all: Vec<u32> = (0..rows.len() as u32).collect();
        for (tick, visible) in [(1, &all[..]), (2, &[]), (3, &all[..]), (4, &all[..])] {
            let picture = of_rows(tick, &rows, visible);
            pair.send(&picture);
            assert!(pair.knows(&picture));
        }
    }
}

#[test]
fn all_entities_may_be_others_at_every_tick() {
    let fields = vec![number(-9, 9, Predict::Hold), number(0, 70_000, Predict::Hold)];
    let schema = Schema::of_kinds(vec![kind_of(fields)], vec![]);
    let mut pair = Pair::new(&schema, Coding::Range);
    for tick in 1..40 {
        let mut rows = Rows::default();
        for id in tick * 100..tick * 100 + 100 {
            rows.push(EntityId(id), 0, 2)
                .copy_from_slice(&[(id % 9) as i32, (id * 37 % 70_000) as i32]);
        }
        let all: Vec<u32> = (0..100).collect();
        let picture = of_rows(tick, &rows, &all);
        pair.send(&picture);
        assert!(pair.knows(&picture));
    }
}

#[test]
fn a_difference_before_a_keyframe_is_refused() {
    for coding in [Coding::Range, Coding::Plain] {
        let codec = codec(&Schema::new(), coding);
        let error = SnapshotDecoder::new().decode(&codec, &[0x7f, 0, 0, 0], &mut NoReplay);
        assert!(error.is_err(), "{error:?}");
    }
    let codec = codec(&Schema::new(), Coding::Range);
    let error = SnapshotDecoder::new().decode(&codec, &[0x7f], &mut NoReplay);
    assert_eq!(error, Err(SnapshotError::NoKeyframe));
}

#[test]
fn what_moves_as_expected_costs_a_fraction_of_a_bit() {
    let fields = vec![
        number(-10_000, 10_000, Predict::LinearBy { field: 1 }),
        number(-900, 900, Predict::Hold),
    ];
    let schema = Schema::of_kinds(vec![kind_of(fields)], vec![]);
    let mut pair = Pair::new(&schema, Coding::Range);
    let all: Vec<u32> = (0..64).collect();
    let mut bytes = 0;
    for tick in 1..200_i32 {
        let mut rows = Rows::default();
        for id in 0..64_i32 {
            // At 30 ticks a second this is a step and a bit in each.
            let velocity = 37 + id;
            let begin = 0.2123 * f64::from(id) - 300.0;
            let place = libm::rint(f64::from(velocity * tick) / 30.0 + begin) as i32;
            rows.push(EntityId(id as u32), 0, 2).copy_from_slice(&[place, velocity]);
        }
        let sent = pair.send(&of_rows(tick as u32, &rows, &all));
        if tick > 60 {
            bytes += sent.len();
        }
    }
    let bits_each = bytes as f64 * 8.0 / (139.0 * 64.0);
    assert!(bits_each < 0.25, "{bits_each} bits a row");
}

/// Nothing that is asked of a snapshot makes it longer than it may be, in either coding.
#[test]
fn the_most_changeful_scenes_fit_into_the_largest_snapshot() {
    let fields = vec![number(i32::MIN, i32::MAX, Predict::LinearFromLastTwo); 32];
    let schema = Schema::of_kinds(vec![kind_of(fields)], vec![]);
    for coding in [Coding::Range, Coding::Plain] {
        let mut pair = Pair::new(&schema, coding);
        let mut dice = crate::dice::Dice::new(11, 0);
        for tick in 1..5 {
            let mut rows = Rows::default();
            for id in 0..9_000 {
                let values = rows.push(EntityId(tick / 3 + 2 * id), 0, 32);
                values.iter_mut().for_each(|value| *value = dice.bits().cast_signed());
            }
            let all: Vec<u32> = (0..rows.len() as u32).collect();
            let bytes = pair.send(&of_rows(tick, &rows, &all));
            assert!(bytes.len() <= SNAPSHOT_MAX_BYTES, "{} bytes", bytes.len());
            assert!(bytes.len() > SNAPSHOT_MAX_BYTES / 2, "the space is used: {}", bytes.len());
        }
    }
}
