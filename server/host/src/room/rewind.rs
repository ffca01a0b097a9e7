//! How much of what a player says of the age of its picture is believed.
//!
//! Owned by the input buffer, one per player. A client says with each input how much older than the
//! input's tick the picture was that its player acted on; shots that hit at once are judged by it.
//! Nobody can check that to the millisecond, so it is made useless to lie about. The age must fit
//! to the client's network path, which the server judges by how soon snapshots are acknowledged
//! when that is soonest; it may only drift, as that of an honest client does; and it is never
//! beyond the limit of the room. Acknowledgements that cease now and then, or for good, make no
//! path longer. Ones that are late by different times look like jitter, for which a little is
//! allowed. A player that always acknowledges late and claims as much of the past as fits is judged
//! like one on a longer path; nobody gets far by choosing it shot by shot.

use serde::{Deserialize, Serialize};
use tickwire_game::tick::{Rewind, Tick, TickRate};

use crate::limits::{
    REWIND_BEHIND_SEEN_MAX, REWIND_BEHIND_SEEN_MIN_TICKS, REWIND_DRIFT_MAX, REWIND_JITTER_MAX,
};

/// As how many times the most jitter one late acknowledgement is remembered, so that it fades within
/// seconds.
const JITTER_REMEMBERED: u16 = 4;

/// What is believed of one player.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct BelievedRewind {
    most: Rewind,
    /// How much older the picture may be than the newest snapshot seen.
    behind_seen: Rewind,
    /// How old the newest snapshot acknowledged is when it is youngest: the client's path, there
    /// and back. `None` before the first input.
    line: Option<Rewind>,
    /// The greatest recent age of what it newly acknowledged.
    oldest: Rewind,
    /// How much of what lies between these counts as jitter at most.
    jitter_max: Rewind,
    /// The newest snapshot that it has acknowledged.
    seen: Tick,
    /// The room's tick when that was last looked at.
    heard_at: Tick,
    now: Option<Rewind>,
    /// Whether in the last tick less was believed since the client cannot have seen so old a picture.
    is_bounded: bool,
}

/// What a client claims, and what of it can be true.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Claim {
    claimed: Rewind,
    fits: Rewind,
}

impl BelievedRewind {
    /// No more than `rewind_max_ticks` will ever be believed.
    pub(super) fn new(rate: TickRate, rewind_max_ticks: u32) -> BelievedRewind {
        let behind_seen =
            rate.ticks_ceil_or_zero(REWIND_BEHIND_SEEN_MAX).max(REWIND_BEHIND_SEEN_MIN_TICKS);
        BelievedRewind {
            most: Rewind::of_ticks(rewind_max_ticks),
            behind_seen: Rewind::of_ticks(behind_seen),
            line: None,
            oldest: Rewind::default(),
            jitter_max: Rewind::of_ticks(rate.ticks_ceil_or_zero(REWIND_JITTER_MAX)),
            seen: Tick(0),
            heard_at: Tick(0),
            now: None,
            is_bounded: false,
        }
    }

    /// An input has come, `now` being the last tick stepped, from a client that had acknowledged the
    /// snapshot of `seen`.
    pub(super) fn heard(&mut self, now: Tick, seen: Tick) {
        let age = ticks_between(seen, now);
        let passed = u16::try_from(now.since(self.heard_at)).unwrap_or(0);
        self.heard_at = now;
        let drift = passed.saturating_mul(REWIND_DRIFT_MAX);
        self.oldest = Rewind(self.oldest.0.saturating_sub(drift));
        // What is acknowledged again grows old by itself.
        if seen > self.seen {
            self.seen = seen;
            self.oldest = self.oldest.max(age);
        }
        self.line = Some(match self.line {
            None => age,
            // A path becomes longer only as fast as a claim can.
            Some(Rewind(line)) => age.min(Rewind(line.saturating_add(drift))),
        });
        // One acknowledgement that is very late is no jitter that lasts.
        let Rewind(line) = self.line.unwrap_or_default();
        let most = self.jitter_max.0.saturating_mul(JITTER_REMEMBERED).saturating_add(line);
        self.oldest = self.oldest.min(Rewind(most));
    }

    /// What of a claim can be true that came with an input for `tick`, `now` being the last tick
    /// stepped.
    pub(super) fn judge(&self, claimed: Rewind, now: Tick, tick: Tick) -> Claim {
        let Rewind(line) = self.line.unwrap_or_default();
        let Rewind(ahead) = ticks_between(now, tick);
        let jitter = self.oldest.0.saturating_sub(line).min(self.jitter_max.0);
        let fits = ahead.saturating_add(line).saturating_add(self.behind_seen.0 + jitter);
        Claim { claimed: claimed.min(self.most), fits: Rewind(fits) }
    }

    /// The tick being made has an input with this claim.
    pub(super) fn follow(&mut self, Claim { claimed, fits }: Claim) {
        let believed = self.drifted(claimed.min(fits));
        self.is_bounded = believed < self.drifted(claimed);
        self.now = Some(believed);
    }

    /// What comes of what is believed when it drifts to `claimed`.
    fn drifted(&self, claimed: Rewind) -> Rewind {
        match self.now {
            // The first has nothing to drift from.
            None => claimed,
            Some(Rewind(before)) => Rewind(claimed.0.clamp(
                before.saturating_sub(REWIND_DRIFT_MAX),
                before.saturating_add(REWIND_DRIFT_MAX),
            )),
        }
    }

    /// Whether the last claim was bounded, with effect, by what the client can have seen.
    pub(super) fn is_bounded(&self) -> bool {
        self.is_bounded
    }

    /// What is believed in the tick being made.
    pub(super) fn now(self) -> Rewind {
        self.now.unwrap_or_default()
    }
}

/// From one tick to a later one; nothing when it is not later.
fn ticks_between(earlier: Tick, later: Tick) -> Rewind {
    Rewind::of_ticks(u32::try_from(later.since(earlier)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Tick = Tick(10_000);

    fn rate(hz: u16) -> TickRate {
        TickRate::new(hz).expect("a rate within the limits")
    }

    /// It comes for the very next tick, from a client that had acknowledged `seen`.
    fn claim(believed: &mut BelievedRewind, claimed: Rewind, now: Tick, seen: Tick) {
        believed.heard(now, seen);
        believed.follow(believed.judge(claimed, now, now.next()));
    }

    /// A client on a long path, whose newest snapshot is old.
    fn far(claimed: u16, believed: &mut BelievedRewind) -> Rewind {
        claim(believed, Rewind(claimed), TICK, TICK.minus(30));
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
        claim(&mut believed, Rewind(u16::MAX), TICK, TICK.minus(1));
        // To the tick of the input, a tick of delay, and 120 ms.
        assert_eq!(believed.now(), Rewind::of_ticks(1 + 1 + 4));
        assert!(believed.is_bounded());
        let mut ahead = BelievedRewind::new(rate(30), 30);
        claim(&mut ahead, Rewind(u16::MAX), TICK, TICK.plus(1_000_000));
        assert_eq!(ahead.now(), Rewind::of_ticks(1 + 4));
        claim(&mut ahead, Rewind(1), TICK, TICK);
        assert!(!ahead.is_bounded());
    }

    #[test]
    fn one_very_late_acknowledgement_is_soon_forgotten() {
        let mut believed = BelievedRewind::new(rate(30), 30);
        let fits = |believed: &mut BelievedRewind, now: u32, seen: u32| {
            believed.heard(Tick(now), Tick(seen));
            believed.judge(Rewind(u16::MAX), Tick(now), Tick(now + 1)).fits
        };
        let honest = (1_000..1_100).map(|now| fits(&mut believed, now, now - 1)).last();
        fits(&mut believed, 1_500, 1_200);
        let soon = fits(&mut believed, 1_501, 1_500);
        assert!(Some(soon) > honest, "for now it counts as jitter");
        let later = (1_502..1_700).map(|now| fits(&mut believed, now, now - 1)).last();
        assert_eq!(later, honest);
    }

    #[test]
    fn who_acknowledges_late_now_and_then_has_no_longer_line() {
        // Every eighth tick it acknowledges the newest, and nothing in between.
        let mut believed = BelievedRewind::new(rate(30), 30);
        let mut most = Rewind(0);
        for now in 1_000..10_000 {
            let seen = Tick(now / 8 * 8);
            claim(&mut believed, Rewind(u16::MAX), Tick(now), seen);
            most = most.max(believed.now());
        }
        // One that acknowledges in the same tick may have seen 1 + 4; the path drifts meanwhile.
        assert!(most <= Rewind(Rewind::of_ticks(5).0 + 8), "{most:?}");
        // And who ceases to is followed no faster than a claim that drifts.
        for now in 10_000..10_030 {
            claim(&mut believed, Rewind(u16::MAX), Tick(now), Tick(9_999));
        }
        assert!(believed.now() <= Rewind(most.0 + 30), "{:?}", believed.now());
    }

    #[test]
    fn ages_of_what_is_newly_acknowledged_that_lie_apart_are_jitter_and_no_more_than_so_much() {
        const PERIOD: u32 = 12;
        for (late, jitter) in [(1, 0), (3, 2), (10, 2)] {
            let mut believed = BelievedRewind::new(rate(30), 30);
            let mut seen = Tick(0);
            for now in (1_000 * PERIOD..1_100 * PERIOD).map(Tick) {
                match now.0 % PERIOD {
                    0 => seen = now.minus(1),
                    11 => seen = now.minus(late),
                    _ => {}
                }
                claim(&mut believed, Rewind(u16::MAX), now, seen);
            }
            // To the tick of the input, a tick of delay, 120 ms, and jitter of up to 60 ms; give or
            // take what drifts meanwhile.
            let usual = Rewind::of_ticks(1 + 1 + 4 + jitter).0;
            assert!(believed.now().0.abs_diff(usual) <= PERIOD as u16, "{late}: {believed:?}");
        }
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
        claim(&mut believed, claimed, TICK, TICK);
        assert_eq!(believed.now(), Rewind(0));
    }
}
