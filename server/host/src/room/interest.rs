//! Which rows of the newest scene a viewer may know, found by a grid instead of by asking each.
//!
//! Published by the room: rebuilt once per tick, in memory that is kept; asked once per snapshot
//! and once per bot. It decides by audience and place alone, exactly as
//! [`Scene::may_know_row`] does: the grid only leaves out what cannot be in a view.

use std::ops::Range;

use tickwire_game::ids::PlayerId;
use tickwire_game::scene::{Audience, Kind, Scene, Schema, View};

/// Who may know one row or event: its audience, with its place found out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scope {
    /// Every viewer.
    All,
    /// Viewers whose view holds this place.
    At([f64; 2]),
    /// This player, and spectators.
    One(PlayerId),
    /// These two players, and spectators.
    Two([PlayerId; 2]),
}

impl Scope {
    pub(super) fn of(audience: Audience, kind: &Kind, values: &[i32]) -> Scope {
        match audience {
            Audience::All => Scope::All,
            Audience::Near => kind.place(values).map_or(Scope::All, Scope::At),
            Audience::One(player) => Scope::One(player),
            Audience::Two(players) => Scope::Two(players),
        }
    }

    pub(super) fn holds(self, viewer: Option<PlayerId>, view: &View) -> bool {
        match self {
            Scope::All => true,
            Scope::At(place) => view.holds(place),
            Scope::One(player) => viewer.is_none_or(|viewer| viewer == player),
            Scope::Two(players) => viewer.is_none_or(|viewer| players.contains(&viewer)),
        }
    }
}

/// The rows of one scene, sorted by who may know them.
#[derive(Debug, Default)]
pub(super) struct Interest {
    rows: usize,
    /// A bit per row: those that are for all.
    for_all: Vec<u64>,
    /// Those for one or two players alone, by player and then by row.
    for_few: Vec<(PlayerId, u32)>,
    grid: Grid,
}

impl Interest {
    /// Sorts the rows of `scene`. `cell` is the wished size of a grid cell in the game's units.
    pub(super) fn sort(&mut self, schema: &Schema, scene: &Scene, cell: Option<[f64; 2]>) {
        self.rows = scene.rows().len();
        self.for_all.clear();
        self.for_all.resize(self.rows.div_ceil(64), 0);
        self.for_few.clear();
        self.grid.clear();
        for (index, row) in scene.rows().iter().enumerate() {
            let kind = &schema.entities[usize::from(row.kind)];
            match Scope::of(scene.row_audience(index), kind, row.values) {
                Scope::All => set(&mut self.for_all, index as u32),
                Scope::At(place) => self.grid.add(Placed { place, row: index as u32 }),
                Scope::One(player) => self.for_few.push((player, index as u32)),
                Scope::Two(players) => {
                    self.for_few.extend(players.map(|player| (player, index as u32)));
                }
            }
        }
        self.for_few.sort_unstable();
        self.grid.sort(cell);
    }

    /// Puts the rows that a viewer may know into `out`, rising. `found` is used meanwhile: a bit per
    /// row, so that they come out in order by themselves. Returns of how many rows each was asked
    /// whether it lies in the view.
    pub(super) fn visible(
        &self,
        viewer: Option<PlayerId>,
        view: &View,
        found: &mut Vec<u64>,
        out: &mut Vec<u32>,
    ) -> usize {
        out.clear();
        let mut asked = 0;
        match view {
            View::Everything if viewer.is_none() || self.for_few.is_empty() => {
                out.extend(0..self.rows as u32);
                return asked;
            }
            View::Everything => {
                found.clear();
                found.resize(self.rows / 64, u64::MAX);
                if !self.rows.is_multiple_of(64) {
                    found.push((1 << (self.rows % 64)) - 1);
                }
                for &(_, row) in &self.for_few {
                    unset(found, row);
                }
                for &(_, row) in of_viewer(&self.for_few, viewer) {
                    set(found, row);
                }
            }
            View::Rect { min, max } => {
                found.clone_from(&self.for_all);
                let (min, max) = (min.map(f64::from), max.map(f64::from));
                asked = self.grid.each_in(min, max, |row| set(found, row));
                for &(_, row) in of_viewer(&self.for_few, viewer) {
                    set(found, row);
                }
            }
        }
        for (at, &word) in found.iter().enumerate() {
            let mut left = word;
            while left != 0 {
                out.push(at as u32 * 64 + left.trailing_zeros());
                left &= left - 1;
            }
        }
        asked
    }
}

/// The rows for `viewer` alone; a spectator is sent those of all players.
fn of_viewer(for_few: &[(PlayerId, u32)], viewer: Option<PlayerId>) -> &[(PlayerId, u32)] {
    let Some(viewer) = viewer else { return for_few };
    let start = for_few.partition_point(|(player, _)| *player < viewer);
    let len = for_few[start..].partition_point(|(player, _)| *player == viewer);
    &for_few[start..start + len]
}

fn set(bits: &mut [u64], at: u32) {
    bits[at as usize / 64] |= 1 << (at % 64);
}

fn unset(bits: &mut [u64], at: u32) {
    bits[at as usize / 64] &= !(1 << (at % 64));
}

/// Where a viewer looks, if not everywhere.
pub(super) fn centre(view: &View) -> Option<[f64; 2]> {
    match view {
        View::Everything => None,
        View::Rect { min, max } => {
            let centre = [0, 1].map(|i| (f64::from(min[i]) + f64::from(max[i])) / 2.0);
            centre.iter().all(|at| at.is_finite()).then_some(centre)
        }
    }
}

/// Across a view lie so many cells: few, for each costs something; and enough that most of what they
/// hold lies within the view for sure.
const CELLS_ACROSS: f64 = 5.0;

/// The size of a cell that suits these views, by a typical one. `None` when nobody looks at a part
/// only.
pub(super) fn cell_for(views: impl Iterator<Item = View>) -> Option<[f64; 2]> {
    let mut sum = [0.0; 2];
    let mut count = 0.0;
    for view in views {
        let View::Rect { min, max } = view else { continue };
        let across = [0, 1].map(|i| f64::from(max[i]) - f64::from(min[i]));
        if across.iter().all(|across| across.is_finite() && *across > 0.0) {
            sum = [sum[0] + across[0], sum[1] + across[1]];
            count += 1.0;
        }
    }
    (count > 0.0).then(|| sum.map(|sum| sum / count / CELLS_ACROSS))
}

/// A row or an event, by its number, and its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    pub(super) place: [f64; 2],
    pub(super) row: u32,
}

/// Rows with a place, in the order of their cells (a counting sort).
#[derive(Debug, Default)]
pub(super) struct Grid {
    origin: [f64; 2],
    cells_per_unit: [f64; 2],
    cells: [usize; 2],
    /// Where in the sorted lists each cell begins; one more than there are cells.
    starts: Vec<u32>,
    rows: Vec<u32>,
    /// Of each of these, its place.
    places: Vec<[f64; 2]>,
    /// As they came.
    unsorted: Vec<Placed>,
}

impl Grid {
    pub(super) fn clear(&mut self) {
        self.unsorted.clear();
    }

    pub(super) fn add(&mut self, placed: Placed) {
        self.unsorted.push(placed);
    }

    pub(super) fn sort(&mut self, cell: Option<[f64; 2]>) {
        self.measure(cell);
        self.starts.clear();
        self.starts.resize(self.cells[0] * self.cells[1] + 1, 0);
        for placed in &self.unsorted {
            let cell = self.cell_of(placed.place);
            self.starts[cell + 1] += 1;
        }
        for cell in 1..self.starts.len() {
            self.starts[cell] += self.starts[cell - 1];
        }
        self.rows.resize(self.unsorted.len(), 0);
        self.places.resize(self.unsorted.len(), [0.0; 2]);
        for placed in &self.unsorted {
            let cell = self.cell_of(placed.place);
            let at = self.starts[cell] as usize;
            (self.rows[at], self.places[at]) = (placed.row, placed.place);
            self.starts[cell] += 1;
        }
        // Each start has moved to where the next cell begins: put them back.
        self.starts.rotate_right(1);
        self.starts[0] = 0;
    }

    /// Lays the grid over what there is, with cells of the wished size unless that makes many
    /// more cells than there are rows.
    fn measure(&mut self, cell: Option<[f64; 2]>) {
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for placed in &self.unsorted {
            for i in 0..2 {
                low[i] = low[i].min(placed.place[i]);
                high[i] = high[i].max(placed.place[i]);
            }
        }
        let side_max = 2 * self.unsorted.len().isqrt() + 1;
        self.origin = low;
        for i in 0..2 {
            let across = high[i] - low[i];
            let wished = cell.map_or(0.0, |cell| across / cell[i]);
            // A cast from float saturates, and takes not-a-number to 0.
            let cells = (wished as usize).saturating_add(1).min(side_max);
            // One cell takes everything, whatever the numbers: so must be what has no extent,
            // or one beyond numbers.
            let usable = cells > 1 && across.is_finite() && across > 0.0;
            self.cells[i] = if usable { cells } else { 1 };
            self.cells_per_unit[i] = if usable { cells as f64 / across } else { 0.0 };
        }
    }

    /// Rises with `value`, which is all that a search needs of it: what lies between two values
    /// lies between their columns.
    fn column(&self, axis: usize, value: f64) -> usize {
        let column = (value - self.origin[axis]) * self.cells_per_unit[axis];
        (column as usize).min(self.cells[axis] - 1)
    }

    fn cell_of(&self, place: [f64; 2]) -> usize {
        self.column(1, place[1]) * self.cells[0] + self.column(0, place[0])
    }

    /// Gives all rows in the rectangle, edges included. Of the cells that it touches only those at its
    /// rim are looked at row by row: what lies in a column between those of two edges lies between
    /// the edges. Returns how many rows those are.
    pub(super) fn each_in(&self, min: [f64; 2], max: [f64; 2], mut each: impl FnMut(u32)) -> usize {
        // What is no number holds nothing.
        let is_empty = !(min[0] <= max[0] && min[1] <= max[1]);
        if is_empty || self.rows.is_empty() {
            return 0;
        }
        let mut asked = 0;
        let [left, top] = [0, 1].map(|axis| self.column(axis, min[axis]));
        let [right, bottom] = [0, 1].map(|axis| self.column(axis, max[axis]));
        let is_in =
            |axis: usize, place: &[f64; 2]| (min[axis] <= place[axis]) & (place[axis] <= max[axis]);
        for y in top..=bottom {
            let cell = y * self.cells[0];
            let span = |from: usize, to: usize| {
                self.starts[cell + from] as usize..self.starts[cell + to] as usize
            };
            let places =
                |span: Range<usize>| self.rows[span.clone()].iter().zip(&self.places[span]);
            if y == top || y == bottom {
                asked += span(left, right + 1).len();
                for (&row, place) in places(span(left, right + 1)) {
                    if is_in(0, place) & is_in(1, place) {
                        each(row);
                    }
                }
                continue;
            }
            let at_right = if left < right { span(right, right + 1) } else { 0..0 };
            asked += span(left, left + 1).len() + at_right.len();
            for (&row, place) in places(span(left, left + 1)).chain(places(at_right)) {
                if is_in(0, place) {
                    each(row);
                }
            }
            if left + 1 < right {
                self.rows[span(left + 1, right)].iter().for_each(|&row| each(row));
            }
        }
        asked
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tickwire_game::game::{Game, Setup};
    use tickwire_game::simulation::Simulation;

    use super::*;
    use test_games::stones::{Settings, Stone, Stones};

    /// Places in and out of the fields' range, crowded and spread, and what is no number.
    fn coordinate() -> impl Strategy<Value = f32> {
        prop_oneof![
            6 => -20.0_f32..20.0,
            3 => -1200.0_f32..1200.0,
            1 => prop::sample::select(vec![0.0, -0.0, -1000.0, 1000.0, 1e30, -1e30]),
            1 => prop::sample::select(vec![f32::INFINITY, f32::NEG_INFINITY, f32::NAN]),
        ]
    }

    fn stone() -> impl Strategy<Value = Stone> {
        let audience = prop_oneof![
            6 => Just(None),
            1 => Just(Some(u16::MAX)),
            1 => (0..4_u16).prop_map(Some),
        ];
        (coordinate(), coordinate(), audience).prop_map(|(x, y, audience)| Stone { x, y, audience })
    }

    fn view() -> impl Strategy<Value = View> {
        let corner = || [coordinate(), coordinate()];
        let half = || [0.0_f32..30.0, 0.0_f32..30.0];
        prop_oneof![
            1 => Just(View::Everything),
            4 => (corner(), half()).prop_map(|(centre, half)| View::around(centre, half)),
            // Turned around as often as not.
            4 => (corner(), corner()).prop_map(|(min, max)| View::Rect { min, max }),
        ]
    }

    fn cell() -> impl Strategy<Value = Option<[f64; 2]>> {
        let side = || prop_oneof![6 => 0.1..50.0_f64, 1 => Just(1e-30), 1 => Just(1e30)];
        prop::option::of([side(), side()])
    }

    proptest! {
        #[test]
        fn the_grid_finds_exactly_what_may_be_known(
            stones in prop::collection::vec(stone(), 0..200),
            cell in cell(),
            looks in prop::collection::vec((prop::option::of((0..5_u16).prop_map(PlayerId)), view()), 1..20),
        ) {
            let schema = Stones::schema();
            let settings = Settings { stones, ..Settings::default() };
            let simulation = Simulation::<Stones>::new(&Setup { settings, ..Setup::default() });
            let scene = simulation.scene();
            let mut interest = Interest::default();
            // Twice, since memory is kept from scene to scene.
            interest.sort(&schema, scene, None);
            interest.sort(&schema, scene, cell);
            let (mut bits, mut found) = (Vec::new(), vec![99]);
            for (viewer, view) in looks {
                interest.visible(viewer, &view, &mut bits, &mut found);
                let known: Vec<u32> = (0..scene.rows().len() as u32)
                    .filter(|&index| scene.may_know_row(&schema, index as usize, viewer, &view))
                    .collect();
                prop_assert_eq!(&found, &known, "{:?} {:?}", viewer, view);
            }
        }
    }

    #[test]
    fn a_cell_is_a_part_of_a_typical_view() {
        let views = [
            View::Everything,
            View::around([0.0; 2], [10.0, 4.0]),
            View::around([5.0; 2], [20.0, 8.0]),
            View::Rect { min: [1.0; 2], max: [0.0; 2] },
            View::Rect { min: [f32::NEG_INFINITY; 2], max: [f32::INFINITY; 2] },
        ];
        assert_eq!(cell_for(views.into_iter()), Some([30.0, 12.0].map(|side| side / CELLS_ACROSS)));
        assert_eq!(cell_for([View::Everything].into_iter()), None);
    }
}
