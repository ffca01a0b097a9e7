//! The checks of `tests/src/fuzz`, without the server that the rest of that crate needs.

#[path = "../../src/fuzz/mod.rs"]
pub mod checks;
