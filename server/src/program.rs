//! [`run`]: a server as a program, with logs, signals and the lines that it prints.

use std::io::{self, IsTerminal, Write};
use std::{process, thread};

use shared::game::Game;
use tracing::info;

use crate::{Config, Server, StartError};

/// Runs a server as a program: logs to stderr, prints two lines when it listens, and stops on
/// Ctrl-C or SIGTERM. A second signal ends the process at once.
///
/// # Errors
/// If the server cannot start.
pub fn run<G: Game>(config: Config) -> Result<(), StartError> {
    let filter = tracing_subscriber::EnvFilter::builder()
        .with_default_directive(tracing_subscriber::filter::LevelFilter::INFO.into())
        .from_env_lossy();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut signals = runtime.block_on(async { Signals::listen() })?;
    let server = Server::<G>::start(config)?;
    // A parent process may have closed stdout; the server runs nevertheless.
    let _ = writeln!(
        io::stdout(),
        "listening on {}://{}\nadmin on http://{}",
        server.scheme(),
        server.address(),
        server.admin_address()
    );
    runtime.block_on(signals.next());
    info!("closing; a second signal ends the process at once");
    thread::spawn(move || {
        runtime.block_on(signals.next());
        process::exit(130);
    });
    server.stop();
    info!("closed");
    Ok(())
}

/// The signals that stop the program.
struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> io::Result<Signals> {
        Ok(Signals {
            #[cfg(unix)]
            interrupt: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?,
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?,
        })
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        // Without a handler the program cannot receive the signal: it runs until it is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
