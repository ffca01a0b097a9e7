//! A token bucket: how much of something may come, on average and at once.
//!
//! It knows no clock: its owner says how much time has passed. Used for messages of a session and,
//! by transports, for bytes.

use std::time::Duration;

/// How fast a bucket fills and how much it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Tokens per second.
    pub per_second: u32,
    /// As much as comes in so much time is what it holds.
    pub burst: Duration,
}

/// What is left of a rate.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    /// In tokens times nanoseconds per second, so that no fraction is lost.
    left: u64,
}

const TOKEN: u64 = Duration::from_secs(1).as_nanos() as u64;

impl Bucket {
    /// One that holds as much as it may.
    #[must_use]
    pub fn full(rate: Rate) -> Bucket {
        Bucket { left: rate.in_time(rate.burst) }
    }

    /// So much time has passed.
    pub fn fill(&mut self, rate: Rate, passed: Duration) {
        let most = rate.in_time(rate.burst);
        // What was given beyond that stays until it is spent.
        self.left = self.left.saturating_add(rate.in_time(passed)).min(most).max(self.left);
    }

    /// Gives what comes in a time that has not passed here, beyond what it holds otherwise; in
    /// all for no more than `most`.
    pub fn give(&mut self, rate: Rate, lost: Duration, most: Duration) {
        let most = rate.in_time(rate.burst + most);
        self.left = self.left.saturating_add(rate.in_time(lost)).min(most).max(self.left);
    }

    /// How many whole tokens there are.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.left / TOKEN
    }

    /// Whether it holds no less than it does at most.
    #[must_use]
    pub fn is_full(&self, rate: Rate) -> bool {
        self.left >= rate.in_time(rate.burst)
    }

    /// How much time must pass before there is one.
    #[must_use]
    pub fn time_to_next(&self, rate: Rate) -> Duration {
        let missing = TOKEN.saturating_sub(self.left);
        Duration::from_nanos(missing.div_ceil(u64::from(rate.per_second).max(1)))
    }

    /// Takes so many, or all that there are.
    pub fn spend(&mut self, tokens: u64) {
        self.left = self.left.saturating_sub(tokens.saturating_mul(TOKEN));
    }

    /// Takes one, if there is one.
    pub fn take(&mut self) -> bool {
        let enough = self.left >= TOKEN;
        if enough {
            self.left -= TOKEN;
        }
        enough
    }
}

impl Rate {
    fn in_time(self, time: Duration) -> u64 {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        nanos.saturating_mul(self.per_second.into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_more_is_taken_in_any_time_than_it_held_and_what_came_since(
            per_second in 1_u32..2_000_000,
            burst_ms in 1_u64..20_000,
            steps in prop::collection::vec((0_u64..5_000, 1_u64..1_000_000), 1..50),
        ) {
            let rate = Rate { per_second, burst: Duration::from_millis(burst_ms) };
            let mut bucket = Bucket::full(rate);
            let (mut passed_ms, mut taken) = (0, 0);
            for (ms, wanted) in steps {
                passed_ms += ms;
                bucket.fill(rate, Duration::from_millis(ms));
                let given = bucket.left().min(wanted);
                bucket.spend(given);
                taken += given;
                prop_assert!(taken * 1_000 <= u64::from(per_second) * (burst_ms + passed_ms));
            }
        }
    }

    #[test]
    fn what_was_given_for_a_stall_stays_until_it_is_spent_and_is_bounded() {
        let rate = Rate { per_second: 10, burst: Duration::from_secs(1) };
        let mut bucket = Bucket::full(rate);
        for _ in 0..100 {
            bucket.give(rate, Duration::from_secs(1), Duration::from_secs(2));
        }
        bucket.fill(rate, Duration::from_secs(50));
        assert_eq!(bucket.left(), 30);
        assert!((0..30).all(|_| bucket.take()) && !bucket.take());
        bucket.fill(rate, Duration::from_secs(50));
        assert_eq!(bucket.left(), 10);
    }
}
