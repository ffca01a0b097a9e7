//! What decoding costs in memory: no more than stated multiples of the bytes that came, whatever
//! they say. All that is allocated on the way counts, also what is freed again.
//!
//! A program of its own, since its allocator counts.

use std::time::Duration;

use allocation_counter::measure;
use proptest::prelude::*;
use skirmish_rules::{Settings, Skirmish};
use tests::host::{Host, hello};
use tickwire_game::client::{Client, Greeting};
use tickwire_game::game::Setup;
use tickwire_game::ids::SessionId;
use tickwire_game::limits::WELCOME_MAX_BYTES;
use tickwire_game::protocol::{ClientMessage, Input, Role, ServerMessage};
use tickwire_game::recording::Reader;
use tickwire_game::tick::{Rewind, Tick};
use tickwire_host::Standing;
use tickwire_host::room::{Room, RoomTemplate};

/// A message of a client is read where it lies.
const CLIENT_MESSAGE: u64 = 0;
/// What a connection may keep of one message: the answer to a ping, a word about too many.
const RECEIVED_BYTES: u64 = 512;
/// A roster entry takes 5 bytes on the wire and 40 in memory, in a list that doubles as it grows.
const ROSTER_PER_BYTE: u64 = 32;
/// A list begins with room for four.
const LIST_BYTES: u64 = 256;
/// A line of a recording, taken apart into words and made rows of: each number of two bytes or
/// more becomes one of four, in lists that double.
const RECORDING_PER_BYTE: u64 = 64;
/// Before the first row: a scene without any, a schema.
const RECORDING_BYTES: u64 = 16_384;
/// The parts of a welcome may announce lists, each of no more than a welcome may be long.
const WELCOME_BYTES: u64 = 4 * WELCOME_MAX_BYTES as u64;
/// What a client makes of each byte of the rest of a welcome.
const WELCOME_PER_BYTE: u64 = 64;

fn template(fill: u16) -> RoomTemplate<Settings> {
    let setup = Setup { players_max: 4, ..Setup::default() };
    RoomTemplate { setup, fill, ..RoomTemplate::default() }
}

fn room() -> Room<Skirmish> {
    let mut room = Room::new("test".to_owned(), template(2)).expect("the settings are good");
    room.step();
    room
}

fn is_over(host: &Host<Skirmish>, session: SessionId) -> bool {
    host.room_host().session(session).is_none()
}

fn allocated(act: impl FnOnce()) -> u64 {
    measure(act).bytes_total
}

/// Any bytes, often with the kind of a message before them and a length that lies among them.
fn bytes(kinds: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let any_bytes = prop::collection::vec(any::<u8>(), 0..1_400);
    let lie = prop_oneof![
        Just(vec![]),
        (251..=253_u8, any::<[u8; 8]>()).prop_map(|(size, bytes)| {
            let mut lie = vec![size];
            lie.extend_from_slice(&bytes[..1 << (size - 250)]);
            lie
        }),
    ];
    (prop::sample::select(kinds), any::<u8>(), lie, any_bytes).prop_map(
        |(kind, first, lie, rest)| {
            let mut bytes = vec![kind, first];
            bytes.extend(lie);
            bytes.extend(rest);
            bytes
        },
    )
}

#[test]
fn what_is_allocated_is_counted() {
    assert_eq!(allocated(|| drop(std::hint::black_box(vec![7_u8; 1_000]))), 1_000);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_message_of_a_client_is_decoded_without_any_memory(bytes in bytes(&[0, 1, 2, 3, 4, 5, 6])) {
        let took = allocated(|| drop(ClientMessage::decode(&bytes)));
        prop_assert_eq!(took, CLIENT_MESSAGE);
    }

    #[test]
    fn a_message_of_a_server_takes_no_more_than_a_multiple_of_its_bytes(
        bytes in bytes(&[0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A]),
    ) {
        let took = allocated(|| drop(ServerMessage::decode(&bytes)));
        prop_assert!(took <= LIST_BYTES + ROSTER_PER_BYTE * bytes.len() as u64, "{took}");
    }

    #[test]
    fn a_roster_that_announces_more_than_came_takes_no_more_than_a_multiple_of_what_came(
        announced in 0..20_000_u16,
        rest in prop::collection::vec(0..3_u8, 0..2_000),
    ) {
        let [low, high] = announced.to_le_bytes();
        let mut bytes = vec![0x83, 1, 251, low, high];
        bytes.extend(&rest);
        let took = allocated(|| drop(ServerMessage::decode(&bytes)));
        let most = LIST_BYTES + ROSTER_PER_BYTE * bytes.len() as u64;
        prop_assert!(took <= most, "{took} for {}", bytes.len());
    }

    #[test]
    fn scores_that_announce_more_than_came_take_no_more_than_a_multiple_of_what_came(
        announced in 0..20_000_u16,
        rest in prop::collection::vec(0..3_u8, 0..2_000),
        is_page in any::<bool>(),
    ) {
        let mut bytes = if is_page { vec![0x8A, 0, 9, 0] } else { vec![0x89] };
        bytes.push(251);
        bytes.extend(announced.to_le_bytes());
        bytes.extend(&rest);
        let took = allocated(|| drop(ServerMessage::decode(&bytes)));
        let most = LIST_BYTES + ROSTER_PER_BYTE * bytes.len() as u64;
        prop_assert!(took <= most, "{took} for {}", bytes.len());
    }

    #[test]
    fn an_input_is_decoded_without_any_memory(
        input in prop::collection::vec(any::<u8>(), 0..40),
        ahead in 0..9_u32,
    ) {
        let mut room = room();
        let player = room.join("Ada", None).expect("there is a place");
        let tick = Tick(room.tick().0 + ahead);
        let (seen, rewind) = (Tick(0), Rewind::default());
        let input = Input { tick, seen, rewind, input: &input };
        let took = allocated(|| {
            room.input(player, &input);
        });
        prop_assert_eq!(took, 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_connection_receives_it_keeps_little_of(
        messages in prop::collection::vec(bytes(&[0, 1, 2, 3, 4, 4, 5, 6]), 1..60),
        plays in any::<bool>(),
    ) {
        let mut host = Host::<Skirmish>::new(template(0), Duration::ZERO);
        let role = if plays { Role::Player } else { Role::Spectator };
        let hello = hello::<Skirmish>("Ada", role, false);
        let (session, pipe) = host.connect(Duration::ZERO, &hello).expect("there is space");
        // Nothing is written meanwhile: what is allocated is for the step, or for what was read.
        pipe.set_space(Some(0));
        let mut quiet_pass = 0;
        for _ in 0..40 {
            quiet_pass = quiet_pass.max(allocated(|| _ = host.tick()));
        }
        for message in messages {
            let length = message.len();
            pipe.send(message);
            let took = allocated(|| while pipe.unread() > 0 && !is_over(&host, session) {
                host.tick();
            });
            // A spectator is read only in some passes.
            prop_assert!(took <= RECEIVED_BYTES + 10 * quiet_pass, "{took} bytes for {length}");
            if is_over(&host, session) {
                break;
            }
        }
    }

    #[test]
    fn a_line_of_a_recording_takes_no_more_than_a_multiple_of_its_bytes(
        cut in any::<prop::sample::Index>(),
        odd in prop::sample::select(vec!["4294967295", "1e300", "ff", "-1", "all", "row 1 0"]),
        times in 1..600_usize,
    ) {
        let text = include_str!("../golden/gaps.scenes");
        let lines: Vec<&str> = text.lines().collect();
        let mut reader = Reader::new();
        let at = cut.index(lines.len());
        for line in &lines[..at] {
            let took = allocated(|| drop(reader.line(line)));
            prop_assert!(took <= RECORDING_BYTES + RECORDING_PER_BYTE * line.len() as u64, "{took}");
        }
        let line = format!("{} {}", lines[at], format!("{odd} ").repeat(times));
        let took = allocated(|| drop(reader.line(&line)));
        prop_assert!(took <= RECORDING_BYTES + RECORDING_PER_BYTE * line.len() as u64, "{took}");
    }

    #[test]
    fn a_welcome_that_was_tampered_with_takes_no_more_than_was_bargained_for(
        at in any::<prop::sample::Index>(),
        to in any::<u8>(),
        lie in any::<[u8; 8]>(),
    ) {
        let room = room();
        let mut welcome = Vec::new();
        room.published().write_welcome(&Standing::alone(SessionId(1)), None, &mut welcome);
        let at = at.index(welcome.len() - 1) + 1;
        welcome[at] = to;
        // A length of so many bytes.
        if to > 250 {
            welcome.splice(at + 1..at + 1, lie.into_iter().take(1 << (to.min(253) - 250)));
        }
        let greeting =
            Greeting { name: "Ada".into(), role: Role::Spectator, room: None, ticket: None, settings: None, resume: None };
        let mut client = Client::<Skirmish>::headless(greeting);
        let took = allocated(|| drop(client.receive(Duration::ZERO, &welcome)));
        let most = WELCOME_BYTES + WELCOME_PER_BYTE * welcome.len() as u64;
        prop_assert!(took <= most, "{took} for {}", welcome.len());
    }
}
