//! Whatever is late, lost or overtaken while clients come, are cut and come back, and while shards are taken
//! over by others: the lobby counts those who are there, nobody is in two places, and who knows a token
//! gets its session back. Each seed is a story of its own; `SEED=n` tells that one alone.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::catch_unwind;

use tickwire_game::dice::Dice;
use tickwire_game::ids::{PlayerId, Subject};
use tickwire_game::protocol::{ClientMessage, Ping, ServerMessage};
use tracing::Span;

use super::*;
use crate::drain::Drain;
use crate::limits::{JOIN_WAIT_MAX, RESTORED_GRACE_MIN};
use crate::mailbox::PendingJoin;
use crate::transport::in_memory::{Peer, pair};
use shell::Shell;

mod books;
mod shell;

const SEEDS: u64 = 1_500;
const ACTS: u32 = 200;
const CLIENTS: usize = 7;
const SHARDS: usize = 2;
const ROOMS_MAX: usize = 5;
const PLAYERS_MAX: u16 = 4;
const GRACE: Duration = Duration::from_secs(4);
const EMPTY_MAX: Duration = Duration::from_secs(2);
/// Slow, so that there is little to reckon.
const TICK_RATE: TickRate = match TickRate::new(5) {
    Some(rate) => rate,
    None => panic!("rooms can be so slow"),
};

/// A person, with as many tabs.
struct Client {
    subject: Option<Subject>,
    opener: Option<PeerKey>,
    role: Role,
    known: Option<Known>,
    tabs: Vec<Tab>,
}

/// What a client knows of its session.
#[derive(Clone, Copy)]
struct Known {
    token: ResumeToken,
    room: RoomKey,
    /// When it surely had a connection.
    connected_at: Duration,
}

/// A connection, from its hello on.
struct Tab {
    key: PeerKey,
    peer: Peer,
    session: SessionId,
    room: RoomKey,
    resumptions: u32,
    is_welcome: bool,
}

/// All who play and watch, before a server.
struct Story {
    shell: Shell,
    clients: Vec<Client>,
    connections: u64,
    /// Connections that their clients have given up, though they stand.
    forgotten: Vec<Peer>,
    /// Whose player a session was.
    players: BTreeMap<SessionId, Option<PlayerId>>,
    tokens: Vec<(ResumeToken, Role)>,
}

impl Client {
    /// Nobody is to refuse it its session at this moment.
    fn expects(&self, shell: &Shell) -> Option<Known> {
        self.known.filter(|known| {
            let has_ended = shell.ended.contains(&known.token.session());
            let in_time = shell.now < known.connected_at + GRACE;
            in_time && !has_ended && !shell.ended_rooms.contains(&known.room)
        })
    }

    /// Reads what has come, and answers.
    fn look(&mut self, shell: &mut Shell, players: &mut BTreeMap<SessionId, Option<PlayerId>>) {
        self.tabs.retain(|tab| !shell.broken.contains(&tab.key));
        for mut tab in std::mem::take(&mut self.tabs) {
            let closed = tab.peer.closed();
            for bytes in tab.peer.take() {
                match ServerMessage::decode(&bytes).expect("a message") {
                    ServerMessage::Welcome(welcome) if closed.is_none() => {
                        assert_eq!(welcome.session, tab.session);
                        let player = *players.entry(tab.session).or_insert(welcome.player);
                        assert_eq!(player, welcome.player, "it is who it was");
                        let (token, room) = (welcome.resume, tab.room);
                        let connected_at = shell.now;
                        self.known = Some(Known { token, room, connected_at });
                        tab.is_welcome = true;
                    }
                    ServerMessage::Refused(JoinError::NotResumable) => {
                        let known = self.expects(shell).map(|known| known.token.session());
                        assert_ne!(known, Some(tab.session), "it is refused its session");
                    }
                    _ => {}
                }
            }
            if closed.is_some() {
                continue;
            }
            if tab.is_welcome {
                tab.peer.say([said(&ClientMessage::Ping(Ping { number: 1 }))]);
                let known = self.known.as_mut().filter(|it| it.token.session() == tab.session);
                known.into_iter().for_each(|known| known.connected_at = shell.now);
            }
            self.tabs.push(tab);
        }
    }
}

impl Story {
    fn new(seed: u64) -> Story {
        let client = |number: u64| Client {
            subject: number.is_multiple_of(3).then_some(Subject(number)),
            opener: number.is_multiple_of(2).then_some(PeerKey(1)),
            role: Role::Player,
            known: None,
            tabs: Vec::new(),
        };
        Story {
            shell: Shell::new(seed),
            clients: (0..CLIENTS as u64).map(client).collect(),
            connections: 0,
            forgotten: Vec::new(),
            players: BTreeMap::new(),
            tokens: Vec::new(),
        }
    }

    fn act(&mut self) {
        let (lot, shard) = (self.shell.below(100), self.shell.below(SHARDS));
        let client = self.shell.below(CLIENTS);
        let shell = &mut self.shell;
        match lot {
            0..24 => self.come(client),
            24..29 => self.clients[client].tabs.clear(),
            29..32 => self.forget(client),
            32 => self.forgotten.clear(),
            33..35 => self.leave(client),
            35..47 => shell.hand_over(),
            47..49 => shell.lose(),
            49..55 => {
                let is_made = shell.dice.chance(0.95);
                shell.build(is_made);
            }
            55..65 => {
                for _ in 0..=shell.below(4) {
                    shell.read_mail(shard);
                }
            }
            65..77 => {
                let ms = shell.below(600) as u64;
                shell.wait(Duration::from_millis(ms));
            }
            77..83 => shell.copy(shard),
            83..91 => {
                for _ in 0..=shell.below(4) {
                    shell.deliver();
                }
            }
            91 | 92 => {
                let ends = shell.dice.chance(0.4);
                shell.give_up(shard, ends);
            }
            93 => shell.end_old_thread(),
            94 if shell.dice.chance(0.5) => shell.break_room(shard),
            94..97 => shell.retire(),
            97 if shell.dice.chance(0.03) => self.drain(),
            97..100 => self.settle(),
            _ => unreachable!("the lot is below 100"),
        }
        self.look();
        self.check_places();
    }

    /// A client comes: back, by what it knows, or as somebody new.
    fn come(&mut self, client: usize) {
        let way = self.shell.below(20);
        let one = &self.clients[client];
        let known = one.known;
        match known {
            // Without waiting for what becomes of the last try, or in a second tab.
            Some(_) if !one.tabs.is_empty() && way >= 6 => {}
            Some(known) if way < 15 => self.resume(client, known),
            Some(_) if one.subject.is_some() && way < 17 => self.enter(client, one.role),
            None if !one.tabs.is_empty() => {}
            _ => {
                self.clients[client].tabs.clear();
                self.clients[client].known = None;
                let role = if way.is_multiple_of(3) { Role::Spectator } else { Role::Player };
                self.clients[client].role = role;
                self.enter(client, role);
            }
        }
    }

    fn enter(&mut self, client: usize, role: Role) {
        let room = match self.shell.below(4) {
            0 => RequestedRoom::Any,
            number => RequestedRoom::named(number.to_string()),
        };
        let _ = self.request(client, role, &room, None);
    }

    fn resume(&mut self, client: usize, known: Known) {
        let one = &self.clients[client];
        let (role, expected) = (one.role, one.expects(&self.shell).is_some());
        if self.shell.dice.chance(0.5) && one.tabs.len() == 1 {
            // It has given the last one up.
            self.forget(client);
        }
        // Now and then again and again, since nothing comes of it in time.
        let tries = if self.shell.dice.chance(0.1) { 2 * RESUME_TOKENS_OPEN_MAX } else { 1 };
        for again in 0..tries {
            if again > 0 {
                self.forget(client);
            }
            match self.request(client, role, &RequestedRoom::Any, Some(known.token)) {
                Ok(session) => assert_eq!(session, known.token.session()),
                Err(refusal) => {
                    assert!(!expected, "session {}: {refusal}", known.token.session().0);
                    self.clients[client].known = None;
                }
            }
        }
    }

    /// A player whom its ticket names, and who is away, comes back by it: to this session, or to an earlier
    /// one from which it is away as well.
    fn return_by_ticket(&mut self, client: usize) {
        // The server has noticed that it is away.
        self.forgotten.clear();
        self.settle_all();
        if let Some(known) = self.clients[client].expects(&self.shell) {
            let before = self.tokens.len();
            let back = self.request(client, Role::Player, &RequestedRoom::Any, None);
            let is_known =
                |session| self.tokens[..before].iter().any(|(token, _)| token.session() == session);
            assert!(back.is_ok_and(is_known), "session {}", known.token.session().0);
        }
    }

    fn request(
        &mut self,
        client: usize,
        role: Role,
        room: &RequestedRoom,
        resume: Option<ResumeToken>,
    ) -> Result<SessionId, JoinError> {
        self.connections += 1;
        let key = PeerKey(self.connections);
        let Client { subject, opener, .. } = self.clients[client];
        let ((transport, peer), mut granted) = (pair(), None);
        peer.answer_pings();
        let tokens = &mut self.tokens;
        let connect = |admission: Admission| {
            granted = Some((admission.room(), admission.resumptions));
            tokens.push((admission.token, role));
            let (name, replays, span) = ("Ada".to_owned(), false, Span::none());
            PendingJoin { transport, admission, peer: key, subject, name, replays, span }
        };
        let request = SeatRequest { role, room, opener, subject, resume };
        let session = self.shell.admit(&request, connect)?;
        let (room, resumptions) = granted.expect("it was admitted");
        let tab = Tab { key, peer, session, room, resumptions, is_welcome: false };
        self.clients[client].tabs.push(tab);
        Ok(session)
    }

    /// A client has lost its connections, and the server has not noticed.
    fn forget(&mut self, client: usize) {
        let tabs = std::mem::take(&mut self.clients[client].tabs);
        self.forgotten.extend(tabs.into_iter().map(|tab| tab.peer));
    }

    fn leave(&mut self, client: usize) {
        let one = &mut self.clients[client];
        for tab in one.tabs.drain(..).filter(|tab| tab.is_welcome) {
            tab.peer.say([said(&ClientMessage::Goodbye)]);
            self.shell.ended.insert(tab.session);
            one.known = None;
        }
    }

    fn drain(&mut self) {
        let (lasts, ends_rooms) = (Duration::from_secs(30), self.shell.dice.chance(0.5));
        self.shell.lobby.drain(Drain { lasts, ends_rooms }, self.shell.now);
        self.shell.send_commands();
    }

    fn look(&mut self) {
        for client in &mut self.clients {
            client.look(&mut self.shell, &mut self.players);
        }
    }

    /// Everything arrives: the books are right, and one client comes back if it can.
    fn settle(&mut self) {
        self.settle_all();
        self.check_books();
        let client = self.shell.below(CLIENTS);
        self.check_return(client);
    }

    fn settle_all(&mut self) {
        let (clients, players) = (&mut self.clients, &mut self.players);
        self.shell.settle(&mut |shell| {
            clients.iter_mut().for_each(|client| client.look(shell, players));
        });
    }

    fn check_return(&mut self, client: usize) {
        let Some(known) = self.clients[client].expects(&self.shell) else { return };
        let one = &mut self.clients[client];
        one.tabs.clear();
        if one.subject.is_some() && one.role == Role::Player && self.shell.dice.chance(0.5) {
            self.return_by_ticket(client);
        } else {
            self.resume(client, known);
        }
        self.settle_all();
        let is_expected = self.clients[client].expects(&self.shell).is_some();
        let is_back = self.clients[client].tabs.iter().any(|tab| tab.is_welcome);
        assert!(is_back || !is_expected, "session {} is lost", known.token.session().0);
    }

    /// All who can come back do, and then all go.
    fn end(&mut self) {
        self.settle_all();
        self.check_books();
        for client in 0..CLIENTS {
            self.check_return(client);
        }
        for client in 0..CLIENTS {
            match self.shell.below(3) {
                0 => self.leave(client),
                1 => self.clients[client].tabs.clear(),
                _ => self.forget(client),
            }
        }
        self.clients.iter_mut().for_each(|client| client.tabs.clear());
        self.forgotten.clear();
        self.settle_all();
        // The longest that anybody is waited for.
        self.shell.wait(RESTORED_GRACE_MIN.max(JOIN_WAIT_MAX));
        self.settle_all();
        self.shell.retire();
        self.shell.wait(EMPTY_MAX);
        self.shell.retire();
        self.settle_all();
        self.check_nothing();
        self.shell.end_all_old_threads();
        self.settle_all();
        self.check_nothing();
        self.check_loads();
    }
}

fn said(message: &ClientMessage<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    bytes
}

fn tell(seed: u64) {
    let mut story = Story::new(seed);
    for _ in 0..ACTS {
        story.act();
    }
    story.end();
}

#[test]
fn whatever_is_late_lost_or_taken_over_the_books_are_right_and_nobody_is_locked_out() {
    let only = std::env::var("SEED").ok().and_then(|seed| seed.parse::<u64>().ok());
    for seed in only.map_or(0..SEEDS, |seed| seed..seed + 1) {
        let told = catch_unwind(|| tell(seed));
        assert!(told.is_ok(), "SEED={seed} tells how it came to this");
    }
}
