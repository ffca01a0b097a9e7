//! The program: options in, report out. The one place that names the game.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use skirmish_rules::Skirmish;
use tickwire_bots::Options;

fn main() -> ExitCode {
    match play(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Without standard error there is nowhere left to say it.
            let _ = writeln!(std::io::stderr(), "bot-client: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs and prints the report; says whether it is clean. Abuse always is: what it brings about is
/// for the reader to judge.
fn play(options: &Options) -> anyhow::Result<bool> {
    if options.tls_insecure {
        let warning = "bot-client: takes any certificate: whoever answers may be anybody";
        // Without standard error there is nobody to warn.
        let _ = writeln!(std::io::stderr(), "{warning}");
    }
    if let Some(kind) = options.abuse {
        let report = tickwire_bots::abuse::run::<Skirmish>(kind, options)?;
        let text = if options.json { report.to_json() } else { report.to_string() };
        writeln!(std::io::stdout(), "{text}").context("the report cannot be printed")?;
        return Ok(true);
    }
    let report = tickwire_bots::run::<Skirmish>(options)?;
    let text = if options.json { report.to_json() } else { report.to_string() };
    writeln!(std::io::stdout(), "{text}").context("the report cannot be printed")?;
    Ok(report.is_clean())
}
