//! The order of players: by points, of equals by number.
//!
//! Sorting numbers of 64 bits is code that the page has already; a sort of anything else would be 5 kB more
//! that each player waits for.

use tickwire_game::ids::PlayerId;

/// The places of these players, those with the fewest points first.
pub(super) fn fewest_first(players: impl Iterator<Item = (usize, i32, PlayerId)>) -> Vec<usize> {
    ranked(players.map(|(place, score, player)| (place, rising(score), player)))
}

/// The places of these players, those with the most points first.
pub(super) fn most_first(players: impl Iterator<Item = (usize, i32, PlayerId)>) -> Vec<usize> {
    ranked(players.map(|(place, score, player)| (place, !rising(score), player)))
}

/// Rises with it, and is never negative.
fn rising(score: i32) -> u32 {
    score.cast_unsigned() ^ (1 << 31)
}

fn ranked(players: impl Iterator<Item = (usize, u32, PlayerId)>) -> Vec<usize> {
    // A room has fewer players than 16 bits count.
    let key = |(place, rank, player): (usize, u32, PlayerId)| {
        u64::from(rank) << 32 | u64::from(player.0) << 16 | (place as u64 & 0xffff)
    };
    let mut keys: Vec<u64> = players.map(key).collect();
    keys.sort_unstable();
    keys.into_iter().map(|key| (key & 0xffff) as usize).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_as_by_a_sort_of_all_that_counts(
            scores in proptest::collection::vec(any::<i32>(), 0..40),
        ) {
            let players = scores.iter().enumerate().map(|(place, &score)| {
                (place, score % 3, PlayerId(place as u16 * 7 % 41))
            });
            let players: Vec<_> = players.collect();
            let by = |key: fn(&(usize, i32, PlayerId)) -> (i64, PlayerId)| {
                let mut sorted = players.clone();
                sorted.sort_by_key(key);
                sorted.into_iter().map(|(place, ..)| place).collect::<Vec<_>>()
            };
            let fewest = by(|&(_, score, player)| (score.into(), player));
            let most = by(|&(_, score, player)| (-i64::from(score), player));
            prop_assert_eq!(fewest_first(players.iter().copied()), fewest);
            prop_assert_eq!(most_first(players.iter().copied()), most);
        }
    }

    #[test]
    fn the_lowest_and_the_highest_score_have_their_places() {
        let scores = [0, i32::MAX, i32::MIN, -1, 1];
        let players = || scores.iter().enumerate().map(|(at, &score)| (at, score, PlayerId(0)));
        assert_eq!(fewest_first(players()), [2, 3, 0, 4, 1]);
        assert_eq!(most_first(players()), [1, 4, 0, 3, 2]);
    }
}
