//! What the tests of the whole system stand on, beside the simulator of `tickwire-test`: the real
//! programs over real sockets, and what must hold for any bytes.

pub mod fuzz;
pub mod host;
pub mod real;
pub mod vectors;
