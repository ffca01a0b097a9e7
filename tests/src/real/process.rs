//! One child process: its lines of output, its log, its end. It never outlives the test.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::poll;

/// A running program.
pub struct Process {
    name: String,
    child: Child,
    lines: Receiver<String>,
    log: Arc<Mutex<String>>,
}

impl Process {
    /// Starts it; its output is read from now on, so that it never blocks on a full pipe.
    #[must_use]
    pub fn start(name: &str, command: &mut Command) -> Process {
        Process::start_with_log(name, command, Stdio::piped())
    }

    /// Starts it with a log of the test's own.
    #[must_use]
    pub fn start_with_log(name: &str, command: &mut Command, log: Stdio) -> Process {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
        let out = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let err = child.stderr.take();
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                // The test that listened may be over.
                let _ = sender.send(line);
            }
        });
        let log = Arc::new(Mutex::new(String::new()));
        let written = Arc::clone(&log);
        thread::spawn(move || {
            let Some(mut err) = err else { return };
            let mut chunk = [0; 4096];
            while let Ok(bytes @ 1..) = err.read(&mut chunk) {
                let text = String::from_utf8_lossy(&chunk[..bytes]);
                written.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
            }
        });
        Process { name: name.to_owned(), child, lines, log }
    }

    /// Its next line on stdout, if one comes in time.
    pub fn line(&mut self, give_up: Duration) -> Option<String> {
        self.lines.recv_timeout(give_up).ok()
    }

    /// All lines on stdout until it closes that.
    pub fn rest(&mut self, give_up: Duration) -> String {
        let mut text = String::new();
        while let Some(line) = self.line(give_up) {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }

    /// What it wrote on stderr so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// By which number the system knows it.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal by name, through the shell's `kill`: std has none.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("sh")
            .args(["-c", "kill -s \"$0\" \"$1\"", name, &self.child.id().to_string()])
            .status()
            .expect("there is a shell");
        assert!(sent.success(), "{} took no {name}", self.name);
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }

    /// Waits until it ends by itself.
    ///
    /// # Panics
    /// When it does not.
    pub fn wait(&mut self, give_up: Duration) -> ExitStatus {
        let ended = poll(give_up, || self.ended());
        ended.unwrap_or_else(|| {
            panic!("{} did not end within {give_up:?}. It said:\n{}", self.name, self.log())
        })
    }

    /// Ends it at once, without a word to it.
    pub fn kill(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            let log = self.log();
            let tail = log.char_indices().rev().nth(3_000).map_or(0, |(at, _)| at);
            #[expect(clippy::print_stderr, reason = "a failed test shows what its programs said")]
            if !log.is_empty() {
                eprintln!("--- {} said at last:\n{}", self.name, &log[tail..]);
            }
        }
    }
}
