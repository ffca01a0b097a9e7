//! The server of the bundled game: the only file of the server that names it.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use shared::skirmish::Skirmish;

fn main() -> ExitCode {
    match tickwire::run::<Skirmish>(tickwire::Config::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody may be there to read it: the exit code says it as well.
            let _ = writeln!(io::stderr(), "tickwire: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
