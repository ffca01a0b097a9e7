//! The server of the bundled game: the only file of the server that names it.

use std::process::ExitCode;

use clap::Parser;
use shared::skirmish::Skirmish;

fn main() -> ExitCode {
    match tickwire::run::<Skirmish>(tickwire::Config::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[allow(clippy::print_stderr, reason = "a program reports why it does not start")]
            {
                eprintln!("tickwire: {error}");
            }
            ExitCode::from(error.exit_code())
        }
    }
}
