//! The command line: what it may say and what that means.
//!
//! Owns the parsing of durations, rates and addresses, so that nothing after it meets a value
//! that makes no sense. It never looks anything up and never connects. A program parses;
//! [`mod@crate::run`] takes the result.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Command, CommandFactory, FromArgMatches, Parser};
use tickwire_game::duration::{self, DurationError};
use tickwire_game::game::{Skill, Skills};
use tickwire_game::limits::LINK_DELAY_MAX;
use tickwire_game::link::{LinkSettings, Stall};
use tokio_tungstenite::tungstenite::http::Uri;

use crate::abuse::AbuseKind;
use crate::ticket::TicketText;
use crate::trust::Trust;

/// Lets many players without a screen into a Tickwire server, and reports what they saw.
///
/// A client whose connection breaks resumes its session, if the server keeps it. Exits with 1 if any
/// client could not connect, was refused, was cut off before the end and did not come back, lost its
/// session by a cut, or was sent something that it could not decode.
#[derive(Clone, Debug, PartialEq, Parser)]
#[command(name = "bot-client", version)]
pub struct Options {
    /// Where the server is: ws://HOST:PORT/PATH, or wss:// for TLS; http:// and https:// mean the
    /// same, and no path means /ws
    #[arg(long, value_name = "URL", default_value = "ws://127.0.0.1:7777/ws")]
    pub url: Target,

    /// How many clients play
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub bots: u32,

    /// How many of the clients that play, the last of them, have a slow line: they read no faster
    /// than it is, and are reported apart
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub slow: u32,

    /// How fast a slow line is, WebSocket framing included: 500bit/s, 20kbit/s, 1Mbit/s
    #[arg(long, value_name = "RATE", default_value = "20kbit/s")]
    pub slow_line: ByteRate,

    /// By how much a simulated path makes each client's round trip longer, half of it each way:
    /// 80ms
    #[arg(long, value_name = "TIME", default_value = "0ms", value_parser = delay)]
    pub latency: Duration,

    /// Up to how much more each message takes on it, each way: uniform from nothing to this
    #[arg(long, value_name = "TIME", default_value = "0ms", value_parser = delay)]
    pub jitter: Duration,

    /// Which share of time each direction of it stands still, and for how long at a time:
    /// 2%/300ms
    #[arg(long, value_name = "SHARE/TIME")]
    pub stall: Option<Stall>,

    /// Cut each client's connection at random, every so often on average while all are there, and
    /// have it resume its session at once: 5s. Half of the cuts close the connection, the others go
    /// silent, as on a dead path; at the end those on their way back are awaited for 10 s. A player is back
    /// at its first snapshot (resume_ms: from the cut to that), a spectator at its welcome
    #[arg(long, value_name = "TIME", value_parser = cut_interval)]
    pub cut: Option<Duration>,

    /// Cut the connections of all clients that have had a snapshot at once, so long after the last
    /// client has come, and have them resume their sessions likewise
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub cut_all: Option<Duration>,

    /// How many clients only watch; they come after the bots
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub spectators: u32,

    /// How long all of them stay, counted from when the last one has come: 500ms, 30s, 2m, 1h
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration::parse)]
    pub duration: Duration,

    /// How many clients come per second
    #[arg(long, value_name = "RATE", default_value = "100/s")]
    pub ramp: EventRate,

    /// What is not measured at the start of each client's stay, for its clocks to settle; never
    /// more than half of the duration
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration::parse)]
    pub warm_up: Duration,

    /// Where the bots take their whims from; random, and reported, if it is not given
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    /// How well the bots play: easy, normal, hard, or mixed for some of each
    #[arg(long, value_name = "HOW", default_value_t = Skills::All(Skill::Normal))]
    pub skill: Skills,

    /// Which room to play in; any room with space if it is not given
    #[arg(long, value_name = "NAME")]
    pub room: Option<String>,

    /// What to choose of the settings of that room, as JSON, if it is not there and opens for the first
    /// client: {"teams":true}
    #[arg(long, value_name = "JSON", requires = "room")]
    pub room_settings: Option<String>,

    /// Bear the join ticket that is in this file; it may instead stand in the environment itself,
    /// as TICKWIRE_TICKET
    #[arg(long, value_name = "FILE")]
    pub ticket_file: Option<PathBuf>,

    /// The ticket itself. Only the environment can say it: a command line is there for all to see.
    #[arg(skip)]
    pub ticket: Option<TicketText>,

    /// Over wss://, accept any certificate of the server, to try out one that no authority has
    /// issued
    #[arg(long)]
    pub tls_insecure: bool,

    /// Over how many threads the clients are spread
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: u16,

    /// Abuse the server instead of playing, in one of these ways: --bots says how many do it at a
    /// time, --duration for how long in all, --ramp how often they come again. For servers of
    /// your own
    #[arg(long, value_name = "KIND")]
    pub abuse: Option<AbuseKind>,

    /// Print one JSON object instead of a table, and no progress bar
    #[arg(long)]
    pub json: bool,
}

/// The shortest average time between two cuts of a client's connection.
const CUT_INTERVAL_MIN: Duration = Duration::from_millis(100);
/// What the options name variables of the environment by.
const PREFIX: &str = "TICKWIRE_";

impl Options {
    /// The command line of a program or subcommand of this name, whose variables of the environment begin
    /// with `prefix`, such as `TICKWIRE_`.
    #[must_use]
    pub fn command_named(name: &'static str, prefix: &str) -> Command {
        Options::command().name(name).mut_args(|arg| {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            if help.contains(PREFIX) { arg.help(help.replace(PREFIX, prefix)) } else { arg }
        })
    }

    /// Parses arguments, the first of which is the name of the program or subcommand, with a ticket from
    /// the environment.
    ///
    /// # Errors
    /// If an argument is invalid, or help or the version is asked for.
    pub fn parse_by(
        mut command: Command,
        arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
        ticket: Option<OsString>,
    ) -> Result<Options, clap::Error> {
        let matches = command.try_get_matches_from_mut(arguments)?;
        let options = Options::from_arg_matches(&matches).map_err(|e| e.with_cmd(&command))?;
        let ticket = ticket.and_then(|ticket| TicketText::parse(ticket.to_str()?));
        Ok(Options { ticket, ..options })
    }

    /// How many clients there are to be, of both roles.
    #[must_use]
    pub fn clients(&self) -> u32 {
        self.bots.saturating_add(self.spectators)
    }

    /// Which servers are believed to be who they say.
    pub(crate) fn trust(&self) -> Trust {
        if self.tls_insecure { Trust::Anyone } else { Trust::Authorities }
    }

    /// The path to be simulated, if one is.
    #[must_use]
    pub fn link(&self) -> Option<LinkSettings> {
        let link = LinkSettings { latency: self.latency, jitter: self.jitter, stall: self.stall };
        (!link.change_nothing()).then_some(link)
    }
}

/// Where the server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Name or address, without the brackets of IPv6.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether TLS is spoken.
    pub is_secure: bool,
    url: String,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// Why a word of the command line was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// Not a URL at all.
    #[error("not a URL like ws://127.0.0.1:7777/ws")]
    Url,
    /// A URL that this program cannot speak.
    #[error("only ws://, wss://, http:// and https:// are spoken")]
    Scheme,
    /// Not a duration.
    #[error(transparent)]
    Duration(#[from] DurationError),
    /// A duration that is no path's.
    #[error("more than {} s", LINK_DELAY_MAX.as_secs())]
    Delay,
    /// Cuts so often that a client would do nothing but come back.
    #[error("less than {} ms", CUT_INTERVAL_MIN.as_millis())]
    CutInterval,
    /// Not a rate.
    #[error("not a rate like 100/s, above 0")]
    EventRate,
    /// Not the rate of a line.
    #[error("not a rate like 500bit/s, 20kbit/s or 1Mbit/s, at least 8bit/s")]
    ByteRate,
}

impl FromStr for Target {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Target, OptionError> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("ws", text));
        let (is_secure, scheme, usual_port) = match scheme.to_ascii_lowercase().as_str() {
            "ws" | "http" => (false, "ws", 80),
            "wss" | "https" => (true, "wss", 443),
            _ => return Err(OptionError::Scheme),
        };
        let uri: Uri = format!("ws://{rest}").parse().map_err(|_| OptionError::Url)?;
        let authority = uri.authority().ok_or(OptionError::Url)?;
        let port_said = !authority.as_str().ends_with(authority.host());
        let port = match uri.port_u16() {
            Some(port) if port != 0 => port,
            None if !port_said => usual_port,
            _ => return Err(OptionError::Url),
        };
        let path = match uri.path_and_query().map_or("/", |path| path.as_str()) {
            "/" => "/ws",
            path => path,
        };
        let host = authority.host();
        let url = format!("{scheme}://{host}:{port}{path}");
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(OptionError::Url);
        }
        Ok(Target { host, port, is_secure, url })
    }
}

/// How often something happens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EventRate {
    per_second: f64,
}

impl EventRate {
    /// When number `count` is due, the first (0) at once.
    #[must_use]
    pub fn due(self, count: u32) -> Duration {
        // Longer than any run; a slower rate than one in years is no matter.
        Duration::try_from_secs_f64(f64::from(count) / self.per_second).unwrap_or(Duration::MAX / 2)
    }
}

impl FromStr for EventRate {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<EventRate, OptionError> {
        let number = text.strip_suffix("/s").unwrap_or(text);
        let per_second: f64 = number.trim().parse().map_err(|_| OptionError::EventRate)?;
        if per_second.is_finite() && per_second > 0.0 {
            Ok(EventRate { per_second })
        } else {
            Err(OptionError::EventRate)
        }
    }
}

/// How fast a line is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ByteRate {
    bytes_per_second: f64,
}

impl ByteRate {
    /// How many bytes it carries in a second.
    #[must_use]
    pub fn bytes_per_second(self) -> f64 {
        self.bytes_per_second
    }
}

impl FromStr for ByteRate {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<ByteRate, OptionError> {
        let number = text.strip_suffix("bit/s").ok_or(OptionError::ByteRate)?;
        let (number, unit_bits) = match number.char_indices().next_back() {
            Some((at, 'k')) => (&number[..at], 1e3),
            Some((at, 'M')) => (&number[..at], 1e6),
            _ => (number, 1.0),
        };
        let number: f64 = number.trim().parse().map_err(|_| OptionError::ByteRate)?;
        let bytes_per_second = number * unit_bits / 8.0;
        // From a byte a second to what is no limit any more: both keep times within reach.
        if (1.0..=1e12).contains(&bytes_per_second) {
            Ok(ByteRate { bytes_per_second })
        } else {
            Err(OptionError::ByteRate)
        }
    }
}

/// What a simulated path may add.
fn delay(text: &str) -> Result<Duration, OptionError> {
    let delay = duration::parse(text)?;
    if delay <= LINK_DELAY_MAX { Ok(delay) } else { Err(OptionError::Delay) }
}

/// How often a client may be cut.
fn cut_interval(text: &str) -> Result<Duration, OptionError> {
    let interval = duration::parse(text)?;
    if interval >= CUT_INTERVAL_MIN { Ok(interval) } else { Err(OptionError::CutInterval) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Result<String, OptionError> {
        text.parse::<Target>().map(|target| target.to_string())
    }

    #[test]
    fn settings_are_chosen_for_a_room_that_is_named() {
        let words = ["bot-client", "--room-settings", r#"{"teams":true}"#];
        assert!(Options::try_parse_from(words).is_err());
        let options = Options::try_parse_from(words.into_iter().chain(["--room", "den"]));
        let settings = options.expect("a room is named").room_settings;
        assert_eq!(settings.as_deref(), Some(r#"{"teams":true}"#));
    }

    #[test]
    fn a_server_is_named_in_many_ways() {
        assert_eq!(target("ws://127.0.0.1:7777/ws").as_deref(), Ok("ws://127.0.0.1:7777/ws"));
        assert_eq!(target("http://game.example:80").as_deref(), Ok("ws://game.example:80/ws"));
        assert_eq!(target("wss://game.example").as_deref(), Ok("wss://game.example:443/ws"));
        assert_eq!(target("https://a:8443").as_deref(), Ok("wss://a:8443/ws"));
        assert_eq!(target("game.example/").as_deref(), Ok("ws://game.example:80/ws"));
        assert_eq!(target("ws://a:1/b/c?d=e").as_deref(), Ok("ws://a:1/b/c?d=e"));
        assert_eq!(target("[::1]:7777").as_deref(), Ok("ws://[::1]:7777/ws"));
        assert_eq!("ws://[::1]:7777".parse::<Target>().map(|t| t.host).as_deref(), Ok("::1"));
    }

    #[test]
    fn what_is_no_server_is_refused() {
        assert_eq!(target("ftp://game.example"), Err(OptionError::Scheme));
        assert_eq!(target(""), Err(OptionError::Url));
        assert_eq!(target("ws://a:99999/ws"), Err(OptionError::Url));
        assert_eq!(target("ws://a:0/ws"), Err(OptionError::Url));
    }

    #[test]
    fn a_path_is_simulated_if_any_of_it_is_asked_for() {
        let link = |words: &str| {
            let words = ["bot-client"].into_iter().chain(words.split_whitespace());
            Options::try_parse_from(words).map(|options| options.link()).map_err(|e| e.to_string())
        };
        let ms = Duration::from_millis;
        let nothing = LinkSettings::default();
        assert_eq!(link("--latency 0ms --jitter 0s"), Ok(None));
        assert_eq!(link("--latency 80ms"), Ok(Some(LinkSettings { latency: ms(80), ..nothing })));
        let stall = Stall::of_share(2.0, ms(300)).ok();
        let all = LinkSettings { latency: ms(80), jitter: ms(20), stall };
        assert_eq!(link("--latency 80ms --jitter 20ms --stall 2%/300ms"), Ok(Some(all)));
        for wrong in
            ["--latency 80", "--jitter -1ms", "--latency 11s", "--stall 2%", "--stall 0%/1s"]
        {
            assert!(link(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn cuts_are_not_so_frequent_that_nobody_plays() {
        let cuts = |words: &str| {
            let words = ["bot-client"].into_iter().chain(words.split_whitespace());
            Options::try_parse_from(words).map(|options| (options.cut, options.cut_all))
        };
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(cuts("").ok(), Some((None, None)));
        assert_eq!(cuts("--cut 5s --cut-all 10s").ok(), Some((seconds(5), seconds(10))));
        assert_eq!(cuts("--cut 100ms").ok(), Some((Some(CUT_INTERVAL_MIN), None)));
        for wrong in ["--cut 99ms", "--cut 0s", "--cut often", "--cut-all 10"] {
            assert!(cuts(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_rate_is_above_nothing() {
        let due = |text: &str, count| text.parse::<EventRate>().map(|rate| rate.due(count));
        assert_eq!(due("100/s", 0), Ok(Duration::ZERO));
        assert_eq!(due("100/s", 50), Ok(Duration::from_millis(500)));
        assert_eq!(due("0.5/s", 1), Ok(Duration::from_secs(2)));
        assert!(due("1e-300", 1).is_ok());
        for wrong in ["0/s", "-1/s", "fast", "10/m", "inf"] {
            assert_eq!(due(wrong, 1), Err(OptionError::EventRate), "{wrong}");
        }
    }

    #[test]
    fn a_line_has_a_rate_in_bits() {
        let bytes = |text: &str| text.parse::<ByteRate>().map(ByteRate::bytes_per_second);
        assert_eq!(bytes("20kbit/s"), Ok(2_500.0));
        assert_eq!(bytes("500bit/s"), Ok(62.5));
        assert_eq!(bytes("1.5 Mbit/s"), Ok(187_500.0));
        for wrong in ["20", "20kbit", "kbit/s", "0bit/s", "-1kbit/s", "infbit/s", "1Gbit/s"] {
            assert_eq!(bytes(wrong), Err(OptionError::ByteRate), "{wrong}");
        }
    }

    #[test]
    fn saying_nothing_is_enough() {
        let options = Options::try_parse_from(["bot-client"]).expect("there are defaults");
        assert_eq!(options.url.to_string(), "ws://127.0.0.1:7777/ws");
        assert_eq!((options.bots, options.spectators, options.threads), (10, 0, 1));
        assert_eq!((options.slow, options.slow_line.bytes_per_second()), (0, 2_500.0));
        assert_eq!(options.duration, Duration::from_secs(30));
        assert_eq!(options.ramp, EventRate { per_second: 100.0 });
        assert_eq!((options.seed, options.room, options.json), (None, None, false));
    }

    #[test]
    fn abuse_of_each_kind_can_be_asked_for_and_the_help_tells_them_all() {
        let help = Options::command().render_long_help().to_string();
        for &kind in AbuseKind::all() {
            let words = ["bot-client", "--abuse", &kind.name()];
            let options = Options::try_parse_from(words).expect("it is a kind");
            assert_eq!(options.abuse, Some(kind));
            assert!(help.contains(&format!("- {kind}:")), "{kind}");
        }
        assert!(Options::try_parse_from(["bot-client", "--abuse", "kindness"]).is_err());
    }

    #[test]
    fn everything_can_be_said() {
        let words = "bot-client --url http://h:1 --bots 3 --spectators 2 --duration 2m \
                     --ramp 50/s --warm-up 0s --seed 7 --room lobby --threads 2 --slow 1 \
                     --slow-line 1kbit/s --json";
        let options = Options::try_parse_from(words.split_whitespace()).expect("it is allowed");
        assert_eq!(options.clients(), 5);
        assert_eq!((options.slow, options.slow_line.bytes_per_second()), (1, 125.0));
        assert_eq!(options.seed, Some(7));
        assert_eq!(options.room.as_deref(), Some("lobby"));
        assert!(options.json);
    }
}
