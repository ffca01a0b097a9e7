//! Whatever says that it is a server is understood or refused.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::fuzz::client(bytes));
