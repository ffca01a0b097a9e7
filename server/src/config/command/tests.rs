//! Programs with names, prefixes and defaults of their own.

use std::time::Duration;

use clap::Parser;
use tickwire_game::game::{Skill, Skills};

use super::*;
use crate::config::{EmptyRooms, Guests, NoOrigin, OverloadJoins};

fn settings(defaults: Config) -> Settings {
    Settings { page: Page::none("my-tag.io", "3.1.4"), defaults }
}

fn parsed(
    settings: &Settings,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Result<Config, String> {
    let all = ["program"].iter().chain(arguments).map(OsString::from);
    let environment = |name: &str| {
        let found = variables.iter().find(|(other, _)| *other == name);
        found.map(|(_, value)| OsString::from(value))
    };
    settings.parse(all, environment).map_err(|error| error.to_string())
}

/// Something else than the default for every setting that has a text.
fn everything() -> Config {
    let arguments = [
        "--listen=[::1]:8000",
        "--tick-rate=60",
        "--room-size=16",
        "--fill=3",
        "--bot-skill=hard",
        "--seed=7",
        "--snapshot-max-bytes=1000",
        "--spectator-delay=1500ms",
        "--rewind-max=1s",
        "--catch-up-steps=2",
        "--min-time-scale=0.125",
        "--overload-joins=allow",
        "--idle-after=0",
        "--settings={\"a\": [1, 2]}",
        "--record-scenes=a.scenes",
        "--web-dir=a folder",
        "--rooms-max=3",
        "--connections-max=4",
        "--shards=5",
        "--empty-room-seconds=6",
        "--empty-rooms=run",
        "--grace=7s",
        "--drain=500ms",
        "--drain-rooms=end",
        "--allow-origin=https://a.example,null",
        "--no-origin=refuse",
        "--frame-ancestors=https://*.portal.example,self",
        "--public-url=https://a.example/game/",
        "--address-connections-max=7",
        "--address-connects-per-second=8",
        "--address-http-connections-max=9",
        "--address-requests-per-second=10",
        "--address-rooms-max=11",
        "--address-rooms-per-minute=12",
        "--uncapped=none",
        "--trusted-proxy=10.0.0.0/8,192.168.0.1",
        "--admin-listen=127.0.0.1:1",
        "--admin-host=a,b",
        "--memory-max=3MiB",
        "--tls-cert=cert",
        "--tls-key=key",
        "--ticket-key=file",
        "--guests=refuse",
    ];
    Config::try_parse_from(["tickwire"].into_iter().chain(arguments)).expect("these are allowed")
}

#[test]
fn the_defaults_of_a_program_are_what_it_runs_with_whichever_they_are() {
    let framed = everything();
    let mut own_policy = Config::default();
    own_policy.edge.content_security_policy =
        Some("default-src *; img-src a, b".parse().expect("one"));
    for defaults in [Config::default(), framed, own_policy] {
        assert_eq!(parsed(&settings(defaults.clone()), &[], &[]), Ok(defaults));
    }
    let usual = Config::default();
    let changed = everything();
    for ((id, texts), (_, usual)) in texts(&changed).into_iter().zip(texts(&usual)) {
        assert!(texts != usual || id == "content_security_policy", "{id} was not tried");
    }
}

#[test]
fn defaults_give_way_to_the_environment_and_that_to_the_command_line() {
    let defaults = Config { fill: 4, room_size: 16, tick_rate: 60, ..Config::default() };
    let settings = settings(defaults.clone());
    let variables =
        [("MY_TAG_IO_FILL", "5"), ("MY_TAG_IO_ROOM_SIZE", "32"), ("TICKWIRE_FILL", "9")];
    let config = parsed(&settings, &["--fill=6"], &variables);
    assert_eq!(config, Ok(Config { fill: 6, room_size: 32, ..defaults }));
}

#[test]
fn help_and_errors_name_the_program_its_variables_and_its_defaults() {
    let defaults = Config {
        tick_rate: 61,
        spectator_delay: Duration::from_millis(1_750),
        bot_skill: Skills::All(Skill::Hard),
        settings: Some("{\"walls\": 3}".to_owned()),
        ..Config::default()
    };
    let settings = settings(defaults);
    for flag in ["--help", "-h"] {
        let help = parsed(&settings, &[flag], &[]).expect_err("it is no server");
        for said in [
            "MY_TAG_IO_LISTEN",
            "MY_TAG_IO_TICKET_KEY",
            "my-tag.io",
            "[default: 61]",
            "[default: 1750ms]",
            "[default: hard]",
            "walls",
        ] {
            assert!(help.contains(said), "{said}: {help}");
        }
        assert!(!help.contains("TICKWIRE"), "{help}");
    }
    assert_eq!(parsed(&settings, &["--version"], &[]), Err("my-tag.io 3.1.4\n".to_owned()));
    let error = parsed(&settings, &[], &[("MY_TAG_IO_FILL", "x")]).expect_err("no number");
    assert!(error.contains("MY_TAG_IO_FILL"), "{error}");
    let two = ["--content-security-policy=img-src *", "--frame-ancestors=self"];
    assert!(parsed(&settings, &two, &[]).expect_err("both").contains("cannot be used with"));
}

#[test]
fn the_ticket_key_is_in_the_variable_of_the_program_and_switches_stay_on() {
    let mut defaults = Config { echo: true, ..Config::default() };
    let settings = settings(defaults.clone());
    let secret = "0123456789abcdef0123456789abcdef";
    let config = parsed(&settings, &[], &[("MY_TAG_IO_TICKET_KEY", secret)]);
    defaults.tickets.ticket_key_text = Some(KeyText::new(secret.to_owned()));
    assert_eq!(config, Ok(defaults.clone()));
    assert_ne!(parsed(&settings, &[], &[("TICKWIRE_TICKET_KEY", secret)]), Ok(defaults));
}

#[test]
fn every_word_of_a_setting_can_be_a_default() {
    assert_eq!(word(&EmptyRooms::Run), ["run"]);
    assert_eq!(word(&NoOrigin::Refuse), ["refuse"]);
    assert_eq!(word(&OverloadJoins::Allow), ["allow"]);
    assert_eq!(word(&Guests::Allow), ["allow"]);
}
