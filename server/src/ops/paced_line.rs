//! [`PacedLine`]: how often a line may be logged that strangers can cause.
//!
//! It is given the time and logs nothing itself. The owner of a line keeps one for it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Least time between two lines of one kind.
const EVERY: Duration = Duration::from_secs(1);

/// The pace of one kind of line: one a second. Those in between are counted.
#[derive(Debug, Default)]
pub(crate) struct PacedLine(Mutex<LastLine>);

#[derive(Debug, Default)]
struct LastLine {
    last: Option<Instant>,
    suppressed: u64,
}

impl PacedLine {
    /// Whether a line may be logged now: if so, the number of lines that were suppressed since the
    /// last one.
    pub(crate) fn allow(&self, now: Instant) -> Option<u64> {
        let mut pace = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pace.last.is_some_and(|last| now.saturating_duration_since(last) < EVERY) {
            pace.suppressed += 1;
            return None;
        }
        pace.last = Some(now);
        Some(std::mem::take(&mut pace.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_strangers_can_cause_is_logged_once_a_second_with_the_number_left_out() {
        let (line, start) = (PacedLine::default(), Instant::now());
        let at = |ms| line.allow(start + Duration::from_millis(ms));
        assert_eq!([at(0), at(1), at(999), at(1_000)], [Some(0), None, None, Some(2)]);
        assert_eq!([at(1_999), at(2_001), at(9_000)], [None, Some(1), Some(0)]);
    }
}
