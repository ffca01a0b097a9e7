//! `--echo` against RFC 6455, with the cases of the common conformance suites, whose numbers are in the
//! comments.

mod raw_peer;

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use raw_peer::{
    BINARY, CLOSE, CONTINUATION, FIN, PATIENCE, PING, PONG, RawMessage, RawPeer, TEXT, frame,
    header,
};
use test_games::tiny::Tiny;
use tickwire::{Config, Server};

const MESSAGE_MAX: usize = 1 << 20;

fn server() -> Server<Tiny> {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    Server::start(Config { listen, echo: true, ..Config::default() }).expect("the server starts")
}

#[test]
fn the_server_sends_nothing_first() {
    let server = server();
    let mut peer = RawPeer::connect(&server);
    peer.0.set_read_timeout(Some(Duration::from_millis(300))).expect("a timeout above 0");
    let read = peer.0.read(&mut [0; 16]);
    assert!(read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock));
    peer.0.set_read_timeout(Some(PATIENCE)).expect("a timeout above 0");
    peer.send_frame(FIN | TEXT, b"hello");
    peer.expect_frame(TEXT, b"hello");
}

/// Suites: 1.1, 1.2.
#[test]
fn messages_of_every_length_are_echoed_text_as_text_and_binary_as_binary() {
    let server = server();
    let mut peer = RawPeer::connect(&server);
    for length in [0, 1, 125, 126, 127, 128, 65_535, 65_536, 65_537, MESSAGE_MAX] {
        let text = vec![b'*'; length];
        peer.send_frame(FIN | TEXT, &text);
        peer.expect_frame(TEXT, &text);
        let binary: Vec<u8> = (0..length).map(|at| (at * 7) as u8).collect();
        peer.send_frame(FIN | BINARY, &binary);
        peer.expect_frame(BINARY, &binary);
    }
}

/// Suites: 1.1.8, 1.2.8, 9.5, 9.6.
#[test]
fn it_does_not_matter_how_the_bytes_are_split() {
    let server = server();
    let mut peer = RawPeer::connect(&server);
    let text = "Füße, 好, 🚀 ".repeat(40);
    for chop in [1, 2, 3, 7, 997] {
        for piece in frame(FIN | TEXT, text.as_bytes()).chunks(chop) {
            peer.send_bytes(piece);
        }
        peer.expect_frame(TEXT, text.as_bytes());
    }
    let large = vec![0xA5; MESSAGE_MAX];
    for piece in frame(FIN | BINARY, &large).chunks(1_987) {
        peer.send_bytes(piece);
    }
    peer.expect_frame(BINARY, &large);
}

/// Suites: 2.
#[test]
fn pings_are_answered_in_order_with_their_payload_and_pongs_are_not_answered() {
    let server = server();
    let mut peer = RawPeer::connect(&server);
    for payload in [&b""[..], b"Hello", &[0, 255, 254, 127], &[0xFE; 125]] {
        peer.send_frame(FIN | PING, payload);
        peer.expect_frame(PONG, payload);
    }
    for piece in frame(FIN | PING, &[1; 125]).chunks(1) {
        peer.send_bytes(piece);
    }
    peer.expect_frame(PONG, &[1; 125]);
    peer.send_frame(FIN | PONG, b"");
    peer.send_frame(FIN | PONG, b"unasked");
    let ten: Vec<u8> =
        (0..10).flat_map(|number| frame(FIN | PING, format!("ping {number}").as_bytes())).collect();
    peer.send_bytes(&ten);
    for number in 0..10 {
        peer.expect_frame(PONG, format!("ping {number}").as_bytes());
    }
}

#[test]
fn a_ping_of_more_than_125_bytes_is_refused_at_its_header() {
    let server = server();
    let mut peer = RawPeer::connect(&server);
    peer.send_bytes(&header(FIN | PING, 126));
    peer.send_bytes(&[0; 4]);
    peer.expect_close(1002);
}

/// Suites: 3.
#[test]
fn reserved_bits_end_the_connection() {
    let server = server();
    for bits in 1..8 {
        for opcode in [TEXT, BINARY, PING, CLOSE, PONG] {
            let mut peer = RawPeer::connect(&server);
            peer.send_frame(FIN | TEXT, b"before");
            peer.send_frame(FIN | (bits << 4) | opcode, b"");
            peer.send_frame(FIN | PING, b"");
            peer.expect_frame(TEXT, b"before");
            peer.expect_close(1002);
        }
    }
}

/// Suites: 4.
#[test]
fn reserved_opcodes_end_the_connection() {
    let server = server();
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        for payload in [&b""[..], b"payload"] {
            let mut peer = RawPeer::connect(&server);
            peer.send_frame(FIN | TEXT, b"before");
            peer.send_frame(FIN | opcode, payload);
            peer.send_frame(FIN | PING, b"");
            peer.expect_frame(TEXT, b"before");
            peer.expect_close(1002);
        }
    }
}

#[test]
fn a_frame_without_a_mask_ends_the_connection() {
    let server = server();
    let mut peer = RawPeer::connect(&server);
    peer.send_bytes(&[FIN | TEXT, 5]);
    peer.send_bytes(b"Hello");
    peer.expect_close(1002);
}

/// Suites: 5.
#[test]
fn fragments_become_one_message_whatever_is_between_them() {
    let server = server();
    let mut peer = RawPeer::connect(&server);
    for first in [TEXT, BINARY] {
        peer.send_frame(first, b"one, ");
        peer.send_frame(CONTINUATION, b"");
        peer.send_frame(FIN | PING, b"between");
        peer.send_frame(CONTINUATION, b"two, ");
        peer.send_frame(FIN | PONG, b"unasked");
        peer.send_frame(FIN | CONTINUATION, b"three");
        peer.expect_frame(PONG, b"between");
        peer.expect_frame(first, b"one, two, three");
        // The same in one write.
        let mut all = frame(first, b"fragment1");
        all.extend(frame(FIN | PING, b"ping"));
        all.extend(frame(FIN | CONTINUATION, b"fragment2"));
        peer.send_bytes(&all);
        peer.expect_frame(PONG, b"ping");
        peer.expect_frame(first, b"fragment1fragment2");
        peer.send_frame(first, b"");
        peer.send_frame(FIN | CONTINUATION, b"");
        peer.expect_frame(first, b"");
    }
}

#[test]
fn fragments_out_of_order_end_the_connection() {
    let server = server();
    let cases: [&[(u8, &[u8])]; 6] = [
        // A continuation without a message.
        &[(FIN | CONTINUATION, b"x")],
        &[(CONTINUATION, b"x"), (FIN | TEXT, b"y")],
        // A message within a message.
        &[(TEXT, b"x"), (FIN | TEXT, b"y")],
        &[(BINARY, b"x"), (BINARY, b"y")],
        // Fragmented control frames.
        &[(PING, b"x"), (FIN | CONTINUATION, b"y")],
        &[(CLOSE, b"")],
    ];
    for case in cases {
        let mut peer = RawPeer::connect(&server);
        for (first, payload) in case {
            peer.send_frame(*first, payload);
        }
        peer.expect_close(1002);
    }
}

/// Suites: 6.
#[test]
fn texts_of_all_unicode_ranges_are_echoed() {
    let server = server();
    let mut peer = RawPeer::connect(&server);
    let texts = [
        "κόσμε",
        "\u{0}",
        "\u{7F}\u{80}\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}",
        "\u{D7FF}\u{E000}\u{FFFD}\u{FFFE}\u{1FFFE}\u{FDD0}",
    ];
    for text in texts {
        peer.send_frame(FIN | TEXT, text.as_bytes());
        peer.expect_frame(TEXT, text.as_bytes());
        // Split within characters.
        let bytes = text.as_bytes();
        for cut in 0..=bytes.len() {
            peer.send_frame(TEXT, &bytes[..cut]);
            peer.send_frame(FIN | CONTINUATION, &bytes[cut..]);
            peer.expect_frame(TEXT, bytes);
        }
    }
}

#[test]
fn a_text_that_is_not_utf8_ends_the_connection_with_1007() {
    let server = server();
    let broken: [&[u8]; 10] = [
        b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
        b"\x80",
        b"\xbf\xbf",
        b"\xc0\xaf",
        b"\xe0\x80\xaf",
        b"\xf8\x88\x80\x80\x80",
        b"\xf4\x90\x80\x80",
        b"\xed\xbf\xbf",
        b"\xfe",
        b"cut short \xe2\x82",
    ];
    for text in broken {
        let mut peer = RawPeer::connect(&server);
        peer.send_frame(FIN | TEXT, text);
        peer.expect_close(1007);
        let mut peer = RawPeer::connect(&server);
        let half = text.len() / 2;
        peer.send_frame(TEXT, &text[..half]);
        peer.send_frame(FIN | CONTINUATION, &text[half..]);
        peer.expect_close(1007);
    }
    // It is detected before the message is complete.
    let mut peer = RawPeer::connect(&server);
    peer.send_frame(TEXT, b"begun \xff");
    peer.expect_close(1007);
    // Binary messages may contain any bytes.
    let mut peer = RawPeer::connect(&server);
    peer.send_frame(FIN | BINARY, b"\xff\xfe\x80");
    peer.expect_frame(BINARY, b"\xff\xfe\x80");
}

/// Suites: 7.1, 7.3, 7.7.
#[test]
fn a_close_is_answered_with_its_code_and_then_the_connection_ends() {
    let server = server();
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999_u16] {
        for reason in ["", "over", &"r".repeat(123)] {
            let mut peer = RawPeer::connect(&server);
            let mut payload = code.to_be_bytes().to_vec();
            payload.extend_from_slice(reason.as_bytes());
            peer.send_frame(FIN | CLOSE, &payload);
            // Frames after it are ignored.
            peer.send_frame(FIN | PING, b"after");
            peer.send_frame(FIN | TEXT, b"after");
            peer.expect_close(code);
        }
    }
    let mut peer = RawPeer::connect(&server);
    peer.send_frame(FIN | CLOSE, b"");
    assert_eq!(peer.receive(), RawMessage::Closed(None));
    assert_eq!(peer.receive(), RawMessage::Ended);
    // In the middle of a message.
    let mut peer = RawPeer::connect(&server);
    peer.send_frame(TEXT, b"begun");
    peer.send_frame(FIN | CLOSE, &1000_u16.to_be_bytes());
    peer.expect_close(1000);
}

/// Suites: 7.3.2, 7.3.6, 7.5, 7.9.
#[test]
fn an_invalid_close_ends_the_connection() {
    let server = server();
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535_u16] {
        let mut peer = RawPeer::connect(&server);
        peer.send_frame(FIN | CLOSE, &code.to_be_bytes());
        peer.expect_close(1002);
    }
    let mut peer = RawPeer::connect(&server);
    peer.send_frame(FIN | CLOSE, b"1");
    peer.expect_close(1002);
    let mut peer = RawPeer::connect(&server);
    peer.send_frame(FIN | CLOSE, &[0; 126]);
    peer.expect_close(1002);
    let mut peer = RawPeer::connect(&server);
    peer.send_frame(FIN | CLOSE, b"\x03\xe8\xce\xba\xed\xa0\x80");
    peer.expect_close(1007);
}

/// Suites: 9.1 to 9.6, 10.
#[test]
fn a_message_of_the_largest_size_is_echoed_in_any_number_of_fragments() {
    let server = server();
    let mut peer = RawPeer::connect(&server);
    let large: Vec<u8> = (0..MESSAGE_MAX).map(|at| (at / 251) as u8).collect();
    for piece in [MESSAGE_MAX / 2, 65_536, 4_096] {
        let count = large.chunks(piece).count();
        for (number, payload) in large.chunks(piece).enumerate() {
            let opcode = if number == 0 { BINARY } else { CONTINUATION };
            let last = if number + 1 == count { FIN } else { 0 };
            peer.send_frame(last | opcode, payload);
        }
        peer.expect_frame(BINARY, &large);
    }
}

#[test]
fn a_message_above_the_largest_size_is_refused_at_its_header() {
    let server = server();
    for length in [MESSAGE_MAX as u64 + 1, 1 << 32, 1 << 62, u64::MAX] {
        let mut peer = RawPeer::connect(&server);
        peer.send_frame(FIN | TEXT, b"before");
        peer.send_bytes(&header(FIN | BINARY, length));
        peer.send_bytes(&[0; 4]);
        peer.expect_frame(TEXT, b"before");
        peer.expect_close(1009);
    }
    // As fragments, by their total length.
    let mut peer = RawPeer::connect(&server);
    peer.send_frame(BINARY, &vec![0; MESSAGE_MAX]);
    peer.send_bytes(&header(FIN | CONTINUATION, 1));
    peer.send_bytes(&[0; 4]);
    peer.expect_close(1009);
}

/// Suites: 9.7, 9.8.
#[test]
fn thousands_of_messages_in_sequence_are_echoed() {
    let server = server();
    for (opcode, length) in [(TEXT, 0), (BINARY, 16), (TEXT, 1_024), (BINARY, 16_384)] {
        let mut peer = RawPeer::connect(&server);
        let payload = vec![b'x'; length];
        for _ in 0..1_000 {
            peer.send_frame(FIN | opcode, &payload);
            peer.expect_frame(opcode, &payload);
        }
    }
}

#[test]
fn frames_above_the_rate_are_read_slowly_and_still_echoed() {
    let server = server();
    let mut peer = RawPeer::connect(&server);
    // More than the burst; the rest is limited to the rate.
    let count = 5_000;
    let mut writer = peer.0.try_clone().expect("a socket can be cloned");
    let frames = frame(FIN | BINARY, b"m").repeat(count);
    let writing = std::thread::spawn(move || writer.write_all(&frames).expect("the server reads"));
    for _ in 0..count {
        peer.expect_frame(BINARY, b"m");
    }
    writing.join().expect("all bytes were written");
}

#[test]
fn a_flood_of_empty_fragments_ends_with_its_own_code() {
    let server = server();
    let mut peer = RawPeer::connect(&server);
    let mut writer = peer.0.try_clone().expect("a socket can be cloned");
    writer.set_write_timeout(Some(PATIENCE)).expect("a timeout above 0");
    let fragments = frame(CONTINUATION, b"").repeat(1_000);
    writer.write_all(&frame(BINARY, b"")).expect("the server reads");
    // Until the server closes the connection.
    let writing = std::thread::spawn(move || while writer.write_all(&fragments).is_ok() {});
    assert_eq!(peer.receive(), RawMessage::Closed(Some((4006, "flood".to_owned()))));
    drop(peer);
    writing.join().expect("no panic");
}

#[test]
fn a_peer_that_answers_no_ping_ends_as_silent_and_one_that_does_stays() {
    let server = server();
    let mut unresponsive = RawPeer::connect(&server);
    let mut responsive = RawPeer::connect(&server);
    let (mut pings, mut goes_on) = (0, true);
    responsive.0.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout above 0");
    let answering = std::thread::spawn(move || {
        // The second ping arrives before the other peer's end, the fourth after it.
        while pings < 4 && goes_on {
            let message = responsive.receive();
            goes_on = message == RawMessage::Frame(PING, Vec::new());
            pings += 1;
            responsive.send_frame(FIN | PONG, b"");
        }
        (pings, goes_on)
    });
    assert_eq!(unresponsive.receive(), RawMessage::Frame(PING, Vec::new()));
    unresponsive.expect_close(4002);
    assert_eq!(answering.join().expect("no panic"), (4, true));
}
