//! A checkpoint: a room restored from the state of another goes on as that one does, to the byte.

use test_games::dots::{Dots, Go};
use tickwire_game::game::{Dice, LeaveReason};
use tickwire_game::ids::SessionId;
use tickwire_game::protocol::JoinError;

use super::*;
use crate::admission::Standing;
use crate::limits::SNAPSHOT_MAX_BYTES_MIN;
use crate::pacer::TimeScale;
use crate::room::broadcast::{Broadcast, Next, Spectator};
use crate::room::recording::Recording;
use crate::room::{RoomCounters, RoomState, StreamSettings};

const SEEDS: u64 = 80;
const TICKS_AFTER: u32 = 50;
const PLAYERS_MAX: u16 = 5;
/// How many streams go on at most, beside those that begin with a tick...
const STREAMS_MAX: usize = 36;
/// ... and how many of them for as long as their players: those that began first.
const STAYING_STREAMS: usize = 12;
const NAME: &str = "meadow";

/// A game of which a test can make inputs up.
trait Playable: Game {
    fn settings() -> Self::Settings;
    fn any_input(dice: &mut Dice) -> Self::Input;
}

impl Playable for Stones {
    fn settings() -> Settings {
        let stone = |at: u16| Stone {
            x: f32::from(at % 6) * 10.0 - 30.0,
            y: f32::from(at / 6) * 10.0 - 20.0,
            audience: [None, Some(u16::MAX), Some(at % 4)][usize::from(at % 3)],
        };
        Settings { stones: (0..24).map(stone).collect(), ..Settings::default() }
    }

    fn any_input(dice: &mut Dice) -> Push {
        let mut any = || dice.below(256) as u8 as i8;
        Push { x: any(), y: any(), pop: any() > 60 }
    }
}

impl Playable for Dots {
    fn settings() {}

    fn any_input(dice: &mut Dice) -> Go {
        let mut any = || dice.below(256) as u8 as i8;
        Go { x: any(), y: any(), blink: any() > 60 }
    }
}

/// What enters a room between two ticks.
enum Act {
    Join,
    Leave(PlayerId),
    Input { player: PlayerId, tick: Tick, seen: Tick, rewind: Rewind, bytes: Vec<u8> },
    TimeScale(TimeScale),
}

/// What became of it.
#[derive(Debug, PartialEq)]
enum Outcome {
    Joined(Result<PlayerId, JoinError>),
    Judged(InputVerdict),
    Done,
}

fn apply<G: Game>(room: &mut Room<G>, act: &Act) -> Outcome {
    match act {
        Act::Join => return Outcome::Joined(room.join("moth", None)),
        Act::Leave(player) => room.leave(*player, LeaveReason::Left),
        Act::TimeScale(scale) => room.set_time_scale(*scale),
        Act::Input { player, tick, seen, rewind, bytes } => {
            let input = Input { tick: *tick, seen: *seen, rewind: *rewind, input: bytes };
            return Outcome::Judged(room.input(*player, &input));
        }
    }
    Outcome::Done
}

/// Acts for the coming tick: people who come, go and press keys, some of them late or too early.
fn any_acts<G: Playable>(room: &Room<G>, dice: &mut Dice) -> Vec<Act> {
    let mut acts = Vec::new();
    if dice.chance(0.15) {
        acts.push(Act::Join);
    }
    if dice.chance(0.05) {
        acts.push(Act::TimeScale(TimeScale::of_permille(250 + dice.below(751) as u16)));
    }
    for (player, _) in people(room) {
        if dice.chance(0.03) {
            acts.push(Act::Leave(player));
            // Another comes in its place at once.
            if dice.chance(0.5) {
                acts.push(Act::Join);
            }
        }
        for _ in 0..dice.below(3) {
            let ahead = match dice.below(50) {
                0 => 200,
                1..5 => 20 + dice.below(44),
                _ => dice.below(9),
            };
            let tick = room.tick().plus(ahead).minus(3);
            let seen = room.tick().minus(dice.below(20));
            let rewind = Rewind(dice.below(200) as u16);
            let mut bytes = bincode::serde::encode_to_vec(G::any_input(dice), WIRE).expect("plain");
            if dice.chance(0.05) {
                bytes.pop();
            }
            acts.push(Act::Input { player, tick, seen, rewind, bytes });
        }
    }
    acts
}

fn act<G: Playable>(room: &mut Room<G>, dice: &mut Dice) {
    for act in any_acts(room, dice) {
        apply(room, &act);
    }
}

/// A person, with the tick at which it came, since its id may have been another's.
type Person = (PlayerId, Tick);

/// People who are in now, in the last scene or not.
fn people<G: Game>(room: &Room<G>) -> Vec<Person> {
    let people = room.state.players.iter().filter(|player| player.bot.is_none());
    people.map(|player| (player.id, player.joined_at)).collect()
}

/// One of two rooms that must be alike, and all that reads what it publishes.
struct Side<G: Game> {
    room: Room<G>,
    scratch: EncodeScratch,
    /// Players' and spectators' streams, which go on from where they began.
    viewers: Vec<(Option<Person>, Viewer<G>)>,
    broadcast: Broadcast,
    spectator: Spectator,
    recording: Recording<G>,
    roster_version: Option<RosterVersion>,
}

/// All that can be seen of a side after a tick.
#[derive(Debug, PartialEq)]
struct Seen {
    tick: Tick,
    hash: u64,
    /// That of which a checkpoint would be made now.
    state: Vec<u8>,
    welcomes: Vec<u8>,
    /// The complete one, and what has changed in it.
    rosters: [Vec<u8>; 2],
    /// Each written for a viewer that knows nothing.
    fresh: Vec<Vec<u8>>,
    /// Those for viewers that go on.
    further: Vec<Vec<u8>>,
    chunks: Vec<(Tick, Vec<Vec<u8>>)>,
    recorded: String,
    counters: [RoomCounters; 2],
}

impl<G: Game> Side<G> {
    fn new(room: Room<G>) -> Side<G> {
        let tick_rate = room.config().tick_rate;
        let mut broadcast = Broadcast::new(tick_rate, std::time::Duration::ZERO);
        broadcast.watch();
        Side {
            room,
            scratch: EncodeScratch::default(),
            viewers: Vec::new(),
            broadcast,
            spectator: Spectator::new(tick_rate),
            recording: Recording::default(),
            roster_version: None,
        }
    }

    /// Reads all there is. `dice` say which of the streams are sent this tick, and which of those
    /// that begin with it go on.
    fn look(&mut self, mut dice: Dice) -> Seen {
        let Side { room, scratch, viewers, .. } = self;
        let (published, people) = (room.published(), people(room));
        let mut welcomes = Vec::new();
        published.write_welcome(&Standing::alone(SessionId(7)), None, &mut welcomes);
        published.write_welcome(&Standing::alone(SessionId(8)), Some(PlayerId(1)), &mut welcomes);
        let mut rosters = [const { Vec::new() }; 2];
        published.write_roster(None, scratch, &mut rosters[0]);
        if let Some(version) = published.write_roster(self.roster_version, scratch, &mut rosters[1])
        {
            self.roster_version = Some(version);
        }
        let (mut fresh, mut further) = (Vec::new(), Vec::new());
        let mut write = |viewer: &mut Viewer<G>, out: &mut Vec<Vec<u8>>| {
            let mut bytes = Vec::new();
            viewer.write_snapshot(published, scratch, &mut bytes);
            out.push(bytes);
        };
        viewers.retain(|(person, _)| person.is_none_or(|person| people.contains(&person)));
        for (_, viewer) in viewers.iter_mut() {
            if dice.chance(0.6) {
                write(viewer, &mut further);
            }
        }
        let players = people.iter().map(|person| Some(*person));
        for person in players.chain([None]) {
            for replays in [false, true] {
                let mut viewer = Viewer::new(person.map(|(id, _)| id), replays);
                write(&mut viewer, &mut fresh);
                if viewers.len() < STAYING_STREAMS || dice.chance(0.25) {
                    viewers.push((person, viewer));
                }
            }
        }
        while viewers.len() > STREAMS_MAX {
            viewers.remove(STAYING_STREAMS);
        }
        let (chunks, recorded) = (self.chunks(), self.record());
        let counters = [self.room.take_counters(), std::mem::take(&mut self.scratch.counters)];
        let (tick, hash, state) = (self.room.tick(), self.room.hash(), bytes_of(self.room.state()));
        Seen { tick, hash, state, welcomes, rosters, fresh, further, chunks, recorded, counters }
    }

    fn chunks(&mut self) -> Vec<(Tick, Vec<Vec<u8>>)> {
        let published = self.room.published();
        self.broadcast.encode(published, &mut self.scratch);
        let Next::Send(run) = self.broadcast.next(&self.spectator) else {
            panic!("each tick is due at once")
        };
        let mut chunks = Vec::new();
        for tick in run {
            chunks.push((tick.tick, tick.shared.messages().map(<[u8]>::to_vec).collect()));
            self.spectator.mark_sent(tick.tick, tick.due);
        }
        self.spectator.ack(self.room.tick(), self.room.tick());
        chunks
    }

    fn record(&mut self) -> String {
        let mut lines = String::new();
        self.recording.write(self.room.published(), &mut lines);
        lines
    }
}

fn bytes_of<G: Game>(state: &RoomState<G>) -> Vec<u8> {
    bincode::serde::encode_to_vec(state, WIRE).expect("it is serialisable")
}

fn restored<G: Game>(room: &Room<G>, template: RoomTemplate<G::Settings>) -> Room<G> {
    let bytes = bytes_of(room.state());
    let (state, used): (RoomState<G>, usize) =
        bincode::serde::decode_from_slice(&bytes, WIRE).expect("what was written can be read");
    assert_eq!(used, bytes.len());
    assert!(bytes_of(&state) == bytes, "nothing is lost on the way");
    Room::restore(NAME.to_owned(), template, state).expect("the template is that of the first")
}

/// Gives what was counted after the checkpoint.
fn a_checkpoint_goes_on<G: Playable>(seed: u64) -> RoomCounters {
    let mut dice = Dice::new(seed, 77);
    let mut stream = StreamSettings::default();
    if dice.chance(0.3) {
        stream.snapshot_max_bytes = SNAPSHOT_MAX_BYTES_MIN;
    }
    let setup = Setup {
        settings: G::settings(),
        seed: seed.into(),
        players_max: PLAYERS_MAX,
        rewind_max_ticks: 8,
        ..Setup::default()
    };
    let fill = dice.below(u32::from(PLAYERS_MAX) + 1) as u16;
    let template = RoomTemplate { setup, fill, stream, ..RoomTemplate::default() };
    let mut room = Room::<G>::new(NAME.to_owned(), template.clone()).expect("it opens");
    for _ in 0..dice.below(80) {
        act(&mut room, &mut dice);
        room.step();
    }
    room.take_counters();
    // Of a tick that is over, or amid what comes before the next.
    let is_amid = dice.chance(0.5);
    if is_amid {
        act(&mut room, &mut dice);
        room.take_counters();
    }
    let again = restored(&room, template);
    assert_eq!(again.hash(), room.hash(), "seed {seed}");
    let (mut first, mut second) = (Side::new(room), Side::new(again));
    if !is_amid {
        assert_alike(&mut first, &mut second, seed, &mut dice);
    }
    let mut counted = RoomCounters::default();
    for _ in 0..TICKS_AFTER {
        for act in any_acts(&first.room, &mut dice) {
            let outcome = apply(&mut first.room, &act);
            assert_eq!(outcome, apply(&mut second.room, &act), "seed {seed}");
        }
        first.room.step();
        second.room.step();
        counted += assert_alike(&mut first, &mut second, seed, &mut dice);
    }
    counted
}

/// Gives what was counted since the last time.
fn assert_alike<G: Game>(
    first: &mut Side<G>,
    second: &mut Side<G>,
    seed: u64,
    dice: &mut Dice,
) -> RoomCounters {
    let looks = dice.bits64();
    let (seen, again) = (first.look(Dice::new(looks, 0)), second.look(Dice::new(looks, 0)));
    assert!(seen == again, "seed {seed}: {seen:?}, restored {again:?}");
    let [mut counted, encoded] = seen.counters;
    counted += encoded;
    counted
}

#[test]
fn a_room_restored_from_a_checkpoint_goes_on_as_the_one_that_was_not_stopped() {
    let mut counted = RoomCounters::default();
    for seed in 0..SEEDS {
        counted += a_checkpoint_goes_on::<Stones>(seed);
        counted += a_checkpoint_goes_on::<Dots>(seed);
    }
    // All that a checkpoint must hold has made a difference.
    for (name, count) in counted.named() {
        let is_rare = [
            "snapshots_held_back",
            "rows_dropped",
            "events_dropped",
            "inputs_in_vain",
            "player_ids_reused_early",
            "idle_warnings",
            "board_pages",
            "scores_waiting",
        ];
        assert!(count > 0 || is_rare.contains(&name), "{name} has never happened");
    }
}

#[test]
fn a_room_restored_from_a_checkpoint_knows_since_when_players_are_idle() {
    let setup =
        Setup { settings: Stones::settings(), players_max: PLAYERS_MAX, ..Setup::default() };
    let template = RoomTemplate { setup, fill: 3, ..RoomTemplate::default() };
    let mut room = Room::<Stones>::new(NAME.to_owned(), template.clone()).expect("it opens");
    room.join("moth", None).expect("there is space");
    (0..700).for_each(|_| room.step());
    let mut again = restored(&room, template);
    let mut judged = Vec::new();
    for _ in 0..1_200 {
        room.step();
        again.step();
        assert_eq!((again.idle(), again.idle_people()), (room.idle(), room.idle_people()));
        assert_eq!(again.bots(), room.bots());
        judged.extend_from_slice(room.idle());
    }
    assert_eq!(room.idle_people(), 1);
    assert_eq!(judged.len(), 1 + 101, "a warning, and in each tick from its end on");
}
