//! [`Signals`]: the signals that a program handles.

use std::io;

/// What a signal asks for.
#[cfg_attr(not(unix), expect(dead_code, reason = "there is only one signal"))]
pub(crate) enum Signal {
    Stop,
    Reload,
    Ignored(&'static str),
}

/// The signals that the program handles. Each of them would else end it without a goodbye.
pub(crate) struct Signals {
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
    pub(crate) fn listen() -> io::Result<Signals> {
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
    pub(crate) fn listen() -> io::Result<Signals> {
        Ok(Signals {})
    }

    #[cfg(unix)]
    pub(crate) async fn next(&mut self) -> Signal {
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
    pub(crate) async fn next(&mut self) -> Signal {
        // Without a handler the program cannot receive the signal: it runs until it is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Signal::Stop
    }
}
