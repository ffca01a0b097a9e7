//! For a moment, what the fuzz targets do for as long as they are let: any bytes are taken for
//! what they are. `FUZZ_SEED=N` runs one seed again.
//!
//! And what their longer runs have kept, each input once more.

use std::hash::{BuildHasher, RandomState};

use data_encoding::HEXLOWER;
use tests::fuzz;
use tickwire_game::game::Dice;

/// What takes any bytes, and panics where something does not hold.
type Check = fn(&[u8]);

/// Gives `check` many inputs of random bytes; every failure names its seed.
fn each(runs: u32, bytes_max: u32, check: Check) {
    let said = std::env::var("FUZZ_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = said.unwrap_or_else(|| RandomState::new().hash_one(0) >> 32);
    let mut dice = Dice::new(seed, 0);
    let mut bytes = Vec::new();
    for run in 0..runs {
        bytes.clear();
        // Half of them small, as most that goes over the wire is.
        let longest = if dice.chance(0.5) { bytes_max / 16 } else { bytes_max };
        bytes.extend((0..dice.below(longest)).map(|_| dice.bits() as u8));
        let failed = std::panic::catch_unwind(|| check(&bytes)).is_err();
        assert!(!failed, "run {run} of FUZZ_SEED={seed}: {bytes:?}");
    }
}

#[test]
fn any_bytes_are_snapshots_or_errors() {
    each(4_000, 512, fuzz::snapshot_decode);
}

#[test]
fn both_ends_of_any_stream_know_the_same() {
    each(1_000, 2_048, fuzz::snapshot_round_trip);
}

#[test]
fn any_bytes_are_messages_or_errors() {
    each(10_000, 512, fuzz::messages);
}

#[test]
fn any_server_is_understood_or_refused_by_a_client() {
    each(1_500, 1_024, fuzz::client);
}

#[test]
fn any_recording_is_read_or_refused() {
    each(3_000, 512, fuzz::recording);
}

#[test]
fn any_script_of_sessions_leaves_a_room_as_it_should_be() {
    each(600, 2_048, fuzz::sessions);
}

#[test]
fn what_fuzzing_has_kept_holds() {
    let kept = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/kept");
    let targets: [(&str, Check); 6] = [
        ("client", fuzz::client),
        ("messages", fuzz::messages),
        ("recording", fuzz::recording),
        ("sessions", fuzz::sessions),
        ("snapshot-decode", fuzz::snapshot_decode),
        ("snapshot-round-trip", fuzz::snapshot_round_trip),
    ];
    let files = std::fs::read_dir(&kept).expect("something is kept").count();
    let of_server = ["http", "websocket"];
    assert_eq!(files, targets.len() + of_server.len(), "one file for each target");
    for (target, check) in targets {
        let lines = std::fs::read_to_string(kept.join(format!("{target}.hex")));
        let lines = lines.unwrap_or_else(|error| panic!("{target}: {error}"));
        assert!(!lines.is_empty(), "nothing is kept for {target}");
        for line in lines.lines() {
            let bytes = HEXLOWER.decode(line.as_bytes()).expect("it is hexadecimal");
            let failed = std::panic::catch_unwind(|| check(&bytes)).is_err();
            assert!(!failed, "{target}: {line}");
        }
    }
}
