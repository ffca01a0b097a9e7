//! Who stays without a connection, for how long, and what a client that comes back is sent.

use tickwire_game::protocol::Ping;

use super::*;
use crate::limits::{AWAY_GRACE_MAX, GRACE_DEFAULT as GRACE, OUTBOX_NOTICES_MAX};
use crate::session_report::{SessionNews, SessionReport};

impl Stage {
    /// A session is resumed over another connection.
    fn resume(&mut self, session: u64, resumptions: u32) -> Peer {
        let (transport, peer) = pair();
        let pending = PendingJoin {
            transport,
            admission: Admission::again(SessionId(session), RoomKey::default(), resumptions),
            peer: PeerKey(0),
            subject: None,
            name: "Ada".to_owned(),
            replays: false,
            span: Span::none(),
        };
        assert!(self.host.has_resumable(SessionId(session)));
        self.host.resume(pending, self.now, &mut self.effects);
        peer
    }

    /// A spectator comes back, by the seat that the lobby gives it.
    fn sit_again(&mut self, session: u64) -> Peer {
        let (transport, peer) = pair();
        let (id, room) = (SessionId(session), RoomKey::default());
        let seat = Admission::of_nobody(id, room, Role::Spectator);
        let pending = PendingJoin {
            transport,
            admission: Admission { resumptions: 1, resumed: true, ..seat },
            peer: PeerKey(0),
            subject: None,
            name: "Ada".to_owned(),
            replays: false,
            span: Span::none(),
        };
        self.host.seat(pending, None, self.now, &mut self.effects);
        peer
    }

    fn run_for(&mut self, lasts: Duration) {
        let until = self.now + lasts;
        while self.now < until {
            self.run(1);
        }
    }

    /// A player who was heard and whose connection then ended so.
    fn ended(end: DisconnectReason) -> Stage {
        let mut stage = Stage::new();
        let (gone, _stays) = (stage.join(0, Role::Player), stage.join(1, Role::Player));
        gone.say([ping()]);
        stage.run(1);
        stage.host.sessions[0].end(end);
        stage.host.any_ended = true;
        stage.run(1);
        stage
    }

    fn is_there(&self) -> bool {
        self.host.session(SessionId(0)).is_some()
    }
}

fn ping() -> Vec<u8> {
    let mut bytes = Vec::new();
    ClientMessage::Ping(Ping { number: 1 }).encode(&mut bytes);
    bytes
}

/// The kinds of the messages that a peer was sent.
fn kinds(peer: &Peer) -> Vec<&'static str> {
    let sent = peer.take();
    let kind = |bytes: &Vec<u8>| match ServerMessage::decode(bytes).expect("a message") {
        ServerMessage::Welcome(welcome) if welcome.resumed => Some("welcome back"),
        ServerMessage::Welcome(_) => Some("welcome"),
        ServerMessage::Roster(roster) if roster.complete => Some("whole roster"),
        ServerMessage::Roster(_) => Some("roster"),
        ServerMessage::Snapshot(_) => Some("snapshot"),
        ServerMessage::Notice(_) => Some("notice"),
        _ => None,
    };
    sent.iter().filter_map(kind).collect()
}

#[test]
fn a_player_stays_for_the_grace_of_how_its_connection_ended() {
    use DisconnectReason::{Away, Fault, Idle, Left, Lost, Protocol, Silent, TooMuch, TooSlow};
    let margin = Duration::from_millis(100);
    for end in [Lost, Silent, TooSlow, Fault] {
        let mut stage = Stage::ended(end);
        stage.run_for(GRACE - margin);
        assert!(stage.is_there(), "{end}");
        stage.run_for(2 * margin);
        assert!(!stage.is_there(), "{end}");
        assert_eq!(stage.effects.counters.sessions_expired, 1);
        let [seat] = &stage.effects.freed[..] else { panic!("its seat is free") };
        assert_eq!(seat.role(), Role::Player);
    }
    let mut stage = Stage::ended(Away);
    stage.run_for(AWAY_GRACE_MAX - margin);
    assert!(stage.is_there());
    stage.run_for(2 * margin);
    assert!(!stage.is_there());
    for end in [Left, Idle, Protocol, TooMuch] {
        assert!(!Stage::ended(end).is_there(), "{end}");
    }
}

#[test]
fn who_was_never_heard_has_no_token_and_does_not_stay() {
    let mut stage = Stage::new();
    let (lost, _stays) = (stage.join(0, Role::Player), stage.join(1, Role::Player));
    stage.run(1);
    drop(lost);
    stage.run(1);
    assert!(!stage.is_there());
}

#[test]
fn a_client_that_comes_back_begins_a_stream_anew_as_the_same_player() {
    let mut stage = Stage::new();
    let (gone, stays) = (stage.join(0, Role::Player), stage.join(1, Role::Player));
    gone.say([ping()]);
    stage.run(3);
    assert_eq!(kinds(&gone)[..3], ["welcome", "whole roster", "snapshot"]);
    let player = stage.host.sessions[0].player();
    drop(gone);
    stage.run(3);
    let departed = stage.effects.departed.pop().expect("its connection has ended");
    assert!(departed.reservation.is_none(), "the session has its seat");
    // What is to be read reliably waits for it.
    stage.host.sessions[0].notify("while it was away");
    kinds(&stays);
    let back = stage.resume(0, 1);
    stage.run(2);
    assert_eq!(kinds(&back), ["welcome back", "whole roster", "notice", "snapshot", "snapshot"]);
    assert_eq!(kinds(&stays), ["snapshot"; 2], "nobody came and nobody left");
    assert_eq!(stage.host.sessions[0].player(), player);
}

#[test]
fn the_lobby_hears_that_a_player_is_absent_and_once_that_it_was_heard_again() {
    let mut stage = Stage::ended(DisconnectReason::Lost);
    let news = |stage: &mut Stage| std::mem::take(&mut stage.effects.reports);
    let absent = SessionReport { session: SessionId(0), resumptions: 0, news: SessionNews::Absent };
    assert_eq!(news(&mut stage), [absent]);
    let back = stage.resume(0, 1);
    stage.run(3);
    assert_eq!(news(&mut stage), []);
    back.say([ping()]);
    stage.run(3);
    let heard = SessionReport { resumptions: 1, news: SessionNews::Heard, ..absent };
    assert_eq!(news(&mut stage), [heard]);
    back.say([ping()]);
    stage.run(3);
    assert_eq!(news(&mut stage), []);
}

#[test]
fn the_newest_connection_wins_and_the_one_before_is_told() {
    let mut stage = Stage::new();
    let first = stage.join(0, Role::Player);
    first.say([ping()]);
    stage.run(2);
    let second = stage.resume(0, 1);
    assert_eq!(first.closed(), Some(DisconnectReason::Replaced));
    assert_eq!((stage.order(), stage.host.room.people()), (vec![0], 1));
    stage.run(2);
    assert_eq!(second.closed(), None);
    assert_eq!(kinds(&second)[0], "welcome back");
}

#[test]
fn a_spectator_comes_back_whether_its_old_connection_is_there_still_or_not() {
    let mut stage = Stage::new();
    let (first, other) = (stage.join(0, Role::Spectator), stage.join(1, Role::Spectator));
    stage.run(2);
    let second = stage.sit_again(0);
    assert_eq!(first.closed(), Some(DisconnectReason::Replaced));
    assert_eq!(stage.order(), [1, 0]);
    stage.run(2);
    assert_eq!(kinds(&second)[0], "welcome back");
    drop(second);
    stage.run(1);
    assert_eq!(stage.order(), [1]);
    let third = stage.sit_again(0);
    drop(other);
    stage.run(2);
    assert_eq!(stage.order(), [0]);
    let sent = kinds(&third);
    assert_eq!((sent[0], sent[2]), ("welcome back", "snapshot"), "the stream goes on: {sent:?}");
    let counters = stage.effects.counters;
    assert_eq!((counters.sessions, counters.sessions_resumed), (2, 2));
}

#[test]
fn a_room_with_an_absent_player_makes_its_ticks() {
    let mut stage = Stage::new();
    let only = stage.join(0, Role::Player);
    only.say([ping()]);
    stage.run(1);
    drop(only);
    let before = stage.tick();
    stage.run_for(GRACE - Duration::from_millis(500));
    assert!(!stage.host.is_asleep() && stage.tick() > before);
    stage.run_for(Duration::from_secs(1));
    assert!(!stage.is_there());
}

#[test]
fn notices_to_who_is_away_end_nothing() {
    let mut stage = Stage::ended(DisconnectReason::Lost);
    for number in 0..100 {
        stage.host.sessions[0].notify(&number.to_string());
    }
    stage.run(1);
    assert!(stage.is_there());
    let back = stage.resume(0, 1);
    stage.run(1);
    let notices = kinds(&back).into_iter().filter(|kind| *kind == "notice").count();
    assert_eq!(notices, OUTBOX_NOTICES_MAX, "the newest");
}

#[test]
fn a_room_that_was_slowed_goes_on_elsewhere_at_its_full_tick_rate_and_says_so() {
    let mut stage = Stage::new();
    let _player = stage.join(0, Role::Player);
    stage.run(1);
    stage.host.room.set_time_scale(TimeScale::of_permille(500));
    let copy = stage.host.checkpoint();
    let restored = RoomHost::restore(copy, Vec::new(), Duration::ZERO, &mut stage.effects);
    assert_eq!(restored.room.pace().permille, TimeScale::FULL.permille());
    assert_eq!(restored.time_scale(), TimeScale::FULL);
}
