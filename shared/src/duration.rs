//! Durations as people write them on a command line: `80ms`, `1.5s`, `2m`, `1h`.

use std::time::Duration;

/// Longest duration that is taken, in seconds: a year, so that sums of a few stay within reach.
const MAX_SECONDS: f64 = 31_536_000.0;

/// Not a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time like 500ms, 30s, 2m or 1h")]
pub struct DurationError;

/// The duration that `text` says: a number, which may have a fraction, and its unit.
///
/// # Errors
/// When it says none, or one that is negative or longer than a year.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).ok_or(DurationError)?;
    let (number, unit) = text.split_at(unit_at);
    let number: f64 = number.trim().parse().map_err(|_| DurationError)?;
    let seconds = match unit {
        "ms" => number / 1000.0,
        "s" => number,
        "m" => number * 60.0,
        "h" => number * 3600.0,
        _ => return Err(DurationError),
    };
    if !(0.0..=MAX_SECONDS).contains(&seconds) {
        return Err(DurationError);
    }
    Ok(Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_unit() {
        assert_eq!(parse("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(parse("1.5s"), Ok(Duration::from_millis(1500)));
        for wrong in ["30", "s", "-1s", "3x", "", "nans", "1e99h"] {
            assert_eq!(parse(wrong), Err(DurationError), "{wrong}");
        }
    }
}
