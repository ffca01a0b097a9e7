//! How much of what a player says of the age of its picture is believed.
//!
//! Owned by the input buffer, one per player. A client says with each input how much older than
//! the input's tick the picture was that its player acted on; shots that hit at once are judged by
//! it. Nobody can check that to the millisecond, so it is made useless to lie about. The age must
//! fit to the newest snapshot that the client says it has seen; it may only drift, as that of an
//! honest client does; and it is never beyond the limit of the room. A player that always claims as
//! much of the past as fits is judged like one on a longer line; nobody gets far by choosing it shot
//! by shot.

use serde::{Deserialize, Serialize};
use shared::tick::{Rewind, Tick, TickRate};

use crate::limits::{REWIND_BEHIND_SEEN_MAX, REWIND_DRIFT_MAX};

/// What is believed of one player.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct BelievedRewind {
    most: Rewind,
    /// How much older the picture may be than the newest snapshot seen.
    behind_seen: Rewind,
    now: Option<Rewind>,
}

impl BelievedRewind {
    /// No more than `rewind_max_ticks` will ever be believed.
    pub(super) fn new(rate: TickRate, rewind_max_ticks: u32) -> BelievedRewind {
        let behind_seen = 2 + rate.ticks_in_most(REWIND_BEHIND_SEEN_MAX);
        BelievedRewind {
            most: Rewind::of_ticks(rewind_max_ticks),
            behind_seen: Rewind::of_ticks(behind_seen),
            now: None,
        }
    }

    /// What of a claim can be true: it came with an input for `tick`, from a client that had seen the
    /// snapshot of `seen`.
    pub(super) fn bounded(self, claimed: Rewind, tick: Tick, seen: Tick) -> Rewind {
        let since_seen = Rewind::of_ticks(u32::try_from(tick.since(seen)).unwrap_or(0));
        let fits = Rewind(since_seen.0.saturating_add(self.behind_seen.0));
        claimed.min(self.most).min(fits)
    }

    /// The tick being made has an input with this claim, which was bounded.
    pub(super) fn follow(&mut self, claimed: Rewind) {
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

    const TICK: Tick = Tick(10_000);

    fn rate(hz: u16) -> TickRate {
        TickRate::new(hz).expect("a rate within the limits")
    }

    fn claim(believed: &mut BelievedRewind, claimed: Rewind, seen: Tick) {
        believed.follow(believed.bounded(claimed, TICK, seen));
    }

    /// A client on a long line, whose newest snapshot is old.
    fn far(claimed: u16, believed: &mut BelievedRewind) -> Rewind {
        claim(believed, Rewind(claimed), TICK.minus(30));
        believed.now()
    }

    #[test]
    fn an_honest_claim_is_followed_and_a_leap_is_not() {
        let mut believed = BelievedRewind::new(rate(30), 8);
        assert_eq!(believed.now(), Rewind(0));
        for claimed in [60, 61, 61, 60, 61] {
            assert_eq!(far(claimed, &mut believed), Rewind(claimed));
        }
        assert_eq!(far(u16::MAX, &mut believed), Rewind(62));
        assert_eq!(far(0, &mut believed), Rewind(61));
    }

    #[test]
    fn beyond_the_limit_the_limit_is_believed_and_without_one_nothing() {
        let mut believed = BelievedRewind::new(rate(30), 8);
        let mut off = BelievedRewind::new(rate(30), 0);
        for _ in 0..100 {
            far(u16::MAX, &mut believed);
            far(u16::MAX, &mut off);
        }
        assert_eq!((believed.now(), off.now()), (Rewind::of_ticks(8), Rewind(0)));
    }

    #[test]
    fn who_has_seen_what_is_new_has_not_seen_what_is_old() {
        let mut believed = BelievedRewind::new(rate(30), 30);
        claim(&mut believed, Rewind(u16::MAX), TICK.minus(2));
        // Two ticks of line, two between snapshots, 50 ms of jitter.
        assert_eq!(believed.now(), Rewind::of_ticks(2 + 2 + 2));
        let mut ahead = BelievedRewind::new(rate(30), 30);
        claim(&mut ahead, Rewind(u16::MAX), TICK.plus(1_000_000));
        assert_eq!(ahead.now(), Rewind::of_ticks(2 + 2));
    }

    #[test]
    fn between_two_rails_the_claim_moves_by_less_than_a_tenth_of_a_second() {
        // From one rail to the next: the charge and the pause before it.
        const BETWEEN_S: f32 = 1.5;
        for hz in [20, 30, 60, 128] {
            let mut believed = BelievedRewind::new(rate(hz), rate(hz).ticks_in(0.25));
            let mut at_shots = Vec::new();
            for shot in 0..20 {
                let wished = if shot % 2 == 0 { u16::MAX } else { 0 };
                for _ in 0..rate(hz).ticks_in(BETWEEN_S) {
                    far(wished, &mut believed);
                }
                at_shots.push(believed.now());
            }
            let most = at_shots.iter().max().expect("there are shots");
            let least = at_shots[1..].iter().min().expect("there are shots");
            let moved_s = f32::from(most.0 - least.0) / 16.0 / f32::from(hz);
            assert!(moved_s < 0.1, "{hz} Hz: {moved_s} s, {at_shots:?}");
        }
    }

    #[test]
    fn a_picture_of_the_future_is_one_of_the_present() {
        let claimed = Rewind::between(1_000.0, Tick(900));
        let mut believed = BelievedRewind::new(rate(30), 8);
        claim(&mut believed, claimed, TICK);
        assert_eq!(believed.now(), Rewind(0));
    }
}
