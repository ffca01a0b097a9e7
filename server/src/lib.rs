//! To come.

pub mod connection;
pub mod room;
