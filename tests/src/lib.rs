//! What the tests of the whole system share: [`real`] programs over real sockets.

pub mod real;
