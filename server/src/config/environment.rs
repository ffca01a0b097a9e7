//! How settings are read from the environment: as further arguments, behind those of the command line.
//!
//! clap alone takes an empty variable for a value, knows only `true` and `false`, keeps white space,
//! and names the flag where a variable is wrong. Here an empty variable is not set, a switch may be
//! written as is usual, white space around a value or a member of a list is left out, and errors name
//! the variable. It is given the environment; [`super::Config`] calls it.

use std::ffi::{OsStr, OsString};

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgMatches, Command, Error};

/// Variables that no flag has, without what all of a program's begin with: the key itself, and the
/// ticket of bots.
const OTHERS: [&str; 2] = ["TICKET_KEY", "TICKET"];
/// Most letters by which a variable may differ from the one that was meant.
const TYPO_MAX: usize = 2;

/// Parses the command line, and the environment for what it does not say.
///
/// # Errors
/// If an argument or a variable is invalid, or help is asked for.
pub(super) fn parse(
    command: &Command,
    arguments: impl IntoIterator<Item = OsString>,
    environment: impl Fn(&str) -> Option<OsString>,
) -> Result<ArgMatches, Error> {
    let mut all: Vec<OsString> = arguments.into_iter().collect();
    let mut variables = Vec::new();
    for arg in command.get_arguments().filter(|arg| !is_given(arg, &all)).collect::<Vec<_>>() {
        let (Some(flag), Some(name)) = (arg.get_long(), variable(arg)) else { continue };
        let values = values(arg, environment(name).unwrap_or_default());
        let values = values.map_err(|value| no_boolean(command, name, &value))?;
        if !values.is_empty() {
            variables.push((flag, name));
        }
        all.extend(values.into_iter().map(|value| argument(flag, value.as_deref())));
    }
    let mut parser = command.clone();
    // Help shows the variables; it is asked for before any of them is read.
    if !all.iter().any(|argument| argument == "--help" || argument == "-h") {
        parser = parser.mut_args(|arg| arg.env(Resettable::<clap::builder::OsStr>::Reset));
    }
    parser.try_get_matches_from_mut(all).map_err(|mut error| {
        name_variables(&mut error, command, &variables);
        error.with_cmd(command)
    })
}

/// A variable of the environment that begins as the settings do, and is none of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unknown {
    pub(crate) name: String,
    /// The setting that was probably meant.
    pub(crate) nearest: Option<String>,
}

/// Finds the variables that look like settings, since they begin with `prefix`, and are none.
pub(super) fn unknown(
    command: &Command,
    prefix: &str,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Vec<Unknown> {
    let others = OTHERS.map(|name| format!("{prefix}{name}"));
    let others = others.iter().map(String::as_str);
    let known: Vec<&str> = command.get_arguments().filter_map(variable).chain(others).collect();
    let unknown = environment.into_iter().filter_map(|(name, value)| {
        let (name, value) = (name.into_string().ok()?, value.to_string_lossy());
        let is_meant = name.starts_with(prefix) && !value.trim().is_empty();
        (is_meant && !known.contains(&&*name) && !is_of_a_service(&name, &value)).then(|| {
            let nearest = known.iter().min_by_key(|known| edit_distance(known, &name));
            let nearest = nearest.filter(|known| edit_distance(known, &name) <= TYPO_MAX);
            let nearest = nearest.map(|known| (*known).to_owned());
            Unknown { name, nearest }
        })
    });
    let mut unknown: Vec<Unknown> = unknown.collect();
    unknown.sort_by(|one, other| one.name.cmp(&other.name));
    unknown
}

/// Whether Kubernetes sets this variable for a Service that has the program's name, or begins so: its
/// address and ports, as in `TICKWIRE_SERVICE_HOST` and `TICKWIRE_PORT_7777_TCP_ADDR`.
fn is_of_a_service(name: &str, value: &str) -> bool {
    let is_port = |(_, rest): (&str, &str)| rest.starts_with(|c: char| c.is_ascii_digit());
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || name.split_once("_PORT_").is_some_and(is_port)
        // A plain number is by somebody who takes it for a setting.
        || name.ends_with("_PORT") && value.contains("://")
}

/// The name of an argument's variable.
fn variable(arg: &Arg) -> Option<&str> {
    arg.get_env()?.to_str()
}

/// Whether the command line says this argument.
fn is_given(arg: &Arg, arguments: &[OsString]) -> bool {
    let flag = arg.get_long().unwrap_or_default();
    arguments.iter().skip(1).take_while(|argument| *argument != "--").any(|argument| {
        let said = argument.to_str().and_then(|argument| argument.strip_prefix("--"));
        said.is_some_and(|said| said.split('=').next() == Some(flag))
    })
}

/// The values of a variable for its argument, without white space around them: none if it is empty,
/// several if it is a list, and `None` for a switch that is on.
///
/// # Errors
/// The value, if it is not that of a switch.
fn values(arg: &Arg, value: OsString) -> Result<Vec<Option<OsString>>, OsString> {
    // What is no text is left to the parser of its argument.
    let Some(text) = value.to_str().map(str::trim) else { return Ok(vec![Some(value)]) };
    if text.is_empty() {
        return Ok(Vec::new());
    }
    if !arg.get_action().takes_values() {
        return match boolean(text) {
            Some(true) => Ok(vec![None]),
            Some(false) => Ok(Vec::new()),
            None => Err(value),
        };
    }
    let members = match arg.get_value_delimiter() {
        Some(delimiter) => text.split(delimiter).map(str::trim).collect(),
        None => vec![text],
    };
    Ok(members.into_iter().filter(|it| !it.is_empty()).map(|it| Some(it.into())).collect())
}

fn boolean(text: &str) -> Option<bool> {
    match &*text.to_ascii_lowercase() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

fn argument(flag: &str, value: Option<&OsStr>) -> OsString {
    let mut argument = OsString::from(format!("--{flag}"));
    if let Some(value) = value {
        argument.push("=");
        argument.push(value);
    }
    argument
}

fn no_boolean(command: &Command, name: &str, value: &OsStr) -> Error {
    let value = value.to_string_lossy();
    let message = format!(
        "invalid value {value:?} for {name} in the environment: not one of 1, true, yes, on, 0, \
         false, no, off\n"
    );
    Error::raw(ErrorKind::InvalidValue, message).with_cmd(command)
}

/// Names in an error the variable beside the flag that it is about.
fn name_variables(error: &mut Error, command: &Command, read: &[(&str, &str)]) {
    let named = |usage: &String| {
        let flag = usage.trim_start_matches('-').split([' ', '=']).next().unwrap_or_default();
        if let Some((_, name)) = read.iter().find(|(read, _)| *read == flag) {
            return format!("{name} in the environment ({usage})");
        }
        let arg = command.get_arguments().find(|arg| arg.get_long() == Some(flag));
        match arg.and_then(variable) {
            Some(name) => format!("{usage} ({name} in the environment)"),
            None => usage.clone(),
        }
    };
    for kind in [ContextKind::InvalidArg, ContextKind::PriorArg] {
        let renamed = match error.get(kind) {
            Some(ContextValue::String(usage)) => ContextValue::String(named(usage)),
            Some(ContextValue::Strings(usages)) => {
                ContextValue::Strings(usages.iter().map(named).collect())
            }
            _ => continue,
        };
        error.insert(kind, renamed);
    }
}

/// How many letters must be changed, added or left out to make one text of the other.
fn edit_distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, byte) in one.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, letter) in other.bytes().enumerate() {
            let changed = diagonal + usize::from(byte != letter);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests;
