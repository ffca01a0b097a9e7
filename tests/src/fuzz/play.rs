//! A game that plays by itself, made of bytes: its schema, its scenes, and what a viewer is to be
//! sent of them.

use std::collections::BTreeMap;

use tickwire_game::ids::EntityId;
use tickwire_game::limits::{KIND_MOVING_MAX, SNAPSHOT_INPUTS_MAX, SNAPSHOT_MAX_BYTES};
use tickwire_game::protocol::snapshot::{Codec, Coding, InputSource, Picture, PlayerPart};
use tickwire_game::scene::{Axis, Field, Kind, Predict, Reference, RowRef, Rows, Schema};
use tickwire_game::tick::{Tick, TickRate};

use super::Source;

/// A sound schema.
pub(super) fn schema(source: &mut Source<'_>) -> Schema {
    let count = 1 + source.below(4);
    let entities: Vec<Kind> = (0..count).map(|_| kind(source)).collect();
    let count = source.below(3);
    let events = (0..count).map(|_| kind(source)).collect();
    let mut schema = Schema::of_kinds(entities, events);
    let sizes: Vec<usize> = schema.entities.iter().map(|kind| kind.fields.len()).collect();
    for kind in schema.entities.iter_mut().chain(&mut schema.events) {
        let named = source.below(sizes.len());
        if source.once_in(2) && sizes[named] > 0 && !kind.fields.is_empty() {
            let (names, origin) =
                (source.below(kind.fields.len()), source.below(kind.fields.len()));
            let field = source.below(sizes[named]) as u8;
            kind.fields[names].names = Some(Reference { kind: named as u8, field });
            kind.fields[origin].origin = Some(source.below(sizes[named]) as u8);
        }
    }
    // What does not fit together is not what is to be tested here.
    if schema.check().is_err() {
        let kinds = schema.entities.iter_mut().chain(&mut schema.events);
        for field in kinds.flat_map(|kind| &mut kind.fields) {
            (field.names, field.origin) = (None, None);
        }
    }
    schema
}

fn kind(source: &mut Source<'_>) -> Kind {
    let count = if source.once_in(12) { 32 } else { source.below(8) };
    let mut fields: Vec<Field> = (0..count).map(|_| field(source)).collect();
    for (at, field) in fields.iter_mut().enumerate().skip(1) {
        // Only from the first fields before it: never in a circle, and from few enough.
        let other = source.below(at.min(KIND_MOVING_MAX)) as u8;
        let per_second = f64::from(source.byte()) + 0.1;
        let axis = if source.once_in(2) { Axis::X } else { Axis::Y };
        field.predict = match source.below(5) {
            0 => Predict::LinearBy { field: other },
            1 => Predict::Approach { field: other, per_second },
            2 => Predict::Along { angle: other, per_second, axis },
            3 => Predict::LinearFromLastTwo,
            _ => Predict::Hold,
        };
    }
    if source.once_in(2) {
        fields.reverse();
        let turned = |field: &mut u8| *field = count as u8 - 1 - *field;
        for field in &mut fields {
            match &mut field.predict {
                Predict::LinearBy { field } | Predict::Approach { field, .. } => turned(field),
                Predict::Along { angle, .. } => turned(angle),
                Predict::Hold | Predict::LinearFromLastTwo => {}
            }
        }
    }
    let place = (count > 1 && source.once_in(2)).then_some([0, 1]);
    Kind { name: "kind".into(), fields, place }
}

fn field(source: &mut Source<'_>) -> Field {
    let (min, max) = match source.below(5) {
        0 => (i32::MIN, i32::MAX),
        1 => (0, i32::from(source.byte() & 7)),
        2 => (-1 - i32::from(source.byte()), i32::from(source.byte())),
        3 => (0, 1023),
        _ => {
            let (a, b) = (source.word().cast_signed(), source.word().cast_signed());
            (a.min(b), a.max(b))
        }
    };
    let scale = [1.0, 0.03125, 1e9, 1e-9][source.below(4)];
    Field {
        name: "field".into(),
        min,
        max,
        unit: String::new(),
        scale,
        wraps: source.once_in(2),
        predict: Predict::Hold,
        names: None,
        origin: None,
    }
}

/// A game under way, as one viewer sees it.
pub struct Play {
    codec: Codec,
    tick: Tick,
    /// Kind, values, and by how much each tick moves them.
    entities: BTreeMap<u32, (u8, Vec<i32>, i32)>,
    next_id: u32,
    is_player: bool,
    replays: bool,
    own: Option<Vec<u8>>,
}

impl Play {
    /// A game made of the next bytes.
    #[must_use]
    pub fn new(source: &mut Source<'_>) -> Play {
        let coding = if source.once_in(2) { Coding::Plain } else { Coding::Range };
        let tick_rate = TickRate::new(1 + source.below(240) as u16).unwrap_or_default();
        let (is_player, replays) = (source.once_in(2), source.once_in(2));
        let codec = Codec::new(schema(source), tick_rate, coding).expect("it is sound");
        Play {
            codec,
            tick: Tick(source.word() >> 1),
            entities: BTreeMap::new(),
            next_id: 0,
            is_player,
            replays,
            own: None,
        }
    }

    /// How its snapshots are coded.
    #[must_use]
    pub fn codec(&self) -> &Codec {
        &self.codec
    }

    /// The game moves on.
    pub fn next(&mut self, source: &mut Source<'_>) -> Moment {
        let ticks = match source.below(16) {
            0 => 60 + source.below(16) as u32,
            1 | 2 => 2 + source.below(3) as u32,
            _ => 1,
        };
        self.tick = self.tick.plus(ticks);
        self.drift();
        for _ in 0..source.below(5) {
            self.change(source);
        }
        let mut moment = Moment {
            tick: self.tick,
            rows: Rows::default(),
            visible: Vec::new(),
            happened: Rows::default(),
            ages: Vec::new(),
            is_player: self.is_player,
            replays: self.replays,
            sources: (0..ticks).map(|_| input_source(source)).collect(),
            margin_ticks: if source.once_in(4) { i32::from(source.word() as i16) } else { 1 },
            own: None,
            replayed: Vec::new(),
            focus: source.once_in(2).then_some([1.0, -2.0]),
            max_bytes: SNAPSHOT_MAX_BYTES,
            restarts: source.once_in(24),
        };
        if source.once_in(4) {
            moment.max_bytes = 16 + 2 * source.below(256);
        }
        self.show(source, &mut moment);
        self.happen(source, &mut moment);
        self.tell_own(source, &mut moment);
        moment
    }

    /// Everything moves as it did before, round its range.
    fn drift(&mut self) {
        for (kind, values, by) in self.entities.values_mut() {
            let fields = &self.codec.schema().entities[usize::from(*kind)].fields;
            for (field, value) in fields.iter().zip(values) {
                *value = within(field, value.wrapping_sub(field.min).wrapping_add(*by));
            }
        }
    }

    /// An entity comes, goes, becomes another, or has a value that nobody expected.
    fn change(&mut self, source: &mut Source<'_>) {
        let kinds = &self.codec.schema().entities;
        let what = source.below(8);
        let chosen = source.below(self.entities.len().clamp(1, 256));
        let chosen = self.entities.keys().nth(chosen).copied();
        match (what, chosen) {
            (0, Some(id)) => {
                self.entities.remove(&id);
            }
            (1..=3, Some(id)) => {
                let Some((kind, values, by)) = self.entities.get_mut(&id) else { return };
                let fields = &kinds[usize::from(*kind)].fields;
                if !fields.is_empty() {
                    let at = source.below(fields.len());
                    values[at] = within(&fields[at], source.word().cast_signed());
                }
                *by = i32::from(source.byte()) - 128;
            }
            _ => {
                let id = match source.below(8) {
                    0 => source.word(),
                    1 => u32::MAX - source.below(4) as u32,
                    _ => self.next_id,
                };
                self.next_id = self.next_id.max(id.wrapping_add(1)) % 1_000_000;
                let kind = source.below(kinds.len());
                let fields = &kinds[kind].fields;
                let by = if source.once_in(2) { 0 } else { 3 };
                let values = fields.iter().map(|field| within(field, source.word().cast_signed()));
                self.entities.insert(id, (kind as u8, values.collect(), by));
            }
        }
    }

    fn show(&self, source: &mut Source<'_>, moment: &mut Moment) {
        let hidden = source.byte();
        for (&id, (kind, values, _)) in &self.entities {
            if !(id as u8 ^ hidden).is_multiple_of(11) {
                moment.visible.push(moment.rows.len() as u32);
            }
            moment.rows.push_row(RowRef { entity: EntityId(id), kind: *kind, values });
        }
    }

    fn happen(&self, source: &mut Source<'_>, moment: &mut Moment) {
        let kinds = &self.codec.schema().events;
        for _ in 0..if kinds.is_empty() { 0 } else { source.below(3) } {
            let kind = source.below(kinds.len());
            let fields = &kinds[kind].fields;
            let values = moment.happened.push(EntityId(0), kind as u8, fields.len());
            for (field, value) in fields.iter().zip(values) {
                *value = within(field, source.word().cast_signed());
            }
            moment.ages.push(source.below(8) as u32);
        }
    }

    fn tell_own(&mut self, source: &mut Source<'_>, moment: &mut Moment) {
        // What the client finds is mostly what is so.
        let count = source.below(40);
        moment.replayed = source.take(count).to_vec();
        self.own = match source.below(4) {
            0 => None,
            1 => {
                let count = source.below(40);
                Some(source.take(count).to_vec())
            }
            _ => Some(moment.replayed.clone()),
        };
        moment.own.clone_from(&self.own);
    }
}

fn input_source(source: &mut Source<'_>) -> InputSource {
    match source.below(6) {
        0 => InputSource::Repeated,
        1 => InputSource::Missing,
        _ => InputSource::Received,
    }
}

/// The value of a field so many steps above its lowest, round its range.
fn within(field: &Field, steps: i32) -> i32 {
    let span = u64::from(field.max.wrapping_sub(field.min).cast_unsigned()) + 1;
    let steps = u64::from(steps.cast_unsigned()) % span;
    (i64::from(field.min) + steps as i64) as i32
}

/// What a viewer is to be sent at a tick.
#[derive(Clone, Debug)]
pub struct Moment {
    tick: Tick,
    rows: Rows,
    visible: Vec<u32>,
    happened: Rows,
    /// By how many ticks what happened is older.
    ages: Vec<u32>,
    is_player: bool,
    replays: bool,
    sources: Vec<InputSource>,
    margin_ticks: i32,
    own: Option<Vec<u8>>,
    /// What the client makes of its own state, if it replays.
    replayed: Vec<u8>,
    focus: Option<[f64; 2]>,
    max_bytes: usize,
    /// Whether the stream begins anew.
    pub restarts: bool,
}

impl Moment {
    /// Whether all fits.
    #[must_use]
    pub fn is_unbounded(&self) -> bool {
        self.max_bytes == SNAPSHOT_MAX_BYTES
    }

    /// What the client makes of its own state; `None` if it does not replay.
    #[must_use]
    pub fn foretold(&self) -> Option<&[u8]> {
        self.replays.then_some(&self.replayed[..])
    }

    /// What happened, for [`Moment::picture`].
    #[must_use]
    pub fn events(&self) -> Vec<(Tick, RowRef<'_>)> {
        let ticks = self.ages.iter().map(|&ticks| self.tick.minus(ticks));
        ticks.zip(self.happened.iter()).collect()
    }

    /// The same as the encoder takes it.
    #[must_use]
    pub fn picture<'a>(&'a self, events: &'a [(Tick, RowRef<'a>)]) -> Picture<'a> {
        let part = PlayerPart {
            sources: &self.sources,
            margin_ticks: self.margin_ticks,
            own: self.own.as_deref(),
            replayed: self.foretold().filter(|_| self.sources.len() <= SNAPSHOT_INPUTS_MAX),
        };
        Picture {
            tick: self.tick,
            player: self.is_player.then_some(part),
            rows: &self.rows,
            visible: &self.visible,
            events,
            focus: self.focus,
            max_bytes: self.max_bytes,
        }
    }
}
