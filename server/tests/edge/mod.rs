//! The edge over real sockets: what it rejects and how, and that it keeps accepting under any load.

mod addresses;
mod http;
mod page;
mod pending_connections;

use std::io::BufRead;

use socket2::{Domain, Socket, Type};
use tickwire::EdgeConfig;

use super::*;

/// The headers of a valid WebSocket handshake.
const HANDSHAKE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

fn start_with_edge(edge: EdgeConfig) -> Server<Tiny> {
    start(Config { edge, ..Config::default() })
}

/// Connects from one of the loopback addresses of this machine.
fn connect_from(from: [u8; 4], to: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.bind(&SocketAddr::from((from, 0)).into()).expect("the loopback has this address");
    socket.connect(&to.into()).expect("the server listens");
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above 0");
    stream
}

/// Sends a request and returns the head of one response.
fn response_head(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).expect("the server reads");
    let mut reader = std::io::BufReader::with_capacity(1, stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        let count = reader.read_line(&mut head).expect("the server responds");
        assert!(count > 0, "closed after {head:?}");
    }
    head
}

/// Requests the WebSocket with additional headers.
fn request_upgrade(stream: &mut TcpStream, headers: &str) -> String {
    response_head(stream, &format!("GET /ws HTTP/1.1\r\nHost: here\r\n{HANDSHAKE}{headers}\r\n"))
}

/// The value of a counter.
pub(crate) fn count(status: &serde_json::Value, name: &str) -> u64 {
    status[name].as_u64().unwrap_or_else(|| panic!("no {name} in {status}"))
}

fn rejected_with(server: &Server<Tiny>, code: u16) -> u64 {
    count(&status(server)["refused_http"], &code.to_string())
}

/// Polls until a condition holds.
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "never {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
