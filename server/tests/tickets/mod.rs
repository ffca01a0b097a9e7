//! Join tickets, over real sockets: who is let in, where to, and that no ticket is ever logged.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::BASE64URL_NOPAD;
use ring::hmac;
use shared::protocol::Ticket;
use tickwire::{Guests, KeyText, TicketConfig};
use tracing::level_filters::LevelFilter;

use super::*;

const SECRET: &str = "never-shown-secret-of-a-server-under-test";

/// A ticket that is good for so many seconds more.
fn ticket(seconds: i64, more: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() as i64;
    let claims = format!(r#"{{"sub":"never-shown-user","exp":{}{more}}}"#, now + seconds);
    let part = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let signed = format!("{}.{}", part(br#"{"alg":"HS256"}"#), part(claims.as_bytes()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature = part(hmac::sign(&key, signed.as_bytes()).as_ref());
    format!("{signed}.{signature}")
}

fn server_with_a_key(guests: Guests) -> Server<Tiny> {
    let ticket_key_text = Some(KeyText::new(SECRET.into()));
    let tickets = TicketConfig { ticket_key_text, guests, ..TicketConfig::default() };
    start(Config { tickets, ..Config::default() })
}

/// The name of the room that one is let into, or why not.
fn enter(address: SocketAddr, room: RoomWish<'_>, ticket: Option<&str>) -> Result<String, Refusal> {
    let mut peer = connect(address);
    peer.say(&ClientMessage::Hello(Hello { ticket: ticket.map(Ticket), ..hello(room) }));
    let bytes = peer.hear().expect("an answer");
    match ServerMessage::decode(&bytes).expect("a message") {
        ServerMessage::Welcome(welcome) => Ok(welcome.room.to_owned()),
        ServerMessage::Refused(refusal) => Err(refusal),
        other => panic!("neither welcome nor refusal: {other:?}"),
    }
}

#[test]
fn a_ticket_lets_into_its_room_and_a_guest_is_told_that_one_is_needed() {
    let server = server_with_a_key(Guests::Refuse);
    let enter = |room, ticket| enter(server.address(), room, ticket);
    let for_final = ticket(60, r#","room":"final""#);
    assert_eq!(enter(RoomWish::Any, Some(&for_final)).as_deref(), Ok("final"));
    let elsewhere = enter(RoomWish::Named("other"), Some(&for_final));
    assert_eq!(elsewhere, Err(Refusal::TicketInvalid));
    assert_eq!(enter(RoomWish::Any, None), Err(Refusal::TicketRequired));
    assert_eq!(enter(RoomWish::Any, Some(&ticket(-60, ""))), Err(Refusal::TicketExpired));
    let status = get(server.admin_address(), "/api/status");
    assert!(status.contains("\"tickets_refused\":3"), "{status}");
}

/// What is logged, all of it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no writer panics").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn no_ticket_and_no_key_is_ever_logged_or_answered() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .init();
    let server = server_with_a_key(Guests::Allow);
    let (good, expired) = (ticket(60, r#","room":"final""#), ticket(-60, ""));
    let forged = format!("{}AAAA", &good[..good.len() - 4]);
    let mut answers = String::new();
    for ticket in [&good, &expired, &forged, &good] {
        let answer = enter(server.address(), RoomWish::Named("final"), Some(ticket));
        answers += &format!("{answer:?}");
    }
    // One that asks for the WebSocket as it should not.
    answers += &get(server.admin_address(), "/api/status");
    server.stop();
    let log = String::from_utf8(log.0.lock().expect("no writer panics").clone()).expect("text");
    assert!(log.contains("let in") && log.contains("never-shown-user"), "it is logged who: {log}");
    for secret in [&good, &expired, &forged].into_iter().flat_map(|token| token.split('.').skip(1))
    {
        assert!(!log.contains(secret) && !answers.contains(secret), "a part of a ticket is shown");
    }
    assert!(!log.contains(SECRET) && !answers.contains(SECRET), "the key is shown");
}
