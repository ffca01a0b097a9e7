//! What strangers write is taken, or refused in words that help; whatever it is.

use proptest::prelude::*;
use test_games::stones::{BREAK_LEVEL_BYTES, LEVEL_BYTES_MAX, Settings, Stone, Stones};
use test_games::tiny::Tiny;
use tickwire_game::limits::REFUSAL_TEXT_MAX_BYTES;

use super::*;

/// Those of a server whose own settings are not the usual ones.
fn stones() -> GuestSettings<Settings> {
    let stone = Stone { x: 1.5, y: 0.0, audience: None };
    let own = Settings { stones: vec![stone], own_bytes: 3, ..Settings::default() };
    GuestSettings::new::<Stones>(own).expect("they are sound")
}

fn text_of(refusal: &JoinError) -> String {
    let text = refusal.to_string();
    assert!(text.len() <= REFUSAL_TEXT_MAX_BYTES + 64 && !text.contains('\n'), "{text}");
    text
}

#[test]
fn what_is_chosen_takes_the_place_of_the_servers_own_and_the_rest_stays() {
    let chosen = stones().choose(r#" {"level_bytes": 70} "#).expect("it may");
    assert_eq!((chosen.level_bytes, chosen.own_bytes, chosen.stones.len()), (70, 3, 1));
    let chosen = stones().choose(r#"{"own_bytes":0,"level_bytes":1}"#).expect("it may");
    assert_eq!((chosen.level_bytes, chosen.own_bytes, chosen.stones.len()), (1, 0, 1));
    let own = stones().choose("{}").expect("nothing is chosen");
    assert_eq!((own.level_bytes, own.own_bytes, own.stones.len()), (0, 3, 1));
}

#[test]
fn what_is_not_for_guests_to_choose_is_refused_by_its_name() {
    for name in ["stones", "gravity", "no_world_of_seed", "", "__proto__"] {
        let refusal =
            stones().choose(&format!(r#"{{"level_bytes": 1, "{name}": []}}"#)).unwrap_err();
        assert!(matches!(refusal, JoinError::SettingNotAllowed(_)), "{refusal:?}");
        let text = text_of(&refusal);
        assert!(text.contains(&format!("not {name:?}")) && text.contains("level_bytes, own_bytes"));
    }
    let long = format!(r#"{{"{}": 1}}"#, "\\u001b".repeat(80));
    assert!(text_of(&stones().choose(&long).unwrap_err()).contains("level_bytes, own_bytes"));
}

#[test]
fn a_value_of_a_wrong_type_is_refused_with_the_setting_that_has_it() {
    for value in ["\"7\"", "-1", "7.5", "null", "[]", "{}", "1e40", "99999999999999999999999"] {
        let text = format!(r#"{{"own_bytes": 1, "level_bytes": {value}}}"#);
        let refusal = stones().choose(&text).unwrap_err();
        assert!(matches!(refusal, JoinError::SettingInvalid(_)), "{refusal:?}");
        assert!(text_of(&refusal).starts_with("level_bytes: invalid "), "{refusal}");
    }
}

#[test]
fn a_text_that_is_no_object_is_refused() {
    let deep =
        [format!("{{\"own_bytes\":{}", "[".repeat(400)), "[".repeat(512), "{\"a\":".repeat(99)];
    let texts = [
        "",
        " ",
        "null",
        "[]",
        "7",
        "\"x\"",
        "{",
        "{}{}",
        "{\"own_bytes\":1,}",
        "\u{0}",
        "{'a':1}",
    ];
    for text in texts.into_iter().chain(deep.iter().map(String::as_str)) {
        let refusal = stones().choose(text).unwrap_err();
        assert!(matches!(refusal, JoinError::SettingsUnreadable(_)), "{text}: {refusal:?}");
        text_of(&refusal);
    }
    let padded = |length: usize| format!("{{{}}}", " ".repeat(length - 2));
    assert!(stones().choose(&padded(ROOM_SETTINGS_MAX_BYTES)).is_ok());
    let refusal = stones().choose(&padded(ROOM_SETTINGS_MAX_BYTES + 1)).unwrap_err();
    assert_eq!(refusal, JoinError::SettingsTooLong);
}

#[test]
fn what_the_game_does_not_take_is_refused_in_its_own_words() {
    let choose = |bytes: usize| stones().choose(&format!(r#"{{"level_bytes": {bytes}}}"#));
    assert!(choose(LEVEL_BYTES_MAX).is_ok());
    assert_eq!(text_of(&choose(LEVEL_BYTES_MAX + 1).unwrap_err()), "level_bytes is at most 10000");
    // One that panics at them ends nothing.
    let refusal = choose(BREAK_LEVEL_BYTES).unwrap_err();
    assert!(matches!(refusal, JoinError::SettingsRefused(_)), "{refusal:?}");
}

#[test]
fn in_a_game_that_says_nothing_of_it_nothing_can_be_chosen() {
    let tiny = GuestSettings::new::<Tiny>(()).expect("there are none");
    assert_eq!(tiny.choose("{}"), Ok(()));
    let refusal = tiny.choose(r#"{"teams": true}"#).unwrap_err();
    assert!(text_of(&refusal).contains("not for guests"), "{refusal}");
}

#[test]
fn a_game_whose_guest_settings_cannot_be_chosen_is_refused_at_start() {
    let of = |own, allowed| GuestSettings::of(own, allowed, |_| Ok(())).err();
    let own = Settings::default();
    assert_eq!(of(own.clone(), &["stones", "stone"]), Some(RoomError::GuestSetting("stone")));
    assert_eq!(of(own, &["stones"]), None);
    let of = |own: f32| GuestSettings::of(own, &["x"], |_| Ok(())).err();
    assert!(matches!(of(1.0), Some(RoomError::SettingsInJson(_))), "a number has no fields");
    #[derive(Clone, serde::Serialize, serde::Deserialize)]
    struct Endless {
        x: f32,
    }
    let endless = GuestSettings::of(Endless { x: f32::INFINITY }, &["x"], |_| Ok(()));
    let error = endless.expect_err("JSON has no such number");
    assert!(matches!(error, RoomError::SettingsInJson(_)), "{error}");
}

/// Texts that are nearly what they should be.
fn near_miss() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        "[0-9eE.+-]{1,12}",
        r#""[^"]{0,12}""#,
        "[\\[\\]{}:,\"]{0,200}",
        Just("true".to_owned()),
        (0..20_000_u32).prop_map(|number| number.to_string()),
    ];
    let name =
        prop_oneof![Just("level_bytes".to_owned()), Just("own_bytes".to_owned()), "[a-z_]{0,9}"];
    prop::collection::vec((name, value), 0..6).prop_map(|fields| {
        let fields: Vec<String> =
            fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", fields.join(","))
    })
}

proptest! {
    #[test]
    fn any_text_is_taken_or_refused(text in prop_oneof![any::<String>(), "\\PC{0,600}", near_miss()]) {
        match stones().choose(&text) {
            Ok(settings) => {
                prop_assert!(text.len() <= ROOM_SETTINGS_MAX_BYTES);
                prop_assert_eq!(Stones::check_settings(&settings), Ok(()));
                prop_assert_eq!(settings.stones.len(), 1);
            }
            Err(refusal) => {
                text_of(&refusal);
            }
        }
    }
}

#[test]
fn an_operator_gives_what_is_not_as_usual_and_hears_of_what_is_none() {
    let given: Settings = operator_settings(r#"{"own_bytes": 7}"#).expect("one of them");
    assert_eq!((given.own_bytes, given.level_bytes), (7, 0));
    let of = |text| operator_settings::<Settings>(text).unwrap_err();
    assert_eq!(
        of(r#"{"own_bytes": 7, "own_byte": 8}"#),
        "own_byte: there is no such setting, only level_bytes, own_bytes, stones"
    );
    assert!(of(r#"{"own_bytes": "7", "level_bytes": 1}"#).starts_with("own_bytes: invalid type"));
    assert!(of("[1]").contains("invalid") && of("{").contains("EOF"));
    assert!(operator_settings::<()>("null").is_ok() && operator_settings::<()>("{}").is_err());
}

#[test]
fn defaults_that_do_not_come_back_from_json_are_not_merged_with() {
    #[derive(Debug, Serialize, serde::Deserialize)]
    struct Endless {
        limit: f32,
        rounds: u8,
    }
    impl Default for Endless {
        fn default() -> Endless {
            Endless { limit: f32::INFINITY, rounds: 3 }
        }
    }
    let given = operator_settings::<Endless>(r#"{"limit": 1.5, "rounds": 2}"#).expect("all of it");
    assert_eq!((given.limit, given.rounds), (1.5, 2));
    let missing = operator_settings::<Endless>(r#"{"rounds": 2}"#).unwrap_err();
    assert!(missing.contains("missing field `limit`"), "{missing}");
}
