//! When a bot cuts its own connection, and in which way: the dice of `--cut` and `--cut-all`.
//!
//! Nothing here touches a connection: [`Bot::cut`](crate::bot::Bot::cut) does it.

use std::time::Duration;

use tickwire_game::game::Dice;

/// The dice of cuts and of waits before tries, beside those of the bots and of their paths.
const STREAM: u64 = 1 << 63;

/// The dice of the bot on a seat.
pub(crate) fn dice(seed: u64, seat: u32) -> Dice {
    Dice::new(seed, STREAM | u64::from(seat))
}

/// How a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CutWay {
    /// It is closed, without a close frame: as when a program crashes. The server sees it at once.
    Abrupt,
    /// Nothing is sent or read over it any more, and nobody says so: as on a path that is dead. The
    /// server sees only the new connection.
    Silent,
}

impl CutWay {
    /// One or the other, by chance.
    pub(crate) fn thrown(dice: &mut Dice) -> CutWay {
        if dice.chance(0.5) { CutWay::Silent } else { CutWay::Abrupt }
    }
}

/// How long it is to the next cut, if it is `mean` on average: a cut is as likely at any moment.
pub(crate) fn interval(mean: Duration, dice: &mut Dice) -> Duration {
    mean.mul_f32(-(1.0 - dice.unit()).ln())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_exponential_and_half_of_the_cuts_are_silent() {
        let mean = Duration::from_secs(5);
        let (mut sum, mut short, mut silent) = (Duration::ZERO, 0, 0);
        let mut dice = dice(7, 3);
        for _ in 0..10_000 {
            let interval = interval(mean, &mut dice);
            sum += interval;
            // ln 2 of the mean is the median.
            short += u32::from(interval < mean.mul_f32(std::f32::consts::LN_2));
            silent += u32::from(CutWay::thrown(&mut dice) == CutWay::Silent);
        }
        let average = sum / 10_000;
        assert!((Duration::from_millis(4_800)..Duration::from_millis(5_200)).contains(&average));
        assert!((4_800..5_200).contains(&short), "{short}");
        assert!((4_800..5_200).contains(&silent), "{silent}");
    }

    #[test]
    fn each_seat_is_cut_by_dice_of_its_own_and_by_the_same_again() {
        let first = |seed, seat| interval(Duration::from_secs(5), &mut dice(seed, seat));
        assert_eq!(first(7, 3), first(7, 3));
        assert_ne!(first(7, 3), first(7, 4));
        assert_ne!(first(7, 3), first(8, 3));
    }
}
