//! Certificates on disk: created, invalid, and replaced while in use.

use std::io::{Read, Write};

use rustls::ServerConnection;
use rustls::pki_types::CertificateDer;

use super::*;
use crate::transport::test_tls::{client, handshake, pem};

/// A temporary folder, removed on drop.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("tickwire-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Folder(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("the file can be written");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // If this fails, the operating system cleans up the temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn here() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

#[test]
fn settings_without_a_valid_certificate_fail_with_the_reason() {
    let folder = Folder::new("certificates");
    let (cert, key, _) = pem();
    let (_, other_key, _) = pem();
    let cert = folder.write("cert", &cert);
    let [key, other_key, none] = [("key", key), ("other", other_key), ("none", "none".into())]
        .map(|(name, text)| folder.write(name, &text));
    let files = |cert: &PathBuf, key: &PathBuf| TlsConfig {
        tls_cert: Some(cert.clone()),
        tls_key: Some(key.clone()),
        tls_self_signed: false,
    };
    for (config, message) in [
        (TlsConfig { tls_key: None, ..files(&cert, &key) }, "must be set together"),
        (TlsConfig { tls_cert: None, ..files(&cert, &key) }, "must be set together"),
        (TlsConfig { tls_self_signed: true, ..files(&cert, &key) }, "cannot be combined"),
        (files(&cert, &other_key), "KeyMismatch"),
        (files(&key, &key), "no certificate"),
        (files(&cert, &cert), "no private key"),
        (files(&none, &key), "no certificate"),
        (files(&folder.0.join("missing"), &key), "missing"),
    ] {
        let error = Tls::load(&config, here()).map(|_| ()).expect_err(message);
        assert!(error.contains(message), "{error}");
    }
    assert!(Tls::load(&TlsConfig::default(), here()).expect("no TLS").is_none());
    let loaded = Tls::load(&files(&cert, &key), here()).expect("they match");
    let (_, renewal) = loaded.expect("a certificate");
    assert!(renewal.is_some());
}

#[test]
fn a_changed_certificate_is_used_and_a_broken_one_is_not() {
    let folder = Folder::new("renewal");
    let (cert, key, old) = pem();
    let (new_cert, new_key, new) = pem();
    let config = TlsConfig {
        tls_cert: Some(folder.write("cert", &cert)),
        tls_key: Some(folder.write("key", &key)),
        tls_self_signed: false,
    };
    let metrics = Arc::<Metrics>::default();
    let loaded = Tls::load(&config, here()).expect("they match").expect("a certificate");
    let (tls, Some(mut renewal)) = loaded else { panic!("files are watched") };
    let agrees = |trusted: &CertificateDer<'static>| {
        let mut server = ServerConnection::new(tls.current()).expect("a server");
        handshake(&mut server, &mut client(trusted)).is_ok()
    };
    let mut check = || {
        let read = renewal.files.read();
        renewal.update(read, &metrics);
        (metrics.tls_reloads.load(Relaxed), metrics.tls_reload_errors.load(Relaxed))
    };
    assert_eq!(check(), (0, 0));
    // Half of a new pair, then a missing file; each is counted once.
    folder.write("cert", &new_cert);
    assert_eq!([check(), check()], [(0, 1), (0, 1)]);
    assert!(agrees(&old) && !agrees(&new));
    std::fs::remove_file(folder.0.join("key")).expect("it was there");
    assert_eq!([check(), check()], [(0, 2), (0, 2)]);
    assert!(agrees(&old));
    folder.write("key", &new_key);
    assert_eq!([check(), check()], [(1, 2), (1, 2)]);
    assert!(agrees(&new) && !agrees(&old));
}

#[test]
fn a_self_signed_certificate_is_for_the_loopback_and_the_listening_address() {
    let listen = SocketAddr::from(([192, 0, 2, 7], 443));
    let certificate = certificate::self_signed(listen).expect("it can be created");
    assert_eq!(certificate.fingerprint.len(), 32 * 3 - 1);
    let config = TlsConfig { tls_self_signed: true, ..TlsConfig::default() };
    assert!(Tls::load(&config, listen).expect("it can be created").is_some());
}

#[test]
fn no_session_is_stored_and_only_http_1_is_offered() {
    let config = certificate::self_signed(here()).expect("it can be created").config;
    assert_eq!(config.alpn_protocols, [b"http/1.1".to_vec()]);
    assert!(!config.session_storage.can_cache() && !config.ticketer.enabled());
    assert_eq!((config.send_tls13_tickets, config.max_early_data_size), (0, 0));
}

#[test]
fn a_client_and_the_server_agree_on_a_session() {
    let (cert, key, trusted) = pem();
    let certificate = Pem { cert: cert.into(), key: key.into() }.load().expect("they match");
    let mut server = ServerConnection::new(certificate.config).expect("a server");
    let mut client = client(&trusted);
    handshake(&mut server, &mut client).expect("they agree");
    client.writer().write_all(b"hello").expect("a Vec accepts all bytes");
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).expect("a Vec accepts all bytes");
    server.read_tls(&mut &bytes[..]).expect("a slice can be read");
    server.process_new_packets().expect("it is TLS");
    let mut received = [0; 5];
    server.reader().read_exact(&mut received).expect("all of it arrived");
    assert_eq!(&received, b"hello");
}
