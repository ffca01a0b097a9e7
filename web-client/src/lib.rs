//! The browser's client of Skirmish, compiled to WebAssembly: everything of a client but its
//! socket and its screen, which are the page's (`page/`).
//!
//! [`exports`] is what JavaScript calls and [`page_client`] does the work, for any game;
//! [`buffers`] is the memory through which the two see each other. [`latch`] keeps what is pressed between two ticks. [`path`] is the network that a
//! player may simulate, [`share`] a figure of how well the client copes with it. [`demo`] plays a room without a
//! server behind the start overlay; [`texts`] says in [`json`] what is too rare or too irregular
//! for numbers. Only [`played`] knows which game it is. [`schema_client`] is apart from all that: a
//! client without rules, for programs of others.

mod buffers;
mod demo;
pub mod exports;
mod json;
mod latch;
mod page_client;
mod path;
mod played;
mod schema_client;
mod share;
mod texts;
