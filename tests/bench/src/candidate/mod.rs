//! The servers that are measured, each in a process of its own.
//!
//! A candidate prints where it listens, and serves until its stdin ends: so it never outlives the
//! benchmark, however that ends. `floor` and `plain` then print how late their ticks were.

mod floor;
mod lateness;
mod plain;
mod tickwire;

use crate::options::{Candidate, Options};
use crate::processor;
use lateness::Lateness;

/// Which core servers have for themselves.
const CORE: usize = 0;
/// Before the address that a candidate prints.
pub(crate) const LISTENING: &str = "listening on http://";
/// Before that of the HTTP server with the counters, which only the real server has.
pub(crate) const ADMIN: &str = "admin on http://";
/// What makes `floor` and `plain` forget how late their ticks were so far.
pub(crate) const MEASURE: &str = "measure";

/// Serves until stdin ends, and does not return then.
pub(crate) fn serve(candidate: Candidate, options: &Options) -> anyhow::Result<()> {
    processor::pin(CORE);
    match candidate {
        Candidate::Floor => floor::serve(options.period(), &Lateness::until_stdin_ends()),
        Candidate::Plain => plain::serve(options, Lateness::until_stdin_ends()),
        Candidate::Tickwire => tickwire::serve(options),
    }
}
