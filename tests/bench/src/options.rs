//! What is measured: the command line, and the words for candidates and workloads.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use serde::Serialize;

/// Compares the server with a bare one and a plain one on this machine, under players that really
/// play. Each candidate is a process of its own on the first core; the players share the second.
#[derive(Clone, Debug, Parser)]
pub(crate) struct Options {
    /// Only 400 and 1,000 players, shorter and fewer rounds: below four minutes
    #[arg(long)]
    pub(crate) quick: bool,

    /// Print one JSON object to stdout, and all else to stderr
    #[arg(long)]
    pub(crate) json: bool,

    /// How many players [default: 100,400,1000,2000,3000,4000]
    #[arg(long, value_name = "N", value_delimiter = ',',
        value_parser = clap::value_parser!(u16).range(1..=4_000))]
    pub(crate) players: Vec<u16>,

    /// Where they play [default: all]
    #[arg(long, value_delimiter = ',')]
    pub(crate) workload: Vec<Workload>,

    /// Which servers take turns [default: all]
    #[arg(long, value_delimiter = ',')]
    pub(crate) candidates: Vec<Candidate>,

    /// How often each is measured [default: 5, or 2 if quick]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: Option<u32>,

    /// Seconds that each measurement takes [default: 6, or 3.5 if quick]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(crate) seconds: Option<u32>,

    /// Ticks of the servers, and inputs of each player, per second
    #[arg(long, value_name = "HZ", default_value_t = 30,
        value_parser = clap::value_parser!(u16).range(10..=128))]
    pub(crate) tick_rate: u16,

    /// Draw the CPU time over the number of players into this file
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) plot: Option<PathBuf>,

    /// Leave servers and players at the usual priority
    #[arg(long)]
    pub(crate) no_realtime: bool,

    /// Show what the servers log
    #[arg(long)]
    pub(crate) verbose: bool,

    /// Be a server: what this program starts itself with.
    #[arg(long, hide = true)]
    pub(crate) role: Option<Candidate>,
    /// The core that this process keeps from falling asleep, and does nothing else.
    #[arg(long, hide = true)]
    pub(crate) keep_awake: Option<usize>,

    /// Most players in a room of that server.
    #[arg(long, hide = true, default_value_t = 16)]
    pub(crate) room_size: u16,
}

impl Options {
    pub(crate) fn cases(&self) -> Vec<Case> {
        let players: &[u16] = match &self.players[..] {
            [] if self.quick => &[400, 1_000],
            [] => &[100, 400, 1_000, 2_000, 3_000, 4_000],
            players => players,
        };
        let workloads = or_all(&self.workload);
        let case = |workload| players.iter().map(move |&players| Case { workload, players });
        workloads.into_iter().flat_map(case).collect()
    }

    pub(crate) fn candidates(&self) -> Vec<Candidate> {
        or_all(&self.candidates)
    }

    pub(crate) fn rounds(&self) -> u32 {
        self.rounds.unwrap_or(if self.quick { 2 } else { 5 })
    }

    /// How long the players play before it counts: the first lives are protected for two seconds. Where
    /// nobody lives there is nothing to wait for.
    pub(crate) fn warm_up(&self, candidate: Candidate) -> Duration {
        Duration::from_millis(match (candidate, self.quick) {
            (Candidate::Floor, _) => 1_000,
            (_, true) => 2_500,
            (_, false) => 4_000,
        })
    }

    /// The time between two ticks.
    pub(crate) fn period(&self) -> Duration {
        Duration::from_secs(1) / u32::from(self.tick_rate)
    }

    pub(crate) fn measured(&self) -> Duration {
        let seconds = self.seconds.map_or(if self.quick { 3.5 } else { 6.0 }, f64::from);
        Duration::from_secs_f64(seconds)
    }
}

fn or_all<T: ValueEnum>(chosen: &[T]) -> Vec<T> {
    if chosen.is_empty() { T::value_variants().to_vec() } else { chosen.to_vec() }
}

/// A server that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Candidate {
    /// One thread that reads and writes each socket once a tick, and nothing else.
    Floor,
    /// The same game on tokio and tokio-tungstenite, written as one would write it first.
    Plain,
    /// The server as it is shipped.
    Tickwire,
}

/// Where the players play.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Workload {
    /// In rooms of sixteen.
    Room16,
    /// All in one room.
    Arena,
}

/// One number of players at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Case {
    pub(crate) workload: Workload,
    pub(crate) players: u16,
}

impl Case {
    /// Most players in a room.
    pub(crate) fn room_size(self) -> u16 {
        match self.workload {
            Workload::Room16 => 16,
            Workload::Arena => self.players,
        }
    }

    /// In which room a player is, by its number.
    pub(crate) fn room_of(self, number: usize) -> String {
        match self.workload {
            Workload::Room16 => format!("room-{}", number / 16),
            Workload::Arena => "arena".into(),
        }
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Candidate::Floor => "floor",
            Candidate::Plain => "plain",
            Candidate::Tickwire => "tickwire",
        })
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Workload::Room16 => "room16",
            Workload::Arena => "arena",
        })
    }
}
