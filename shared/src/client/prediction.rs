//! Running the own player ahead of the server, and putting it right when the server knows
//! better.
//!
//! Every input sent is applied at once by the game's `advance`, the very code that the server
//! runs. Each snapshot brings the true own state of its tick: if it is what was predicted for
//! that tick, bit for bit, nothing is to be done; else the truth is taken and the later inputs
//! are replayed on it (client-side prediction and server reconciliation: Bernier, "Latency
//! Compensating Methods in Client/Server In-game Protocol Design", 2001). What a correction moves
//! on the screen slides there; hits and losses are shown as the server says at once.
//!
//! The own player's shots are shown from the moment they are fired, too (`shots`).

use std::collections::VecDeque;
use std::time::Duration;

use super::interpolation::{Drawing, blend};
use super::shots::Shots;
use super::smoothing;
use crate::game::Game;
use crate::limits::{CLIENT_NOTES_MAX, HISTORY_MAX_TICKS, INPUT_REPEAT_MAX};
use crate::scene::{Field, Predict, RowRef, Rows, SceneWriter, Schema};
use crate::tick::{Tick, TickRate};

/// A truth that was not what had been predicted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correction {
    /// Of which tick.
    pub tick: Tick,
    /// How far the own player was put elsewhere by it, in the game's units; 0 if something else
    /// than its place was wrong.
    pub units: f64,
    /// From where to where, in the game's units; `None` if the own player has no place.
    pub places: Option<[[f64; 2]; 2]>,
}

/// What is to be drawn of the own player, and for when.
pub(super) struct Coming<'a, G: Game> {
    pub(super) now: Duration,
    /// How much of the tick after the newest one has passed.
    pub(super) fraction: f64,
    /// What the player holds now.
    pub(super) input: G::Input,
    pub(super) level: &'a G::Level,
    pub(super) schema: &'a Schema,
    pub(super) tick_rate: TickRate,
}

struct Predicted<G: Game> {
    tick: Tick,
    input: G::Input,
    /// The own state after that tick.
    own: G::Own,
}

/// The own player, ahead of the server.
pub(super) struct Prediction<G: Game> {
    /// The newest truth, and what was predicted on it since, by rising tick without a gap.
    truth: Option<(Tick, G::Own)>,
    predicted: VecDeque<Predicted<G>>,
    last_input: G::Input,
    /// Length of a tick, in seconds.
    dt: f32,
    /// For how many ticks the server repeats an input.
    repeat_max_ticks: u32,
    /// Whether it stands still until there is news.
    waits: bool,
    corrections: u64,
    noted: VecDeque<Correction>,
    /// `None` for a client that nobody looks at.
    shots: Option<Shots<G>>,
    /// How far the drawing still is from the prediction after a correction, by place, and since
    /// when.
    error: [f64; 2],
    error_at: Duration,
    writer: SceneWriter,
}

impl<G: Game> Prediction<G> {
    pub(super) fn new(tick_rate: TickRate, has_screen: bool) -> Prediction<G> {
        Prediction {
            truth: None,
            predicted: VecDeque::new(),
            last_input: G::Input::default(),
            dt: tick_rate.dt(),
            repeat_max_ticks: tick_rate.ticks_in(INPUT_REPEAT_MAX.as_secs_f32()),
            waits: false,
            corrections: 0,
            noted: VecDeque::new(),
            shots: has_screen.then(Shots::new),
            error: [0.0; 2],
            error_at: Duration::ZERO,
            writer: SceneWriter::keeping_exact::<G>(),
        }
    }

    /// How many truths were not what had been predicted for their tick.
    #[must_use]
    pub(super) fn corrections(&self) -> u64 {
        self.corrections
    }

    pub(super) fn take_correction(&mut self) -> Option<Correction> {
        self.noted.pop_front()
    }

    /// The own state at the newest tick predicted.
    #[must_use]
    pub(super) fn newest(&self) -> Option<&G::Own> {
        match self.predicted.back() {
            Some(predicted) => Some(&predicted.own),
            None => self.truth.as_ref().map(|(_, own)| own),
        }
    }

    /// The own state as predicted for `tick`, until its snapshot arrives.
    #[must_use]
    pub(super) fn at(&self, tick: Tick) -> Option<&G::Own> {
        Some(&self.predicted.iter().find(|predicted| predicted.tick == tick)?.own)
    }

    /// Predicts up to `tick` with `input`. Ticks that were left out before it are filled as the
    /// server will fill them: with the input before, and with none after a while.
    pub(super) fn advance_to(
        &mut self,
        now: Duration,
        tick: Tick,
        input: G::Input,
        level: &G::Level,
        schema: &Schema,
    ) {
        let Some((truth_tick, _)) = self.truth else { return };
        let drawn = self.predicted.back().map_or(truth_tick, |predicted| predicted.tick);
        // A clock that has jumped takes the player along; on the screen it slides.
        let before = if drawn.next() == tick { None } else { self.place(schema) };
        // A clock that went back would give ticks another input. Ours waits instead.
        while self.predicted.back().is_some_and(|predicted| predicted.tick >= tick) {
            self.predicted.pop_back();
        }
        self.shots.iter_mut().for_each(|shots| shots.take_back_from(tick));
        let mut last = self.predicted.back().map_or(truth_tick, |predicted| predicted.tick);
        // A server that says nothing for so long is not predicted any further.
        self.waits = tick.since(truth_tick) > HISTORY_MAX_TICKS as i64;
        if self.waits {
            self.last_input = input;
            return;
        }
        let repeated_until = last.plus(self.repeat_max_ticks);
        while last < tick {
            last = last.next();
            let input = if last == tick {
                input
            } else if last <= repeated_until {
                self.last_input
            } else {
                G::Input::default()
            };
            let mut own = self.newest().expect("there is a truth").clone();
            G::advance(&mut own, level, input, self.dt);
            if let Some(shots) = &mut self.shots {
                shots.predict(last, &own, level);
            }
            self.predicted.push_back(Predicted { tick: last, input, own });
        }
        self.last_input = input;
        self.slide(now, before, schema);
    }

    /// What was drawn `before` is now drawn elsewhere: the difference is to fade away. Gives from where
    /// to where that is.
    fn slide(
        &mut self,
        now: Duration,
        before: Option<[f64; 2]>,
        schema: &Schema,
    ) -> Option<[[f64; 2]; 2]> {
        let (before, after) = (before?, self.place(schema)?);
        let left = self.error_left(now);
        self.error = std::array::from_fn(|i| left[i] + before[i] - after[i]);
        self.error_at = now;
        Some([before, after])
    }

    /// Takes the true own state of `tick`, and replays what came after it if that was not what
    /// had been predicted.
    pub(super) fn reconcile(
        &mut self,
        now: Duration,
        tick: Tick,
        own: Option<G::Own>,
        level: &G::Level,
        schema: &Schema,
    ) {
        let Some(own) = own else {
            self.truth = None;
            self.predicted.clear();
            self.shots.iter_mut().for_each(Shots::clear);
            return;
        };
        let drawn = self.newest().cloned();
        let mut guess = None;
        while self.predicted.front().is_some_and(|predicted| predicted.tick <= tick) {
            guess = self.predicted.pop_front().filter(|predicted| predicted.tick == tick);
        }
        let right = guess.as_ref().is_some_and(|guess| guess.own == own);
        let first = self.truth.is_none();
        self.truth = Some((tick, own));
        if right || first {
            return;
        }
        let (_, mut own) = self.truth.clone().expect("it was just taken");
        if let Some(shots) = &mut self.shots {
            shots.take_back_from(tick);
            shots.predict(tick, &own, level);
        }
        for predicted in &mut self.predicted {
            G::advance(&mut own, level, predicted.input, self.dt);
            predicted.own = own.clone();
            if let Some(shots) = &mut self.shots {
                shots.predict(predicted.tick, &own, level);
            }
        }
        let before = drawn.and_then(|drawn| self.place_of(&drawn, schema));
        let places = self.slide(now, before, schema);
        // Where nothing had been predicted nothing was wrong.
        if guess.is_some() {
            self.corrections += 1;
            if self.noted.len() >= CLIENT_NOTES_MAX {
                self.noted.pop_front();
            }
            let units =
                places.map_or(0.0, |[from, to]| libm::hypot(from[0] - to[0], from[1] - to[1]));
            self.noted.push_back(Correction { tick, units, places });
        }
    }

    /// Puts the rows of the own player, as predicted, in the place of those interpolated: as far
    /// as was said on the way from the newest tick to the one after it under the input held. Its
    /// shots go with it; `known` is the newest snapshot.
    pub(super) fn draw(&mut self, coming: &Coming<'_, G>, known: &Rows, drawing: &mut Drawing) {
        let Some(newest) = self.newest().cloned() else { return };
        let Coming { now, input, level, schema, .. } = *coming;
        let fraction = if self.waits { 0.0 } else { coming.fraction };
        let mut next = newest.clone();
        G::advance(&mut next, level, input, self.dt);
        let newest_tick = self.predicted.back().map(|predicted| predicted.tick);
        let newest_tick = newest_tick.or(self.truth.as_ref().map(|(tick, _)| *tick));
        if let Some(tick) = newest_tick {
            drawing.own_tick = f64::from(tick.0) + fraction;
            if let Some(shots) = &mut self.shots {
                shots.draw(coming, drawing.own_tick, known, drawing);
            }
        }
        let error = self.error_left(now);
        let from = self.own_rows(&newest);
        let to = self.own_rows(&next);
        for (row, exact) in from.rows() {
            let kind = &schema.entities[usize::from(row.kind)];
            let mut others = to.rows();
            let next = others.find(|(next, _)| next.entity == row.entity && next.kind == row.kind);
            drawing.mark_own(row.entity, row.kind);
            let values = drawing.replace(row.entity, row.kind, kind.fields.len());
            for (index, field) in kind.fields.iter().enumerate() {
                let from = steps(field, row.values[index], exact[index]);
                values[index] = match next {
                    Some((next, exact)) => {
                        let to = steps(field, next.values[index], exact[index]);
                        blend(field, from, to, fraction)
                    }
                    None => from * field.scale,
                };
            }
            if let Some([x, y]) = kind.place {
                values[usize::from(x)] += error[0];
                values[usize::from(y)] += error[1];
            }
        }
    }

    /// Puts the rows of the newest truth in the place of those of its snapshot, as exactly as the game
    /// gives them.
    pub(super) fn draw_truth(&mut self, schema: &Schema, drawing: &mut Drawing) {
        let Some((_, own)) = self.truth.clone() else { return };
        for (row, exact) in self.own_rows(&own).rows() {
            let fields = &schema.entities[usize::from(row.kind)].fields;
            drawing.mark_own(row.entity, row.kind);
            let values = drawing.replace(row.entity, row.kind, fields.len());
            for (index, field) in fields.iter().enumerate() {
                values[index] = steps(field, row.values[index], exact[index]) * field.scale;
            }
        }
    }

    fn own_rows(&mut self, own: &G::Own) -> OwnRows {
        self.writer.clear();
        G::show_own(own, &mut self.writer);
        OwnRows { rows: self.writer.rows().clone(), exact: self.writer.exact().to_vec() }
    }

    /// Where the own player is drawn, smoothing aside.
    fn place(&mut self, schema: &Schema) -> Option<[f64; 2]> {
        let newest = self.newest()?.clone();
        self.place_of(&newest, schema)
    }

    fn place_of(&mut self, own: &G::Own, schema: &Schema) -> Option<[f64; 2]> {
        let rows = self.own_rows(own);
        rows.rows().find_map(|(row, exact)| {
            let [x, y] = schema.entities[usize::from(row.kind)].place?;
            let place = [exact[usize::from(x)], exact[usize::from(y)]];
            place.iter().all(|at| at.is_finite()).then_some(place)
        })
    }

    /// How much is left of the error of the last correction.
    fn error_left(&self, now: Duration) -> [f64; 2] {
        let left = smoothing::left(now.saturating_sub(self.error_at));
        self.error.map(|error| error * left)
    }
}

/// The rows of an own state, as they would be sent and as exactly as the game gives them.
struct OwnRows {
    rows: Rows,
    exact: Vec<f64>,
}

impl OwnRows {
    /// Each row with its exact values.
    fn rows(&self) -> impl Iterator<Item = (RowRef<'_>, &[f64])> {
        let mut left = &self.exact[..];
        self.rows.iter().map(move |row| {
            let (exact, others) = left.split_at(row.values.len());
            left = others;
            (row, exact)
        })
    }
}

/// The value of a field of the own player, in steps. What moves is taken as exactly as it is known:
/// from rest a ship does not move a whole step in its first tick, and a key is to show at once.
fn steps(field: &Field, sent: i32, exact: f64) -> f64 {
    if field.predict == Predict::Hold || field.wraps || !exact.is_finite() {
        return f64::from(sent);
    }
    (exact / field.scale).clamp(f64::from(field.min), f64::from(field.max))
}
