//! A slow line: how much of what has come a client may read by now.
//!
//! A bucket of tokens, one for each byte. What is not read fills the small buffers of the kernel,
//! and then TCP makes the server wait, as on a path of that speed. The bucket is handed the time;
//! [`crate::wire`] asks it before each read.

use std::time::Duration;

use crate::options::LineRate;

/// How long a reader that may read nothing waits before it asks again: bytes then come in lumps
/// of this much of the line's time.
const PAUSE: Duration = Duration::from_millis(10);

/// The reading end of a slow line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlowLine {
    bytes_per_second: f64,
    tokens: f64,
    filled_at: Duration,
}

impl SlowLine {
    pub(crate) fn new(rate: LineRate, now: Duration) -> SlowLine {
        SlowLine { bytes_per_second: rate.bytes_per_second(), tokens: 0.0, filled_at: now }
    }

    /// How many bytes may be read now.
    pub(crate) fn allowed_bytes(&mut self, now: Duration) -> usize {
        let passed = now.saturating_sub(self.filled_at).as_secs_f64();
        self.filled_at = self.filled_at.max(now);
        // What an idle line could have carried is gone, save for what a late reader missed.
        self.tokens = (self.tokens + passed * self.bytes_per_second).min(self.most_tokens());
        self.tokens as usize
    }

    /// That so many were read; no more than were allowed.
    pub(crate) fn take(&mut self, bytes: usize) {
        self.tokens -= bytes as f64;
    }

    /// When it is worth asking again, once nothing was allowed.
    pub(crate) fn resume_at(&self) -> Duration {
        let byte = Duration::from_secs_f64((1.0 - self.tokens).max(0.0) / self.bytes_per_second);
        self.filled_at + byte.max(PAUSE)
    }

    fn most_tokens(&self) -> f64 {
        (2.0 * PAUSE.as_secs_f64() * self.bytes_per_second).max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(rate: &str) -> SlowLine {
        SlowLine::new(rate.parse().expect("it is a rate"), Duration::ZERO)
    }

    #[test]
    fn a_reader_that_takes_all_it_may_gets_just_the_rate() {
        for (rate, bytes_in_ten_seconds) in [("20kbit/s", 25_000), ("100bit/s", 125)] {
            let mut line = line(rate);
            let (mut now, mut read) = (Duration::ZERO, 0);
            while now <= Duration::from_secs(10) {
                let allowed = line.allowed_bytes(now);
                line.take(allowed);
                read += allowed;
                now = line.resume_at();
            }
            assert!(read <= bytes_in_ten_seconds, "{rate}: {read}");
            assert!(read + 30 >= bytes_in_ten_seconds, "{rate}: {read}");
        }
    }

    #[test]
    fn an_idle_line_saves_nothing_up() {
        let mut line = line("20kbit/s");
        assert_eq!(line.allowed_bytes(Duration::from_secs(60)), 50);
    }

    #[test]
    fn time_that_stands_still_gives_nothing() {
        let mut line = line("20kbit/s");
        let now = Duration::from_secs(1);
        line.take(line.clone().allowed_bytes(now));
        assert_eq!(SlowLine { tokens: 0.5, filled_at: now, ..line }.allowed_bytes(now), 0);
    }
}
