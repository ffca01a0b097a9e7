//! [`ServiceManager`]: notifies systemd, or whatever speaks as it does, that the server is ready, reloads or
//! stops, how it is, and that it lives. Where none waits for that, nothing is sent.
//!
//! It decides nothing: [`mod@crate::run`] calls it.

use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::time::Duration;
use std::{env, io, process};

use tracing::warn;

use super::health::Health;
use crate::limits::{STATUS_EVERY, STOP_MARGIN};

/// The service manager that started this process, if one did that waits to be notified.
#[derive(Debug)]
pub(crate) struct ServiceManager {
    /// Where it listens; a name in the abstract namespace begins with `@`.
    socket: Option<OsString>,
    /// It ends a server that gives no sign of life for so long.
    watchdog: Option<Duration>,
    /// Whether a failure was logged.
    has_failed: Cell<bool>,
}

impl ServiceManager {
    /// By the variables that it sets for its services.
    pub(crate) fn of_environment() -> ServiceManager {
        ServiceManager {
            socket: env::var_os("NOTIFY_SOCKET").filter(|socket| !socket.is_empty()),
            watchdog: watchdog(),
            has_failed: Cell::new(false),
        }
    }

    /// How often it is to be notified of how the server is; `None` if nobody waits for that.
    pub(crate) fn every(&self) -> Option<Duration> {
        let every = self.watchdog.map_or(STATUS_EVERY, |watchdog| STATUS_EVERY.min(watchdog / 2));
        self.socket.is_some().then_some(every)
    }

    /// The server listens.
    pub(crate) fn ready(&self) {
        self.notify(&["READY=1"]);
    }

    /// The server has been asked to read its files again, and does so without being less ready.
    pub(crate) fn reloaded(&self) {
        let now = monotonic_now().unwrap_or_default().as_micros();
        // By the time it knows which reload this is the answer to.
        self.notify(&["RELOADING=1", &format!("MONOTONIC_USEC={now}")]);
        self.notify(&["READY=1"]);
    }

    /// The server is about to end, and takes no longer than this.
    pub(crate) fn stopping(&self, within: Duration) {
        let micros = (within + STOP_MARGIN).as_micros();
        self.notify(&["STOPPING=1", &format!("EXTEND_TIMEOUT_USEC={micros}")]);
    }

    /// How the server is. It lives if all its parts do.
    pub(crate) fn report(&self, health: &Health, status: &str) {
        match health.trouble() {
            None => self.notify(&[&format!("STATUS={status}"), "WATCHDOG=1"]),
            Some((part, trouble)) => self.notify(&[&format!("STATUS={part} {trouble}")]),
        }
    }

    fn notify(&self, lines: &[&str]) {
        let Some(socket) = &self.socket else { return };
        let text = lines.iter().fold(String::new(), |text, line| text + line + "\n");
        if let Err(error) = send(socket, &text)
            && !self.has_failed.replace(true)
        {
            warn!(%error, "cannot notify the service manager (NOTIFY_SOCKET)");
        }
    }
}

/// After how much silence the service manager ends this process, if it does that.
fn watchdog() -> Option<Duration> {
    let number = |name| env::var(name).ok()?.parse::<u64>().ok();
    // It may be meant for the process that started this one.
    let is_own = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(process::id()));
    number("WATCHDOG_USEC").filter(|_| is_own).map(Duration::from_micros)
}

#[cfg(target_os = "linux")]
fn send(socket: &OsStr, text: &str) -> io::Result<()> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    let sender = UnixDatagram::unbound()?;
    // A service manager that reads nothing must not make the program deaf to signals.
    sender.set_nonblocking(true)?;
    match socket.as_bytes() {
        [b'@', name @ ..] => sender.connect_addr(&SocketAddr::from_abstract_name(name)?)?,
        _ => sender.connect(socket)?,
    }
    sender.send(text.as_bytes()).map(drop)
}

/// The service manager's own clock.
#[cfg(target_os = "linux")]
fn monotonic_now() -> io::Result<Duration> {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Ok(Duration::new(now.tv_sec as u64, now.tv_nsec as u32))
}

/// Those of other systems are not notified like this.
#[cfg(not(target_os = "linux"))]
fn send(_: &OsStr, _: &str) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
fn monotonic_now() -> io::Result<Duration> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    use super::*;

    #[test]
    fn a_service_manager_that_reads_nothing_holds_nobody_up_and_one_without_a_path_is_found() {
        let name = format!("tickwire-test-{}", process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("a short name");
        let socket = UnixDatagram::bind_addr(&address).expect("a socket can be bound");
        let manager = ServiceManager {
            socket: Some(format!("@{name}").into()),
            watchdog: Some(Duration::from_secs(3)),
            has_failed: Cell::new(false),
        };
        assert_eq!(manager.every(), Some(Duration::from_millis(1_500)));
        while !manager.has_failed.get() {
            manager.report(&Health::default(), "well");
        }
        let mut bytes = [0; 99];
        let count = socket.recv(&mut bytes).expect("the first is there");
        assert_eq!(&bytes[..count], b"STATUS=well\nWATCHDOG=1\n");
        drop(socket);
        manager.ready();
    }

    #[test]
    fn without_a_service_manager_nothing_is_sent() {
        let manager = ServiceManager { socket: None, watchdog: None, has_failed: Cell::new(false) };
        assert_eq!(manager.every(), None);
        manager.stopping(Duration::MAX / 2);
        assert!(!manager.has_failed.get());
    }
}
