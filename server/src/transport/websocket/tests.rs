//! A WebSocket over TCP: unsent bytes, lent buffers, and the cost of floods.

use std::net;

use crate::limits::READ_PASS_MAX_BYTES;

use super::*;
use crate::transport::byte_stream::limit_kernel_buffers;
use crate::transport::shard_socket::Held;

/// A WebSocket as a shard uses it, and its peer.
pub(crate) fn pair() -> (WebSocketTransport, net::TcpStream) {
    pair_holding(Box::new(()))
}

/// The same of a connection that holds this until it ends.
pub(crate) fn pair_holding(held: Held) -> (WebSocketTransport, net::TcpStream) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
    let listener = net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let peer = net::TcpStream::connect(listener.local_addr().expect("bound")).expect("open");
    let (stream, _) = listener.accept().expect("it connected");
    stream.set_nonblocking(true).expect("a socket can");
    let _inside = runtime.enter();
    let stream = tokio::net::TcpStream::from_std(stream).expect("non-blocking");
    limit_kernel_buffers(&stream).expect("options are allowed");
    let mut socket = WebSocketTransport::new(ByteStream::new(stream, None, held), &[]);
    socket.leave_runtime().expect("it was under one");
    (socket, peer)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Sends until the kernel accepts no more.
fn fill_kernel(socket: &mut WebSocketTransport) {
    while socket.flush(seconds(0)).expect("not broken") == Flushed::Whole {
        socket.send(&[0; 10_000]);
    }
}

#[test]
fn a_peer_that_receives_nothing_ends_as_too_slow() {
    let (mut socket, _peer) = pair();
    fill_kernel(&mut socket);
    assert_eq!(socket.flush(seconds(9)), Ok(Flushed::Part));
    assert_eq!(socket.flush(seconds(10)), Err(DisconnectReason::TooSlow));
}

#[test]
fn a_peer_that_receives_slowly_stays_connected() {
    let (mut socket, mut peer) = pair();
    fill_kernel(&mut socket);
    let mut buffer = vec![0; 4 << 20];
    for now in (5..50).step_by(5) {
        // Enough for the kernel to announce the new space to the sender.
        let _ = peer.read(&mut buffer).expect("bytes");
        std::thread::sleep(Duration::from_millis(50));
        match socket.flush(seconds(now)).expect("it is not too slow") {
            Flushed::Whole => fill_kernel(&mut socket),
            Flushed::Part => {}
        }
    }
}

#[test]
fn a_pass_reads_a_limited_part_of_a_message_that_never_ends() {
    let (mut socket, mut peer) = pair();
    peer.write_all(&[0x02, 0x80, 0, 0, 0, 0]).expect("the kernel has space");
    let empty_fragments = [0x00, 0x80, 0, 0, 0, 0].repeat(READ_PASS_MAX_BYTES);
    peer.write_all(&empty_fragments).expect("the kernel has space");
    for _ in 0..2 {
        socket.receive(seconds(0), &mut |_| unreachable!("it never ends")).expect("not an end yet");
        let read = socket.take_traffic().bytes_in;
        assert!((1..=READ_PASS_MAX_BYTES as u64).contains(&read), "{read} bytes in a pass");
    }
}

#[test]
fn a_flood_of_pings_from_a_peer_that_reads_nothing_takes_no_memory() {
    let (mut socket, mut peer) = pair();
    fill_kernel(&mut socket);
    let before = socket.unsent_bytes();
    let ping = [0x89, 0x80 | 4, 0, 0, 0, 0, 1, 2, 3, 4];
    for _ in 0..1_000 {
        peer.write_all(&ping).expect("the kernel has space");
        socket.receive(seconds(0), &mut |_| Ok(())).expect("pings are allowed");
    }
    assert!(socket.unsent_bytes() <= before + 2 * PONGS_MAX_BYTES);
    // It reads again: queued pongs arrive, and nothing is garbled.
    peer.set_nonblocking(true).expect("a socket can");
    let mut buffer = vec![0; 1 << 20];
    while socket.flush(seconds(0)).expect("not broken") == Flushed::Part {
        let _ = peer.read(&mut buffer);
    }
    socket.receive(seconds(0), &mut |_| Ok(())).expect("not broken");
}

#[test]
fn a_buffer_is_returned_only_when_it_is_empty() {
    let (mut socket, _peer) = pair();
    let mut buffer = Vec::with_capacity(1 << 16);
    socket.lend_buffer(&mut buffer);
    socket.send(b"hello");
    assert_eq!(socket.flush(seconds(0)), Ok(Flushed::Whole));
    socket.return_buffer(&mut buffer);
    assert!(buffer.is_empty() && buffer.capacity() >= 1 << 16);
    socket.lend_buffer(&mut buffer);
    fill_kernel(&mut socket);
    socket.return_buffer(&mut buffer);
    assert_eq!(buffer.capacity(), 0, "the WebSocket still needs it");
}

mod over_bytes;
mod over_tls;
