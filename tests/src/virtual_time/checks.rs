//! What is checked at every snapshot: both ends know the same, and no more than they may.

use std::collections::VecDeque;

use tickwire_game::game::Game;
use tickwire_game::ids::PlayerId;
use tickwire_game::protocol::snapshot::Mirror;
use tickwire_game::scene::{Scene, View};
use tickwire_game::tick::Tick;
use tickwire_host::room::Room;

use super::Seat;

/// A player's two ends of the stream know the same.
pub(super) fn check_mirror<G: Game>(seat: &mut Seat<G>) -> Tick {
    let server = seat.mirrors.pop_front().expect("it was written before it came");
    let client = seat.client.decoder().expect("it plays").mirror();
    // Not `assert_eq`: mirrors are too long to be looked at.
    assert_eq!(client.tick(), server.tick());
    assert_eq!(client.own(), server.own());
    assert_eq!(client.rows(), server.rows());
    assert!(*client == server, "the mirrors of the two ends differ at {:?}", client.tick());
    client.tick().expect("a snapshot came")
}

/// What a spectator knows is the whole scene of its tick, and what it was told has happened is
/// what happened in that tick.
pub(super) fn check_scene<G: Game>(seat: &Seat<G>, scenes: &VecDeque<Scene>) -> Tick {
    let decoder = seat.client.decoder().expect("it watches");
    let tick = decoder.mirror().tick().expect("a snapshot came");
    let first = scenes.front().expect("somebody watches").tick();
    let scene = &scenes[usize::try_from(tick.since(first)).expect("its scene is kept")];
    assert_eq!(scene.tick(), tick);
    assert_eq!(decoder.mirror().rows(), scene.rows(), "not the scene of {tick:?}");
    let told = decoder.events();
    let events = scene.events().iter().map(|event| (tick, event));
    assert!(told.eq(events), "not the events of {tick:?}");
    tick
}

/// No player is sent what lies outside its interest: what it knows is exactly what the plain
/// rule, without grid or encoder, allows it to know.
pub(super) fn check_interest<G: Game>(room: &Room<G>, player: Option<PlayerId>, mirror: &Mirror) {
    let scene = room.published().scene();
    assert_eq!(mirror.tick(), Some(scene.tick()), "only the newest scene is encoded");
    let view = player.map_or(View::Everything, |player| room.game().view(player));
    let allowed = scene
        .rows()
        .iter()
        .enumerate()
        .filter(|&(index, _)| scene.may_know_row(room.config().schema(), index, player, &view));
    assert!(mirror.rows().iter().eq(allowed.map(|(_, row)| row)), "not what it may know");
}
