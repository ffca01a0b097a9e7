//! The program that reports what a recorded stream costs.

use std::path::Path;
use std::process::Output;

use super::{cargo, target};

/// What `stream-report`, built as this test was built, says of a recording.
///
/// # Panics
/// When Cargo cannot be run.
#[must_use]
pub fn stream_report(recording: &Path, options: &[&str]) -> Output {
    let (target, directory) = target();
    let profile = if directory == "debug" { "dev" } else { &directory };
    cargo()
        .args(["run", "--locked", "--quiet", "-p", "tickwire-game", "--example", "stream-report"])
        .args(["--profile", profile, "--target-dir"])
        .arg(target)
        .arg("--")
        .arg(recording)
        .args(options)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo can be run")
}
