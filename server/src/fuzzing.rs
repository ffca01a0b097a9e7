//! What strangers' bytes meet first, for whoever feeds it any: fuzzers, and a test that does so for
//! a moment. No program calls it, and nothing else of the crate does.
//!
//! The parts are private, so their checks stand here: each takes any bytes and panics where
//! something does not hold.

mod http;
mod websocket;

pub use http::http;
pub use websocket::websocket;
