//! The own player's shots, from the moment they are fired until the server's own take over.
//!
//! A shot is fired in the client's present, a round trip and more before the server's is seen among
//! the others, who are drawn in the past. So it begins where and when the own ship is drawn, and
//! slides back in time while it flies, until it is where the server's own is drawn: what it meets
//! then is what it meets in truth. (Bernier 2001 names the problem; the slide is that of "predicted
//! projectiles" in Unreal Tournament.) It shows nothing of hits: those the server tells.
//!
//! Owned by the prediction, which says what was fired and what was not. What a shot looks like is
//! the game's to know ([`Game::show_shot`]), and which row of the server's is the same shot
//! ([`Game::shot_key`]).

use std::collections::VecDeque;
use std::time::Duration;

use super::interpolation::{Drawing, blend};
use super::prediction::Coming;
use crate::game::Game;
use crate::ids::EntityId;
use crate::scene::{Rows, SceneWriter};
use crate::tick::Tick;

/// Over how much time a shot slides into the time of the others, at least.
const SLIDE_MIN: Duration = Duration::from_millis(350);
/// How much longer than what it has to slide by that takes, at least: so much of its speed is left.
const SLIDE_LEAST: f64 = 1.6;
/// A shot whose counterpart has not appeared so many ticks after its tick was shown was never fired
/// on the server, or is over already.
const UNSEEN_MAX_TICKS: f64 = 4.0;
/// Most shots under way at a time. Of more the oldest are left to the server.
const SHOTS_MAX: usize = 32;

/// The shots of the own player that are drawn before the server's.
#[derive(Debug)]
pub(super) struct Shots<G: Game> {
    shots: VecDeque<Shot<G>>,
    writer: SceneWriter,
}

#[derive(Debug)]
struct Shot<G: Game> {
    fired_at: Tick,
    /// The own state that fired it.
    own: G::Own,
    key: Option<u64>,
    /// Its counterpart on the server, once a snapshot has it: entity and kind.
    counterpart: Option<(EntityId, u8)>,
}

impl<G: Game> Shots<G> {
    pub(super) fn new() -> Shots<G> {
        Shots { shots: VecDeque::new(), writer: SceneWriter::of::<G>() }
    }

    /// The own state after `tick` is predicted to be that, or known to be.
    pub(super) fn predict(&mut self, tick: Tick, own: &G::Own, level: &G::Level) {
        self.writer.clear();
        G::show_shot(own, tick, level, 0, &mut self.writer);
        let Some(row) = self.writer.rows().iter().next() else { return };
        let key = G::shot_key(row, self.writer.kinds());
        if key.is_some() && self.shots.iter().any(|shot| shot.key == key) {
            return;
        }
        if self.shots.len() >= SHOTS_MAX {
            self.shots.pop_front();
        }
        self.shots.push_back(Shot { fired_at: tick, own: own.clone(), key, counterpart: None });
    }

    /// What was predicted for `tick` and later is not so.
    pub(super) fn take_back_from(&mut self, tick: Tick) {
        self.shots.retain(|shot| shot.fired_at < tick);
    }

    pub(super) fn clear(&mut self) {
        self.shots.clear();
    }

    /// Draws them as of `own_tick`, the moment of which the own player is drawn, in the place of
    /// the server's own.
    pub(super) fn draw(
        &mut self,
        coming: &Coming<'_, G>,
        own_tick: f64,
        known: &Rows,
        drawing: &mut Drawing,
    ) {
        self.find_counterparts(known);
        let writer = &mut self.writer;
        self.shots.retain(|shot| shot.draw(coming, own_tick, writer, drawing));
    }

    /// Finds the counterparts among the rows of a snapshot.
    fn find_counterparts(&mut self, known: &Rows) {
        if self.shots.iter().all(|shot| shot.counterpart.is_some()) {
            return;
        }
        for row in known.iter() {
            let Some(key) = G::shot_key(row, self.writer.kinds()) else { continue };
            if let Some(shot) = self.shots.iter_mut().find(|shot| shot.key == Some(key)) {
                shot.counterpart = Some((row.entity, row.kind));
            }
        }
    }
}

impl<G: Game> Shot<G> {
    /// Whether it is still to be drawn.
    fn draw(
        &self,
        coming: &Coming<'_, G>,
        own_tick: f64,
        writer: &mut SceneWriter,
        drawing: &mut Drawing,
    ) -> bool {
        let since = own_tick - f64::from(self.fired_at.0);
        let behind = own_tick - drawing.tick;
        if since < 0.0 || behind <= 0.0 {
            return since < 0.0;
        }
        // Whether the moment of the others has come to when it was fired.
        let due = drawing.tick - f64::from(self.fired_at.0);
        let is_drawn = self.counterpart.is_some_and(|(entity, kind)| drawing.has(entity, kind));
        let waits_ticks = if self.counterpart.is_some() { 0.0 } else { UNSEEN_MAX_TICKS };
        if due > waits_ticks && !is_drawn {
            return false;
        }
        let slide_min = SLIDE_MIN.as_secs_f64() * f64::from(coming.tick_rate.hz());
        let slide = slide_min.max(SLIDE_LEAST * behind);
        if since >= slide {
            return false;
        }
        let age = since - behind * since / slide;
        if !self.draw_at(coming, age, writer, drawing)
            && let Some((entity, kind)) = self.counterpart
        {
            // It is over where it is drawn, and must not be seen to come there once more.
            drawing.remove(entity, kind);
        }
        true
    }

    fn draw_at(
        &self,
        coming: &Coming<'_, G>,
        age_ticks: f64,
        writer: &mut SceneWriter,
        drawing: &mut Drawing,
    ) -> bool {
        let whole = age_ticks as u32;
        let mut rows_at = |age| {
            writer.clear();
            G::show_shot(&self.own, self.fired_at, coming.level, age, writer);
            writer.rows().clone()
        };
        let (from, to) = (rows_at(whole), rows_at(whole + 1));
        for row in from.iter() {
            let fields = &coming.schema.entities[usize::from(row.kind)].fields;
            let next = to.iter().find(|next| next.kind == row.kind).unwrap_or(row);
            // Its counterpart is drawn in its place; before it has one, it is added.
            let counterpart = self.counterpart.filter(|&(_, kind)| kind == row.kind);
            let values = match counterpart {
                Some((entity, kind)) => drawing.replace(entity, kind, fields.len()),
                None => drawing.add(row.entity, row.kind, fields.len()),
            };
            for (index, field) in fields.iter().enumerate() {
                let (here, there) = (row.values[index], next.values[index]);
                values[index] =
                    blend(field, here.into(), there.into(), age_ticks - f64::from(whole));
            }
        }
        !from.is_empty()
    }
}
