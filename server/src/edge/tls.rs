//! [`Tls`]: the TLS configuration of new connections, and [`Renewal`], which reloads the certificate.
//!
//! It owns the certificate, which is read from files and checked for changes while the server runs, or
//! created at start. A connection keeps the certificate of its handshake. It never touches a
//! connection: [`super::peer_stream`] does the handshake, [`crate::transport::byte_stream`] handles the
//! bytes after it.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::config::TlsConfig;
use renewal::PemFiles;
pub(crate) use renewal::Renewal;

mod certificate;
mod facts;
mod renewal;

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
                let certificate = files.load(&pem)?;
                info!(
                    sha256 = certificate.fingerprint,
                    names = certificate.facts.names.join(" "),
                    "TLS uses the certificate from its files"
                );
                let (renewal, current) = Renewal::new(files, pem, certificate, renewal::now());
                Ok(Some((Tls(current), Some(renewal))))
            }
            (_, _, true) => {
                Err("--tls-self-signed cannot be combined with --tls-cert and --tls-key (nor can their \
                    variables, TICKWIRE_TLS_...)"
                    .into())
            }
            (_, _, false) => Err("--tls-cert and --tls-key must be set together".into()),
        }
    }

    /// The configuration for a connection that is accepted now.
    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0.borrow())
    }
}

#[cfg(test)]
mod tests;
