//! [`PendingConnections`]: the connections that are not in a room yet, by age, so that the oldest can
//! be evicted.
//!
//! It owns no connection, but knows their tasks and can abort them. The accept loop shares it with the
//! tasks, each of which holds a [`PendingConnection`] and unregisters by dropping it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;

/// The pending connections of a listener; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct PendingConnections(Arc<Mutex<Ages>>);

#[derive(Debug, Default)]
struct Ages {
    next: u64,
    /// The task of each connection once it is spawned, in the order of arrival.
    tasks: BTreeMap<u64, Option<AbortHandle>>,
}

/// One pending connection. Dropping it unregisters the connection.
#[derive(Debug)]
pub(crate) struct PendingConnection {
    number: u64,
    connections: PendingConnections,
}

impl PendingConnection {
    /// The number of the connection, for [`PendingConnections::set_task`] and logs.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for PendingConnection {
    fn drop(&mut self) {
        self.connections.ages().tasks.remove(&self.number);
    }
}

impl PendingConnections {
    /// Registers a connection. Its task holds the result for as long as it is pending.
    pub(crate) fn register(&self) -> PendingConnection {
        let mut ages = self.ages();
        let number = ages.next;
        ages.next += 1;
        ages.tasks.insert(number, None);
        PendingConnection { number, connections: self.clone() }
    }

    /// Sets the task of a connection, unless it has already unregistered.
    pub(crate) fn set_task(&self, number: u64, task: AbortHandle) {
        if let Some(known) = self.ages().tasks.get_mut(&number) {
            *known = Some(task);
        }
    }

    /// How many connections are pending.
    pub(crate) fn len(&self) -> usize {
        self.ages().tasks.len()
    }

    /// Aborts the task of the oldest connection, if there is one. The connection is closed when the
    /// runtime drops the task.
    pub(crate) fn evict_oldest(&self) -> Option<AbortHandle> {
        // The accept loop sets the task of a connection before it can evict again.
        let (_, task) = self.ages().tasks.pop_first()?;
        task.inspect(AbortHandle::abort)
    }

    /// A poisoned lock is still consistent: no code panics while it changes the map.
    fn ages(&self) -> MutexGuard<'_, Ages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
            let connection = pending_connections.register();
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
            let connection = pending_connections.register();
            connection.number()
        };
        let task = tokio::spawn(async {}).abort_handle();
        pending_connections.set_task(number, task);
        assert_eq!(pending_connections.len(), 0);
        assert!(pending_connections.evict_oldest().is_none());
    }
}
