//! The real programs, over real sockets on the loopback, in real time: what a user runs.
//!
//! A test starts a [`Server`] and meets it as whatever a test needs to be: plain HTTP
//! ([`http`]), a client that speaks message by message ([`TestClient`]), a swarm of bots ([`Bots`]),
//! clients that behave badly ([`Abusers`]),
//! people's browsers ([`Browser`], [`Firefox`]) or people's programs ([`Node`], [`Python`]). Every wait is bounded and says what it waited for; no
//! test asserts how long something took. Whatever a test started ends with it.

mod abusers;
mod browser;
mod devtools;
mod firefox;
mod gauges;
pub mod http;
mod node;
mod path_proxy;
mod ports;
mod process;
mod programs;
mod proxies;
mod python;
mod report;
mod tab;
mod test_client;
mod usage;

use std::env;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use abusers::Abusers;
pub use browser::{Browser, Finger, Page};
pub use firefox::{Firefox, FirefoxPage};
pub use gauges::Gauges;
pub use node::Node;
pub use path_proxy::PathProxy;
pub use process::Process;
pub use programs::{Bots, Report, Server};
pub use proxies::{Proxy, ProxyKind};
pub use python::Python;
pub use report::stream_report;
pub use tab::{Key, Tab};
pub use test_client::{Ending, Player, TestClient};
pub use usage::Usage;

/// Longest wait for anything that should be there at once. Two busy cores are given time.
pub const GIVE_UP: Duration = Duration::from_secs(30);

/// Waits until no other test of this program plays in real time: two cores carry one such
/// test, not six.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    // A test that failed while alone leaves nothing behind that others could stumble over.
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks every few milliseconds until there is an answer, for at most `give_up`.
pub fn poll<T>(give_up: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if started.elapsed() > give_up {
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Prints what a test measured, or why it was skipped.
pub fn say(text: &str) {
    // Past the test runner, which keeps what `println!` says of a test that passes. There is no
    // one to tell when there is no stderr.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Cargo's target directory and the name of the directory in it in which this test was built:
/// from `target/debug/deps/real-0123`, `target` and `debug`.
fn target() -> (PathBuf, String) {
    let test = env::current_exe().expect("a running test has a path");
    let built = test.ancestors().nth(2).expect("tests lie in `deps` of a profile's directory");
    let profile = built.file_name().expect("a profile's directory has a name");
    let target = built.parent().expect("a profile's directory lies in the target directory");
    (target.to_owned(), profile.to_string_lossy().into_owned())
}

/// Cargo, as it is run by a person: without what the Cargo that runs this test says of the test's package. Some
/// build scripts (that of `ring`) run anew when that changes, and all that stands on them is compiled again.
#[must_use]
pub fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        let is_of_package = |name: &str| {
            ["CARGO_MANIFEST_", "CARGO_PKG_"].iter().any(|prefix| name.starts_with(prefix))
        };
        if name.to_str().is_some_and(is_of_package) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// Where screenshots are left for people to look at.
#[must_use]
pub fn screenshots() -> PathBuf {
    let directory = target().0.join("screenshots");
    std::fs::create_dir_all(&directory).expect("the target directory can be written");
    directory
}
