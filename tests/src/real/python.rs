//! Programs of other people in Python: the client for bots and notebooks, `bot-client/python`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::process::Process;
use super::{GIVE_UP, say, target};

/// The only package that the client needs, for the connection. The last version for Python 3.9.
const WEBSOCKETS: &str = "15.0.1";
/// How long its installation may take.
const INSTALL_GIVE_UP: Duration = Duration::from_secs(180);

/// A Python that is new enough for the client.
pub struct Python {
    program: PathBuf,
}

impl Python {
    /// The Python of this machine, without packages; `None`, with one line that says so, where there is none that is
    /// new enough. With `PYTHON_REQUIRED=1` in the environment that is a failure.
    #[must_use]
    pub fn find() -> Option<Python> {
        let named = env::var_os("PYTHON").filter(|named| !named.is_empty());
        let program = PathBuf::from(named.unwrap_or_else(|| "python3".into()));
        let ask = "import sys; print(sys.version_info >= (3, 9))";
        let asked = Command::new(&program).args(["-c", ask]).output();
        if asked.is_ok_and(|output| output.stdout.starts_with(b"True")) {
            return Some(Python { program });
        }
        missing("no Python found (install 3.9 or later, or set PYTHON)")
    }

    /// The same with the package for WebSockets, in an environment of its own below the target directory that is
    /// made when it is first needed.
    ///
    /// # Panics
    /// When the target directory cannot be written.
    #[must_use]
    pub fn with_websockets() -> Option<Python> {
        let python = Python::find()?;
        let folder = target().0.join("python");
        let program = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
        fs::create_dir_all(&folder).expect("the target directory can be written");
        static MAKING: Mutex<()> = Mutex::new(());
        let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        let ready = Python { program };
        if ready.has_websockets() {
            return Some(ready);
        }
        let folder = folder.to_string_lossy();
        let package = format!("websockets=={WEBSOCKETS}");
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", &package];
        for (python, arguments) in [(&python, &["-m", "venv", &*folder][..]), (&ready, &pip)] {
            let Err(said) = python.set_up(arguments) else { continue };
            return missing(&format!("no environment with {package} for Python:\n{said}"));
        }
        Some(ready)
    }

    fn has_websockets(&self) -> bool {
        let ask = "import websockets; print(websockets.__version__)";
        let asked = Command::new(&self.program).args(["-c", ask]).output();
        asked.is_ok_and(|output| output.stdout.trim_ascii() == WEBSOCKETS.as_bytes())
    }

    /// What it said if it failed.
    fn set_up(&self, arguments: &[&str]) -> Result<(), String> {
        let mut process = Process::start("Python", Command::new(&self.program).args(arguments));
        let printed = process.rest(INSTALL_GIVE_UP);
        let status = process.wait(GIVE_UP);
        if status.success() { Ok(()) } else { Err(format!("{printed}{}", process.log())) }
    }

    /// Runs a script of `bot-client/python` to its end, of which it prints something every so often; gives how it
    /// ended and what it printed.
    #[must_use]
    pub fn run(&self, arguments: &[&str], every: Duration) -> (ExitStatus, String) {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(folder());
        // Nothing is left beside the sources, and no proxy stands before the loopback.
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("NO_PROXY", "127.0.0.1");
        let mut process = Process::start("Python", &mut command);
        let printed = process.rest(every + GIVE_UP);
        let status = process.wait(GIVE_UP);
        if !status.success() {
            say(&process.log());
        }
        (status, printed)
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("bot-client").join("python")
}

fn missing(what: &str) -> Option<Python> {
    assert!(
        env::var_os("PYTHON_REQUIRED").is_none_or(|required| required != "1"),
        "{what}, though PYTHON_REQUIRED=1"
    );
    say(&format!("skipped: {what}"));
    None
}
