//! [`KeyReload`]: reads the file of the ticket key again, on a thread of its own: a disk that stalls, or
//! a FIFO that nobody writes, must not make the program deaf to signals.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use tokio::sync::watch;
use tracing::warn;

use super::Tickets;
use crate::config::TicketConfig;
use crate::ops::supervision::{Lifetime, Supervisor};

/// The thread that reads the key.
#[derive(Debug)]
pub(crate) struct KeyReload {
    /// Holds one: who asks while a read is in progress wants another read.
    asks: SyncSender<()>,
}

impl KeyReload {
    /// Starts the thread; `None` if there is no file to read. It ends when this is dropped, or with the
    /// process if a read never ends.
    ///
    /// # Errors
    /// If the operating system cannot create a thread.
    pub(crate) fn start(
        config: &TicketConfig,
        tickets: watch::Sender<Arc<Tickets>>,
        supervisor: &Arc<Supervisor>,
    ) -> io::Result<Option<KeyReload>> {
        if config.ticket_key.is_none() {
            return Ok(None);
        }
        let (asks, asked) = sync_channel(1);
        let config = config.clone();
        let run = move || read_when_asked(&config, &asked, &tickets);
        supervisor.spawn_thread("ticket-key", Lifetime::Work, run)?;
        Ok(Some(KeyReload { asks }))
    }

    /// Asks for the key to be read again. It returns at once.
    pub(crate) fn ask(&self) {
        if self.asks.try_send(()).is_err() {
            warn!("the ticket key is still being read; is its disk stalled?");
        }
    }
}

/// What is invalid is logged, and the last valid key stays in use.
fn read_when_asked(
    config: &TicketConfig,
    asked: &Receiver<()>,
    tickets: &watch::Sender<Arc<Tickets>>,
) {
    while asked.recv().is_ok() {
        match Tickets::load(config) {
            Ok(read) => {
                tickets.send_replace(Arc::new(read));
            }
            Err(error) => {
                warn!(error, "cannot read the ticket key again; the last one stays in use");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[cfg(unix)]
    async fn a_key_that_cannot_be_read_for_now_holds_nobody_up() {
        let fifo = std::env::temp_dir().join(format!("tickwire-key-fifo-{}", std::process::id()));
        let made =
            std::process::Command::new("mkfifo").arg(&fifo).status().expect("it is installed");
        assert!(made.success());
        let config = TicketConfig { ticket_key: Some(fifo.clone()), ..TicketConfig::default() };
        let (tickets, mut seen) = watch::channel(Arc::<Tickets>::default());
        let supervisor = Arc::new(Supervisor::new(watch::channel(false).1));
        let started = KeyReload::start(&config, tickets, &supervisor);
        let reload = started.expect("a thread starts").expect("there is a file");
        // Nobody writes the key: each of these would wait for ever.
        for _ in 0..9 {
            reload.ask();
        }
        assert!(!seen.has_changed().expect("the thread runs"));
        let path = fifo.clone();
        let write = move || std::fs::write(path, "a-secret-that-is-as-long-as-it-must-be-at-least");
        tokio::task::spawn_blocking(write).await.expect("it ends").expect("the thread reads it");
        seen.changed().await.expect("the thread runs");
        assert!(seen.borrow().key.is_some());
        std::fs::remove_file(&fifo).expect("it is there");
    }
}
