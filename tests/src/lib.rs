//! What the tests of the whole system stand on: the system on virtual time.

pub mod dots;
pub mod virtual_time;
