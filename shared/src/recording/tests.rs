//! What is written is read again, and errors name the line.

use proptest::prelude::*;

use super::*;
use crate::ids::EntityId;
use crate::scene::{Audience, Axis, Field, Kind, Predict, Reference, RowRef, Schema, SchemaError};
use crate::tick::{Tick, TickRate};

fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a-z]{1,5}", "\\PC{0,4}", Just(" %\t#\u{2003}ü\n".into())]
}

fn field(fields: u8) -> impl Strategy<Value = Field> {
    let range = prop_oneof![
        Just((i32::MIN, i32::MAX)),
        (any::<i32>(), any::<i32>()).prop_map(|(a, b)| (a.min(b), a.max(b))),
    ];
    let scale = prop_oneof![Just(1.0), 1e-9..1e9_f64, Just(f64::MIN_POSITIVE), Just(f64::MAX)];
    let predict = prop_oneof![
        Just(Predict::Hold),
        Just(Predict::LinearFromLastTwo),
        (0..fields).prop_map(|field| Predict::LinearBy { field }),
        (0..fields, 0.1..9.0_f64)
            .prop_map(|(field, per_second)| Predict::Approach { field, per_second }),
        (0..fields, 0.1..9.0_f64).prop_map(|(angle, per_second)| Predict::Along {
            angle,
            per_second,
            axis: if angle % 2 == 0 { Axis::X } else { Axis::Y },
        }),
    ];
    (name(), range, name(), scale, any::<bool>(), predict).prop_map(
        |(name, (min, max), unit, scale, wraps, predict)| Field {
            name,
            min,
            max,
            unit,
            scale,
            wraps,
            predict,
            names: None,
            origin: None,
        },
    )
}

fn kind() -> impl Strategy<Value = Kind> {
    (0..5_u8).prop_flat_map(|fields| {
        let place = match fields {
            0 => Just(None).boxed(),
            _ => prop::option::of([0..fields, 0..fields]).boxed(),
        };
        (name(), prop::collection::vec(field(fields.max(1)), usize::from(fields)), place)
            .prop_map(|(name, fields, place)| Kind { name, fields, place })
    })
}

fn schema() -> impl Strategy<Value = Schema> {
    let kinds = || prop::collection::vec(kind(), 1..4);
    (kinds(), kinds(), any::<bool>())
        .prop_map(|(entities, events, named)| {
            let mut schema = Schema::of_kinds(entities, events);
            if named && let Some(field) = schema.entities[0].fields.last_mut() {
                field.names = Some(Reference { kind: 0, field: 0 });
                field.origin = Some(0);
            }
            schema
        })
        .prop_filter("fields may not need each other in a circle", |schema| {
            schema.check() != Err(SchemaError::Circle)
        })
}

fn audience() -> impl Strategy<Value = Audience> {
    prop_oneof![
        Just(Audience::All),
        Just(Audience::Near),
        any::<u16>().prop_map(|player| Audience::One(PlayerId(player))),
        any::<[u16; 2]>().prop_map(|players| Audience::Two(players.map(PlayerId))),
    ]
}

fn viewer() -> impl Strategy<Value = RecordedViewer> {
    let side = || prop_oneof![3 => -1e5..1e5_f32, 1 => any::<f32>().prop_filter("no number", |x| !x.is_nan())];
    let view = prop_oneof![
        1 => Just(View::Everything),
        4 => ([side(), side()], [side(), side()]).prop_map(|(min, max)| View::Rect { min, max }),
    ];
    let bytes = || prop::option::of(prop::collection::vec(any::<u8>(), 0..5));
    let source = prop_oneof![
        Just(InputSource::Received),
        Just(InputSource::Repeated),
        Just(InputSource::Missing),
    ];
    let own = (bytes(), bytes(), source, any::<i32>()).prop_map(
        |(own, replayed, source, margin_ticks)| RecordedOwn { own, replayed, source, margin_ticks },
    );
    (any::<u16>(), view, prop::option::of(own)).prop_map(|(player, view, own)| RecordedViewer {
        player: PlayerId(player),
        view,
        own,
    })
}

/// What a row is made from: its id, its kind, its values and who may know it.
type Raw = Vec<(u32, u8, [i32; 5], Audience)>;

fn raw_ticks() -> impl Strategy<Value = Vec<(u32, Raw, Raw, Vec<RecordedViewer>)>> {
    let raw =
        || prop::collection::vec((any::<u32>(), any::<u8>(), any::<[i32; 5]>(), audience()), 0..8);
    prop::collection::vec((0..3_u32, raw(), raw(), prop::collection::vec(viewer(), 0..4)), 0..5)
}

fn fill(kinds: &[Kind], raw: &Raw, mut take: impl FnMut(Audience, RowRef<'_>)) {
    for &(entity, kind, ref values, audience) in raw {
        let index = usize::from(kind) % kinds.len();
        let fields = &kinds[index].fields;
        let values: Vec<i32> = fields
            .iter()
            .zip(values)
            .map(|(field, &value)| value.clamp(field.min, field.max))
            .collect();
        take(audience, RowRef { entity: EntityId(entity), kind: index as u8, values: &values });
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        schema in schema(),
        rate in 1..=240_u16,
        raw_ticks in raw_ticks(),
    ) {
        let rate = TickRate::new(rate).expect("it is within the limits");
        let mut text = String::new();
        write_head(&schema, rate, &mut text);
        let mut ticks = Vec::new();
        let mut tick = Tick(7);
        for (skip, mut rows, mut events, mut viewers) in raw_ticks {
            tick = tick.plus(1 + skip);
            let mut scene = Scene::empty(tick);
            rows.sort_by_key(|&(entity, ..)| entity);
            rows.dedup_by_key(|&mut (entity, ..)| entity);
            fill(&schema.entities, &rows, |audience, row| scene.push_row(audience, row));
            events.iter_mut().for_each(|(entity, ..)| *entity = 0);
            fill(&schema.events, &events, |audience, event| scene.push_event(audience, event));
            viewers.sort_by_key(|viewer| viewer.player);
            viewers.dedup_by_key(|viewer| viewer.player);
            write_tick(&schema, &scene, &viewers, &mut text);
            ticks.push(RecordedTick { scene, viewers });
        }
        let mut reader = Reader::new();
        let mut read = Vec::new();
        for line in text.lines() {
            read.extend(reader.line(line).expect("what was written is read"));
        }
        read.extend(reader.finish().expect("it has a head"));
        prop_assert_eq!(read, ticks);
        prop_assert_eq!(reader.schema(), &schema);
        prop_assert_eq!(reader.tick_rate(), Some(rate));
    }

    #[test]
    fn any_lines_are_read_or_refused(
        lines in prop::collection::vec(
            "(#|scenes|rate|entity|event|field|place|tick|row|view|own|\\PC*)( (-?[0-9]{1,11}|%|wraps|by|for|all|predict)){0,7}",
            0..12,
        ),
    ) {
        let mut reader = Reader::new();
        for line in ["scenes 2", "rate 30", "entity e", "field f 0 9"] {
            prop_assert_eq!(reader.line(line), Ok(None));
        }
        for line in &lines {
            if reader.line(line).is_err() {
                break;
            }
        }
    }
}

/// The recording of the module's documentation.
const EXAMPLE: &str = "scenes 2
rate 30
entity ship
field x -8160 8160 scale 0.03125 unit u predict by 1
field vx -240 240 scale 0.0625 unit u/s
field aim 0 1023 scale 0.006135923151542565 unit rad wraps predict last-two
place 0 0
event bang
field x -8160 8160 scale 0.03125

# All that there is to see.
tick 600
row 17 0 1200 -3 512
row 21 0 40 0 12 for 3
event 0 1180
view 3 -20.5 -10 51.5 32
own 3 0a0b0c 0a0b0d received 1
";

fn read(text: &str) -> Result<Option<RecordedTick>, RecordingError> {
    let mut reader = Reader::new();
    for line in text.lines() {
        reader.line(line)?;
    }
    reader.finish()
}

#[test]
fn the_example_means_what_it_says() {
    let tick = read(EXAMPLE).expect("it is sound").expect("there is a tick in it");
    assert_eq!(tick.scene.tick(), Tick(600));
    assert_eq!(tick.scene.rows().row(1).values, [40, 0, 12]);
    assert_eq!(tick.scene.row_audience(0), Audience::Near);
    assert_eq!(tick.scene.row_audience(1), Audience::One(PlayerId(3)));
    assert_eq!(tick.scene.event_audience(0), Audience::All);
    assert_eq!(tick.viewers[0].view, View::Rect { min: [-20.5, -10.0], max: [51.5, 32.0] });
    let own = tick.viewers[0].own.as_ref().expect("it has an own state");
    assert_eq!(own.replayed, Some(vec![10, 11, 13]));
    assert_eq!((own.source, own.margin_ticks), (InputSource::Received, 1));
}

#[test]
fn what_is_wrong_is_told_where_it_stands() {
    let cases = [
        ("scenes 2", "scenes 1", 1, Wrong::Version),
        ("rate 30", "rate 0", 2, Wrong::Rate),
        ("rate 30\n", "", 2, Wrong::Rate),
        ("entity ship\n", "", 3, Wrong::Line),
        ("place 0 0", "place 0 3", 12, Wrong::Schema(crate::scene::SchemaError::NoSuchField)),
        ("by 1", "by", 4, Wrong::Word("field")),
        ("by 1", "by 1 2", 4, Wrong::LeftOver),
        ("row 17 0", "row 17 1", 13, Wrong::Kind),
        ("row 17", "row -17", 13, Wrong::Word("entity")),
        ("row 21", "row 17", 14, Wrong::Order("entities")),
        ("-3 512", "-3 1024", 13, Wrong::Range),
        ("-3 512", "-3", 13, Wrong::Word("value")),
        ("-3 512", "-3 512 1", 13, Wrong::LeftOver),
        ("for 3", "for you", 14, Wrong::Word("audience")),
        ("event 0 1180", "tick 600", 15, Wrong::Order("ticks")),
        ("event 0 1180", "shout 0 1180", 15, Wrong::Line),
        ("-20.5", "nan", 16, Wrong::Word("view")),
        ("own 3", "own 4", 17, Wrong::Line),
        ("0a0b0c", "0a0b0", 17, Wrong::Word("own state")),
        ("received", "0", 17, Wrong::Word("source of an input")),
    ];
    for (right, wrong, line, error) in cases {
        let text = EXAMPLE.replacen(right, wrong, 1);
        assert_eq!(read(&text), Err(RecordingError { line, wrong: error }), "{wrong}");
    }
}
