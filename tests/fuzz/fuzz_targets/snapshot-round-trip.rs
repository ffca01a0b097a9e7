//! Any game's scenes come out of the stream as they went in.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::fuzz::snapshot_round_trip(bytes));
