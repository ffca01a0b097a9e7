//! The report on a recorded stream, for a recording that no program of ours has written.

use std::path::{Path, PathBuf};

use tests::real::stream_report;

fn pucks() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/pucks.scenes")
}

/// The words of the first line that begins with this one.
fn line<'a>(text: &'a str, first: &str) -> Vec<&'a str> {
    let words = |line: &'a str| line.split_whitespace().collect::<Vec<_>>();
    let found = text.lines().map(words).find(|words| words.first() == Some(&first));
    found.unwrap_or_else(|| panic!("no line {first:?} in:\n{text}"))
}

#[test]
fn a_recording_of_another_game_is_reported() {
    let output = stream_report(&pucks(), &["--repeat", "1", "--floor"]);
    let (said, log) = (String::from_utf8_lossy(&output.stdout), output.stderr);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&log));
    assert!(said.contains("2 viewers, 8 snapshots at 20/s"), "{said}");
    // Of these the bytes follow from the recording alone. Without the first snapshot of each
    // viewer, six: kind, tick, player, own state, counts; rows of id, kind and fields; an event.
    let raw = 6 * (1 + 4 + 1 + 1 + 4 + 3 + 2 + 1) + 4 * 17 + 2 * 17 + 6 * 9 + 2 * (4 + 1 + 4);
    assert_eq!(line(&said, "raw")[1], format!("{:.1}", f64::from(raw) / 6.0), "{said}");
    for technique in ["quantised", "delta", "predicted", "range-coded"] {
        let bytes: f64 = line(&said, technique)[1].parse().expect("it is a number");
        assert!(bytes > 1.0 && bytes < f64::from(raw) / 6.0, "{said}");
    }
    for part in ["own", "puck.y", "table.goals", "memory", "floor:"] {
        line(&said, part);
    }
}

#[test]
fn a_budget_is_reported_with_what_it_costs() {
    let output = stream_report(&pucks(), &["--repeat", "1", "--max-bytes", "8"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("an entity was not as its viewer knew it"), "{said}");
    assert!(said.contains("snapshots above 8 bytes"), "{said}");
}

#[test]
fn a_recording_in_which_a_viewer_missed_ticks_is_reported() {
    let text = std::fs::read_to_string(pucks()).expect("the recording is there");
    let file = std::env::temp_dir().join(format!("tickwire-{}-gap.scenes", std::process::id()));
    std::fs::write(&file, text.replacen("tick 43", "tick 50", 1)).expect("it can be written");
    let output = stream_report(&file, &["--repeat", "1"]);
    std::fs::remove_file(&file).expect("it can be removed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_broken_recording_is_refused_where_it_breaks() {
    let text = std::fs::read_to_string(pucks()).expect("the recording is there");
    let file = std::env::temp_dir().join(format!("tickwire-{}-broken.scenes", std::process::id()));
    std::fs::write(&file, text.replacen("row 9 1 0", "row 9 7 0", 1)).expect("it can be written");
    let output = stream_report(&file, &[]);
    std::fs::remove_file(&file).expect("it can be removed");
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{log}");
    assert!(log.contains("line 16: no such kind"), "{log}");
}
