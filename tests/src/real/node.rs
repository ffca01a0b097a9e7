//! Programs of other people, as far as they are written in JavaScript: scripts run by Node.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use super::process::Process;
use super::{GIVE_UP, say};

/// A Node that has a WebSocket.
pub struct Node {
    program: PathBuf,
}

/// WebSocket is behind this flag in Node 20 and 21, and there without it since; before 20.10 there
/// is none, and no such flag.
const FLAG: &str = "--experimental-websocket";

impl Node {
    /// The Node of this machine; `None`, with one line that says so, where there is none that
    /// serves. With `NODE_REQUIRED=1` in the environment that is a failure.
    #[must_use]
    pub fn find() -> Option<Node> {
        let named = env::var_os("NODE").filter(|named| !named.is_empty());
        let program = PathBuf::from(named.unwrap_or_else(|| "node".into()));
        let asked = Command::new(&program).args([FLAG, "--print", "typeof WebSocket"]).output();
        if asked.is_ok_and(|output| output.stdout.starts_with(b"function")) {
            return Some(Node { program });
        }
        assert!(
            env::var_os("NODE_REQUIRED").is_none_or(|required| required != "1"),
            "no Node with a WebSocket found, though NODE_REQUIRED=1"
        );
        say("skipped: no Node with a WebSocket found (install 20.10 or later, or set NODE)");
        None
    }

    /// Runs a script of `web-client` to its end; gives how it ended and what it printed.
    #[must_use]
    pub fn run(&self, script: &str, arguments: &[&str]) -> (ExitStatus, String) {
        let web_client = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("web-client");
        let mut command = Command::new(&self.program);
        command.arg(FLAG).arg(web_client.join(script)).args(arguments);
        let mut process = Process::start("Node", &mut command);
        let printed = process.rest(GIVE_UP);
        let status = process.wait(GIVE_UP);
        if !status.success() {
            say(&process.log());
        }
        (status, printed)
    }
}
