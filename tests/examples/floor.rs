//! The floor of the kernel: what a bare read and write on loopback sockets cost, as a server does
//! them. Other figures of the same minutes are given as ratios to these.
//!
//! ```text
//! cargo run --release -p tests --example floor -- [SOCKETS [ROUNDS]]
//! ```
//!
//! One thread sleeps to each of 30 ticks a second, reads 16 bytes from each socket and writes 128
//! bytes to it; then the same without reading. The clients are another thread, which waits on all
//! of them as a load test does, and is not counted. Given out is the processor time of the first
//! thread, as the kernel accounts it, for each socket: the median of the rounds. Linux only, for
//! the sake of that accounting.

#![expect(clippy::print_stdout, reason = "figures are all that it gives")]

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

const PERIOD: Duration = Duration::from_nanos(33_333_333);
const INPUT_BYTES: usize = 16;
const SNAPSHOT_BYTES: usize = 128;
/// Rounds that are not counted, while caches and buffers settle.
const WARM_UP: usize = 15;

fn main() -> io::Result<()> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse().ok());
    let sockets = numbers.next().flatten().unwrap_or(1_000);
    let rounds = numbers.next().flatten().unwrap_or(300);
    // Both ends are here.
    rlimit::increase_nofile_limit(2 * sockets as u64 + 64)?;
    for reads in [true, false] {
        let took = measure(sockets, rounds, reads)?;
        let what = if reads { "read 16 B and write 128 B" } else { "write 128 B" };
        println!("{what}: {took:.2} us (median of {rounds} rounds of {sockets} sockets)");
    }
    Ok(())
}

/// Processor time for each socket in microseconds.
fn measure(sockets: usize, rounds: usize, reads: bool) -> io::Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..sockets {
        theirs.push(TcpStream::connect(listener.local_addr()?)?);
        let (stream, _) = listener.accept()?;
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        ours.push(stream);
    }
    let over = Arc::new(AtomicBool::new(false));
    let clients = {
        let over = Arc::clone(&over);
        thread::spawn(move || be_clients(theirs, reads, &over))
    };
    let mut took = Vec::with_capacity(rounds);
    let mut deadline = Instant::now();
    let mut before = None;
    for round in 0..WARM_UP + rounds + 1 {
        deadline += PERIOD;
        thread::sleep(deadline.saturating_duration_since(Instant::now()));
        // A thread's account is settled when it sleeps, so each round is reported with the next.
        let now = cpu_time()?;
        if let Some(before) = before.replace(now)
            && round > WARM_UP
        {
            took.push((now - before).as_secs_f64() * 1e6 / sockets as f64);
        }
        serve(&mut ours, reads)?;
    }
    over.store(true, Ordering::Relaxed);
    drop(ours);
    clients.join().expect("clients do not panic")?;
    took.sort_by(f64::total_cmp);
    Ok(took[took.len() / 2])
}

/// One tick of the bare server.
fn serve(sockets: &mut [TcpStream], reads: bool) -> io::Result<()> {
    let mut input = [0; INPUT_BYTES];
    for socket in sockets {
        if reads {
            match socket.read(&mut input) {
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
                // A client that is late costs a read all the same.
                _ => {}
            }
        }
        socket.write_all(&[7; SNAPSHOT_BYTES])?;
    }
    Ok(())
}

/// All clients: each takes what comes, and answers it if it is to be read.
fn be_clients(sockets: Vec<TcpStream>, answer: bool, over: &AtomicBool) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut sockets: Vec<_> = sockets
        .into_iter()
        .map(|socket| {
            socket.set_nonblocking(true)?;
            socket.set_nodelay(true)?;
            Ok(mio::net::TcpStream::from_std(socket))
        })
        .collect::<io::Result<_>>()?;
    for (at, socket) in sockets.iter_mut().enumerate() {
        poll.registry().register(socket, Token(at), Interest::READABLE)?;
    }
    let mut events = Events::with_capacity(64);
    let mut snapshot = [0; 2 * SNAPSHOT_BYTES];
    while !over.load(Ordering::Relaxed) {
        poll.poll(&mut events, Some(PERIOD))?;
        for event in &events {
            let socket = &mut sockets[event.token().0];
            // A short read took all, so that polling tells of the next.
            let came = socket.read(&mut snapshot).unwrap_or(0);
            if answer && came > 0 {
                // One that cannot be sent now is one input less.
                let _ = socket.write(&[1; INPUT_BYTES]);
            }
        }
    }
    Ok(())
}

/// Processor time of this thread so far, user and system.
fn cpu_time() -> io::Result<Duration> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = stat.split(' ').next().and_then(|nanos| nanos.parse().ok());
    nanos.map(Duration::from_nanos).ok_or(ErrorKind::InvalidData.into())
}
