//! [`PendingConnections`]: the connections that are not in a room yet, by age and by address, so that
//! one of them can be evicted for a newer one. Those that are idle go first, and those that have sent no
//! complete request for some time: silent strangers do not outlive who came for something.
//!
//! It owns no connection, but knows their tasks and can abort them. The accept loop shares it with the
//! tasks, each of which holds a [`PendingConnection`], says by it what the connection does, and
//! unregisters by dropping it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::peer::ClientAddress;
use crate::limits::OPENING_PROMPT_MAX;

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
    activity: PendingActivity,
}

/// What a pending connection does; shared by the connection and the registry.
#[derive(Clone, Debug)]
pub(crate) struct PendingActivity(Arc<Mutex<Doing>>);

#[derive(Clone, Copy, Debug)]
enum Doing {
    /// It has sent no complete request since then.
    Opening(Instant),
    /// A request is being answered, or it is a WebSocket that waits for its hello.
    Busy,
    /// All its requests were answered by then.
    Idle(Instant),
}

impl Default for PendingActivity {
    fn default() -> PendingActivity {
        PendingActivity(Arc::new(Mutex::new(Doing::Opening(Instant::now()))))
    }
}

impl PendingActivity {
    /// A request has arrived.
    pub(crate) fn set_busy(&self) {
        *self.doing() = Doing::Busy;
    }

    /// All requests were answered.
    pub(crate) fn set_idle(&self) {
        *self.doing() = Doing::Idle(Instant::now());
    }

    /// For how long nothing has been asked for: since it was answered, or since it came.
    fn quiet_since(&self) -> Option<Instant> {
        match *self.doing() {
            Doing::Opening(since) | Doing::Idle(since) => Some(since),
            Doing::Busy => None,
        }
    }

    /// The same, if it may make way although others are older.
    fn evictable_since(&self) -> Option<Instant> {
        match *self.doing() {
            Doing::Idle(since) => Some(since),
            Doing::Opening(since) => Some(since).filter(|at| at.elapsed() >= OPENING_PROMPT_MAX),
            Doing::Busy => None,
        }
    }

    fn doing(&self) -> MutexGuard<'_, Doing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One pending connection. Dropping it unregisters the connection.
#[derive(Debug)]
pub(crate) struct PendingConnection {
    number: u64,
    activity: PendingActivity,
    connections: PendingConnections,
}

impl PendingConnection {
    /// The number of the connection, for [`PendingConnections::set_task`] and logs.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// What the connection does, to be kept up to date by the code that reads from it.
    pub(crate) fn activity(&self) -> PendingActivity {
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
        let activity = PendingActivity::default();
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

    /// Aborts the task of the connection that has been idle, or without a complete request for more
    /// than a moment, for longest; of the oldest of all if there is none. The connection is closed when
    /// the runtime drops the task.
    pub(crate) fn evict_oldest(&self) -> Option<AbortHandle> {
        let mut registered = self.registered();
        let quiet = registered.longest(|connection| connection.activity.evictable_since());
        let number = quiet.or_else(|| registered.connections.keys().next().copied())?;
        registered.evict(number)
    }

    /// The same for the HTTP connections of an address; `None` if all of them are being answered.
    pub(crate) fn evict_oldest_of(&self, address: ClientAddress) -> Option<AbortHandle> {
        let mut registered = self.registered();
        let of_address = |connection: &PendingEntry, since: Option<Instant>| {
            since.filter(|_| connection.address == Some(address))
        };
        let evictable = registered.longest(|it| of_address(it, it.activity.evictable_since()));
        let quiet = evictable
            .or_else(|| registered.longest(|it| of_address(it, it.activity.quiet_since())));
        registered.evict(quiet?)
    }

    /// A poisoned lock is still consistent: no code panics while it changes the registry.
    fn registered(&self) -> MutexGuard<'_, Registered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registered {
    /// The connection for which `since` is longest ago.
    fn longest(&self, since: impl Fn(&PendingEntry) -> Option<Instant>) -> Option<u64> {
        let all = self.connections.iter();
        let known = all.filter_map(|(number, connection)| Some((since(connection)?, *number)));
        known.min().map(|(_, number)| number)
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

    use tokio::time::advance;

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

    #[tokio::test(start_paused = true)]
    async fn silent_connections_do_not_outlive_those_that_were_served() {
        let connections = PendingConnections::default();
        let is_registered = |connection: &PendingConnection| {
            connections.registered().connections.contains_key(&connection.number())
        };
        let [served, busy] = [1, 2].map(|from| open(&connections, from));
        busy.activity().set_busy();
        let silent: Vec<_> = (0..9).map(|_| open(&connections, 3)).collect();
        advance(OPENING_PROMPT_MAX / 2).await;
        served.activity().set_idle();
        // A slow path needs some time for its handshake.
        advance(OPENING_PROMPT_MAX / 4).await;
        let slow = open(&connections, 4);
        advance(OPENING_PROMPT_MAX / 4).await;
        for gone in &silent {
            assert!(is_registered(gone));
            assert!(connections.evict_oldest().is_some());
            assert!(!is_registered(gone), "it came before the other was served");
        }
        assert!(is_registered(&served) && is_registered(&slow) && is_registered(&busy));
        connections.evict_oldest();
        assert!(!is_registered(&served) && is_registered(&slow) && is_registered(&busy));
    }

    #[tokio::test(start_paused = true)]
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
