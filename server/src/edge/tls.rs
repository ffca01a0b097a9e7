//! [`Tls`]: the TLS configuration of new connections, and [`Renewal`], which reloads the certificate.
//!
//! It owns the certificate, which is read from files and checked for changes while the server runs, or
//! created at start. A connection keeps the certificate of its handshake. It never touches a
//! connection: [`super::peer_stream`] does the handshake, [`crate::transport::byte_stream`] handles the
//! bytes after it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::sync::{Notify, watch};
use tracing::{info, warn};

use crate::config::TlsConfig;
use crate::ops::metrics::Metrics;
use certificate::Pem;

mod certificate;

/// How often the files of the certificate are checked for changes.
const RELOAD_CHECK_EVERY: Duration = Duration::from_secs(2);

/// The TLS configuration of new connections.
#[derive(Clone, Debug)]
pub(crate) struct Tls(watch::Receiver<Arc<ServerConfig>>);

impl Tls {
    /// Loads the configured certificate; `None` without TLS. The renewal must run for as long as the
    /// server does.
    ///
    /// # Errors
    /// If the certificate cannot be loaded: a message for people.
    pub(crate) fn load(
        config: &TlsConfig,
        listen: SocketAddr,
    ) -> Result<Option<(Tls, Option<Renewal>)>, String> {
        match (&config.tls_cert, &config.tls_key, config.tls_self_signed) {
            (None, None, false) => Ok(None),
            (None, None, true) => {
                let certificate = certificate::self_signed(listen)?;
                warn!(
                    sha256 = certificate.fingerprint,
                    "TLS uses a self-signed certificate that was just created: compare its fingerprint \
                     in the browser"
                );
                Ok(Some((Tls(watch::channel(certificate.config).1), None)))
            }
            (Some(cert), Some(key), false) => {
                let files = PemFiles { cert: cert.clone(), key: key.clone() };
                let pem = files.read()?;
                let certificate = pem.load().map_err(|error| files.describe(&error))?;
                info!(sha256 = certificate.fingerprint, "TLS uses the certificate from its files");
                let (sender, current) = watch::channel(certificate.config);
                let renewal = Renewal { files, seen: pem, failed: false, sender };
                Ok(Some((Tls(current), Some(renewal))))
            }
            (_, _, true) => {
                Err("--tls-self-signed cannot be combined with --tls-cert and --tls-key".into())
            }
            (_, _, false) => Err("--tls-cert and --tls-key must be set together".into()),
        }
    }

    /// The configuration for a connection that is accepted now.
    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0.borrow())
    }
}

/// The files of the certificate and its key.
#[derive(Clone, Debug)]
struct PemFiles {
    cert: PathBuf,
    key: PathBuf,
}

impl PemFiles {
    fn read(&self) -> Result<Pem, String> {
        Pem::read(&self.cert, &self.key)
    }

    fn describe(&self, error: &str) -> String {
        format!("{} with {}: {error}", self.cert.display(), self.key.display())
    }
}

/// Watches the files of a certificate, and replaces it for new connections when they change.
#[derive(Debug)]
pub(crate) struct Renewal {
    files: PemFiles,
    /// Their content at the last check, valid or not.
    seen: Pem,
    /// Whether reading them failed at the last check.
    failed: bool,
    sender: watch::Sender<Arc<ServerConfig>>,
}

impl Renewal {
    /// Checks the files forever, and at once when `check_now` is notified.
    pub(crate) async fn run(mut self, check_now: Arc<Notify>, metrics: Arc<Metrics>) {
        loop {
            // Either way the files are checked.
            let _ = tokio::time::timeout(RELOAD_CHECK_EVERY, check_now.notified()).await;
            let files = self.files.clone();
            // A stalled disk must not block the edge.
            match tokio::task::spawn_blocking(move || files.read()).await {
                Ok(read) => self.update(read, &metrics),
                // The server is shutting down.
                Err(_) => return,
            }
        }
    }

    /// Loads the files if they changed. An invalid pair is logged and counted once, and the last valid
    /// certificate stays in use: while the files are being replaced, one is new before the other.
    fn update(&mut self, read: Result<Pem, String>, metrics: &Metrics) {
        let loaded = match read {
            Ok(pem) if pem == self.seen => {
                self.failed = false;
                return;
            }
            Ok(pem) => {
                let loaded = pem.load().map_err(|error| self.files.describe(&error));
                self.seen = pem;
                loaded
            }
            Err(_) if self.failed => return,
            Err(error) => {
                self.failed = true;
                Err(error)
            }
        };
        match loaded {
            Ok(certificate) => {
                self.failed = false;
                info!(
                    sha256 = certificate.fingerprint,
                    "the certificate was reloaded; new connections use it"
                );
                self.sender.send_replace(certificate.config);
                metrics.tls_reloads.fetch_add(1, Relaxed);
            }
            Err(error) => {
                warn!(
                    error,
                    "cannot load the changed certificate; the last valid one stays in use"
                );
                metrics.tls_reload_errors.fetch_add(1, Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests;
