//! The program as somebody runs it: its name, help and errors, two lines at start, and its bots.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

fn tickwire() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tickwire"));
    command.env_remove("TICKWIRE_FILL").env("RUST_LOG", "off");
    command
}

fn output(arguments: &[&str]) -> Output {
    tickwire().args(arguments).output().expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A running server, stopped on drop.
struct Server {
    process: Child,
    lines: Vec<String>,
}

impl Server {
    fn start(configure: impl FnOnce(&mut Command)) -> Server {
        let mut command = tickwire();
        command.args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped());
        configure(&mut command);
        let mut process = command.spawn().expect("it runs");
        let out = BufReader::new(process.stdout.take().expect("it is piped"));
        let lines = out.lines().take(2).map(|line| line.expect("a line")).collect();
        Server { process, lines }
    }

    fn url(&self) -> &str {
        self.lines[0].strip_prefix("listening on ").expect("it says where")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn help_and_version_name_the_program_and_its_subcommand() {
    let help = output(&["--help"]);
    assert!(help.status.success());
    let help = text(&help.stdout);
    for said in ["Usage: tickwire [OPTIONS]", "bots", "TICKWIRE_LISTEN", "[default: 30]"] {
        assert!(help.contains(said), "{said}: {help}");
    }
    let version = output(&["--version"]);
    assert_eq!(text(&version.stdout), format!("tickwire {}\n", env!("CARGO_PKG_VERSION")));
    let help = text(&output(&["bots", "--help"]).stdout);
    for said in ["Usage: tickwire bots [OPTIONS]", "--spectators", "ws://127.0.0.1:7777/ws"] {
        assert!(help.contains(said), "{said}: {help}");
    }
}

#[test]
fn what_goes_wrong_is_said_in_a_line_with_the_name_of_the_program_and_its_exit_code() {
    for (arguments, code, said) in [
        (&["--fill", "many"][..], 2, "--fill"),
        (&["--settings", "{", "--listen", "127.0.0.1:0"], 2, "tickwire: --settings"),
        (&["--frame-ancestors", "portal"], 2, "https://portal.example"),
        (&["--content-security-policy", "frames none"], 2, "no directive"),
        (&["--fill", "3", "bots"], 2, "bots"),
        (&["bots", "--bots", "none"], 2, "--bots"),
        (&["bots", "--bots", "0"], 1, "tickwire bots: nobody to send"),
        (&["bots", "--url", "127.0.0.1:1", "--duration", "1s"], 1, "tickwire bots: cannot reach"),
    ] {
        let output = output(arguments);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
        assert!(error.contains(said), "{arguments:?}: {error}");
        assert!(!error.contains("Config("), "it is for people: {error}");
    }
}

#[test]
fn it_prints_two_lines_at_start_and_its_own_bots_play_on_it() {
    let server = Server::start(|command| {
        command.env("TICKWIRE_FILL", "0");
    });
    assert!(server.url().starts_with("http://127.0.0.1:"), "{:?}", server.lines);
    assert!(server.lines[1].starts_with("admin on http://127.0.0.1:"), "{:?}", server.lines);
    let played = output(&[
        "bots",
        "--url",
        server.url(),
        "--bots",
        "2",
        "--spectators",
        "1",
        "--duration",
        "1s",
        "--json",
    ]);
    let report = text(&played.stdout);
    assert!(played.status.success(), "{report}{}", text(&played.stderr));
    assert!(report.starts_with('{') && report.contains("\"bots\""), "{report}");
}
