//! What `tickwire bots` does, without a server in the program.

use std::process::ExitCode;

use skirmish_rules::Skirmish;
use tickwire_bots::{Options, play_and_report};

/// The name of this program.
const NAME: &str = "bot-client";

fn main() -> ExitCode {
    let command = Options::command_named(NAME, "TICKWIRE_");
    let ticket = std::env::var_os("TICKWIRE_TICKET");
    match Options::parse_by(command, std::env::args_os(), ticket) {
        Ok(options) => play_and_report::<Skirmish>(NAME, &options),
        Err(error) => error.exit(),
    }
}
