//! The floor: what the kernel takes for a server that has nothing to say.
//!
//! One thread sleeps to each tick, reads each socket once without looking at what came, and writes
//! the same message to it. No game, no queue, no event loop.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::LISTENING;
use crate::candidate::lateness::Lateness;

const MESSAGE_BYTES: usize = 128;
/// Longer than any client takes for its request once it has connected.
const HANDSHAKE_MAX: Duration = Duration::from_millis(500);

pub(super) fn serve(period: Duration, lateness: &Lateness) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    #[expect(clippy::print_stdout, reason = "the process that started it reads this")]
    {
        println!("{LISTENING}{}", listener.local_addr()?);
    }
    let message = message();
    let mut sockets = Vec::new();
    let mut deadline = Instant::now();
    loop {
        // What it is late by more than a tick is given up.
        deadline = (deadline + period).max(Instant::now() - period);
        thread::sleep(deadline.saturating_duration_since(Instant::now()));
        lateness.record(deadline.elapsed());
        sockets.retain_mut(|socket| serve_one(socket, &message));
        while let Ok((stream, _)) = listener.accept() {
            sockets.extend(accept(stream));
        }
    }
}

/// One binary frame.
fn message() -> Vec<u8> {
    let mut message = vec![0x82, 126];
    message.extend((MESSAGE_BYTES as u16).to_be_bytes());
    message.extend([7; MESSAGE_BYTES]);
    message
}

fn accept(stream: TcpStream) -> Option<TcpStream> {
    stream.set_nodelay(true).ok()?;
    stream.set_read_timeout(Some(HANDSHAKE_MAX)).ok()?;
    let stream = tungstenite::accept(stream).ok()?.get_ref().try_clone().ok()?;
    stream.set_nonblocking(true).ok()?;
    Some(stream)
}

/// Whether the connection goes on.
fn serve_one(socket: &mut TcpStream, message: &[u8]) -> bool {
    let mut input = [0; 256];
    let read = socket.read(&mut input);
    let is_open = match read {
        Ok(bytes) => bytes > 0,
        Err(error) => error.kind() == ErrorKind::WouldBlock,
    };
    is_open
        && match socket.write(message) {
            // A part of one would garble what follows.
            Ok(bytes) => bytes == message.len(),
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        }
}
