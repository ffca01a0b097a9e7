//! [`RetiredIds`]: the ids of players who left, until they may be given out again.
//!
//! Part of the room's state. Clients know a player by its id alone: what they remember of one who
//! left (whom a camera follows, who fired a bolt, a name) must not become another's. So an id is
//! given out again only when all of that is over (`docs/decisions/0022-player-ids-retire.md`).

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use shared::ids::PlayerId;
use shared::tick::Tick;

use crate::limits::PLAYER_IDS_RETIRED_MAX;

/// Ids that are not to be given out yet.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct RetiredIds {
    /// With the last tick at which they were a player's, the oldest first.
    ids: VecDeque<(Tick, PlayerId)>,
}

impl RetiredIds {
    /// A player has left after `tick`. Whether the oldest id had to come free before its time.
    pub(super) fn retire(&mut self, id: PlayerId, tick: Tick) -> bool {
        let is_full = self.ids.len() >= PLAYER_IDS_RETIRED_MAX;
        if is_full {
            self.ids.pop_front();
        }
        self.ids.push_back((tick, id));
        is_full
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
        while self.ids.front().is_some_and(|(left, _)| is_over(*left)) {
            self.ids.pop_front();
        }
        let mut retired: Vec<PlayerId> = self.ids.iter().map(|(_, id)| *id).collect();
        retired.sort_unstable();
        (first..=u16::MAX)
            .map(PlayerId)
            .find(|id| !is_taken(*id) && retired.binary_search(id).is_err())
            .expect("fewer ids are taken or retired than there are")
    }
}

#[cfg(test)]
mod tests {
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
