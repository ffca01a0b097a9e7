//! Any script of clients leaves a room as it should be.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::fuzz::sessions(bytes));
