//! [`Watermark`]: the memory limit above which joins are refused, before the kernel kills the
//! process with everybody in it; and [`MemoryGauge`], which reads the memory use.
//!
//! An allocator may keep the memory of players who have left, and use it for the next ones. The
//! resident memory does not show that. Therefore a program whose allocator counts says how much of the
//! heap is in use ([`set_live_bytes`]), and what is kept beyond that does not count.
//!
//! The edge samples the memory use about once a second; the lobby checks the watermark at every
//! join. Players who are in a room are not affected. Only Linux reports these numbers: on other
//! systems the memory use is unknown, and nothing is refused.

use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::limits::{HEAP_OVERHEAD_PERCENT, MEMORY_AGAIN_PERCENT, MEMORY_MAX_DEFAULT_PERCENT};
use tracing::{info, warn};

/// The error of Linux when a process has reached its limit on open files.
const EMFILE: i32 = 24;

/// Whether memory is scarce.
#[derive(Debug, Default)]
pub(crate) struct Watermark {
    /// In bytes; `None` is no limit.
    max: Option<u64>,
    is_scarce: AtomicBool,
}

impl Watermark {
    /// With the configured limit, or else with a share of the available memory.
    pub(crate) fn new(configured: Option<u64>) -> Watermark {
        let default_max = || Some(available_bytes()? / 100 * MEMORY_MAX_DEFAULT_PERCENT);
        Watermark { max: configured.or_else(default_max), is_scarce: AtomicBool::default() }
    }

    /// Updates the watermark with the memory use of the process, in bytes.
    pub(crate) fn sample(&self, used: u64) {
        let Some(max) = self.max else { return };
        // Hysteresis: the state must not flicker around the limit.
        let limit = if self.is_scarce() { max / 100 * MEMORY_AGAIN_PERCENT } else { max };
        let is_scarce = used > limit;
        match (self.is_scarce.swap(is_scarce, Relaxed), is_scarce) {
            (false, true) => {
                warn!(used, max, "memory is scarce: joins are refused until the use falls");
            }
            (true, false) => {
                info!(used, max, "memory is no longer scarce: joins are accepted again");
            }
            _ => {}
        }
    }

    /// Whether joins must be refused.
    pub(crate) fn is_scarce(&self) -> bool {
        self.is_scarce.load(Relaxed)
    }
}

/// How much of the heap is in use. There is one heap in a process, hence one gauge.
static LIVE_BYTES: OnceLock<fn() -> usize> = OnceLock::new();

/// Sets the function that returns how many bytes the program has allocated and not freed, for
/// `--memory-max`. Call it before the server starts, in a program whose global allocator counts them;
/// without it, all resident memory counts, and joins are accepted again only when the allocator has
/// returned memory to the system. Only the first call has an effect.
pub fn set_live_bytes(live_bytes: fn() -> usize) {
    // A second gauge would read the same heap.
    let _ = LIVE_BYTES.set(live_bytes);
}

/// The memory use of the process at one moment, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MemoryUse {
    /// In the machine's memory; what control groups limit, apart from memory of the kernel.
    pub(crate) resident: u64,
    /// Allocated on the heap and not freed; `None` if nobody counts it.
    pub(crate) live: Option<u64>,
    /// Resident, without what the allocator keeps and can use again.
    pub(crate) used: u64,
}

/// Reads how much memory the process uses. It keeps its file open, so that it still works when the
/// process has no descriptors left.
#[derive(Debug)]
pub(crate) struct MemoryGauge {
    status: Option<File>,
    /// Resident memory that is not of the heap: code, stacks. From the first reading, before anyone
    /// has joined.
    beside_heap: Option<u64>,
}

impl MemoryGauge {
    pub(crate) fn open() -> MemoryGauge {
        MemoryGauge { status: File::open("/proc/self/status").ok(), beside_heap: None }
    }

    /// The memory use now; `None` where the system does not report it.
    pub(crate) fn read(&mut self) -> Option<MemoryUse> {
        let (file, mut text) = (self.status.as_mut()?, String::new());
        file.rewind().ok()?;
        file.read_to_string(&mut text).ok()?;
        let resident = kib_of(&text, "VmRSS:")?;
        Some(self.memory_use(resident, LIVE_BYTES.get().map(|live_bytes| live_bytes() as u64)))
    }

    fn memory_use(&mut self, resident: u64, live: Option<u64>) -> MemoryUse {
        let Some(live) = live else { return MemoryUse { resident, live: None, used: resident } };
        let beside_heap = *self.beside_heap.get_or_insert(resident.saturating_sub(live));
        let needed = beside_heap + live + live / 100 * HEAP_OVERHEAD_PERCENT;
        MemoryUse { resident, live: Some(live), used: resident.min(needed) }
    }
}

/// The number of open descriptors of the process; `None` where the system does not report it. The
/// cost grows with the number.
pub(crate) fn open_descriptors() -> Option<u64> {
    match fs::read_dir("/proc/self/fd") {
        // One of them belongs to the reading itself.
        Ok(descriptors) => Some(descriptors.count().saturating_sub(1) as u64),
        // The directory cannot be opened, since the process is at its limit.
        Err(error) if error.raw_os_error() == Some(EMFILE) => {
            rlimit::getrlimit(rlimit::Resource::NOFILE).ok().map(|(max, _)| max)
        }
        Err(_) => None,
    }
}

/// The memory of the machine, or the smallest limit of the process's control groups.
fn available_bytes() -> Option<u64> {
    let machine = kib_of(&fs::read_to_string("/proc/meminfo").ok()?, "MemTotal:")?;
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let limit = |(root, group, file): (&str, &str, &str)| smallest_limit(root, group, file);
    groups.lines().filter_map(limit_location).filter_map(limit).chain([machine]).min()
}

/// The number of a line like `VmRSS:    1234 kB`, in bytes.
fn kib_of(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1_024)
}

/// The location of the memory limit for a line of `/proc/self/cgroup`: the root of the hierarchy, the
/// group, and the file.
fn limit_location(line: &str) -> Option<(&'static str, &str, &'static str)> {
    let (controllers, group) = line.split_once(':')?.1.split_once(':')?;
    match controllers {
        "" => Some(("/sys/fs/cgroup", group, "memory.max")),
        _ if controllers.split(',').any(|controller| controller == "memory") => {
            Some(("/sys/fs/cgroup/memory", group, "memory.limit_in_bytes"))
        }
        _ => None,
    }
}

/// The smallest limit of a group and its ancestors.
fn smallest_limit(root: &str, group: &str, file: &str) -> Option<u64> {
    let groups = Path::new(group.trim_start_matches('/')).ancestors();
    let limit = |group: &Path| {
        let text = fs::read_to_string(Path::new(root).join(group).join(file)).ok()?;
        // `max` means no limit.
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
    fn what_the_allocator_keeps_of_those_who_left_does_not_count() {
        let mut gauge = MemoryGauge { status: None, beside_heap: None };
        let mut used = |resident, live| gauge.memory_use(resident, live).used;
        assert_eq!(used(6_000, None), 6_000, "nobody counts what is in use");
        assert_eq!(used(6_000, Some(2_000)), 6_000, "an empty server");
        assert_eq!(used(22_000, Some(16_000)), 22_000, "a full one");
        assert_eq!(
            used(22_000, Some(2_000)),
            6_500,
            "they have left, and the memory stays resident"
        );
        assert_eq!(used(9_000, Some(8_000)), 9_000, "the allocator has returned it");
        assert_eq!(used(22_000, Some(16_000)), 22_000, "others have come");
        assert_eq!(used(1_000, Some(2_000)), 1_000, "swapped out");
    }

    #[test]
    fn limits_of_groups_are_found_where_they_are_written() {
        assert_eq!(
            limit_location("0::/a/b.service"),
            Some(("/sys/fs/cgroup", "/a/b.service", "memory.max"))
        );
        assert_eq!(
            limit_location("4:cpu,memory:/a"),
            Some(("/sys/fs/cgroup/memory", "/a", "memory.limit_in_bytes"))
        );
        assert_eq!(limit_location("3:cpu:/a"), None);
        assert_eq!(limit_location(""), None);
        assert_eq!(kib_of("A: 1 kB\nVmRSS:\t  12 kB\n", "VmRSS:"), Some(12_288));
        assert_eq!(kib_of("VmRSS: many", "VmRSS:"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_system_reports_the_used_and_the_available_memory() {
        let (mut gauge, available) =
            (MemoryGauge::open(), available_bytes().expect("it is reported"));
        let first = gauge.read().expect("it is reported").resident;
        assert!(0 < first && first < available, "{first} of {available}");
        let more = vec![1_u8; 64 << 20];
        let then = gauge.read().expect("it is reported again").resident;
        assert!(then > first + (32 << 20), "{first}, then {then} with {} more", more.len());
        assert!(open_descriptors().expect("it is reported") > 2);
    }
}
