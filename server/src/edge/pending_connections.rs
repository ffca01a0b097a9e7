//! [`PendingConnections`]: the connections that are not in a room yet, by age and by address, so that
//! one of them can be evicted for a newer one. Those that are idle go first.
//!
//! It owns no connection, but knows their tasks and can abort them. The accept loop shares it with the
//! tasks, each of which holds a [`PendingConnection`], says by it what the connection does, and
//! unregisters by dropping it.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;

use super::peer::ClientAddress;

/// The pending connections of a listener; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct PendingConnections(Arc<Mutex<Registered>>);

#[derive(Debug, Default)]
struct Registered {
    next: u64,
    /// In the order of arrival.
    connections: BTreeMap<u64, PendingEntry>,
    /// How many HTTP connections each address has.
    by_address: HashMap<ClientAddress, usize>,
}

#[derive(Debug)]
struct PendingEntry {
    /// The task of the connection once it is spawned.
    task: Option<AbortHandle>,
    /// The address that it counts against as an HTTP connection.
    address: Option<ClientAddress>,
    activity: Activity,
}

/// What a pending connection does; shared by the connection and the registry.
#[derive(Clone, Debug, Default)]
pub(crate) struct Activity(Arc<AtomicU8>);

/// It has sent no complete request yet.
const OPENING: u8 = 0;
/// A request is being answered, or it is a WebSocket that waits for its hello.
const BUSY: u8 = 1;
/// All its requests were answered.
const IDLE: u8 = 2;

impl Activity {
    /// A request has arrived.
    pub(crate) fn set_busy(&self) {
        self.0.store(BUSY, Relaxed);
    }

    /// All requests were answered.
    pub(crate) fn set_idle(&self) {
        self.0.store(IDLE, Relaxed);
    }

    fn is(&self, activity: u8) -> bool {
        self.0.load(Relaxed) == activity
    }
}

/// One pending connection. Dropping it unregisters the connection.
#[derive(Debug)]
pub(crate) struct PendingConnection {
    number: u64,
    activity: Activity,
    connections: PendingConnections,
}

impl PendingConnection {
    /// The number of the connection, for [`PendingConnections::set_task`] and logs.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// What the connection does, to be kept up to date by whoever reads from it.
    pub(crate) fn activity(&self) -> Activity {
        self.activity.clone()
    }

    /// The connection is a WebSocket from now on: it stays pending, but counts as an HTTP connection
    /// of its address no longer.
    pub(crate) fn upgraded(&self) {
        let mut registered = self.connections.registered();
        let connection = registered.connections.get_mut(&self.number);
        let address = connection.and_then(|connection| connection.address.take());
        registered.release(address);
        self.activity.set_busy();
    }
}

impl Drop for PendingConnection {
    fn drop(&mut self) {
        self.connections.registered().remove(self.number);
    }
}

impl PendingConnections {
    /// Registers a connection, which counts against `address` until it is a WebSocket. Its task holds
    /// the result for as long as it is pending.
    pub(crate) fn register(&self, address: Option<ClientAddress>) -> PendingConnection {
        let mut registered = self.registered();
        let number = registered.next;
        registered.next += 1;
        let activity = Activity::default();
        let entry = PendingEntry { task: None, address, activity: activity.clone() };
        registered.connections.insert(number, entry);
        if let Some(address) = address {
            *registered.by_address.entry(address).or_default() += 1;
        }
        PendingConnection { number, activity, connections: self.clone() }
    }

    /// Sets the task of a connection, unless it has already unregistered.
    pub(crate) fn set_task(&self, number: u64, task: AbortHandle) {
        if let Some(connection) = self.registered().connections.get_mut(&number) {
            connection.task = Some(task);
        }
    }

    /// How many connections are pending.
    pub(crate) fn len(&self) -> usize {
        self.registered().connections.len()
    }

    /// How many HTTP connections an address has.
    pub(crate) fn count_of(&self, address: ClientAddress) -> usize {
        self.registered().by_address.get(&address).copied().unwrap_or_default()
    }

    /// Aborts the task of the oldest idle connection, or of the oldest of all if none is idle. The
    /// connection is closed when the runtime drops the task.
    pub(crate) fn evict_oldest(&self) -> Option<AbortHandle> {
        let mut registered = self.registered();
        let idle = registered.oldest(|connection| connection.activity.is(IDLE));
        let number = idle.or_else(|| registered.connections.keys().next().copied())?;
        registered.evict(number)
    }

    /// The same for the HTTP connections of an address; `None` if all of them are being answered. Of
    /// those that are not idle, only connections without a complete request are evicted.
    pub(crate) fn evict_oldest_of(&self, address: ClientAddress) -> Option<AbortHandle> {
        let mut registered = self.registered();
        let [idle, opening] = [IDLE, OPENING].map(|activity| {
            registered.oldest(|connection| {
                connection.address == Some(address) && connection.activity.is(activity)
            })
        });
        registered.evict(idle.or(opening)?)
    }

    /// A poisoned lock is still consistent: no code panics while it changes the registry.
    fn registered(&self) -> MutexGuard<'_, Registered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registered {
    fn oldest(&self, of: impl Fn(&PendingEntry) -> bool) -> Option<u64> {
        self.connections.iter().find(|(_, connection)| of(connection)).map(|(number, _)| *number)
    }

    /// The accept loop sets the task of a connection before it can evict again.
    fn evict(&mut self, number: u64) -> Option<AbortHandle> {
        self.remove(number)?.task.inspect(AbortHandle::abort)
    }

    fn remove(&mut self, number: u64) -> Option<PendingEntry> {
        let removed = self.connections.remove(&number)?;
        self.release(removed.address);
        Some(removed)
    }

    fn release(&mut self, address: Option<ClientAddress>) {
        let Some(address) = address else { return };
        if let Some(count) = self.by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test]
    async fn the_oldest_is_evicted_first() {
        let pending_connections = PendingConnections::default();
        let mut tasks = Vec::new();
        for _ in 0..3 {
            let connection = pending_connections.register(None);
            let number = connection.number();
            let task = tokio::spawn(async move {
                let _connection = connection;
                pending::<()>().await;
            });
            pending_connections.set_task(number, task.abort_handle());
            tasks.push(task);
        }
        assert!(pending_connections.evict_oldest().is_some());
        assert!(tasks.remove(0).await.is_err_and(|error| error.is_cancelled()));
        assert_eq!(pending_connections.len(), 2);
        assert!([(); 2].iter().all(|()| pending_connections.evict_oldest().is_some()));
        assert!(pending_connections.evict_oldest().is_none(), "there is none left");
        for task in tasks {
            assert!(task.await.is_err_and(|error| error.is_cancelled()));
        }
    }

    #[tokio::test]
    async fn a_connection_that_unregistered_is_not_registered_again() {
        let pending_connections = PendingConnections::default();
        let number = {
            let connection = pending_connections.register(None);
            connection.number()
        };
        let task = tokio::spawn(async {}).abort_handle();
        pending_connections.set_task(number, task);
        assert_eq!(pending_connections.len(), 0);
        assert!(pending_connections.evict_oldest().is_none());
    }

    fn address(number: u8) -> ClientAddress {
        ClientAddress::Known([10, 0, 0, number].into())
    }

    /// A connection with a task that does nothing.
    fn open(connections: &PendingConnections, from: u8) -> PendingConnection {
        let connection = connections.register(Some(address(from)));
        connections.set_task(connection.number(), tokio::spawn(async {}).abort_handle());
        connection
    }

    #[tokio::test]
    async fn an_address_gives_way_by_its_own_idle_connections_and_never_by_one_in_use() {
        let connections = PendingConnections::default();
        let [opening, busy, idle, older] = [(); 4].map(|()| open(&connections, 1));
        let websocket = open(&connections, 1);
        let other = open(&connections, 2);
        busy.activity().set_busy();
        idle.activity().set_idle();
        older.activity().set_idle();
        other.activity().set_idle();
        websocket.activity().set_idle();
        websocket.upgraded();
        assert_eq!(connections.count_of(address(1)), 4, "a WebSocket counts as a player");
        let is_registered = |connection: &PendingConnection| {
            connections.registered().connections.contains_key(&connection.number())
        };
        for gone in [&idle, &older, &opening] {
            assert!(is_registered(gone));
            assert!(connections.evict_oldest_of(address(1)).is_some());
            assert!(!is_registered(gone));
        }
        assert!(connections.evict_oldest_of(address(1)).is_none());
        assert_eq!((connections.count_of(address(1)), connections.count_of(address(2))), (1, 1));
        // An evicted one does not count twice when its task ends.
        drop((idle, older, opening));
        assert_eq!(connections.count_of(address(1)), 1);
        drop((busy, other, websocket));
        let registered = connections.registered();
        assert!(registered.by_address.is_empty() && registered.connections.is_empty());
    }

    #[tokio::test]
    async fn idle_connections_are_evicted_before_older_ones_that_are_not() {
        let connections = PendingConnections::default();
        let [oldest, idle] = [1, 2].map(|from| open(&connections, from));
        idle.activity().set_idle();
        assert!(connections.evict_oldest().is_some());
        assert_eq!(connections.count_of(address(2)), 0);
        assert!(connections.evict_oldest().is_some());
        assert_eq!(connections.len(), 0);
        drop(oldest);
    }
}
