//! [`Config`]: every setting of a server, from the command line or the environment.
//!
//! It owns the defaults and the allowed values. It reads nothing but the arguments and the
//! environment; the server reads it once at start.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Command, CommandFactory};
use tickwire_game::game::Skills;
use tickwire_game::limits::{
    PACE_FULL_PERMILLE, ROOM_PLAYERS_MAX, SNAPSHOT_MAX_BYTES, TICK_RATE_DEFAULT_HZ,
    TICK_RATE_MAX_HZ, TICK_RATE_MIN_HZ,
};
use tickwire_host::limits::{
    CATCH_UP_STEPS_MAX, IDLE_AFTER_DEFAULT, IDLE_AFTER_MAX, MIN_TIME_SCALE_LOWEST_PERMILLE,
    REWIND_MAX_DEFAULT, REWIND_MAX_MAX, ROOMS_MAX_MOST, SNAPSHOT_MAX_BYTES_MIN,
    SPECTATOR_DELAY_DEFAULT, SPECTATOR_DELAY_MAX,
};
use tickwire_host::pacer::{OverloadPolicy, TimeScale};
use tickwire_host::room::{EmptyRoom, StreamSettings};

use crate::page::Page;

mod command;
mod edge;
mod environment;
mod origin;
mod policy;
mod public_url;
mod session;
mod tickets;
mod time;
mod tls;

pub(crate) use command::Settings;
pub use edge::{AllowedOrigin, EdgeConfig, NoOrigin, Uncapped};
pub use origin::{Origin, OriginError};
pub(crate) use policy::HOST_IN_POLICY;
pub use policy::{ContentPolicy, FrameAncestor};
pub use public_url::{PublicUrl, PublicUrlError};
pub use session::{DrainRooms, SessionConfig};
pub use tickets::{Guests, KeyText, TicketConfig};
use time::time;
pub use tls::TlsConfig;

/// Whether clients may join an overloaded room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum OverloadJoins {
    /// No, until it is back at its full tick rate.
    Refuse,
    /// Yes, as long as there are seats.
    Allow,
}

/// What rooms do that nobody is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum EmptyRooms {
    /// They make no ticks until somebody comes.
    Sleep,
    /// They go on as ever.
    Run,
}

/// The settings of a server. `Config::default()` is the same as no arguments, except that it
/// ignores the environment.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Config {
    /// Address and port to listen on, for the page and the WebSocket; port 0 picks a free one
    #[arg(long, env = "TICKWIRE_LISTEN", value_name = "ADDR:PORT",
        default_value_t = Config::default().listen)]
    pub listen: SocketAddr,

    /// Ticks per second of every room
    #[arg(long, env = "TICKWIRE_TICK_RATE", value_name = "HZ",
        default_value_t = Config::default().tick_rate,
        value_parser = clap::value_parser!(u16)
            .range(i64::from(TICK_RATE_MIN_HZ)..=i64::from(TICK_RATE_MAX_HZ)))]
    pub tick_rate: u16,

    /// Most players in a room
    #[arg(long, env = "TICKWIRE_ROOM_SIZE", value_name = "N",
        default_value_t = Config::default().room_size,
        value_parser = clap::value_parser!(u16).range(1..=i64::from(ROOM_PLAYERS_MAX)))]
    pub room_size: u16,

    /// Fill every room with bots up to N players, as far as it has seats; bots leave when people
    /// join
    #[arg(long, env = "TICKWIRE_FILL", value_name = "N",
        default_value_t = Config::default().fill)]
    pub fill: u16,

    /// How well those bots play: easy, normal, hard, or mixed (some of each)
    #[arg(long, env = "TICKWIRE_BOT_SKILL", value_name = "HOW",
        default_value_t = Config::default().bot_skill)]
    pub bot_skill: Skills,

    /// Seed of all randomness in the rooms, up to 128 bits; rooms of the same name and seed are the
    /// same. Random by default, and logged at start. Players find out one that is small
    #[arg(long, env = "TICKWIRE_SEED", value_name = "N")]
    pub seed: Option<u128>,

    /// Most bytes of one snapshot; entities that do not fit wait, the least important ones longest
    #[arg(long, env = "TICKWIRE_SNAPSHOT_MAX_BYTES", value_name = "N",
        default_value_t = Config::default().snapshot_max_bytes,
        value_parser = clap::value_parser!(u32)
            .range(SNAPSHOT_MAX_BYTES_MIN as i64..=SNAPSHOT_MAX_BYTES as i64))]
    pub snapshot_max_bytes: u32,

    /// Delay of spectators behind players, such as 2s or 500ms; 0 is live
    #[arg(long, env = "TICKWIRE_SPECTATOR_DELAY", value_name = "TIME", default_value = "2s",
        value_parser = |text: &str| time(text, SPECTATOR_DELAY_MAX))]
    pub spectator_delay: Duration,

    /// How far back a room rewinds to judge a player's instant-hit shots, such as 250ms; 0 judges all
    /// of them in the present
    #[arg(long, env = "TICKWIRE_REWIND_MAX", value_name = "TIME", default_value = "250ms",
        value_parser = |text: &str| time(text, REWIND_MAX_MAX))]
    pub rewind_max: Duration,

    /// Most overdue ticks that a room runs at once; further ones are skipped
    #[arg(long, env = "TICKWIRE_CATCH_UP_STEPS", value_name = "N",
        default_value_t = Config::default().catch_up_steps,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(CATCH_UP_STEPS_MAX)))]
    pub catch_up_steps: u32,

    /// Lowest time scale of an overloaded room, from 0.05 to 1; 1 is the full tick rate and never
    /// slows down
    #[arg(long, env = "TICKWIRE_MIN_TIME_SCALE", value_name = "SCALE", default_value = "0.25",
        value_parser = time_scale)]
    pub min_time_scale: TimeScale,

    /// Whether clients may join an overloaded room
    #[arg(long, env = "TICKWIRE_OVERLOAD_JOINS", value_name = "HOW", default_value = "refuse")]
    pub overload_joins: OverloadJoins,

    /// Seconds after which a player whose input does not change becomes a spectator, up to a day; 0
    /// is never
    #[arg(long, env = "TICKWIRE_IDLE_AFTER", value_name = "SECONDS",
        default_value_t = Config::default().idle_after,
        value_parser = clap::value_parser!(u32).range(0..=IDLE_AFTER_MAX.as_secs() as i64))]
    pub idle_after: u32,

    /// The game's own settings, as JSON
    #[arg(long, env = "TICKWIRE_SETTINGS", value_name = "JSON")]
    pub settings: Option<String>,

    /// Record the scenes of the first room that opens to this file, for `stream-report`
    #[arg(long, env = "TICKWIRE_RECORD_SCENES", value_name = "FILE")]
    pub record_scenes: Option<PathBuf>,

    /// Serve the page from this folder, read at every request, instead of the built-in page; of that
    /// only the wasm and the client for pages are served where the folder has none
    #[arg(long, env = "TICKWIRE_WEB_DIR", value_name = "PATH")]
    pub web_dir: Option<PathBuf>,

    /// Serve the laboratory at /lab, which shows a room's stream bit by bit: what it costs, its messages
    /// decoded, the clocks of a client. It joins as a player or a spectator and is shown no more than those
    #[arg(long, env = "TICKWIRE_LAB")]
    pub lab: bool,

    /// Most rooms at the same time
    #[arg(long, env = "TICKWIRE_ROOMS_MAX", value_name = "N",
        default_value_t = Config::default().rooms_max,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(ROOMS_MAX_MOST)))]
    pub rooms_max: u32,

    /// Most players and spectators in all rooms together
    #[arg(long, env = "TICKWIRE_CONNECTIONS_MAX", value_name = "N",
        default_value_t = Config::default().connections_max,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub connections_max: u32,

    /// Threads that run rooms [default: one less than there are cores, at least 1]
    #[arg(long, env = "TICKWIRE_SHARDS", value_name = "N",
        value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub shards: Option<u16>,

    /// How long an empty room is kept, in seconds, unless it makes way for another
    #[arg(long, env = "TICKWIRE_EMPTY_ROOM_SECONDS", value_name = "N",
        default_value_t = Config::default().empty_room_seconds)]
    pub empty_room_seconds: u32,

    /// What rooms do that nobody is in: sleep makes no ticks until somebody comes, run goes on
    #[arg(long, env = "TICKWIRE_EMPTY_ROOMS", value_name = "HOW", default_value = "sleep")]
    pub empty_rooms: EmptyRooms,

    /// Echo the messages at /ws instead of playing, for WebSocket conformance suites
    #[arg(long, env = "TICKWIRE_ECHO")]
    pub echo: bool,

    /// Settings of sessions.
    #[command(flatten)]
    pub session: SessionConfig,

    /// Settings of the edge: origins, addresses, proxies, memory.
    #[command(flatten)]
    pub edge: EdgeConfig,

    /// Settings of TLS.
    #[command(flatten)]
    pub tls: TlsConfig,

    /// Settings of join tickets.
    #[command(flatten)]
    pub tickets: TicketConfig,

    /// The page that is served, if one is. No flag sets it: it is a part of the program.
    #[arg(skip)]
    pub page: Option<Page>,
}

impl Default for Config {
    fn default() -> Config {
        let overload = OverloadPolicy::default();
        Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 7777)),
            tick_rate: TICK_RATE_DEFAULT_HZ,
            room_size: 64,
            fill: 8,
            bot_skill: Skills::Mixed,
            seed: None,
            snapshot_max_bytes: SNAPSHOT_MAX_BYTES as u32,
            spectator_delay: SPECTATOR_DELAY_DEFAULT,
            rewind_max: REWIND_MAX_DEFAULT,
            catch_up_steps: overload.catch_up_steps,
            min_time_scale: overload.min_time_scale,
            overload_joins: if overload.refuse_joins {
                OverloadJoins::Refuse
            } else {
                OverloadJoins::Allow
            },
            idle_after: IDLE_AFTER_DEFAULT.as_secs() as u32,
            settings: None,
            record_scenes: None,
            web_dir: None,
            lab: false,
            rooms_max: 256,
            connections_max: 10_000,
            shards: None,
            empty_room_seconds: 30,
            empty_rooms: EmptyRooms::Sleep,
            echo: false,
            session: SessionConfig::default(),
            edge: EdgeConfig::default(),
            tls: TlsConfig::default(),
            tickets: TicketConfig::default(),
            page: None,
        }
    }
}

impl CommandFactory for Config {
    fn command() -> Command {
        Settings::default().command()
    }

    fn command_for_update() -> Command {
        Config::command()
    }
}

/// The settings from the command line, and from the environment for what it does not say. An empty
/// variable is not set; a switch may be `1`, `true`, `yes` or `on`; lists are separated by commas.
impl clap::Parser for Config {
    fn parse() -> Config {
        Config::try_parse().unwrap_or_else(|error| error.exit())
    }

    fn try_parse() -> Result<Config, clap::Error> {
        Config::try_parse_from(std::env::args_os())
    }

    fn parse_from<I, T>(arguments: I) -> Config
    where
        I: IntoIterator<Item = T>,
        T: Into<OsString> + Clone,
    {
        Config::try_parse_from(arguments).unwrap_or_else(|error| error.exit())
    }

    fn try_parse_from<I, T>(arguments: I) -> Result<Config, clap::Error>
    where
        I: IntoIterator<Item = T>,
        T: Into<OsString> + Clone,
    {
        let arguments = arguments.into_iter().map(Into::into);
        Settings::default().parse(arguments, |name| std::env::var_os(name))
    }
}

impl Config {
    /// Checks the settings that clap cannot check.
    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(path) = &self.web_dir
            && !path.is_dir()
        {
            return Err(format!("--web-dir (TICKWIRE_WEB_DIR) {} is not a folder", path.display()));
        }
        let ancestors = &self.edge.frame_ancestors;
        if ancestors.len() > 1 && ancestors.iter().any(|ancestor| ancestor.to_string() == "'none'")
        {
            return Err(
                "--frame-ancestors (TICKWIRE_FRAME_ANCESTORS): none goes with no other one".into(),
            );
        }
        Ok(())
    }

    /// The settings of snapshots and of the spectators' stream.
    pub(crate) fn stream(&self) -> StreamSettings {
        StreamSettings {
            snapshot_max_bytes: self.snapshot_max_bytes as usize,
            spectator_delay: self.spectator_delay,
        }
    }

    /// The settings of overloaded rooms.
    pub(crate) fn overload(&self) -> OverloadPolicy {
        OverloadPolicy {
            catch_up_steps: self.catch_up_steps,
            min_time_scale: self.min_time_scale,
            refuse_joins: self.overload_joins == OverloadJoins::Refuse,
        }
    }

    /// After how much time an idle player makes way, if ever.
    pub(crate) fn idle_after(&self) -> Option<Duration> {
        (self.idle_after > 0).then(|| Duration::from_secs(self.idle_after.into()))
    }

    /// What rooms do that nobody is in.
    pub(crate) fn empty_room(&self) -> EmptyRoom {
        match self.empty_rooms {
            EmptyRooms::Sleep => EmptyRoom::Sleeps,
            EmptyRooms::Run => EmptyRoom::Runs,
        }
    }

    /// The number of shards.
    pub(crate) fn shard_count(&self) -> usize {
        match self.shards {
            Some(count) => usize::from(count),
            // One core is left for the edge and the kernel's network stack.
            None => std::thread::available_parallelism().map_or(1, |cores| cores.get() - 1).max(1),
        }
    }
}

/// Parses a time scale within its limits.
fn time_scale(text: &str) -> Result<TimeScale, String> {
    let (least, most) = (f64::from(MIN_TIME_SCALE_LOWEST_PERMILLE), f64::from(PACE_FULL_PERMILLE));
    let permille = text.parse::<f64>().ok().map(|scale| scale * most);
    let permille = permille.filter(|permille| (least..=most).contains(permille));
    let scale = permille.map(|permille| TimeScale::of_permille(permille.round() as u16));
    scale.ok_or_else(|| format!("not a number from {} to 1", least / most))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn no_arguments_give_the_defaults() {
        let config = Config::try_parse_from(["tickwire"]).expect("nothing is required");
        assert_eq!(config, Config::default());
    }

    #[test]
    fn values_outside_their_limits_are_refused() {
        for bad in [
            "--tick-rate=0",
            "--tick-rate=241",
            "--room-size=4097",
            "--room-size=0",
            "--listen=here",
            "--seed=-1",
            "--rooms-max=0",
            "--shards=0",
            "--snapshot-max-bytes=63",
            "--snapshot-max-bytes=1048577",
            "--catch-up-steps=0",
            "--catch-up-steps=9",
            "--min-time-scale=0.0496",
            "--min-time-scale=1.0004",
            "--min-time-scale=NaN",
            "--min-time-scale=25%",
            "--overload-joins=maybe",
            "--idle-after=-1",
            "--idle-after=60s",
            "--idle-after=86401",
            "--empty-rooms=maybe",
            "--rooms-max=65537",
            "--spectator-delay=2",
            "--spectator-delay=-1s",
            "--spectator-delay=1.5s",
            "--spectator-delay=61s",
            "--rewind-max=1001ms",
            "--spectator-delay=99999999999999999999s",
            "--spectator-delay=9999999999999999999s",
            "--drain=43201s",
            "--drain-rooms=maybe",
        ] {
            let error = Config::try_parse_from(["tickwire", bad]).expect_err(bad);
            assert_eq!(error.exit_code(), 2, "{bad}");
        }
    }

    #[test]
    fn the_settings_of_streams_are_taken_from_the_arguments() {
        let stream = |arguments: &[&str]| {
            let all = ["tickwire"].iter().chain(arguments);
            Config::try_parse_from(all).expect("these are allowed").stream()
        };
        assert_eq!(stream(&[]), StreamSettings::default());
        let arguments = ["--snapshot-max-bytes=64", "--spectator-delay=1500ms"];
        let expected = StreamSettings {
            snapshot_max_bytes: 64,
            spectator_delay: Duration::from_millis(1_500),
        };
        assert_eq!(stream(&arguments), expected);
        for (text, delay) in
            [("0", Duration::ZERO), ("0s", Duration::ZERO), ("60s", SPECTATOR_DELAY_MAX)]
        {
            assert_eq!(time(text, SPECTATOR_DELAY_MAX), Ok(delay), "{text}");
        }
    }

    #[test]
    fn the_settings_of_overloaded_rooms_are_taken_from_the_arguments() {
        let overload = |arguments: &[&str]| {
            let all = ["tickwire"].iter().chain(arguments);
            Config::try_parse_from(all).expect("these are allowed").overload()
        };
        assert_eq!(overload(&[]), OverloadPolicy::default());
        let arguments = ["--catch-up-steps=8", "--min-time-scale=1", "--overload-joins=allow"];
        let expected = OverloadPolicy {
            catch_up_steps: 8,
            min_time_scale: TimeScale::FULL,
            refuse_joins: false,
        };
        assert_eq!(overload(&arguments), expected);
    }

    #[test]
    fn the_time_of_idle_players_is_taken_from_the_arguments_and_none_is_never() {
        let idle_after = |arguments: &[&str]| {
            let all = ["tickwire"].iter().chain(arguments);
            Config::try_parse_from(all).expect("these are allowed").idle_after()
        };
        assert_eq!(idle_after(&[]), Some(IDLE_AFTER_DEFAULT));
        assert_eq!(idle_after(&["--idle-after=3"]), Some(Duration::from_secs(3)));
        assert_eq!(idle_after(&["--idle-after=86400"]), Some(IDLE_AFTER_MAX));
        assert_eq!(idle_after(&["--idle-after=0"]), None);
    }

    #[test]
    fn a_room_smaller_than_the_usual_number_of_bots_is_allowed() {
        let config = Config::try_parse_from(["tickwire", "--room-size=4"]).expect("it is a size");
        assert_eq!(config.check(), Ok(()));
    }
}
