//! Clients that read nothing, over real sockets: what they cost, kernel and all.

mod tiny;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use shared::limits::SOCKET_SEND_BUFFER_BYTES;
use shared::protocol::{ClientMessage, End, Hello, PROTOCOL_VERSION, Ping, Role, RoomWish};
use tickwire::{Config, Server};
use tiny::Tiny;
use tungstenite::{Message, WebSocket};

/// Nothing here takes nearly as long, unless it is broken.
const PATIENCE: Duration = Duration::from_secs(30);
/// What the kernel keeps for a client of what it does not read; it doubles it for its own needs.
const RECEIVE_BUFFER_BYTES: usize = 4_096;

fn server() -> Server<Tiny> {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    Server::start(Config { listen, fill: 0, ..Config::default() }).expect("the server starts")
}

fn connect(address: SocketAddr) -> WebSocket<TcpStream> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)
        .expect("there are sockets");
    // Before it connects: what the kernel offers the server is settled by then.
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES).expect("a socket can");
    socket.connect(&address.into()).expect("it listens");
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above 0");
    tungstenite::client(format!("ws://{address}/ws"), stream).expect("upgraded").0
}

fn say(peer: &mut WebSocket<TcpStream>, message: &ClientMessage<'_>) -> bool {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    peer.send(Message::binary(bytes)).is_ok()
}

/// Says things that have answers and reads none, until it is thrown out; gives how much was sent
/// to it in all, when it reads at last.
fn sent_to_one_who_reads_nothing(server: &Server<Tiny>) -> usize {
    let mut peer = connect(server.address());
    let (protocol, role) = (PROTOCOL_VERSION, Role::Player);
    let (game, name, room) = ("tiny", "Ada", RoomWish::Any);
    let ticket = None;
    let hello = Hello { protocol, game, rules: 3, role, name, room, replays: false, ticket };
    say(&mut peer, &ClientMessage::Hello(hello));
    let started = Instant::now();
    let mut number = 0;
    while say(&mut peer, &ClientMessage::Ping(Ping { number })) {
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
fn a_client_that_reads_nothing_is_bounded_in_bytes_kernel_and_all_and_is_thrown_out() {
    let server = server();
    let sent = sent_to_one_who_reads_nothing(&server);
    // As Linux does, each buffer counts double.
    let most = 2 * (SOCKET_SEND_BUFFER_BYTES + RECEIVE_BUFFER_BYTES);
    assert!(sent <= most, "{sent} bytes");
    let address = server.address();
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream
        .write_all(b"GET /api/rooms HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .expect("it reads");
    let mut rooms = String::new();
    stream.read_to_string(&mut rooms).expect("it answers");
    assert!(rooms.contains("\"players\":0"), "its place is free: {rooms}");
}

#[test]
fn a_peer_that_ignores_its_close_is_cut() {
    let server = server();
    let mut peer = connect(server.address());
    peer.send(Message::binary(vec![0xFF])).expect("it reads");
    // Bare from here on: nobody answers the close, nor closes.
    let stream = peer.get_mut();
    let mut told = Vec::new();
    stream.read_to_end(&mut told).expect("the server says why, and says no more");
    let protocol = End::Protocol.code().to_be_bytes();
    assert!(told.windows(2).any(|code| code == protocol), "{told:?}");
    let started = Instant::now();
    while stream.write_all(&[0]).is_ok() {
        std::thread::sleep(Duration::from_millis(20));
        assert!(started.elapsed() < PATIENCE, "it is still there");
    }
}
