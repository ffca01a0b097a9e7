//! Kills a part of a server on purpose, in tests of this crate: the one that two variables of the
//! environment name, which only a process has that a test started to be killed.

use std::env;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The name of the part.
pub(crate) const PART: &str = "TEST_KILLS_PART";
/// When it is killed: `start`, `running`, or once at work as soon as the file is there that is named here.
pub(crate) const MOMENT: &str = "TEST_KILLS_AT";
/// What the panic says.
pub(crate) const REASON: &str = "killed on purpose";

/// When a part is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KillAt {
    /// Before it has done anything.
    Start,
    /// When it gives a sign of life.
    Running,
}

/// Panics if this part is to be killed now.
pub(super) fn strike(part: &str, at: KillAt) {
    let name = match at {
        KillAt::Start => "start",
        KillAt::Running => "running",
    };
    let is = |variable, value: &str| env::var(variable).is_ok_and(|set| set == value);
    assert!(!(is(PART, part) && is(MOMENT, name)), "{REASON}");
    static HAS_STRUCK: AtomicBool = AtomicBool::new(false);
    let is_there = || env::var_os(MOMENT).is_some_and(|file| Path::new(&file).is_file());
    if is(PART, part) && at == KillAt::Running && is_there() {
        assert!(HAS_STRUCK.swap(true, Relaxed), "{REASON}");
    }
}
