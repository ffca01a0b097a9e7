//! What the page is told of any game, in JSON: how far the client is, what rows mean, who is in
//! the room. What is told of the one game that is played stands in `played`.
//!
//! Called by `page_client`. The page's side of it is the types in `page/wasm.js`.

use shared::client::{Client, ClientError, Names, Stage};
use shared::game::Game;
use shared::protocol::Refusal;
use shared::scene::{Kind, Rows, Schema};
use shared::tick::TickRate;

use crate::json::Json;

pub(crate) fn state<G: Game>(
    json: &mut Json,
    stage: u32,
    client: Option<&Client<G>>,
    fault: Option<&ClientError>,
) {
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
    let numbers = [
        ("stage", f64::from(stage)),
        ("tick_rate_hz", client.and_then(Client::tick_rate).map_or(0, TickRate::hz).into()),
        ("tick", client.and_then(Client::tick).unwrap_or_default().0.into()),
        ("rtt_ms", rtt.as_secs_f64() * 1e3),
        ("snapshots", counters.snapshots as f64),
        ("bytes", counters.bytes as f64),
        ("snapshot_bytes", counters.snapshot_bytes as f64),
        ("late_inputs", counters.late_inputs as f64),
        ("corrections", client.map_or(0, Client::corrections) as f64),
        ("entities", client.and_then(Client::rows).map_or(0, Rows::len) as f64),
    ];
    json.object(|json| {
        for (name, value) in numbers {
            json.key(name).number(value);
        }
        json.key("reason").text(&reason);
        let stale = matches!(refusal, Some(Refusal::Protocol { .. } | Refusal::Rules { .. }));
        json.key("stale").flag(stale);
        json.key("last").flag(matches!(refusal, Some(Refusal::Game | Refusal::RoomName)));
        match client.and_then(Client::room) {
            Some(room) => json.key("room").text(room),
            None => json.key("room").null(),
        }
        match client.and_then(Client::player) {
            Some(player) => json.key("player").number(player.0.into()),
            None => json.key("player").null(),
        }
    });
}

pub(crate) fn schema(json: &mut Json, schema: &Schema) {
    json.object(|json| {
        for (name, list) in [("entities", &schema.entities), ("events", &schema.events)] {
            json.key(name).list(|json| {
                for each in list {
                    kind(json, each);
                }
            });
        }
    });
}

fn kind(json: &mut Json, kind: &Kind) {
    json.object(|json| {
        json.key("name").text(&kind.name);
        json.key("fields").list(|json| {
            for field in &kind.fields {
                json.text(&field.name);
            }
        });
    });
}

pub(crate) fn roster(json: &mut Json, names: &Names) {
    json.list(|json| {
        for (id, player) in names.iter() {
            json.object(|json| {
                json.key("player").number(id.0.into());
                json.key("name").text(&player.name);
                json.key("score").number(player.score.into());
                json.key("team").number(player.team.into());
                json.key("bot").flag(player.bot);
            });
        }
    });
}
