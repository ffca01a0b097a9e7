//! [`Keys`]: what a player holds on a page that knows no game.

use std::f32::consts::FRAC_1_SQRT_2;

/// What a player holds on the generic page, on a keyboard or by touch.
///
/// x rises to the right and y downwards, as on that page.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Keys {
    /// W, the upward arrow, or the stick.
    pub up: bool,
    /// S, the downward arrow, or the stick.
    pub down: bool,
    /// A, the left arrow, or the stick.
    pub left: bool,
    /// D, the right arrow, or the stick.
    pub right: bool,
    /// The space bar, the mouse's main button, or the first button on a touch screen.
    pub primary: bool,
    /// E or Shift, the mouse's other button, or the second button on a touch screen.
    pub secondary: bool,
    /// Where the pointer is, in the game's units; `None` before it was seen.
    pub pointer: Option<[f32; 2]>,
    /// The direction from the player's own row to the pointer, in radians from -π to π: from that of
    /// rising x towards that of rising y. Without a pointer, as on a touch screen, it is the direction of the last keys;
    /// `None` before there was either, or without an own row that has a place.
    pub aim: Option<f32>,
}

impl Keys {
    /// The direction of the four keys, x and y: a vector of length 1, or zero. Opposite keys cancel out.
    #[must_use]
    pub fn direction(&self) -> [f32; 2] {
        let axis = |less: bool, more: bool| f32::from(i8::from(more) - i8::from(less));
        let both = [axis(self.left, self.right), axis(self.up, self.down)];
        if both.contains(&0.0) { both } else { both.map(|part| part * FRAC_1_SQRT_2) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opposite_keys_cancel_out_and_diagonals_are_no_faster() {
        let direction =
            |up, down, left, right| Keys { up, down, left, right, ..Keys::default() }.direction();
        assert_eq!(direction(false, false, false, false), [0.0, 0.0]);
        assert_eq!(direction(true, true, true, true), [0.0, 0.0]);
        assert_eq!(direction(true, false, false, false), [0.0, -1.0]);
        assert_eq!(direction(false, true, true, true), [0.0, 1.0]);
        assert_eq!(direction(true, false, false, true), [FRAC_1_SQRT_2, -FRAC_1_SQRT_2]);
    }
}
