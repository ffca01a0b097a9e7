//! [`EventHistory`]: the events of the last few ticks, kept for viewers whose connections were not
//! ready.
//!
//! Published by the room: written once per tick from the scene, read once per snapshot. It keeps
//! the events of the last [`EVENT_EXPIRY_TICKS`] scenes in memory that is used again; older ones
//! have expired, and nobody is sent what events before it joined.

use tickwire_game::ids::PlayerId;
use tickwire_game::limits::SNAPSHOT_EVENTS_MAX;
use tickwire_game::scene::{RowRef, Rows, Scene, Schema, View};
use tickwire_game::tick::Tick;

use super::interest::{Grid, Placed, Scope};
use crate::limits::EVENT_EXPIRY_TICKS;

/// The events of one tick.
#[derive(Debug, Default)]
struct TickEvents {
    tick: Tick,
    rows: Rows,
    scopes: Vec<Scope>,
    /// Those that have a place, by it.
    placed: Grid,
    /// The others.
    unplaced: Vec<u32>,
}

impl TickEvents {
    /// Puts the numbers of those that a viewer may know into `known`, rising.
    fn known_to(&self, viewer: Option<PlayerId>, view: &View, known: &mut Vec<u32>) {
        known.clear();
        let View::Rect { min, max } = view else {
            known.extend(
                (0..self.scopes.len() as u32).filter(|&index| self.holds(index, viewer, view)),
            );
            return;
        };
        known
            .extend(self.unplaced.iter().copied().filter(|&index| self.holds(index, viewer, view)));
        self.placed.each_in(min.map(f64::from), max.map(f64::from), |index| known.push(index));
        known.sort_unstable();
    }

    fn holds(&self, index: u32, viewer: Option<PlayerId>, view: &View) -> bool {
        self.scopes[index as usize].holds(viewer, view)
    }
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
    pub(super) fn keep(&mut self, schema: &Schema, scene: &Scene, cell: Option<[f64; 2]>) {
        let events = &mut self.ticks[slot_of(scene.tick())];
        events.tick = scene.tick();
        events.rows.clear();
        events.scopes.clear();
        events.placed.clear();
        events.unplaced.clear();
        for (index, event) in scene.events().iter().enumerate() {
            let kind = &schema.events[usize::from(event.kind)];
            events.rows.push_row(event);
            let scope = Scope::of(scene.event_audience(index), kind, event.values);
            events.scopes.push(scope);
            match scope {
                Scope::At(place) => events.placed.add(Placed { place, row: index as u32 }),
                Scope::All | Scope::One(_) | Scope::Two(_) => events.unplaced.push(index as u32),
            }
        }
        events.placed.sort(cell);
    }

    /// Puts into `found` the events that a viewer may know of the ticks after `known` up to `now`,
    /// in order; for a viewer that knows nothing, of `now` alone. Whether it may know is judged by
    /// where it looks now. `indices` is used meanwhile. Of more than [`SNAPSHOT_EVENTS_MAX`] the newest
    /// are given; returns how
    /// many were not.
    pub(super) fn since<'a>(
        &'a self,
        known: Option<Tick>,
        now: Tick,
        viewer: Option<PlayerId>,
        view: &View,
        indices: &mut Vec<u32>,
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
            events.known_to(viewer, view, indices);
            let rows = indices.iter().map(|&index| events.rows.row(index as usize));
            found.extend(rows.map(|row| (events.tick, row)));
        }
        let dropped = found.len().saturating_sub(SNAPSHOT_EVENTS_MAX);
        found.drain(..dropped);
        dropped
    }
}

fn slot_of(tick: Tick) -> usize {
    (tick.0 % EVENT_EXPIRY_TICKS) as usize
}
