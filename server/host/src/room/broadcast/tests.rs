//! The shared stream to spectators that come and go, stall and skip.

use std::collections::BTreeMap;

use proptest::prelude::*;
use test_games::stones::Stones;
use tickwire_game::game::{LeaveReason, Setup};
use tickwire_game::ids::PlayerId;
use tickwire_game::protocol::snapshot::{NoReplay, SnapshotDecoder};
use tickwire_game::scene::Scene;

use super::*;
use crate::limits::SNAPSHOT_MAX_BYTES_MIN;
use crate::room::{Room, RoomTemplate, StreamSettings};

/// At 30 ticks a second: less than the time between restarts, so that both lengths matter.
const DELAY: Duration = Duration::from_millis(500);
const DELAY_TICKS: u32 = 15;
const RESTART_TICKS: u32 = 30;

/// A room and its stream.
struct Stage {
    room: Room<Stones>,
    broadcast: Broadcast,
    scratch: EncodeScratch,
    /// All that there ever was to see, by tick.
    scenes: Vec<Scene>,
}

impl Stage {
    fn new(spectator_delay: Duration) -> Stage {
        let stream = StreamSettings { spectator_delay, ..StreamSettings::default() };
        Stage::of(6, 3, stream)
    }

    fn of(players_max: u16, fill: u16, stream: StreamSettings) -> Stage {
        let setup = Setup { players_max, ..Setup::default() };
        let template = RoomTemplate { setup, fill, stream, ..RoomTemplate::default() };
        let room = Room::new("meadow".to_owned(), template).expect("these settings are good");
        let broadcast = Broadcast::new(room.config().tick_rate, stream.spectator_delay);
        let scenes = vec![room.published().scene().clone()];
        Stage { room, broadcast, scratch: EncodeScratch::default(), scenes }
    }

    fn watch(&mut self) -> Watcher {
        self.broadcast.watch();
        let spectator = Spectator::new(self.room.config().tick_rate);
        Watcher { spectator, decoder: SnapshotDecoder::new(), roster: BTreeMap::new() }
    }

    fn step(&mut self) {
        self.room.step();
        self.broadcast.encode(self.room.published(), &mut self.scratch);
        self.scenes.push(self.room.published().scene().clone());
        let kept = self.broadcast.ring.len() as u32;
        assert!(kept <= DELAY_TICKS + RESTART_TICKS + BROADCAST_BEHIND_MAX_TICKS + 1, "{kept}");
    }

    fn is_restart(&self, tick: Tick) -> bool {
        self.broadcast.at(tick).expect("it is kept").is_restart
    }
}

/// A spectator's two ends, with nothing between them.
struct Watcher {
    spectator: Spectator,
    decoder: SnapshotDecoder,
    roster: BTreeMap<PlayerId, String>,
}

impl Watcher {
    /// It takes at most so many ticks of what there is for it, and all of it is checked.
    fn take(&mut self, stage: &Stage, most: usize) {
        let Next::Send(run) = stage.broadcast.next(&self.spectator) else { return };
        for tick in run.take(most) {
            tick.shared.messages().for_each(|message| self.hear(stage, message));
            self.spectator.mark_sent(tick.tick, tick.due);
            let scene = &stage.scenes[tick.tick.0 as usize];
            assert!(tick.tick <= stage.room.spectator_tick(), "not before it is due");
            assert_eq!(self.decoder.mirror().tick(), Some(scene.tick()));
            assert_eq!(self.decoder.mirror().rows(), scene.rows());
            let events = scene.events().iter().map(|event| (scene.tick(), event));
            assert!(self.decoder.events().eq(events));
        }
    }

    fn hear(&mut self, stage: &Stage, message: &[u8]) {
        match ServerMessage::decode(message).expect("it is a message") {
            ServerMessage::Snapshot(body) => {
                let codec = stage.room.config().codec();
                self.decoder.decode(codec, body, &mut NoReplay).expect("the next one");
            }
            ServerMessage::Roster(roster) => {
                if roster.complete {
                    self.roster.clear();
                }
                self.roster.retain(|player, _| !roster.gone.contains(player));
                let named = roster.entries.iter().map(|one| (one.player, one.name.to_owned()));
                self.roster.extend(named);
            }
            ServerMessage::Scores(scores) => {
                let is_known = |player| self.roster.contains_key(player);
                assert!(scores.entries.iter().all(|entry| is_known(&entry.player)), "{scores:?}");
            }
            other => panic!("{other:?} is nothing for spectators"),
        }
    }

    fn acknowledge(&mut self, stage: &Stage) {
        if let Some(tick) = self.decoder.mirror().tick() {
            self.spectator.ack(tick, stage.room.spectator_tick());
        }
    }

    fn name_of(&self, player: PlayerId) -> Option<&str> {
        self.roster.get(&player).map(String::as_str)
    }
}

#[derive(Clone, Debug)]
enum Act {
    Join,
    Leave(prop::sample::Index),
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
        1 => any_one().prop_map(Act::Leave),
        2 => Just(Act::Watch),
        1 => any_one().prop_map(Act::Unwatch),
        8 => (1..3_u32).prop_map(Act::Steps),
        1 => (3..40_u32).prop_map(Act::Steps),
        12 => (any_one(), prop_oneof![1 => 0..3_usize, 4 => Just(99)])
            .prop_map(|(who, most)| Act::Take(who, most)),
        4 => any_one().prop_map(Act::Acknowledge),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_spectators_miss_what_they_see_is_so(
        acts in prop::collection::vec(act(), 0..200),
        is_live in any::<bool>(),
    ) {
        let mut stage = Stage::new(if is_live { Duration::ZERO } else { DELAY });
        let (mut people, mut watchers): (Vec<PlayerId>, Vec<Watcher>) = Default::default();
        for act in acts {
            match act {
                Act::Join => people.extend(stage.room.join("moth", None)),
                Act::Leave(at) if !people.is_empty() => {
                    stage.room.leave(people.swap_remove(at.index(people.len())), LeaveReason::Left);
                }
                Act::Watch => watchers.push(stage.watch()),
                Act::Steps(count) => (0..count).for_each(|_| stage.step()),
                Act::Leave(_) => {}
                _ if watchers.is_empty() => {}
                Act::Unwatch(who) => {
                    watchers.swap_remove(who.index(watchers.len()));
                    stage.broadcast.unwatch();
                }
                Act::Take(who, most) => {
                    let who = who.index(watchers.len());
                    watchers[who].take(&stage, most);
                }
                Act::Acknowledge(who) => {
                    let who = who.index(watchers.len());
                    watchers[who].acknowledge(&stage);
                }
            }
        }
        // All goes well for a while: then all of them are where they should be.
        for _ in 0..DELAY_TICKS + 2 * RESTART_TICKS {
            stage.step();
            for watcher in &mut watchers {
                watcher.take(&stage, 99);
                watcher.acknowledge(&stage);
            }
        }
        for watcher in &watchers {
            prop_assert_eq!(watcher.decoder.mirror().tick(), Some(stage.room.spectator_tick()));
            // Nobody came or went in that time, so that the delay makes no difference.
            let named = |id| Some((id, stage.room.player_name(id)?.to_owned()));
            let named: BTreeMap<_, _> = (0..999).map(PlayerId).filter_map(named).collect();
            prop_assert_eq!(&watcher.roster, &named);
        }
    }
}

#[test]
fn a_player_that_has_left_is_named_for_as_long_as_it_is_to_be_seen() {
    let mut stage = Stage::new(DELAY);
    let mut watcher = stage.watch();
    let player = stage.room.join("Ada", None).expect("there is space");
    let run = |stage: &mut Stage, watcher: &mut Watcher, ticks: u32| {
        for _ in 0..ticks {
            stage.step();
            watcher.take(stage, 99);
            watcher.acknowledge(stage);
        }
    };
    run(&mut stage, &mut watcher, 2 * DELAY_TICKS);
    stage.room.leave(player, LeaveReason::Left);
    run(&mut stage, &mut watcher, DELAY_TICKS);
    assert_eq!(watcher.name_of(player), Some("Ada"));
    run(&mut stage, &mut watcher, 1);
    assert_ne!(watcher.name_of(player), Some("Ada"));
}

#[test]
fn a_spectator_is_sent_the_names_of_those_it_sees_not_of_those_that_play_now() {
    let mut stage = Stage::new(DELAY);
    let _first = stage.watch();
    let ann = stage.room.join("Ann", None).expect("there is space");
    (0..DELAY_TICKS + 5).for_each(|_| stage.step());
    stage.room.leave(ann, LeaveReason::Left);
    let bob = stage.room.join("Bob", None).expect("there is space");
    let mut watcher = stage.watch();
    for tick in 0..2 * DELAY_TICKS {
        stage.step();
        watcher.take(&stage, 99);
        watcher.acknowledge(&stage);
        let names = [watcher.name_of(ann), watcher.name_of(bob)];
        let seen = if tick < DELAY_TICKS { [Some("Ann"), None] } else { [None, Some("Bob")] };
        assert_eq!(names, seen, "at {tick}");
    }
}

#[test]
fn only_a_spectator_that_begins_at_a_restart_is_sent_the_whole_roster_there() {
    let mut stage = Stage::new(Duration::ZERO);
    let mut watcher = stage.watch();
    let mut rosters = Vec::new();
    for _ in 0..3 * RESTART_TICKS {
        stage.step();
        let Next::Send(run) = stage.broadcast.next(&watcher.spectator) else {
            panic!("there is no delay")
        };
        for tick in run {
            rosters.extend(tick.shared.messages().filter_map(
                |message| match ServerMessage::decode(message) {
                    Ok(ServerMessage::Roster(roster)) => Some(roster.complete),
                    _ => None,
                },
            ));
            watcher.spectator.mark_sent(tick.tick, tick.due);
        }
        watcher.spectator.ack(stage.room.tick(), stage.room.tick());
    }
    assert_eq!(rosters.iter().filter(|complete| **complete).count(), 1, "{rosters:?}");
}

#[test]
fn a_budget_that_a_restart_would_not_fit_takes_nothing_from_what_is_seen() {
    let stream = StreamSettings {
        spectator_delay: Duration::ZERO,
        snapshot_max_bytes: SNAPSHOT_MAX_BYTES_MIN,
    };
    let mut stage = Stage::of(64, 64, stream);
    let mut watcher = stage.watch();
    let (mut restarts, mut largest) = (0, 0);
    for _ in 0..5 * RESTART_TICKS {
        stage.step();
        let before = watcher.decoder.mirror().rows().iter().len();
        let Next::Send(run) = stage.broadcast.next(&watcher.spectator) else {
            panic!("there is a delay")
        };
        for tick in run {
            watcher.spectator.mark_sent(tick.tick, tick.due);
            let is_restart = stage.is_restart(tick.tick);
            restarts += u32::from(is_restart);
            for message in tick.shared.messages() {
                watcher.hear(&stage, message);
                if !is_restart
                    && matches!(ServerMessage::decode(message), Ok(ServerMessage::Snapshot(_)))
                {
                    largest = largest.max(message.len());
                }
            }
        }
        watcher.spectator.ack(stage.room.tick(), stage.room.tick());
        let now = watcher.decoder.mirror().rows().iter().len();
        assert!(now >= before, "at {:?}", stage.room.tick());
    }
    assert_eq!(restarts, 5);
    assert!(largest <= SNAPSHOT_MAX_BYTES_MIN, "{largest} bytes");
    assert!(stage.scratch.counters.snapshots_cut > 0, "all fits into so little");
}

#[test]
fn messages_use_the_memory_of_those_that_are_over() {
    let mut stage = Stage::new(DELAY);
    stage.watch();
    for _ in 0..10 * RESTART_TICKS {
        stage.step();
    }
    let Broadcast { ring, spare, usual_bytes, .. } = &stage.broadcast;
    let most = DELAY_TICKS + RESTART_TICKS + BROADCAST_BEHIND_MAX_TICKS + 1;
    let all = ring.len() + spare.len();
    assert!(all <= most as usize, "{all} buffers");
    // Each has been a restart's by now.
    let spare = spare.iter().map(SharedChunk::capacity).max().unwrap_or_default();
    assert!(spare <= 4 * usual_bytes, "{spare} bytes are kept for what takes {usual_bytes}");
    stage.broadcast.unwatch();
    assert!(stage.broadcast.ring.is_empty() && stage.broadcast.spare.is_empty());
}
