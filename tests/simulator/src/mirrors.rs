//! What is checked at every snapshot: both ends know the same, and no more than they may.

use std::collections::VecDeque;

use tickwire_game::client::Client;
use tickwire_game::game::Game;
use tickwire_game::ids::PlayerId;
use tickwire_game::protocol::WIRE;
use tickwire_game::protocol::snapshot::Mirror;
use tickwire_game::scene::{Scene, View};
use tickwire_game::tick::Tick;
use tickwire_host::room::Room;

use crate::claims::Violation;
use crate::report::{CAUSES_OF_CORRECTIONS, differences};

/// A player's two ends of the stream know the same.
pub(crate) fn check_mirror<G: Game>(client: &Client<G>, server: &Mirror) -> Result<(), Violation> {
    let mirror = client.decoder().expect("it plays").mirror();
    // No `assert_eq`: mirrors are too long to be looked at.
    if *mirror == *server {
        return Ok(());
    }
    let tick = server.tick();
    if mirror.own() != server.own() {
        let [own, servers] = [mirror.own(), server.own()].map(own_of::<G>);
        let found = differences(("client", &own), ("server", &servers));
        return Err(format!(
            "a client's own state is not the one that the server believes it to have, at {tick:?}: \
             `Game::advance` did something else there than on the server.\n{found}\n\
             {CAUSES_OF_CORRECTIONS}"
        ));
    }
    assert_eq!(mirror.tick(), tick, "the tick of a snapshot");
    assert_eq!(mirror.rows(), server.rows(), "the rows that a client knows, at {tick:?}");
    Err(format!("the mirrors of the two ends differ at {tick:?}"))
}

/// The own state in a mirror.
pub(crate) fn own_of<G: Game>(bytes: Option<&[u8]>) -> Option<G::Own> {
    Some(bincode::serde::decode_from_slice(bytes?, WIRE).ok()?.0)
}

/// What a spectator knows is the whole scene of its tick, and the events that it was sent are those
/// of that tick.
pub(crate) fn check_scene<G: Game>(client: &Client<G>, scenes: &VecDeque<Scene>) -> Tick {
    let decoder = client.decoder().expect("it watches");
    let tick = decoder.mirror().tick().expect("a snapshot came");
    let first = scenes.front().expect("somebody watches").tick();
    let scene = &scenes[usize::try_from(tick.since(first)).expect("its scene is kept")];
    assert_eq!(scene.tick(), tick);
    assert_eq!(decoder.mirror().rows(), scene.rows(), "not the scene of {tick:?}");
    let sent = decoder.events();
    let events = scene.events().iter().map(|event| (tick, event));
    assert!(sent.eq(events), "not the events of {tick:?}");
    tick
}

/// No player is sent what lies outside its interest: what it knows is exactly what the plain
/// rule, without grid or encoder, allows it to know.
pub(crate) fn check_interest<G: Game>(room: &Room<G>, player: Option<PlayerId>, mirror: &Mirror) {
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
