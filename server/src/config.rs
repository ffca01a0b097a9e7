//! [`Config`]: every setting of a server, from the command line or the environment.
//!
//! It owns the defaults and what values are allowed. It reads nothing but its arguments; the
//! server reads it once at start.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use shared::game::Skills;
use shared::limits::{
    CATCH_UP_STEPS_MAX, PACE_FULL_PERMILLE, REWIND_MAX_DEFAULT, REWIND_MAX_MAX, ROOM_PLAYERS_MAX,
    SLOWEST_MIN_PERMILLE, SNAPSHOT_MAX_BYTES, SNAPSHOT_MAX_BYTES_MIN, SPECTATOR_DELAY_DEFAULT,
    SPECTATOR_DELAY_MAX, TICK_RATE_DEFAULT_HZ, TICK_RATE_MAX_HZ, TICK_RATE_MIN_HZ,
};

use crate::pacer::OverloadPolicy;
use crate::room::StreamSettings;

mod door;
mod tickets;
mod tls;

pub use door::{AllowedOrigin, DoorConfig, NoOrigin, Uncapped};
pub use tickets::{Guests, KeyText, TicketConfig};
pub use tls::TlsConfig;

const PERMILLE_PER_PERCENT: u16 = 10;
const SLOWEST_RANGE: std::ops::RangeInclusive<i64> = (SLOWEST_MIN_PERMILLE / PERMILLE_PER_PERCENT)
    as i64
    ..=(PACE_FULL_PERMILLE / PERMILLE_PER_PERCENT) as i64;

/// Whether anyone may come into an overloaded room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum OverloadJoins {
    /// Nobody, until it is back at its full pace.
    Refuse,
    /// Everyone for whom there is space.
    Allow,
}

/// The settings of a server. `Config::default()` is what no argument at all gives, save that
/// it ignores the environment.
#[derive(Clone, Debug, PartialEq, Eq, clap::Parser)]
#[command(version, about = "An authoritative multiplayer game server over WebSockets.")]
pub struct Config {
    /// Address and port to listen on, for the page and the WebSocket alike; port 0 takes a free
    /// one
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

    /// Fill every room up to N players with bots, as far as it has places; they make way for
    /// people
    #[arg(long, env = "TICKWIRE_FILL", value_name = "N",
        default_value_t = Config::default().fill)]
    pub fill: u16,

    /// How well those bots play: easy, normal, hard, or mixed for some of each
    #[arg(long, env = "TICKWIRE_BOT_SKILL", value_name = "HOW",
        default_value_t = Config::default().bot_skill)]
    pub bot_skill: Skills,

    /// Where all randomness of the rooms comes from; a room of the same name and seed is the
    /// same. Random when absent, and then told in the log
    #[arg(long, env = "TICKWIRE_SEED", value_name = "N")]
    pub seed: Option<u64>,

    /// Most bytes of one snapshot; what does not fit waits, the least important longest
    #[arg(long, env = "TICKWIRE_SNAPSHOT_MAX_BYTES", value_name = "N",
        default_value_t = Config::default().snapshot_max_bytes,
        value_parser = clap::value_parser!(u32)
            .range(SNAPSHOT_MAX_BYTES_MIN as i64..=SNAPSHOT_MAX_BYTES as i64))]
    pub snapshot_max_bytes: u32,

    /// By how much spectators see a room later than players: 2s, 500ms; 0 is live
    #[arg(long, env = "TICKWIRE_SPECTATOR_DELAY", value_name = "TIME", default_value = "2s",
        value_parser = |text: &str| time(text, SPECTATOR_DELAY_MAX))]
    pub spectator_delay: Duration,

    /// How old the picture of a player may be by which its shots are judged that hit at once: 250ms;
    /// 0 judges all in the present
    #[arg(long, env = "TICKWIRE_REWIND_MAX", value_name = "TIME", default_value = "250ms",
        value_parser = |text: &str| time(text, REWIND_MAX_MAX))]
    pub rewind_max: Duration,

    /// How many ticks a room that is late makes up at once; the others are given up
    #[arg(long, env = "TICKWIRE_CATCH_UP_STEPS", value_name = "N",
        default_value_t = Config::default().catch_up_steps,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(CATCH_UP_STEPS_MAX)))]
    pub catch_up_steps: u32,

    /// How far an overloaded room slows its ticks, in percent of the tick rate; 100 never slows
    #[arg(long = "slowest", env = "TICKWIRE_SLOWEST", value_name = "PERCENT",
        default_value_t = Config::default().slowest_percent,
        value_parser = clap::value_parser!(u16).range(SLOWEST_RANGE))]
    pub slowest_percent: u16,

    /// Whether anyone may come into an overloaded room
    #[arg(long, env = "TICKWIRE_OVERLOAD_JOINS", value_name = "HOW", default_value = "refuse")]
    pub overload_joins: OverloadJoins,

    /// The game's own settings, as JSON
    #[arg(long, env = "TICKWIRE_SETTINGS", value_name = "JSON")]
    pub settings: Option<String>,

    /// Record all that is to be seen in the first room that opens to this file, for
    /// `stream-report`
    #[arg(long, env = "TICKWIRE_RECORD_SCENES", value_name = "FILE")]
    pub record_scenes: Option<PathBuf>,

    /// Serve the page from this folder, read anew at every request, instead of the built-in one
    #[arg(long, env = "TICKWIRE_WEB_DIR", value_name = "PATH")]
    pub web_dir: Option<PathBuf>,

    /// Most rooms at a time
    #[arg(long, env = "TICKWIRE_ROOMS_MAX", value_name = "N",
        default_value_t = Config::default().rooms_max,
        value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub rooms_max: u32,

    /// Most people in all rooms together, players and spectators
    #[arg(long, env = "TICKWIRE_CONNECTIONS_MAX", value_name = "N",
        default_value_t = Config::default().connections_max,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub connections_max: u32,

    /// Threads that run rooms [default: one less than there are cores, at least 1]
    #[arg(long, env = "TICKWIRE_SHARDS", value_name = "N",
        value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub shards: Option<u16>,

    /// For how long a room without people is kept
    #[arg(long, env = "TICKWIRE_EMPTY_ROOM_SECONDS", value_name = "N",
        default_value_t = Config::default().empty_room_seconds)]
    pub empty_room_seconds: u32,

    /// Send back what comes at /ws instead of playing: for suites that test WebSocket servers
    #[arg(long, env = "TICKWIRE_ECHO")]
    pub echo: bool,

    /// What the door lets in.
    #[command(flatten)]
    pub door: DoorConfig,

    /// The certificate.
    #[command(flatten)]
    pub tls: TlsConfig,

    /// Join tickets.
    #[command(flatten)]
    pub tickets: TicketConfig,
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
            slowest_percent: overload.slowest_permille / PERMILLE_PER_PERCENT,
            overload_joins: if overload.refuse_joins {
                OverloadJoins::Refuse
            } else {
                OverloadJoins::Allow
            },
            settings: None,
            record_scenes: None,
            web_dir: None,
            rooms_max: 256,
            connections_max: 10_000,
            shards: None,
            empty_room_seconds: 30,
            echo: false,
            door: DoorConfig::default(),
            tls: TlsConfig::default(),
            tickets: TicketConfig::default(),
        }
    }
}

impl Config {
    /// Checks what no single argument can be checked for.
    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(path) = &self.web_dir
            && !path.is_dir()
        {
            return Err(format!("--web-dir {} is not a folder", path.display()));
        }
        Ok(())
    }

    /// How rooms send what there is to see.
    pub(crate) fn stream(&self) -> StreamSettings {
        StreamSettings {
            snapshot_max_bytes: self.snapshot_max_bytes as usize,
            spectator_delay: self.spectator_delay,
        }
    }

    /// What rooms do that cannot keep up.
    pub(crate) fn overload(&self) -> OverloadPolicy {
        OverloadPolicy {
            catch_up_steps: self.catch_up_steps,
            slowest_permille: self.slowest_percent * PERMILLE_PER_PERCENT,
            refuse_joins: self.overload_joins == OverloadJoins::Refuse,
        }
    }

    /// How many shards to run.
    pub(crate) fn shard_count(&self) -> usize {
        match self.shards {
            Some(count) => usize::from(count),
            // One core is left to the door and to the kernel's network work.
            None => std::thread::available_parallelism().map_or(1, |cores| cores.get() - 1).max(1),
        }
    }
}

/// A time with its unit, no longer than `most`.
fn time(text: &str, most: Duration) -> Result<Duration, String> {
    let (number, unit_ms) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => (number, 1),
        (None, Some(number)) => (number, 1_000),
        (None, None) if text == "0" => (text, 1),
        (None, None) => return Err("not a time like 2s or 500ms".into()),
    };
    let number: u64 = number.parse().map_err(|_| "not a time like 2s or 500ms")?;
    let time = Duration::from_millis(number.saturating_mul(unit_ms));
    if time > most {
        return Err(format!("more than {} s", most.as_secs()));
    }
    Ok(time)
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
            "--slowest=4",
            "--slowest=101",
            "--overload-joins=maybe",
            "--spectator-delay=2",
            "--spectator-delay=-1s",
            "--spectator-delay=1.5s",
            "--spectator-delay=61s",
            "--rewind-max=1001ms",
            "--spectator-delay=99999999999999999999s",
            "--spectator-delay=9999999999999999999s",
        ] {
            let error = Config::try_parse_from(["tickwire", bad]).expect_err(bad);
            assert_eq!(error.exit_code(), 2, "{bad}");
        }
    }

    #[test]
    fn how_rooms_send_is_as_was_said() {
        let stream = |arguments: &[&str]| {
            let all = ["tickwire"].iter().chain(arguments);
            Config::try_parse_from(all).expect("these are allowed").stream()
        };
        assert_eq!(stream(&[]), StreamSettings::default());
        let said = ["--snapshot-max-bytes=64", "--spectator-delay=1500ms"];
        let meant = StreamSettings {
            snapshot_max_bytes: 64,
            spectator_delay: Duration::from_millis(1_500),
        };
        assert_eq!(stream(&said), meant);
        for (text, delay) in
            [("0", Duration::ZERO), ("0s", Duration::ZERO), ("60s", SPECTATOR_DELAY_MAX)]
        {
            assert_eq!(time(text, SPECTATOR_DELAY_MAX), Ok(delay), "{text}");
        }
    }

    #[test]
    fn what_overloaded_rooms_do_is_as_was_said() {
        let overload = |arguments: &[&str]| {
            let all = ["tickwire"].iter().chain(arguments);
            Config::try_parse_from(all).expect("these are allowed").overload()
        };
        assert_eq!(overload(&[]), OverloadPolicy::default());
        let said = ["--catch-up-steps=8", "--slowest=100", "--overload-joins=allow"];
        let meant =
            OverloadPolicy { catch_up_steps: 8, slowest_permille: 1_000, refuse_joins: false };
        assert_eq!(overload(&said), meant);
    }

    #[test]
    fn a_room_smaller_than_the_usual_number_of_bots_is_allowed() {
        let config = Config::try_parse_from(["tickwire", "--room-size=4"]).expect("it is a size");
        assert_eq!(config.check(), Ok(()));
    }
}
