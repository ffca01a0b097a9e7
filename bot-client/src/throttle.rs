//! [`ReadThrottle`]: a slow line, as a limit on how much a client may read by now.
//!
//! A bucket of tokens, one for each byte. What is not read fills the small buffers of the kernel,
//! and then TCP makes the server wait, as on a path of that speed. The bucket is handed the time;
//! [`crate::wire`] asks it before each read.

use std::time::Duration;

use crate::options::ByteRate;

/// How long a reader that may read nothing waits before it asks again: data then comes in lumps of
/// this much time.
const PAUSE: Duration = Duration::from_millis(10);

/// Limits how fast a client reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadThrottle {
    bytes_per_second: f64,
    tokens: f64,
    filled_at: Duration,
}

impl ReadThrottle {
    pub(crate) fn new(rate: ByteRate, now: Duration) -> ReadThrottle {
        ReadThrottle { bytes_per_second: rate.bytes_per_second(), tokens: 0.0, filled_at: now }
    }

    /// How many bytes may be read now.
    pub(crate) fn allowed_bytes(&mut self, now: Duration) -> usize {
        let passed = now.saturating_sub(self.filled_at).as_secs_f64();
        self.filled_at = self.filled_at.max(now);
        // What could have been read while there was nothing to read is gone, save for what a late
        // reader missed.
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

    fn throttle(rate: &str) -> ReadThrottle {
        ReadThrottle::new(rate.parse().expect("it is a rate"), Duration::ZERO)
    }

    #[test]
    fn a_reader_that_takes_all_it_may_gets_just_the_rate() {
        for (rate, bytes_in_ten_seconds) in [("20kbit/s", 25_000), ("100bit/s", 125)] {
            let mut throttle = throttle(rate);
            let (mut now, mut read) = (Duration::ZERO, 0);
            while now <= Duration::from_secs(10) {
                let allowed = throttle.allowed_bytes(now);
                throttle.take(allowed);
                read += allowed;
                now = throttle.resume_at();
            }
            assert!(read <= bytes_in_ten_seconds, "{rate}: {read}");
            assert!(read + 30 >= bytes_in_ten_seconds, "{rate}: {read}");
        }
    }

    #[test]
    fn an_idle_line_saves_nothing_up() {
        let mut throttle = throttle("20kbit/s");
        assert_eq!(throttle.allowed_bytes(Duration::from_secs(60)), 50);
    }

    #[test]
    fn time_that_stands_still_gives_nothing() {
        let mut throttle = throttle("20kbit/s");
        let now = Duration::from_secs(1);
        throttle.take(throttle.clone().allowed_bytes(now));
        assert_eq!(ReadThrottle { tokens: 0.5, filled_at: now, ..throttle }.allowed_bytes(now), 0);
    }
}
