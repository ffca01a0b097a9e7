//! A game of which the server has no page at all: the generic one shows it.

use std::process::ExitCode;

use test_games::dots::Dots;

fn main() -> ExitCode {
    tickwire::Program::<Dots>::new().main()
}
