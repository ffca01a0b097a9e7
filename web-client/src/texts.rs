//! The JSON that a page gets in any game: how far the client is, what rows mean, who is in the
//! room. What it gets of its own game is a `value`.
//!
//! Called by `page_client`, whose side in JavaScript is `build/kit/core.js`.

use tickwire_game::client::{Client, ClientError, Names, Stage};
use tickwire_game::game::Game;
use tickwire_game::protocol::{DisconnectReason, JoinError};
use tickwire_game::scene::{Axis, Field, Kind, Predict, Rows, Schema};
use tickwire_game::tick::TickRate;

use crate::json::Json;

pub(crate) fn state<G: Game>(
    json: &mut Json,
    stage: u32,
    client: Option<&Client<G>>,
    fault: Option<&ClientError>,
    extrapolated_percent: f64,
) {
    let reached = client.map(Client::stage);
    let counters = client.map(Client::counters).unwrap_or_default();
    let refusal = match &reached {
        Some(Stage::Refused(refusal)) => Some(refusal),
        _ => None,
    };
    let reason = match (fault, &reached) {
        (Some(fault), _) => fault.to_string(),
        (None, Some(Stage::Refused(refusal))) => refusal.to_string(),
        (None, Some(Stage::Ended(end))) => end.to_string(),
        _ => String::new(),
    };
    let rtt = client.and_then(Client::round_trip).unwrap_or_default();
    let grace = client.and_then(Client::grace).unwrap_or_default();
    let numbers = [
        ("stage", f64::from(stage)),
        ("tick_rate_hz", client.and_then(Client::tick_rate).map_or(0, TickRate::hz).into()),
        ("delay_ticks", client.map_or(0, Client::delay_ticks).into()),
        ("time_scale", client.map_or(1.0, Client::time_scale)),
        ("tick", client.and_then(Client::tick).unwrap_or_default().0.into()),
        ("rtt_ms", rtt.as_secs_f64() * 1e3),
        ("snapshots", counters.snapshots as f64),
        ("bytes", counters.bytes as f64),
        ("snapshot_bytes", counters.snapshot_bytes as f64),
        ("late_inputs", counters.late_inputs as f64),
        ("corrections", client.map_or(0, Client::corrections) as f64),
        ("extrapolated_percent", extrapolated_percent),
        ("entities", client.and_then(Client::rows).map_or(0, Rows::len) as f64),
        ("grace_s", grace.as_secs_f64()),
    ];
    json.object(|json| {
        for (name, value) in numbers {
            json.key(name).number(value);
        }
        json.key("resumed").flag(client.is_some_and(Client::is_resumed));
        json.key("reason").text(&reason);
        let stale = matches!(refusal, Some(JoinError::Protocol { .. } | JoinError::Rules { .. }));
        json.key("stale").flag(stale);
        json.key("last").flag(refusal.is_some_and(is_lasting));
        json.key("idle").flag(matches!(reached, Some(Stage::Ended(DisconnectReason::Idle))));
        for (name, end) in
            [("closed", DisconnectReason::Closing), ("replaced", DisconnectReason::Replaced)]
        {
            json.key(name).flag(reached == Some(Stage::Ended(end)));
        }
        json.key("not_resumable").flag(matches!(refusal, Some(JoinError::NotResumable)));
        match client.and_then(Client::room) {
            Some(room) => json.key("room").text(room),
            None => json.key("room").null(),
        }
        match client.and_then(Client::player) {
            Some(player) => json.key("player").number(player.0.into()),
            None => json.key("player").null(),
        }
        match margin_ms(client) {
            Some(margin) => json.key("margin_ms").number(margin),
            None => json.key("margin_ms").null(),
        }
    });
}

/// How early the newest input was, to within a tick; `None` for spectators.
fn margin_ms<G: Game>(client: Option<&Client<G>>) -> Option<f64> {
    let (margin_ticks, tick_rate) =
        client.and_then(Client::margin_ticks).zip(client?.tick_rate())?;
    Some(f64::from(margin_ticks) * tick_rate.period().as_secs_f64() * 1e3)
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

/// The page of the board that is open; nothing when none is.
pub(crate) fn board(json: &mut Json, names: &Names) {
    let Some(page) = names.page() else { return };
    json.object(|json| {
        json.key("first").number(page.first.into());
        json.key("total").number(page.total.into());
        match page.own {
            Some(own) => json.key("own").number(own.into()),
            None => json.key("own").null(),
        }
        json.key("players").list(|json| {
            for player in &page.players {
                json.number(player.0.into());
            }
        });
    });
}

/// The schema with all that is known of each field. It must have been checked: fields and kinds
/// refer to each other by index, and are named in the JSON.
pub(crate) fn whole_schema(json: &mut Json, schema: &Schema) {
    json.object(|json| {
        for (name, list) in [("entities", &schema.entities), ("events", &schema.events)] {
            json.key(name).list(|json| {
                for kind in list {
                    whole_kind(json, kind, &schema.entities);
                }
            });
        }
    });
}

fn whole_kind(json: &mut Json, kind: &Kind, entities: &[Kind]) {
    // The kind in which a row begins, where a field has an origin.
    let origin_kind = kind.named().map(|(_, named)| &entities[usize::from(named.kind)]);
    json.object(|json| {
        json.key("name").text(&kind.name);
        json.key("fields").list(|json| {
            for field in &kind.fields {
                json.object(|json| {
                    ranges(json, field);
                    json.key("predict").object(|json| predict(json, field.predict, kind));
                    match field.names {
                        Some(names) => json.key("names").object(|json| {
                            let named = &entities[usize::from(names.kind)];
                            json.key("kind").text(&named.name);
                            json.key("field").text(name_in(named, names.field));
                        }),
                        None => json.key("names").null(),
                    }
                    match (field.origin, origin_kind) {
                        (Some(origin), Some(kind)) => {
                            json.key("origin").text(name_in(kind, origin));
                        }
                        _ => json.key("origin").null(),
                    }
                });
            }
        });
        match kind.place {
            Some(place) => json.key("place").list(|json| {
                for field in place {
                    json.text(name_in(kind, field));
                }
            }),
            None => json.key("place").null(),
        }
    });
}

fn name_in(kind: &Kind, field: u8) -> &str {
    &kind.fields[usize::from(field)].name
}

fn ranges(json: &mut Json, field: &Field) {
    json.key("name").text(&field.name);
    json.key("unit").text(&field.unit);
    for (name, value) in
        [("min", field.min.into()), ("max", field.max.into()), ("scale", field.scale)]
    {
        json.key(name).number(value);
    }
    json.key("wraps").flag(field.wraps);
}

fn predict(json: &mut Json, predict: Predict, kind: &Kind) {
    let how = match predict {
        Predict::Hold => "hold",
        Predict::LinearFromLastTwo => "linear-from-last-two",
        Predict::LinearBy { .. } => "linear-by",
        Predict::Approach { .. } => "approach",
        Predict::Along { .. } => "along",
    };
    json.key("how").text(how);
    match predict {
        Predict::Hold | Predict::LinearFromLastTwo => {}
        Predict::LinearBy { field } => json.key("field").text(name_in(kind, field)),
        Predict::Approach { field, per_second } => {
            json.key("field").text(name_in(kind, field));
            json.key("perSecond").number(per_second);
        }
        Predict::Along { angle, per_second, axis } => {
            json.key("field").text(name_in(kind, angle));
            json.key("perSecond").number(per_second);
            json.key("axis").text(match axis {
                Axis::X => "x",
                Axis::Y => "y",
            });
        }
    }
}

/// Whether coming back, as the client is, would be in vain: nothing passes by itself.
fn is_lasting(refusal: &JoinError) -> bool {
    match refusal {
        JoinError::Game
        | JoinError::RoomName
        | JoinError::TicketRequired
        | JoinError::TicketInvalid
        | JoinError::TicketExpired
        | JoinError::SettingsTooLong
        | JoinError::SettingsWithoutRoom
        | JoinError::SettingsUnreadable(_)
        | JoinError::SettingNotAllowed(_)
        | JoinError::SettingInvalid(_)
        | JoinError::SettingsRefused(_) => true,
        JoinError::Protocol { .. }
        | JoinError::Rules { .. }
        | JoinError::RoomFull
        | JoinError::ServerFull
        | JoinError::Closing
        | JoinError::Overloaded
        | JoinError::RoomsBuilding
        | JoinError::RoomsMax
        | JoinError::OwnRoomsMax
        | JoinError::OwnRoomsRate
        // Without its token it joins anew.
        | JoinError::NotResumable
        | JoinError::RoomFails => false,
    }
}
