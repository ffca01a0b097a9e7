//! Reads a recording of scenes and tells what its stream costs: bytes, bits and time, technique
//! by technique.
//!
//! `cargo run --release -p tickwire-game --example stream-report -- FILE.scenes [options]`
//!
//! The recording may come from any game (`tickwire_game::recording` has the format). Each viewer in it
//! is sent each tick, as a server would; a recording without viewers is sent whole to one that
//! sees everything. What is encoded is decoded again and compared.
//!
//! `work` turns the file into pictures, `technique` has the encoders, `measure` runs them,
//! `floor` is what a bare read and write cost, `report` prints.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program tells what it found")]

mod floor;
mod measure;
mod report;
mod technique;
mod work;

use std::path::PathBuf;
use std::process::ExitCode;

use tickwire_game::limits::SNAPSHOT_MAX_BYTES;

const USAGE: &str = "usage: stream-report FILE.scenes [--max-bytes N] [--repeat N] [--floor]

  --max-bytes N  budget of a snapshot, its kind included; tells also how long entities waited
  --repeat N     how often all is encoded and timed; medians count (5)
  --floor        measures a bare 16-byte read and 128-byte write on loopback sockets in between";

/// What to do.
struct Options {
    file: PathBuf,
    max_bytes: usize,
    repeat: usize,
    floor: bool,
}

impl Options {
    fn parse(mut words: impl Iterator<Item = String>) -> Option<Options> {
        let mut file = None;
        let (mut max_bytes, mut repeat, mut floor) = (SNAPSHOT_MAX_BYTES, 5, false);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--max-bytes" => max_bytes = words.next()?.parse().ok()?,
                "--repeat" => repeat = words.next()?.parse().ok().filter(|&times| times > 0)?,
                "--floor" => floor = true,
                _ if word.starts_with('-') || file.is_some() => return None,
                _ => file = Some(PathBuf::from(word)),
            }
        }
        Some(Options { file: file?, max_bytes, repeat, floor })
    }
}

fn main() -> ExitCode {
    let Some(options) = Options::parse(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stream-report: {}: {error}", options.file.display());
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let work = work::Work::read(&options.file)?;
    let floor = if options.floor { Some(floor::Floor::open()?) } else { None };
    let found = measure::measure(&work, options.max_bytes, options.repeat, floor)?;
    print!("{}", report::report(&work, options, &found));
    Ok(())
}
