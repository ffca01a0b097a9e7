//! Running the own player ahead of the server, and putting it right when the server knows
//! better.
//!
//! Every input sent is applied at once by the game's `advance`, the very code that the server
//! runs. Each snapshot brings the true own state of its tick: if it is what was predicted for
//! that tick, bit for bit, nothing is to be done; else the truth is taken and the later inputs
//! are replayed on it (client-side prediction and server reconciliation: Bernier, "Latency
//! Compensating Methods in Client/Server In-game Protocol Design", 2001).

use std::collections::VecDeque;
use std::time::Duration;

use super::Correction;
use super::interpolation::{Drawing, blend};
use crate::game::Game;
use crate::limits::HISTORY_MAX_TICKS;
use crate::scene::{Rows, SceneWriter, Schema};
use crate::tick::Tick;

/// In how long a correction's error on the screen falls to a third.
const SMOOTHING: Duration = Duration::from_millis(80);

struct Predicted<G: Game> {
    tick: Tick,
    input: G::Input,
    /// The own state after that tick.
    own: G::Own,
}

/// The own player, ahead of the server.
pub struct Prediction<G: Game> {
    /// The newest truth, and what was predicted on it since, by rising tick without a gap.
    truth: Option<(Tick, G::Own)>,
    predicted: VecDeque<Predicted<G>>,
    last_input: G::Input,
    /// Whether it stands still until there is news.
    waits: bool,
    corrections: u64,
    corrected: Option<Correction>,
    /// How far the drawing still is from the prediction after a correction, by place, and since
    /// when.
    error: [f64; 2],
    error_at: Duration,
    writer: SceneWriter,
}

impl<G: Game> Prediction<G> {
    pub(super) fn new() -> Prediction<G> {
        Prediction {
            truth: None,
            predicted: VecDeque::new(),
            last_input: G::Input::default(),
            waits: false,
            corrections: 0,
            corrected: None,
            error: [0.0; 2],
            error_at: Duration::ZERO,
            writer: SceneWriter::default(),
        }
    }

    /// How many truths were not what had been predicted for their tick.
    #[must_use]
    pub fn corrections(&self) -> u64 {
        self.corrections
    }

    pub(super) fn take_correction(&mut self) -> Option<Correction> {
        self.corrected.take()
    }

    /// The own state at the newest tick predicted.
    #[must_use]
    pub fn newest(&self) -> Option<&G::Own> {
        match self.predicted.back() {
            Some(predicted) => Some(&predicted.own),
            None => self.truth.as_ref().map(|(_, own)| own),
        }
    }

    /// Predicts up to `tick` with `input`. Ticks that were left out before it are filled with
    /// the input before, as the server will do.
    pub(super) fn advance_to(&mut self, tick: Tick, input: G::Input, level: &G::Level) {
        let Some((truth_tick, _)) = self.truth else { return };
        // A clock that has jumped back gives ticks another input.
        while self.predicted.back().is_some_and(|predicted| predicted.tick >= tick) {
            self.predicted.pop_back();
        }
        let mut last = self.predicted.back().map_or(truth_tick, |predicted| predicted.tick);
        // A server that says nothing for so long is not predicted any further.
        self.waits = tick.since(truth_tick) > HISTORY_MAX_TICKS as i64;
        if self.waits {
            self.last_input = input;
            return;
        }
        while last < tick {
            last = last.next();
            let input = if last == tick { input } else { self.last_input };
            let mut own = self.newest().expect("there is a truth").clone();
            G::advance(&mut own, level, input);
            self.predicted.push_back(Predicted { tick: last, input, own });
        }
        self.last_input = input;
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
            return;
        };
        let mut guess = None;
        while self.predicted.front().is_some_and(|predicted| predicted.tick <= tick) {
            guess = self.predicted.pop_front().filter(|predicted| predicted.tick == tick);
        }
        let right = guess.as_ref().is_some_and(|guess| guess.own == own);
        let first = self.truth.is_none();
        let before = self.place(schema);
        self.truth = Some((tick, own));
        if right || first {
            return;
        }
        self.corrections += u64::from(guess.is_some());
        let (_, mut own) = self.truth.clone().expect("it was just taken");
        for predicted in &mut self.predicted {
            G::advance(&mut own, level, predicted.input);
            predicted.own = own.clone();
        }
        let after = self.place(schema);
        if guess.is_some() {
            let way = before.zip(after).map(|(a, b)| libm::hypot(b[0] - a[0], b[1] - a[1]));
            self.corrected = Some(Correction { tick, units: way.unwrap_or_default() });
        }
        if let (Some(before), Some(after)) = (before, after) {
            let left = self.error_left(now);
            self.error = std::array::from_fn(|i| left[i] + before[i] - after[i]);
            self.error_at = now;
        }
    }

    /// Puts the rows of the own player, as predicted, in the place of those interpolated:
    /// `fraction` of the way from the newest tick to the one after it under `input`.
    pub(super) fn draw(
        &mut self,
        now: Duration,
        fraction: f64,
        input: G::Input,
        level: &G::Level,
        schema: &Schema,
        drawing: &mut Drawing,
    ) {
        let Some(newest) = self.newest().cloned() else { return };
        let fraction = if self.waits { 0.0 } else { fraction };
        let mut coming = newest.clone();
        G::advance(&mut coming, level, input);
        let error = self.error_left(now);
        let from = self.rows_of(&newest);
        let to = self.rows_of(&coming);
        for row in from.iter() {
            let kind = &schema.entities[usize::from(row.kind)];
            let next = to.iter().find(|next| next.entity == row.entity && next.kind == row.kind);
            let values = drawing.replace(row.entity, row.kind, kind.fields.len());
            for (index, field) in kind.fields.iter().enumerate() {
                values[index] = match next {
                    Some(next) => blend(field, row.values[index], next.values[index], fraction),
                    None => field.value(row.values[index]),
                };
            }
            if let Some([x, y]) = kind.place {
                values[usize::from(x)] += error[0];
                values[usize::from(y)] += error[1];
            }
        }
    }

    fn rows_of(&mut self, own: &G::Own) -> Rows {
        self.writer.clear();
        G::show_own(own, &mut self.writer);
        self.writer.rows().clone()
    }

    /// Where the own player is drawn, smoothing aside.
    fn place(&mut self, schema: &Schema) -> Option<[f64; 2]> {
        let newest = self.newest()?.clone();
        let rows = self.rows_of(&newest);
        rows.iter().find_map(|row| schema.entities[usize::from(row.kind)].place(row.values))
    }

    /// A far jump (a respawn) is not smoothed, but the error of a near one fades away.
    fn error_left(&self, now: Duration) -> [f64; 2] {
        let age = now.saturating_sub(self.error_at).as_secs_f64();
        let left = libm::exp(-age / SMOOTHING.as_secs_f64());
        self.error.map(|error| if left < 0.01 { 0.0 } else { error * left })
    }
}
