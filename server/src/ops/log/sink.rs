//! [`LogOutput`]: writes lines to an output that may fail, block or be full, and says what was lost once it
//! can.

use std::io::{ErrorKind, Write};
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use super::counters::LogCounters;
use crate::limits::LOG_LOST_NOTICE_EVERY;

/// How long to wait before a full non-blocking output is tried again.
const RETRY_AFTER: Duration = Duration::from_millis(20);

/// An output with what was lost on the way to it.
pub(super) struct LogOutput<W> {
    out: W,
    counters: &'static LogCounters,
    /// Whether the last line was written in part.
    is_mid_line: bool,
    /// How many lines were lost and left out when that was last written.
    reported: [u64; 2],
    reported_at: Option<Instant>,
}

impl<W: Write> LogOutput<W> {
    pub(super) fn new(out: W, counters: &'static LogCounters) -> LogOutput<W> {
        LogOutput { out, counters, is_mid_line: false, reported: [0; 2], reported_at: None }
    }

    /// Writes a line, or counts it as dropped.
    pub(super) fn write_line(&mut self, line: &[u8]) {
        if self.reported_at.is_none_or(|at| at.elapsed() >= LOG_LOST_NOTICE_EVERY) {
            self.report_losses();
        }
        if !self.write_whole(line) {
            self.counters.dropped.fetch_add(1, Relaxed);
        }
    }

    /// Writes how many lines are missing, if any since it was last written.
    pub(super) fn report_losses(&mut self) {
        let lost = [&self.counters.dropped, &self.counters.paced].map(|count| count.load(Relaxed));
        if lost == self.reported {
            return;
        }
        let [dropped, paced] = [0, 1].map(|at| lost[at] - self.reported[at]);
        let notice = format!(
            "WARN log: lines lost because the log could not be written: {dropped}; left out because there \
             were too many of their kind: {paced}\n"
        );
        if self.write_whole(notice.as_bytes()) {
            self.reported = lost;
            self.reported_at = Some(Instant::now());
        }
    }

    /// Writes all of it; returns whether it could. It waits for an output that is full and does not
    /// block, as one that blocks would wait.
    fn write_whole(&mut self, line: &[u8]) -> bool {
        if self.is_mid_line {
            self.is_mid_line = false;
            if !self.write_whole(b"\n") {
                self.is_mid_line = true;
                return false;
            }
        }
        let mut rest = line;
        while !rest.is_empty() {
            match self.out.write(rest) {
                Ok(written) if written > 0 => rest = &rest[written.min(rest.len())..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(RETRY_AFTER),
                Ok(_) | Err(_) => {
                    self.is_mid_line = rest.len() < line.len();
                    return false;
                }
            }
        }
        true
    }
}
