//! [`Watermark`]: above which memory nobody is let in any more, before the kernel ends the process
//! with everybody in it; and how the operating system is asked how much there is.
//!
//! The door samples it about once a second; the lobby asks it for every hello. Those who are in
//! play on. Only Linux is asked: elsewhere nothing is known, and nothing refused by default.

use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use shared::limits::{MEMORY_AGAIN_PERCENT, MEMORY_MAX_DEFAULT_PERCENT};
use tracing::{info, warn};

/// What Linux says when a process has as many descriptors as it may have.
const EMFILE: i32 = 24;

/// Whether memory is scarce.
#[derive(Debug, Default)]
pub(crate) struct Watermark {
    /// Bytes; `None` is no limit.
    max: Option<u64>,
    is_scarce: AtomicBool,
}

impl Watermark {
    /// With the limit that was set, or else by what there is.
    pub(crate) fn new(set: Option<u64>) -> Watermark {
        let of_what_there_is = || Some(available_bytes()? / 100 * MEMORY_MAX_DEFAULT_PERCENT);
        Watermark { max: set.or_else(of_what_there_is), is_scarce: AtomicBool::default() }
    }

    /// Takes note of how many bytes the process uses.
    pub(crate) fn sample(&self, used: u64) {
        let Some(max) = self.max else { return };
        // Lower on the way back, so that it does not waver.
        let limit = if self.is_scarce() { max / 100 * MEMORY_AGAIN_PERCENT } else { max };
        let is_scarce = used > limit;
        match (self.is_scarce.swap(is_scarce, Relaxed), is_scarce) {
            (false, true) => warn!(used, max, "memory is scarce: nobody more is let in"),
            (true, false) => info!(used, max, "memory is there again"),
            _ => {}
        }
    }

    /// Whether nobody is to be let in.
    pub(crate) fn is_scarce(&self) -> bool {
        self.is_scarce.load(Relaxed)
    }
}

/// Where the system tells how much memory the process has in use. It is held open: when there are
/// no more descriptors, it is to be known all the more.
#[derive(Debug)]
pub(crate) struct Meter(Option<File>);

impl Meter {
    pub(crate) fn open() -> Meter {
        Meter(File::open("/proc/self/status").ok())
    }

    /// Bytes in use now.
    pub(crate) fn used_bytes(&mut self) -> Option<u64> {
        let (file, mut text) = (self.0.as_mut()?, String::new());
        file.rewind().ok()?;
        file.read_to_string(&mut text).ok()?;
        kib_of(&text, "VmRSS:")
    }
}

/// How many descriptors the process has open, as far as the system tells. It takes the longer the
/// more there are.
pub(crate) fn open_descriptors() -> Option<u64> {
    match fs::read_dir("/proc/self/fd") {
        // One of them is that of the reading itself.
        Ok(descriptors) => Some(descriptors.count().saturating_sub(1) as u64),
        // There is none left for that: it has as many as it may have.
        Err(error) if error.raw_os_error() == Some(EMFILE) => {
            rlimit::getrlimit(rlimit::Resource::NOFILE).ok().map(|(max, _)| max)
        }
        Err(_) => None,
    }
}

/// The least of what the machine has and what the process may have of it.
fn available_bytes() -> Option<u64> {
    let machine = kib_of(&fs::read_to_string("/proc/meminfo").ok()?, "MemTotal:")?;
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let limit = |(root, group, file): (&str, &str, &str)| least_above(root, group, file);
    groups.lines().filter_map(place_of_limit).filter_map(limit).chain([machine]).min()
}

/// The number of a line like `VmRSS:    1234 kB`, in bytes.
fn kib_of(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1_024)
}

/// Where the limit of a line of `/proc/self/cgroup` is written: the root of the tree of groups,
/// the group, and the file.
fn place_of_limit(line: &str) -> Option<(&'static str, &str, &'static str)> {
    let (controllers, group) = line.split_once(':')?.1.split_once(':')?;
    match controllers {
        "" => Some(("/sys/fs/cgroup", group, "memory.max")),
        _ if controllers.split(',').any(|controller| controller == "memory") => {
            Some(("/sys/fs/cgroup/memory", group, "memory.limit_in_bytes"))
        }
        _ => None,
    }
}

/// The least limit of a group and of those that it lies in.
fn least_above(root: &str, group: &str, file: &str) -> Option<u64> {
    let groups = Path::new(group.trim_start_matches('/')).ancestors();
    let limit = |group: &Path| {
        let text = fs::read_to_string(Path::new(root).join(group).join(file)).ok()?;
        // `max` is no limit.
        text.trim().parse::<u64>().ok()
    };
    groups.filter_map(limit).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_scarce_above_the_limit_and_until_well_below_it() {
        let watermark = Watermark::new(Some(1_000));
        for (used, scarce) in [(1_000, false), (1_001, true), (951, true), (950, false)] {
            watermark.sample(used);
            assert_eq!(watermark.is_scarce(), scarce, "{used}");
        }
        let watermark = Watermark::default();
        watermark.sample(u64::MAX);
        assert!(!watermark.is_scarce(), "without a limit it never is");
    }

    #[test]
    fn limits_of_groups_are_found_where_they_are_written() {
        assert_eq!(
            place_of_limit("0::/a/b.service"),
            Some(("/sys/fs/cgroup", "/a/b.service", "memory.max"))
        );
        assert_eq!(
            place_of_limit("4:cpu,memory:/a"),
            Some(("/sys/fs/cgroup/memory", "/a", "memory.limit_in_bytes"))
        );
        assert_eq!(place_of_limit("3:cpu:/a"), None);
        assert_eq!(place_of_limit(""), None);
        assert_eq!(kib_of("A: 1 kB\nVmRSS:\t  12 kB\n", "VmRSS:"), Some(12_288));
        assert_eq!(kib_of("VmRSS: many", "VmRSS:"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_system_tells_what_is_used_and_what_there_is() {
        let (mut meter, there) = (Meter::open(), available_bytes().expect("it tells"));
        let first = meter.used_bytes().expect("it tells");
        assert!(0 < first && first < there, "{first} of {there}");
        let more = vec![1_u8; 64 << 20];
        let then = meter.used_bytes().expect("it tells again");
        assert!(then > first + (32 << 20), "{first}, then {then} with {} more", more.len());
        assert!(open_descriptors().expect("it tells") > 2);
    }
}
