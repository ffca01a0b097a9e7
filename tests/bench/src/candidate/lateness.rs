//! [`Lateness`]: how late the ticks of a candidate were, printed when its stdin ends.

use std::io::BufRead;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;

use super::MEASURE;

/// A histogram of microseconds.
pub(super) struct Lateness(Mutex<Histogram<u64>>);

impl Lateness {
    /// Starts a thread that prints it and ends the process when stdin ends.
    pub(super) fn until_stdin_ends() -> Arc<Lateness> {
        let empty = Histogram::new(3).expect("three digits are few enough");
        let lateness = Arc::new(Lateness(Mutex::new(empty)));
        let watched = Arc::clone(&lateness);
        std::thread::spawn(move || watched.watch_stdin());
        lateness
    }

    pub(super) fn record(&self, late: Duration) {
        let mut histogram = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        histogram.saturating_record(late.as_micros() as u64);
    }

    fn watch_stdin(&self) {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if line == MEASURE {
                self.0.lock().unwrap_or_else(PoisonError::into_inner).reset();
            }
        }
        let histogram = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        #[expect(clippy::print_stdout, reason = "this is how it reports")]
        {
            let quantile = |q| histogram.value_at_quantile(q);
            println!("{}", serde_json::json!({ "p50": quantile(0.5), "p99": quantile(0.99) }));
        }
        std::process::exit(0);
    }
}
