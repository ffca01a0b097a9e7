//! A WebSocket over TLS over TCP, as a shard uses it.

use std::thread;

use rustls::StreamOwned;

use super::*;
use crate::transport::test_tls::{client, server_config};

type TlsPeer = StreamOwned<rustls::ClientConnection, net::TcpStream>;

/// Both ends of a connection, after the TLS handshake.
fn pair() -> (WebSocketTransport, TlsPeer) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
    let (config, trusted) = server_config();
    let listener = net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let mut tcp = net::TcpStream::connect(listener.local_addr().expect("bound")).expect("open");
    let (stream, _) = listener.accept().expect("it connected");
    stream.set_nonblocking(true).expect("a socket can");
    let mut session = client(&trusted);
    let peer = thread::spawn(move || {
        while session.is_handshaking() {
            session.complete_io(&mut tcp).expect("a handshake");
        }
        StreamOwned::new(session, tcp)
    });
    let stream = runtime.block_on(async {
        let tcp = tokio::net::TcpStream::from_std(stream).expect("non-blocking");
        limit_kernel_buffers(&tcp).expect("options are allowed");
        let stream = tokio_rustls::TlsAcceptor::from(config).accept(tcp).await;
        let (tcp, session) = stream.expect("a handshake").into_inner();
        ByteStream::new(tcp, Some(session), Box::new(()))
    });
    let _inside = runtime.enter();
    let mut socket = WebSocketTransport::new(stream, &[]);
    socket.leave_runtime().expect("it was under one");
    (socket, peer.join().expect("no panic"))
}

#[test]
fn a_slow_reader_over_tls_receives_everything_in_order_and_nothing_new_while_it_is_behind() {
    const NOW: Duration = Duration::ZERO;
    const MESSAGES: u32 = 400;
    let (mut socket, mut peer) = pair();
    // The length of each message follows from its number; its frame header has four bytes.
    let length = |number: u32| 1_000 + 7 * number as usize;
    let reader = thread::spawn(move || {
        for number in 0..MESSAGES {
            let mut header = [0; 4];
            peer.read_exact(&mut header).expect("it arrives");
            assert_eq!(header[..2], [0x82, 126], "message {number}");
            let mut message = vec![0; usize::from(u16::from_be_bytes([header[2], header[3]]))];
            assert_eq!(message.len(), length(number));
            peer.read_exact(&mut message).expect("it arrives");
            assert!(message.iter().all(|&byte| byte == number as u8), "message {number}");
            if number % 16 == 0 {
                thread::sleep(Duration::from_millis(5));
            }
        }
    });
    let mut behind = 0;
    for number in 0..MESSAGES {
        while socket.flush(NOW).expect("not broken") == Flushed::Part {
            assert!(socket.is_behind());
            behind += 1;
            thread::sleep(Duration::from_millis(1));
        }
        assert!(!socket.is_behind());
        socket.send(&vec![number as u8; length(number)]);
    }
    while socket.flush(NOW).expect("not broken") == Flushed::Part {
        thread::sleep(Duration::from_millis(1));
    }
    reader.join().expect("everything arrived in order");
    assert!(behind > 0, "the reader was never behind");
}

#[test]
fn a_peer_over_tls_that_reads_nothing_costs_a_bounded_number_of_bytes_and_ends() {
    let (mut socket, _peer) = pair();
    let mut sent = 0;
    while socket.flush(Duration::ZERO).expect("not broken") == Flushed::Whole {
        socket.send(&[0; 10_000]);
        sent += 10_000;
    }
    // The kernel buffers of both ends, and one message.
    assert!(sent < 8 << 20, "{sent} bytes");
    assert!(socket.unsent_bytes() <= 10_100, "at most one message waits");
    let late = tickwire_host::limits::WRITE_STALL_MAX;
    assert_eq!(socket.flush(late), Err(tickwire_game::protocol::DisconnectReason::TooSlow));
}
