//! [`Settings`]: the command line of one program: its name, the prefix of its variables, its defaults.
//!
//! The settings name their variables `TICKWIRE_...`; a program of another name has its own in their
//! place, in the environment, in help and in messages. A default that a program changes is written as the
//! text that would set it, so that help, parser and environment see the same one.

use std::ffi::OsString;

use clap::builder::OsStr;
use clap::{Arg, Args, Command, FromArgMatches, ValueEnum};

use super::environment::{self, Unknown};
use super::tickets::KeyText;
use super::{Config, EdgeConfig, SessionConfig, TicketConfig};
use crate::page::Page;

/// What the settings name their variables by.
const PREFIX: &str = "TICKWIRE_";

/// The settings of one program.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Its name and version.
    pub(crate) page: Page,
    /// What is set where neither the command line nor the environment says anything.
    pub(crate) defaults: Config,
}

impl Default for Settings {
    fn default() -> Settings {
        let page = Page::none(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        Settings { page, defaults: Config::default() }
    }
}

impl Settings {
    /// What the variables of this program begin with: its name, and what may not stand in the name of a
    /// variable as a line below.
    pub(crate) fn prefix(&self) -> String {
        let letter = |letter: char| match letter {
            'a'..='z' | 'A'..='Z' | '0'..='9' => letter.to_ascii_uppercase(),
            _ => '_',
        };
        let name: String = self.page.name().chars().map(letter).collect();
        format!("{name}_")
    }

    /// A text that names variables, with those of this program.
    pub(crate) fn with_own_variables(&self, text: &str) -> String {
        text.replace(PREFIX, &self.prefix())
    }

    /// The command line.
    pub(crate) fn command(&self) -> Command {
        // However it was called.
        let name = self.page.name();
        let command = Command::new(name).bin_name(name).version(self.page.version());
        let command = Config::augment_args(command)
            .about("An authoritative multiplayer game server over WebSockets.")
            .long_about(None);
        let mut texts = texts(&self.defaults);
        command.mut_args(|arg| {
            let at = texts.iter().position(|(id, _)| arg.get_id() == id);
            let texts = at.map(|at| texts.swap_remove(at).1);
            self.own(arg, texts.unwrap_or_default())
        })
    }

    fn own(&self, mut arg: Arg, defaults: Vec<OsString>) -> Arg {
        if let Some(name) = arg.get_env().and_then(|name| name.to_str()) {
            let name = self.with_own_variables(name);
            arg = arg.env(OsStr::from(name));
        }
        if let Some(help) = arg.get_help().map(ToString::to_string)
            && help.contains(PREFIX)
        {
            let help = self.with_own_variables(&help);
            arg = arg.help(help);
        }
        if arg.get_action().takes_values() {
            arg = arg.default_values(defaults.into_iter().map(OsStr::from));
        }
        arg
    }

    /// Parses the command line, and the environment for what it does not say.
    ///
    /// # Errors
    /// If an argument or a variable is invalid, or help or the version is asked for.
    pub(crate) fn parse(
        &self,
        arguments: impl IntoIterator<Item = OsString>,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Config, clap::Error> {
        self.parse_as(&self.command(), arguments, environment)
    }

    /// The same by a command that has more than the settings.
    pub(crate) fn parse_as(
        &self,
        command: &Command,
        arguments: impl IntoIterator<Item = OsString>,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Config, clap::Error> {
        let key = environment(&format!("{}TICKET_KEY", self.prefix()));
        let matches = environment::parse(command, arguments, environment)?;
        let mut config = Config::from_arg_matches(&matches).map_err(|e| e.with_cmd(command))?;
        let defaults = &self.defaults;
        let key = KeyText::of_variable(key);
        config.tickets.ticket_key_text = key.or_else(|| defaults.tickets.ticket_key_text.clone());
        // Switches can only be turned on.
        config.echo |= defaults.echo;
        config.lab |= defaults.lab;
        config.session.checkpoint |= defaults.session.checkpoint;
        config.tls.tls_self_signed |= defaults.tls.tls_self_signed && config.tls.tls_cert.is_none();
        config.page = defaults.page;
        Ok(config)
    }

    /// The variables of the environment that look like settings and are none.
    pub(crate) fn unknown_variables(&self) -> Vec<Unknown> {
        environment::unknown(&self.command(), &self.prefix(), std::env::vars_os())
    }
}

/// Every setting that takes a value, by the name of its field, with the texts that would set it as it is.
fn texts(config: &Config) -> Vec<(&'static str, Vec<OsString>)> {
    // All fields by name: a new one must be thought of here.
    let Config {
        listen,
        tick_rate,
        room_size,
        fill,
        bot_skill,
        seed,
        snapshot_max_bytes,
        spectator_delay,
        rewind_max,
        catch_up_steps,
        min_time_scale,
        overload_joins,
        idle_after,
        settings,
        record_scenes,
        web_dir,
        lab: _,
        rooms_max,
        connections_max,
        shards,
        empty_room_seconds,
        empty_rooms,
        echo: _,
        session,
        edge,
        tls,
        tickets,
        page: _,
    } = config;
    let EdgeConfig {
        allow_origin,
        no_origin,
        frame_ancestors,
        content_security_policy,
        public_url,
        address_connections_max,
        address_connects_per_second,
        address_http_connections_max,
        address_requests_per_second,
        address_rooms_max,
        address_rooms_per_minute,
        uncapped,
        trusted_proxy,
        admin_listen,
        admin_host,
        memory_max,
    } = edge;
    let SessionConfig { grace, checkpoint: _, drain, drain_rooms } = session;
    let TicketConfig { ticket_key, ticket_key_text: _, guests } = tickets;
    let time = |time: &std::time::Duration| match time.subsec_millis() {
        0 => format!("{}s", time.as_secs()),
        _ => format!("{}ms", time.as_millis()),
    };
    vec![
        ("listen", one(listen)),
        ("tick_rate", one(tick_rate)),
        ("room_size", one(room_size)),
        ("fill", one(fill)),
        ("bot_skill", one(bot_skill)),
        ("seed", all(seed)),
        ("snapshot_max_bytes", one(snapshot_max_bytes)),
        ("spectator_delay", one(time(spectator_delay))),
        ("rewind_max", one(time(rewind_max))),
        ("catch_up_steps", one(catch_up_steps)),
        ("min_time_scale", one(min_time_scale.as_f64())),
        ("overload_joins", word(overload_joins)),
        ("idle_after", one(idle_after)),
        ("settings", all(settings)),
        ("record_scenes", path(record_scenes.as_deref())),
        ("web_dir", path(web_dir.as_deref())),
        ("rooms_max", one(rooms_max)),
        ("connections_max", one(connections_max)),
        ("shards", all(shards)),
        ("empty_room_seconds", one(empty_room_seconds)),
        ("empty_rooms", word(empty_rooms)),
        ("grace", one(time(grace))),
        ("drain", one(time(drain))),
        ("drain_rooms", word(drain_rooms)),
        ("allow_origin", all(allow_origin)),
        ("no_origin", word(no_origin)),
        ("frame_ancestors", all(frame_ancestors)),
        ("content_security_policy", all(content_security_policy)),
        ("public_url", all(public_url)),
        ("address_connections_max", one(address_connections_max)),
        ("address_connects_per_second", one(address_connects_per_second)),
        ("address_http_connections_max", one(address_http_connections_max)),
        ("address_requests_per_second", one(address_requests_per_second)),
        ("address_rooms_max", one(address_rooms_max)),
        ("address_rooms_per_minute", one(address_rooms_per_minute)),
        ("uncapped", all(uncapped)),
        ("trusted_proxy", all(trusted_proxy)),
        ("admin_listen", all(admin_listen)),
        ("admin_host", all(admin_host)),
        ("memory_max", all(memory_max)),
        ("tls_cert", path(tls.tls_cert.as_deref())),
        ("tls_key", path(tls.tls_key.as_deref())),
        ("ticket_key", path(ticket_key.as_deref())),
        ("guests", word(guests)),
    ]
}

fn one(value: impl ToString) -> Vec<OsString> {
    vec![value.to_string().into()]
}

fn all<T: ToString>(values: impl IntoIterator<Item = T>) -> Vec<OsString> {
    values.into_iter().map(|value| value.to_string().into()).collect()
}

fn word(value: &impl ValueEnum) -> Vec<OsString> {
    value.to_possible_value().map(|value| value.get_name().into()).into_iter().collect()
}

fn path(path: Option<&std::path::Path>) -> Vec<OsString> {
    path.map(|path| path.as_os_str().to_owned()).into_iter().collect()
}

#[cfg(test)]
mod tests;
