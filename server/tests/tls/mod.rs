//! TLS over real sockets: the page, the game, a renewed certificate, and bytes that are not TLS.

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
use tickwire::limits::TLS_HANDSHAKE_MAX_BYTES;

use super::*;
use crate::edge::{count, wait_until};

type TlsConnection = StreamOwned<ClientConnection, TcpStream>;

fn server_with_tls() -> Server<Tiny> {
    let tls = TlsConfig { tls_self_signed: true, ..TlsConfig::default() };
    start(Config { tls, ..Config::default() })
}

/// Accepts any certificate: the tests check the certificate themselves.
#[derive(Debug)]
struct AcceptAnyCertificate(CryptoProvider);

impl ServerCertVerifier for AcceptAnyCertificate {
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

/// Connects and completes the TLS handshake with one of these versions.
fn connect_tls_with(
    address: SocketAddr,
    versions: &[&'static SupportedProtocolVersion],
) -> TlsConnection {
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .expect("ring has them")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AcceptAnyCertificate(default_provider())))
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("it is a name");
    let mut session = ClientConnection::new(Arc::new(config), name).expect("a client");
    let mut tcp = TcpStream::connect(address).expect("the server listens");
    tcp.set_read_timeout(Some(PATIENCE)).expect("a timeout above 0");
    while session.is_handshaking() {
        session.complete_io(&mut tcp).expect("a handshake");
    }
    StreamOwned::new(session, tcp)
}

fn connect_tls(address: SocketAddr) -> TlsConnection {
    connect_tls_with(address, &[&version::TLS13, &version::TLS12])
}

fn upgrade(stream: TlsConnection, address: SocketAddr) -> TestClient<TlsConnection> {
    let url = format!("wss://{address}/ws");
    TestClient(tungstenite::client(url, stream).expect("upgraded").0)
}

/// The response over TLS, which the server ends with `close_notify`.
fn get_tls(address: SocketAddr, path: &str) -> String {
    let mut stream = connect_tls(address);
    write!(stream, "GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        .expect("the server reads");
    let mut response = Vec::new();
    stream.read_to_end(&mut response).expect("the server responds and ends TLS properly");
    String::from_utf8_lossy(&response).into_owned()
}

/// Expects the pong of a ping. It does not wait for snapshots: without acknowledgements they stop.
fn expect_pong(peer: &mut TestClient<TlsConnection>, number: u32) {
    let ping = Ping { number };
    peer.send(&ClientMessage::Ping(ping));
    peer.receive_until(|message| matches!(message, ServerMessage::Pong(pong) if pong == ping));
}

#[test]
fn the_page_is_served_over_https_and_the_game_over_wss_with_either_version() {
    let server = server_with_tls();
    assert_eq!(server.scheme(), "https");
    let page = get_tls(server.address(), "/");
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    for version in [&version::TLS13, &version::TLS12] {
        let mut peer = upgrade(connect_tls_with(server.address(), &[version]), server.address());
        peer.join(RoomChoice::Any).expect("a seat is free");
        peer.receive_until(|message| matches!(message, ServerMessage::Snapshot(_)));
        expect_pong(&mut peer, 7);
        peer.send(&ClientMessage::Hello(hello(RoomChoice::Any)));
        peer.expect_end(DisconnectReason::Protocol);
    }
    let status = status(&server);
    assert_eq!(count(&status, "sessions"), 2, "{status}");
    assert_eq!(count(&status, "tls_handshakes_failed"), 0, "{status}");
}

#[test]
fn plaintext_requests_are_redirected_to_https_and_plaintext_websockets_are_rejected() {
    let server = server_with_tls();
    let address = server.address();
    let response = get(address, "/some/page?room=den");
    assert!(response.starts_with("HTTP/1.1 308 "), "{response}");
    assert!(
        response.contains("\r\nlocation: https://localhost:1/some/page?room=den\r\n"),
        "{response}"
    );
    assert!(response.contains("\r\nconnection: close\r\n"), "{response}");
    let upgrade = "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let response = exchange(address, upgrade);
    assert!(response.starts_with("HTTP/1.1 426 "), "{response}");
    assert!(response.contains("wss://"), "{response}");
    let invalid_host =
        exchange(address, "GET / HTTP/1.1\r\nHost: a\"b\r\nConnection: close\r\n\r\n");
    assert!(invalid_host.starts_with("HTTP/1.1 400 "), "{invalid_host}");
    // The admin listener has no TLS.
    assert!(get(server.admin_address(), "/healthz").starts_with("HTTP/1.1 200 "));
}

#[test]
fn a_failed_tls_handshake_is_rejected_and_counted() {
    let server = server_with_tls();
    for garbage in [&[0x16; 400][..], &[0x16, 3, 1, 0, 4, 1, 0, 0, 0], &[0x16, 3, 1, 0xFF, 0xFF]] {
        let mut stream = TcpStream::connect(server.address()).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above 0");
        stream.write_all(garbage).expect("the server reads");
        let mut response = Vec::new();
        // An alert, if it arrives before the connection is reset.
        let _ = stream.read_to_end(&mut response);
        assert!(response.is_empty() || response[0] == 0x15, "{response:?}");
    }
    wait_until("they are counted", || count(&status(&server), "tls_handshakes_failed") == 3);
    let mut peer = upgrade(connect_tls(server.address()), server.address());
    peer.join(RoomChoice::Any).expect("a seat is free");
}

/// The beginning of a hello that announces as much as a TLS library accepts, in records of 16 KiB.
fn half_hello(bytes: usize) -> Vec<u8> {
    const RECORD: usize = 16_384;
    let mut hello = vec![1, 0, 0xFF, 0xF0];
    hello.resize(bytes, 0);
    hello
        .chunks(RECORD)
        .flat_map(|part| {
            let [high, low] = (part.len() as u16).to_be_bytes();
            [&[0x16, 3, 1, high, low], part].concat()
        })
        .collect()
}

#[test]
fn a_tls_hello_longer_than_any_is_refused_before_the_server_keeps_it() {
    let server = server_with_tls();
    let mut long = TcpStream::connect(server.address()).expect("the server listens");
    long.set_read_timeout(Some(PATIENCE)).expect("a timeout above 0");
    // The server may have closed before all of it is sent.
    let _ = long.write_all(&half_hello(60_000));
    let ended = long.read(&mut [0; 9]);
    assert!(matches!(ended, Ok(0)) || ended.is_err_and(|e| e.kind() != ErrorKind::WouldBlock));
    let ended = status(&server);
    assert_eq!(
        (count(&ended, "tls_handshakes_failed"), count(&ended, "deadlines_missed")),
        (1, 0),
        "it ends by its length, not by its time: {ended}"
    );
    // As much as is allowed is waited for.
    let mut short = TcpStream::connect(server.address()).expect("the server listens");
    short.set_read_timeout(Some(PATIENCE)).expect("a timeout above 0");
    short.write_all(&half_hello(TLS_HANDSHAKE_MAX_BYTES - 5)).expect("the server reads");
    let ended = short.read(&mut [0; 9]);
    assert!(matches!(ended, Ok(0)) || ended.is_err_and(|e| e.kind() != ErrorKind::WouldBlock));
    wait_until("it is counted", || count(&status(&server), "deadlines_missed") == 1);
    let mut peer = upgrade(connect_tls(server.address()), server.address());
    peer.join(RoomChoice::Any).expect("a seat is free");
}

#[test]
fn a_tls_handshake_that_never_ends_is_closed_at_the_opening_deadline() {
    let server = server_with_tls();
    let mut stream = TcpStream::connect(server.address()).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above 0");
    // The header of a record, whose bytes follow one by one until the connection is closed.
    stream.write_all(&[0x16, 3, 1, 2, 0]).expect("the server reads");
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

/// The files of a certificate, removed on drop.
struct CertificateFiles(PathBuf);

impl CertificateFiles {
    fn new() -> CertificateFiles {
        let path = std::env::temp_dir().join(format!("tickwire-tls-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        CertificateFiles(path)
    }

    fn config(&self) -> TlsConfig {
        let [tls_cert, tls_key] = ["cert", "key"].map(|name| Some(self.0.join(name)));
        TlsConfig { tls_cert, tls_key, tls_self_signed: false }
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).expect("the file can be written");
    }

    /// Writes a new certificate and its key.
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

impl Drop for CertificateFiles {
    fn drop(&mut self) {
        // If this fails, the operating system cleans up the temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_renewed_certificate_is_used_without_a_restart_and_players_play_on() {
    let files = CertificateFiles::new();
    let old = files.renew();
    let server = start(Config { tls: files.config(), ..Config::default() });
    let presented = || {
        let stream = connect_tls(server.address());
        stream.conn.peer_certificates().expect("the server sent it").first().cloned()
    };
    let mut player = upgrade(connect_tls(server.address()), server.address());
    player.join(RoomChoice::Any).expect("a seat is free");
    assert_eq!(presented().as_ref(), Some(&old));
    // An invalid certificate is counted, and the last valid one stays in use.
    files.write("cert", "-----BEGIN CERTIFICATE-----\nbroken");
    wait_until("it is detected", || {
        expect_pong(&mut player, 1);
        count(&status(&server), "tls_reload_errors") >= 1
    });
    assert_eq!(presented().as_ref(), Some(&old));
    let new = files.renew();
    wait_until("the new one is used", || {
        expect_pong(&mut player, 2);
        presented().as_ref() == Some(&new)
    });
    assert!(count(&status(&server), "tls_reloads") >= 1);
    expect_pong(&mut player, 3);
}
