//! A reverse proxy that has a server below a path of its own and hides that path from it.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// No head that a browser sends is longer.
const HEAD_MAX: usize = 16 * 1024;

/// A running proxy. Its threads end with the connections that they serve, or with the test.
pub struct PathProxy {
    address: SocketAddr,
    path: &'static str,
    outside: Arc<Mutex<Vec<String>>>,
}

impl PathProxy {
    /// Starts one that has the server at `server` below `path`, which begins with a slash and ends
    /// with none.
    ///
    /// # Panics
    /// When there is no port for it.
    #[must_use]
    pub fn start(path: &'static str, server: SocketAddr) -> PathProxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
        let address = listener.local_addr().expect("a listener has an address");
        let outside = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&outside);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let seen = Arc::clone(&seen);
                // What ends badly ends: the client sees it.
                thread::spawn(move || _ = serve(client, path, server, &seen));
            }
        });
        PathProxy { address, path, outside }
    }

    /// The URL of a page of the server, `path` beginning with a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{}{path}", self.address, self.path)
    }

    /// What was asked for that does not lie below the path.
    #[must_use]
    pub fn outside(&self) -> Vec<String> {
        self.outside.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Passes on one request and all that follows: a response, or a WebSocket.
fn serve(
    mut client: TcpStream,
    path: &str,
    server: SocketAddr,
    outside: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    let end = loop {
        if let Some(at) = head.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break at + 4;
        }
        let mut bytes = [0; 2048];
        let count = client.read(&mut bytes)?;
        if count == 0 || head.len() > HEAD_MAX {
            return Ok(());
        }
        head.extend_from_slice(&bytes[..count]);
    };
    let rest = head.split_off(end);
    let text = String::from_utf8(head)
        .map_err(|error| std::io::Error::new(ErrorKind::InvalidData, error))?;
    let (line, headers) = text.split_once("\r\n").unwrap_or_default();
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let Some(inner) = target.strip_prefix(path).filter(|inner| inner.starts_with('/')) else {
        outside.lock().unwrap_or_else(PoisonError::into_inner).push(target.to_owned());
        return client.write_all(
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        );
    };
    let is_upgrade = headers.to_ascii_lowercase().contains("upgrade: websocket");
    // One request on each connection: the next one has a head to be changed as well.
    let headers: String = headers
        .split_inclusive("\r\n")
        .filter(|line| is_upgrade || !line.to_ascii_lowercase().starts_with("connection:"))
        .collect();
    let close = if is_upgrade { "" } else { "Connection: close\r\n" };
    let mut server = TcpStream::connect(server)?;
    server.set_nodelay(true)?;
    client.set_nodelay(true)?;
    server.write_all(format!("{method} {inner} HTTP/1.1\r\n{close}{headers}").as_bytes())?;
    server.write_all(&rest)?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    std::io::copy(&mut server, &mut client)?;
    client.shutdown(Shutdown::Both)
}
