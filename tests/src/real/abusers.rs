//! Clients that behave badly on purpose, by the real program, beside whatever else plays.

use std::process::Command;
use std::time::Duration;

use super::programs::program;
use super::{GIVE_UP, Process, Report, Server};

/// A running program of abusers.
pub struct Abusers {
    process: Process,
    duration: Duration,
}

impl Abusers {
    /// Lets them loose on a server for some time. The machine's cores go to the server and its
    /// players first, as they would if abusers had machines of their own.
    #[must_use]
    pub fn start(server: &Server, kind: &str, duration: Duration, settings: &[&str]) -> Abusers {
        let mut command = Command::new("nice");
        command.args(["-n", "19"]).arg(program("bot-client"));
        command.args(["--url", &server.ws_url(), "--json", "--abuse", kind]);
        command.arg("--duration").arg(format!("{}ms", duration.as_millis()));
        command.args(settings);
        Abusers { process: Process::start(kind, &mut command), duration }
    }

    /// Waits until they are done.
    ///
    /// # Panics
    /// When they are not in time, or their report is none.
    #[must_use]
    pub fn finish(self) -> Report {
        Report::of(self.process, self.duration + GIVE_UP)
    }
}

impl Report {
    /// How often each of something came about: of `ends`, of `refused_http` and so on.
    ///
    /// # Panics
    /// When the report has none of that name.
    #[must_use]
    pub fn counts_of(&self, name: &str) -> Vec<(String, u64)> {
        let counts = self.counts[name].as_object();
        let counts = counts.unwrap_or_else(|| panic!("no {name} in {:#}", self.counts));
        counts.iter().map(|(what, count)| (what.clone(), count.as_u64().unwrap_or(0))).collect()
    }
}
