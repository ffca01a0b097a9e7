//! [`TlsConfig`]: the certificate of `wss://` and `https://`.

use std::path::PathBuf;

/// The part of [`crate::Config`] that says what the certificate of `wss://` and `https://` is; by
/// default there is none, and everything goes in plain.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct TlsConfig {
    /// Speak TLS only, by this certificate and those above it, in PEM; looked at again every two
    /// seconds, so that a renewed one is used without a restart
    #[arg(long, env = "TICKWIRE_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// The private key of the certificate, in PEM
    #[arg(long, env = "TICKWIRE_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// Speak TLS only, by a certificate made at start that nobody vouches for: to try it out
    #[arg(long, env = "TICKWIRE_TLS_SELF_SIGNED", conflicts_with_all = ["tls_cert", "tls_key"])]
    pub tls_self_signed: bool,
}
