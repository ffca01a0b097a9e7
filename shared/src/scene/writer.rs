//! How a game fills a scene: by kinds that carry their fields, so that rows and schema cannot
//! disagree.

use super::rows::Rows;
use super::{Audience, EntityKind, EventKind, Scene};
use crate::ids::EntityId;
use crate::tick::Tick;

/// Takes a game's entities and turns them into the rows of a scene.
#[derive(Debug, Default)]
pub struct SceneWriter {
    rows: Rows,
    audiences: Vec<Audience>,
    sorted: Vec<u32>,
    /// Where it is wanted: the values of all rows as they were given, in the fields' units.
    exact: Option<Vec<f64>>,
}

impl SceneWriter {
    /// One that also keeps what it is given as exactly as it is given it.
    pub(crate) fn keeping_exact() -> SceneWriter {
        SceneWriter { exact: Some(Vec::new()), ..SceneWriter::default() }
    }

    /// The values of all rows, one after the other; none unless it keeps them.
    pub(crate) fn exact(&self) -> &[f64] {
        self.exact.as_deref().unwrap_or_default()
    }

    /// Shows an entity to whoever is near it; to all if its kind has no place.
    ///
    /// Values are in the fields' units; they are rounded to the nearest step and clamped (or
    /// wrapped) into the range.
    pub fn row<const N: usize>(
        &mut self,
        kind: &EntityKind<N>,
        entity: EntityId,
        values: [f64; N],
    ) {
        let audience = if kind.has_place() { Audience::Near } else { Audience::All };
        self.row_for(audience, kind, entity, values);
    }

    /// Shows an entity to `audience` alone.
    pub fn row_for<const N: usize>(
        &mut self,
        audience: Audience,
        kind: &EntityKind<N>,
        entity: EntityId,
        values: [f64; N],
    ) {
        self.audiences.push(audience);
        self.rows.push(entity, kind.index(), N).copy_from_slice(&kind.quantise(values));
        if let Some(exact) = &mut self.exact {
            exact.extend(values);
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
        self.sorted.extend(0..self.rows.len() as u32);
        let entity = |&index: &u32| self.rows.row(index as usize).entity;
        self.sorted.sort_by_key(entity);
        self.sorted.dedup_by_key(|index| entity(index));
        scene.tick = tick;
        scene.rows.clear();
        scene.row_audiences.clear();
        for &index in &self.sorted {
            scene.rows.push_row(self.rows.row(index as usize));
            scene.row_audiences.push(self.audiences[index as usize]);
        }
        std::mem::swap(&mut scene.events, &mut events.rows);
        std::mem::swap(&mut scene.event_audiences, &mut events.audiences);
        events.rows.clear();
        events.audiences.clear();
        self.clear();
    }
}

/// The events of the tick under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Events {
    rows: Rows,
    audiences: Vec<Audience>,
}

impl Events {
    pub(crate) fn push<const N: usize>(
        &mut self,
        audience: Audience,
        kind: &EventKind<N>,
        values: [f64; N],
    ) {
        self.audiences.push(audience);
        self.rows.push(EntityId(0), kind.index(), N).copy_from_slice(&kind.quantise(values));
    }
}
