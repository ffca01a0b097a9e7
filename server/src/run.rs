//! [`run()`]: a server that runs until it is stopped, with logs, signals and the lines that it prints.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::convert::Infallible;
use std::env::{self, VarError};
use std::future::pending;
use std::io::{self, IsTerminal};
use std::panic::{self, PanicHookInfo};
use std::path::PathBuf;
use std::pin::pin;
use std::{process, thread};

use tickwire_game::game::Game;
use tokio::time::sleep;
use tracing::{error, info, warn};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::config::Settings;
use crate::ops::log::{self, LogThread};
use crate::ops::print::{PRINT_MAX, print_within};
use crate::ops::service_manager::ServiceManager;
use crate::ops::supervision::{PartFailure, message_of};
use crate::server::Running;
use crate::signals::{Signal, Signals};
use crate::{Config, SessionConfig, StartError};

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

/// Runs a server that is not a [`Program`](crate::Program): logs to stderr, prints two lines when it listens,
/// and drains ([`SessionConfig::drain`]) and stops on Ctrl-C or SIGTERM. A second signal ends the process at
/// once. On SIGHUP it reads its keys and its certificate again; SIGUSR1 and SIGUSR2 do nothing. systemd is
/// notified of all that.
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
    let session = config.session.clone();
    let server = start(config)?;
    let lines = format!(
        "listening on {}://{}\nadmin on http://{}\n",
        server.scheme(),
        server.address(),
        server.admin_address()
    );
    print_within(PRINT_MAX, io::stdout(), lines);
    let manager = ServiceManager::of_environment();
    manager.ready();
    let ended = runtime.block_on(async {
        tokio::select! {
            ended = serve(&server, &session, &mut signals, &manager) => ended,
            never = report(&server, &manager) => match never {},
        }
    });
    match &ended {
        Ok(()) => info!("closing; a second signal ends the process at once"),
        Err(failure) => error!(%failure, "closing: the server cannot go on"),
    }
    manager.stopping(session.closing_max());
    // Without a thread for it a second signal does nothing, and the server stops nevertheless.
    let _ = thread::Builder::new().name("second-signal".into()).spawn(move || {
        runtime.block_on(async { while !matches!(signals.next().await, Signal::Stop) {} });
        end_at_once();
    });
    drop(server);
    info!("closed");
    Ok(ended?)
}

/// Serves until a signal or a failure ends that, and then until the players have left or the time for that
/// is over.
async fn serve(
    server: &Running,
    session: &SessionConfig,
    signals: &mut Signals,
    manager: &ServiceManager,
) -> Result<(), PartFailure> {
    let act = |signal| match signal {
        Signal::Stop => true,
        Signal::Reload => {
            info!("SIGHUP: reads the ticket key and the certificate again");
            server.reload();
            manager.reloaded();
            false
        }
        Signal::Ignored(name) => {
            info!("{name} is ignored");
            false
        }
    };
    loop {
        tokio::select! {
            failure = server.failed() => return Err(failure),
            signal = signals.next() => if act(signal) { break },
        }
    }
    let lasts = session.playing_max();
    if lasts.is_zero() {
        return Ok(());
    }
    info!(
        ?lasts,
        "draining: players play on, and nobody else is let in; a second signal ends the process at once"
    );
    manager.stopping(session.drain);
    let mut drained = pin!(server.drain(lasts));
    loop {
        tokio::select! {
            failure = server.failed() => return Err(failure),
            () = &mut drained => return Ok(()),
            signal = signals.next() => if act(signal) { end_at_once() },
        }
    }
}

/// Notifies the service manager again and again of how the server is.
async fn report(server: &Running, manager: &ServiceManager) -> Infallible {
    let Some(every) = manager.every() else { return pending().await };
    loop {
        manager.report(&server.health().await, &server.status());
        sleep(every).await;
    }
}

/// Ends the process without a goodbye to anybody.
fn end_at_once() -> ! {
    process::exit(130)
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

#[cfg(test)]
mod tests {
    use super::*;

    mod killed;

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
