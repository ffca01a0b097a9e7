//! Cores and priorities: what keeps other programs out of the figures.

use std::process::{Command, Stdio};

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

/// Keeps this process, and what it starts, on one core. False where that is not there.
pub(crate) fn pin(core: usize) -> bool {
    let mut cores = CpuSet::new();
    cores.set(core).is_ok() && sched_setaffinity(Pid::from_raw(0), &cores).is_ok()
}

/// Lets this process, and what it starts, run before all others: SCHED_FIFO, by `chrt` of util-linux.
/// False if that is missing or refused.
///
/// The kernel still leaves one part in twenty of each core to others. It takes that from a server that
/// would use the whole core, which is beyond what any figure here is for; below that it takes nothing.
pub(crate) fn prefer() -> bool {
    let process = std::process::id().to_string();
    let chrt = Command::new("chrt")
        .args(["--fifo", "--pid", "10", &process])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    chrt.is_ok_and(|status| status.success())
}
