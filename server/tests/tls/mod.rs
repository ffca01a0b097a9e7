//! TLS, over real sockets: the page, the game, the certificate that changes, and what is no TLS.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring::default_provider};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned,
    SupportedProtocolVersion, version,
};
use tickwire::TlsConfig;

use super::*;
use crate::door::{count, wait_until};

type Secure = StreamOwned<ClientConnection, TcpStream>;

fn server_with_tls() -> Server<Tiny> {
    let tls = TlsConfig { tls_self_signed: true, ..TlsConfig::default() };
    start(Config { tls, ..Config::default() })
}

/// Believes all, for the tests look at the certificate themselves.
#[derive(Debug)]
struct Believer(CryptoProvider);

impl ServerCertVerifier for Believer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// A connection whose handshake is done.
fn secure_by(address: SocketAddr, versions: &[&'static SupportedProtocolVersion]) -> Secure {
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .expect("ring has them")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Believer(default_provider())))
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("it is a name");
    let mut session = ClientConnection::new(Arc::new(config), name).expect("a client");
    let mut tcp = TcpStream::connect(address).expect("it listens");
    tcp.set_read_timeout(Some(PATIENCE)).expect("a timeout above 0");
    while session.is_handshaking() {
        session.complete_io(&mut tcp).expect("a handshake");
    }
    StreamOwned::new(session, tcp)
}

fn secure(address: SocketAddr) -> Secure {
    secure_by(address, &[&version::TLS13, &version::TLS12])
}

fn upgraded(stream: Secure, address: SocketAddr) -> Peer<Secure> {
    let url = format!("wss://{address}/ws");
    Peer(tungstenite::client(url, stream).expect("upgraded").0)
}

/// What the server answers over TLS, which it ends in order.
fn get_secure(address: SocketAddr, path: &str) -> String {
    let mut stream = secure(address);
    write!(stream, "GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        .expect("it reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers, and says that this is the end");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Whether a ping is answered. Snapshots are not waited for: they end with who acknowledges none.
fn plays_on(peer: &mut Peer<Secure>, number: u32) {
    let ping = Ping { number };
    peer.say(&ClientMessage::Ping(ping));
    peer.hear_until(|message| matches!(message, ServerMessage::Pong(pong) if pong == ping));
}

#[test]
fn the_page_comes_over_https_and_one_plays_over_wss_by_either_version() {
    let server = server_with_tls();
    assert_eq!(server.scheme(), "https");
    let page = get_secure(server.address(), "/");
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    for version in [&version::TLS13, &version::TLS12] {
        let mut peer = upgraded(secure_by(server.address(), &[version]), server.address());
        peer.join(RoomWish::Any).expect("there is a place");
        peer.hear_until(|message| matches!(message, ServerMessage::Snapshot(_)));
        plays_on(&mut peer, 7);
        peer.say(&ClientMessage::Hello(hello(RoomWish::Any)));
        peer.ends_by(End::Protocol);
    }
    let status = status(&server);
    assert_eq!(count(&status, "sessions"), 2, "{status}");
    assert_eq!(count(&status, "tls_handshakes_failed"), 0, "{status}");
}

#[test]
fn plain_requests_are_sent_to_https_and_no_websocket_opens_in_plain() {
    let server = server_with_tls();
    let address = server.address();
    let answer = get(address, "/some/page?room=den");
    assert!(answer.starts_with("HTTP/1.1 308 "), "{answer}");
    assert!(answer.contains("\r\nlocation: https://here:1/some/page?room=den\r\n"), "{answer}");
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    let upgrade = "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let answer = exchange(address, upgrade);
    assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
    assert!(answer.contains("wss://"), "{answer}");
    let odd = exchange(address, "GET / HTTP/1.1\r\nHost: a\"b\r\nConnection: close\r\n\r\n");
    assert!(odd.starts_with("HTTP/1.1 400 "), "{odd}");
    // The counters are for the machine itself, as ever.
    assert!(get(server.admin_address(), "/healthz").starts_with("HTTP/1.1 200 "));
}

#[test]
fn what_only_begins_like_tls_is_refused_and_counted() {
    let server = server_with_tls();
    for garbage in [&[0x16; 400][..], &[0x16, 3, 1, 0, 4, 1, 0, 0, 0], &[0x16, 3, 1, 0xFF, 0xFF]] {
        let mut stream = TcpStream::connect(server.address()).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above 0");
        stream.write_all(garbage).expect("it reads");
        let mut answer = Vec::new();
        // An alert, as far as it arrives before the connection is reset.
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.is_empty() || answer[0] == 0x15, "{answer:?}");
    }
    wait_until("they are counted", || count(&status(&server), "tls_handshakes_failed") == 3);
    let mut peer = upgraded(secure(server.address()), server.address());
    peer.join(RoomWish::Any).expect("there is a place");
}

#[test]
fn a_handshake_that_never_ends_is_cut_by_the_opening_deadline() {
    let server = server_with_tls();
    let mut stream = TcpStream::connect(server.address()).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above 0");
    // The head of a record, whose bytes come one by one for as long as they are taken.
    stream.write_all(&[0x16, 3, 1, 2, 0]).expect("it reads");
    let mut slow = stream.try_clone().expect("a descriptor");
    let drip = std::thread::spawn(move || {
        while slow.write_all(&[1]).is_ok() {
            std::thread::sleep(Duration::from_millis(200));
        }
    });
    let ended = stream.read(&mut [0; 9]);
    assert!(matches!(ended, Ok(0)) || ended.is_err_and(|e| e.kind() != ErrorKind::WouldBlock));
    drip.join().expect("it ends with the connection");
    wait_until("it is counted", || count(&status(&server), "deadlines_missed") == 1);
}

/// A certificate in files, gone with the test.
struct Files(PathBuf);

impl Files {
    fn new() -> Files {
        let path = std::env::temp_dir().join(format!("tickwire-tls-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("there is a place for temporary files");
        Files(path)
    }

    fn config(&self) -> TlsConfig {
        let [tls_cert, tls_key] = ["cert", "key"].map(|name| Some(self.0.join(name)));
        TlsConfig { tls_cert, tls_key, tls_self_signed: false }
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).expect("the disk takes it");
    }

    /// Another certificate, with its key.
    fn renew(&self) -> CertificateDer<'static> {
        let made = rcgen::generate_simple_self_signed(["localhost".into()]).expect("it is a name");
        let armour = |kind: &str, der: &[u8]| {
            let text = data_encoding::BASE64.encode(der);
            format!("-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n")
        };
        self.write("cert", &armour("CERTIFICATE", made.cert.der()));
        self.write("key", &armour("PRIVATE KEY", &made.signing_key.serialize_der()));
        made.cert.der().clone()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        // What is left there is the operating system's to clear away.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_renewed_certificate_is_used_without_a_restart_and_those_inside_play_on() {
    let files = Files::new();
    let old = files.renew();
    let server = start(Config { tls: files.config(), ..Config::default() });
    let presented = || {
        let stream = secure(server.address());
        stream.conn.peer_certificates().expect("it is told").first().cloned()
    };
    let mut inside = upgraded(secure(server.address()), server.address());
    inside.join(RoomWish::Any).expect("there is a place");
    assert_eq!(presented().as_ref(), Some(&old));
    // A broken one is told of, and the last good one stays.
    files.write("cert", "-----BEGIN CERTIFICATE-----\nbroken");
    wait_until("it is seen", || {
        plays_on(&mut inside, 1);
        count(&status(&server), "tls_reload_errors") >= 1
    });
    assert_eq!(presented().as_ref(), Some(&old));
    let new = files.renew();
    wait_until("the new one is used", || {
        plays_on(&mut inside, 2);
        presented().as_ref() == Some(&new)
    });
    assert!(count(&status(&server), "tls_reloads") >= 1);
    plays_on(&mut inside, 3);
}
