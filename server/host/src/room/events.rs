//! [`EventHistory`]: the events of the last few ticks, kept for viewers whose connections were not
//! ready.
//!
//! Published by the room: written once per tick from the scene, read once per snapshot. It keeps
//! the events of the last [`EVENT_EXPIRY_TICKS`] scenes in memory that is used again; older ones
//! have expired, and nobody is sent what events before it joined.

use shared::ids::PlayerId;
use shared::limits::SNAPSHOT_EVENTS_MAX;
use shared::scene::{RowRef, Rows, Scene, Schema, View};
use shared::tick::Tick;

use super::interest::Scope;
use crate::limits::EVENT_EXPIRY_TICKS;

/// The events of one tick.
#[derive(Debug, Default)]
struct TickEvents {
    tick: Tick,
    rows: Rows,
    scopes: Vec<Scope>,
}

/// The events of the last ticks.
#[derive(Debug)]
pub(super) struct EventHistory {
    /// A ring, addressed by tick.
    ticks: [TickEvents; EVENT_EXPIRY_TICKS as usize],
}

impl EventHistory {
    pub(super) fn new() -> EventHistory {
        EventHistory { ticks: std::array::from_fn(|_| TickEvents::default()) }
    }

    /// Keeps the events of the newest scene in place of those that expire now.
    pub(super) fn keep(&mut self, schema: &Schema, scene: &Scene) {
        let events = &mut self.ticks[slot_of(scene.tick())];
        events.tick = scene.tick();
        events.rows.clear();
        events.scopes.clear();
        for (index, event) in scene.events().iter().enumerate() {
            let kind = &schema.events[usize::from(event.kind)];
            events.rows.push_row(event);
            events.scopes.push(Scope::of(scene.event_audience(index), kind, event.values));
        }
    }

    /// Puts into `found` the events that a viewer may know of the ticks after `known` up to `now`,
    /// in order; for a viewer that knows nothing, of `now` alone. Whether it may know is judged by
    /// where it looks now. Of more than [`SNAPSHOT_EVENTS_MAX`] the newest are given; returns how
    /// many were not.
    pub(super) fn since<'a>(
        &'a self,
        known: Option<Tick>,
        now: Tick,
        viewer: Option<PlayerId>,
        view: &View,
        found: &mut Vec<(Tick, RowRef<'a>)>,
    ) -> usize {
        let oldest = now.0.saturating_sub(EVENT_EXPIRY_TICKS - 1);
        let first = known.map_or(now.0, |known| oldest.max(known.0 + 1));
        for tick in first..=now.0 {
            let events = &self.ticks[slot_of(Tick(tick))];
            // A room younger than the ring has slots that were never written.
            if events.tick != Tick(tick) {
                continue;
            }
            for (index, scope) in events.scopes.iter().enumerate() {
                if scope.holds(viewer, view) {
                    found.push((events.tick, events.rows.row(index)));
                }
            }
        }
        let dropped = found.len().saturating_sub(SNAPSHOT_EVENTS_MAX);
        found.drain(..dropped);
        dropped
    }
}

fn slot_of(tick: Tick) -> usize {
    (tick.0 % EVENT_EXPIRY_TICKS) as usize
}
