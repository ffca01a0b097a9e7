//! What is drawn of the others: between two snapshots, slightly in the past.
//!
//! Entity interpolation as in Bernier 2001, by the schema alone: fields that hold keep the
//! older value, fields that move are blended, angles the short way round. When the next
//! snapshot is late, moving fields run on for a few ticks by what the schema says of them; a field
//! that nears another, as a velocity does, keeps its value for so short a time. Where that guess was
//! wrong the drawing does not leap to the truth but slides there.

use std::collections::VecDeque;
use std::time::Duration;

use super::smoothing;

use crate::ids::EntityId;
use crate::limits::{EXTRAPOLATION_MAX, INTERPOLATION_SNAPSHOTS_MAX};
use crate::scene::{Axis, Field, Kind, Predict, RowRef, Rows, Schema};
use crate::tick::{Tick, TickRate};

/// One row to be drawn, with its values in the fields' units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DrawnRow<'a> {
    /// Which entity.
    pub entity: EntityId,
    /// Index of its kind in the schema.
    pub kind: u8,
    /// Whether it is of the own player, as predicted.
    pub own: bool,
    /// One value for each field of the kind.
    pub values: &'a [f64],
}

/// All there is to draw at one moment. Refilled at each frame.
#[derive(Clone, Debug, Default)]
pub struct Drawing {
    /// The moment, in ticks of the room.
    pub tick: f64,
    /// The moment at which the own player is drawn: ahead of the others, where it is predicted.
    pub own_tick: f64,
    heads: Vec<(EntityId, u8, usize)>,
    values: Vec<f64>,
    /// Which of the rows are the own player's, as predicted: a handful.
    own: Vec<(EntityId, u8)>,
}

impl Drawing {
    /// Forgets all rows, keeps the memory.
    pub fn clear(&mut self) {
        self.heads.clear();
        self.values.clear();
        self.own.clear();
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// All rows.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = DrawnRow<'_>> {
        self.heads.iter().enumerate().map(|(index, &(entity, kind, start))| {
            let end = self.heads.get(index + 1).map_or(self.values.len(), |next| next.2);
            let own = self.own.contains(&(entity, kind));
            DrawnRow { entity, kind, own, values: &self.values[start..end] }
        })
    }

    /// An entity's row. Those of a snapshot are sorted by entity, and own ones after them.
    fn find(&self, entity: EntityId) -> Option<DrawnRow<'_>> {
        let at = self.heads.binary_search_by_key(&entity, |head| head.0).ok()?;
        let (entity, kind, start) = self.heads[at];
        let end = self.heads.get(at + 1).map_or(self.values.len(), |next| next.2);
        Some(DrawnRow { entity, kind, own: false, values: &self.values[start..end] })
    }

    /// Moves an entity's row, if it is there and has a place.
    fn shift(&mut self, entity: EntityId, schema: &Schema, by: [f64; 2]) {
        let Ok(at) = self.heads.binary_search_by_key(&entity, |head| head.0) else { return };
        let (_, kind, start) = self.heads[at];
        let Some(place) = schema.entities[usize::from(kind)].place else { return };
        for (index, by) in place.into_iter().zip(by) {
            self.values[start + usize::from(index)] += by;
        }
    }

    /// Whether an entity of that kind is drawn.
    pub(super) fn has(&self, entity: EntityId, kind: u8) -> bool {
        self.heads.iter().any(|head| head.0 == entity && head.1 == kind)
    }

    /// Takes an entity of that kind out of it, if it is there.
    pub(super) fn remove(&mut self, entity: EntityId, kind: u8) {
        let is_it = |head: &(EntityId, u8, usize)| head.0 == entity && head.1 == kind;
        let Some(at) = self.heads.iter().position(is_it) else { return };
        let (_, _, start) = self.heads.remove(at);
        let end = self.heads.get(at).map_or(self.values.len(), |next| next.2);
        self.values.drain(start..end);
        self.heads[at..].iter_mut().for_each(|head| head.2 -= end - start);
    }

    /// Notes that an entity's row is the own player's, as predicted.
    pub(super) fn mark_own(&mut self, entity: EntityId, kind: u8) {
        self.own.push((entity, kind));
    }

    /// A new row, with its values to be written.
    pub(super) fn add(&mut self, entity: EntityId, kind: u8, fields: usize) -> &mut [f64] {
        self.push(entity, kind);
        let start = self.values.len();
        self.values.resize(start + fields, 0.0);
        &mut self.values[start..]
    }

    fn push(&mut self, entity: EntityId, kind: u8) {
        self.heads.push((entity, kind, self.values.len()));
    }

    /// All rows of a snapshot, as they are.
    pub(super) fn push_rows(&mut self, schema: &Schema, rows: &Rows) {
        for row in rows.iter() {
            let kind = &schema.entities[usize::from(row.kind)];
            self.push(row.entity, row.kind);
            let fields = kind.fields.iter().zip(row.values);
            self.values.extend(fields.map(|(field, &step)| field.value(step)));
        }
    }

    /// The values of an entity's row, to be written over; a new row if there was none.
    pub(super) fn replace(&mut self, entity: EntityId, kind: u8, fields: usize) -> &mut [f64] {
        let known = self.heads.iter().find(|head| head.0 == entity && head.1 == kind);
        match known {
            Some(&(_, _, start)) => &mut self.values[start..start + fields],
            None => self.add(entity, kind, fields),
        }
    }
}

/// The last snapshots, to draw between.
#[derive(Debug, Default)]
pub(super) struct Interpolation {
    snapshots: VecDeque<(Tick, Rows)>,
    /// How far entities were drawn from where they turned out to be, by rising entity, and when.
    errors: Vec<(EntityId, [f64; 2])>,
    errors_at: Duration,
    scratch: [Drawing; 2],
}

impl Interpolation {
    /// Learns of a newer snapshot, when the moment last drawn was `drawn`.
    pub(super) fn push(
        &mut self,
        now: Duration,
        schema: &Schema,
        tick_rate: TickRate,
        tick: Tick,
        rows: &Rows,
        drawn: f64,
    ) {
        let was_guessed = self.snapshots.back().is_some_and(|(tick, _)| f64::from(tick.0) < drawn);
        let [mut before, mut after] = std::mem::take(&mut self.scratch);
        if was_guessed {
            self.draw_true(schema, tick_rate, drawn, &mut before);
        }
        let mut kept = if self.snapshots.len() >= INTERPOLATION_SNAPSHOTS_MAX {
            self.snapshots.pop_front().map(|(_, rows)| rows).unwrap_or_default()
        } else {
            Rows::default()
        };
        kept.clone_from(rows);
        self.snapshots.push_back((tick, kept));
        if was_guessed {
            self.draw_true(schema, tick_rate, drawn, &mut after);
            self.note_errors(now, schema, &before, &after);
        }
        self.scratch = [before, after];
    }

    /// What was drawn by guess is no longer where it was drawn: the difference is to fade away.
    fn note_errors(&mut self, now: Duration, schema: &Schema, before: &Drawing, after: &Drawing) {
        let left = smoothing::left(now.saturating_sub(self.errors_at));
        let place = |row: &DrawnRow<'_>| {
            let at = schema.entities[usize::from(row.kind)].place?;
            Some(at.map(|index| row.values[usize::from(index)]))
        };
        let mut errors = Vec::new();
        for row in after.iter() {
            // Both are in the order of their snapshots, by rising entity.
            let old = before.find(row.entity).filter(|old| old.kind == row.kind);
            let (Some(old), Some(new)) = (old.as_ref().and_then(place), place(&row)) else {
                continue;
            };
            let known = self.errors.binary_search_by_key(&row.entity, |(entity, _)| *entity);
            let known = known.map_or([0.0; 2], |at| self.errors[at].1.map(|error| error * left));
            let error = [known[0] + old[0] - new[0], known[1] + old[1] - new[1]];
            if error != [0.0; 2] {
                errors.push((row.entity, error));
            }
        }
        self.errors = errors;
        self.errors_at = now;
    }

    /// Draws what there was at `render_tick`, a tick with a fraction.
    pub(super) fn draw(
        &mut self,
        now: Duration,
        schema: &Schema,
        tick_rate: TickRate,
        render_tick: f64,
        drawing: &mut Drawing,
    ) {
        while self.snapshots.len() > 2 && f64::from(self.snapshots[1].0.0) <= render_tick {
            self.snapshots.pop_front();
        }
        self.draw_true(schema, tick_rate, render_tick, drawing);
        let left = smoothing::left(now.saturating_sub(self.errors_at));
        if left == 0.0 {
            self.errors.clear();
        }
        for (entity, error) in &self.errors {
            drawing.shift(*entity, schema, error.map(|error| error * left));
        }
    }

    /// Draws the newest snapshot as it is.
    pub(super) fn draw_newest(&self, schema: &Schema, drawing: &mut Drawing) {
        let Some((_, rows)) = self.snapshots.back() else { return };
        drawing.push_rows(schema, rows);
    }

    fn draw_true(
        &self,
        schema: &Schema,
        tick_rate: TickRate,
        render_tick: f64,
        drawing: &mut Drawing,
    ) {
        drawing.clear();
        // The last that is not after the moment, but there should be one after it.
        let after = self.snapshots.partition_point(|(tick, _)| f64::from(tick.0) <= render_tick);
        let at = after.saturating_sub(1).min(self.snapshots.len().saturating_sub(2));
        let Some((from_tick, from)) = self.snapshots.get(at) else { return };
        let from_tick = f64::from(from_tick.0);
        let most = (EXTRAPOLATION_MAX.as_secs_f64() * f64::from(tick_rate.hz())).max(1.0);
        let next = self.snapshots.get(at + 1).map(|(tick, rows)| (f64::from(tick.0), rows));
        let Some((to_tick, to)) = next.filter(|_| render_tick >= from_tick) else {
            let ahead = (render_tick - from_tick).clamp(0.0, most);
            run_on(schema, tick_rate, from, None, ahead, drawing);
            return;
        };
        if render_tick > to_tick {
            let ahead = (render_tick - to_tick).clamp(0.0, most);
            run_on(schema, tick_rate, to, Some((from, to_tick - from_tick)), ahead, drawing);
            return;
        }
        let fraction = (render_tick - from_tick) / (to_tick - from_tick);
        for row in from.iter() {
            let kind = &schema.entities[usize::from(row.kind)];
            let next = to.find(row.entity).filter(|next| next.kind == row.kind);
            drawing.push(row.entity, row.kind);
            drawing.values.extend(kind.fields.iter().enumerate().map(|(index, field)| {
                let here = row.values[index];
                next.map_or(field.value(here), |next| {
                    blend(field, here.into(), next.values[index].into(), fraction)
                })
            }));
        }
    }
}

/// Draws `rows` as they may be `ahead` ticks later: by velocity where the schema names one, else
/// by their last step since `before` (`gap` ticks earlier).
fn run_on(
    schema: &Schema,
    tick_rate: TickRate,
    rows: &Rows,
    before: Option<(&Rows, f64)>,
    ahead: f64,
    drawing: &mut Drawing,
) {
    for row in rows.iter() {
        let kind = &schema.entities[usize::from(row.kind)];
        let earlier = before
            .and_then(|(rows, gap)| Some((rows.find(row.entity)?, gap)))
            .filter(|(earlier, _)| earlier.kind == row.kind);
        drawing.push(row.entity, row.kind);
        for index in 0..kind.fields.len() {
            drawing.values.push(run_on_field(kind, index, tick_rate, row, earlier, ahead));
        }
    }
}

fn run_on_field(
    kind: &Kind,
    index: usize,
    tick_rate: TickRate,
    row: RowRef<'_>,
    earlier: Option<(RowRef<'_>, f64)>,
    ahead: f64,
) -> f64 {
    let field = &kind.fields[index];
    let here = field.value(row.values[index]);
    match field.predict {
        Predict::Hold | Predict::Approach { .. } => here,
        Predict::Along { angle, per_second, axis } => {
            let angle = usize::from(angle);
            let angle = kind.fields[angle].value(row.values[angle]);
            let part = if axis == Axis::X { libm::cos(angle) } else { libm::sin(angle) };
            here + per_second * part * ahead / f64::from(tick_rate.hz())
        }
        Predict::LinearBy { field: velocity } => {
            let velocity = usize::from(velocity);
            let per_second = kind.fields[velocity].value(row.values[velocity]);
            here + per_second * ahead / f64::from(tick_rate.hz())
        }
        Predict::LinearFromLastTwo => match earlier {
            Some((earlier, gap)) => {
                let then = earlier.values[index];
                let step =
                    blend(field, then.into(), row.values[index].into(), 1.0) - field.value(then);
                here + step * ahead / gap
            }
            None => here,
        },
    }
}

/// The value `fraction` of the way from step `from` to step `to`, in the field's unit: the short
/// way round if the field wraps, `from` itself if it holds.
pub(super) fn blend(field: &Field, from: f64, to: f64, fraction: f64) -> f64 {
    if field.predict == Predict::Hold {
        return from * field.scale;
    }
    let mut way = to - from;
    if field.wraps {
        let turn = f64::from(field.max) - f64::from(field.min) + 1.0;
        way -= turn * libm::rint(way / turn);
    }
    (from + way * fraction) * field.scale
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::{Kinded, Row};

    #[derive(Row)]
    #[row(place(x, aim))]
    struct Ship {
        #[field(range = -100.0..=100.0, step = 0.5)]
        x: f64,
        #[field(angle, bits = 8)]
        aim: f64,
        #[field(range = 0.0..=100.0, step = 1.0, hold)]
        hull: f64,
    }

    fn rows(x: f64, aim_turns: f64, hull: f64) -> Rows {
        let mut rows = Rows::default();
        let ship = Ship { x, aim: aim_turns * std::f64::consts::TAU, hull };
        ship.quantise(rows.push(EntityId(1), 0, 3));
        rows
    }

    fn push(interpolation: &mut Interpolation, tick: u32, rows: &Rows, drawn: f64) {
        let schema = Schema::new().row::<Ship>();
        let rate = TickRate::default();
        interpolation.push(Duration::ZERO, &schema, rate, Tick(tick), rows, drawn);
    }

    fn drawn_at(interpolation: &mut Interpolation, tick: f64) -> Vec<f64> {
        let mut drawing = Drawing::default();
        let schema = Schema::new().row::<Ship>();
        interpolation.draw(Duration::ZERO, &schema, TickRate::default(), tick, &mut drawing);
        drawing.iter().next().map(|row| row.values.to_vec()).unwrap_or_default()
    }

    #[test]
    fn between_two_snapshots_what_moves_is_blended_and_what_holds_is_kept() {
        let mut interpolation = Interpolation::default();
        push(&mut interpolation, 10, &rows(0.0, 0.9375, 100.0), 0.0);
        push(&mut interpolation, 12, &rows(10.0, 0.0625, 50.0), 0.0);
        let drawn = drawn_at(&mut interpolation, 11.0);
        assert_eq!(drawn[0], 5.0);
        // Half of the short way from 15/16 of a turn to 1/16 is a whole turn, that is none.
        let turns = drawn[1] / std::f64::consts::TAU;
        assert!((turns - 1.0).abs() < 1e-9, "{turns}");
        assert_eq!(drawn[2], 100.0);
    }

    #[test]
    fn a_late_snapshot_is_bridged_but_not_for_ever() {
        let mut interpolation = Interpolation::default();
        push(&mut interpolation, 10, &rows(0.0, 0.0, 100.0), 0.0);
        push(&mut interpolation, 11, &rows(1.0, 0.0, 100.0), 0.0);
        assert_eq!(drawn_at(&mut interpolation, 12.0)[0], 2.0);
        let far = drawn_at(&mut interpolation, 99.0)[0];
        assert_eq!(far, 1.0 + 3.0, "100 ms at 30 ticks a second");
    }

    #[test]
    fn a_wrong_guess_is_put_right_without_a_leap() {
        let mut interpolation = Interpolation::default();
        push(&mut interpolation, 10, &rows(0.0, 0.0, 100.0), 0.0);
        push(&mut interpolation, 11, &rows(1.0, 0.0, 100.0), 0.0);
        assert_eq!(drawn_at(&mut interpolation, 12.0)[0], 2.0);
        // It has stood still since.
        push(&mut interpolation, 12, &rows(1.0, 0.0, 100.0), 12.0);
        push(&mut interpolation, 13, &rows(1.0, 0.0, 100.0), 12.0);
        assert_eq!(drawn_at(&mut interpolation, 12.0)[0], 2.0);
        let mut drawing = Drawing::default();
        let schema = Schema::new().row::<Ship>();
        let mut before = 2.0;
        for ms in 1..400 {
            let now = Duration::from_millis(ms);
            interpolation.draw(now, &schema, TickRate::default(), 12.5, &mut drawing);
            let x = drawing.iter().next().expect("it is drawn").values[0];
            assert!(x <= before && before - x < 0.03, "from {before} to {x} in a millisecond");
            before = x;
        }
        assert_eq!(before, 1.0);
    }
}
