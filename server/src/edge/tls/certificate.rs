//! A certificate and its key: read from files or created, and the TLS configuration made of them.
//!
//! TLS 1.2 and 1.3 with `ring`, HTTP/1.1 as the only protocol, and no session resumption. It knows no
//! clock and no socket; [`super::Tls`] calls it. What a certificate says of itself is in [`Facts`].

use std::fmt::{self, Write};
use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use ring::digest;
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{Error, InconsistentKeys};

use super::facts::Facts;
use crate::edge::pem;

/// Largest file of a certificate or a key, in bytes. A larger one is refused.
const FILE_MAX_BYTES: u64 = 1 << 18;
/// The only protocol offered by ALPN: a browser would prefer HTTP/2.
const ALPN: &[u8] = b"http/1.1";

/// A certificate that is ready for use.
#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) config: Arc<ServerConfig>,
    /// SHA-256 of the certificate, in the format of browsers.
    pub(super) fingerprint: String,
    pub(super) facts: Facts,
}

/// The content of the two files.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pem {
    pub(super) cert: Vec<u8>,
    pub(super) key: Vec<u8>,
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pem(not shown)")
    }
}

impl Pem {
    pub(super) fn read(cert: &Path, key: &Path) -> Result<Pem, String> {
        Ok(Pem { cert: read(cert)?, key: read(key)? })
    }

    /// Parses the certificate and its key, and checks that they match.
    pub(super) fn load(&self) -> Result<Certificate, String> {
        let chain =
            pem::certificates(&self.cert).map_err(|error| format!("certificate: {error}"))?;
        let key = pem::private_key(&self.key).map_err(|error| format!("key: {error}"))?;
        Certificate::new(chain, key)
    }
}

impl Certificate {
    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Certificate, String> {
        let provider = default_provider();
        let fingerprint = fingerprint(&chain[0]);
        let facts = Facts::of_chain(&chain)?;
        let signing = provider.key_provider.load_private_key(key.clone_key());
        let signing = signing.map_err(|_| pem::describe_unsupported(&key))?;
        CertifiedKey::new(chain.clone(), signing).keys_match().map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => "the key is not that of the \
                first certificate in the file: put the server's certificate first, and use its key"
                .to_owned(),
            error => error.to_string(),
        })?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| error.to_string())?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        // No resumption: there is no session state to store or to steal.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Certificate { config: Arc::new(config), fingerprint, facts })
    }
}

/// Creates a self-signed certificate for the loopback and the listening address. It is different at
/// each start.
pub(super) fn self_signed(listen: SocketAddr) -> Result<Certificate, String> {
    let mut names = vec!["localhost".to_owned()];
    let mut addresses = vec![IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
    if !listen.ip().is_unspecified() && !addresses.contains(&listen.ip()) {
        addresses.push(listen.ip());
    }
    names.extend(addresses.iter().map(IpAddr::to_string));
    let generated = rcgen::generate_simple_self_signed(names).map_err(|error| error.to_string())?;
    let key = PrivateKeyDer::try_from(generated.signing_key.serialize_der())?;
    Certificate::new(vec![generated.cert.into()], key)
}

fn fingerprint(certificate: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, certificate);
    let mut text = String::new();
    for (at, byte) in hash.as_ref().iter().enumerate() {
        let colon = if at > 0 { ":" } else { "" };
        write!(text, "{colon}{byte:02X}").expect("writing to a String cannot fail");
    }
    text
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let describe = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(describe)?
        .take(FILE_MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(describe)?;
    if bytes.len() as u64 > FILE_MAX_BYTES {
        return Err(format!("{}: the file is larger than {FILE_MAX_BYTES} bytes", path.display()));
    }
    Ok(bytes)
}
