//! Entry points for fuzzing the parsers of untrusted bytes. Fuzzers and a short test call them;
//! neither a program nor the rest of the crate does.
//!
//! The parsers are private, so their checks are here: each function takes any bytes and panics if an
//! invariant does not hold.

mod http;
mod websocket;

pub use http::http;
pub use websocket::websocket;
