//! The production server on a time of the test's ([`tickwire_test::host`]), with what these tests put
//! at the other end of its connections.

pub mod script;
mod slot;

pub use slot::{Slot, slot};
pub use tickwire_test::host::{Host, Pipe, ROOM, hello, pipe, secrets};
