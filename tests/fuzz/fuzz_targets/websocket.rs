//! Any bytes are WebSocket frames, or an end.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::fuzz::websocket(bytes));
