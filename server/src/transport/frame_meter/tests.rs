//! The meter receives bytes as a connection delivers them, on virtual time.

use crate::limits::FLOOD_MAX;
use proptest::prelude::*;
use tickwire_host::limits::CLIENT_MESSAGE_MAX_BYTES;

use super::*;

fn meter() -> FrameMeter {
    let mut meter = FrameMeter::new(&ByteLimits::PLAY, CLIENT_MESSAGE_MAX_BYTES);
    meter.begin(Duration::ZERO).expect("it is new");
    meter
}

/// A frame as a client sends it, with a payload of zeros.
fn frame(first: u8, length: u64) -> Vec<u8> {
    let mut bytes = announce(first, length);
    bytes.extend(std::iter::repeat_n(0, length as usize));
    bytes
}

/// The header alone.
fn announce(first: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![first];
    match length {
        0..=125 => bytes.push(0x80 | length as u8),
        126..=65_535 => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            bytes.push(0x80 | 127);
            bytes.extend_from_slice(&length.to_be_bytes());
        }
    }
    bytes.extend_from_slice(&[0; 4]);
    bytes
}

const BINARY: u8 = 0x82;
const FIRST_FRAGMENT: u8 = 0x02;
const FRAGMENT: u8 = 0x00;
const LAST_FRAGMENT: u8 = 0x80;
const PING: u8 = 0x89;

proptest! {
    #[test]
    fn the_count_of_frames_does_not_depend_on_how_their_bytes_arrive(
        lengths in prop::collection::vec(0_u64..200, 1..40),
        cuts in prop::collection::vec(1_usize..50, 1..200),
    ) {
        let bytes: Vec<u8> = lengths.iter().flat_map(|&length| frame(BINARY, length)).collect();
        let mut meter = meter();
        let before = meter.frames.left();
        let mut rest = &bytes[..];
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            prop_assert_eq!(meter.receive(piece), piece.len());
            rest = after;
        }
        prop_assert_eq!(meter.verdict(), None);
        prop_assert_eq!(before - meter.frames.left(), lengths.len() as u64);
        prop_assert_eq!((meter.payload_left, meter.header_len, meter.message), (0, 0, None));
    }

    #[test]
    fn any_bytes_are_counted_without_a_panic(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..64),
    ) {
        let mut meter = meter();
        for piece in &pieces {
            let accepted = meter.receive(piece);
            prop_assert!(accepted <= piece.len());
            if meter.verdict().is_some() {
                prop_assert_eq!(meter.may_read(), 0);
                break;
            }
            prop_assert_eq!(accepted, piece.len());
        }
    }

    #[test]
    fn reads_never_begin_more_frames_than_the_rate_allows(
        lengths in prop::collection::vec(prop_oneof![Just(0_u64), 0_u64..300], 100..3_000),
        passes in 1_u64..40,
    ) {
        let bytes: Vec<u8> = lengths.iter().flat_map(|&length| frame(BINARY, length)).collect();
        let mut meter = meter();
        let mut rest = &bytes[..];
        let before = meter.frames.left();
        for pass in 0..passes {
            if meter.begin(Duration::from_millis(33 * pass)).is_err() {
                break;
            }
            while let may @ 1.. = meter.may_read().min(rest.len()) {
                meter.receive(&rest[..may]);
                rest = &rest[may..];
            }
        }
        let received = lengths.len() as u64;
        let allowed = before + u64::from(FRAMES_PER_SECOND_MAX) * 33 * passes / 1_000;
        prop_assert!(meter.frames.left() + received.min(allowed) <= before + allowed);
        prop_assert!(rest.is_empty() || meter.is_limited() || meter.pass_left == 0);
    }
}

#[test]
fn a_message_that_is_too_large_is_refused_at_its_header() {
    let most = CLIENT_MESSAGE_MAX_BYTES as u64;
    for length in [most + 1, 65_536, 1 << 40, 1 << 63, u64::MAX] {
        let mut meter = meter();
        let before = frame(BINARY, 7);
        let mut bytes = before.clone();
        bytes.extend(announce(BINARY, length));
        // The frame before it is accepted, and nothing of the refused one.
        assert_eq!(meter.receive(&bytes), before.len(), "{length}");
        assert_eq!(meter.verdict(), Some(DisconnectReason::TooBig), "{length}");
    }
    let mut meter = meter();
    assert_eq!(meter.receive(&announce(BINARY, most)), 8);
    assert_eq!(meter.verdict(), None);
}

#[test]
fn fragments_are_refused_by_their_total_length() {
    let most = CLIENT_MESSAGE_MAX_BYTES as u64;
    let mut meter = meter();
    meter.receive(&frame(FIRST_FRAGMENT, most - 10));
    meter.receive(&frame(PING, 125));
    meter.receive(&frame(FRAGMENT, 10));
    assert_eq!(meter.verdict(), None, "it has the largest length; pings do not count");
    meter.receive(&announce(LAST_FRAGMENT, 1));
    assert_eq!(meter.verdict(), Some(DisconnectReason::TooBig));
}

#[test]
fn a_control_frame_that_is_too_large_is_refused() {
    let mut meter = meter();
    meter.receive(&frame(PING, 125));
    assert_eq!(meter.verdict(), None);
    meter.receive(&announce(PING, 126));
    assert_eq!(meter.verdict(), Some(DisconnectReason::Protocol));
}

/// Reads as much as is allowed of an endless repetition of a frame, thirty times a second. Returns how
/// long it lasted, how many frames were read, and how it ended.
fn flood(frame: &[u8], until: Duration) -> (Duration, u64, Option<DisconnectReason>) {
    let mut meter = meter();
    let mut read: u64 = 0;
    for pass in 0.. {
        let now = Duration::from_millis(33) * pass;
        if now > until {
            return (now, read / frame.len() as u64, None);
        }
        if let Err(end) = meter.begin(now) {
            return (now, read / frame.len() as u64, Some(end));
        }
        while let may @ 1.. = meter.may_read() {
            let at = (read % frame.len() as u64) as usize;
            let piece = &frame[at..frame.len().min(at + may)];
            meter.receive(piece);
            read += piece.len() as u64;
        }
    }
    unreachable!("time goes on")
}

#[test]
fn empty_fragments_are_limited_to_the_rate_and_a_lasting_flood_ends() {
    let (lasted, frames, end) = flood(&frame(FRAGMENT, 0), FLOOD_MAX * 3);
    assert_eq!(end, Some(DisconnectReason::Flood));
    assert!(lasted >= FLOOD_MAX);
    let most = u64::from(FRAMES_PER_SECOND_MAX) * (lasted + FRAMES_BURST).as_secs() + 1_000;
    assert!(frames <= most, "{frames} frames in {lasted:?}");
}

#[test]
fn bytes_are_limited_to_the_rate_and_a_lasting_flood_ends() {
    let (lasted, frames, end) = flood(&frame(BINARY, 1_000), FLOOD_MAX * 3);
    assert_eq!(end, Some(DisconnectReason::Flood));
    let most = u64::from(CLIENT_BYTES_PER_SECOND_MAX)
        * ((lasted + CLIENT_BYTES_BURST).as_secs() + 1)
        / 1_000;
    assert!(frames <= most, "{frames} frames of 1,000 bytes in {lasted:?}");
}

#[test]
fn a_burst_after_the_longest_silence_is_not_a_flood() {
    let mut meter = meter();
    // At 60 ticks a second, with an input for each.
    let delayed = frame(BINARY, 20).repeat(15 * 60);
    let mut rest = &delayed[..];
    for pass in 0_u32.. {
        meter.begin(Duration::from_millis(16) * pass).expect("it is not a flood");
        while let may @ 1.. = meter.may_read().min(rest.len()) {
            meter.receive(&rest[..may]);
            rest = &rest[may..];
        }
        if rest.is_empty() {
            return;
        }
        meter.mark_drained();
    }
}

#[test]
fn a_stall_of_the_server_is_credited() {
    let mut meter = meter();
    let left = meter.frames.left();
    meter.frames.spend(left);
    assert_eq!(meter.may_read(), 0);
    meter.credit_stall(Duration::from_secs(20));
    assert_eq!(meter.frames.left(), u64::from(FRAMES_PER_SECOND_MAX) * 20);
}

#[test]
fn a_message_that_stays_incomplete_ends_the_connection() {
    let mut meter = meter();
    meter.receive(&frame(FIRST_FRAGMENT, 1));
    let mut ends = (0..100).map(|seconds| {
        let end = meter.begin(Duration::from_secs(seconds));
        meter.receive(&frame(FRAGMENT, 0));
        end
    });
    let at = ends.position(|end| end == Err(DisconnectReason::Silent));
    assert_eq!(at, Some(FRAGMENTS_MAX.as_secs() as usize));
}
