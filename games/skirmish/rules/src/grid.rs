//! A uniform grid that says what is near a place, in an order that never varies.
//!
//! It owns indices and nothing that they stand for. [`super::level`] keeps one of obstacles,
//! built once; the flight of the bolts refills one of ships every tick without allocating.

use glam::Vec2;

/// Indices by the cells of a square around the origin. What lies outside counts to the cells
/// at its edge.
#[derive(Clone, Debug, Default)]
pub(super) struct Grid {
    half: f32,
    cells_per_unit: f32,
    side: usize,
    /// Where each cell's items begin; one more at the end.
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Grid {
    /// Refills the grid with `count` items of which `bounds` gives the lowest and the highest
    /// corner. Within a cell, items rise.
    pub(super) fn refill(
        &mut self,
        half: f32,
        cell: f32,
        count: usize,
        bounds: impl Fn(usize) -> (Vec2, Vec2),
    ) {
        self.half = half;
        self.cells_per_unit = 1.0 / cell;
        self.side = (2.0 * half * self.cells_per_unit) as usize + 1;
        self.starts.clear();
        self.starts.resize(self.side * self.side + 1, 0);
        for index in 0..count {
            let (min, max) = bounds(index);
            for cell in self.cells(min, max).flatten() {
                self.starts[cell] += 1;
            }
        }
        // Each count becomes the end of its cell; filling from behind turns it into the start.
        let mut end = 0;
        for start in &mut self.starts {
            end += *start;
            *start = end;
        }
        self.items.clear();
        self.items.resize(end as usize, 0);
        for index in (0..count).rev() {
            let (min, max) = bounds(index);
            for cell in self.cells(min, max).flatten() {
                self.starts[cell] -= 1;
                self.items[self.starts[cell] as usize] = index as u32;
            }
        }
    }

    /// The items that may touch a box, each as often as it shares cells with it. In a grid that
    /// was never filled there are none.
    pub(super) fn near(&self, min: Vec2, max: Vec2) -> impl Iterator<Item = usize> + '_ {
        // The cells of one row lie side by side, and so do their items.
        self.cells(min, max).flat_map(|row| {
            let (start, end) = (self.starts[row.start], self.starts[row.end]);
            self.items[start as usize..end as usize].iter().map(|&item| item as usize)
        })
    }

    /// The cells that a box touches, row by row.
    fn cells(&self, min: Vec2, max: Vec2) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
        let side = self.side;
        let (left, right) = (self.cell(min.x), self.cell(max.x));
        let rows = if side == 0 { 0..0 } else { self.cell(min.y)..self.cell(max.y) + 1 };
        rows.map(move |y| y * side + left..y * side + right + 1)
    }

    fn cell(&self, at: f32) -> usize {
        // A cast from float saturates: what lies below counts to the first cell.
        let cell = ((at + self.half) * self.cells_per_unit) as usize;
        cell.min(self.side.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_is_found_and_what_is_far_is_not() {
        let places = [Vec2::new(-9.0, 0.0), Vec2::new(1.0, 1.0), Vec2::new(99.0, 99.0)];
        let mut grid = Grid::default();
        grid.refill(10.0, 2.0, places.len(), |i| (places[i], places[i]));
        let near = |x: f32, y: f32| -> Vec<usize> {
            let at = Vec2::new(x, y);
            grid.near(at - Vec2::ONE, at + Vec2::ONE).collect()
        };
        assert_eq!(near(1.5, 1.5), [1]);
        assert_eq!(near(-9.0, 0.5), [0]);
        assert_eq!(near(50.0, 50.0), [2], "what is outside counts to the edge");
        assert!(near(5.0, -5.0).is_empty());
        assert_eq!(Grid::default().near(-Vec2::ONE, Vec2::ONE).count(), 0);
    }
}
