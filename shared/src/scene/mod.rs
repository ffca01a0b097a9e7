//! The published, immutable, quantised picture after a tick.
//!
//! A [`Scene`] holds everything there is to see: rows of whole numbers described by the game's
//! [`Schema`], the events of the tick, and who may know each of them. A game writes it through
//! [`SceneWriter`], as structs with `#[derive(Row)]` and `#[derive(Event)]`; the room publishes it; interest and the snapshot encoder read it. Nothing
//! here knows a game or a socket.

mod def;
mod input;
mod kinds;
mod rows;
mod schema;
mod value;
mod writer;

pub use tickwire_derive::{Event, FieldEnum, Row};

pub use def::{Event, FieldDef, Kinded, Row};
pub use input::{InputNode, InputShape, InputSort};
pub use kinds::Kinds;
pub(crate) use rows::Head;
pub use rows::{RowRef, Rows};
pub use schema::{Axis, Field, Kind, Predict, Reference, Schema, SchemaError};
pub use value::{FieldValue, UNIT_ENTITY, UNIT_PLAYER};
pub(crate) use writer::Events;
pub use writer::SceneWriter;

use serde::{Deserialize, Serialize};

use crate::ids::PlayerId;
use crate::tick::Tick;

/// Who may be sent a row or an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Audience {
    /// Every viewer, wherever it looks.
    All,
    /// Viewers whose view holds its place. What has no place is for all.
    Near,
    /// This player alone. Spectators, who see everything, are sent it too.
    One(PlayerId),
    /// These two players alone, and spectators, each once.
    Two([PlayerId; 2]),
}

/// What part of the world a viewer may know, in the game's units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum View {
    /// All of it.
    Everything,
    /// What lies in an axis-aligned rectangle, edges included.
    Rect {
        /// Lowest x and y.
        min: [f32; 2],
        /// Highest x and y.
        max: [f32; 2],
    },
}

impl View {
    /// The rectangle around `centre` that reaches `half` to each side.
    #[must_use]
    pub fn around(centre: [f32; 2], half: [f32; 2]) -> View {
        View::Rect {
            min: [centre[0] - half[0], centre[1] - half[1]],
            max: [centre[0] + half[0], centre[1] + half[1]],
        }
    }

    /// Whether the view holds a place, in the game's units.
    #[must_use]
    pub fn holds(&self, place: [f64; 2]) -> bool {
        match self {
            View::Everything => true,
            View::Rect { min, max } => {
                (0..2).all(|i| f64::from(min[i]) <= place[i] && place[i] <= f64::from(max[i]))
            }
        }
    }
}

/// Everything there is to see after one tick.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    tick: Tick,
    rows: Rows,
    row_audiences: Vec<Audience>,
    events: Rows,
    event_audiences: Vec<Audience>,
}

impl Clone for Scene {
    fn clone(&self) -> Scene {
        let mut scene = Scene::default();
        scene.clone_from(self);
        scene
    }

    /// In the memory that it has: a scene is published at every tick.
    fn clone_from(&mut self, source: &Scene) {
        self.tick = source.tick;
        self.rows.clone_from(&source.rows);
        self.row_audiences.clone_from(&source.row_audiences);
        self.events.clone_from(&source.events);
        self.event_audiences.clone_from(&source.event_audiences);
    }
}

impl Scene {
    /// A scene with nothing to see yet.
    pub(crate) fn empty(tick: Tick) -> Scene {
        Scene { tick, ..Scene::default() }
    }

    /// Adds a row; its entity must be above those there are.
    pub(crate) fn push_row(&mut self, audience: Audience, row: RowRef<'_>) {
        self.rows.push_row(row);
        self.row_audiences.push(audience);
    }

    /// Adds what happened after those events there are.
    pub(crate) fn push_event(&mut self, audience: Audience, event: RowRef<'_>) {
        self.events.push_row(event);
        self.event_audiences.push(audience);
    }

    /// The tick whose end this shows.
    #[must_use]
    pub fn tick(&self) -> Tick {
        self.tick
    }

    /// All entities, by rising id.
    #[must_use]
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// Gives its rows for others, to be filled anew in their memory.
    pub fn swap_rows(&mut self, rows: &mut Rows) {
        std::mem::swap(&mut self.rows, rows);
    }

    /// Who may know row `index` of [`Scene::rows`].
    #[must_use]
    pub fn row_audience(&self, index: usize) -> Audience {
        self.row_audiences[index]
    }

    /// What happened in this tick, in the order in which it happened.
    #[must_use]
    pub fn events(&self) -> &Rows {
        &self.events
    }

    /// Who may know event `index` of [`Scene::events`].
    #[must_use]
    pub fn event_audience(&self, index: usize) -> Audience {
        self.event_audiences[index]
    }

    /// Whether row `index` may be known to a viewer: by its audience first, then by its place.
    /// `viewer` is `None` for a spectator.
    #[must_use]
    pub fn may_know_row(
        &self,
        schema: &Schema,
        index: usize,
        viewer: Option<PlayerId>,
        view: &View,
    ) -> bool {
        let row = self.rows.row(index);
        let kind = &schema.entities[usize::from(row.kind)];
        self.row_audiences[index].holds(viewer, view, || kind.place(row.values))
    }

    /// Whether event `index` may be known to a viewer: by its audience first, then by its place.
    #[must_use]
    pub fn may_know_event(
        &self,
        schema: &Schema,
        index: usize,
        viewer: Option<PlayerId>,
        view: &View,
    ) -> bool {
        let event = self.events.row(index);
        let kind = &schema.events[usize::from(event.kind)];
        self.event_audiences[index].holds(viewer, view, || kind.place(event.values))
    }
}

impl Audience {
    fn holds(
        self,
        viewer: Option<PlayerId>,
        view: &View,
        place: impl FnOnce() -> Option<[f64; 2]>,
    ) -> bool {
        match self {
            Audience::All => true,
            Audience::Near => place().is_none_or(|place| view.holds(place)),
            Audience::One(player) => viewer.is_none_or(|viewer| viewer == player),
            Audience::Two(players) => viewer.is_none_or(|viewer| players.contains(&viewer)),
        }
    }
}
