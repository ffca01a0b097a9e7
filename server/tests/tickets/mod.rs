//! Join tickets over real sockets: who may join which room, and that no ticket is ever logged.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::BASE64URL_NOPAD;
use ring::hmac;
use tickwire::{Guests, KeyText, TicketConfig};
use tickwire_game::protocol::Ticket;
use tracing::level_filters::LevelFilter;

use super::*;

const SECRET: &str = "never-shown-secret-of-a-server-under-test";

/// A ticket that expires in this many seconds.
fn ticket(seconds: i64, more: &str) -> String {
    signed("never-shown-user", seconds, more)
}

/// A ticket of this subject.
pub(crate) fn ticket_of(subject: &str) -> String {
    signed(subject, 60, "")
}

fn signed(subject: &str, seconds: i64, more: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() as i64;
    let claims = format!(r#"{{"sub":"{subject}","exp":{}{more}}}"#, now + seconds);
    let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let signed = format!("{}.{}", encode(br#"{"alg":"HS256"}"#), encode(claims.as_bytes()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature = encode(hmac::sign(&key, signed.as_bytes()).as_ref());
    format!("{signed}.{signature}")
}

pub(crate) fn config_with_a_key(guests: Guests) -> Config {
    let ticket_key_text = Some(KeyText::new(SECRET.into()));
    let tickets = TicketConfig { ticket_key_text, guests, ..TicketConfig::default() };
    Config { tickets, ..Config::default() }
}

fn server_with_a_key(guests: Guests) -> Server<Tiny> {
    start(config_with_a_key(guests))
}

/// Joins a room. Returns its name, or the refusal.
fn join(
    address: SocketAddr,
    room: RoomChoice<'_>,
    ticket: Option<&str>,
) -> Result<String, JoinError> {
    let mut peer = connect(address);
    peer.send(&ClientMessage::Hello(Hello { ticket: ticket.map(Ticket), ..hello(room) }));
    let bytes = peer.receive().expect("an answer");
    match ServerMessage::decode(&bytes).expect("a message") {
        ServerMessage::Welcome(welcome) => Ok(welcome.room.to_owned()),
        ServerMessage::Refused(refusal) => Err(refusal),
        other => panic!("neither welcome nor refusal: {other:?}"),
    }
}

#[test]
fn a_ticket_admits_to_its_room_and_guests_are_refused_without_one() {
    let server = server_with_a_key(Guests::Refuse);
    let join = |room, ticket| join(server.address(), room, ticket);
    let for_final = ticket(60, r#","room":"final""#);
    assert_eq!(join(RoomChoice::Any, Some(&for_final)).as_deref(), Ok("final"));
    let elsewhere = join(RoomChoice::Named("other"), Some(&for_final));
    assert_eq!(elsewhere, Err(JoinError::TicketInvalid));
    assert_eq!(join(RoomChoice::Any, None), Err(JoinError::TicketRequired));
    assert_eq!(join(RoomChoice::Any, Some(&ticket(-60, ""))), Err(JoinError::TicketExpired));
    let status = get(server.admin_address(), "/api/status");
    assert!(status.contains("\"tickets_refused\":3"), "{status}");
}

/// A writer that keeps the whole log.
#[derive(Clone, Default)]
struct CapturedLog(Arc<Mutex<Vec<u8>>>);

impl Write for CapturedLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no writer panics").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn no_ticket_and_no_key_is_ever_logged_or_sent() {
    let log = CapturedLog::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .init();
    let server = server_with_a_key(Guests::Allow);
    let (good, expired) = (ticket(60, r#","room":"final""#), ticket(-60, ""));
    let forged = format!("{}AAAA", &good[..good.len() - 4]);
    let mut responses = String::new();
    for ticket in [&good, &expired, &forged, &good] {
        let answer = join(server.address(), RoomChoice::Named("final"), Some(ticket));
        responses += &format!("{answer:?}");
    }
    responses += &get(server.admin_address(), "/api/status");
    server.stop();
    let log = String::from_utf8(log.0.lock().expect("no writer panics").clone()).expect("text");
    assert!(log.contains("identity=\"never-shown-user\""), "it is logged who joins: {log}");
    for reason in ["it has expired", "its signature does not verify"] {
        let mut lines = log.lines().filter(|line| line.contains("a ticket was refused"));
        let line = lines.find(|line| line.contains(reason)).expect("the reason is logged");
        assert!(line.contains(" INFO "), "{line}");
    }
    for secret in [&good, &expired, &forged].into_iter().flat_map(|token| token.split('.').skip(1))
    {
        assert!(
            !log.contains(secret) && !responses.contains(secret),
            "a part of a ticket is shown"
        );
    }
    assert!(!log.contains(SECRET) && !responses.contains(SECRET), "the key is shown");
}

#[test]
fn a_changed_ticket_key_is_used_after_a_reload_and_a_broken_one_is_not() {
    let folder = std::env::temp_dir().join(format!("tickwire-keys-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let file = folder.join("ticket.key");
    let other_key = SECRET.replace("never", "not-yet");
    std::fs::write(&file, &other_key).expect("it can be written");
    let tickets = TicketConfig {
        ticket_key: Some(file.clone()),
        guests: Guests::Refuse,
        ..TicketConfig::default()
    };
    let server = start(Config { tickets, ..Config::default() });
    let join = || join(server.address(), RoomChoice::Named("final"), Some(&ticket(60, "")));
    assert_eq!(join(), Err(JoinError::TicketInvalid));
    std::fs::write(&file, SECRET).expect("it can be written");
    assert_eq!(join(), Err(JoinError::TicketInvalid), "it is read when that is asked for");
    server.reload();
    // It is read on another thread.
    let until = |expected: Result<&str, JoinError>| {
        let asked = Instant::now();
        loop {
            let joined = join();
            if joined.as_deref().map_err(Clone::clone) == expected {
                return;
            }
            assert!(asked.elapsed() < PATIENCE, "not {expected:?}: {joined:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    until(Ok("final"));
    for invalid in ["short", "", "short too"] {
        std::fs::write(&file, invalid).expect("it can be written");
        server.reload();
        assert_eq!(join().as_deref(), Ok("final"), "the last valid key stays in use");
    }
    std::fs::write(&file, &other_key).expect("it can be written");
    server.reload();
    until(Err(JoinError::TicketInvalid));
    std::fs::remove_dir_all(&folder).expect("it is there");
}
