//! What the page is told as JSON: how far the client is, what rows mean, who is in the room.
//! Nothing here is asked for at every frame but the state, which is small.

use serde::Serialize;
use shared::client::{Client, ClientError, Names, Stage};
use shared::game::Game;
use shared::protocol::Refusal;
use shared::scene;

#[derive(Serialize)]
pub(crate) struct State<'a> {
    stage: u32,
    /// Why it is not in a room, for people; empty while it is.
    reason: String,
    /// Whether the server runs other code than this page.
    stale: bool,
    /// Whether the refusal or the end is for good: trying again would not help.
    last: bool,
    room: Option<&'a str>,
    player: Option<u16>,
    tick_rate_hz: u16,
    tick: u32,
    rtt_ms: f64,
    snapshots: u64,
    bytes: u64,
    snapshot_bytes: usize,
    late_inputs: u64,
    corrections: u64,
    entities: usize,
}

pub(crate) fn state<'a, G: Game>(
    stage: u32,
    client: Option<&'a Client<G>>,
    fault: Option<&ClientError>,
) -> State<'a> {
    let reached = client.map(Client::stage);
    let counters = client.map(Client::counters).unwrap_or_default();
    let refusal = match reached {
        Some(Stage::Refused(refusal)) => Some(refusal),
        _ => None,
    };
    let reason = match (fault, reached) {
        (Some(fault), _) => fault.to_string(),
        (None, Some(Stage::Refused(refusal))) => refusal.to_string(),
        (None, Some(Stage::Ended(end))) => end.to_string(),
        _ => String::new(),
    };
    let rtt = client.and_then(Client::round_trip).unwrap_or_default();
    State {
        stage,
        reason,
        stale: matches!(refusal, Some(Refusal::Protocol { .. } | Refusal::Rules { .. })),
        last: matches!(refusal, Some(Refusal::Game | Refusal::RoomName)),
        room: client.and_then(Client::room),
        player: client.and_then(Client::player).map(|player| player.0),
        tick_rate_hz: client.and_then(Client::tick_rate).map_or(0, shared::tick::TickRate::hz),
        tick: client.and_then(Client::tick).unwrap_or_default().0,
        rtt_ms: rtt.as_secs_f64() * 1e3,
        snapshots: counters.snapshots,
        bytes: counters.bytes,
        snapshot_bytes: counters.snapshot_bytes,
        late_inputs: counters.late_inputs,
        corrections: client.map_or(0, Client::corrections),
        entities: client.and_then(Client::rows).map_or(0, scene::Rows::len),
    }
}

#[derive(Serialize)]
pub(crate) struct Schema<'a> {
    entities: Vec<Kind<'a>>,
    events: Vec<Kind<'a>>,
}

#[derive(Serialize)]
struct Kind<'a> {
    name: &'a str,
    fields: Vec<&'a str>,
}

pub(crate) fn schema(schema: &scene::Schema) -> Schema<'_> {
    Schema { entities: kinds(&schema.entities), events: kinds(&schema.events) }
}

fn kinds(kinds: &[scene::Kind]) -> Vec<Kind<'_>> {
    let kinds = kinds.iter().map(|kind| Kind {
        name: &kind.name,
        fields: kind.fields.iter().map(|field| field.name.as_str()).collect(),
    });
    kinds.collect()
}

#[derive(Serialize)]
pub(crate) struct Player<'a> {
    player: u16,
    name: &'a str,
    score: i32,
    team: u8,
    bot: bool,
}

pub(crate) fn roster(names: &Names) -> Vec<Player<'_>> {
    let players = names.iter().map(|(id, player)| Player {
        player: id.0,
        name: &player.name,
        score: player.score,
        team: player.team,
        bot: player.bot,
    });
    players.collect()
}
