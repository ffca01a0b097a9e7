//! [`RefusalLog`]: which refusals are logged.
//!
//! Strangers cause refusals, as many as they like. The log gets the first of each kind, and another
//! one after a long time; few lines in all, and the memory of what was logged is bounded. Where a
//! stranger can make up kinds, each address gets one line in a while, so that it does not crowd out
//! what others are refused for.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::peer::ClientAddress;
use crate::limits::{
    REFUSAL_LINE_OF_ADDRESS_EVERY, REFUSAL_LINES_BURST, REFUSAL_LOGGED_AGAIN, REFUSALS_LINE_EVERY,
    REFUSALS_LOGGED_MAX,
};

/// The refusals that were logged, by their kind.
#[derive(Debug)]
pub(crate) struct RefusalLog<K>(Mutex<LoggedRefusal<K>>);

#[derive(Debug)]
struct LoggedRefusal<K> {
    /// When each was logged last.
    at: HashMap<K, Duration>,
    /// When one was logged last because of each address, as long as that matters: no more than lines
    /// are logged meanwhile.
    by_address: HashMap<ClientAddress, Duration>,
    /// When the whole burst of lines is available again.
    burst_full_at: Duration,
}

impl<K> Default for RefusalLog<K> {
    fn default() -> RefusalLog<K> {
        let (at, by_address) = (HashMap::new(), HashMap::new());
        RefusalLog(Mutex::new(LoggedRefusal { at, by_address, burst_full_at: Duration::ZERO }))
    }
}

impl<K: Clone + Eq + Hash> RefusalLog<K> {
    /// Whether a refusal of this kind is logged at `now`. One that is not because there are too many
    /// lines is due later.
    pub(crate) fn is_due(&self, kind: &K, now: Duration) -> bool {
        self.logged().is_due(kind, now)
    }

    /// The same for what an address can make up: it causes one line in a while.
    pub(crate) fn is_due_to(&self, address: ClientAddress, kind: &K, now: Duration) -> bool {
        let mut logged = self.logged();
        logged.by_address.retain(|_, at| now < *at + REFUSAL_LINE_OF_ADDRESS_EVERY);
        let is_due = !logged.by_address.contains_key(&address) && logged.is_due(kind, now);
        if is_due {
            logged.by_address.insert(address, now);
        }
        is_due
    }

    /// A poisoned lock is still consistent: no code panics while it changes the tables.
    fn logged(&self) -> MutexGuard<'_, LoggedRefusal<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash> LoggedRefusal<K> {
    fn is_due(&mut self, kind: &K, now: Duration) -> bool {
        if self.at.get(kind).is_some_and(|at| now < *at + REFUSAL_LOGGED_AGAIN) {
            return false;
        }
        let burst_full_at = self.burst_full_at.max(now) + REFUSALS_LINE_EVERY;
        if burst_full_at > now + REFUSAL_LINES_BURST * REFUSALS_LINE_EVERY {
            return false;
        }
        self.burst_full_at = burst_full_at;
        if self.at.len() >= REFUSALS_LOGGED_MAX {
            self.at.retain(|_, at| now < *at + REFUSAL_LOGGED_AGAIN);
        }
        if self.at.len() >= REFUSALS_LOGGED_MAX
            && let Some(oldest) = self.at.iter().min_by_key(|(_, at)| **at)
        {
            let oldest = oldest.0.clone();
            self.at.remove(&oldest);
        }
        self.at.insert(kind.clone(), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_refusal_of_each_kind_is_logged_and_one_after_a_long_time() {
        let log = RefusalLog::default();
        let second = Duration::from_secs(1);
        assert!(log.is_due(&"a", second));
        assert!(log.is_due(&"b", second));
        for at in 1..REFUSAL_LOGGED_AGAIN.as_secs() {
            assert!(!log.is_due(&"a", second + Duration::from_secs(at)));
        }
        assert!(log.is_due(&"a", second + REFUSAL_LOGGED_AGAIN));
    }

    #[test]
    fn what_one_address_makes_up_does_not_crowd_out_others() {
        let log = RefusalLog::default();
        let address = |number: u8| ClientAddress::Known([10, 0, 0, number].into());
        let mut lines = 0;
        for second in 0..3_600 {
            let now = Duration::from_secs(second);
            lines += u64::from(log.is_due_to(address(1), &format!("made up {second}"), now));
            if second % 600 == 599 {
                assert!(log.is_due_to(address(2), &format!("own {second}"), now), "{second}");
            }
        }
        assert_eq!(lines, 3_600 / REFUSAL_LINE_OF_ADDRESS_EVERY.as_secs());
        assert!(log.logged().by_address.len() <= 2);
    }

    #[test]
    fn strangers_cause_few_lines_and_the_table_is_bounded() {
        let log = RefusalLog::default();
        let lines = |from: u64, to: u64| {
            let at = |number: u64| Duration::from_millis(10 * number);
            (from..to).filter(|number| log.is_due(number, at(*number))).count()
        };
        let hours = 24;
        let lines = lines(0, hours * 360_000);
        let most = hours * 3_600 / REFUSALS_LINE_EVERY.as_secs() + u64::from(REFUSAL_LINES_BURST);
        assert!(lines as u64 <= most, "{lines} lines");
        let logged = log.0.lock().expect("nobody panicked");
        assert!(logged.at.len() <= REFUSALS_LOGGED_MAX);
        drop(logged);
        // One that was not logged because of the others is logged later.
        let later = Duration::from_secs(hours * 3_600 + 3_600);
        assert!(log.is_due(&u64::MAX, later));
    }
}
