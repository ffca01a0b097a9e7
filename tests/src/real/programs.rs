//! The programs of this workspace, built once per test run: the server and the bots.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

use super::http::{self, Response};
use super::ports::lasting_address;
use super::process::Process;
use super::usage::Usage;
use super::{GIVE_UP, cargo, target};

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
        let built = cargo()
            // As the tests of the whole workspace are built: what those need is there already, and the
            // programs are built for the test of this name that each of them has.
            .args(["test", "--workspace", "--no-run", "--test", "program"])
            .args(["--locked", "--quiet"])
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
    program: String,
    scheme: &'static str,
    address: SocketAddr,
    admin_address: SocketAddr,
    descriptors_max: Option<u32>,
    settings: Vec<String>,
}

impl Server {
    /// Starts one with these settings besides the address, and waits until it listens.
    #[must_use]
    pub fn start(settings: &[&str]) -> Server {
        Server::launch("tickwire", lasting_address(), None, to_owned(settings))
    }

    /// The same of a program that was built elsewhere, such as the one of another commit.
    #[must_use]
    pub fn start_program(program: &Path, settings: &[&str]) -> Server {
        let name = program.display().to_string();
        let command = Command::new(program);
        Server::launched(
            &name,
            command,
            lasting_address(),
            None,
            to_owned(settings),
            Stdio::piped(),
        )
    }

    /// The same, with no more open files than this.
    #[must_use]
    pub fn start_with_descriptors(descriptors_max: u32, settings: &[&str]) -> Server {
        Server::launch("tickwire", lasting_address(), Some(descriptors_max), to_owned(settings))
    }

    /// Starts the server of another game, by the name of its program, in the folder `/`: it finds nothing
    /// there.
    #[must_use]
    pub fn of_game(name: &str, settings: &[&str]) -> Server {
        Server::launch(name, lasting_address(), None, to_owned(settings))
    }

    /// Starts `command`, which runs the program that it is given with its arguments, with this log and all
    /// lines in it.
    #[must_use]
    pub fn start_within(mut command: Command, log: Stdio, settings: &[&str]) -> Server {
        command.arg(program("tickwire")).env("RUST_LOG", "debug");
        let settings = to_owned(settings);
        Server::launched("tickwire", command, lasting_address(), None, settings, log)
    }

    fn launch(
        name: &str,
        listen: SocketAddr,
        descriptors_max: Option<u32>,
        settings: Vec<String>,
    ) -> Server {
        let mut command = match descriptors_max {
            None => Command::new(program(name)),
            Some(max) => {
                let mut command = Command::new("sh");
                command.args(["-c", &format!("ulimit -n {max}; exec \"$0\" \"$@\"")]);
                command.arg(program(name));
                command
            }
        };
        if name != "tickwire" {
            command.current_dir("/");
        }
        Server::launched(name, command, listen, descriptors_max, settings, Stdio::piped())
    }

    fn launched(
        name: &str,
        mut command: Command,
        listen: SocketAddr,
        descriptors_max: Option<u32>,
        settings: Vec<String>,
        log: Stdio,
    ) -> Server {
        command.args(["--listen", &listen.to_string()]).args(&settings);
        let mut process = Process::start_with_log("the server", &mut command, log);
        let is_secure = settings.iter().any(|setting| setting.starts_with("--tls"));
        let scheme = if is_secure { "https" } else { "http" };
        let address = self::address(&mut process, &format!("listening on {scheme}://"));
        let admin_address = self::address(&mut process, "admin on http://");
        let program = name.to_owned();
        Server { process, program, scheme, address, admin_address, descriptors_max, settings }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its counters are.
    #[must_use]
    pub fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    /// What it has counted.
    ///
    /// # Panics
    /// When it does not say.
    #[must_use]
    pub fn status(&self) -> Value {
        let response = http::request(self.admin_address, "GET", "/api/status");
        serde_json::from_slice(&response.body).expect("the status is JSON")
    }

    /// The URL of a page of it, `path` beginning with a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// The URL at which it plays.
    #[must_use]
    pub fn ws_url(&self) -> String {
        format!("{}://{}/ws", self.scheme.replace("http", "ws"), self.address)
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

    /// The number of its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Sends it a signal by its name, such as `HUP`.
    pub fn signal(&self, name: &str) {
        self.process.signal(name);
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
        let settings = std::mem::take(&mut self.settings);
        *self = Server::launch(&self.program, self.address, self.descriptors_max, settings);
    }
}

fn to_owned(settings: &[&str]) -> Vec<String> {
    settings.iter().map(|&setting| setting.to_owned()).collect()
}

/// The address in its next line, which begins so.
fn address(process: &mut Process, prefix: &str) -> SocketAddr {
    let line = process.line(GIVE_UP);
    let line = line.unwrap_or_else(|| panic!("the server listens nowhere:\n{}", process.log()));
    let address = line.strip_prefix(prefix).and_then(|at| at.trim().parse().ok());
    address.unwrap_or_else(|| panic!("not {prefix} and an address: {line}"))
}

/// A running swarm of bots and spectators.
pub struct Bots {
    process: Process,
    duration: Duration,
}

/// What a swarm counted, and how it ended.
#[derive(Debug)]
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
        Bots::start_with(Command::new(program("bot-client")), server, duration, settings)
    }

    /// The same of another game, by the name of its program.
    #[must_use]
    pub fn of_game(name: &str, server: &Server, duration: Duration, settings: &[&str]) -> Bots {
        let mut command = Command::new(program(name));
        command.arg("bots");
        Bots::start_with(command, server, duration, settings)
    }

    fn start_with(
        mut command: Command,
        server: &Server,
        duration: Duration,
        settings: &[&str],
    ) -> Bots {
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

    /// Asks all of them to leave now, as Ctrl-C does; then [`Bots::finish`] has their report.
    pub fn interrupt(&self) {
        self.process.signal("INT");
    }

    /// Waits until it has ended without a report; how, and what it said of that.
    ///
    /// # Panics
    /// When it is not in time.
    #[must_use]
    pub fn fail(mut self) -> (ExitStatus, String) {
        let status = self.process.wait(self.duration + GIVE_UP);
        // Its log ends when its output does, or soon after.
        let said = super::poll(GIVE_UP, || Some(self.process.log()).filter(|log| !log.is_empty()));
        (status, said.unwrap_or_default())
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
