//! [`TlsConfig`]: the certificate of `wss://` and `https://`.

use std::path::PathBuf;

/// The part of [`crate::Config`] for TLS. By default there is no certificate, and connections are
/// not encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct TlsConfig {
    /// Serve TLS only, with this certificate chain in PEM; the file is checked every two seconds, so
    /// that a renewed certificate is used without a restart
    #[arg(long, env = "TICKWIRE_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// The private key of the certificate, in PEM
    #[arg(long, env = "TICKWIRE_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// Serve TLS only, with a self-signed certificate that is created at start, for trying TLS out
    #[arg(long, env = "TICKWIRE_TLS_SELF_SIGNED", conflicts_with_all = ["tls_cert", "tls_key"])]
    pub tls_self_signed: bool,
}
