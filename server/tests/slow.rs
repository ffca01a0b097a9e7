//! Clients that read nothing, over real sockets: what they cost, kernel buffers included.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use test_games::tiny::Tiny;
use tickwire::limits::SOCKET_SEND_BUFFER_BYTES;
use tickwire::{Config, Server, SessionConfig};
use tickwire_game::protocol::{
    ClientMessage, DisconnectReason, Hello, PROTOCOL_VERSION, Ping, Role, RoomChoice,
};
use tungstenite::{Message, WebSocket};

/// Timeout of every wait: far longer than anything takes unless it is broken.
const PATIENCE: Duration = Duration::from_secs(30);
/// The kernel's receive buffer of a client; Linux doubles it for its own needs.
const RECEIVE_BUFFER_BYTES: usize = 4_096;

fn server() -> Server<Tiny> {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    // Nobody stays without a connection.
    let session = SessionConfig { grace: Duration::ZERO, ..SessionConfig::default() };
    let config = Config { listen, fill: 0, session, ..Config::default() };
    Server::start(config).expect("the server starts")
}

fn connect(address: SocketAddr) -> WebSocket<TcpStream> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)
        .expect("there are sockets");
    // Before the connect: the kernel derives the TCP window from it at the handshake.
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES).expect("a socket can");
    socket.connect(&address.into()).expect("the server listens");
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above 0");
    tungstenite::client(format!("ws://{address}/ws"), stream).expect("upgraded").0
}

fn send(peer: &mut WebSocket<TcpStream>, message: &ClientMessage<'_>) -> bool {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    peer.send(Message::binary(bytes)).is_ok()
}

/// Sends messages that have responses and reads none, until the server ends the connection. Returns how
/// many bytes were sent to it, by reading at last.
fn bytes_sent_to_a_client_that_reads_nothing(server: &Server<Tiny>) -> usize {
    let mut peer = connect(server.address());
    let (protocol, role) = (PROTOCOL_VERSION, Role::Player);
    let (game, name, room) = ("tiny", "Ada", RoomChoice::Any);
    let ticket = None;
    let hello = Hello {
        protocol,
        game,
        rules: 3,
        role,
        name,
        room,
        replays: false,
        ticket,
        settings: None,
        resume: None,
    };
    send(&mut peer, &ClientMessage::Hello(hello));
    let started = Instant::now();
    let mut number = 0;
    while send(&mut peer, &ClientMessage::Ping(Ping { number })) {
        number += 1;
        std::thread::sleep(Duration::from_millis(100));
        assert!(started.elapsed() < 3 * PATIENCE, "it is still there");
    }
    let stream = peer.get_mut();
    let mut bytes = 0;
    let mut buffer = [0; 4_096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return bytes,
            Ok(read) => bytes += read,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return bytes,
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_client_that_reads_nothing_costs_a_bounded_number_of_bytes_and_is_disconnected() {
    let server = server();
    let sent = bytes_sent_to_a_client_that_reads_nothing(&server);
    // Linux doubles each buffer.
    let most = 2 * (SOCKET_SEND_BUFFER_BYTES + RECEIVE_BUFFER_BYTES);
    assert!(sent <= most, "{sent} bytes");
    let address = server.address();
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream
        .write_all(b"GET /api/rooms HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .expect("the server reads");
    let mut rooms = String::new();
    stream.read_to_string(&mut rooms).expect("the server responds");
    assert!(rooms.contains("\"players\":0"), "its seat is free: {rooms}");
}

#[test]
fn a_peer_that_ignores_its_close_is_disconnected() {
    let server = server();
    let mut peer = connect(server.address());
    peer.send(Message::binary(vec![0xFF])).expect("the server reads");
    // Raw from here on: nothing answers the close frame or closes the connection.
    let stream = peer.get_mut();
    let mut received = Vec::new();
    stream.read_to_end(&mut received).expect("the server sends the reason and closes");
    let protocol = DisconnectReason::Protocol.code().to_be_bytes();
    assert!(received.windows(2).any(|code| code == protocol), "{received:?}");
    let started = Instant::now();
    while stream.write_all(&[0]).is_ok() {
        std::thread::sleep(Duration::from_millis(20));
        assert!(started.elapsed() < PATIENCE, "it is still there");
    }
}
