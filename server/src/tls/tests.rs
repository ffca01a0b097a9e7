//! Certificates that are made, broken and changed; and handshakes for other tests.

use std::io::{Read, Write};

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConnection};

use super::*;

/// A certificate and its key as PEM, for `localhost`, and the certificate itself.
pub(crate) fn pem() -> (String, String, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("it is a name");
    let armour = |kind: &str, der: &[u8]| {
        let text = data_encoding::BASE64.encode(der);
        format!("-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n")
    };
    let cert = armour("CERTIFICATE", made.cert.der());
    let key = armour("PRIVATE KEY", &made.signing_key.serialize_der());
    (cert, key, made.cert.der().clone())
}

/// A client that trusts one certificate and no other.
pub(crate) fn client(trusted: &CertificateDer<'static>) -> ClientConnection {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).expect("it is one");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("it is a name");
    ClientConnection::new(Arc::new(config), name).expect("a client")
}

/// A server for `localhost`, and the certificate by which it is known.
pub(crate) fn server_config() -> (Arc<ServerConfig>, CertificateDer<'static>) {
    let (cert, key, trusted) = pem();
    let pem = Pem { cert: cert.into(), key: key.into() };
    (pem.load().expect("they match").config, trusted)
}

/// Both ends of a session whose handshake is done.
pub(crate) fn session() -> (ServerConnection, ClientConnection) {
    let (config, trusted) = server_config();
    let mut server = ServerConnection::new(config).expect("a server");
    let mut client = client(&trusted);
    shake(&mut server, &mut client).expect("they agree");
    (server, client)
}

fn shake(
    server: &mut ServerConnection,
    client: &mut ClientConnection,
) -> Result<(), rustls::Error> {
    let mut bytes = Vec::new();
    while server.is_handshaking() || client.is_handshaking() || server.wants_write() {
        while client.wants_write() {
            client.write_tls(&mut bytes).expect("memory takes it");
        }
        server.read_tls(&mut &bytes[..]).expect("memory gives it");
        server.process_new_packets()?;
        bytes.clear();
        while server.wants_write() {
            server.write_tls(&mut bytes).expect("memory takes it");
        }
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            client.read_tls(&mut rest).expect("memory gives it");
            client.process_new_packets()?;
        }
        bytes.clear();
    }
    Ok(())
}

/// A folder of this test's own, gone with it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("tickwire-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("there is a place for temporary files");
        Folder(path)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("the disk takes it");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left there is the operating system's to clear away.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn here() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

#[test]
fn settings_that_name_no_certificate_do_not_start_and_say_why() {
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
    for (config, told) in [
        (TlsConfig { tls_key: None, ..files(&cert, &key) }, "go together"),
        (TlsConfig { tls_cert: None, ..files(&cert, &key) }, "go together"),
        (TlsConfig { tls_self_signed: true, ..files(&cert, &key) }, "needs no"),
        (files(&cert, &other_key), "KeyMismatch"),
        (files(&key, &key), "no certificate"),
        (files(&cert, &cert), "no private key"),
        (files(&none, &key), "no certificate"),
        (files(&folder.0.join("missing"), &key), "missing"),
    ] {
        let error = Tls::load(&config, here()).map(|_| ()).expect_err(told);
        assert!(error.contains(told), "{error}");
    }
    assert!(Tls::load(&TlsConfig::default(), here()).expect("plain").is_none());
    let loaded = Tls::load(&files(&cert, &key), here()).expect("they match");
    let (_, renewal) = loaded.expect("there is one");
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
    let loaded = Tls::load(&config, here()).expect("they match").expect("there is one");
    let (tls, Some(mut renewal)) = loaded else { panic!("files are looked at") };
    let agrees = |trusted: &CertificateDer<'static>| {
        let mut server = ServerConnection::new(tls.current()).expect("a server");
        shake(&mut server, &mut client(trusted)).is_ok()
    };
    let mut look = || {
        let read = renewal.files.read();
        renewal.look(read, &metrics);
        (metrics.tls_reloads.load(Relaxed), metrics.tls_reload_errors.load(Relaxed))
    };
    assert_eq!(look(), (0, 0));
    // Half of a new pair; then nothing at all; each is counted once.
    folder.write("cert", &new_cert);
    assert_eq!([look(), look()], [(0, 1), (0, 1)]);
    assert!(agrees(&old) && !agrees(&new));
    std::fs::remove_file(folder.0.join("key")).expect("it was there");
    assert_eq!([look(), look()], [(0, 2), (0, 2)]);
    assert!(agrees(&old));
    folder.write("key", &new_key);
    assert_eq!([look(), look()], [(1, 2), (1, 2)]);
    assert!(agrees(&new) && !agrees(&old));
}

#[test]
fn a_certificate_made_at_start_is_for_the_machine_and_the_address_it_listens_on() {
    let listen = SocketAddr::from(([192, 0, 2, 7], 443));
    let made = certificate::self_signed(listen).expect("it is made");
    assert_eq!(made.fingerprint.len(), 32 * 3 - 1);
    let config = TlsConfig { tls_self_signed: true, ..TlsConfig::default() };
    assert!(Tls::load(&config, listen).expect("it is made").is_some());
}

#[test]
fn nothing_of_a_session_is_kept_and_only_http_1_is_offered() {
    let config = certificate::self_signed(here()).expect("it is made").config;
    assert_eq!(config.alpn_protocols, [b"http/1.1".to_vec()]);
    assert!(!config.session_storage.can_cache() && !config.ticketer.enabled());
    assert_eq!((config.send_tls13_tickets, config.max_early_data_size), (0, 0));
}

#[test]
fn both_ends_of_a_session_hear_each_other() {
    let (mut server, mut client) = session();
    client.writer().write_all(b"hello").expect("memory takes it");
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).expect("memory takes it");
    server.read_tls(&mut &bytes[..]).expect("memory gives it");
    server.process_new_packets().expect("it is TLS");
    let mut heard = [0; 5];
    server.reader().read_exact(&mut heard).expect("all of it is there");
    assert_eq!(&heard, b"hello");
}
