//! Who gets a session back by which token, and who does not.

use tickwire_game::ids::Subject;

use super::*;
use crate::session_report::{SessionNews, SessionReport};

const NOW: Duration = Duration::ZERO;
const ANY: RequestedRoom = RequestedRoom::Any;

/// A lobby, whose tokens differ from those of a lobby of another number.
fn numbered(number: u128) -> (Lobby<Settings>, mpsc::Receiver<SeatRelease>) {
    let (mut lobby, seats) = lobby_of(4, OpenerLimits::default(), false);
    let mut given = number << 64;
    let secrets: Secrets = Box::new(move || {
        given += 1;
        given.to_le_bytes()
    });
    lobby.sessions = Sessions::new(secrets, lobby.settings.grace, ABSENT_MAX);
    (lobby, seats)
}

fn begin(lobby: &mut Lobby<Settings>, role: Role, room: &str) -> Admission {
    let room = RequestedRoom::named(room);
    lobby.admit(&SeatRequest::guest(role, &room, None), NOW).expect("there is space")
}

fn resume_in(
    lobby: &mut Lobby<Settings>,
    token: ResumeToken,
    role: Role,
    room: &RequestedRoom,
) -> Result<Admission, JoinError> {
    let guest = SeatRequest::guest(role, room, None);
    lobby.admit(&SeatRequest { resume: Some(token), ..guest }, NOW)
}

fn resume(lobby: &mut Lobby<Settings>, token: ResumeToken) -> Result<Admission, JoinError> {
    resume_in(lobby, token, Role::Player, &ANY)
}

/// A shard tells the lobby of an admission's connection.
fn tell(lobby: &mut Lobby<Settings>, admission: &Admission, news: SessionNews) {
    let Admission { session, resumptions, .. } = *admission;
    lobby.hear(SessionReport { session, resumptions, news });
}

#[test]
fn a_session_is_resumed_in_its_room_without_another_seat() {
    let (mut lobby, _seats) = numbered(1);
    let first = begin(&mut lobby, Role::Player, "final");
    let again = resume(&mut lobby, first.token).expect("it is its own");
    assert!(again.resumed && !first.resumed);
    assert_eq!((again.session, again.resumptions), (first.session, 1));
    assert!(matches!(again.grant, Grant::Session(room) if room == first.room()));
    assert_ne!(again.token, first.token);
    assert_eq!(lobby.people(), 1);
    let named = RequestedRoom::named("final");
    assert!(resume_in(&mut lobby, again.token, Role::Player, &named).is_ok());
}

#[test]
fn whatever_is_wrong_with_a_token_the_refusal_is_the_same() {
    let (mut lobby, seats) = numbered(1);
    let mine = begin(&mut lobby, Role::Player, "final");
    let (mut other_server, _) = numbered(2);
    let elsewhere = begin(&mut other_server, Role::Player, "final");
    assert_eq!(elsewhere.session, mine.session, "servers count alike");
    let refused = |admitted: Result<Admission, JoinError>, what: &str| {
        assert_eq!(admitted.err(), Some(JoinError::NotResumable), "{what}");
    };
    refused(resume(&mut lobby, elsewhere.token), "of another server");
    for bit in 0..8 * mine.token.0.len() {
        let mut token = mine.token;
        token.0[bit / 8] ^= 1 << (bit % 8);
        refused(resume(&mut lobby, token), "one bit is wrong");
    }
    let other = RequestedRoom::named("other");
    refused(
        resume_in(&mut lobby, mine.token, Role::Player, &other),
        "for a room that is not there",
    );
    let _there = begin(&mut lobby, Role::Player, "other");
    refused(resume_in(&mut lobby, mine.token, Role::Player, &other), "for another room");
    refused(resume_in(&mut lobby, mine.token, Role::Spectator, &ANY), "in another role");
    let somebody_else = SeatRequest {
        resume: Some(mine.token),
        subject: Some(Subject(7)),
        ..SeatRequest::guest(Role::Player, &ANY, None)
    };
    refused(lobby.admit(&somebody_else, NOW), "with somebody else's ticket");

    let again = resume(&mut lobby, mine.token).expect("none of that did any harm");
    tell(&mut lobby, &again, SessionNews::Heard);
    refused(resume(&mut lobby, mine.token), "superseded");
    drop(mine);
    lobby.leave(seats.try_recv().expect("it has left"), NOW);
    refused(resume(&mut lobby, again.token), "expired");
}

#[test]
fn a_welcome_that_is_lost_locks_nobody_out_however_often() {
    let (mut lobby, _seats) = numbered(1);
    let first = begin(&mut lobby, Role::Player, "final");
    for _ in 0..10 * RESUME_TOKENS_OPEN_MAX {
        resume(&mut lobby, first.token).expect("no other one has arrived");
    }
    let last = resume(&mut lobby, first.token).expect("nor has this");
    tell(&mut lobby, &last, SessionNews::Heard);
    assert!(resume(&mut lobby, first.token).is_err());
    assert!(resume(&mut lobby, last.token).is_ok());
}

#[test]
fn of_two_at_once_by_one_token_either_may_go_on_until_the_newest_is_heard() {
    let (mut lobby, _seats) = numbered(1);
    let first = begin(&mut lobby, Role::Player, "final");
    let one = resume(&mut lobby, first.token).expect("it is good");
    let two = resume(&mut lobby, first.token).expect("nobody was heard");
    // What was said over a connection that is not the newest decides nothing.
    tell(&mut lobby, &one, SessionNews::Heard);
    let three = resume(&mut lobby, one.token).expect("its hello had come first, as it knows");
    tell(&mut lobby, &three, SessionNews::Heard);
    for void in [first.token, one.token, two.token] {
        assert_eq!(resume(&mut lobby, void).err(), Some(JoinError::NotResumable));
    }
}

#[test]
fn a_player_without_a_connection_comes_back_by_its_ticket_and_one_with_a_connection_is_another() {
    let (mut lobby, _seats) = numbered(1);
    let (final_room, other) = (RequestedRoom::named("final"), RequestedRoom::named("other"));
    let come = |lobby: &mut Lobby<Settings>, room: &RequestedRoom, subject| {
        let guest = SeatRequest::guest(Role::Player, room, None);
        lobby.admit(&SeatRequest { subject: Some(Subject(subject)), ..guest }, NOW).expect("space")
    };
    let first = come(&mut lobby, &final_room, 7);
    let second = come(&mut lobby, &final_room, 7);
    assert_ne!(first.session, second.session, "a second tab is a second player");
    tell(&mut lobby, &first, SessionNews::Absent);
    assert_ne!(come(&mut lobby, &final_room, 8).session, first.session, "somebody else");
    assert!(!come(&mut lobby, &other, 7).resumed, "another room");
    let back = come(&mut lobby, &ANY, 7);
    assert_eq!((back.session, back.resumed), (first.session, true));
    // What is said of the connection before is over.
    tell(&mut lobby, &first, SessionNews::Absent);
    assert!(!come(&mut lobby, &final_room, 7).resumed);
    tell(&mut lobby, &back, SessionNews::Absent);
    assert!(resume(&mut lobby, back.token).is_ok_and(|it| it.session == first.session));
}

#[test]
fn a_spectator_comes_back_to_a_seat_if_there_is_one() {
    let (mut lobby, seats) = numbered(1);
    let mut first = begin(&mut lobby, Role::Spectator, "final");
    let Grant::Seat(seat) = &mut first.grant else { panic!("it is new") };
    seat.let_return(true);
    let (session, token, room) = (first.session, first.token, first.room());
    drop(first);
    lobby.leave(seats.try_recv().expect("it has left"), NOW);
    assert_eq!(lobby.people(), 0, "it holds none");
    let back = resume_in(&mut lobby, token, Role::Spectator, &ANY).expect("there is one");
    assert_eq!((back.session, back.room(), back.resumed), (session, room, true));
    assert!(matches!(back.grant, Grant::Seat(_)));
    assert_eq!(lobby.people(), 1);

    // The room stays: somebody else is there.
    let _stays = begin(&mut lobby, Role::Spectator, "final");
    let mut last = back;
    for late in [Duration::ZERO, lobby.settings.grace] {
        let Grant::Seat(seat) = &mut last.grant else { panic!("it has one") };
        seat.let_return(true);
        let token = last.token;
        drop(last);
        lobby.leave(seats.try_recv().expect("it has left"), NOW);
        lobby.retire(late);
        let again = resume_in(&mut lobby, token, Role::Spectator, &ANY);
        match again {
            Ok(again) if late.is_zero() => last = again,
            Err(JoinError::NotResumable) if !late.is_zero() => return,
            other => panic!("after {late:?}: {other:?}"),
        }
    }
}

#[test]
fn a_spectator_comes_back_to_the_seat_that_its_shard_is_about_to_give_back() {
    let (mut lobby, seats) = numbered(1);
    let mut first = begin(&mut lobby, Role::Spectator, "final");
    let back = resume_in(&mut lobby, first.token, Role::Spectator, &ANY).expect("it is its own");
    assert_eq!((back.session, back.resumed), (first.session, true));
    assert!(matches!(back.grant, Grant::Seat(_)), "none that can end meanwhile");
    // The shard notices that the first connection is lost while the second is on the way there.
    let Grant::Seat(seat) = &mut first.grant else { panic!("it is new") };
    seat.let_return(true);
    drop(first);
    lobby.leave(seats.try_recv().expect("it has left"), NOW);
    assert_eq!(lobby.people(), 1);
    lobby.retire(lobby.settings.limits.empty_max);
    let again = resume_in(&mut lobby, back.token, Role::Spectator, &ANY).expect("it is there");
    drop(back);
    drop(again);
    seats.try_iter().for_each(|seat| lobby.leave(seat, NOW));
    assert_eq!(lobby.people(), 0);
}

#[test]
fn a_spectator_that_is_lost_on_its_way_back_may_come_again_and_is_counted_once() {
    let (mut lobby, seats) = numbered(1);
    let mut first = begin(&mut lobby, Role::Spectator, "final");
    let come = |lobby: &mut Lobby<Settings>| resume_in(lobby, first.token, Role::Spectator, &ANY);
    let lost = come(&mut lobby).expect("it is its own");
    drop(lost);
    lobby.leave(seats.try_recv().expect("it did not get there"), NOW);
    assert_eq!(lobby.people(), 1, "its first connection stands");
    let lost = come(&mut lobby).expect("no other token has arrived");
    let token = first.token;
    let Grant::Seat(seat) = &mut first.grant else { panic!("it is new") };
    seat.let_return(true);
    drop(first);
    lobby.leave(seats.try_recv().expect("now that has broken"), NOW);
    assert_eq!(lobby.people(), 1, "another is on the way");
    drop(lost);
    lobby.leave(seats.try_recv().expect("it did not get there either"), NOW);
    assert_eq!(lobby.people(), 0);
    let back = resume_in(&mut lobby, token, Role::Spectator, &ANY);
    assert!(back.is_ok_and(|back| back.resumed && lobby.people() == 1));
}

#[test]
fn spectators_who_left_are_remembered_up_to_a_number() {
    let (mut lobby, seats) = numbered(1);
    let leave = |lobby: &mut Lobby<Settings>| {
        let mut admission = begin(lobby, Role::Spectator, "final");
        let Grant::Seat(seat) = &mut admission.grant else { panic!("it is new") };
        seat.let_return(true);
        let token = admission.token;
        drop(admission);
        lobby.leave(seats.try_recv().expect("it has left"), NOW);
        token
    };
    let first = leave(&mut lobby);
    let second = leave(&mut lobby);
    for _ in 0..UNSEATED_SESSIONS_MAX - 1 {
        leave(&mut lobby);
    }
    assert!(resume_in(&mut lobby, first, Role::Spectator, &ANY).is_err());
    assert!(resume_in(&mut lobby, second, Role::Spectator, &ANY).is_ok());
}

#[test]
fn a_room_that_is_gone_takes_its_sessions_with_it() {
    let (mut lobby, _seats) = numbered(1);
    let first = begin(&mut lobby, Role::Player, "final");
    lobby.room_failed(first.room(), NOW);
    assert_eq!(resume(&mut lobby, first.token).err(), Some(JoinError::NotResumable));
    let _new = begin(&mut lobby, Role::Player, "final");
    assert_eq!(resume(&mut lobby, first.token).err(), Some(JoinError::NotResumable));
}

#[test]
fn a_client_has_so_many_players_without_a_connection_and_those_who_are_away_longest_end() {
    let (mut lobby, _seats) = numbered(1);
    let come = |lobby: &mut Lobby<Settings>, room: &str, client: Option<u64>| {
        let room = RequestedRoom::named(room);
        let client = client.map(PeerKey);
        lobby.admit(&SeatRequest::guest(Role::Player, &room, client), NOW).expect("there is space")
    };
    let expired = |lobby: &mut Lobby<Settings>| -> Vec<_> {
        let commands = lobby.take_commands();
        let expired = commands.filter_map(|(_, command)| match command {
            Command::Expire { room, session } => Some((room, session)),
            _ => None,
        });
        expired.collect()
    };
    let own: Vec<_> =
        (0..ABSENT_MAX + 1).map(|at| come(&mut lobby, &(at / 4).to_string(), Some(7))).collect();
    let others = [come(&mut lobby, "other", Some(8)), come(&mut lobby, "other", None)];
    let (last, first) = own.split_last().expect("there are some");
    for admission in first.iter().chain(&others) {
        tell(&mut lobby, admission, SessionNews::Absent);
        tell(&mut lobby, admission, SessionNews::Absent);
    }
    assert_eq!(expired(&mut lobby), []);
    // One comes back, and is away again: now it is the second that is so for longest.
    let back = resume(&mut lobby, own[0].token).expect("it is its own");
    tell(&mut lobby, &back, SessionNews::Absent);
    tell(&mut lobby, last, SessionNews::Absent);
    assert_eq!(expired(&mut lobby), [(own[1].room(), own[1].session)]);
    // Its room went on elsewhere before it had ended: it ends there, and nobody in its place.
    tell(&mut lobby, &own[1], SessionNews::Absent);
    assert_eq!(expired(&mut lobby), [(own[1].room(), own[1].session)]);
    // Who is back counts no longer, and nor does who has left.
    resume(&mut lobby, last.token).expect("it is its own");
    tell(&mut lobby, &own[2], SessionNews::Absent);
    assert_eq!(expired(&mut lobby), []);
}

#[test]
fn a_player_whose_admission_did_not_reach_its_room_comes_back_by_its_ticket() {
    let (mut lobby, _seats) = numbered(1);
    let guest = SeatRequest::guest(Role::Player, &ANY, None);
    let request = SeatRequest { subject: Some(Subject(7)), ..guest };
    let first = lobby.admit(&request, NOW).expect("there is space");
    assert_eq!(first.lost(), None, "its seat is given back");
    assert!(!lobby.resumes(&request), "it is there");
    tell(&mut lobby, &first, SessionNews::Absent);
    for _ in 0..3 {
        assert!(lobby.resumes(&request));
        let on_its_way = lobby.admit(&request, NOW).expect("it is its own");
        assert!(on_its_way.resumed && !lobby.resumes(&request));
        lobby.hear(on_its_way.lost().expect("nothing else is heard of it"));
    }
    let token = SeatRequest { resume: Some(first.token), ..guest };
    assert!(lobby.resumes(&token));
}

#[test]
fn who_came_back_before_its_room_went_on_elsewhere_is_there_once_it_was_heard() {
    let (mut lobby, _seats) = numbered(1);
    let guest = SeatRequest::guest(Role::Player, &ANY, None);
    let request = SeatRequest { subject: Some(Subject(7)), ..guest };
    let first = lobby.admit(&request, NOW).expect("there is space");
    let back = SeatRequest { resume: Some(first.token), ..request };
    let back = lobby.admit(&back, NOW).expect("it is its own");
    let kept = lobby.recover(0, &[(first.room(), vec![first.session])], None, NOW);
    let [(_, seats)] = &kept[..] else { panic!("its room goes on") };
    // What the room reports as it goes on, and what it reports of the client that had come back.
    assert_eq!(seats[0].resumptions, back.resumptions);
    tell(&mut lobby, &back, SessionNews::Absent);
    tell(&mut lobby, &back, SessionNews::Heard);
    assert!(!lobby.resumes(&request), "a second tab is a second player");
}
