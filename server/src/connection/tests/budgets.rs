//! How much one client may say: what is taken, what is refused, what ends it.

use shared::limits::{
    INPUTS_PER_SECOND_MAX, INPUTS_PER_TICK_MAX, MESSAGES_REFUSED_MAX, SMALL_MESSAGES_PER_SECOND_MAX,
};

use super::*;

#[test]
fn what_was_held_up_on_the_way_is_no_flood_but_a_flood_is() {
    let mut room = room();
    let mut connection = player(&mut room);
    let input = an_input();
    let held_up = SILENCE_MAX.as_secs() * 30;
    for _ in 0..held_up {
        connection.receive(&mut room, START, &input).expect("it was only held up");
    }
    // And it goes on at its pace.
    for at in 0..held_up {
        let now = START + room.tick_rate().period() * at as u32;
        connection.receive(&mut room, now, &input).expect("it is what a client may send");
    }
    assert_eq!(connection.counters().messages_refused, 0);
    let ends = (0..10_000).find_map(|_| connection.receive(&mut room, START, &input).err());
    assert_eq!(ends, Some(End::TooMuch));
}

/// How many messages of a connection are taken at one moment before it ends.
fn burst(connection: &mut Connection, room: &mut Room<Dots>) -> u64 {
    let before = *connection.counters();
    while connection.receive(room, START, &an_input()).is_ok() {}
    connection.counters().inputs - before.inputs
}

fn an_input() -> Vec<u8> {
    let (tick, seen, rewind) = (Tick(1), Tick(0), Rewind::default());
    bytes(&ClientMessage::Input(Input { tick, seen, rewind, input: &[0; 4] }))
}

#[test]
fn a_flood_of_any_kind_is_refused_politely_first_and_then_ends_with_its_reason() {
    let acks = bytes(&ClientMessage::Ack(Ack { seen: Tick(0) }));
    let pings = bytes(&ClientMessage::Ping(Ping { number: 1 }));
    for (flood, per_second) in [
        (an_input(), INPUTS_PER_TICK_MAX * 30 + INPUTS_PER_SECOND_MAX),
        (acks, SMALL_MESSAGES_PER_SECOND_MAX),
        (pings, SMALL_MESSAGES_PER_SECOND_MAX),
    ] {
        let mut room = room();
        let mut connection = player(&mut room);
        hear(&mut connection, &mut room);
        let budget = u64::from(per_second) * SILENCE_MAX.as_secs();
        let taken = (0..).find(|_| {
            connection.receive(&mut room, START, &flood).expect("it is refused, not ended");
            connection.counters().messages_refused > 0
        });
        assert_eq!(taken, Some(budget));
        assert!(hear(&mut connection, &mut room).ends_with('n'), "it is told");
        let (inputs, hash) = (connection.counters().inputs, room.hash());
        let ends = (0..).find_map(|more| {
            let end = connection.receive(&mut room, START, &flood).err()?;
            Some((more, end))
        });
        assert_eq!(ends, Some((MESSAGES_REFUSED_MAX - 1, End::TooMuch)));
        assert!(!hear(&mut connection, &mut room).contains('n'), "it was told once");
        assert_eq!((connection.counters().inputs, room.hash()), (inputs, hash));
    }
}

#[test]
fn one_that_keeps_within_its_budgets_again_is_forgiven() {
    let mut room = room();
    let mut connection = player(&mut room);
    let mut now = START;
    for _ in 0..10 {
        let refused = connection.counters().messages_refused;
        while connection.counters().messages_refused < refused + 150 {
            connection.receive(&mut room, now, &an_input()).expect("not so often");
        }
        now += SILENCE_MAX;
    }
}

#[test]
fn what_came_while_the_server_stood_still_is_no_flood() {
    let mut room = room();
    let mut connection = player(&mut room);
    burst(&mut connection, &mut room);
    // Time has stood still for the room meanwhile, so none of it has passed.
    connection.forgive_stall(Duration::from_secs(30));
    assert!(burst(&mut connection, &mut room) >= 30 * 32);
}

#[test]
fn a_room_that_always_loses_time_gives_no_leave_to_flood_it() {
    let mut room = room();
    let at_first = burst(&mut player(&mut room), &mut room);
    let mut connection = player(&mut room);
    for _ in 0..36_000 {
        connection.forgive_stall(Duration::from_millis(100));
    }
    let forgiven = burst(&mut connection, &mut room);
    assert!(forgiven <= 5 * at_first, "{forgiven}, and {at_first} without");
}

#[test]
fn a_flooder_is_not_forgiven_for_the_kinds_that_it_says_little_of() {
    let mut room = room();
    let mut connection = player(&mut room);
    let ping = bytes(&ClientMessage::Ping(Ping { number: 1 }));
    let ends = (0..100).find_map(|second| {
        let now = START + SECOND * second;
        connection.receive(&mut room, now, &ping).expect("one a second");
        (0..200).find_map(|_| connection.receive(&mut room, now, &an_input()).err())
    });
    assert_eq!(ends, Some(End::TooMuch));
}
