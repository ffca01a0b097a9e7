//! Messages there and back, and what is refused.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn any_bytes_are_a_message_or_an_error(
        mut bytes in prop::collection::vec(any::<u8>(), 0..300),
        kind in prop::sample::select(vec![
            1_u8, 2, 3, 4, 5, 6, 0x81, 0x82, 0x83, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A,
        ]),
        known_kind in any::<bool>(),
    ) {
        if let Some(first) = bytes.first_mut().filter(|_| known_kind) {
            *first = kind;
        }
        // What decodes is a message and nothing else: it encodes to as much as was read, or
        // less where a number did not stand in its shortest form.
        if let Ok(message) = ClientMessage::decode(&bytes) {
            let mut again = Vec::new();
            message.encode(&mut again);
            prop_assert!(again.len() <= bytes.len());
            prop_assert_eq!(ClientMessage::decode(&again), Ok(message));
        }
        if let Ok(message) = ServerMessage::decode(&bytes) {
            let mut again = Vec::new();
            message.encode(&mut again);
            prop_assert!(again.len() <= bytes.len());
            prop_assert_eq!(ServerMessage::decode(&again), Ok(message));
        }
    }

    #[test]
    fn a_message_cut_short_or_lengthened_is_refused(
        name in "\\PC{0,20}",
        room in "[a-z]{1,20}",
        cut in any::<prop::sample::Index>(),
    ) {
        let hello = ClientMessage::Hello(Hello {
            protocol: PROTOCOL_VERSION,
            game: "game",
            rules: 3,
            role: Role::Player,
            name: &name,
            room: RoomChoice::Named(&room),
            replays: false,
            ticket: None,
            settings: None,
            resume: None,
        });
        let mut bytes = Vec::new();
        hello.encode(&mut bytes);
        prop_assert_eq!(ClientMessage::decode(&bytes), Ok(hello));
        prop_assert!(ClientMessage::decode(&bytes[..cut.index(bytes.len())]).is_err());
        bytes.push(0);
        prop_assert_eq!(ClientMessage::decode(&bytes), Err(MessageError::LeftOver(1)));
    }
}

#[test]
fn a_hello_of_another_version_is_told_by_its_version() {
    let bytes = [HELLO, 99, 1, 2, 3];
    assert_eq!(ClientMessage::decode(&bytes), Err(MessageError::Version(99)));
}

#[test]
fn a_list_that_announces_more_than_came_is_refused_before_it_is_made_room_for() {
    // 253 opens a length of 8 bytes.
    for length in [1_u64 << 20, 1 << 40, u64::MAX] {
        let mut bytes = vec![ROSTER, 1, 253];
        bytes.extend_from_slice(&length.to_le_bytes());
        assert_eq!(ServerMessage::decode(&bytes), Err(MessageError::Body("roster")));
    }
}

#[test]
fn the_longest_refusal_fits_and_a_longer_message_is_refused() {
    let text = crate::protocol::JoinErrorText::new(&"x".repeat(2 * REFUSED_MAX_BYTES));
    let message = ServerMessage::Refused(JoinError::SettingsRefused(text));
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    assert_eq!(bytes.len(), REFUSED_MAX_BYTES);
    assert_eq!(ServerMessage::decode(&bytes), Ok(message));
    let (max, bytes) = (REFUSED_MAX_BYTES, vec![REFUSED; REFUSED_MAX_BYTES + 1]);
    let too_big = MessageError::TooBig { bytes: bytes.len(), max };
    assert_eq!(ServerMessage::decode(&bytes), Err(too_big));
}

#[test]
fn the_largest_of_each_kind_fits() {
    let input = [255; crate::limits::INPUT_MAX_BYTES];
    let tick = Tick(u32::MAX);
    let rewind = Rewind(u16::MAX);
    let message = ClientMessage::Input(Input { tick, seen: tick, rewind, input: &input });
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    assert_eq!(bytes.len(), INPUT_MESSAGE_MAX_BYTES);
    assert_eq!(ClientMessage::decode(&bytes), Ok(message));
    let text = "x".repeat(HELLO_MAX_BYTES);
    for length in 0..HELLO_MAX_BYTES {
        let hello = ClientMessage::Hello(Hello {
            protocol: PROTOCOL_VERSION,
            game: "g",
            rules: u32::MAX,
            role: Role::Player,
            name: &text[..length],
            room: RoomChoice::Named("r"),
            replays: false,
            ticket: None,
            settings: None,
            resume: None,
        });
        bytes.clear();
        hello.encode(&mut bytes);
        assert_eq!(ClientMessage::decode(&bytes).is_ok(), bytes.len() <= HELLO_MAX_BYTES);
    }
}

#[test]
fn a_pace_is_above_nothing_and_no_faster_than_full() {
    for (permille, is_one) in [(0, false), (1, true), (1_000, true), (1_001, false)] {
        let mut bytes = Vec::new();
        ServerMessage::Pace(Pace { from: Tick(7), permille }).encode(&mut bytes);
        assert_eq!(ServerMessage::decode(&bytes).is_ok(), is_one, "{permille}");
    }
}

#[test]
fn a_page_of_the_board_has_no_more_players_than_it_may() {
    for (count, is_one) in [(0, true), (BOARD_PAGE_MAX, true), (BOARD_PAGE_MAX + 1, false)] {
        let mut bytes = Vec::new();
        ClientMessage::Board(Board { first: u16::MAX, count }).encode(&mut bytes);
        assert_eq!(ClientMessage::decode(&bytes).is_ok(), is_one, "{count}");
    }
}

#[test]
fn scores_and_pages_that_announce_more_than_came_are_refused_before_they_are_made_room_for() {
    for (head, what) in [(&[SCORES][..], "scores"), (&[BOARD_PAGE, 0, 9, 0], "page of the board")] {
        let mut bytes = [head, &[253]].concat();
        bytes.extend_from_slice(&(1_u64 << 40).to_le_bytes());
        assert_eq!(ServerMessage::decode(&bytes), Err(MessageError::Body(what)));
    }
}

#[test]
fn a_message_above_the_limit_of_its_kind_is_refused() {
    let max = SMALL_MESSAGE_MAX_BYTES;
    let bytes = vec![PING; max + 1];
    assert_eq!(ClientMessage::decode(&bytes), Err(MessageError::TooBig { bytes: max + 1, max }));
}
