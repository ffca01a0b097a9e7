//! `--echo` against RFC 6455, case by case as the usual outside suites have them (their numbers
//! stand in the names of the groups).

mod raw_peer;
mod tiny;

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use raw_peer::{
    BINARY, CLOSE, CONTINUATION, FIN, Heard, PATIENCE, PING, PONG, Peer, TEXT, frame, header,
};
use tickwire::{Config, Server};
use tiny::Tiny;

const MESSAGE_MAX: usize = 1 << 20;

fn server() -> Server<Tiny> {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    Server::start(Config { listen, echo: true, ..Config::default() }).expect("the server starts")
}

#[test]
fn nothing_is_said_first() {
    let server = server();
    let mut peer = Peer::connect(&server);
    peer.0.set_read_timeout(Some(Duration::from_millis(300))).expect("a timeout above 0");
    let said = peer.0.read(&mut [0; 16]);
    assert!(said.is_err_and(|error| error.kind() == ErrorKind::WouldBlock));
    peer.0.set_read_timeout(Some(PATIENCE)).expect("a timeout above 0");
    peer.frame(FIN | TEXT, b"hello");
    peer.hears(TEXT, b"hello");
}

/// Suites: 1.1, 1.2.
#[test]
fn messages_of_every_length_come_back_text_as_text_and_binary_as_binary() {
    let server = server();
    let mut peer = Peer::connect(&server);
    for length in [0, 1, 125, 126, 127, 128, 65_535, 65_536, 65_537, MESSAGE_MAX] {
        let text = vec![b'*'; length];
        peer.frame(FIN | TEXT, &text);
        peer.hears(TEXT, &text);
        let binary: Vec<u8> = (0..length).map(|at| (at * 7) as u8).collect();
        peer.frame(FIN | BINARY, &binary);
        peer.hears(BINARY, &binary);
    }
}

/// Suites: 1.1.8, 1.2.8, 9.5, 9.6.
#[test]
fn it_does_not_matter_how_the_bytes_come() {
    let server = server();
    let mut peer = Peer::connect(&server);
    let text = "Füße, 好, 🚀 ".repeat(40);
    for chop in [1, 2, 3, 7, 997] {
        for piece in frame(FIN | TEXT, text.as_bytes()).chunks(chop) {
            peer.raw(piece);
        }
        peer.hears(TEXT, text.as_bytes());
    }
    let large = vec![0xA5; MESSAGE_MAX];
    for piece in frame(FIN | BINARY, &large).chunks(1_987) {
        peer.raw(piece);
    }
    peer.hears(BINARY, &large);
}

/// Suites: 2.
#[test]
fn pings_are_answered_in_order_by_what_they_bear_and_pongs_by_nothing() {
    let server = server();
    let mut peer = Peer::connect(&server);
    for payload in [&b""[..], b"Hello", &[0, 255, 254, 127], &[0xFE; 125]] {
        peer.frame(FIN | PING, payload);
        peer.hears(PONG, payload);
    }
    for piece in frame(FIN | PING, &[1; 125]).chunks(1) {
        peer.raw(piece);
    }
    peer.hears(PONG, &[1; 125]);
    peer.frame(FIN | PONG, b"");
    peer.frame(FIN | PONG, b"unasked");
    let ten: Vec<u8> =
        (0..10).flat_map(|number| frame(FIN | PING, format!("ping {number}").as_bytes())).collect();
    peer.raw(&ten);
    for number in 0..10 {
        peer.hears(PONG, format!("ping {number}").as_bytes());
    }
}

#[test]
fn a_ping_of_more_than_125_bytes_is_refused_when_it_is_announced() {
    let server = server();
    let mut peer = Peer::connect(&server);
    peer.raw(&header(FIN | PING, 126));
    peer.raw(&[0; 4]);
    peer.is_closed(1002);
}

/// Suites: 3.
#[test]
fn reserved_bits_end_the_connection() {
    let server = server();
    for bits in 1..8 {
        for opcode in [TEXT, BINARY, PING, CLOSE, PONG] {
            let mut peer = Peer::connect(&server);
            peer.frame(FIN | TEXT, b"before");
            peer.frame(FIN | (bits << 4) | opcode, b"");
            peer.frame(FIN | PING, b"");
            peer.hears(TEXT, b"before");
            peer.is_closed(1002);
        }
    }
}

/// Suites: 4.
#[test]
fn reserved_opcodes_end_the_connection() {
    let server = server();
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        for payload in [&b""[..], b"payload"] {
            let mut peer = Peer::connect(&server);
            peer.frame(FIN | TEXT, b"before");
            peer.frame(FIN | opcode, payload);
            peer.frame(FIN | PING, b"");
            peer.hears(TEXT, b"before");
            peer.is_closed(1002);
        }
    }
}

#[test]
fn a_frame_without_a_mask_ends_the_connection() {
    let server = server();
    let mut peer = Peer::connect(&server);
    peer.raw(&[FIN | TEXT, 5]);
    peer.raw(b"Hello");
    peer.is_closed(1002);
}

/// Suites: 5.
#[test]
fn pieces_become_one_message_whatever_comes_between() {
    let server = server();
    let mut peer = Peer::connect(&server);
    for first in [TEXT, BINARY] {
        peer.frame(first, b"one, ");
        peer.frame(CONTINUATION, b"");
        peer.frame(FIN | PING, b"between");
        peer.frame(CONTINUATION, b"two, ");
        peer.frame(FIN | PONG, b"unasked");
        peer.frame(FIN | CONTINUATION, b"three");
        peer.hears(PONG, b"between");
        peer.hears(first, b"one, two, three");
        // All of it in one write, too.
        let mut all = frame(first, b"fragment1");
        all.extend(frame(FIN | PING, b"ping"));
        all.extend(frame(FIN | CONTINUATION, b"fragment2"));
        peer.raw(&all);
        peer.hears(PONG, b"ping");
        peer.hears(first, b"fragment1fragment2");
        peer.frame(first, b"");
        peer.frame(FIN | CONTINUATION, b"");
        peer.hears(first, b"");
    }
}

#[test]
fn pieces_out_of_order_end_the_connection() {
    let server = server();
    let cases: [&[(u8, &[u8])]; 6] = [
        // A continuation of nothing.
        &[(FIN | CONTINUATION, b"x")],
        &[(CONTINUATION, b"x"), (FIN | TEXT, b"y")],
        // A message within a message.
        &[(TEXT, b"x"), (FIN | TEXT, b"y")],
        &[(BINARY, b"x"), (BINARY, b"y")],
        // Control frames in pieces.
        &[(PING, b"x"), (FIN | CONTINUATION, b"y")],
        &[(CLOSE, b"")],
    ];
    for case in cases {
        let mut peer = Peer::connect(&server);
        for (first, payload) in case {
            peer.frame(*first, payload);
        }
        peer.is_closed(1002);
    }
}

/// Suites: 6.
#[test]
fn texts_of_all_that_unicode_has_come_back() {
    let server = server();
    let mut peer = Peer::connect(&server);
    let texts = [
        "κόσμε",
        "\u{0}",
        "\u{7F}\u{80}\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}",
        "\u{D7FF}\u{E000}\u{FFFD}\u{FFFE}\u{1FFFE}\u{FDD0}",
    ];
    for text in texts {
        peer.frame(FIN | TEXT, text.as_bytes());
        peer.hears(TEXT, text.as_bytes());
        // In pieces within characters.
        let bytes = text.as_bytes();
        for cut in 0..=bytes.len() {
            peer.frame(TEXT, &bytes[..cut]);
            peer.frame(FIN | CONTINUATION, &bytes[cut..]);
            peer.hears(TEXT, bytes);
        }
    }
}

#[test]
fn a_text_that_is_not_utf8_ends_the_connection_by_1007() {
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
        let mut peer = Peer::connect(&server);
        peer.frame(FIN | TEXT, text);
        peer.is_closed(1007);
        let mut peer = Peer::connect(&server);
        let half = text.len() / 2;
        peer.frame(TEXT, &text[..half]);
        peer.frame(FIN | CONTINUATION, &text[half..]);
        peer.is_closed(1007);
    }
    // It is seen before the message is whole.
    let mut peer = Peer::connect(&server);
    peer.frame(TEXT, b"begun \xff");
    peer.is_closed(1007);
    // In binary messages all is allowed.
    let mut peer = Peer::connect(&server);
    peer.frame(FIN | BINARY, b"\xff\xfe\x80");
    peer.hears(BINARY, b"\xff\xfe\x80");
}

/// Suites: 7.1, 7.3, 7.7.
#[test]
fn a_close_is_answered_by_its_code_and_then_the_connection_ends() {
    let server = server();
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999_u16] {
        for reason in ["", "over", &"r".repeat(123)] {
            let mut peer = Peer::connect(&server);
            let mut payload = code.to_be_bytes().to_vec();
            payload.extend_from_slice(reason.as_bytes());
            peer.frame(FIN | CLOSE, &payload);
            // Nothing that comes after it is heard.
            peer.frame(FIN | PING, b"after");
            peer.frame(FIN | TEXT, b"after");
            peer.is_closed(code);
        }
    }
    let mut peer = Peer::connect(&server);
    peer.frame(FIN | CLOSE, b"");
    assert_eq!(peer.hear(), Heard::Closed(None));
    assert_eq!(peer.hear(), Heard::End);
    // In the middle of a message.
    let mut peer = Peer::connect(&server);
    peer.frame(TEXT, b"begun");
    peer.frame(FIN | CLOSE, &1000_u16.to_be_bytes());
    peer.is_closed(1000);
}

/// Suites: 7.3.2, 7.3.6, 7.5, 7.9.
#[test]
fn a_close_that_is_none_ends_the_connection() {
    let server = server();
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535_u16] {
        let mut peer = Peer::connect(&server);
        peer.frame(FIN | CLOSE, &code.to_be_bytes());
        peer.is_closed(1002);
    }
    let mut peer = Peer::connect(&server);
    peer.frame(FIN | CLOSE, b"1");
    peer.is_closed(1002);
    let mut peer = Peer::connect(&server);
    peer.frame(FIN | CLOSE, &[0; 126]);
    peer.is_closed(1002);
    let mut peer = Peer::connect(&server);
    peer.frame(FIN | CLOSE, b"\x03\xe8\xce\xba\xed\xa0\x80");
    peer.is_closed(1007);
}

/// Suites: 9.1 to 9.6, 10.
#[test]
fn a_message_of_the_largest_size_comes_back_in_any_number_of_pieces() {
    let server = server();
    let mut peer = Peer::connect(&server);
    let large: Vec<u8> = (0..MESSAGE_MAX).map(|at| (at / 251) as u8).collect();
    for piece in [MESSAGE_MAX / 2, 65_536, 4_096] {
        let count = large.chunks(piece).count();
        for (number, payload) in large.chunks(piece).enumerate() {
            let opcode = if number == 0 { BINARY } else { CONTINUATION };
            let last = if number + 1 == count { FIN } else { 0 };
            peer.frame(last | opcode, payload);
        }
        peer.hears(BINARY, &large);
    }
}

#[test]
fn a_message_above_the_largest_size_is_refused_when_it_is_announced() {
    let server = server();
    for length in [MESSAGE_MAX as u64 + 1, 1 << 32, 1 << 62, u64::MAX] {
        let mut peer = Peer::connect(&server);
        peer.frame(FIN | TEXT, b"before");
        peer.raw(&header(FIN | BINARY, length));
        peer.raw(&[0; 4]);
        peer.hears(TEXT, b"before");
        peer.is_closed(1009);
    }
    // As pieces, by what they come to.
    let mut peer = Peer::connect(&server);
    peer.frame(BINARY, &vec![0; MESSAGE_MAX]);
    peer.raw(&header(FIN | CONTINUATION, 1));
    peer.raw(&[0; 4]);
    peer.is_closed(1009);
}

/// Suites: 9.7, 9.8.
#[test]
fn thousands_of_messages_one_after_the_other_come_back() {
    let server = server();
    for (opcode, length) in [(TEXT, 0), (BINARY, 16), (TEXT, 1_024), (BINARY, 16_384)] {
        let mut peer = Peer::connect(&server);
        let payload = vec![b'x'; length];
        for _ in 0..1_000 {
            peer.frame(FIN | opcode, &payload);
            peer.hears(opcode, &payload);
        }
    }
}

#[test]
fn more_than_the_rate_of_frames_is_read_slowly_and_still_comes_back() {
    let server = server();
    let mut peer = Peer::connect(&server);
    // More than the burst: the rest of them at the rate.
    let count = 5_000;
    let mut writer = peer.0.try_clone().expect("a socket can");
    let said = frame(FIN | BINARY, b"m").repeat(count);
    let writing = std::thread::spawn(move || writer.write_all(&said).expect("it reads"));
    for _ in 0..count {
        peer.hears(BINARY, b"m");
    }
    writing.join().expect("all was written");
}

#[test]
fn a_flood_of_empty_pieces_ends_by_its_own_code() {
    let server = server();
    let mut peer = Peer::connect(&server);
    let mut writer = peer.0.try_clone().expect("a socket can");
    writer.set_write_timeout(Some(PATIENCE)).expect("a timeout above 0");
    let pieces = frame(CONTINUATION, b"").repeat(1_000);
    writer.write_all(&frame(BINARY, b"")).expect("it reads");
    // Until the server has enough.
    let writing = std::thread::spawn(move || while writer.write_all(&pieces).is_ok() {});
    assert_eq!(peer.hear(), Heard::Closed(Some((4006, "flood".to_owned()))));
    drop(peer);
    writing.join().expect("no panic");
}

#[test]
fn a_peer_that_answers_no_ping_is_silent_and_one_that_does_is_kept() {
    let server = server();
    let mut deaf = Peer::connect(&server);
    let mut well = Peer::connect(&server);
    let (mut pings, mut goes_on) = (0, true);
    well.0.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout above 0");
    let listening = std::thread::spawn(move || {
        // The second ping comes before the other peer's end, the fourth after.
        while pings < 4 && goes_on {
            let heard = well.hear();
            goes_on = heard == Heard::Frame(PING, Vec::new());
            pings += 1;
            well.frame(FIN | PONG, b"");
        }
        (pings, goes_on)
    });
    assert_eq!(deaf.hear(), Heard::Frame(PING, Vec::new()));
    deaf.is_closed(4002);
    assert_eq!(listening.join().expect("no panic"), (4, true));
}
