//! [`Tls`]: by what the door speaks TLS, and how a renewed certificate gets there.
//!
//! It owns the certificate: read from files and looked at again for as long as the server runs,
//! or made at start. Connections keep the one that they began with. It never touches a
//! connection: the door takes the handshakes, [`crate::stream`] the bytes after them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::config::TlsConfig;
use crate::metrics::Metrics;
use certificate::Pem;

mod certificate;

/// How often the files of the certificate are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// By what new connections speak TLS.
#[derive(Clone, Debug)]
pub(crate) struct Tls(watch::Receiver<Arc<ServerConfig>>);

impl Tls {
    /// By the settings; `None` if everything goes in plain. The renewal is to be run for as long
    /// as the server does.
    ///
    /// # Errors
    /// For people, when there is no certificate where one should be.
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
                    "TLS by a certificate that was made just now: whoever connects is to compare \
                     its fingerprint"
                );
                Ok(Some((Tls(watch::channel(certificate.config).1), None)))
            }
            (Some(cert), Some(key), false) => {
                let files = Files { cert: cert.clone(), key: key.clone() };
                let pem = files.read()?;
                let certificate = pem.load().map_err(|error| files.told(&error))?;
                info!(sha256 = certificate.fingerprint, "TLS by the certificate from its files");
                let (sender, current) = watch::channel(certificate.config);
                let renewal = Renewal { files, seen: pem, failed: false, sender };
                Ok(Some((Tls(current), Some(renewal))))
            }
            (_, _, true) => Err("--tls-self-signed needs no --tls-cert and no --tls-key".into()),
            (_, _, false) => Err("--tls-cert and --tls-key go together".into()),
        }
    }

    /// By what a connection that comes now speaks.
    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0.borrow())
    }
}

/// Where the certificate and its key are.
#[derive(Clone, Debug)]
struct Files {
    cert: PathBuf,
    key: PathBuf,
}

impl Files {
    fn read(&self) -> Result<Pem, String> {
        Pem::read(&self.cert, &self.key)
    }

    fn told(&self, error: &str) -> String {
        format!("{} with {}: {error}", self.cert.display(), self.key.display())
    }
}

/// Looks at the files of a certificate, and has new connections use what is new.
#[derive(Debug)]
pub(crate) struct Renewal {
    files: Files,
    /// What was in them the last time, good or bad.
    seen: Pem,
    /// Whether they could not be read the last time.
    failed: bool,
    sender: watch::Sender<Arc<ServerConfig>>,
}

impl Renewal {
    /// Looks for as long as it is polled.
    pub(crate) async fn run(mut self, metrics: Arc<Metrics>) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let files = self.files.clone();
            // A disk that does not answer must not hold the door up.
            match tokio::task::spawn_blocking(move || files.read()).await {
                Ok(read) => self.look(read, &metrics),
                // The server is going down.
                Err(_) => return,
            }
        }
    }

    /// Takes what the files have now. What is broken is told of and counted once, and the last good
    /// one stays: of a pair that is being written, one half is new before the other.
    fn look(&mut self, read: Result<Pem, String>, metrics: &Metrics) {
        let loaded = match read {
            Ok(pem) if pem == self.seen => {
                self.failed = false;
                return;
            }
            Ok(pem) => {
                let loaded = pem.load().map_err(|error| self.files.told(&error));
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
                info!(sha256 = certificate.fingerprint, "another certificate, for new connections");
                self.sender.send_replace(certificate.config);
                metrics.tls_reloads.fetch_add(1, Relaxed);
            }
            Err(error) => {
                warn!(error, "the certificate changed for what is none; the last one stays");
                metrics.tls_reload_errors.fetch_add(1, Relaxed);
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
