//! What happened in the last few ticks, kept for viewers whose sockets were not ready.
//!
//! Owned by the room: written once per tick from the scene, read once per snapshot. It keeps
//! the last [`EVENT_EXPIRY_TICKS`] scenes' events in memory that is used over again; older ones
//! have expired, and nobody is told what came before it was there.

use shared::ids::PlayerId;
use shared::limits::{EVENT_EXPIRY_TICKS, SNAPSHOT_EVENTS_MAX};
use shared::scene::{RowRef, Rows, Scene, Schema, View};
use shared::tick::Tick;

use super::interest::Scope;

/// The events of one tick.
#[derive(Debug, Default)]
struct Happened {
    tick: Tick,
    rows: Rows,
    scopes: Vec<Scope>,
}

/// The events of the last ticks.
#[derive(Debug)]
pub(super) struct EventHistory {
    /// A ring, addressed by tick.
    ticks: [Happened; EVENT_EXPIRY_TICKS as usize],
}

impl EventHistory {
    pub(super) fn new() -> EventHistory {
        EventHistory { ticks: std::array::from_fn(|_| Happened::default()) }
    }

    /// Keeps the events of the newest scene in place of those that expire now.
    pub(super) fn keep(&mut self, schema: &Schema, scene: &Scene) {
        let happened = &mut self.ticks[slot_of(scene.tick())];
        happened.tick = scene.tick();
        happened.rows.clear();
        happened.scopes.clear();
        for (index, event) in scene.events().iter().enumerate() {
            let kind = &schema.events[usize::from(event.kind)];
            happened.rows.push_row(event);
            happened.scopes.push(Scope::of(scene.event_audience(index), kind, event.values));
        }
    }

    /// Puts into `told` what a viewer may know of the ticks after `known` up to `now`, in the
    /// order in which it happened; a viewer that knows nothing is told of `now` alone. Whether
    /// it may know is judged by where it looks now. Of more than [`SNAPSHOT_EVENTS_MAX`] the
    /// newest are told; gives back how many were not.
    pub(super) fn tell<'a>(
        &'a self,
        known: Option<Tick>,
        now: Tick,
        viewer: Option<PlayerId>,
        view: &View,
        told: &mut Vec<(Tick, RowRef<'a>)>,
    ) -> usize {
        let oldest = now.0.saturating_sub(EVENT_EXPIRY_TICKS - 1);
        let first = known.map_or(now.0, |known| oldest.max(known.0 + 1));
        for tick in first..=now.0 {
            let happened = &self.ticks[slot_of(Tick(tick))];
            // A room younger than the ring has slots that were never written.
            if happened.tick != Tick(tick) {
                continue;
            }
            for (index, scope) in happened.scopes.iter().enumerate() {
                if scope.holds(viewer, view) {
                    told.push((happened.tick, happened.rows.row(index)));
                }
            }
        }
        let dropped = told.len().saturating_sub(SNAPSHOT_EVENTS_MAX);
        told.drain(..dropped);
        dropped
    }
}

fn slot_of(tick: Tick) -> usize {
    (tick.0 % EVENT_EXPIRY_TICKS) as usize
}
