//! [`InFlight`]: which ticks were sent to a player and not acknowledged.
//!
//! A bit for each of the last ticks, beside what else the player's flow control holds: what is under way
//! on most paths needs no memory of its own, which would have to be fetched at every tick: in rooms of 16
//! that was 2 % of the time outside the kernel.

use std::collections::VecDeque;

use tickwire_game::tick::Tick;

/// Ticks in rising order, each once.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    newest: Tick,
    /// The lowest bit is that of `newest`, the next one of the tick before it.
    recent: u64,
    /// Those before these, on a path that takes longer. Empty most of the time.
    older: VecDeque<Tick>,
}

impl InFlight {
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn len(&self) -> u32 {
        self.recent.count_ones() + self.older.len() as u32
    }

    /// Adds a tick, later than all before.
    pub(super) fn push(&mut self, tick: Tick) {
        let passed = tick.0.saturating_sub(self.newest.0);
        while let oldest @ 0..64 = self.recent.leading_zeros()
            && passed > oldest
        {
            let at = 63 - oldest;
            self.older.push_back(self.newest.minus(at));
            self.recent &= !(1 << at);
        }
        self.recent = self.recent.checked_shl(passed).unwrap_or(0) | 1;
        self.newest = tick;
    }

    /// Takes all up to `acked` out. The newest of them and how many they are, if there are any.
    pub(super) fn take(&mut self, acked: Tick) -> Option<(Tick, u32)> {
        let before_newest = self.newest.0.saturating_sub(acked.0);
        let Some(upto_acked) = u64::MAX.checked_shl(before_newest) else {
            let count = self.older.partition_point(|sent| *sent <= acked);
            return Some((self.older.drain(..count).next_back()?, count as u32));
        };
        let taken = self.recent & upto_acked;
        let count = taken.count_ones() + self.older.len() as u32;
        let newest = match taken {
            0 => *self.older.back()?,
            _ => self.newest.minus(taken.trailing_zeros()),
        };
        self.recent &= !upto_acked;
        self.older.clear();
        Some((newest, count))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_queue_of_ticks(
            steps in prop::collection::vec(
                (prop_oneof![8 => 1_u32..4, 1 => 1_u32..200], any::<bool>(), 0_u32..150),
                1..300,
            ),
        ) {
            let (mut in_flight, mut queue) = (InFlight::default(), VecDeque::new());
            let mut now = Tick(1_000);
            for (passed, is_acked, behind) in steps {
                now = now.plus(passed);
                if is_acked {
                    let acked = now.minus(behind);
                    let count = queue.partition_point(|sent| *sent <= acked);
                    let newest = queue.drain(..count).next_back();
                    prop_assert_eq!(in_flight.take(acked), newest.map(|tick| (tick, count as u32)));
                } else {
                    in_flight.push(now);
                    queue.push_back(now);
                }
                prop_assert_eq!(in_flight.len() as usize, queue.len());
                prop_assert_eq!(in_flight.is_empty(), queue.is_empty());
            }
        }
    }

    #[test]
    fn what_is_on_its_way_on_most_paths_needs_no_memory_of_its_own() {
        let mut in_flight = InFlight::default();
        for tick in 1..1_000 {
            in_flight.push(Tick(tick));
            in_flight.take(Tick(tick).minus(60));
            assert_eq!(in_flight.older.capacity(), 0);
        }
    }
}
