//! Any bytes are a message, or none.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::fuzz::messages(bytes));
