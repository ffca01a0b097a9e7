//! TLS sessions for tests: a certificate for `localhost`, a client that trusts it, and a handshake
//! in memory.

use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

/// A certificate for `localhost` and its key as PEM, and the certificate itself.
pub(crate) fn pem() -> (String, String, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a valid name");
    let cert = armour("CERTIFICATE", made.cert.der());
    let key = armour("PRIVATE KEY", &made.signing_key.serialize_der());
    (cert, key, made.cert.der().clone())
}

/// One block of PEM.
pub(crate) fn armour(kind: &str, der: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(der);
    format!("-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n")
}

/// A client that trusts one certificate and no other.
pub(crate) fn client(trusted: &CertificateDer<'static>) -> ClientConnection {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).expect("a valid certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a valid name");
    ClientConnection::new(Arc::new(config), name).expect("a client")
}

/// The configuration of a server for `localhost`, and the certificate that a client must trust.
pub(crate) fn server_config() -> (Arc<ServerConfig>, CertificateDer<'static>) {
    let (_, key, trusted) = pem();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a private key");
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports them")
        .with_no_client_auth()
        .with_single_cert(vec![trusted.clone()], key)
        .expect("they match");
    // As the server's own configuration: nothing is sent after the handshake.
    config.send_tls13_tickets = 0;
    (Arc::new(config), trusted)
}

/// Both ends of a session whose handshake is complete.
pub(crate) fn session() -> (ServerConnection, ClientConnection) {
    let (config, trusted) = server_config();
    let mut server = ServerConnection::new(config).expect("a server");
    let mut client = client(&trusted);
    handshake(&mut server, &mut client).expect("they agree");
    (server, client)
}

/// Completes the handshake of two ends in memory.
pub(crate) fn handshake(
    server: &mut ServerConnection,
    client: &mut ClientConnection,
) -> Result<(), rustls::Error> {
    let mut bytes = Vec::new();
    while server.is_handshaking() || client.is_handshaking() || server.wants_write() {
        while client.wants_write() {
            client.write_tls(&mut bytes).expect("a Vec accepts all bytes");
        }
        server.read_tls(&mut &bytes[..]).expect("a slice can be read");
        server.process_new_packets()?;
        bytes.clear();
        while server.wants_write() {
            server.write_tls(&mut bytes).expect("a Vec accepts all bytes");
        }
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            client.read_tls(&mut rest).expect("a slice can be read");
            client.process_new_packets()?;
        }
        bytes.clear();
    }
    Ok(())
}
