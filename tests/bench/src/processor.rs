//! Cores and priorities: what keeps other programs out of the figures.

use std::hint::spin_loop;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;

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
/// The kernel still leaves one part in twenty of each second to others (`sched_rt_runtime_us`): a server that
/// wants more stands still for 50 ms ([`REALTIME_SHARE_MAX`]).
pub(crate) fn prefer() -> bool {
    set_policy("--fifo", "10")
}

fn set_policy(policy: &str, priority: &str) -> bool {
    let process = std::process::id().to_string();
    let chrt = Command::new("chrt")
        .args([policy, "--pid", priority, &process])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    chrt.is_ok_and(|status| status.success())
}

/// A server that takes more of its core on average, and is at real-time priority, may have met its limit
/// in some seconds.
pub(crate) const REALTIME_SHARE_MAX: f64 = 0.9;

/// A process that keeps a core awake while this lives.
pub(crate) struct Awake(Child);

impl Awake {
    /// Has a core do something whenever nobody else wants it (SCHED_IDLE). Else it sleeps between two
    /// ticks, and wakes slowly and with cold caches, on a virtual machine above all: the same work then
    /// takes up to twice the time, of a candidate that works in pieces more than of one that does all at
    /// once, and that is nothing that a loaded server would meet.
    pub(crate) fn keep(core: usize) -> std::io::Result<Awake> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--keep-awake", &core.to_string()]);
        // It ends when its standard input does, which is when this process does.
        Ok(Awake(command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?))
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Keeps a core awake until standard input ends; not at all at any other priority than the lowest.
pub(crate) fn keep_awake(core: usize) {
    if !pin(core) || !set_policy("--idle", "0") {
        return;
    }
    let input = thread::spawn(|| std::io::stdin().read_to_end(&mut Vec::new()));
    while !input.is_finished() {
        (0..1_000).for_each(|_| spin_loop());
    }
}
