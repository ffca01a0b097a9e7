//! Clients that fall behind or fall silent, and spectators that come from near and far.

use super::*;

#[test]
fn a_silent_client_is_given_up_but_one_that_was_stopped_for_a_while_is_not() {
    let mut stage = Stage::new();
    let mut client = stage.spectator();
    let stopped = START + SILENCE_MAX;
    assert_eq!(client.ends(stopped), None);
    assert_eq!(client.ends(stopped + Duration::from_nanos(1)), Some(DisconnectReason::Silent));
    client.receive(&mut stage, stopped, &bytes(&ping(1))).expect("a ping");
    assert_eq!(client.ends(stopped + SILENCE_MAX), None);
    assert_eq!(client.ends(START - Duration::from_secs(1)), None);
}

/// Sends to one that acknowledges nothing and to one that does at every tick for `lasts`; gives
/// the time then.
fn deaf_and_well(
    stage: &mut Stage,
    deaf: &mut Client,
    well: &mut Client,
    lasts: Duration,
) -> Duration {
    let mut now = START;
    while now <= START + lasts {
        stage.step();
        now += stage.period();
        for client in [&mut *deaf, &mut *well] {
            client.receive(stage, now, &bytes(&ping(1))).expect("a ping");
            client.hear(stage);
        }
        let newest = ack(stage.room.tick().0);
        well.say(stage, &newest).expect("an ack");
    }
    now
}

#[test]
fn a_player_that_acknowledges_nothing_is_sent_little_and_ends_as_too_slow() {
    let mut stage = Stage::new();
    let (mut deaf, mut well) = (stage.player(), stage.player());
    let now = deaf_and_well(&mut stage, &mut deaf, &mut well, SILENCE_MAX + SECOND);
    assert_eq!(deaf.counters().snapshots, FIRST_MAX);
    assert!(deaf.counters().snapshots_held_back > 10 * 30);
    assert_eq!(deaf.ends(now + stage.period()), Some(DisconnectReason::TooSlow));
    assert_eq!(well.counters().snapshots_held_back, 0);
    assert_eq!(well.ends(now), None);
    let counted = stage.scratch.counters.snapshots_held_back;
    assert_eq!(counted, deaf.counters().snapshots_held_back);
    deaf.say(&mut stage, &ack(FIRST_MAX as u32)).expect("ack");
    deaf.hear(&mut stage);
    assert_eq!(deaf.counters().snapshots, FIRST_MAX + 1, "it goes on from where it is");
}

#[test]
fn a_spectator_that_acknowledges_nothing_is_sent_a_windows_worth_and_goes_on_at_a_restart() {
    let mut stage = Stage::new();
    let (mut deaf, mut well) = (stage.spectator(), stage.spectator());
    let lasts = SILENCE_MAX + SPECTATOR_WINDOW + SECOND;
    let now = deaf_and_well(&mut stage, &mut deaf, &mut well, lasts);
    // The first, and the window's worth from there.
    assert_eq!(deaf.counters().snapshots, 3 * 30 + 1);
    assert_eq!(deaf.ends(now + stage.period()), Some(DisconnectReason::TooSlow));
    assert_eq!((well.counters().snapshots_held_back, well.ends(now)), (0, None));
    deaf.say(&mut stage, &ack(91)).expect("ack");
    let (mut decoder, mut sent) = (SnapshotDecoder::new(), 0);
    for _ in 0..60 {
        stage.step();
        let Next::Send(run) = deaf.protocol.next_shared(&stage.broadcast) else { continue };
        for tick in run {
            for message in tick.shared.messages() {
                let Ok(ServerMessage::Snapshot(body)) = ServerMessage::decode(message) else {
                    continue;
                };
                // It can be read by one that knows nothing.
                let codec = stage.room.config().codec();
                decoder.decode(codec, body, &mut NoReplay).expect("from a restart on");
                assert_eq!(decoder.mirror().tick(), Some(tick.tick));
                sent += 1;
            }
            deaf.protocol.mark_sent(tick);
        }
        assert_eq!(decoder.mirror().rows(), stage.room.published().scene().rows());
    }
    assert!(sent >= 30, "{sent} from the next restart on");
}

/// Watches over a path of so many ticks each way; gives how many snapshots came in each second.
/// It acknowledges each half second of the stream, or else whenever it pings.
fn watch_from_afar(
    stage: &mut Stage,
    session: u64,
    path_ticks: u64,
    is_by_progress: bool,
) -> Vec<u64> {
    let mut client = stage.spectator_of(session);
    let (mut down, mut up) = (Vec::new(), Vec::new());
    let (mut seen, mut acked, mut counts) = (None::<Tick>, None::<Tick>, vec![0; 10]);
    for pass in 0..300_u64 {
        let came: Vec<_> = down.extract_if(.., |(at, _)| *at <= pass).collect();
        for (_, tick) in came {
            seen = Some(tick);
            counts[(pass / 30) as usize] += 1;
            let is_due = acked.is_none_or(|acked| tick.since(acked) >= 15);
            if is_by_progress && is_due {
                up.push((pass + path_ticks, ack(tick.0)));
                acked = Some(tick);
            }
        }
        if pass % 30 == 7 {
            up.push((pass + path_ticks, ping(1)));
            let ack = seen.map(|seen| (pass + path_ticks, ack(seen.0)));
            up.extend(ack.filter(|_| !is_by_progress));
        }
        if client.protocol.is_read_in(pass as u32) {
            for (_, message) in up.extract_if(.., |(at, _)| *at <= pass) {
                client.say(stage, &message).expect("it may say so");
            }
        }
        stage.step();
        while client.next_message(stage, &mut Vec::new()) {}
        let Next::Send(run) = client.protocol.next_shared(&stage.broadcast) else { continue };
        for tick in run {
            down.push((pass + path_ticks, tick.tick));
            client.protocol.mark_sent(tick);
        }
    }
    stage.broadcast.unwatch();
    counts
}

#[test]
fn a_spectator_of_a_room_that_is_watched_gets_every_tick_whenever_and_from_wherever_it_comes() {
    for (phase, path_ticks, is_by_progress) in (0..30_u64)
        .flat_map(|phase| [0, 1, 3, 6, 9, 15].map(|path| (phase, path)))
        .flat_map(|(phase, path)| [true, false].map(|progress| (phase, path, progress)))
    {
        let mut stage = Stage::new();
        stage.spectator();
        stage.steps(40 + phase);
        let counts = watch_from_afar(&mut stage, phase, path_ticks, is_by_progress);
        assert_eq!(counts[5..], [30; 5], "{phase}, {path_ticks}, {is_by_progress}: {counts:?}");
    }
}

#[test]
fn a_spectator_is_read_now_and_then_and_a_player_in_each_pass() {
    let mut stage = Stage::new();
    let (watching, playing) = (stage.spectator(), stage.player());
    let read = |client: &Client| (0..80).filter(|pass| client.protocol.is_read_in(*pass)).count();
    assert_eq!((read(&watching), read(&playing)), (10, 80));
}
