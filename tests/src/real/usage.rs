//! What a process takes of the machine, as the kernel accounts it: processor time, memory,
//! descriptors, threads. Linux only.

use std::fs;
use std::time::Duration;

/// In what the kernel tells processor time to programs, whatever it counts in itself.
const CLOCK_TICK: Duration = Duration::from_millis(10);

/// What one process has and has used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Processor time so far, user and system.
    pub cpu: Duration,
    /// Memory that is in the machine's memory, in KiB.
    pub rss_kib: u64,
    /// Open descriptors.
    pub descriptors: usize,
    /// Threads.
    pub threads: u64,
}

impl Usage {
    /// That of a process that is there.
    ///
    /// # Panics
    /// When it is not there, or this is no Linux.
    #[must_use]
    pub fn of(pid: u32) -> Usage {
        let read = |file: &str| {
            fs::read_to_string(format!("/proc/{pid}/{file}"))
                .unwrap_or_else(|error| panic!("no {file} of process {pid}: {error}"))
        };
        let status = read("status");
        let row = |name: &str| {
            let row = status.lines().find_map(|line| line.strip_prefix(name));
            let number = row.and_then(|row| row.split_whitespace().next()?.parse().ok());
            number.unwrap_or_else(|| panic!("no {name} of process {pid}"))
        };
        let descriptors = fs::read_dir(format!("/proc/{pid}/fd"))
            .unwrap_or_else(|error| panic!("no descriptors of process {pid}: {error}"));
        Usage {
            cpu: cpu(&read("stat")),
            rss_kib: row("VmRSS:"),
            descriptors: descriptors.count(),
            threads: row("Threads:"),
        }
    }
}

/// User and system time: fields 14 and 15, counted after the program's name, which may hold
/// anything.
fn cpu(stat: &str) -> Duration {
    let after_name = stat.rsplit_once(')').map_or(stat, |(_, rest)| rest);
    let fields = after_name.split_whitespace().skip(11).take(2);
    let ticks = fields.map(|field| field.parse::<u32>().expect("it is a number")).sum::<u32>();
    CLOCK_TICK * ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_found_behind_any_name() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 100 0 0 0 12 30 0 0 20 0 1 0";
        assert_eq!(cpu(stat), Duration::from_millis(420));
    }

    #[test]
    fn a_process_has_memory_and_descriptors() {
        let own = Usage::of(std::process::id());
        assert!(own.rss_kib > 0 && own.descriptors > 2 && own.threads > 0, "{own:?}");
    }
}
