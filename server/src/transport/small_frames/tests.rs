//! A client's bytes, cut anywhere, read with and without small frames: the same comes of them.

use std::collections::VecDeque;
use std::time::Duration;

use proptest::prelude::*;
use tickwire_host::Transport;

use super::*;
use crate::transport::websocket::{Incoming, WebSocketTransport};

/// What a client has sent in time for each pass, and what it was sent.
#[derive(Debug, Default)]
struct Script {
    to_server: VecDeque<u8>,
    to_client: Vec<u8>,
    is_over: bool,
    reads: usize,
}

impl Read for Script {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reads += 1;
        if self.to_server.is_empty() && !self.is_over {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.to_server.read(buffer)
    }
}

impl Write for Script {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to_client.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

type Socket = WebSocketTransport<Script>;

/// As [`Transport::receive`] without small frames.
fn receive_by_tungstenite(
    socket: &mut Socket,
    now: Duration,
    take: &mut dyn FnMut(&[u8]) -> Result<(), DisconnectReason>,
) -> Result<(), DisconnectReason> {
    socket.begin_read(now)?;
    for _ in 0..MESSAGES_PER_PASS_MAX {
        match socket.read_frame()? {
            Incoming::Message(message) => take(&message)?,
            Incoming::Text(_) => return Err(DisconnectReason::NotBinary),
            Incoming::Control => {}
            Incoming::Nothing => break,
        }
    }
    socket.keep_alive(now)
}

/// What came of one pass.
#[derive(Debug, PartialEq, Eq)]
struct Pass {
    messages: Vec<Vec<u8>>,
    result: Result<(), DisconnectReason>,
    has_heard: bool,
    is_limited: bool,
    bytes_in: u64,
    to_client: Vec<u8>,
}

/// Passes 30 times a second, each with one piece of what the client sends. `take` refuses the message of
/// this number.
fn play(pieces: &[Vec<u8>], is_over: bool, refused: usize, with_small_frames: bool) -> Vec<Pass> {
    let mut socket = Socket::new(Script::default(), &[]);
    socket.expect_inputs();
    let (mut passes, mut taken) = (Vec::new(), 0);
    for (number, piece) in pieces.iter().enumerate() {
        let now = Duration::from_millis(33) * number as u32;
        let stream = socket.stream_mut();
        stream.to_server.extend(piece);
        stream.is_over = is_over && number + 1 == pieces.len();
        let mut messages = Vec::new();
        let mut take = |message: &[u8]| {
            messages.push(message.to_vec());
            taken += 1;
            if taken == refused { Err(DisconnectReason::TooMuch) } else { Ok(()) }
        };
        let received = if with_small_frames {
            socket.receive(now, &mut take)
        } else {
            receive_by_tungstenite(&mut socket, now, &mut take)
        };
        let result = received.and_then(|()| socket.flush(now).map(|_| ()));
        if let Err(end) = result {
            // Whatever waits behind is read on in the farewell.
            while let Ok(Incoming::Message(_) | Incoming::Control) = socket.read_frame() {}
            socket.close(end);
            let _ = socket.flush(now);
        }
        passes.push(Pass {
            messages,
            result,
            has_heard: socket.has_heard(),
            is_limited: socket.is_limited(),
            // How far a read goes beyond the message that ends it all is nobody's concern.
            bytes_in: if result.is_ok() { socket.take_traffic().bytes_in } else { 0 },
            to_client: std::mem::take(&mut socket.stream_mut().to_client),
        });
        if result.is_err() {
            break;
        }
    }
    passes
}

/// A frame with these first two bytes, masked by `mask`.
fn frame(first: u8, second: u8, mask: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let masked = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
    let mut bytes = vec![first, second];
    if second & 0x7F == 126 {
        bytes.extend((payload.len() as u16).to_be_bytes());
    }
    bytes.extend(mask);
    bytes.extend(masked);
    bytes
}

fn small(payload: &[u8]) -> Vec<u8> {
    frame(FINAL_BINARY, MASKED | payload.len() as u8, [1, 2, 3, 4], payload)
}

/// Mostly inputs; pings, pongs, longer and fragmented messages among them; and now and then a violation.
fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let payload = |most: usize| prop::collection::vec(any::<u8>(), 0..=most);
    let of = |first: u8| {
        (any::<[u8; 4]>(), payload(125)).prop_map(move |(mask, payload)| {
            frame(first, MASKED | payload.len() as u8, mask, &payload)
        })
    };
    let fragments = (payload(40), payload(40)).prop_map(|(one, two)| {
        let masked = |length: usize| MASKED | length as u8;
        let first = frame(0x02, masked(one.len()), [9; 4], &one);
        [first, small_ping(), frame(0x80, masked(two.len()), [7; 4], &two)].concat()
    });
    prop_oneof![
        100 => of(FINAL_BINARY),
        6 => of(0x89),
        6 => of(0x8A),
        6 => fragments,
        4 => payload(INPUT_BYTES).prop_map(|long| frame(FINAL_BINARY, MASKED | 126, [5; 4], &long)),
        1 => of(0x81),
        1 => of(0x88),
        1 => of(0xC2),
        1 => of(0x80),
        1 => of(0x02),
        1 => payload(20).prop_map(|bytes| [&[FINAL_BINARY, bytes.len() as u8], &bytes[..]].concat()),
        1 => payload(20),
        1 => Just(frame(FINAL_BINARY, MASKED | 126, [0; 4], &[0; INPUT_BYTES + 1])),
    ]
}

const INPUT_BYTES: usize = tickwire_game::limits::INPUT_MESSAGE_MAX_BYTES;

fn small_ping() -> Vec<u8> {
    frame(0x89, MASKED | 1, [3; 4], &[1])
}

/// Cuts the bytes after each of these lengths, in turn.
fn cut(bytes: &[u8], lengths: &[usize]) -> Vec<Vec<u8>> {
    let (mut pieces, mut rest) = (Vec::new(), bytes);
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*length).min(rest.len()));
        pieces.push(piece.to_vec());
        rest = after;
    }
    pieces.push(Vec::new());
    pieces
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn the_same_comes_of_any_bytes_with_and_without_small_frames(
        frames in prop::collection::vec(any_frame(), 0..60),
        lengths in prop::collection::vec(prop_oneof![Just(0), 1_usize..30, 1_usize..2_000], 1..40),
        is_over: bool,
        refused in 1_usize..200,
    ) {
        let lengths = if lengths.iter().all(|length| *length == 0) { vec![1] } else { lengths };
        let pieces = cut(&frames.concat(), &lengths);
        let with = play(&pieces, is_over, refused, true);
        let without = play(&pieces, is_over, refused, false);
        prop_assert_eq!(with, without);
    }
}

#[test]
fn an_input_a_pass_is_one_read_and_no_more() {
    let mut socket = Socket::new(Script::default(), &[]);
    let mut now = Duration::ZERO;
    let mut pass = |socket: &mut Socket, bytes: &[u8]| {
        now += Duration::from_millis(33);
        socket.stream_mut().to_server.extend(bytes);
        let (mut messages, before) = (Vec::new(), socket.stream_mut().reads);
        socket
            .receive(now, &mut |message| {
                messages.push(message.to_vec());
                Ok(())
            })
            .expect("nothing is wrong");
        (messages, socket.stream_mut().reads - before)
    };
    let (one, two) = (small(b"an input"), small(&[7; 125]));
    assert_eq!(pass(&mut socket, &one), (vec![b"an input".to_vec()], 1));
    assert_eq!(pass(&mut socket, &[]), (vec![], 1), "as many for a client that says nothing");
    let both = (vec![b"an input".to_vec(), vec![7; 125]], 1);
    assert_eq!(pass(&mut socket, &[&one[..], &two].concat()), both);
    // What is cut is read on by tungstenite, and what comes after it directly again.
    assert_eq!(
        pass(&mut socket, &[&one[..], &two[..40]].concat()),
        (vec![b"an input".to_vec()], 1)
    );
    assert_eq!(pass(&mut socket, &two[40..]), (vec![vec![7; 125]], 1));
    assert_eq!(pass(&mut socket, &one), (vec![b"an input".to_vec()], 1));
}
