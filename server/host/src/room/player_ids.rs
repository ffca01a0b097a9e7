//! [`RetiredIds`]: the ids of players who left, until they may be given out again.
//!
//! Part of the room's state. Clients know a player by its id alone: what they remember of one who
//! left (whom a camera follows, who fired a bolt, a name) must not become another's. So an id is
//! given out again only when all of that is over (`docs/decisions/0022-player-ids-retire.md`).

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use tickwire_game::ids::PlayerId;
use tickwire_game::tick::Tick;

use crate::limits::PLAYER_IDS_RETIRED_MAX;

/// Ids that are not to be given out yet.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct RetiredIds {
    /// With the last tick at which they were a player's, the oldest first.
    queue: VecDeque<(Tick, PlayerId)>,
    /// The same, sorted. An id is in the queue once: it is nobody's while it is there.
    ids: BTreeSet<PlayerId>,
}

impl RetiredIds {
    /// A player has left after `tick`. Whether the oldest id had to come free before its time.
    pub(super) fn retire(&mut self, id: PlayerId, tick: Tick) -> bool {
        let is_full = self.queue.len() >= PLAYER_IDS_RETIRED_MAX;
        if is_full {
            self.free_oldest();
        }
        self.queue.push_back((tick, id));
        self.ids.insert(id);
        is_full
    }

    fn free_oldest(&mut self) {
        if let Some((_, id)) = self.queue.pop_front() {
            self.ids.remove(&id);
        }
    }

    /// The lowest id, from `first` on, that is not taken and was nobody's in the last `ticks` before
    /// `now`: low ids are short on the wire.
    pub(super) fn lowest_free(
        &mut self,
        now: Tick,
        ticks: u32,
        first: u16,
        is_taken: impl Fn(PlayerId) -> bool,
    ) -> PlayerId {
        let is_over = |left: Tick| now.since(left) >= i64::from(ticks);
        while self.queue.front().is_some_and(|(left, _)| is_over(*left)) {
            self.free_oldest();
        }
        let mut retired = self.ids.range(PlayerId(first)..).peekable();
        (first..=u16::MAX)
            .map(PlayerId)
            .find(|id| retired.next_if_eq(&id).is_none() && !is_taken(*id))
            .expect("fewer ids are taken or retired than there are")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TICKS: u32 = 900;

    fn lowest(ids: &mut RetiredIds, now: u32, taken: &[u16]) -> u16 {
        ids.lowest_free(Tick(now), TICKS, 0, |id| taken.contains(&id.0)).0
    }

    #[test]
    fn an_id_comes_free_when_its_time_is_over_and_the_lowest_first() {
        let mut ids = RetiredIds::default();
        assert_eq!(lowest(&mut ids, 10, &[]), 0);
        assert_eq!(lowest(&mut ids, 10, &[0, 1, 3, 900]), 2);
        ids.retire(PlayerId(1), Tick(10));
        ids.retire(PlayerId(0), Tick(11));
        assert_eq!(lowest(&mut ids, 11, &[2]), 3);
        assert_eq!(lowest(&mut ids, 10 + TICKS - 1, &[2]), 3);
        assert_eq!(lowest(&mut ids, 10 + TICKS, &[2]), 1);
        assert_eq!(lowest(&mut ids, 11 + TICKS, &[2]), 0);
    }

    proptest! {
        /// Against the plain rule: of all ids the lowest that nobody has and that nobody had
        /// recently.
        #[test]
        fn ids_are_the_lowest_whoever_comes_and_goes(
            acts in prop::collection::vec((any::<bool>(), 0..40_u32, any::<prop::sample::Index>()), 0..300),
        ) {
            let (mut ids, mut now) = (RetiredIds::default(), 0);
            let (mut taken, mut left) = (BTreeSet::new(), Vec::<(u32, u16)>::new());
            for (comes, passes, at) in acts {
                now += passes;
                if comes || taken.is_empty() {
                    let of_late = |id| left.iter().any(|(at, left)| *left == id && now - at < TICKS);
                    let lowest = (0..).find(|id| !taken.contains(id) && !of_late(*id));
                    let first = (0..).find(|id| !taken.contains(id)).expect("there are more");
                    let is_taken = |id: PlayerId| taken.contains(&id.0);
                    let id = ids.lowest_free(Tick(now), TICKS, first, is_taken);
                    prop_assert_eq!(Some(id.0), lowest);
                    taken.insert(id.0);
                } else {
                    let id = *taken.iter().nth(at.index(taken.len())).expect("it is one of them");
                    taken.remove(&id);
                    left.push((now, id));
                    prop_assert!(!ids.retire(PlayerId(id), Tick(now)));
                }
            }
        }
    }

    #[test]
    fn of_more_than_may_wait_the_oldest_comes_free_early() {
        let mut ids = RetiredIds::default();
        for id in 0..PLAYER_IDS_RETIRED_MAX {
            assert!(!ids.retire(PlayerId(id as u16), Tick(0)));
        }
        assert_eq!(usize::from(lowest(&mut ids, 1, &[])), PLAYER_IDS_RETIRED_MAX);
        assert!(ids.retire(PlayerId(PLAYER_IDS_RETIRED_MAX as u16), Tick(1)));
        assert_eq!(lowest(&mut ids, 1, &[]), 0);
    }
}
