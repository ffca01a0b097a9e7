//! How much one client may send: what is taken, what is refused, what ends it.

use super::*;
use crate::limits::{
    INPUTS_PER_SECOND_MAX, INPUTS_PER_TICK_MAX, MESSAGES_REFUSED_MAX, SMALL_MESSAGES_PER_SECOND_MAX,
};

#[test]
fn what_was_held_up_on_the_way_is_no_flood_but_a_flood_is() {
    let mut stage = Stage::new();
    let mut client = stage.player();
    let input = an_input();
    let held_up = SILENCE_MAX.as_secs() * 30;
    for _ in 0..held_up {
        client.receive(&mut stage, START, &input).expect("it was only held up");
    }
    // And it goes on as fast as it may.
    for at in 0..held_up {
        let now = START + stage.period() * at as u32;
        client.receive(&mut stage, now, &input).expect("it is what a client may send");
    }
    assert_eq!(client.counters().messages_refused, 0);
    let ends = (0..10_000).find_map(|_| client.receive(&mut stage, START, &input).err());
    assert_eq!(ends, Some(DisconnectReason::TooMuch));
}

/// How many messages of a client are taken at one moment before it ends.
fn burst(client: &mut Client, stage: &mut Stage) -> u64 {
    let before = *client.counters();
    while client.receive(stage, START, &an_input()).is_ok() {}
    client.counters().inputs - before.inputs
}

fn an_input() -> Vec<u8> {
    let (tick, seen, rewind) = (Tick(1), Tick(0), Rewind::default());
    bytes(&ClientMessage::Input(Input { tick, seen, rewind, input: &[0; 4] }))
}

#[test]
fn a_flood_of_any_kind_is_refused_politely_first_and_then_ends_with_its_reason() {
    for (flood, per_second) in [
        (an_input(), INPUTS_PER_TICK_MAX * 30 + INPUTS_PER_SECOND_MAX),
        (bytes(&ack(0)), 30),
        (bytes(&ping(1)), SMALL_MESSAGES_PER_SECOND_MAX),
    ] {
        let mut stage = Stage::new();
        let mut client = stage.player();
        client.hear(&mut stage);
        let budget = u64::from(per_second) * SILENCE_MAX.as_secs();
        let taken = (0..).find(|_| {
            client.receive(&mut stage, START, &flood).expect("it is refused, not ended");
            client.counters().messages_refused > 0
        });
        assert_eq!(taken, Some(budget));
        assert!(client.hear(&mut stage).ends_with('n'), "it is sent a notice");
        let (inputs, hash) = (client.counters().inputs, stage.room.hash());
        let ends = (0..).find_map(|more| {
            let end = client.receive(&mut stage, START, &flood).err()?;
            Some((more, end))
        });
        assert_eq!(ends, Some((MESSAGES_REFUSED_MAX - 1, DisconnectReason::TooMuch)));
        assert!(!client.hear(&mut stage).contains('n'), "one notice is enough");
        assert_eq!((client.counters().inputs, stage.room.hash()), (inputs, hash));
    }
}

#[test]
fn a_client_that_takes_no_notices_ends_when_one_more_is_due() {
    let mut stage = Stage::new();
    let mut client = stage.player();
    while client.outbox.notify("wait").is_ok() {}
    let ends = (0..10_000).find_map(|_| client.receive(&mut stage, START, &an_input()).err());
    assert_eq!((ends, client.counters().messages_refused), (Some(DisconnectReason::TooSlow), 1));
}

#[test]
fn one_that_keeps_within_its_budgets_again_is_forgiven() {
    let mut stage = Stage::new();
    let mut client = stage.player();
    let mut now = START;
    for _ in 0..10 {
        let refused = client.counters().messages_refused;
        while client.counters().messages_refused < refused + 150 {
            client.receive(&mut stage, now, &an_input()).expect("not so often");
            client.hear(&mut stage);
        }
        now += SILENCE_MAX;
    }
}

#[test]
fn what_came_while_the_server_stood_still_is_no_flood() {
    let mut stage = Stage::new();
    let mut client = stage.player();
    burst(&mut client, &mut stage);
    // Time has stood still for the room meanwhile, so none of it has passed.
    client.protocol.credit_stall(Duration::from_secs(30));
    assert!(burst(&mut client, &mut stage) >= 30 * 32);
}

#[test]
fn a_room_that_always_loses_time_gives_no_leave_to_flood_it() {
    let mut stage = Stage::new();
    let at_first = burst(&mut stage.player(), &mut stage);
    let mut client = stage.player();
    for _ in 0..36_000 {
        client.protocol.credit_stall(Duration::from_millis(100));
    }
    let credited = burst(&mut client, &mut stage);
    assert!(credited <= 5 * at_first, "{credited}, and {at_first} without");
}

#[test]
fn a_flooder_is_not_forgiven_for_the_kinds_that_it_sends_little_of() {
    let mut stage = Stage::new();
    let mut client = stage.player();
    let ends = (0..100).find_map(|second| {
        let now = START + SECOND * second;
        client.receive(&mut stage, now, &bytes(&ping(1))).expect("one a second");
        (0..200).find_map(|_| client.receive(&mut stage, now, &an_input()).err())
    });
    assert_eq!(ends, Some(DisconnectReason::TooMuch));
}
