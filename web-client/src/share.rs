//! [`RecentShare`]: in what part of the last few seconds something was so.
//!
//! Owned by `page_client`, which tells it of each frame.

use std::collections::VecDeque;
use std::time::Duration;

/// How far back it looks.
const WINDOW: Duration = Duration::from_secs(5);
/// Most looks kept, whatever a page draws: five seconds at 240 frames each.
const LOOKS_MAX: usize = 1_200;

/// How often something was so, of the looks of the last few seconds.
#[derive(Debug, Default)]
pub(crate) struct RecentShare {
    looks: VecDeque<(Duration, bool)>,
}

impl RecentShare {
    pub(crate) fn note(&mut self, now: Duration, is_so: bool) {
        let is_old = |&(at, _): &(Duration, bool)| at + WINDOW < now;
        while self.looks.len() >= LOOKS_MAX || self.looks.front().is_some_and(is_old) {
            self.looks.pop_front();
        }
        self.looks.push_back((now, is_so));
    }

    pub(crate) fn clear(&mut self) {
        self.looks.clear();
    }

    /// 0 before the first look.
    pub(crate) fn percent(&self) -> f64 {
        let so = self.looks.iter().filter(|(_, is_so)| *is_so).count();
        100.0 * so as f64 / self.looks.len().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_of_the_last_seconds_and_forgets_what_was_before() {
        let mut share = RecentShare::default();
        assert_eq!(share.percent(), 0.0);
        for second in 0..4 {
            share.note(Duration::from_secs(second), second == 0);
        }
        assert_eq!(share.percent(), 25.0);
        share.note(Duration::from_secs(6), false);
        assert_eq!(share.percent(), 0.0);
        for _ in 0..2 * LOOKS_MAX {
            share.note(Duration::from_secs(7), true);
        }
        assert_eq!((share.percent(), share.looks.len()), (100.0, LOOKS_MAX));
    }
}
