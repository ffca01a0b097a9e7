//! What a server holds at one moment, by its own account and by the kernel's.

use std::fmt;

use super::{Server, Usage};

/// All that must come back to what it was when everyone is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gauges {
    /// What the kernel says.
    pub usage: Usage,
    /// Tasks that carry connections outside rooms.
    pub tasks: u64,
    /// Connections that have not said their hello.
    pub pending: u64,
    /// People in rooms, players and spectators.
    pub people: u64,
}

impl Gauges {
    /// Those of a server that is there.
    ///
    /// # Panics
    /// When its status lacks any of them.
    #[must_use]
    pub fn of(server: &Server) -> Gauges {
        let status = server.status();
        let gauge =
            |name: &str| status[name].as_u64().unwrap_or_else(|| panic!("no {name} in {status:#}"));
        Gauges {
            usage: server.usage(),
            tasks: gauge("edge_tasks"),
            pending: gauge("pending_connections"),
            people: gauge("people"),
        }
    }

    /// Whether no more is held than at `base`, memory aside.
    #[must_use]
    pub fn are_back_at(&self, base: &Gauges) -> bool {
        self.usage.descriptors <= base.usage.descriptors
            && self.usage.threads <= base.usage.threads
            && self.tasks <= base.tasks
            && self.pending <= base.pending
            && self.people <= base.people
    }
}

impl fmt::Display for Gauges {
    /// The columns of [`Gauges::COLUMNS`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Usage { rss_kib, descriptors, threads, .. } = self.usage;
        let Gauges { tasks, pending, people, .. } = self;
        write!(f, "{rss_kib} | {descriptors} | {threads} | {tasks} | {pending} | {people}")
    }
}

impl Gauges {
    /// What they are called in a table.
    pub const COLUMNS: &str = "RSS, KiB | descriptors | threads | tasks | pending | people";
}
