//! The server of the bundled game: the only file of the server that names it.

use std::alloc::System;
use std::process::ExitCode;

use cap::Cap;
use clap::Parser;
use skirmish_rules::Skirmish;

/// The system's allocator, which keeps the memory of players who have left. How much is in use is
/// counted, so that it is not taken for scarce.
#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

fn main() -> ExitCode {
    tickwire::set_live_bytes(|| ALLOCATOR.allocated());
    match tickwire::run::<Skirmish>(tickwire::Config::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.print();
            ExitCode::from(error.exit_code())
        }
    }
}
