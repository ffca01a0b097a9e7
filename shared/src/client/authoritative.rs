//! What the server has said last, as it said it: neither predicted nor interpolated.
//!
//! For pages and tools that show what a client makes of it: computed when it is asked for, and from
//! what the client keeps anyway.

use super::{Client, Drawing};
use crate::game::Game;

impl<G: Game> Client<G> {
    /// Fills a drawing with the newest snapshot: both of its moments are that snapshot's tick, and the
    /// rows of the own player are those of the state that the server has sent for it, before any input
    /// is replayed on it. Returns whether there is a snapshot; without one the drawing has no rows, and its
    /// moments mean nothing.
    pub fn draw_authoritative(&mut self, drawing: &mut Drawing) -> bool {
        drawing.clear();
        let Some(playing) = &mut self.playing else { return false };
        let (mirror, schema) = (playing.decoder.mirror(), playing.codec.schema());
        let Some(tick) = mirror.tick() else { return false };
        drawing.tick = f64::from(tick.0);
        drawing.own_tick = drawing.tick;
        drawing.push_rows(schema, mirror.rows());
        playing.prediction.draw_truth(schema, drawing);
        true
    }
}
