//! Every setting by its variable: empty, blank, padded, wrong; and variables that are no settings.

use clap::{CommandFactory, FromArgMatches};

use super::*;
use crate::Config;

/// What the command line and these variables give.
fn config(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Config, String> {
    let all = ["tickwire"].iter().chain(arguments).map(OsString::from);
    let environment = |name: &str| {
        let found = variables.iter().find(|(other, _)| *other == name);
        found.map(|(_, value)| OsString::from(value))
    };
    let matches = parse(&Config::command(), all, environment).map_err(|error| error.to_string())?;
    Config::from_arg_matches(&matches).map_err(|error| error.to_string())
}

/// Every argument that has a variable, with its flag and the variable.
fn settings() -> Vec<(Arg, String, String)> {
    let command = Config::command();
    let setting = |arg: &Arg| {
        let (flag, name) = (arg.get_long()?.to_owned(), variable(arg)?.to_owned());
        Some((arg.clone(), flag, name))
    };
    let all: Vec<_> = command.get_arguments().filter_map(setting).collect();
    assert!(all.len() > 25, "the settings are found");
    all
}

fn is_switch(arg: &Arg) -> bool {
    !arg.get_action().takes_values()
}

/// A value that this setting takes and that is not its default.
fn sample(flag: &str) -> &'static str {
    match flag {
        "listen" | "admin-listen" => "[::1]:8000",
        "fill" | "seed" | "empty-room-seconds" | "shards" | "catch-up-steps" | "room-size" => "7",
        "bot-skill" => "hard",
        "spectator-delay" | "rewind-max" | "grace" | "drain" => "123ms",
        "min-time-scale" => "0.5",
        "overload-joins" => "allow",
        "empty-rooms" => "run",
        "drain-rooms" => "end",
        "no-origin" | "guests" => "refuse",
        "allow-origin" => "https://a.example,http://b.example:81",
        "uncapped" | "trusted-proxy" => "10.0.0.0/8,::1/128",
        "memory-max" => "3MiB",
        "frame-ancestors" => "https://portal.example,self",
        "public-url" => "https://a.example/game/",
        "content-security-policy" => "default-src 'self'",
        _ => "77",
    }
}

/// Settings that only go together with others.
fn companions(flag: &str) -> &'static [(&'static str, &'static str)] {
    match flag {
        "tls-cert" => &[("TICKWIRE_TLS_KEY", "key")],
        "tls-key" => &[("TICKWIRE_TLS_CERT", "cert")],
        _ => &[],
    }
}

#[test]
fn every_flag_has_the_variable_of_its_name() {
    for arg in Config::command().get_arguments() {
        let flag = arg.get_long().expect("nothing is said by its place");
        // The key itself stands in the variable, not its file.
        if flag == "ticket-key" {
            continue;
        }
        let name = format!("TICKWIRE_{}", flag.replace('-', "_").to_uppercase());
        assert_eq!(variable(arg), Some(&*name), "--{flag}");
    }
}

#[test]
fn an_empty_variable_is_not_set_whichever_it_is() {
    let default = config(&[], &[]).expect("nothing is required");
    for (_, _, name) in settings() {
        for empty in ["", " ", "\t\r\n"] {
            assert_eq!(config(&[], &[(&*name, empty)]).as_ref(), Ok(&default), "{name}");
        }
    }
    let all = settings();
    let all: Vec<_> = all.iter().map(|(_, _, name)| (&**name, "")).collect();
    assert_eq!(config(&[], &all), Ok(default), "all of them at once");
    // The others of a pair, and what excludes it, may stand there empty as well.
    let empty = [("TICKWIRE_TLS_KEY", ""), ("TICKWIRE_TLS_SELF_SIGNED", "")];
    assert!(config(&["--tls-cert=a", "--tls-key=b"], &empty).is_ok());
}

#[test]
fn white_space_around_a_value_is_left_out_whichever_it_is() {
    for (arg, flag, name) in settings().into_iter().filter(|(arg, ..)| !is_switch(arg)) {
        let by_flag = format!("--{flag}={}", sample(&flag));
        let companions = companions(&flag);
        let expected = config(&[&by_flag], companions).expect(&by_flag);
        assert_ne!(Ok(&expected), config(&[], &[]).as_ref(), "{by_flag} is not the default");
        let mut padded = vec![format!(" {}\r\n", sample(&flag))];
        if arg.get_value_delimiter().is_some() {
            padded.push(sample(&flag).replace(',', " , "));
            padded.push(format!(",{} ,, ", sample(&flag)));
        }
        for padded in padded {
            let variables = [companions, &[(&*name, &*padded)]].concat();
            assert_eq!(config(&[], &variables).as_ref(), Ok(&expected), "{name}={padded:?}");
        }
        let own = format!("--{flag}={}", sample(&flag));
        let variables = [companions, &[(&*name, "nonsense")]].concat();
        assert_eq!(config(&[&own], &variables), Ok(expected), "the command line has precedence");
    }
}

#[test]
fn a_switch_is_set_in_every_usual_way() {
    let mut switches = 0;
    for (_, flag, name) in settings().into_iter().filter(|(arg, ..)| is_switch(arg)) {
        let on = config(&[&format!("--{flag}")], &[]);
        let off = config(&[], &[]);
        assert_ne!(on, off);
        for word in ["1", "true", "yes", "on", "TRUE", "Yes", " on\n"] {
            assert_eq!(config(&[], &[(&*name, word)]), on, "{name}={word:?}");
        }
        for word in ["0", "false", "no", "off", "False", "OFF "] {
            assert_eq!(config(&[], &[(&*name, word)]), off, "{name}={word:?}");
        }
        let error = config(&[], &[(&*name, "perhaps")]).expect_err("neither");
        assert!(error.contains(&name) && error.contains("perhaps"), "{error}");
        switches += 1;
    }
    assert!(switches >= 2);
}

#[test]
fn an_error_names_the_variable_that_is_wrong_whichever_it_is() {
    // What takes any text: files, and the game's own settings, which the game parses.
    let free = ["settings", "record-scenes", "web-dir", "tls-cert", "tls-key"];
    for (arg, flag, name) in settings() {
        if is_switch(&arg) || free.contains(&&*flag) {
            continue;
        }
        let error = config(&[], &[(&*name, "~")]).expect_err(&name);
        assert!(error.contains(&name) && error.contains(&flag), "{error}");
        let error = config(&[&format!("--{flag}=~")], &[]).expect_err(&name);
        assert!(error.contains(&format!("--{flag}")), "{error}");
    }
    for variables in [
        &[("TICKWIRE_TLS_CERT", "a")][..],
        &[("TICKWIRE_TLS_CERT", "a"), ("TICKWIRE_TLS_KEY", "b"), ("TICKWIRE_TLS_SELF_SIGNED", "1")],
    ] {
        let error = config(&[], variables).expect_err("they do not go together");
        assert!(error.contains("TICKWIRE_TLS_"), "{error}");
    }
}

#[test]
fn a_variable_that_is_no_setting_is_found_with_the_one_that_was_meant() {
    let unknown = |variables: &[(&str, &str)]| {
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
        super::unknown(&Config::command(), "TICKWIRE_", variables)
            .into_iter()
            .map(|unknown| (unknown.name, unknown.nearest.unwrap_or_default()))
            .collect::<Vec<_>>()
    };
    let pair = |name: &str, nearest: &str| (name.to_owned(), nearest.to_owned());
    let variables = [
        ("TICKWIRE_ROOMSIZE", "4"),
        ("TICKWIRE_ADMIN_LISTENS", "x"),
        ("TICKWIRE_PORT", "7777"),
        ("TICKWIRE_SOMETHING_ELSE", "1"),
        ("TICKWIRE_NOTHING", " "),
        ("TICKWIRE_LISTEN", "127.0.0.1:1"),
        ("TICKWIRE_TICKET_KEY", "x"),
        ("PATH", "/bin"),
    ];
    let expected = [
        pair("TICKWIRE_ADMIN_LISTENS", "TICKWIRE_ADMIN_LISTEN"),
        pair("TICKWIRE_PORT", ""),
        pair("TICKWIRE_ROOMSIZE", "TICKWIRE_ROOM_SIZE"),
        pair("TICKWIRE_SOMETHING_ELSE", ""),
    ];
    assert_eq!(unknown(&variables), expected);
}

#[test]
fn what_kubernetes_sets_for_a_service_is_neither_a_setting_nor_warned_of() {
    for service in ["TICKWIRE", "TICKWIRE_EU", "TICKWIRE_LISTEN", "TICKWIRE_ROOM"] {
        let of_a_service = [
            ("SERVICE_HOST", "10.0.0.7"),
            ("SERVICE_PORT", "7777"),
            ("SERVICE_PORT_GAME", "7777"),
            ("PORT", "tcp://10.0.0.7:7777"),
            ("PORT_7777_TCP", "tcp://10.0.0.7:7777"),
            ("PORT_7777_TCP_PROTO", "tcp"),
            ("PORT_7777_TCP_PORT", "7777"),
            ("PORT_7777_TCP_ADDR", "10.0.0.7"),
        ];
        for (rest, value) in of_a_service {
            let name = format!("{service}_{rest}");
            assert_eq!(
                super::unknown(
                    &Config::command(),
                    "TICKWIRE_",
                    [(name.clone().into(), value.into())]
                ),
                []
            );
            for (_, _, setting) in settings() {
                assert_ne!(setting, name);
            }
        }
    }
}

#[test]
fn distances_count_changes() {
    for (one, other, distance) in
        [("", "ab", 2), ("abc", "abc", 0), ("abc", "adc", 1), ("abc", "bcd", 2)]
    {
        assert_eq!(edit_distance(one, other), distance);
    }
}
