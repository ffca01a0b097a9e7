//! What the kernel asks of a server for each player and tick, whatever the server does itself: one
//! 16-byte read and one 128-byte write on loopback sockets, without anything around them.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// As many as keep their states out of the nearest cache, as those of a server's players are.
const PAIRS: usize = 256;
const READ_BYTES: usize = 16;
const WRITE_BYTES: usize = 128;
/// How long the other ends rest when there is nothing to do: they poll, so that no write pays
/// for waking them.
const PEER_REST: Duration = Duration::from_micros(200);

/// Sockets whose other ends answer each write with what the next read takes.
pub(crate) struct Floor {
    sockets: Vec<TcpStream>,
    next: usize,
    closing: Arc<AtomicBool>,
    peer: Option<JoinHandle<()>>,
}

impl Floor {
    pub(crate) fn open() -> io::Result<Floor> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (mut sockets, mut peers) = (Vec::new(), Vec::new());
        for _ in 0..PAIRS {
            let mut peer = TcpStream::connect(listener.local_addr()?)?;
            let (socket, _) = listener.accept()?;
            for end in [&socket, &peer] {
                end.set_nodelay(true)?;
                end.set_nonblocking(true)?;
            }
            peer.write_all(&[0; READ_BYTES])?;
            sockets.push(socket);
            peers.push(peer);
        }
        let closing = Arc::<AtomicBool>::default();
        let seen = Arc::clone(&closing);
        let peer = thread::spawn(move || answer(peers, &seen));
        Ok(Floor { sockets, next: 0, closing, peer: Some(peer) })
    }

    /// How long one read and one write take.
    #[allow(clippy::disallowed_methods, reason = "it measures time; nothing depends on it")]
    pub(crate) fn measure(&mut self) -> io::Result<Duration> {
        let socket = &mut self.sockets[self.next];
        self.next = (self.next + 1) % PAIRS;
        let mut bytes = [0; READ_BYTES];
        // The other end answers from a thread of its own: wait until it has, outside the timing.
        while socket.peek(&mut bytes).is_err_and(|error| error.kind() == ErrorKind::WouldBlock) {
            thread::sleep(PEER_REST);
        }
        let start = Instant::now();
        socket.read_exact(&mut bytes)?;
        socket.write_all(&[0; WRITE_BYTES])?;
        Ok(start.elapsed())
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        if let Some(peer) = self.peer.take() {
            // If it panicked, it said so then.
            let _ = peer.join();
        }
    }
}

/// Reads all that comes and answers each whole write with one read's worth.
fn answer(mut peers: Vec<TcpStream>, closing: &AtomicBool) {
    let mut unanswered = vec![0; peers.len()];
    let mut bytes = [0; 4 * WRITE_BYTES];
    while !closing.load(Ordering::Relaxed) {
        let mut idle = true;
        for (peer, unanswered) in peers.iter_mut().zip(&mut unanswered) {
            match peer.read(&mut bytes) {
                Ok(0) => return,
                Ok(taken) => *unanswered += taken,
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                Err(_) => return,
            }
            idle = false;
            while *unanswered >= WRITE_BYTES {
                *unanswered -= WRITE_BYTES;
                if peer.write_all(&[0; READ_BYTES]).is_err() {
                    return;
                }
            }
        }
        if idle {
            thread::sleep(PEER_REST);
        }
    }
}
