//! How much of what a player says of the age of its picture is believed.
//!
//! Owned by the input buffer, one per player. A client says with each input how much older than
//! the input's tick the picture was that its player acted on; shots that hit at once are judged by
//! it. Nobody can check that, so it is made useless to lie about: the age may only drift, as that
//! of an honest client does, and never beyond the limit of the room. Whoever always claims the past
//! is judged like a player on a long line; nobody can choose the past shot by shot.

use shared::limits::REWIND_DRIFT_MAX;
use shared::tick::Rewind;

/// What is believed of one player.
#[derive(Clone, Copy, Debug)]
pub(super) struct BelievedRewind {
    most: Rewind,
    now: Option<Rewind>,
}

impl BelievedRewind {
    /// No more than `rewind_max_ticks` will ever be believed.
    pub(super) fn new(rewind_max_ticks: u32) -> BelievedRewind {
        BelievedRewind { most: Rewind::of_ticks(rewind_max_ticks), now: None }
    }

    /// A tick is made with an input that came with this claim.
    pub(super) fn claim(&mut self, claimed: Rewind) {
        let claimed = claimed.min(self.most);
        self.now = Some(match self.now {
            // The first has nothing to drift from.
            None => claimed,
            Some(Rewind(before)) => Rewind(claimed.0.clamp(
                before.saturating_sub(REWIND_DRIFT_MAX),
                before.saturating_add(REWIND_DRIFT_MAX),
            )),
        });
    }

    /// What is believed in the tick being made.
    pub(super) fn now(self) -> Rewind {
        self.now.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_honest_claim_is_followed_and_a_leap_is_not() {
        let mut believed = BelievedRewind::new(8);
        assert_eq!(believed.now(), Rewind(0));
        for claimed in [60, 62, 63, 60] {
            believed.claim(Rewind(claimed));
            assert_eq!(believed.now(), Rewind(claimed));
        }
        believed.claim(Rewind(u16::MAX));
        assert_eq!(believed.now(), Rewind(64));
        believed.claim(Rewind(0));
        assert_eq!(believed.now(), Rewind(60));
    }

    #[test]
    fn beyond_the_limit_the_limit_is_believed_and_without_one_nothing() {
        let mut believed = BelievedRewind::new(8);
        let mut off = BelievedRewind::new(0);
        for _ in 0..100 {
            believed.claim(Rewind::of_ticks(1_000));
            off.claim(Rewind::of_ticks(1_000));
        }
        assert_eq!((believed.now(), off.now()), (Rewind::of_ticks(8), Rewind(0)));
    }

    #[test]
    fn a_picture_of_the_future_is_one_of_the_present() {
        let claimed = Rewind::between(1_000.0, shared::tick::Tick(900));
        let mut believed = BelievedRewind::new(8);
        believed.claim(claimed);
        assert_eq!(believed.now(), Rewind(0));
    }
}
