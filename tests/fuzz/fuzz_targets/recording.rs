//! Any lines are a recording or none.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::fuzz::recording(bytes));
