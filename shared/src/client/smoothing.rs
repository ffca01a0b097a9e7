//! How the error of a drawing that has turned out wrong fades away.

use std::time::Duration;

/// In how long an error falls to a third.
const SMOOTHING: Duration = Duration::from_millis(80);

/// What part of an error is left after `age`; nothing at some time.
pub(super) fn left(age: Duration) -> f64 {
    let left = libm::exp(-age.as_secs_f64() / SMOOTHING.as_secs_f64());
    if left < 0.01 { 0.0 } else { left }
}
