//! Any bytes are heads of requests, or refused by a status.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::fuzz::http(bytes));
