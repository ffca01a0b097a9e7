//! A socket over bytes and a time of the test's own: no kernel, no clock.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use proptest::prelude::*;
use shared::limits::{FLOOD_MAX, SILENCE_MAX};
use tungstenite::protocol::frame::coding::CloseCode;

use super::*;

/// Both directions of a connection, as the kernel would hold them.
#[derive(Debug, Default)]
struct Line {
    to_server: VecDeque<u8>,
    to_client: VecDeque<u8>,
    /// How many bytes it still takes towards the client.
    window: usize,
}

/// One end of it. The server's does not wait; neither does the client's.
#[derive(Clone, Debug)]
struct Pipe {
    line: Rc<RefCell<Line>>,
    is_server: bool,
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut line = self.line.borrow_mut();
        let bytes = if self.is_server { &mut line.to_server } else { &mut line.to_client };
        if bytes.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        bytes.read(buffer)
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut line = self.line.borrow_mut();
        if !self.is_server {
            return line.to_server.write(bytes);
        }
        let taken = bytes.len().min(line.window);
        if taken == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        line.window -= taken;
        line.to_client.write(&bytes[..taken])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A socket and what its client holds.
fn pair(window: usize) -> (Socket<Pipe>, WebSocket<Pipe>, Rc<RefCell<Line>>) {
    let line = Rc::new(RefCell::new(Line { window, ..Line::default() }));
    let end = |is_server| Pipe { line: Rc::clone(&line), is_server };
    let client = WebSocket::from_raw_socket(end(false), Role::Client, None);
    (Socket::new(end(true), &[]), client, line)
}

/// One pass of a shard: reads, and sends what waits. What it heard.
fn pass(socket: &mut Socket<Pipe>, now: Duration) -> Result<Vec<Vec<u8>>, End> {
    let mut heard = Vec::new();
    socket.read(now, |message| {
        heard.push(message.to_vec());
        Ok(())
    })?;
    socket.flush(now)?;
    Ok(heard)
}

/// The code by which the client is closed, after whatever else it was told.
fn close_code(client: &mut WebSocket<Pipe>) -> Option<CloseCode> {
    loop {
        match client.read() {
            Ok(Message::Close(close)) => return close.map(|close| close.code),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
}

/// When a client ends that is passed 30 times a second and does `act` before each; and how.
fn lives(
    until: Duration,
    mut act: impl FnMut(&mut WebSocket<Pipe>, Duration),
) -> Option<(Duration, End)> {
    let (mut socket, mut client, _line) = pair(usize::MAX);
    let passes = (0..).map(|number| Duration::from_millis(33) * number);
    for now in passes.take_while(|now| *now <= until) {
        act(&mut client, now);
        if let Err(end) = pass(&mut socket, now) {
            return Some((now, end));
        }
    }
    None
}

fn say(client: &mut WebSocket<Pipe>, message: Message) {
    client.send(message).expect("the line takes all");
}

#[test]
fn a_half_open_peer_goes_within_twenty_seconds() {
    let (when, end) = lives(seconds(60), |_, _| {}).expect("it ends");
    assert_eq!(end, End::Silent);
    assert!(when > SILENCE_MAX && when < seconds(20), "{when:?}");
}

#[test]
fn a_peer_that_does_no_more_than_answer_pings_is_there() {
    let mut pings = 0;
    let ended = lives(seconds(120), |client, _| {
        // Reading is what answers.
        while let Ok(message) = client.read() {
            pings += u32::from(matches!(message, Message::Ping(_)));
        }
        let _ = client.flush();
    });
    assert_eq!(ended, None);
    assert!((20..=24).contains(&pings), "{pings} pings in two minutes");
}

#[test]
fn whoever_says_anything_is_not_pinged() {
    let ended = lives(seconds(60), |client, now| {
        if now.as_millis() % 4_000 < 33 {
            say(client, Message::binary(vec![1]));
        }
        assert!(client.read().is_err(), "nothing is said to it");
    });
    assert_eq!(ended, None);
}

#[test]
fn a_flood_of_pings_or_pongs_or_empty_messages_ends_by_its_reason() {
    for flood in
        [Message::Ping(vec![1].into()), Message::Pong(vec![1].into()), Message::binary(vec![])]
    {
        let (when, end) = lives(seconds(60), |client, _| {
            for _ in 0..100 {
                say(client, flood.clone());
            }
            while client.read().is_ok() {}
        })
        .expect("it ends");
        assert_eq!(end, End::Flood, "{flood:?}");
        assert!(when >= FLOOD_MAX && when < 2 * FLOOD_MAX, "{when:?}");
    }
}

#[test]
fn what_the_client_may_send_is_no_flood_however_long_it_goes_on() {
    let ended = lives(seconds(600), |client, _| {
        for _ in 0..20 {
            say(client, Message::binary(vec![0; 48]));
        }
    });
    assert_eq!(ended, None, "600 messages a second, 38 kB");
}

#[test]
fn protocol_text_size_and_encoding_errors_reach_the_client_by_their_codes() {
    let mask = [0; 4];
    let frame = |first: u8, payload: &[u8]| {
        [&[first, 0x80 | payload.len() as u8], &mask[..], payload].concat()
    };
    let cases = [
        (vec![0x82, 0x01, 0x00], End::Protocol, CloseCode::Protocol),
        (frame(0xF2, b"x"), End::Protocol, CloseCode::Protocol),
        (frame(0x81, b"text"), End::NotBinary, CloseCode::Unsupported),
        (frame(0x81, b"\xFF"), End::NotUtf8, CloseCode::Invalid),
        (frame(0x88, b"\x03\xE8\xFF"), End::NotUtf8, CloseCode::Invalid),
        ([&[0x82, 0xFE, 0x7F, 0xFF][..], &mask].concat(), End::TooBig, CloseCode::Size),
        (vec![0x82, 0xFF, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], End::TooBig, CloseCode::Size),
    ];
    for (bytes, end, code) in cases {
        let (mut socket, mut client, line) = pair(usize::MAX);
        line.borrow_mut().to_server.extend(&bytes);
        assert_eq!(pass(&mut socket, seconds(0)), Err(end), "{bytes:02X?}");
        socket.close(end);
        assert_eq!(socket.flush(seconds(0)), Ok(Flushed::Whole));
        assert_eq!(close_code(&mut client), Some(code), "{bytes:02X?}");
    }
}

#[test]
fn a_message_before_one_that_is_too_large_is_heard() {
    let (mut socket, _client, line) = pair(usize::MAX);
    line.borrow_mut().to_server.extend([0x82, 0x81, 0, 0, 0, 0, 42]);
    line.borrow_mut().to_server.extend([0x82, 0xFE, 0x7F, 0xFF, 0, 0, 0, 0]);
    let mut heard = Vec::new();
    let end = socket.read(seconds(0), |message| {
        heard.extend_from_slice(message);
        Ok(())
    });
    assert_eq!((heard, end), (vec![42], Err(End::TooBig)));
}

#[test]
fn after_the_hello_only_inputs_are_large_enough() {
    let (mut socket, mut client, _line) = pair(usize::MAX);
    say(&mut client, Message::binary(vec![0; CLIENT_MESSAGE_MAX_BYTES]));
    assert_eq!(pass(&mut socket, seconds(0)).map(|heard| heard.len()), Ok(1));
    socket.expect_inputs();
    say(&mut client, Message::binary(vec![0; INPUT_MESSAGE_MAX_BYTES]));
    assert_eq!(pass(&mut socket, seconds(0)).map(|heard| heard.len()), Ok(1));
    say(&mut client, Message::binary(vec![0; INPUT_MESSAGE_MAX_BYTES + 1]));
    assert_eq!(pass(&mut socket, seconds(0)), Err(End::TooBig));
}

proptest! {
    #[test]
    fn what_is_said_arrives_whole_and_in_order_whatever_the_line_takes(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..30),
        windows in prop::collection::vec(0_usize..200, 1..30),
        pings in prop::collection::vec(any::<bool>(), 1..30),
    ) {
        let (mut socket, mut client, line) = pair(0);
        let mut windows = windows.iter().cycle();
        let mut now = Duration::ZERO;
        let mut heard = Vec::new();
        for (message, ping) in messages.iter().zip(pings.iter().cycle()) {
            if *ping {
                say(&mut client, Message::Ping(vec![7; 9].into()));
            }
            socket.say(message);
            loop {
                now += Duration::from_millis(1);
                // It never closes up for good.
                line.borrow_mut().window += windows.next().expect("it goes round") + 1;
                pass(&mut socket, now).expect("nothing is wrong");
                while let Ok(message) = client.read() {
                    if let Message::Binary(bytes) = message {
                        heard.push(bytes.to_vec());
                    }
                }
                if !socket.is_behind() {
                    break;
                }
            }
        }
        prop_assert_eq!(heard, messages);
    }
}

#[test]
fn the_code_of_a_close_comes_behind_whatever_waits() {
    let (mut socket, mut client, line) = pair(0);
    for _ in 0..100 {
        say(&mut client, Message::Ping(vec![7; 100].into()));
    }
    pass(&mut socket, seconds(0)).expect("pings are allowed");
    socket.close(End::Closing);
    line.borrow_mut().window = usize::MAX;
    assert_eq!(socket.flush(seconds(0)), Ok(Flushed::Whole));
    assert_eq!(close_code(&mut client), Some(CloseCode::Away));
}

#[test]
fn nobody_is_pinged_who_takes_nothing() {
    let (mut socket, _client, _line) = pair(0);
    socket.say(b"waits");
    for second in 0..15 {
        pass(&mut socket, seconds(second).min(seconds(9))).expect("not so soon");
    }
    let waits = socket.unsent_bytes();
    socket.keep_alive(seconds(14)).expect("not so soon");
    assert_eq!(socket.unsent_bytes(), waits);
}

#[test]
fn another_clock_tells_nothing_of_silence_or_floods() {
    let (mut socket, mut client, _line) = pair(usize::MAX);
    for second in 1_000..1_009 {
        // As fast as it is read, and faster.
        for _ in 0..6_000 {
            say(&mut client, Message::Pong(vec![].into()));
        }
        pass(&mut socket, seconds(second)).expect("it is limited, not ended");
    }
    // A shard's clock may be far behind that of the door, or ahead.
    for start in [0, 1_000_000] {
        socket.change_clock();
        pass(&mut socket, seconds(start)).expect("no time has passed here");
    }
}

#[test]
fn a_server_that_loses_time_again_and_again_still_ends_a_flood() {
    let (mut socket, mut client, _line) = pair(usize::MAX);
    let ended = (0..2_000).find_map(|pass_number: u32| {
        for _ in 0..100 {
            say(&mut client, Message::Pong(vec![].into()));
        }
        if pass_number.is_multiple_of(100) {
            socket.forgive_stall(Duration::from_millis(1));
        }
        pass(&mut socket, Duration::from_millis(33) * pass_number).err()
    });
    assert_eq!(ended, Some(End::Flood));
}

#[test]
fn a_frame_that_comes_a_byte_at_a_time_is_waited_for_so_long() {
    let (mut socket, _client, line) = pair(usize::MAX);
    line.borrow_mut().to_server.extend([0x82, 0xFE, 0x04, 0x00, 0, 0, 0, 0]);
    let end = (0..100).find_map(|number| {
        line.borrow_mut().to_server.push_back(0);
        pass(&mut socket, seconds(4 * number)).err()
    });
    assert_eq!(end, Some(End::Silent));
}
