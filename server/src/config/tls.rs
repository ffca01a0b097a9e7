//! [`TlsConfig`]: the certificate of `wss://` and `https://`.

/// The part of [`crate::Config`] that says the certificate of `wss://` and `https://`.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct TlsConfig {}
