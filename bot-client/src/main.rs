//! The program: options in, report out. The one place that names the game.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use bot_client::Options;
use clap::Parser;
use shared::skirmish::Skirmish;

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let report = bot_client::run::<Skirmish>(&options)?;
    let text = if options.json { report.to_json() } else { report.to_string() };
    writeln!(std::io::stdout(), "{text}").context("the report cannot be printed")?;
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
