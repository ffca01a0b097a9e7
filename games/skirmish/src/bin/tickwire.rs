//! The server of Skirmish, with its page, and with bots that put a server under load.

use std::process::ExitCode;

use skirmish_rules::Skirmish;

fn main() -> ExitCode {
    tickwire::count_memory!();
    tickwire::Program::<Skirmish>::new().page(tickwire::page!()).main()
}
