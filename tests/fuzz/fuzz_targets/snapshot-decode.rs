//! Any bytes are snapshots of one stream, or errors.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tickwire_fuzz::checks::snapshot_decode(bytes));
