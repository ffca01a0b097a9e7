//! The door over real sockets: what it refuses and how, and that it stays open whatever comes.

mod addresses;
mod http;
mod openings;

use std::io::BufRead;

use socket2::{Domain, Socket, Type};
use tickwire::DoorConfig;

use super::*;

/// The headers of a good handshake, each ended.
const HANDSHAKE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

fn start_door(door: DoorConfig) -> Server<Tiny> {
    start(Config { door, ..Config::default() })
}

/// A connection from one of the many addresses of this machine.
fn connect_from(from: [u8; 4], to: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.bind(&SocketAddr::from((from, 0)).into()).expect("the loopback has this address");
    socket.connect(&to.into()).expect("it listens");
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above 0");
    stream
}

/// Says this and hears one head.
fn head(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut reader = std::io::BufReader::with_capacity(1, stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        let count = reader.read_line(&mut head).expect("it answers");
        assert!(count > 0, "closed after {head:?}");
    }
    head
}

/// Asks for the WebSocket, with these headers besides.
fn ask(stream: &mut TcpStream, headers: &str) -> String {
    head(stream, &format!("GET /ws HTTP/1.1\r\nHost: here\r\n{HANDSHAKE}{headers}\r\n"))
}

pub(crate) fn count(status: &serde_json::Value, name: &str) -> u64 {
    status[name].as_u64().unwrap_or_else(|| panic!("no {name} in {status}"))
}

fn refused(server: &Server<Tiny>, code: u16) -> u64 {
    count(&status(server)["refused_http"], &code.to_string())
}

/// Asks again until it is so.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "never {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
