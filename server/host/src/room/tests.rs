//! What a room promises, tried out with a tiny game.

use std::collections::BTreeMap;

use test_games::stones::{Push, Settings, Stone, Stones};
use test_games::tape::Tape;
use tickwire_game::game::{Game, LeaveReason, Setup};
use tickwire_game::ids::{PlayerId, SessionId};
use tickwire_game::limits::{INPUT_AHEAD_MIN_TICKS, SNAPSHOT_ENTITIES_MAX, SNAPSHOT_EVENTS_MAX};
use tickwire_game::protocol::snapshot::{InputSource, NoReplay, SnapshotDecoder};
use tickwire_game::protocol::{Input, JoinError, RosterEntry, ServerMessage, WIRE};
use tickwire_game::tick::{Rewind, Tick};

use super::{
    EncodeScratch, InputVerdict, Published, Room, RoomError, RoomTemplate, RosterVersion, Viewer,
};
use crate::admission::Standing;

mod entities;
mod ids;
mod restore;
mod threads;
mod viewers;

fn template(players_max: u16, fill: u16) -> RoomTemplate<Settings> {
    let stone = |at: i32| Stone {
        x: (at % 12 * 5) as f32 - 30.0,
        y: (at / 12 * 5) as f32 - 30.0,
        audience: [None, None, None, Some(u16::MAX), Some((at % 6) as u16)][at as usize % 5],
    };
    let settings = Settings { stones: (0..144).map(stone).collect(), ..Settings::default() };
    let setup = Setup { settings, seed: 11.into(), players_max, ..Setup::default() };
    RoomTemplate { setup, fill, ..RoomTemplate::default() }
}

fn open(template: RoomTemplate<Settings>) -> Result<Room<Stones>, RoomError> {
    Room::new("meadow".to_owned(), template)
}

fn room(players_max: u16, fill: u16) -> Room<Stones> {
    open(template(players_max, fill)).expect("these settings are good")
}

fn press(room: &mut Room<Stones>, player: PlayerId, tick: u32, push: Push) -> InputVerdict {
    room.input(
        player,
        &Input { tick: Tick(tick), seen: Tick(0), rewind: Rewind::default(), input: &push.bytes() },
    )
}

const RIGHT: Push = Push { x: 16, y: 0, pop: false };

/// A client: it has nothing but what it is sent.
struct Client {
    viewer: Viewer<Stones>,
    player: Option<PlayerId>,
    decoder: SnapshotDecoder,
    roster: BTreeMap<PlayerId, (String, i32, bool)>,
    roster_version: Option<RosterVersion>,
    scratch: EncodeScratch,
}

impl Client {
    fn new(player: Option<PlayerId>) -> Client {
        Client {
            viewer: Viewer::new(player, false),
            player,
            decoder: SnapshotDecoder::new(),
            roster: BTreeMap::new(),
            roster_version: None,
            scratch: EncodeScratch::default(),
        }
    }

    fn read_roster(&mut self, published: &Published<Stones>) -> bool {
        let mut bytes = Vec::new();
        let version = published.write_roster(self.roster_version, &mut self.scratch, &mut bytes);
        let Some(version) = version else { return false };
        self.roster_version = Some(version);
        let message = ServerMessage::decode(&bytes);
        let Ok(ServerMessage::Roster(roster)) = message else { panic!("{message:?}") };
        if roster.complete {
            self.roster.clear();
        }
        for player in roster.gone {
            self.roster.remove(&player);
        }
        for RosterEntry { player, name, score, bot, .. } in roster.entries {
            self.roster.insert(player, (name.to_owned(), score, bot));
        }
        true
    }

    /// Reads the next snapshot if there is one: where the input came from, and the margin.
    fn read_snapshot(
        &mut self,
        published: &Published<Stones>,
    ) -> Option<Option<(InputSource, i32)>> {
        let mut bytes = Vec::new();
        if !self.viewer.write_snapshot(published, &mut self.scratch, &mut bytes) {
            return None;
        }
        let message = ServerMessage::decode(&bytes);
        let Ok(ServerMessage::Snapshot(body)) = message else { panic!("{message:?}") };
        let snapshot = self
            .decoder
            .decode(published.config.codec(), body, &mut NoReplay)
            .expect("what is written decodes");
        assert_eq!(snapshot.tick, published.tick());
        assert_eq!(*self.decoder.mirror(), self.viewer.mirror(published, &self.scratch));
        Some(snapshot.player)
    }
}

#[test]
fn bots_fill_a_room_and_give_way_to_people() {
    let mut room = room(4, 3);
    assert_eq!((room.people(), room.bots()), (0, 0));
    room.step();
    assert_eq!((room.people(), room.bots()), (0, 3));
    let mut spectator = Client::new(None);
    spectator.read_roster(room.published());
    assert!(spectator.roster.values().all(|(_, _, bot)| *bot));
    let people: Vec<PlayerId> =
        (0..4).map(|_| room.join("Ada", None).expect("there is space")).collect();
    // At once, without a tick between.
    assert_eq!((room.people(), room.bots()), (4, 0));
    assert_eq!(people, [3, 4, 5, 6].map(PlayerId), "no bot's number is given out again at once");
    room.step();
    assert_eq!((room.people(), room.bots()), (4, 0));
    spectator.read_roster(room.published());
    assert!(spectator.roster.values().all(|(_, _, bot)| !*bot));
    room.leave(people[0], LeaveReason::Left);
    room.leave(people[1], LeaveReason::Left);
    room.leave(people[1], LeaveReason::Left);
    assert_eq!((room.people(), room.bots()), (2, 0));
    room.step();
    assert_eq!((room.people(), room.bots()), (2, 1));
    let bot = room.state.players.iter().find(|player| player.bot.is_some()).expect("there is one");
    room.leave(bot.id, LeaveReason::Left); // Bots are not anybody's to send away.
    assert_eq!((room.people(), room.bots()), (2, 1));
}

#[test]
fn bots_play() {
    let mut room = room(4, 4);
    for _ in 0..100 {
        room.step();
    }
    let mut spectator = Client::new(None);
    spectator.read_roster(room.published());
    assert!(spectator.roster.values().all(|(_, score, _)| *score > 10), "{:?}", spectator.roster);
    assert_eq!(room.take_counters().ticks_absent, 0);
}

#[test]
fn a_full_room_refuses_people() {
    let mut room = room(2, 9);
    room.step();
    assert_eq!(room.bots(), 2);
    let first = room.join("a", None).expect("there is space");
    room.join("b", None).expect("there is space");
    assert_eq!(room.join("c", None), Err(JoinError::RoomFull));
    assert_eq!(room.take_counters().refused_full, 1);
    room.leave(first, LeaveReason::Left);
    assert!(room.join("c", None).is_ok());
}

#[test]
fn a_bot_that_makes_way_is_removed_and_a_person_leaves() {
    let setup = Setup { players_max: 2, ..Setup::default() };
    let template = RoomTemplate { setup, fill: 2, ..RoomTemplate::default() };
    let mut room = Room::<Tape>::new("meadow".to_owned(), template).expect("it opens");
    room.step();
    let person = room.join("a", None).expect("there is space");
    room.step();
    room.leave(person, LeaveReason::Left);
    let bot = PlayerId(1);
    let departures = [(bot, LeaveReason::Removed), (person, LeaveReason::Left)];
    assert_eq!(room.game().departures, departures);
}

#[test]
fn templates_that_break_a_limit_open_no_room() {
    let refused = |template| open(template).err();
    assert_eq!(refused(template(0, 0)), Some(RoomError::PlayersMax(0)));
    assert_eq!(refused(template(u16::MAX, 0)), Some(RoomError::PlayersMax(u16::MAX)));
    let mut level = template(1, 0);
    level.setup.settings.level_bytes = tickwire_game::limits::WELCOME_MAX_BYTES;
    assert!(matches!(refused(level), Some(RoomError::WelcomeTooBig(_))));
}

#[test]
#[should_panic(expected = "own state of")]
fn too_large_an_own_state_is_the_games_fault() {
    let mut template = template(1, 0);
    template.setup.settings.own_bytes = tickwire_game::limits::OWN_MAX_BYTES;
    let mut room = open(template).expect("these settings are good");
    let player = room.join("a", None).expect("there is space");
    room.step();
    Client::new(Some(player)).read_snapshot(room.published());
}

#[test]
fn a_welcome_says_all_that_a_client_must_know() {
    let mut room = room(4, 0);
    let player = room.join("Ada", None).expect("there is space");
    room.step();
    let mut bytes = Vec::new();
    room.published().write_welcome(&Standing::alone(SessionId(77)), Some(player), &mut bytes);
    let message = ServerMessage::decode(&bytes);
    let Ok(ServerMessage::Welcome(welcome)) = message else { panic!("{message:?}") };
    assert_eq!((welcome.session, welcome.player), (SessionId(77), Some(player)));
    assert_eq!((welcome.room, welcome.tick, welcome.players_max), ("meadow", Tick(1), 4));
    let (schema, _): (tickwire_game::scene::Schema, usize) =
        bincode::decode_from_slice(welcome.schema, WIRE).expect("it is a schema");
    assert!(schema.has_kinds_of(&Stones::schema()));
    // And how an input is encoded, which the game has not said.
    assert_eq!(schema.input, crate::room::input_shape::<<Stones as Game>::Input>());
    assert!(!schema.input.nodes.is_empty());
}

#[test]
fn inputs_that_cannot_be_applied_are_counted_and_change_nothing() {
    let (mut room, mut other) = (room(4, 0), self::room(4, 0));
    let player = room.join("a", None).expect("there is space");
    other.join("a", None).expect("there is space");
    for tick in 1..=3 {
        room.step();
        other.step();
        assert_eq!(press(&mut room, player, tick + 1, RIGHT), InputVerdict::Taken);
        assert_eq!(press(&mut other, player, tick + 1, RIGHT), InputVerdict::Taken);
    }
    let left = Push { x: -16, y: 3, pop: true };
    assert_eq!(press(&mut room, player, 4, left), InputVerdict::Replaced);
    assert_eq!(press(&mut room, player, 4, RIGHT), InputVerdict::Replaced, "the last one counts");
    assert_eq!(press(&mut room, player, 3, left), InputVerdict::Late);
    let too_far = 4 + INPUT_AHEAD_MIN_TICKS;
    assert_eq!(press(&mut room, player, too_far, left), InputVerdict::TooFarAhead);
    let noise =
        Input { tick: Tick(5), seen: Tick(0), rewind: Rewind::default(), input: &[1, 1, 2] };
    assert_eq!(room.input(player, &noise), InputVerdict::Malformed);
    assert_eq!(press(&mut room, PlayerId(3), 5, left), InputVerdict::NotPlaying);
    let counters = room.take_counters();
    assert_eq!((counters.inputs_taken, counters.inputs_late), (3, 1));
    assert_eq!((counters.inputs_replaced, counters.inputs_too_far_ahead), (2, 1));
    assert_eq!((counters.inputs_malformed, counters.inputs_not_playing), (1, 1));
    for _ in 0..100 {
        room.step();
        other.step();
        assert_eq!(room.hash(), other.hash());
    }
}

#[test]
fn silence_repeats_the_last_input_and_then_is_absence() {
    let mut room = room(4, 0);
    let player = room.join("a", None).expect("there is space");
    let mut client = Client::new(Some(player));
    press(&mut room, player, 1, RIGHT);
    let mut came_from = Vec::new();
    for _ in 0..18 {
        room.step();
        let (source, margin) = client.read_snapshot(room.published()).flatten().expect("it plays");
        assert_eq!(i64::from(margin), Tick(1).since(room.tick()));
        came_from.push(source);
    }
    assert_eq!(came_from[0], InputSource::Received);
    assert!(came_from[1..=15].iter().all(|source| *source == InputSource::Repeated));
    assert_eq!(came_from[16..], [InputSource::Missing; 2]);
    let counters = room.take_counters();
    assert_eq!((counters.ticks_repeated, counters.ticks_absent), (15, 2));
}

#[test]
fn a_player_is_shown_nothing_from_before_it_came() {
    let mut room = room(4, 0);
    let first = room.join("a", None).expect("there is space");
    room.step();
    room.leave(first, LeaveReason::Left);
    let second = room.join("b", None).expect("there is space");
    let mut client = Client::new(Some(second));
    assert_eq!(client.read_snapshot(room.published()), None);
    room.step();
    assert!(client.read_snapshot(room.published()).is_some());
    assert_eq!(client.read_snapshot(room.published()), None);
    room.leave(second, LeaveReason::Left);
    room.step();
    assert_eq!(client.read_snapshot(room.published()), None);
}

#[test]
fn of_too_many_events_the_newest_are_sent() {
    let mut room = room(300, 0);
    let mut spectator = Client::new(None);
    spectator.read_snapshot(room.published());
    for at in 0..300 {
        let player = room.join("a", None).expect("there is space");
        for tick in 1..=2 {
            let pop = (at < 200) == (tick == 2);
            press(&mut room, player, tick, Push { pop, ..Push::default() });
        }
    }
    room.step();
    room.step();
    spectator.read_snapshot(room.published());
    let sent: Vec<Tick> = spectator.decoder.events().map(|(tick, _)| tick).collect();
    assert_eq!(sent.len(), SNAPSHOT_EVENTS_MAX);
    assert!(sent.is_sorted());
    let newest = sent.iter().filter(|tick| **tick == Tick(2)).count();
    assert_eq!(newest, room.published().scene().events().len());
    assert!(spectator.scratch.counters.events_dropped > 0);
}

#[test]
fn rows_beyond_the_limit_are_dropped_and_counted() {
    let mut template = template(1, 0);
    let stone = Stone { x: 0.0, y: 0.0, audience: None };
    template.setup.settings.stones = vec![stone; SNAPSHOT_ENTITIES_MAX + 9];
    let mut room = open(template).expect("these settings are good");
    let mut spectator = Client::new(None);
    for _ in 0..2 {
        spectator.read_snapshot(room.published());
        assert_eq!(spectator.decoder.mirror().rows().len(), SNAPSHOT_ENTITIES_MAX);
        room.step();
    }
    // The sun is the tenth.
    assert_eq!(spectator.scratch.counters.rows_dropped, 20);
}

#[test]
fn a_room_may_move_between_threads_and_what_it_publishes_be_read_by_many() {
    fn send<T: Send>() {}
    fn sync<T: Sync>() {}
    send::<Room<Stones>>();
    send::<Viewer<Stones>>();
    sync::<Published<Stones>>();
}
