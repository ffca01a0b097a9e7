//! [`GuestSettings`]: what strangers may choose of a room's settings, and whether they can have it;
//! [`operator_settings`]: what the operator has chosen of them.
//!
//! A hello brings a text. If the room that it names is not there, the lobby has the text judged here
//! before it opens that: the server's own settings, with the allowed fields replaced, or a refusal
//! that says what is wrong. The cost is bounded by the text, of at most
//! [`ROOM_SETTINGS_MAX_BYTES`], and `serde_json`
//! nests no deeper than 128 values. It knows no room and no client.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tickwire_game::game::Game;
use tickwire_game::limits::ROOM_SETTINGS_MAX_BYTES;
use tickwire_game::protocol::{JoinError, JoinErrorText};
use tracing::error;

use crate::room::RoomError;

/// So much of a name that is none is said again, in characters.
const NAME_SHOWN_CHARS: usize = 32;

/// Which of the settings `S` a client that opens a room may choose.
pub struct GuestSettings<S> {
    own: S,
    /// The same in JSON; empty if nothing may be chosen.
    fields: Map<String, Value>,
    allowed: &'static [&'static str],
    check: fn(&S) -> Result<(), String>,
}

impl<S> fmt::Debug for GuestSettings<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuestSettings").field("allowed", &self.allowed).finish_non_exhaustive()
    }
}

impl<S: Clone + Serialize + DeserializeOwned> GuestSettings<S> {
    /// What the game `G` lets strangers choose, where the server's own settings are `own`.
    ///
    /// # Errors
    /// A fault of the game: one of [`Game::GUEST_SETTINGS`] is no field of its settings, or these do
    /// not come back from JSON.
    pub fn new<G: Game<Settings = S>>(own: S) -> Result<GuestSettings<S>, RoomError> {
        GuestSettings::of(own, G::GUEST_SETTINGS, G::check_settings)
    }

    fn of(
        own: S,
        allowed: &'static [&'static str],
        check: fn(&S) -> Result<(), String>,
    ) -> Result<GuestSettings<S>, RoomError> {
        if allowed.is_empty() {
            return Ok(GuestSettings { own, fields: Map::new(), allowed, check });
        }
        let not_json = |error: serde_json::Error| RoomError::SettingsInJson(error.to_string());
        let fields: Map<String, Value> =
            serde_json::to_value(&own).and_then(serde_json::from_value).map_err(not_json)?;
        if let Some(missing) = allowed.iter().find(|name| !fields.contains_key(**name)) {
            return Err(RoomError::GuestSetting(missing));
        }
        S::deserialize(&Value::Object(fields.clone())).map_err(not_json)?;
        Ok(GuestSettings { own, fields, allowed, check })
    }

    /// The settings of a room that opens for a client that sent `text`.
    ///
    /// # Errors
    /// Why it cannot have these.
    pub fn choose(&self, text: &str) -> Result<S, JoinError> {
        if text.len() > ROOM_SETTINGS_MAX_BYTES {
            return Err(JoinError::SettingsTooLong);
        }
        let chosen: Map<String, Value> = serde_json::from_str(text).map_err(|error| {
            JoinError::SettingsUnreadable(JoinErrorText::new(&error.to_string()))
        })?;
        if let Some(name) = chosen.keys().find(|name| !self.allowed.contains(&name.as_str())) {
            return Err(JoinError::SettingNotAllowed(self.not_allowed(name)));
        }
        if chosen.is_empty() {
            return Ok(self.own.clone());
        }
        // What strangers send must not end the lobby, whatever a game makes of it.
        let judged = catch_unwind(AssertUnwindSafe(|| {
            let settings = replaced(&self.fields, chosen)
                .map_err(|text| JoinError::SettingInvalid(JoinErrorText::new(&text)))?;
            (self.check)(&settings)
                .map_err(|reason| JoinError::SettingsRefused(JoinErrorText::new(&reason)))?;
            Ok(settings)
        }));
        judged.unwrap_or_else(|_| {
            error!(settings = ?text, "the game panicked at the settings of a room");
            Err(JoinError::SettingsRefused(JoinErrorText::new("the game fails at these settings")))
        })
    }

    fn not_allowed(&self, name: &str) -> JoinErrorText {
        let allowed = self.allowed.join(", ");
        let shown: String = name.chars().take(NAME_SHOWN_CHARS).collect();
        let text = match self.allowed {
            [] => "the settings of rooms are not for guests to choose on this server".to_owned(),
            _ => format!("only {allowed} are for guests to choose on this server, not {shown:?}"),
        };
        JoinErrorText::new(&text)
    }
}

/// The settings that an operator gives as JSON: those fields, of the struct itself, take the place of the
/// game's defaults. Defaults that do not come back from JSON have no place to take: then all is to be given.
///
/// # Errors
/// What is wrong with them, or that a field is none of the game's: none that its defaults have in JSON.
pub fn operator_settings<S>(text: &str) -> Result<S, String>
where
    S: Default + Serialize + DeserializeOwned,
{
    let given: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let default = serde_json::to_value(S::default());
    let default = default.ok().filter(|default| S::deserialize(default).is_ok());
    let (Some(Value::Object(default)), Value::Object(given)) = (default, &given) else {
        return S::deserialize(&given).map_err(|error| error.to_string());
    };
    if let Some(unknown) = given.keys().find(|name| !default.contains_key(*name)) {
        let known: Vec<_> = default.keys().map(String::as_str).collect();
        let known = known.join(", ");
        return Err(format!("{unknown}: there is no such setting, only {known}"));
    }
    replaced(&default, given.clone())
}

/// Settings with these fields in the place of their own; an error names the field.
fn replaced<S: DeserializeOwned>(
    own: &Map<String, Value>,
    chosen: Map<String, Value>,
) -> Result<S, String> {
    let with = |fields: &Map<String, Value>| {
        let mut all = own.clone();
        all.extend(fields.iter().map(|(name, value)| (name.clone(), value.clone())));
        S::deserialize(&Value::Object(all))
    };
    with(&chosen).map_err(|error| {
        // The error does not say where: the field is to blame that alone has one as well.
        let alone = chosen.into_iter().find_map(|(name, value)| {
            let error = with(&Map::from_iter([(name.clone(), value)])).err()?;
            Some(format!("{name}: {error}"))
        });
        alone.unwrap_or_else(|| error.to_string())
    })
}

#[cfg(test)]
mod tests;
