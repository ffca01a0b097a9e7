//! One connection that plays or watches in a room, as a state machine: bytes and the time go
//! in, messages and the reason of its end come out.
//!
//! Owned by whoever drives the socket: the shard, or a test on virtual time. It begins when the
//! hello has been taken; it never touches the socket, never reads a clock, and never keeps the
//! room: that is handed to it. When it ends, its driver says [`Room::leave`].

use std::collections::VecDeque;
use std::time::Duration;

use shared::game::Game;
use shared::ids::{PlayerId, SessionId};
use shared::limits::{
    CLIENT_MESSAGE_MAX_BYTES, MESSAGES_PER_SECOND_MAX, MESSAGES_PER_TICK_MAX, NOTICE_MAX_BYTES,
    NOTICES_PENDING_MAX, PONGS_PENDING_MAX, SILENCE_MAX, SNAPSHOT_WINDOW,
    SNAPSHOT_WINDOW_MIN_TICKS,
};
use shared::protocol::{ClientMessage, End, MessageError, Notice, Ping, ServerMessage};
use shared::tick::{Tick, TickRate};

use crate::room::{Room, Viewer};

/// What has happened on a connection since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionCounters {
    /// Messages that came, of any kind, good or bad.
    pub messages_in: u64,
    /// Bytes of these.
    pub bytes_in: u64,
    /// Messages given out.
    pub messages_out: u64,
    /// Bytes of these.
    pub bytes_out: u64,
    /// Inputs handed to the room.
    pub inputs: u64,
    /// Inputs that came from a spectator.
    pub inputs_ignored: u64,
    /// Snapshots given out.
    pub snapshots: u64,
    /// Times that the newest scene was kept from the client, since it was behind.
    pub snapshots_held_back: u64,
    /// Pings that were not answered, newer ones having come.
    pub pongs_dropped: u64,
    /// Notices that were not given out, newer ones having come.
    pub notices_dropped: u64,
}

/// One connection that plays or watches.
#[derive(Debug)]
pub struct Connection {
    session: SessionId,
    player: Option<PlayerId>,
    viewer: Viewer,
    welcomed: bool,
    pongs: VecDeque<Ping>,
    notices: VecDeque<String>,
    heard: Duration,
    seen: Option<Tick>,
    seen_at: Duration,
    first_told: Option<Tick>,
    /// Whether the newest scene was kept from it because it has not seen enough of the others.
    held_back: bool,
    budget: Budget,
    counters: ConnectionCounters,
}

impl Connection {
    /// A connection whose hello has been taken. `player` has joined the room already; `None`
    /// watches. The welcome is the first that it has to say.
    #[must_use]
    pub fn new<G: Game>(
        room: &Room<G>,
        session: SessionId,
        player: Option<PlayerId>,
        now: Duration,
    ) -> Connection {
        Connection {
            session,
            player,
            viewer: room.viewer(player),
            welcomed: false,
            pongs: VecDeque::new(),
            notices: VecDeque::new(),
            heard: now,
            seen: None,
            seen_at: now,
            first_told: None,
            held_back: false,
            budget: Budget::new(room.tick_rate(), now),
            counters: ConnectionCounters::default(),
        }
    }

    /// Who it is in the room; `None` for a spectator.
    #[must_use]
    pub fn player(&self) -> Option<PlayerId> {
        self.player
    }

    /// Who it is to the server.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// What its client has been told.
    #[must_use]
    pub fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// Tick of the last snapshot that the client says it has decoded.
    #[must_use]
    pub fn seen(&self) -> Option<Tick> {
        self.seen
    }

    /// What has happened since it began.
    #[must_use]
    pub fn counters(&self) -> &ConnectionCounters {
        &self.counters
    }

    /// Takes one whole binary message.
    ///
    /// # Errors
    /// Why the connection ends, if it does.
    pub fn receive<G: Game>(
        &mut self,
        room: &mut Room<G>,
        now: Duration,
        bytes: &[u8],
    ) -> Result<(), End> {
        self.heard = self.heard.max(now);
        self.counters.messages_in += 1;
        self.counters.bytes_in += bytes.len() as u64;
        if !self.budget.take(now) {
            return Err(End::TooMuch);
        }
        if bytes.len() > CLIENT_MESSAGE_MAX_BYTES {
            return Err(End::TooBig);
        }
        let message = ClientMessage::decode(bytes).map_err(|error| match error {
            MessageError::TooBig { .. } => End::TooBig,
            _ => End::Protocol,
        })?;
        match message {
            ClientMessage::Hello(_) => return Err(End::Protocol),
            ClientMessage::Goodbye => return Err(End::Left),
            ClientMessage::Ack(ack) => self.has_seen(now, ack.seen),
            ClientMessage::Ping(ping) => {
                self.counters.pongs_dropped += push(&mut self.pongs, ping, PONGS_PENDING_MAX);
            }
            ClientMessage::Input(input) => {
                self.has_seen(now, input.seen);
                match self.player {
                    Some(player) => {
                        // Good or bad, the room counts it, and the margin tells the client.
                        room.input(player, &input);
                        self.counters.inputs += 1;
                    }
                    None => self.counters.inputs_ignored += 1,
                }
            }
        }
        Ok(())
    }

    /// Has something told to the people at the client. What is too long is cut.
    pub fn notify(&mut self, text: &str) {
        // Around the text stand its kind and its length.
        let mut end = text.len().min(NOTICE_MAX_BYTES - 16);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let text = text[..end].to_owned();
        self.counters.notices_dropped += push(&mut self.notices, text, NOTICES_PENDING_MAX);
    }

    /// Adds the next message that is to be said to the end of `out`: the welcome, answers to
    /// pings, the roster, notices, and last the newest scene. `false` when there is none.
    ///
    /// To be called only when the socket takes it: what is given out must reach the client or
    /// the connection must end.
    pub fn next_message<G: Game>(&mut self, room: &mut Room<G>, out: &mut Vec<u8>) -> bool {
        let before = out.len();
        // The roster goes before the snapshot: whoever is in that has a name by then.
        let said = self.say_welcome(room, out)
            || self.say_pong(out)
            || room.write_roster(&mut self.viewer, out)
            || self.say_notice(out)
            || self.say_snapshot(room, out);
        self.counters.messages_out += u64::from(said);
        self.counters.bytes_out += (out.len() - before) as u64;
        said
    }

    fn say_welcome<G: Game>(&mut self, room: &Room<G>, out: &mut Vec<u8>) -> bool {
        if self.welcomed {
            return false;
        }
        room.welcome(self.session, self.player, out);
        self.welcomed = true;
        true
    }

    fn say_pong(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(ping) = self.pongs.pop_front() else { return false };
        ServerMessage::Pong(ping).encode(out);
        true
    }

    fn say_notice(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(text) = self.notices.pop_front() else { return false };
        ServerMessage::Notice(Notice { text: &text }).encode(out);
        true
    }

    fn say_snapshot<G: Game>(&mut self, room: &mut Room<G>, out: &mut Vec<u8>) -> bool {
        self.held_back = self.is_behind(room);
        self.counters.snapshots_held_back += u64::from(self.held_back);
        if self.held_back || !room.write_snapshot(&mut self.viewer, out) {
            return false;
        }
        self.first_told = self.first_told.or(self.viewer.mirror().tick());
        self.counters.snapshots += 1;
        true
    }

    /// Whether as many snapshots as may be are on their way, or lie unread at the client. More
    /// would only make what it sees older: it gets fewer until it has caught up.
    fn is_behind<G: Game>(&self, room: &Room<G>) -> bool {
        let window = room.tick_rate().ticks_in(SNAPSHOT_WINDOW.as_secs_f32());
        let window = i64::from(window.max(SNAPSHOT_WINDOW_MIN_TICKS));
        match (self.viewer.mirror().tick(), self.seen.or(self.first_told)) {
            (Some(told), Some(seen)) => told.since(seen) >= window,
            _ => false,
        }
    }

    /// Why the connection is to end because of what did not come.
    #[must_use]
    pub fn overdue(&self, now: Duration) -> Option<End> {
        if now.saturating_sub(self.heard) > SILENCE_MAX {
            Some(End::Silent)
        } else if self.held_back && now.saturating_sub(self.seen_at) > SILENCE_MAX {
            Some(End::TooSlow)
        } else {
            None
        }
    }

    /// The server stood still, and what came meanwhile comes all at once: that is no flood.
    pub fn forgive_stall(&mut self) {
        self.budget.refill();
    }

    /// A client cannot have seen what was not written, nor unsee anything.
    fn has_seen(&mut self, now: Duration, tick: Tick) {
        if Some(tick) <= self.viewer.mirror().tick() && Some(tick) > self.seen {
            self.seen = Some(tick);
            self.seen_at = self.seen_at.max(now);
        }
    }
}

/// Adds to the end of a queue of at most `max`; gives how many older ones had to go.
fn push<T>(queue: &mut VecDeque<T>, item: T, max: usize) -> u64 {
    queue.push_back(item);
    let dropped = queue.len().saturating_sub(max);
    queue.drain(..dropped);
    dropped as u64
}

/// How many messages a client may still send. It fills up with time, to what a client may have
/// sent during the longest silence that is forgiven.
#[derive(Debug)]
struct Budget {
    per_second: u32,
    /// In messages times nanoseconds per second, so that no fraction is lost.
    left: u128,
    filled: Duration,
}

impl Budget {
    fn new(tick_rate: TickRate, now: Duration) -> Budget {
        let per_second =
            MESSAGES_PER_TICK_MAX * u32::from(tick_rate.hz()) + MESSAGES_PER_SECOND_MAX;
        let mut budget = Budget { per_second, left: 0, filled: now };
        budget.refill();
        budget
    }

    fn refill(&mut self) {
        self.left = SILENCE_MAX.as_nanos() * u128::from(self.per_second);
    }

    /// Takes one message off; `false` when there is none left.
    fn take(&mut self, now: Duration) -> bool {
        const MESSAGE: u128 = Duration::from_secs(1).as_nanos();
        let rate = u128::from(self.per_second);
        let passed = now.saturating_sub(self.filled).as_nanos();
        self.filled = self.filled.max(now);
        self.left = (self.left + passed * rate).min(SILENCE_MAX.as_nanos() * rate);
        let enough = self.left >= MESSAGE;
        if enough {
            self.left -= MESSAGE;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shared::game::Setup;
    use shared::limits::HELLO_MAX_BYTES;
    use shared::protocol::{Ack, Hello, Input, PROTOCOL_VERSION, Role, RoomWish};

    use super::*;
    use crate::room::RoomSettings;
    use crate::room::dots::{Dots, Push};

    const START: Duration = Duration::from_secs(1_000);

    fn room() -> Room<Dots> {
        let setup = Setup { players_max: 4, ..Setup::default() };
        let settings = RoomSettings { name: "meadow".to_owned(), setup, fill: 2 };
        Room::new(settings).expect("these settings are good")
    }

    fn player(room: &mut Room<Dots>) -> Connection {
        let player = room.join("Ada").expect("there is space");
        Connection::new(room, SessionId(1), Some(player), START)
    }

    fn spectator(room: &Room<Dots>) -> Connection {
        Connection::new(room, SessionId(2), None, START)
    }

    fn bytes(message: &ClientMessage<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        bytes
    }

    fn say(
        connection: &mut Connection,
        room: &mut Room<Dots>,
        message: &ClientMessage<'_>,
    ) -> Result<(), End> {
        connection.receive(room, START, &bytes(message))
    }

    /// The first letters of the kinds of all that is to be said now.
    fn hear(connection: &mut Connection, room: &mut Room<Dots>) -> String {
        let mut heard = String::new();
        let mut out = Vec::new();
        while connection.next_message(room, &mut out) {
            heard.push(match ServerMessage::decode(&out).expect("what is said is a message") {
                ServerMessage::Welcome(_) => 'w',
                ServerMessage::Roster(_) => 'r',
                ServerMessage::Snapshot(_) => 's',
                ServerMessage::Pong(_) => 'p',
                ServerMessage::Notice(_) => 'n',
                other => panic!("{other:?} is not a connection's to say"),
            });
            out.clear();
        }
        heard
    }

    #[test]
    fn things_are_said_in_their_order_and_once() {
        let mut room = room();
        let mut connection = player(&mut room);
        connection.notify("hello");
        say(&mut connection, &mut room, &ClientMessage::Ping(Ping { number: 1 })).expect("a ping");
        assert_eq!(hear(&mut connection, &mut room), "wprn");
        room.step();
        assert_eq!(hear(&mut connection, &mut room), "rs"); // A bot came.
        assert_eq!(hear(&mut connection, &mut room), "");
        room.step();
        assert_eq!(hear(&mut connection, &mut room), "s");
        // Answered although the room stands still.
        say(&mut connection, &mut room, &ClientMessage::Ping(Ping { number: 2 })).expect("a ping");
        assert_eq!(hear(&mut connection, &mut room), "p");
        let mut watching = spectator(&room);
        assert_eq!(hear(&mut watching, &mut room), "wrs");
    }

    #[test]
    fn what_waits_for_a_client_is_bounded() {
        let mut room = room();
        let mut connection = spectator(&room);
        assert_eq!(hear(&mut connection, &mut room), "wrs");
        for number in 0..10 {
            say(&mut connection, &mut room, &ClientMessage::Ping(Ping { number })).expect("a ping");
            connection.notify(&"ß".repeat(NOTICE_MAX_BYTES));
        }
        let mut out = Vec::new();
        assert!(connection.next_message(&mut room, &mut out));
        let oldest = ServerMessage::Pong(Ping { number: 10 - PONGS_PENDING_MAX as u32 });
        assert_eq!(ServerMessage::decode(&out), Ok(oldest));
        assert_eq!(hear(&mut connection, &mut room), "pppnnnn");
        assert_eq!(
            (connection.counters().pongs_dropped, connection.counters().notices_dropped),
            (6, 6)
        );
    }

    #[test]
    fn a_client_ends_its_connection_by_what_it_may_not_say() {
        let mut room = room();
        let hello = Hello {
            protocol: PROTOCOL_VERSION,
            game: "dots",
            rules: 1,
            role: Role::Player,
            name: "Ada",
            room: RoomWish::Any,
        };
        let hello = bytes(&ClientMessage::Hello(hello));
        let mut end = |bytes: &[u8]| spectator(&room).receive(&mut room, START, bytes);
        assert_eq!(end(&hello), Err(End::Protocol));
        assert_eq!(end(&bytes(&ClientMessage::Goodbye)), Err(End::Left));
        assert_eq!(end(&[]), Err(End::Protocol));
        assert_eq!(end(&[0x84, 1, 2]), Err(End::Protocol));
        assert_eq!(end(&[0xFF; CLIENT_MESSAGE_MAX_BYTES + 1]), Err(End::TooBig));
        assert_eq!(end(&[0x02; HELLO_MAX_BYTES]), Err(End::TooBig));
        assert_eq!(end(&bytes(&ClientMessage::Ping(Ping { number: 1 }))), Ok(()));
    }

    #[test]
    fn a_players_inputs_reach_the_room_and_a_spectators_do_not() {
        let mut room = room();
        let (mut playing, mut watching) = (player(&mut room), spectator(&room));
        let push = Push { x: 1, y: 0, pop: false }.bytes();
        let input = Input { tick: Tick(1), seen: Tick(0), input: &push };
        say(&mut playing, &mut room, &ClientMessage::Input(input)).expect("an input");
        say(&mut watching, &mut room, &ClientMessage::Input(input)).expect("it is ignored");
        assert_eq!((playing.counters().inputs, watching.counters().inputs_ignored), (1, 1));
        assert_eq!((room.counters().inputs_taken, room.counters().inputs_replaced), (1, 0));
    }

    #[test]
    fn a_client_is_believed_to_have_seen_only_what_it_was_sent() {
        let mut room = room();
        let mut connection = spectator(&room);
        let ack = |tick| ClientMessage::Ack(Ack { seen: Tick(tick) });
        say(&mut connection, &mut room, &ack(0)).expect("an ack");
        assert_eq!(connection.seen(), None);
        (0..5).for_each(|_| room.step());
        hear(&mut connection, &mut room);
        for (said, seen) in [
            (6, None),
            (3, Some(Tick(3))),
            (u32::MAX, Some(Tick(3))),
            (5, Some(Tick(5))),
            (4, Some(Tick(5))),
        ] {
            say(&mut connection, &mut room, &ack(said)).expect("an ack");
            assert_eq!(connection.seen(), seen);
        }
    }

    #[test]
    fn a_silent_client_is_overdue_but_one_that_was_stopped_for_a_while_is_not() {
        let mut room = room();
        let mut connection = spectator(&room);
        let stopped = START + SILENCE_MAX;
        assert_eq!(connection.overdue(stopped), None);
        assert_eq!(connection.overdue(stopped + Duration::from_nanos(1)), Some(End::Silent));
        let ping = bytes(&ClientMessage::Ping(Ping { number: 1 }));
        connection.receive(&mut room, stopped, &ping).expect("a ping");
        assert_eq!(connection.overdue(stopped + SILENCE_MAX), None);
        assert_eq!(connection.overdue(START - Duration::from_secs(1)), None);
    }

    #[test]
    fn what_was_held_up_on_the_way_is_no_flood_but_a_flood_is() {
        let mut room = room();
        let mut connection = player(&mut room);
        let ping = bytes(&ClientMessage::Ping(Ping { number: 1 }));
        let held_up = SILENCE_MAX.as_secs() * 30;
        for _ in 0..held_up {
            connection.receive(&mut room, START, &ping).expect("it was only held up");
        }
        // And it goes on at its pace.
        for at in 0..held_up {
            let now = START + room.tick_rate().period() * at as u32;
            connection.receive(&mut room, now, &ping).expect("it is what a client may send");
        }
        let ends = (0..10_000).find_map(|_| connection.receive(&mut room, START, &ping).err());
        assert_eq!(ends, Some(End::TooMuch));
    }

    #[test]
    fn what_came_while_the_server_stood_still_is_no_flood() {
        let mut room = room();
        let mut connection = player(&mut room);
        let ping = bytes(&ClientMessage::Ping(Ping { number: 1 }));
        // An hour of it. Time has stood still for the room, so none of it has passed.
        for tick in 0..3_600 * 30 {
            if tick % 1_000 == 0 {
                connection.forgive_stall();
            }
            connection.receive(&mut room, START, &ping).expect("it is what a client may send");
        }
    }

    #[test]
    fn a_client_that_acknowledges_nothing_is_sent_a_windows_worth_and_ends_as_too_slow() {
        let mut room = room();
        let (mut deaf, mut well) = (spectator(&room), spectator(&room));
        let ping = bytes(&ClientMessage::Ping(Ping { number: 1 }));
        let hz = u64::from(room.tick_rate().hz());
        let mut now = START;
        while now <= START + SILENCE_MAX {
            room.step();
            now += room.tick_rate().period();
            for connection in [&mut deaf, &mut well] {
                connection.receive(&mut room, now, &ping).expect("a ping");
                hear(connection, &mut room);
            }
            let ack = Ack { seen: room.tick() };
            say(&mut well, &mut room, &ClientMessage::Ack(ack)).expect("an ack");
        }
        // The first, and a second's worth from there.
        assert_eq!(deaf.counters().snapshots, hz + 1);
        assert!(deaf.counters().snapshots_held_back > 10 * hz);
        assert_eq!(deaf.overdue(now + room.tick_rate().period()), Some(End::TooSlow));
        assert_eq!(well.counters().snapshots_held_back, 0);
        assert_eq!(well.overdue(now), None);
        say(&mut deaf, &mut room, &ClientMessage::Ack(Ack { seen: Tick(30) })).expect("ack");
        hear(&mut deaf, &mut room);
        assert_eq!(deaf.counters().snapshots, hz + 2, "it goes on from where it is");
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken_or_end_the_connection(
            messages in prop::collection::vec((0..8_u8, prop::collection::vec(any::<u8>(), 0..50)), 0..50),
            plays in any::<bool>(),
        ) {
            let mut room = room();
            let mut connection = if plays { player(&mut room) } else { spectator(&room) };
            for (kind, mut body) in messages {
                // Most often with a kind that exists, so that bodies are looked at.
                if kind > 0 {
                    body.insert(0, kind);
                }
                let _ = connection.receive(&mut room, START, &body);
                room.step();
                hear(&mut connection, &mut room);
            }
        }
    }
}
