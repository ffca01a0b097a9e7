//! What a page's client promises, by what it leaves in its buffers.

use test_games::dots::Dots;
use tickwire_game::ids::{PlayerId, SessionId};
use tickwire_game::protocol::{
    ClientMessage, Closing, DisconnectReason, JoinError, ServerMessage, WIRE, Welcome,
};
use tickwire_game::tick::Tick;

use super::*;
use crate::path::path_settings;
use crate::view::Plain;

type DotsPage = PageClient<Dots, Plain>;

fn text(page: &DotsPage) -> String {
    String::from_utf8(page.buffers.bytes.clone()).unwrap()
}

/// Puts a message of the server's on the path.
fn receive(page: &mut DotsPage, now_ms: f64, message: &ServerMessage<'_>) {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    page.buffers.scratch(bytes.len()).copy_from_slice(&bytes);
    page.receive(now_ms, bytes.len());
}

/// A page that has opened a connection over a long path.
fn on_a_long_line() -> DotsPage {
    let mut page = DotsPage::new();
    page.set_path(0.0, path_settings(100.0, 0.0, 0.0, 0.0));
    page.open(0.0, false, [0; 5]);
    page
}

#[test]
fn on_a_long_line_the_hello_leaves_late_and_the_refusal_is_seen_late() {
    let mut page = on_a_long_line();
    assert_eq!((page.outgoing(0.0), page.due_ms()), (0, 50.0));
    assert!(page.outgoing(50.0) > 0, "the hello");
    receive(&mut page, 60.0, &ServerMessage::Refused(JoinError::RoomFull));
    receive(&mut page, 60.0, &ServerMessage::Goodbye(DisconnectReason::Refused));
    assert_eq!((page.play(109.0), page.is_coming(), page.due_ms()), (1, true, 110.0));
    assert_eq!((page.play(110.0), page.is_coming()), (3, false));
    // The conditions are the next client's, too.
    page.open(200.0, false, [0; 5]);
    assert_eq!((page.outgoing(200.0), page.due_ms()), (0, 250.0));
}

#[test]
fn who_leaves_over_a_long_line_says_goodbye_at_once() {
    let mut page = on_a_long_line();
    assert_eq!(page.outgoing(1.0), 0);
    page.leave(2.0);
    assert!(page.outgoing(2.0) > 1, "the hello");
    assert_eq!(page.outgoing(2.0), 1, "the goodbye");
    assert_eq!(page.outgoing(2.0), 0);
}

#[test]
fn the_demo_is_a_room_that_moves() {
    let mut page = DotsPage::new();
    page.open_demo(0.0, 1, 5, 0.0);
    for frame in 0..300 {
        page.advance_demo(f64::from(frame) * 16.0);
    }
    page.state();
    let state = text(&page);
    assert!(state.contains("\"stage\":2") && state.contains("\"room\":\"demo\""), "{state}");
    assert!(state.contains("\"time_scale\":1,"), "{state}");
    page.schema();
    assert!(text(&page).contains("{\"name\":\"dot\",\"fields\":[{\"name\":\"x\""));
    page.level();
    assert_eq!(text(&page), "null", "dots have none");
    let count = page.draw(4_800.0);
    assert_eq!(count, 2 + 5 * (3 + 3), "two ticks, and five dots");
    assert_eq!(page.buffers.numbers[4], 0.0, "none of them its own");
    assert!(page.events() > 0, "something happens");
    assert_eq!(page.server_rows(), count, "as many are in the newest snapshot");
    let [tick, own_tick] = [page.buffers.numbers[0], page.buffers.numbers[1]];
    assert!(tick == own_tick && tick == tick.trunc() && tick > 0.0, "{tick} {own_tick}");
    assert_eq!(page.corrections(), 0, "nobody plays");
}

#[test]
fn before_the_first_snapshot_of_a_room_the_server_has_said_nothing() {
    let mut page = DotsPage::new();
    page.open_demo(0.0, 1, 5, 0.0);
    page.advance_demo(1_000.0);
    assert!(page.draw(1_000.0) > 2 && page.server_rows() > 2, "a room with snapshots");
    page.open_demo(2_000.0, 1, 5, 4.0);
    assert_eq!(page.stage_number(), 2, "in the next one, without any");
    assert_eq!(page.server_rows(), 0, "not even the tick of the one before");
    page.open(3_000.0, false, [0; 5]);
    assert_eq!((page.stage_number(), page.server_rows()), (1, 0));
}

#[test]
fn a_demo_plays_ahead_in_slices_before_anything_of_it_is_shown() {
    let shown_first = |page: &mut DotsPage, now_ms: f64| {
        page.advance_demo(now_ms);
        page.draw(now_ms + 1_000.0);
        page.buffers.numbers.clone()
    };
    let mut page = DotsPage::new();
    page.open_demo(0.0, 1, 5, 4.0);
    assert_eq!((page.play_demo_ahead(50), page.play_demo_ahead(69)), (70, 1));
    page.schema();
    assert!(!text(&page).is_empty(), "the room is known meanwhile");
    assert_eq!(shown_first(&mut page, 40.0).len(), 2, "no rows");
    assert_eq!((page.play_demo_ahead(7), page.play_demo_ahead(7)), (0, 0));
    // However long the slices took: it goes on from there at once, and at the usual pace.
    let numbers = shown_first(&mut page, 5_000.0);
    assert_eq!((numbers[0], numbers.len()), (121.0, 2 + 5 * (3 + 3)));
    let places = |numbers: &[f64]| numbers[2..].to_vec();
    let mut other = DotsPage::new();
    other.open_demo(0.0, 1, 5, 4.0);
    assert_eq!(other.play_demo_ahead(1_000), 0);
    assert_eq!(places(&shown_first(&mut other, 0.0)), places(&numbers), "in slices of any size");
    let mut early = DotsPage::new();
    early.open_demo(0.0, 1, 5, 0.0);
    assert_ne!(places(&shown_first(&mut early, 0.0)), places(&numbers));
    // What a page says may be anything.
    for (ahead_s, left) in [(f64::NAN, 0), (-1.0, 0), (f64::INFINITY, 60 * 30)] {
        page.open_demo(0.0, 1, 5, ahead_s);
        assert_eq!(page.play_demo_ahead(0), left, "{ahead_s}");
    }
}

#[test]
fn what_is_no_message_is_a_fault_and_no_panic() {
    let mut page = DotsPage::new();
    page.buffers.scratch(5).copy_from_slice(b"Ada!!");
    page.open(0.0, false, [3, 0, 0, 0, 0]);
    assert!(page.outgoing(0.0) > 0, "the hello");
    page.buffers.scratch(3).copy_from_slice(&[0x84, 0xff, 0xff]);
    page.receive(f64::NAN, 3);
    assert_eq!(page.play(0.0), 5, "a fault");
    page.state();
    assert!(text(&page).contains("\"reason\":\"a message before the welcome out of place\""));
    assert_eq!(page.own(), 0);
}

/// Puts texts into scratch, as a page does; gives their lengths.
fn put(page: &mut DotsPage, texts: [&str; 5]) -> [usize; 5] {
    let bytes = texts.concat().into_bytes();
    page.buffers.scratch(bytes.len()).copy_from_slice(&bytes);
    texts.map(str::len)
}

/// The page is let into a room of dots at 1 s, as a player whose session has this token.
fn let_in(page: &mut DotsPage, resume: ResumeToken, resumed: bool) {
    let schema = bincode::encode_to_vec(Dots::schema(), WIRE).unwrap();
    let welcome = Welcome {
        session: SessionId(7),
        player: Some(PlayerId(1)),
        room: "den",
        tick_rate_hz: 30,
        tick: Tick(100),
        players_max: 8,
        delay_ticks: 0,
        schema: &schema,
        level: &[],
        settings: &[],
        resume,
        resumed,
        grace_seconds: 30,
    };
    receive(page, 1_000.0, &ServerMessage::Welcome(welcome));
    assert_eq!(page.play(1_000.0), 2, "in the room");
}

fn state(page: &mut DotsPage) -> String {
    page.state();
    text(page)
}

#[test]
fn a_session_is_resumed_by_its_token_which_no_state_shows() {
    let [old, new] = [[1; 16], [2; 16]].map(|secret| ResumeToken::new(SessionId(7), secret));
    let mut page = DotsPage::new();
    let lens = put(&mut page, ["Ada", "den", "", "", &old.to_hex()]);
    page.open(0.0, false, lens);
    let length = page.outgoing(0.0) as usize;
    match ClientMessage::decode(&page.buffers.bytes[..length]) {
        Ok(ClientMessage::Hello(hello)) => assert_eq!(hello.resume, Some(old)),
        other => panic!("{other:?}"),
    }
    assert_eq!(page.resume_token(), 0, "outside of a room there is none");
    let_in(&mut page, new, true);
    assert_eq!(page.resume_token(), 48);
    assert_eq!(text(&page), new.to_hex(), "the next time it is another");
    let known = state(&mut page);
    assert!(known.contains("\"resumed\":true") && known.contains("\"grace_s\":30"), "{known}");
    for token in [old, new] {
        assert!(!known.contains(&token.to_hex()), "{known}");
    }

    // What is no token is none.
    for wrong in ["", "00", &old.to_hex()[1..]] {
        let lens = put(&mut page, ["Ada", "den", "", "", wrong]);
        page.open(2_000.0, false, lens);
        let length = page.outgoing(2_000.0) as usize;
        match ClientMessage::decode(&page.buffers.bytes[..length]) {
            Ok(ClientMessage::Hello(hello)) => assert_eq!(hello.resume, None, "{wrong}"),
            other => panic!("{other:?}"),
        }
    }
    assert!(state(&mut page).contains("\"resumed\":false"));
}

#[test]
fn a_page_learns_when_the_server_closes_and_what_became_of_its_session() {
    let token = ResumeToken::new(SessionId(7), [3; 16]);
    let mut page = DotsPage::new();
    page.open(0.0, false, [0; 5]);
    let_in(&mut page, token, false);
    assert_eq!(page.closes_at_ms(), f64::INFINITY);
    receive(&mut page, 1_500.0, &ServerMessage::Closing(Closing { in_seconds: 12 }));
    page.play(1_500.0);
    assert_eq!(page.closes_at_ms(), 13_500.0);
    receive(&mut page, 13_400.0, &ServerMessage::Goodbye(DisconnectReason::Closing));
    assert_eq!((page.play(13_400.0), page.closes_at_ms()), (4, 13_500.0), "it is known in the end");
    assert!(state(&mut page).contains("\"closed\":true,\"replaced\":false"));

    page.open(20_000.0, false, [0; 5]);
    receive(&mut page, 20_000.0, &ServerMessage::Goodbye(DisconnectReason::Replaced));
    assert_eq!((page.play(20_000.0), page.closes_at_ms()), (4, f64::INFINITY));
    let known = state(&mut page);
    assert!(known.contains("\"closed\":false,\"replaced\":true"), "{known}");
    assert!(known.contains("\"not_resumable\":false"), "{known}");

    page.open(30_000.0, false, [0; 5]);
    receive(&mut page, 30_000.0, &ServerMessage::Refused(JoinError::NotResumable));
    assert_eq!(page.play(30_000.0), 3);
    let known = state(&mut page);
    assert!(
        known.contains("\"not_resumable\":true") && known.contains("\"last\":false"),
        "{known}"
    );
    assert!(known.contains("\"replaced\":false"), "{known}");
}
