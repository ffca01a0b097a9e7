//! Compares the server with a bare one and a plain one, under players that really play.
//!
//! ```text
//! cargo run --release -p bench -- --quick
//! ```
//!
//! Three candidates take turns ([`options::Candidate`]), each a process of its own: this program,
//! started with a role. [`generator`] is the players, in this process; [`run`] is one measurement, and
//! [`figures`] what many come to. Machines differ: only ratios within a round count. Linux only, for
//! its accounts of processor time and its times of reception.

mod candidate;
mod figures;
mod generator;
mod json;
mod options;
mod plot;
mod process;
mod processor;
mod run;
mod table;

use std::alloc::System;
use std::process::ExitCode;

use cap::Cap;
use clap::Parser;

use options::Options;
use processor::Awake;

/// Where candidates run, and where players do.
const SERVER_CORE: usize = 0;
const PLAYERS_CORE: usize = 1;

/// As in the server itself.
#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(core) = options.keep_awake {
        processor::keep_awake(core);
        return ExitCode::SUCCESS;
    }
    let ended = match options.role {
        Some(role) => candidate::serve(role, &options),
        None => measure(&options),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("bench: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn measure(options: &Options) -> anyhow::Result<()> {
    prepare(options)?;
    let _awake = [Awake::keep(SERVER_CORE)?, Awake::keep(PLAYERS_CORE)?];
    let results = run::run_all(options)?;
    let table = table::table(&results, options);
    if options.json {
        say(&table);
        print(&serde_json::to_string_pretty(&json::report(&results, options.tick_rate))?);
    } else {
        print(&table);
    }
    if let Some(file) = &options.plot {
        plot::draw(&results, file)?;
    }
    Ok(())
}

/// Makes the machine as quiet as it can be, and says what it cannot be.
fn prepare(options: &Options) -> anyhow::Result<()> {
    // Each player has a socket at either end, and rooms of others are not here.
    let most = options.cases().iter().map(|case| case.players).max().unwrap_or(0);
    let wanted = u64::from(most) + 256;
    if rlimit::increase_nofile_limit(wanted)? < wanted {
        say(&format!("only so many files may be open that fewer than {most} players can connect"));
    }
    for name in process::foreign_settings() {
        say(&format!("{name} is set, which would change the server: candidates do not get it"));
    }
    if !process::counts_cpu_time() {
        say("there is no /proc/PID/schedstat with numbers, since this kernel was built without \
             CONFIG_SCHED_INFO: no CPU time can be shown, and no ratio");
    }
    if !processor::pin(PLAYERS_CORE) {
        say("there is one core: players and servers share it, and get in each other's way");
    }
    if options.no_realtime || !processor::prefer() {
        say("at the usual priority (no chrt, or it was refused): intervals and lateness hold the \
             waits for other programs as well");
    }
    Ok(())
}

/// Progress and warnings.
fn say(text: &str) {
    #[expect(clippy::print_stderr, reason = "a program says how far it is")]
    {
        eprintln!("{}", text.trim_end());
    }
}

fn print(text: &str) {
    #[expect(clippy::print_stdout, reason = "this is what it was asked for")]
    {
        println!("{}", text.trim_end());
    }
}
