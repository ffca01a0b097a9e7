//! The programs of this workspace, built once per test run: the server and the bots.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

use super::http::{self, Response};
use super::process::Process;
use super::usage::Usage;
use super::{GIVE_UP, target};

/// The path of a program of this workspace, built as this test was built.
///
/// Cargo tells a test where the binaries of its own package are; for those of other packages
/// the test has to ask Cargo itself.
pub(super) fn program(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let directory = BUILT.get_or_init(|| {
        let (target, directory) = target();
        // The directory of the profile `dev` is called `debug`, all others are called as they are.
        let profile = if directory == "debug" { "dev" } else { &directory };
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo)
            .args(["build", "--locked", "--quiet", "--bins", "-p", "tickwire", "-p", "bot-client"])
            .args(["--profile", profile])
            .arg("--target-dir")
            .arg(&target)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .expect("cargo can be run");
        assert!(built.success(), "the programs under test do not build");
        target.join(directory)
    });
    directory.join(name).with_extension(std::env::consts::EXE_EXTENSION)
}

/// A running game server on a port of its own.
pub struct Server {
    process: Process,
    address: SocketAddr,
    settings: Vec<String>,
}

impl Server {
    /// Starts one with these settings besides the address, and waits until it listens.
    #[must_use]
    pub fn start(settings: &[&str]) -> Server {
        let settings: Vec<String> = settings.iter().map(|&setting| setting.to_owned()).collect();
        let (process, address) = launch("127.0.0.1:0", &settings);
        Server { process, address, settings }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a page of it, `path` beginning with a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The URL at which it plays.
    #[must_use]
    pub fn ws_url(&self) -> String {
        format!("ws://{}/ws", self.address)
    }

    /// Asks for one page.
    #[must_use]
    pub fn get(&self, path: &str) -> Response {
        http::request(self.address, "GET", path)
    }

    /// What it wrote on stderr so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// What it has of the machine, and has used of it so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        Usage::of(self.process.id())
    }

    /// Asks it to go down, as Ctrl-C does. It is still there until [`Server::ended`].
    pub fn interrupt(&self) {
        self.process.signal("INT");
    }

    /// Stops the whole process in the middle of whatever it does.
    pub fn stop(&self) {
        self.process.signal("STOP");
    }

    /// Lets it run on.
    pub fn run_on(&self) {
        self.process.signal("CONT");
    }

    /// How it ended.
    pub fn ended(&mut self) -> ExitStatus {
        self.process.wait(GIVE_UP)
    }

    /// Ends it without a word, as a crash or a power cut does.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts a new one, with the same settings and at the same address, after the old one ended.
    pub fn restart_on_same_port(&mut self) {
        self.process.kill();
        (self.process, self.address) = launch(&self.address.to_string(), &self.settings);
    }
}

fn launch(listen: &str, settings: &[String]) -> (Process, SocketAddr) {
    let mut command = Command::new(program("tickwire"));
    command.args(["--listen", listen]).args(settings);
    let mut process = Process::start("the server", &mut command);
    let line = process.line(GIVE_UP);
    let line = line.unwrap_or_else(|| panic!("the server listens nowhere:\n{}", process.log()));
    let address = line.strip_prefix("listening on http://").and_then(|at| at.trim().parse().ok());
    (process, address.unwrap_or_else(|| panic!("not an address to listen on: {line}")))
}

/// A running swarm of bots and spectators.
pub struct Bots {
    process: Process,
    duration: Duration,
}

/// What a swarm counted, and how it ended.
pub struct Report {
    /// How it ended.
    pub status: ExitStatus,
    /// What it counted, as it wrote it.
    pub counts: Value,
}

impl Bots {
    /// Sends a swarm to a server for some time.
    #[must_use]
    pub fn start(server: &Server, duration: Duration, settings: &[&str]) -> Bots {
        let mut command = Command::new(program("bot-client"));
        command.args(["--url", &server.ws_url(), "--json"]);
        command.arg("--duration").arg(format!("{}s", duration.as_secs()));
        command.args(settings);
        Bots { process: Process::start("the bots", &mut command), duration }
    }

    /// Stops the whole process in the middle of whatever it does.
    pub fn stop(&self) {
        self.process.signal("STOP");
    }

    /// Lets it run on.
    pub fn run_on(&self) {
        self.process.signal("CONT");
    }

    /// Waits until it is done.
    ///
    /// # Panics
    /// When it is not in time, or its report is none.
    #[must_use]
    pub fn finish(self) -> Report {
        Report::of(self.process, self.duration + GIVE_UP)
    }
}

impl Report {
    /// What a program reports when it ends.
    ///
    /// # Panics
    /// When it does not end in time, or its report is none.
    pub(super) fn of(mut process: Process, give_up: Duration) -> Report {
        let status = process.wait(give_up);
        let text = process.rest(GIVE_UP);
        let counts = serde_json::from_str(&text).unwrap_or_else(|error| {
            panic!("no report ({error}), {status}:\n{text}\n{}", process.log())
        });
        Report { status, counts }
    }

    /// One whole number of the report.
    ///
    /// # Panics
    /// When there is none of that name.
    #[must_use]
    pub fn count(&self, name: &str) -> u64 {
        self.counts[name].as_u64().unwrap_or_else(|| panic!("no {name} in {:#}", self.counts))
    }
}
