//! [`HeldKeys`]: how the keys that a generic page says are held become a game's input, tick by tick.
//!
//! A page without scripts of its own holds [`Keys`], of which [`Game::keys`] makes the input. Presses are
//! kept by a [`Latch`] until a tick has taken them, as those of `input` are. Owned by `page_client`.

use tickwire_game::game::{Game, Keys};
use tickwire_game::tick::{Tick, TickRate};

use crate::latch::{Latch, LatchBits};

/// The bits of what is held: `KEYS` in `build/kit/core.js` has the same order.
const UP: u64 = 1 << 0;
const DOWN: u64 = 1 << 1;
const LEFT: u64 = 1 << 2;
const RIGHT: u64 = 1 << 3;
const PRIMARY: u64 = 1 << 4;
const SECONDARY: u64 = 1 << 5;
const BUTTONS: u64 = UP | DOWN | LEFT | RIGHT | PRIMARY | SECONDARY;
/// Two more of which [`used`] says whether they count.
const POINTER: u64 = 1 << 6;
const AIM: u64 = 1 << 7;
/// The bits of a [`Latch`] from this one on are what the stick points at.
const STICK_SHIFT: u32 = 32;
/// Nobody is there.
const ABSENT: u64 = 1 << 31;

/// What is held on a generic page.
pub(crate) struct HeldKeys {
    latch: Latch,
    pointer: Option<[f32; 2]>,
    aim: Option<f32>,
}

impl HeldKeys {
    pub(crate) fn new() -> HeldKeys {
        let bits = LatchBits { buttons: BUTTONS, sticks: BUTTONS << STICK_SHIFT, absent: ABSENT };
        let mut latch = Latch::new(bits);
        latch.note(ABSENT);
        HeldKeys { latch, pointer: None, aim: None }
    }

    /// Forgets what waits: another player, or none, who holds the same.
    pub(crate) fn restart(&mut self) {
        let held = self.latch.held();
        self.latch.clear();
        self.latch.note(held);
    }

    /// Takes what is held now, by keys and by the stick.
    pub(crate) fn hold(&mut self, keys: u32, stick: u32) {
        let [keys, stick] = [keys, stick].map(|bits| u64::from(bits) & BUTTONS);
        self.latch.note(keys | stick << STICK_SHIFT);
    }

    /// Takes where the pointer is, and in which direction from the own row; not a number where there is none.
    pub(crate) fn point(&mut self, x: f64, y: f64, aim: f64) {
        self.pointer = (x.is_finite() && y.is_finite()).then_some([x as f32, y as f32]);
        self.aim = aim.is_finite().then_some(aim as f32);
    }

    /// Nobody is there: nothing is held, and nothing was let go.
    pub(crate) fn release(&mut self) {
        self.latch.note(ABSENT);
    }

    /// The server made `tick` without what it takes.
    pub(crate) fn missed(&mut self, tick: Tick, rate: TickRate) {
        self.latch.missed(tick, rate);
    }

    /// What the next tick takes, as far as is known now.
    pub(crate) fn next<G: Game>(&self) -> G::Input {
        self.input::<G>(self.latch.next())
    }

    /// Takes it for `tick`.
    pub(crate) fn take<G: Game>(&mut self, tick: Tick) -> G::Input {
        let bits = self.latch.take(tick);
        self.input::<G>(bits)
    }

    fn input<G: Game>(&self, bits: u64) -> G::Input {
        if bits & ABSENT != 0 {
            return G::Input::default();
        }
        G::keys(&keys_of(bits | bits >> STICK_SHIFT, self.pointer, self.aim))
    }
}

fn keys_of(down: u64, pointer: Option<[f32; 2]>, aim: Option<f32>) -> Keys {
    let is_down = |key: u64| down & key != 0;
    Keys {
        up: is_down(UP),
        down: is_down(DOWN),
        left: is_down(LEFT),
        right: is_down(RIGHT),
        primary: is_down(PRIMARY),
        secondary: is_down(SECONDARY),
        pointer,
        aim,
    }
}

/// Which of the keys change the input of a game, by their bits; 0 if it has no [`Game::keys`].
///
/// Some count only beside another, so each is tried with none, with each of the others, and with all.
pub(crate) fn used<G: Game>() -> u32 {
    let input = |bits: u64| {
        let pointer = (bits & POINTER != 0).then_some([3.0, 5.0]);
        let aim = (bits & AIM != 0).then_some(1.0);
        G::keys(&keys_of(bits, pointer, aim))
    };
    let all = BUTTONS | POINTER | AIM;
    let each = || (0..8).map(|bit| 1_u64 << bit);
    let is_used = |key: &u64| {
        let mut beside = each().chain([0, all]).map(|others| others & !key);
        beside.any(|others| input(others) != input(others | key))
    };
    each().filter(is_used).fold(0, |used, key| used | key as u32)
}

#[cfg(test)]
mod tests {
    use test_games::dots::Dots;

    use super::*;

    #[test]
    fn what_is_pressed_between_two_ticks_counts_for_one() {
        let mut held = HeldKeys::new();
        let take = |held: &mut HeldKeys, tick| held.take::<Dots>(Tick(tick));
        let (still, right) =
            (Dots::keys(&Keys::default()), Keys { right: true, ..Keys::default() });
        let right = Dots::keys(&right);
        assert_ne!(still, right);
        held.hold(RIGHT as u32, 0);
        held.hold(0, 0);
        assert_eq!(held.next::<Dots>(), right);
        assert_eq!(take(&mut held, 1), right);
        assert_eq!(take(&mut held, 2), still);
        // A stick holds as a key does; bits that are no keys are none.
        held.hold(u32::MAX - BUTTONS as u32, RIGHT as u32);
        assert_eq!(take(&mut held, 3), right);
        assert_eq!(take(&mut held, 4), right);
        held.release();
        assert_eq!(take(&mut held, 5), <Dots as Game>::Input::default());
    }

    #[test]
    fn the_keys_that_count_are_found() {
        assert_eq!(u64::from(used::<Dots>()), LEFT | RIGHT | UP | DOWN | PRIMARY);
    }
}
