//! Small games for the tests of every crate: they prove that server, protocol and client know only
//! the trait, and keep tests small.

pub mod dots;
pub mod stones;
pub mod tape;
pub mod tiny;
pub mod trouble;
