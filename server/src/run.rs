//! [`run()`]: a server that runs until it is stopped, with logs, signals and the lines that it prints.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::env::{self, VarError};
use std::io::{self, IsTerminal};
use std::panic::{self, PanicHookInfo};
use std::path::PathBuf;
use std::{process, thread};

use tickwire_game::game::Game;
use tracing::{error, info, warn};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::config::Settings;
use crate::ops::log::{self, LogThread};
use crate::ops::print::{PRINT_MAX, print_within};
use crate::ops::supervision::{PartFailure, message_of};
use crate::server::Running;
use crate::{Config, StartError};

/// Why the program ended.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The server cannot start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A part of the running server ended, so that the server could not go on.
    #[error("{0}")]
    Failed(#[from] PartFailure),
}

impl RunError {
    /// The exit code of the program: 2 for invalid settings, 1 for everything else.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            RunError::Start(error) => error.exit_code(),
            RunError::Failed(_) => 1,
        }
    }
}

impl From<io::Error> for RunError {
    fn from(error: io::Error) -> RunError {
        RunError::Start(error.into())
    }
}

/// Runs a server that is not a [`Program`](crate::Program): logs to stderr, prints two lines when it listens, and stops on Ctrl-C or
/// SIGTERM. A second signal ends the process at once. On SIGHUP it reads its keys and its certificate
/// again; SIGUSR1 and SIGUSR2 do nothing.
///
/// # Errors
/// If the server cannot start, or if a part of it ends while it runs.
pub fn run<G: Game>(config: Config) -> Result<(), RunError> {
    run_program(&Settings::default(), config, Running::start::<G>)
}

/// The same for a program with settings of its own. What depends on the game is how it starts.
pub(crate) fn run_program(
    settings: &Settings,
    config: Config,
    start: fn(Config) -> Result<Running, StartError>,
) -> Result<(), RunError> {
    let log = start_log()?;
    let ended = run_logged(settings, config, start);
    log.flush();
    ended
}

fn run_logged(
    settings: &Settings,
    config: Config,
    start: fn(Config) -> Result<Running, StartError>,
) -> Result<(), RunError> {
    for unknown in settings.unknown_variables() {
        let nearest = unknown.nearest.unwrap_or_default();
        warn!(
            name = unknown.name,
            nearest, "a variable of the environment is no setting, and ignored"
        );
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut signals = runtime.block_on(async { Signals::listen() })?;
    warn_without_page(&config);
    let server = start(config)?;
    let lines = format!(
        "listening on {}://{}\nadmin on http://{}\n",
        server.scheme(),
        server.address(),
        server.admin_address()
    );
    print_within(PRINT_MAX, io::stdout(), lines);
    let failure = runtime.block_on(async {
        loop {
            tokio::select! {
                failure = server.failed() => break Some(failure),
                signal = signals.next() => match signal {
                    Signal::Stop => break None,
                    Signal::Reload => {
                        info!("SIGHUP: reads the ticket key and the certificate again");
                        server.reload();
                    }
                    Signal::Ignored(name) => info!("{name} is ignored"),
                },
            }
        }
    });
    match &failure {
        None => info!("closing; a second signal ends the process at once"),
        Some(failure) => error!(%failure, "closing: the server cannot go on"),
    }
    let end_at_once = move || {
        runtime.block_on(async { while !matches!(signals.next().await, Signal::Stop) {} });
        process::exit(130);
    };
    // Without a thread for it a second signal does nothing, and the server stops nevertheless.
    let _ = thread::Builder::new().name("second-signal".into()).spawn(end_at_once);
    drop(server);
    info!("closed");
    failure.map_or(Ok(()), |failure| Err(failure.into()))
}

/// A page from a folder needs the embedded client as well, unless the folder has one.
fn warn_without_page(config: &Config) {
    let has_client = |folder: &PathBuf| folder.join("tickwire.wasm").is_file();
    if config.web_dir.as_ref().is_some_and(has_client) {
        return;
    }
    if let Some(reason) = config.page.and_then(|page| page.missing()) {
        warn!(
            reason,
            "this server has no page, and browsers are shown how to build it: \
             WEB_CLIENT=require cargo build --release"
        );
    }
}

/// Starts the log, and sends the messages of panics there as well: the standard library writes them in
/// the thread that panics, which would wait for a log that nobody reads.
fn start_log() -> io::Result<LogThread> {
    let (filter, invalid) = log_filter(env::var(EnvFilter::DEFAULT_ENV));
    let (log, writer) = LogThread::start(io::stderr(), &log::COUNTERS)?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(io::stderr().is_terminal())
        // A line that cannot be formatted is left out: reporting it would write to stderr.
        .log_internal_errors(false)
        .init();
    panic::set_hook(Box::new(log_panic));
    if let Some(error) = invalid {
        warn!(error, "RUST_LOG is invalid, and the level is info");
    }
    Ok(log)
}

/// The filter that a value of `RUST_LOG` asks for, or else the default one and why. By itself
/// `tracing_subscriber` reports an invalid value to stderr, before there is a log.
fn log_filter(setting: Result<String, VarError>) -> (EnvFilter, Option<String>) {
    let setting = match setting {
        Ok(setting) => setting,
        Err(VarError::NotPresent) => String::new(),
        Err(error) => return (EnvFilter::new("info"), Some(error.to_string())),
    };
    match EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).parse(setting) {
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new("info"), Some(error.to_string())),
    }
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let backtrace = Backtrace::capture();
    let backtrace = Some(backtrace).filter(|trace| trace.status() == BacktraceStatus::Captured);
    error!(
        thread = thread::current().name().unwrap_or("unnamed"),
        place = panic.location().map(tracing::field::display),
        backtrace = backtrace.map(tracing::field::display),
        "panic: {}",
        message_of(panic.payload()),
    );
}

/// What a signal asks for.
#[cfg_attr(not(unix), expect(dead_code, reason = "there is only one signal"))]
enum Signal {
    Stop,
    Reload,
    Ignored(&'static str),
}

/// The signals that the program handles. Each of them would else end it without a goodbye.
struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hangup: tokio::signal::unix::Signal,
    #[cfg(unix)]
    user_1: tokio::signal::unix::Signal,
    #[cfg(unix)]
    user_2: tokio::signal::unix::Signal,
    /// A file, such as the log, would exceed the limit of this process: the write then fails.
    #[cfg(unix)]
    file_too_large: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn listen() -> io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            user_1: signal(SignalKind::user_defined1())?,
            user_2: signal(SignalKind::user_defined2())?,
            file_too_large: signal(SignalKind::from_raw(libc::SIGXFSZ))?,
        })
    }

    #[cfg(not(unix))]
    #[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
    fn listen() -> io::Result<Signals> {
        Ok(Signals {})
    }

    #[cfg(unix)]
    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Stop,
            _ = self.terminate.recv() => Signal::Stop,
            _ = self.hangup.recv() => Signal::Reload,
            _ = self.user_1.recv() => Signal::Ignored("SIGUSR1"),
            _ = self.user_2.recv() => Signal::Ignored("SIGUSR2"),
            _ = self.file_too_large.recv() => Signal::Ignored("SIGXFSZ"),
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) -> Signal {
        // Without a handler the program cannot receive the signal: it runs until it is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Signal::Stop
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_log_level_is_reported_and_the_default_one_is_used() {
        let of = |text: &str| log_filter(Ok(text.to_owned()));
        for (valid, level) in
            [("", "info"), ("warn", "warn"), ("tickwire=debug", "tickwire=debug"), ("off", "off")]
        {
            let (filter, invalid) = of(valid);
            assert_eq!((filter.to_string(), invalid), (level.to_owned(), None));
        }
        assert_eq!(log_filter(Err(VarError::NotPresent)).0.to_string(), "info");
        for wrong in
            [of("tickwire=loud"), of("info,=,"), log_filter(Err(VarError::NotUnicode("?".into())))]
        {
            assert_eq!(wrong.0.to_string(), "info");
            assert!(wrong.1.is_some());
        }
    }
}
