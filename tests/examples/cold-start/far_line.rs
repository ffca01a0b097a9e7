//! [`FarLine`]: a proxy of TCP that stands for a long line between a browser and a server.
//!
//! It delays what a kernel on the loopback does not: the handshake of each connection takes a round trip,
//! bytes take half of one, all connections share one rate in each direction, and what the server sends
//! first is bounded by TCP's slow start. No packet is lost, and TLS, DNS and what a browser needs for
//! itself are not in it.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What a packet of usual size carries.
const SEGMENT_BYTES: usize = 1_460;
/// What a connection may send before its first acknowledgement, as Linux does it.
const FIRST_WINDOW_BYTES: usize = 10 * SEGMENT_BYTES;

/// A running proxy. Its threads end with their connections, or with the program.
pub(crate) struct FarLine {
    address: SocketAddr,
}

/// What a line does to bytes.
#[derive(Clone, Copy)]
struct Distance {
    round_trip: Duration,
    bytes_per_second: u32,
}

/// When the last byte of this direction has left, over all connections.
type Busy = Arc<Mutex<Instant>>;

/// Bytes, and when they arrive.
type Packet = (Instant, Vec<u8>);

impl FarLine {
    /// A line to the server at `server`.
    ///
    /// # Panics
    /// When there is no port for it.
    pub(crate) fn start(
        server: SocketAddr,
        round_trip: Duration,
        bytes_per_second: u32,
    ) -> FarLine {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
        let address = listener.local_addr().expect("a listener has an address");
        let distance = Distance { round_trip, bytes_per_second };
        let busy = [(); 2].map(|()| Arc::new(Mutex::new(Instant::now())));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let [up, down] = busy.clone();
                // What ends badly ends: the client sees it.
                thread::spawn(move || _ = carry(&client, server, distance, up, down));
            }
        });
        FarLine { address }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Carries one connection in both directions until each has ended.
fn carry(
    client: &TcpStream,
    server: SocketAddr,
    distance: Distance,
    up: Busy,
    down: Busy,
) -> std::io::Result<()> {
    // The kernel has shaken hands with the client at once; at the far end that takes a round trip.
    let established = Instant::now() + distance.round_trip;
    let server = TcpStream::connect(server)?;
    for stream in [client, &server] {
        stream.set_nodelay(true)?;
    }
    let to_server = Direction { distance, busy: up, window: usize::MAX, established };
    to_server.spawn(client.try_clone()?, server.try_clone()?);
    let to_client = Direction { distance, busy: down, window: FIRST_WINDOW_BYTES, established };
    to_client.spawn(server, client.try_clone()?);
    Ok(())
}

/// One direction of a connection.
struct Direction {
    distance: Distance,
    busy: Busy,
    /// Most bytes that are sent and not yet acknowledged.
    window: usize,
    /// Nothing leaves before.
    established: Instant,
}

impl Direction {
    fn spawn(self, from: TcpStream, to: TcpStream) {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || self.send(from, &sender));
        thread::spawn(move || deliver(&receiver, to));
    }

    /// Reads what is sent and says when it arrives, until the sender has no more.
    fn send(mut self, mut from: TcpStream, to: &Sender<Packet>) {
        let mut in_flight: VecDeque<(Instant, usize)> = VecDeque::new();
        let mut unacknowledged = 0;
        let mut bytes = [0; SEGMENT_BYTES];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            wait_until(self.established);
            loop {
                let now = Instant::now();
                let due = in_flight
                    .front()
                    .filter(|&&(at, _)| at <= now || unacknowledged + count > self.window);
                let Some(&(at, acknowledged)) = due else { break };
                wait_until(at);
                in_flight.pop_front();
                unacknowledged -= acknowledged;
                // Slow start: each acknowledgement lets go what it names once more.
                self.window = self.window.saturating_add(acknowledged);
            }
            let left = self.leave(count);
            in_flight.push_back((left + self.distance.round_trip, count));
            unacknowledged += count;
            let packet = (left + self.distance.round_trip / 2, bytes[..count].to_vec());
            if to.send(packet).is_err() {
                return;
            }
        }
    }

    /// When so many bytes have left, behind all that others send.
    fn leave(&self, count: usize) -> Instant {
        let seconds = count as f64 / f64::from(self.distance.bytes_per_second);
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        *busy = (*busy).max(Instant::now()) + Duration::from_secs_f64(seconds);
        *busy
    }
}

/// Hands on what arrives, and the end after it.
fn deliver(packets: &Receiver<Packet>, mut to: TcpStream) {
    for (at, bytes) in packets {
        wait_until(at);
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

fn wait_until(at: Instant) {
    thread::sleep(at.saturating_duration_since(Instant::now()));
}
