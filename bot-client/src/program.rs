//! [`play_and_report`]: the whole of a program or subcommand but its command line: options in, report out.

use std::io::{self, Write};
use std::process::ExitCode;

use tickwire_game::game::Game;

use crate::abuse;
use crate::options::Options;
use crate::run::{SwarmError, run};

/// Has the clients play that `options` ask for, and prints the report to stdout. What goes wrong is
/// printed to stderr, after the name of the program. The exit code is 0 if nobody was cut off, refused,
/// or sent what cannot be decoded, else 1; abuse always is 0: what it brings about is for the reader to
/// judge.
pub fn play_and_report<G: Game>(program: &str, options: &Options) -> ExitCode {
    if options.tls_insecure {
        let warning = format!("{program}: accepts any certificate: the server may be anybody");
        // Without standard error there is nobody to warn.
        let _ = writeln!(io::stderr(), "{warning}");
    }
    let report: fn(&Options) -> Result<(String, bool), SwarmError> =
        if options.abuse.is_some() { abused::<G> } else { played::<G> };
    report_of(program, report(options))
}

/// Prints a report and says whether it is clean.
fn report_of(program: &str, report: Result<(String, bool), SwarmError>) -> ExitCode {
    let printed = report.map_err(anyhow::Error::from).and_then(|(text, is_clean)| {
        let printed = writeln!(io::stdout(), "{text}");
        printed
            .map(|()| is_clean)
            .map_err(|error| anyhow::Error::from(error).context("the report cannot be printed"))
    });
    match printed {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Without standard error there is nowhere left to say it.
            let _ = writeln!(io::stderr(), "{program}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn played<G: Game>(options: &Options) -> Result<(String, bool), SwarmError> {
    let report = run::<G>(options)?;
    let text = if options.json { report.to_json() } else { report.to_string() };
    Ok((text, report.is_clean()))
}

fn abused<G: Game>(options: &Options) -> Result<(String, bool), SwarmError> {
    let Some(kind) = options.abuse else { return played::<G>(options) };
    let report = abuse::run::<G>(kind, options)?;
    let text = if options.json { report.to_json() } else { report.to_string() };
    Ok((text, true))
}
