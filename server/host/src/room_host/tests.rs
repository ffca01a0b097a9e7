//! A room with its connections, as a shard has it.

use std::ops::Range;

use test_games::stones::Stones;
use tickwire_game::game::{LeaveReason, Setup};
use tickwire_game::protocol::{ClientMessage, Input, ServerMessage};
use tickwire_game::tick::{Rewind, Tick};

use super::absence::leave_reason;
use super::*;
use crate::admission::Admission;
use crate::hello::PeerKey;
use crate::limits::{
    INPUTS_PER_SECOND_MAX, INPUTS_PER_TICK_MAX, MESSAGES_REFUSED_MAX, SILENCE_MAX, WRITE_STALL_MAX,
};
use crate::reservation::Reservation;
use crate::room::{RoomTemplate, StreamSettings};
use crate::transport::in_memory::{Peer, pair};

mod resuming;

/// A room on a thread that is only arithmetic.
struct Stage {
    host: RoomHost<Stones>,
    scratch: WriteBuffers,
    effects: Effects,
    now: Duration,
    /// How long a step takes.
    step: Duration,
}

impl Stage {
    fn new() -> Stage {
        Stage::with(None)
    }

    fn with(recording: Option<Recording<Stones>>) -> Stage {
        Stage::delayed(recording, Duration::ZERO)
    }

    fn delayed(recording: Option<Recording<Stones>>, spectator_delay: Duration) -> Stage {
        let setup = Setup { players_max: 4, ..Setup::default() };
        let stream = StreamSettings { spectator_delay, ..StreamSettings::default() };
        let template = RoomTemplate { setup, stream, ..RoomTemplate::default() };
        let room = Room::new("meadow".to_owned(), template).expect("it opens");
        let status = Arc::default();
        Stage {
            host: RoomHost::new(RoomKey::default(), room, Duration::ZERO, status, recording),
            scratch: WriteBuffers::default(),
            effects: Effects::default(),
            now: Duration::ZERO,
            step: Duration::from_millis(1),
        }
    }

    fn join(&mut self, session: u64, role: Role) -> Peer {
        let (transport, peer) = pair();
        let pending = PendingJoin {
            transport,
            admission: Admission::of_nobody(SessionId(session), RoomKey::default(), role),
            peer: PeerKey(0),
            subject: None,
            name: "Ada".to_owned(),
            replays: false,
            span: Span::none(),
        };
        let player = self.host.join(role, "Ada", None).expect("there is space");
        self.host.seat(pending, player, self.now, &mut self.effects);
        peer
    }

    /// One pass just when it is due, or `late`.
    fn pass(&mut self, load: f64, late: Duration) {
        let now = self.host.pacer.deadline() + late;
        self.host.pass(now, load, &mut self.scratch, None, &mut self.effects);
    }

    fn run(&mut self, passes: u32) {
        for _ in 0..passes {
            self.now = self.now.max(self.host.pacer.deadline());
            let (began, before) = (self.now, self.tick());
            let load = self.host.load();
            self.host.pass(began, load, &mut self.scratch, None, &mut self.effects);
            self.now += self.step * self.tick().since(before) as u32;
            self.host.pass_ended(self.now, self.now - began);
        }
    }

    /// The thread does nothing for a while.
    fn stall(&mut self, lasts: Duration) {
        self.now += lasts;
    }

    fn tick(&self) -> Tick {
        self.host.room.tick()
    }

    fn order(&self) -> Vec<u64> {
        self.host.sessions.iter().map(|session| session.id().0).collect()
    }

    /// What has happened on its connections, in their order.
    fn messages_in(&self) -> Vec<u64> {
        let counters = self.host.sessions.iter().filter_map(Session::counters);
        counters.map(|counters| counters.messages_in).collect()
    }

    fn time_scale_permille(&self) -> u16 {
        self.host.status.time_scale().permille()
    }
}

#[test]
fn players_are_served_before_spectators_in_whatever_order_they_came() {
    let mut stage = Stage::new();
    let roles = [Role::Spectator, Role::Player, Role::Spectator, Role::Player];
    let mut peers: Vec<_> =
        (0..).zip(roles).map(|(session, role)| stage.join(session, role)).collect();
    assert_eq!(stage.order(), [1, 3, 0, 2]);
    drop(peers.remove(1));
    stage.run(1);
    assert_eq!(stage.order(), [3, 0, 2], "nor does it change when one goes");
    peers.push(stage.join(4, Role::Player));
    assert_eq!(stage.order(), [3, 4, 0, 2]);
}

#[test]
fn a_spectator_that_only_answers_pings_is_alive_and_must_acknowledge_only_what_it_is_sent() {
    // It is sent nothing for longer than anybody may be silent, so it has nothing to say.
    let mut stage = Stage::delayed(None, 3 * SILENCE_MAX);
    let (alive, gone) = (stage.join(0, Role::Spectator), stage.join(1, Role::Spectator));
    let player = stage.join(2, Role::Player);
    for peer in [&alive, &player] {
        peer.answer_pings();
    }
    let seconds = SILENCE_MAX.as_secs() as u32;
    stage.run(30 * seconds + 15);
    let ends = |stage: &Stage| -> Vec<_> {
        stage.effects.departed.iter().map(|gone| gone.reason).collect()
    };
    assert_eq!(ends(&stage), [DisconnectReason::Silent], "the one that answers nothing");
    assert_eq!((gone.closed(), alive.closed()), (Some(DisconnectReason::Silent), None));
    stage.run(30 * 4);
    assert_eq!(
        player.closed(),
        Some(DisconnectReason::TooSlow),
        "it was sent something to acknowledge"
    );
    stage.run(30 * (2 * seconds - 3));
    assert_eq!(alive.closed(), None, "the first picture has just come");
    stage.run(30 * (seconds + 10));
    assert_eq!(alive.closed(), Some(DisconnectReason::TooSlow));
}

#[test]
fn a_connection_that_is_lost_ends_its_session_and_gives_its_seat_back() {
    let mut stage = Stage::new();
    let (lost, stays) = (stage.join(0, Role::Player), stage.join(1, Role::Player));
    stage.run(1);
    drop(lost);
    stage.run(1);
    let [departed] = &stage.effects.departed[..] else { panic!("one has left") };
    assert_eq!((departed.reason, &departed.refusal), (DisconnectReason::Lost, &None));
    let role = departed.reservation.as_ref().map(Reservation::role);
    assert_eq!(role, Some(Role::Player));
    assert_eq!((stage.order(), stage.host.room.people()), (vec![1], 1));
    assert_eq!(stays.closed(), None);
}

#[test]
fn messages_are_counted_one_by_one_even_where_they_are_written_together() {
    let mut stage = Stage::new();
    let peer = stage.join(0, Role::Spectator);
    stage.run(1);
    let counters = &stage.effects.counters;
    // The welcome; the roster and the restart.
    assert_eq!((counters.messages_out, counters.broadcast_writes), (3, 1));
    let messages = peer.take();
    assert_eq!(messages.len(), 3);
    assert_eq!(counters.bytes_out, messages.iter().map(|it| it.len() as u64).sum::<u64>());
}

#[test]
fn nothing_is_encoded_for_a_connection_that_takes_nothing_and_then_the_newest_tick() {
    let mut stage = Stage::new();
    let peer = stage.join(0, Role::Player);
    stage.run(1);
    peer.take();
    peer.take_nothing(true);
    stage.run(10);
    assert_eq!(stage.effects.rooms.snapshots, 2, "the last one waits for its connection");
    peer.take_nothing(false);
    stage.run(1);
    let snapshots = |message: &Vec<u8>| {
        matches!(ServerMessage::decode(message), Ok(ServerMessage::Snapshot(_)))
    };
    assert_eq!(peer.take().iter().filter(|message| snapshots(message)).count(), 2);
    let viewer = stage.host.sessions[0].viewer().expect("it plays");
    assert_eq!(viewer.tick(), Some(stage.tick()));
    peer.take_nothing(true);
    let ticks = WRITE_STALL_MAX.as_secs() as u32 * 30;
    stage.run(ticks);
    assert_eq!(stage.order(), [0]);
    stage.run(3);
    assert_eq!((stage.order(), peer.closed()), (vec![], Some(DisconnectReason::TooSlow)));
}

#[test]
fn a_recording_that_ends_with_its_room_is_counted_and_one_that_ended_before_is_not() {
    for ended_before in [false, true] {
        let mut stage = Stage::with(Some(Recording::default()));
        stage.run(2);
        let [(room, lines)] = &stage.effects.recorded[..] else { panic!("one room is recorded") };
        assert_eq!((*room, lines.matches("tick ").count()), (stage.host.key, 2), "{lines}");
        let recorded = lines.clone();
        assert_eq!(stage.effects.recordings_ended, 0);
        if ended_before {
            stage.host.end_recording(None);
            stage.run(1);
            assert_eq!(stage.effects.recorded[0].1, recorded, "nothing is added to it");
        }
        stage.host.close(DisconnectReason::Closing, Some("the room closes"), &mut stage.effects);
        assert_eq!(stage.effects.recordings_ended, u64::from(!ended_before));
    }
}

#[test]
fn a_room_that_closes_ends_every_session_with_its_reason() {
    let mut stage = Stage::new();
    let peers = [stage.join(0, Role::Player), stage.join(1, Role::Spectator)];
    stage.run(1);
    stage.host.close(DisconnectReason::Closing, Some("it closes"), &mut stage.effects);
    assert!(peers.iter().all(|peer| peer.closed() == Some(DisconnectReason::Closing)));
    assert!(
        stage.effects.departed.iter().all(|departed| departed.reason == DisconnectReason::Closing)
    );
    assert_eq!(stage.effects.departed.len(), 2);
}

fn inputs(ticks: Range<u32>) -> impl Iterator<Item = Vec<u8>> {
    ticks.map(|tick| {
        let (tick, seen, rewind) = (Tick(tick), Tick(0), Rewind::default());
        let mut message = Vec::new();
        let input = Input { tick, seen, rewind, input: &[0; 4] };
        ClientMessage::Input(input).encode(&mut message);
        message
    })
}

#[test]
fn a_stall_of_five_seconds_throws_nobody_out_and_makes_no_burst() {
    let mut stage = Stage::new();
    let peers: Vec<_> = (0..3).map(|session| stage.join(session, Role::Player)).collect();
    stage.run(30);
    let before = stage.tick();
    // Meanwhile they go on as ever: all of it waits in their connections.
    for peer in peers.iter().take(2) {
        peer.say(inputs(before.0 + 1..before.0 + 151));
    }
    stage.stall(Duration::from_secs(5));
    stage.run(1);
    assert!(stage.tick().since(before) <= 3, "no burst");
    stage.stall(Duration::from_secs(10));
    stage.run(30);
    // One of them was silent for fifteen seconds, of which the server was active for one.
    assert_eq!(stage.messages_in(), [150, 150, 0], "nobody was thrown out, and all was read");
    assert_eq!(stage.host.pacer.time_scale(), TimeScale::FULL);
}

#[test]
fn what_clients_sent_while_the_thread_stood_still_is_no_flood() {
    let per_second = INPUTS_PER_TICK_MAX * 30 + INPUTS_PER_SECOND_MAX;
    let as_much_as_it_may = per_second * SILENCE_MAX.as_secs() as u32 + MESSAGES_REFUSED_MAX;
    for (stalled, sessions) in [(true, 1), (false, 0)] {
        let mut stage = Stage::new();
        let peer = stage.join(0, Role::Player);
        peer.say(inputs(0..as_much_as_it_may));
        stage.run(1);
        assert_eq!(stage.host.sessions.len(), 1);
        assert_eq!(stage.effects.counters.messages_refused, u64::from(MESSAGES_REFUSED_MAX));
        if stalled {
            stage.stall(Duration::from_secs(5));
        }
        peer.say(inputs(0..120));
        stage.run(2);
        assert_eq!(stage.host.sessions.len(), sessions, "stalled: {stalled}");
    }
}

#[test]
fn a_slowed_room_refuses_joins_and_shows_its_time_scale() {
    let mut stage = Stage::new();
    let peer = stage.join(0, Role::Player);
    stage.step = Duration::from_millis(50);
    stage.run(20);
    let permille = stage.time_scale_permille();
    assert!((500..700).contains(&permille), "{permille}");
    let sent = peer.take().iter().rev().find_map(|message| match ServerMessage::decode(message) {
        Ok(ServerMessage::Pace(pace)) => Some(pace.permille),
        _ => None,
    });
    assert_eq!(sent, Some(permille), "it is sent to clients");
    assert!(stage.host.status.refuses_joins());
    for role in [Role::Player, Role::Spectator] {
        assert_eq!(stage.host.join(role, "Bob", None), Err(JoinError::Overloaded));
    }
    stage.step = Duration::from_millis(5);
    stage.run(20);
    assert_eq!(stage.time_scale_permille(), 1_000);
    assert!(stage.host.join(Role::Player, "Bob", None).is_ok());
    assert_eq!(stage.effects.counters.time_scale_changes, 2);
}

#[test]
fn a_slowed_room_that_falls_asleep_is_no_load_and_wakes_at_its_full_tick_rate() {
    let mut stage = Stage::new();
    let peer = stage.join(0, Role::Player);
    stage.step = Duration::from_millis(50);
    stage.run(20);
    assert!(stage.host.status.refuses_joins() && stage.host.load() > 1.0);
    drop(peer);
    stage.run(1);
    assert!(!stage.host.is_asleep(), "it is awake a little longer");
    let passes = (0..1_000).find(|_| {
        stage.run(1);
        stage.host.is_asleep()
    });
    assert!(passes.is_some() && stage.host.status.is_asleep());
    assert!(!stage.host.status.refuses_joins(), "or nobody could ever wake it");
    assert_eq!((stage.host.load(), stage.time_scale_permille()), (0.0, 1_000));
    stage.now += Duration::from_secs(60);
    stage.step = Duration::from_millis(1);
    let peer = stage.join(1, Role::Player);
    stage.run(3);
    assert_eq!((stage.host.time_scale(), stage.order()), (TimeScale::FULL, vec![1]));
    let slowed = |message: &Vec<u8>| match ServerMessage::decode(message) {
        Ok(ServerMessage::Pace(pace)) => pace.permille < 1_000,
        _ => false,
    };
    assert!(!peer.take().iter().any(slowed), "nobody is sent a time scale of before");
}

#[test]
fn each_tick_of_a_slowed_room_is_counted() {
    let mut stage = Stage::new();
    let _peer = stage.join(0, Role::Player);
    stage.step = Duration::from_millis(50);
    while stage.time_scale_permille() == 1_000 {
        stage.run(1);
    }
    let (slowed, first) = (stage.effects.counters.ticks_slowed, stage.tick());
    for _ in 0..5 {
        stage.stall(stage.host.pacer.period() * 3 / 2);
        stage.run(1);
    }
    assert!(stage.host.pacer.is_slowed());
    let made = stage.tick().since(first) as u64;
    assert!(made > 5, "some passes made more than one: {made}");
    assert_eq!(stage.effects.counters.ticks_slowed - slowed, made);
}

#[test]
fn how_late_ticks_are_is_said_tick_by_tick() {
    let mut stage = Stage::new();
    for pass in 0..97_u64 {
        stage.pass(0.1, Duration::from_micros(pass % 2));
    }
    stage.pass(0.1, Duration::from_millis(80));
    let late = &stage.effects.tick_lateness;
    assert_eq!(late.len(), 100);
    let (single, last) = late.split_at(97);
    assert!(single.iter().all(|late| *late <= Duration::from_micros(1)));
    // The last pass made three.
    let ms: Vec<u128> = last.iter().map(Duration::as_millis).collect();
    assert_eq!(ms, [80, 46, 13]);
    let counters = &stage.effects.counters;
    assert_eq!((counters.ticks, counters.overruns, counters.ticks_skipped), (100, 1, 0));
}

#[test]
fn only_ends_that_a_client_can_bring_about_count_as_leaving() {
    let removed: Vec<_> = DisconnectReason::ALL
        .into_iter()
        .filter(|end| leave_reason(*end) == LeaveReason::Removed)
        .collect();
    use DisconnectReason::{Closing, Fault, HelloTimeout, Refused, Replaced, RoomFailed, RoomOver};
    assert_eq!(removed, [Closing, Refused, HelloTimeout, RoomFailed, Fault, RoomOver, Replaced]);
}
