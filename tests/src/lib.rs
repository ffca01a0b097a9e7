//! What the tests of the whole system stand on: the system on virtual time, and the real
//! programs over real sockets.

pub mod dots;
pub mod real;
pub mod virtual_time;
