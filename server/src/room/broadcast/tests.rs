//! The shared stream to spectators that come and go, stall and skip.

use std::collections::BTreeMap;

use proptest::prelude::*;
use shared::game::Setup;
use shared::ids::PlayerId;
use shared::limits::SNAPSHOT_MAX_BYTES_MIN;
use shared::protocol::snapshot::{NoReplay, SnapshotDecoder};
use shared::scene::Scene;

use super::*;
use crate::room::dots::Dots;
use crate::room::{RoomSettings, StreamSettings};

/// At 30 ticks a second: less than the time between keyframes, so that both lengths matter.
const DELAY: Duration = Duration::from_millis(500);
const DELAY_TICKS: u32 = 15;
const KEYFRAME_TICKS: u32 = 30;

fn room(delay: Duration) -> Room<Dots> {
    let setup = Setup { players_max: 6, ..Setup::default() };
    let stream = StreamSettings { spectator_delay: delay, ..StreamSettings::default() };
    Room::new(RoomSettings {
        name: "meadow".to_owned(),
        setup,
        fill: 3,
        stream,
        ..RoomSettings::default()
    })
    .expect("these settings are good")
}

/// A spectator's two ends, with nothing between them.
struct Watcher {
    spectator: Spectator,
    decoder: SnapshotDecoder,
    roster: BTreeMap<PlayerId, String>,
}

impl Watcher {
    fn new(room: &mut Room<Dots>) -> Watcher {
        let (decoder, roster) = (SnapshotDecoder::new(), BTreeMap::new());
        Watcher { spectator: room.watch(), decoder, roster }
    }

    /// It takes at most so many ticks of what there is for it, and all of it is checked.
    fn take(&mut self, room: &mut Room<Dots>, scenes: &[Scene], most: usize) {
        let Turn::Say(run) = room.turn(&self.spectator) else { return };
        let run: Vec<_> = run.take(most).collect();
        for shared in run {
            shared.messages().for_each(|message| self.hear(room, message));
            self.spectator.was_told(shared);
            let scene = &scenes[shared.tick().0 as usize];
            assert!(shared.tick() <= room.due(), "not before it is due");
            assert_eq!(self.decoder.mirror().tick(), Some(scene.tick()));
            assert_eq!(self.decoder.mirror().rows(), scene.rows());
            let events = scene.events().iter().map(|event| (scene.tick(), event));
            assert!(self.decoder.events().eq(events));
        }
    }

    fn hear(&mut self, room: &Room<Dots>, message: &[u8]) {
        match ServerMessage::decode(message).expect("it is a message") {
            ServerMessage::Snapshot(body) => {
                self.decoder.decode(room.codec(), body, &mut NoReplay).expect("the next one");
            }
            ServerMessage::Roster(roster) => {
                if roster.complete {
                    self.roster.clear();
                }
                self.roster.retain(|player, _| !roster.gone.contains(player));
                let named = roster.entries.iter().map(|one| (one.player, one.name.to_owned()));
                self.roster.extend(named);
            }
            other => panic!("{other:?} is nothing for spectators"),
        }
    }

    fn acknowledge(&mut self, room: &Room<Dots>) {
        if let Some(tick) = self.decoder.mirror().tick() {
            self.spectator.has_seen(tick, room.due());
        }
    }
}

#[derive(Clone, Debug)]
enum Act {
    Join,
    Leave(u16),
    Watch,
    Unwatch(prop::sample::Index),
    Steps(u32),
    Take(prop::sample::Index, usize),
    Acknowledge(prop::sample::Index),
}

fn act() -> impl Strategy<Value = Act> {
    let any_one = any::<prop::sample::Index>;
    prop_oneof![
        1 => Just(Act::Join),
        1 => (0..6_u16).prop_map(Act::Leave),
        2 => Just(Act::Watch),
        1 => any_one().prop_map(Act::Unwatch),
        8 => (1..3_u32).prop_map(Act::Steps),
        1 => (3..40_u32).prop_map(Act::Steps),
        12 => (any_one(), prop_oneof![1 => 0..3_usize, 4 => Just(99)])
            .prop_map(|(who, most)| Act::Take(who, most)),
        4 => any_one().prop_map(Act::Acknowledge),
    ]
}

fn step(room: &mut Room<Dots>, scenes: &mut Vec<Scene>) {
    room.step();
    scenes.push(room.scene().clone());
    let kept = room.broadcast.ring.len() as u32;
    assert!(kept <= DELAY_TICKS + KEYFRAME_TICKS + BROADCAST_BEHIND_MAX_TICKS + 1, "{kept}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_spectators_miss_what_they_see_is_so(
        acts in prop::collection::vec(act(), 0..200),
        is_live in any::<bool>(),
    ) {
        let mut room = room(if is_live { Duration::ZERO } else { DELAY });
        let mut scenes = vec![room.scene().clone()];
        let mut watchers: Vec<Watcher> = Vec::new();
        for act in acts {
            match act {
                Act::Join => drop(room.join("moth")),
                Act::Leave(player) => room.leave(PlayerId(player)),
                Act::Watch => watchers.push(Watcher::new(&mut room)),
                Act::Steps(count) => (0..count).for_each(|_| step(&mut room, &mut scenes)),
                _ if watchers.is_empty() => {}
                Act::Unwatch(who) => {
                    watchers.swap_remove(who.index(watchers.len()));
                    room.unwatch();
                }
                Act::Take(who, most) => {
                    let who = who.index(watchers.len());
                    watchers[who].take(&mut room, &scenes, most);
                }
                Act::Acknowledge(who) => {
                    let who = who.index(watchers.len());
                    watchers[who].acknowledge(&room);
                }
            }
        }
        // All goes well for a while: then all of them are where they should be.
        for _ in 0..DELAY_TICKS + 2 * KEYFRAME_TICKS {
            step(&mut room, &mut scenes);
            for watcher in &mut watchers {
                watcher.take(&mut room, &scenes, 99);
                watcher.acknowledge(&room);
            }
        }
        for watcher in &watchers {
            prop_assert_eq!(watcher.decoder.mirror().tick(), Some(room.due()));
            // Nobody came or went in that time, so that the delay makes no difference.
            let named = |id| Some((id, room.player_name(id)?.to_owned()));
            let named: BTreeMap<_, _> = (0..6).map(PlayerId).filter_map(named).collect();
            prop_assert_eq!(&watcher.roster, &named);
        }
    }
}

#[test]
fn who_has_left_is_named_for_as_long_as_it_is_to_be_seen() {
    let mut room = room(DELAY);
    let mut scenes = vec![room.scene().clone()];
    let mut watcher = Watcher::new(&mut room);
    let player = room.join("Ada").expect("there is space");
    let mut run = |room: &mut Room<Dots>, watcher: &mut Watcher, ticks: u32| {
        for _ in 0..ticks {
            step(room, &mut scenes);
            watcher.take(room, &scenes, 99);
            watcher.acknowledge(room);
        }
    };
    run(&mut room, &mut watcher, 2 * DELAY_TICKS);
    room.leave(player);
    run(&mut room, &mut watcher, DELAY_TICKS);
    assert_eq!(watcher.roster.get(&player).map(String::as_str), Some("Ada"));
    run(&mut room, &mut watcher, 1);
    assert_ne!(watcher.roster.get(&player).map(String::as_str), Some("Ada"));
}

#[test]
fn who_comes_is_told_the_names_of_those_it_sees_not_of_those_who_took_their_numbers() {
    let mut room = room(DELAY);
    let mut scenes = vec![room.scene().clone()];
    let _first = Watcher::new(&mut room);
    let ann = room.join("Ann").expect("there is space");
    (0..DELAY_TICKS + 5).for_each(|_| step(&mut room, &mut scenes));
    room.leave(ann);
    assert_eq!(room.join("Bob").expect("there is space"), ann, "the number is free again");
    let mut watcher = Watcher::new(&mut room);
    for tick in 0..2 * DELAY_TICKS {
        step(&mut room, &mut scenes);
        watcher.take(&mut room, &scenes, 99);
        watcher.acknowledge(&room);
        let name = if tick < DELAY_TICKS { "Ann" } else { "Bob" };
        assert_eq!(watcher.roster.get(&ann).map(String::as_str), Some(name), "at {tick}");
    }
}

#[test]
fn only_who_begins_at_a_keyframe_is_sent_the_whole_roster_there() {
    let mut room = room(Duration::ZERO);
    let mut spectator = room.watch();
    let mut rosters = Vec::new();
    for _ in 0..3 * KEYFRAME_TICKS {
        room.step();
        let Turn::Say(run) = room.turn(&spectator) else { panic!("there is no delay") };
        for shared in run {
            assert_eq!(shared.messages().count(), shared.message_count() as usize);
            rosters.extend(shared.messages().filter_map(|message| {
                match ServerMessage::decode(message) {
                    Ok(ServerMessage::Roster(roster)) => Some(roster.complete),
                    _ => None,
                }
            }));
            spectator.was_told(shared);
        }
        spectator.has_seen(room.tick(), room.tick());
    }
    assert_eq!(rosters.iter().filter(|complete| **complete).count(), 1, "{rosters:?}");
}

#[test]
fn a_budget_that_a_keyframe_would_not_fit_takes_nothing_from_what_is_seen() {
    let stream = StreamSettings {
        spectator_delay: Duration::ZERO,
        snapshot_max_bytes: SNAPSHOT_MAX_BYTES_MIN,
    };
    let setup = Setup { players_max: 64, ..Setup::default() };
    let settings = RoomSettings {
        name: "meadow".to_owned(),
        setup,
        fill: 64,
        stream,
        ..RoomSettings::default()
    };
    let mut room = Room::<Dots>::new(settings).expect("these settings are good");
    let mut spectator = room.watch();
    let mut decoder = SnapshotDecoder::new();
    let (mut keyframes, mut largest) = (0, 0);
    for _ in 0..5 * KEYFRAME_TICKS {
        room.step();
        let before = decoder.mirror().rows().iter().len();
        let Turn::Say(run) = room.turn(&spectator) else { panic!("there is a delay") };
        for shared in run {
            spectator.was_told(shared);
            for message in shared.messages() {
                let Ok(ServerMessage::Snapshot(body)) = ServerMessage::decode(message) else {
                    continue;
                };
                let told = decoder.decode(&room.codec, body, &mut NoReplay).expect("the next");
                keyframes += u32::from(told.keyframe);
                largest = largest.max(if told.keyframe { 0 } else { message.len() });
            }
        }
        spectator.has_seen(room.tick(), room.tick());
        assert!(decoder.mirror().rows().iter().len() >= before, "at {:?}", room.tick());
    }
    assert_eq!(keyframes, 5);
    assert!(largest <= SNAPSHOT_MAX_BYTES_MIN, "{largest} bytes");
    assert!(room.counters().snapshots_cut > 0, "all fits into so little");
}

#[test]
fn messages_use_the_memory_of_those_that_are_over() {
    let mut room = room(DELAY);
    let mut scenes = vec![room.scene().clone()];
    room.watch();
    for _ in 0..10 * KEYFRAME_TICKS {
        step(&mut room, &mut scenes);
    }
    let all = room.broadcast.ring.len() + room.broadcast.spare.len();
    let most = DELAY_TICKS + KEYFRAME_TICKS + BROADCAST_BEHIND_MAX_TICKS + 1;
    assert!(all <= most as usize, "{all} buffers");
    // Each has been a keyframe's by now.
    let spare = room.broadcast.spare.iter().map(Vec::capacity).max().unwrap_or_default();
    let usual = room.broadcast.usual_bytes;
    assert!(spare <= 4 * usual, "{spare} bytes are kept for what takes {usual}");
    room.unwatch();
    assert!(room.broadcast.ring.is_empty() && room.broadcast.spare.is_empty());
}
