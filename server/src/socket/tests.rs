//! A socket over the kernel: what waits, what is lent, what a flood costs.

use std::net;

use shared::limits::READ_PASS_MAX_BYTES;

use super::*;
use crate::door::line::Line;
use crate::stream::limit_kernel;

/// A socket as a shard has it, and its peer.
pub(crate) fn pair() -> (Socket, net::TcpStream) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
    let listener = net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let peer = net::TcpStream::connect(listener.local_addr().expect("bound")).expect("open");
    let (stream, _) = listener.accept().expect("it connected");
    stream.set_nonblocking(true).expect("a socket can");
    let _inside = runtime.enter();
    let stream = tokio::net::TcpStream::from_std(stream).expect("non-blocking");
    limit_kernel(&stream).expect("options are allowed");
    let mut socket = Socket::new(Stream::new(Line::Plain(stream), None), &[]);
    socket.leave_runtime().expect("it was under one");
    (socket, peer)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Says until the kernel takes no more.
fn stuff(socket: &mut Socket) {
    while socket.flush(seconds(0)).expect("not broken") == Flushed::Whole {
        socket.say(&[0; 10_000]);
    }
}

#[test]
fn a_peer_that_takes_nothing_ends_as_too_slow() {
    let (mut socket, _peer) = pair();
    stuff(&mut socket);
    assert_eq!(socket.flush(seconds(9)), Ok(Flushed::Part));
    assert_eq!(socket.flush(seconds(10)), Err(End::TooSlow));
}

#[test]
fn a_peer_that_takes_a_little_at_a_time_is_waited_for() {
    let (mut socket, mut peer) = pair();
    stuff(&mut socket);
    let mut buffer = vec![0; 4 << 20];
    for now in (5..50).step_by(5) {
        // So much that the kernel tells the sender of the new space.
        let _ = peer.read(&mut buffer).expect("bytes");
        std::thread::sleep(Duration::from_millis(50));
        match socket.flush(seconds(now)).expect("it is not too slow") {
            Flushed::Whole => stuff(&mut socket),
            Flushed::Part => {}
        }
    }
}

#[test]
fn a_pass_reads_no_more_than_it_may_of_a_message_that_never_ends() {
    let (mut socket, mut peer) = pair();
    peer.write_all(&[0x02, 0x80, 0, 0, 0, 0]).expect("the kernel takes it");
    let empty_pieces = [0x00, 0x80, 0, 0, 0, 0].repeat(READ_PASS_MAX_BYTES);
    peer.write_all(&empty_pieces).expect("the kernel takes it");
    for _ in 0..2 {
        socket.read(seconds(0), |_| unreachable!("it never ends")).expect("not an end yet");
        let (read, _) = socket.take_traffic();
        assert!((1..=READ_PASS_MAX_BYTES as u64).contains(&read), "{read} bytes in a pass");
    }
}

#[test]
fn a_flood_of_pings_to_one_who_cannot_be_answered_takes_no_memory() {
    let (mut socket, mut peer) = pair();
    stuff(&mut socket);
    let before = socket.unsent_bytes();
    let ping = [0x89, 0x80 | 4, 0, 0, 0, 0, 1, 2, 3, 4];
    for _ in 0..1_000 {
        peer.write_all(&ping).expect("it is read");
        socket.read(seconds(0), |_| Ok(())).expect("pings are allowed");
    }
    assert!(socket.unsent_bytes() <= before + 2 * PONGS_MAX_BYTES);
    // It reads again: pongs that waited arrive, nothing is garbled.
    peer.set_nonblocking(true).expect("a socket can");
    let mut buffer = vec![0; 1 << 20];
    while socket.flush(seconds(0)).expect("not broken") == Flushed::Part {
        let _ = peer.read(&mut buffer);
    }
    socket.read(seconds(0), |_| Ok(())).expect("not broken");
}

#[test]
fn a_buffer_is_lent_only_while_nothing_waits_in_it() {
    let (mut socket, _peer) = pair();
    let mut buffer = Vec::with_capacity(1 << 16);
    socket.borrow_buffer(&mut buffer);
    socket.say(b"hello");
    assert_eq!(socket.flush(seconds(0)), Ok(Flushed::Whole));
    socket.return_buffer(&mut buffer);
    assert!(buffer.is_empty() && buffer.capacity() >= 1 << 16);
    socket.borrow_buffer(&mut buffer);
    stuff(&mut socket);
    socket.return_buffer(&mut buffer);
    assert_eq!(buffer.capacity(), 0, "it is still needed there");
}

mod over_bytes;
