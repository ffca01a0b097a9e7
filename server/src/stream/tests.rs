//! A socket over TLS over the kernel, as a shard has it.

use std::io::Read;
use std::net;
use std::thread;
use std::time::Duration;

use rustls::StreamOwned;

use super::*;
use crate::socket::{Flushed, Socket};
use crate::tls::tests::{client, server_config};

type Peer = StreamOwned<rustls::ClientConnection, net::TcpStream>;

/// Both ends, after the handshake.
fn pair() -> (Socket, Peer) {
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
        limit_kernel(&tcp).expect("options are allowed");
        let stream = tokio_rustls::TlsAcceptor::from(config).accept(tcp).await;
        Stream::new(Line::Tls(Box::new(stream.expect("a handshake"))), None)
    });
    let _inside = runtime.enter();
    let mut socket = Socket::new(stream, &[]);
    socket.leave_runtime().expect("it was under one");
    (socket, peer.join().expect("no panic"))
}

#[test]
fn a_slow_reader_over_tls_is_told_all_in_order_and_nothing_new_while_it_is_behind() {
    const NOW: Duration = Duration::ZERO;
    const MESSAGES: u32 = 400;
    let (mut socket, mut peer) = pair();
    // Each as long as says its number, a header of four bytes before it.
    let length = |number: u32| 1_000 + 7 * number as usize;
    let reader = thread::spawn(move || {
        for number in 0..MESSAGES {
            let mut header = [0; 4];
            peer.read_exact(&mut header).expect("it comes");
            assert_eq!(header[..2], [0x82, 126], "message {number}");
            let mut message = vec![0; usize::from(u16::from_be_bytes([header[2], header[3]]))];
            assert_eq!(message.len(), length(number));
            peer.read_exact(&mut message).expect("it comes");
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
        socket.say(&vec![number as u8; length(number)]);
    }
    while socket.flush(NOW).expect("not broken") == Flushed::Part {
        thread::sleep(Duration::from_millis(1));
    }
    reader.join().expect("all of it came, in order");
    assert!(behind > 0, "it was never too slow");
}

#[test]
fn a_reader_over_tls_that_takes_nothing_costs_a_bounded_number_of_bytes_and_ends() {
    let (mut socket, _peer) = pair();
    let mut said = 0;
    while socket.flush(Duration::ZERO).expect("not broken") == Flushed::Whole {
        socket.say(&[0; 10_000]);
        said += 10_000;
    }
    // What the kernels of both ends keep, and one message.
    assert!(said < 8 << 20, "{said} bytes");
    assert!(socket.unsent_bytes() <= 10_100, "one message waits, at most");
    let late = shared::limits::WRITE_STALL_MAX;
    assert_eq!(socket.flush(late), Err(shared::protocol::End::TooSlow));
}
