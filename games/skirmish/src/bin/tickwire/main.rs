//! The server of Skirmish, with its page, and with bots that put a server under load. It also writes the
//! workspaces of new games.

mod new;

use std::process::ExitCode;

use skirmish_rules::Skirmish;

fn main() -> ExitCode {
    tickwire::count_memory!();
    tickwire::Program::<Skirmish>::new()
        .page(tickwire::page!())
        .subcommand(new::command(), new::run)
        .main()
}
