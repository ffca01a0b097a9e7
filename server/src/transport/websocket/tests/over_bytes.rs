//! A WebSocket over an in-memory pipe and on virtual time: no kernel, no clock.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::limits::FLOOD_MAX;
use proptest::prelude::*;
use tickwire_host::SharedChunk;
use tickwire_host::limits::SILENCE_MAX;
use tungstenite::protocol::frame::coding::CloseCode;

use super::*;

/// Both directions of a connection, as the kernel would buffer them.
#[derive(Debug, Default)]
struct PipeState {
    to_server: VecDeque<u8>,
    to_client: VecDeque<u8>,
    /// How many more bytes it accepts towards the client.
    window: usize,
}

type SharedPipe = Arc<Mutex<PipeState>>;

fn lock(pipe: &SharedPipe) -> MutexGuard<'_, PipeState> {
    pipe.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One non-blocking end of it.
#[derive(Clone, Debug)]
struct Pipe {
    state: SharedPipe,
    is_server: bool,
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = lock(&self.state);
        let bytes = if self.is_server { &mut state.to_server } else { &mut state.to_client };
        if bytes.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        bytes.read(buffer)
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = lock(&self.state);
        if !self.is_server {
            return state.to_server.write(bytes);
        }
        let taken = bytes.len().min(state.window);
        if taken == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        state.window -= taken;
        state.to_client.write(&bytes[..taken])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A WebSocket, its client, and the pipe between them.
fn pair(window: usize) -> (WebSocketTransport<Pipe>, WebSocket<Pipe>, SharedPipe) {
    let pipe = Arc::new(Mutex::new(PipeState { window, ..PipeState::default() }));
    let end = |is_server| Pipe { state: Arc::clone(&pipe), is_server };
    let client = WebSocket::from_raw_socket(end(false), Role::Client, None);
    (WebSocketTransport::new(end(true), &[]), client, pipe)
}

/// One pass of a shard: reads, flushes, and returns the received messages.
fn pass(
    socket: &mut WebSocketTransport<Pipe>,
    now: Duration,
) -> Result<Vec<Vec<u8>>, DisconnectReason> {
    let mut received = Vec::new();
    socket.receive(now, &mut |message| {
        received.push(message.to_vec());
        Ok(())
    })?;
    socket.flush(now)?;
    Ok(received)
}

/// The close code that the client receives, after any other messages.
fn close_code(client: &mut WebSocket<Pipe>) -> Option<CloseCode> {
    loop {
        match client.read() {
            Ok(Message::Close(close)) => return close.map(|close| close.code),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
}

/// Runs 30 passes a second, with `act` before each. Returns when the connection ends and why; `None` if
/// it is still open at `until`.
fn run_until(
    until: Duration,
    mut act: impl FnMut(&mut WebSocket<Pipe>, Duration),
) -> Option<(Duration, DisconnectReason)> {
    let (mut socket, mut client, _pipe) = pair(usize::MAX);
    let passes = (0..).map(|number| Duration::from_millis(33) * number);
    for now in passes.take_while(|now| *now <= until) {
        act(&mut client, now);
        if let Err(end) = pass(&mut socket, now) {
            return Some((now, end));
        }
    }
    None
}

fn send(client: &mut WebSocket<Pipe>, message: Message) {
    client.send(message).expect("the pipe has space");
}

#[test]
fn a_half_open_peer_ends_within_twenty_seconds() {
    let (when, end) = run_until(seconds(60), |_, _| {}).expect("it ends");
    assert_eq!(end, DisconnectReason::Silent);
    assert!(when > SILENCE_MAX && when < seconds(20), "{when:?}");
}

#[test]
fn a_peer_that_only_answers_pings_stays_connected() {
    let mut pings = 0;
    let ended = run_until(seconds(120), |client, _| {
        // Reading a ping queues its pong.
        while let Ok(message) = client.read() {
            pings += u32::from(matches!(message, Message::Ping(_)));
        }
        let _ = client.flush();
    });
    assert_eq!(ended, None);
    assert!((20..=24).contains(&pings), "{pings} pings in two minutes");
}

#[test]
fn an_answer_to_a_ping_is_a_sign_of_life_and_nothing_is_none() {
    let (mut socket, mut client, _pipe) = pair(usize::MAX);
    let heard = |socket: &mut WebSocketTransport<Pipe>, now| {
        assert_eq!(pass(socket, now), Ok(Vec::new()));
        socket.has_heard()
    };
    assert!(!heard(&mut socket, seconds(0)));
    assert!(!heard(&mut socket, seconds(6)), "it is pinged now");
    assert!(matches!(client.read(), Ok(Message::Ping(_))));
    let _ = client.flush();
    assert!(heard(&mut socket, seconds(7)));
    assert!(!heard(&mut socket, seconds(8)));
}

#[test]
fn a_peer_that_sends_messages_is_not_pinged() {
    let ended = run_until(seconds(60), |client, now| {
        if now.as_millis() % 4_000 < 33 {
            send(client, Message::binary(vec![1]));
        }
        assert!(client.read().is_err(), "nothing is sent to it");
    });
    assert_eq!(ended, None);
}

#[test]
fn a_flood_of_pings_pongs_or_empty_messages_ends_as_flood() {
    for flood in
        [Message::Ping(vec![1].into()), Message::Pong(vec![1].into()), Message::binary(vec![])]
    {
        let (when, end) = run_until(seconds(60), |client, _| {
            for _ in 0..100 {
                send(client, flood.clone());
            }
            while client.read().is_ok() {}
        })
        .expect("it ends");
        assert_eq!(end, DisconnectReason::Flood, "{flood:?}");
        assert!(when >= FLOOD_MAX && when < 2 * FLOOD_MAX, "{when:?}");
    }
}

#[test]
fn sending_at_the_allowed_rates_is_never_a_flood() {
    let ended = run_until(seconds(600), |client, _| {
        for _ in 0..20 {
            send(client, Message::binary(vec![0; 48]));
        }
    });
    assert_eq!(ended, None, "600 messages a second, 38 kB");
}

#[test]
fn protocol_text_size_and_encoding_errors_reach_the_client_as_close_codes() {
    let mask = [0; 4];
    let frame = |first: u8, payload: &[u8]| {
        [&[first, 0x80 | payload.len() as u8], &mask[..], payload].concat()
    };
    let cases = [
        (vec![0x82, 0x01, 0x00], DisconnectReason::Protocol, CloseCode::Protocol),
        (frame(0xF2, b"x"), DisconnectReason::Protocol, CloseCode::Protocol),
        (frame(0x81, b"text"), DisconnectReason::NotBinary, CloseCode::Unsupported),
        (frame(0x81, b"\xFF"), DisconnectReason::NotUtf8, CloseCode::Invalid),
        (frame(0x88, b"\x03\xE8\xFF"), DisconnectReason::NotUtf8, CloseCode::Invalid),
        (
            [&[0x82, 0xFE, 0x7F, 0xFF][..], &mask].concat(),
            DisconnectReason::TooBig,
            CloseCode::Size,
        ),
        (
            vec![0x82, 0xFF, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
            DisconnectReason::TooBig,
            CloseCode::Size,
        ),
    ];
    for (bytes, end, code) in cases {
        let (mut socket, mut client, pipe) = pair(usize::MAX);
        lock(&pipe).to_server.extend(&bytes);
        assert_eq!(pass(&mut socket, seconds(0)), Err(end), "{bytes:02X?}");
        socket.close(end);
        assert_eq!(socket.flush(seconds(0)), Ok(Flushed::Whole));
        assert_eq!(close_code(&mut client), Some(code), "{bytes:02X?}");
    }
}

#[test]
fn a_client_that_goes_away_and_one_that_leaves_differ_by_their_close_codes() {
    let close = |code: Option<u16>| {
        let payload = code.map(u16::to_be_bytes).unwrap_or_default();
        let payload = if code.is_some() { &payload[..] } else { &[] };
        [&[0x88, 0x80 | payload.len() as u8, 0, 0, 0, 0], payload].concat()
    };
    for (code, end) in [
        (Some(1001), DisconnectReason::Away),
        (Some(DisconnectReason::Away.code()), DisconnectReason::Away),
        (Some(1000), DisconnectReason::Left),
        (Some(4000), DisconnectReason::Left),
        (None, DisconnectReason::Left),
    ] {
        let (mut socket, _client, pipe) = pair(usize::MAX);
        lock(&pipe).to_server.extend(close(code));
        assert_eq!(pass(&mut socket, seconds(0)), Err(end), "{code:?}");
    }
}

#[test]
fn a_message_before_one_that_is_too_large_is_received() {
    let (mut socket, _client, pipe) = pair(usize::MAX);
    lock(&pipe).to_server.extend([0x82, 0x81, 0, 0, 0, 0, 42]);
    lock(&pipe).to_server.extend([0x82, 0xFE, 0x7F, 0xFF, 0, 0, 0, 0]);
    let mut received = Vec::new();
    let end = socket.receive(seconds(0), &mut |message| {
        received.extend_from_slice(message);
        Ok(())
    });
    assert_eq!((received, end), (vec![42], Err(DisconnectReason::TooBig)));
}

#[test]
fn after_the_hello_no_message_may_be_larger_than_an_input() {
    let (mut socket, mut client, _pipe) = pair(usize::MAX);
    send(&mut client, Message::binary(vec![0; CLIENT_MESSAGE_MAX_BYTES]));
    assert_eq!(pass(&mut socket, seconds(0)).map(|received| received.len()), Ok(1));
    socket.expect_inputs();
    send(&mut client, Message::binary(vec![0; INPUT_MESSAGE_MAX_BYTES]));
    assert_eq!(pass(&mut socket, seconds(0)).map(|received| received.len()), Ok(1));
    send(&mut client, Message::binary(vec![0; INPUT_MESSAGE_MAX_BYTES + 1]));
    assert_eq!(pass(&mut socket, seconds(0)), Err(DisconnectReason::TooBig));
}

proptest! {
    #[test]
    fn messages_arrive_whole_and_in_order_whatever_the_pipe_accepts(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..30),
        windows in prop::collection::vec(0_usize..200, 1..30),
        pings in prop::collection::vec(any::<bool>(), 1..30),
        are_shared in prop::collection::vec(any::<bool>(), 1..30),
    ) {
        let (mut socket, mut client, pipe) = pair(0);
        let mut windows = windows.iter().cycle();
        let mut now = Duration::ZERO;
        let mut received = Vec::new();
        let dice = pings.iter().cycle().zip(are_shared.iter().cycle());
        for (message, (ping, is_shared)) in messages.iter().zip(dice) {
            if *ping {
                send(&mut client, Message::Ping(vec![7; 9].into()));
            }
            let mut chunk = SharedChunk::default();
            chunk.push(message);
            if !is_shared || !socket.send_shared(Shared::new(&chunk, true), now).expect("in time") {
                socket.send(message);
            }
            loop {
                now += Duration::from_millis(1);
                // The window never stays closed.
                lock(&pipe).window += windows.next().expect("it goes round") + 1;
                pass(&mut socket, now).expect("nothing is wrong");
                while let Ok(message) = client.read() {
                    if let Message::Binary(bytes) = message {
                        received.push(bytes.to_vec());
                    }
                }
                if !socket.is_behind() {
                    break;
                }
            }
        }
        prop_assert_eq!(received, messages);
    }
}

#[test]
fn shared_messages_are_either_accepted_whole_or_not_at_all() {
    let (mut socket, mut client, pipe) = pair(0);
    let mut chunk = SharedChunk::default();
    chunk.push(b"shared");
    let shared = Shared::new(&chunk, true);
    assert_eq!(socket.send_shared(shared, seconds(0)), Ok(false));
    assert_eq!(socket.unsent_bytes(), 0, "it may be sent a newer one instead");
    lock(&pipe).window = 3;
    assert_eq!(socket.send_shared(shared, seconds(9)), Ok(true));
    assert!(client.read().is_err(), "half of it has arrived");
    lock(&pipe).window = usize::MAX;
    assert_eq!(socket.flush(seconds(9)), Ok(Flushed::Whole));
    assert_eq!(client.read().expect("whole").into_data(), &b"shared"[..]);
    lock(&pipe).window = 0;
    assert_eq!(socket.send_shared(shared, seconds(10)), Ok(false));
    assert_eq!(socket.send_shared(shared, seconds(20)), Err(DisconnectReason::TooSlow));
}

#[test]
fn the_close_code_arrives_after_all_unsent_bytes() {
    let (mut socket, mut client, pipe) = pair(0);
    for _ in 0..100 {
        send(&mut client, Message::Ping(vec![7; 100].into()));
    }
    pass(&mut socket, seconds(0)).expect("pings are allowed");
    socket.close(DisconnectReason::Closing);
    lock(&pipe).window = usize::MAX;
    assert_eq!(socket.flush(seconds(0)), Ok(Flushed::Whole));
    assert_eq!(close_code(&mut client), Some(CloseCode::Away));
}

#[test]
fn a_peer_that_receives_nothing_is_not_pinged() {
    let (mut socket, _client, _pipe) = pair(0);
    socket.send(b"waits");
    for second in 0..15 {
        pass(&mut socket, seconds(second).min(seconds(9))).expect("not so soon");
    }
    let unsent = socket.unsent_bytes();
    socket.keep_alive(seconds(14)).expect("not so soon");
    assert_eq!(socket.unsent_bytes(), unsent);
}

#[test]
fn a_change_of_clocks_counts_neither_as_silence_nor_as_a_flood() {
    let (mut socket, mut client, _pipe) = pair(usize::MAX);
    for second in 1_000..1_009 {
        // Faster than the rate limit.
        for _ in 0..6_000 {
            send(&mut client, Message::Pong(vec![].into()));
        }
        pass(&mut socket, seconds(second)).expect("it is limited, not ended");
    }
    // A shard's clock may be far behind that of the task, or ahead of it.
    for start in [0, 1_000_000] {
        socket.reset_clock();
        pass(&mut socket, seconds(start)).expect("no time has passed here");
    }
}

#[test]
fn a_server_that_stalls_again_and_again_still_ends_a_flood() {
    let (mut socket, mut client, _pipe) = pair(usize::MAX);
    let ended = (0..2_000).find_map(|pass_number: u32| {
        for _ in 0..100 {
            send(&mut client, Message::Pong(vec![].into()));
        }
        if pass_number.is_multiple_of(100) {
            socket.credit_stall(Duration::from_millis(1));
        }
        pass(&mut socket, Duration::from_millis(33) * pass_number).err()
    });
    assert_eq!(ended, Some(DisconnectReason::Flood));
}

#[test]
fn a_frame_that_arrives_too_slowly_ends_the_connection() {
    let (mut socket, _client, pipe) = pair(usize::MAX);
    lock(&pipe).to_server.extend([0x82, 0xFE, 0x04, 0x00, 0, 0, 0, 0]);
    let end = (0..100).find_map(|number| {
        lock(&pipe).to_server.push_back(0);
        pass(&mut socket, seconds(4 * number)).err()
    });
    assert_eq!(end, Some(DisconnectReason::Silent));
}
