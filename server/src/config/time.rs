//! [`time`]: a setting that is a time with its unit.

use std::time::Duration;

/// Parses a time with its unit, up to `most`.
pub(super) fn time(text: &str, most: Duration) -> Result<Duration, String> {
    let (number, unit_ms) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => (number, 1),
        (None, Some(number)) => (number, 1_000),
        (None, None) if text == "0" => (text, 1),
        (None, None) => return Err("not a time like 2s or 500ms".into()),
    };
    let number: u64 = number.parse().map_err(|_| "not a time like 2s or 500ms")?;
    let time = Duration::from_millis(number.saturating_mul(unit_ms));
    if time > most {
        return Err(format!("more than {} s", most.as_secs()));
    }
    Ok(time)
}
