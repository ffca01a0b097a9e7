//! Encoding needs what was published by shared reference alone, so threads may share it.

use std::thread;

use super::*;
use crate::room::RoomCounters;

const PLAYERS: u16 = 24;
const TICKS: u32 = 60;

/// A client's stream, and all that was written to it.
struct Stream {
    viewer: Viewer<Stones>,
    roster: Option<RosterVersion>,
    /// It is sent each tick whose number this divides.
    every: u32,
    sent: Vec<u8>,
}

fn streams(players: &[PlayerId]) -> Vec<Stream> {
    let viewers = players.iter().map(|player| Some(*player)).chain([None]);
    let streams = viewers.enumerate().map(|(at, player)| Stream {
        viewer: Viewer::new(player, at % 2 == 0),
        roster: None,
        every: [1, 1, 3, 7][at % 4],
        sent: Vec::new(),
    });
    streams.collect()
}

fn write(streams: &mut [Stream], published: &Published<Stones>, scratch: &mut EncodeScratch) {
    let tick = published.tick().0;
    for stream in streams.iter_mut().filter(|stream| tick.is_multiple_of(stream.every)) {
        let roster = published.write_roster(stream.roster, scratch, &mut stream.sent);
        stream.roster = roster.or(stream.roster);
        stream.viewer.write_snapshot(published, scratch, &mut stream.sent);
    }
}

#[test]
fn two_threads_encode_one_tick_to_the_bytes_of_one_thread() {
    let mut room = room(PLAYERS, 2 * PLAYERS);
    let players: Vec<PlayerId> =
        (1..PLAYERS).map(|_| room.join("moth", None).expect("there is space")).collect();
    let (mut by_one, mut by_two) = (streams(&players), streams(&players));
    let half = by_two.len() / 2;
    let mut scratch = EncodeScratch::default();
    let mut scratches: [EncodeScratch; 2] = Default::default();
    for tick in 1..=TICKS {
        for player in &players {
            let at = i32::from(player.0) * 11 + tick as i32 * 5;
            let push = Push { x: (at % 40 - 20) as i8, y: (at % 26 - 13) as i8, pop: at % 9 == 0 };
            press(&mut room, *player, tick, push);
        }
        room.step();
        let published = room.published();
        write(&mut by_one, published, &mut scratch);
        let (first, second) = by_two.split_at_mut(half);
        let [one, other] = &mut scratches;
        thread::scope(|scope| {
            scope.spawn(|| write(first, published, one));
            scope.spawn(|| write(second, published, other));
        });
        for (at, (one, two)) in by_one.iter().zip(&by_two).enumerate() {
            assert!(one.sent == two.sent, "stream {at} differs at {tick}");
        }
    }
    let mut counted = RoomCounters::default();
    scratches.iter().for_each(|scratch| counted += scratch.counters);
    // Each finds for itself what became of a row.
    assert!(counted.rows_stepped >= scratch.counters.rows_stepped);
    counted.rows_stepped = scratch.counters.rows_stepped;
    assert_eq!(counted, scratch.counters, "and they count the same together");
    assert!(by_one.iter().all(|stream| stream.sent.len() > 500), "all of them are sent something");
    assert!(counted.events_sent > 100, "{}", counted.events_sent);
}
