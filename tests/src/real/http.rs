//! One HTTP request at a time, written out by hand, so that a test sees exactly what came back.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::GIVE_UP;

/// What a server answered.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// The value of a header; its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Asks once, and reads until the server closes.
///
/// # Panics
/// When what comes back is not a whole HTTP response.
#[must_use]
pub fn request(address: SocketAddr, method: &str, path: &str) -> Response {
    let ask = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let answer = raw(address, ask.as_bytes());
    let end = answer.windows(4).position(|at| at == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("{method} {path}: no end of headers in {answer:?}"));
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let body = answer[end + 4..].to_vec();
    let response = Response { status: status.expect("a status line"), headers, body };
    if let Some(bytes) = response.header("content-length").filter(|_| method != "HEAD") {
        assert_eq!(bytes, response.body.len().to_string(), "{method} {path}: the body is cut");
    }
    response
}

/// Says `bytes`, whatever they are, and reads until the server closes.
///
/// # Panics
/// When it does not.
#[must_use]
pub fn raw(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).expect("the server takes connections");
    stream.set_read_timeout(Some(GIVE_UP)).expect("a timeout can be set");
    stream.write_all(bytes).expect("the server reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the server answers and closes");
    answer
}
