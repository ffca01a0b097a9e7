//! Any bytes are snapshots of one stream, or errors.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::fuzz::snapshot_decode(bytes));
