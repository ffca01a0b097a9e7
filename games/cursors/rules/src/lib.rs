//! Cursors: all see where the others point, and their clicks. Nothing of it is predicted.

use serde::{Deserialize, Serialize};
use tickwire_game::prelude::*;

/// Where a player points, in parts of the page: its input, and what all see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, Row)]
#[row(place(x, y))]
pub struct Cursor {
    #[field(range = 0..=1, step = 1.0 / 4096.0)]
    pub x: f32,
    #[field(range = 0..=1, step = 1.0 / 4096.0)]
    pub y: f32,
    pub pressed: bool,
    pub player: PlayerId,
}

#[derive(Event)]
pub struct Click {
    pub player: PlayerId,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Cursors(Vec<Cursor>);

impl Game for Cursors {
    const NAME: &'static str = "cursors";
    const RULES: u32 = 1;
    const PLAYERS_MAY_IDLE: bool = true;
    type Settings = ();
    type Level = ();
    type Input = Cursor;
    type Own = ();
    fn schema() -> Schema {
        Schema::new().row::<Cursor>().event::<Click>()
    }
    fn new(_: &Setup<()>) -> (Cursors, ()) {
        (Cursors(Vec::new()), ())
    }
    fn join(&mut self, _: &mut Step<'_, Cursors>, player: PlayerId, _: Option<Subject>) {
        self.0.push(Cursor { player, ..Cursor::default() });
    }
    fn leave(&mut self, _: &mut Step<'_, Cursors>, player: PlayerId, _: LeaveReason) {
        self.0.retain(|cursor| cursor.player != player);
    }
    fn step(&mut self, now: &mut Step<'_, Cursors>) {
        for cursor in &mut self.0 {
            let Cursor { player, pressed, .. } = *cursor;
            if let InputStatus::Received(given) = now.input(player) {
                *cursor = Cursor { player, ..given };
            }
            if cursor.pressed && !pressed {
                now.emit(&Click { player });
            }
        }
    }
    fn show(&self, scene: &mut SceneWriter) {
        self.0.iter().for_each(|cursor| scene.row(EntityId(cursor.player.0.into()), cursor));
    }
}
