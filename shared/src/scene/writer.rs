//! How a game fills a scene: by the structs that stand for the kinds of its schema, so that the two
//! cannot disagree.

use super::rows::Rows;
use super::{Audience, Event, Kinds, Row, Scene};
use crate::game::Game;
use crate::ids::EntityId;
use crate::tick::Tick;

/// Takes a game's entities and turns them into the rows of a scene.
#[derive(Debug)]
pub struct SceneWriter {
    kinds: Kinds,
    rows: Rows,
    audiences: Vec<Audience>,
    /// Each row by its entity, in the upper half, and its place among those written.
    sorted: Vec<u64>,
    /// Where it is wanted: the values of all rows as they were given, in the fields' units.
    exact: Option<Vec<f64>>,
}

impl SceneWriter {
    /// An empty one for rows of a game.
    #[must_use]
    pub fn of<G: Game>() -> SceneWriter {
        SceneWriter {
            kinds: Kinds::of::<G>(),
            rows: Rows::default(),
            audiences: Vec::new(),
            sorted: Vec::new(),
            exact: None,
        }
    }

    /// One that also keeps what it is given as exactly as it is given it.
    pub(crate) fn keeping_exact<G: Game>() -> SceneWriter {
        SceneWriter { exact: Some(Vec::new()), ..SceneWriter::of::<G>() }
    }

    /// Which structs its rows may be.
    #[must_use]
    pub fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    /// The values of all rows, one after the other; none unless it keeps them.
    pub(crate) fn exact(&self) -> &[f64] {
        self.exact.as_deref().unwrap_or_default()
    }

    /// Shows an entity to the viewers near it; to all if its kind has no place.
    ///
    /// Values are in the fields' units; they are rounded to the nearest step and clamped (or
    /// wrapped) into the range.
    ///
    /// # Panics
    /// When its kind is not in the game's schema.
    #[inline]
    pub fn row<R: Row>(&mut self, entity: EntityId, row: &R) {
        let audience = if R::PLACE.is_some() { Audience::Near } else { Audience::All };
        self.row_for(audience, entity, row);
    }

    /// Shows an entity to `audience` alone.
    ///
    /// # Panics
    /// As [`SceneWriter::row`].
    #[inline]
    pub fn row_for<R: Row>(&mut self, audience: Audience, entity: EntityId, row: &R) {
        let kind = self.kinds.index::<R>();
        self.audiences.push(audience);
        row.quantise(self.rows.push(entity, kind, R::FIELDS.len()));
        if let Some(exact) = &mut self.exact {
            row.numbers(|number| exact.push(number));
        }
    }

    /// The scene of what was written, without events. The writer is empty afterwards.
    pub fn take_scene(&mut self, tick: Tick) -> Scene {
        let mut scene = Scene::default();
        self.publish(tick, &mut Events::default(), &mut scene);
        scene
    }

    /// The rows written so far, in the order of writing.
    #[must_use]
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// Forgets all rows, keeps the memory.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.audiences.clear();
        if let Some(exact) = &mut self.exact {
            exact.clear();
        }
    }

    /// Publishes what was written, and the events of the tick, as `scene`, by rising entity id;
    /// of two rows of one entity the first is kept. The writer is empty afterwards.
    pub(crate) fn publish(&mut self, tick: Tick, events: &mut Events, scene: &mut Scene) {
        self.sorted.clear();
        let places = self.rows.heads.iter().zip(0_u64..);
        self.sorted.extend(places.map(|(head, place)| u64::from(head.entity.0) << 32 | place));
        self.sorted.sort_unstable();
        self.sorted.dedup_by_key(|sorted| *sorted >> 32);
        scene.tick = tick;
        scene.rows.clear();
        scene.row_audiences.clear();
        for place in self.sorted.iter().map(|&sorted| sorted as u32 as usize) {
            scene.rows.push_row(self.rows.row(place));
            scene.row_audiences.push(self.audiences[place]);
        }
        events.publish(scene);
        self.clear();
    }
}

/// The events of the tick under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Events {
    kinds: Kinds,
    rows: Rows,
    audiences: Vec<Audience>,
}

impl Events {
    pub(crate) fn of<G: Game>() -> Events {
        Events { kinds: Kinds::of::<G>(), ..Events::default() }
    }

    #[inline]
    pub(crate) fn push<E: Event>(&mut self, audience: Audience, event: &E) {
        let kind = self.kinds.index::<E>();
        self.audiences.push(audience);
        event.quantise(self.rows.push(EntityId(0), kind, E::FIELDS.len()));
    }

    /// Puts them into a scene, in place of its own, and is empty afterwards.
    pub(crate) fn publish(&mut self, scene: &mut Scene) {
        std::mem::swap(&mut scene.events, &mut self.rows);
        std::mem::swap(&mut scene.event_audiences, &mut self.audiences);
        self.rows.clear();
        self.audiences.clear();
    }
}
