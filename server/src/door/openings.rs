//! [`Openings`]: the connections that are not yet in a room, by age, so that the oldest can make
//! way.
//!
//! It owns no connection: it knows the tasks that have them, and can end these. Shared by the
//! door and by its visits, each of which leaves it by dropping its [`Opening`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;

/// All of them; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Openings(Arc<Mutex<Ages>>);

#[derive(Debug, Default)]
struct Ages {
    next: u64,
    /// The task of each, once it is known, by the order in which they came.
    tasks: BTreeMap<u64, Option<AbortHandle>>,
}

/// One of them; dropping it is leaving.
#[derive(Debug)]
pub(crate) struct Opening {
    number: u64,
    openings: Openings,
}

impl Opening {
    /// By which its task is told of.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        self.openings.ages().tasks.remove(&self.number);
    }
}

impl Openings {
    /// One more, which is to be held by its task.
    pub(crate) fn enter(&self) -> Opening {
        let mut ages = self.ages();
        let number = ages.next;
        ages.next += 1;
        ages.tasks.insert(number, None);
        Opening { number, openings: self.clone() }
    }

    /// Tells which task has one. One that has left already is not taken up again.
    pub(crate) fn has_task(&self, number: u64, task: AbortHandle) {
        if let Some(known) = self.ages().tasks.get_mut(&number) {
            *known = Some(task);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.ages().tasks.len()
    }

    /// Ends the oldest, if there is one. Its connection is closed when its task has seen that.
    pub(crate) fn evict_oldest(&self) -> Option<AbortHandle> {
        // Each is told of in the same turn in which it enters.
        let (_, task) = self.ages().tasks.pop_first()?;
        task.inspect(AbortHandle::abort)
    }

    /// Nothing that holds the lock panics half way.
    fn ages(&self) -> MutexGuard<'_, Ages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test]
    async fn the_oldest_makes_way_first() {
        let openings = Openings::default();
        let mut tasks = Vec::new();
        for _ in 0..3 {
            let opening = openings.enter();
            let number = opening.number();
            let task = tokio::spawn(async move {
                let _opening = opening;
                pending::<()>().await;
            });
            openings.has_task(number, task.abort_handle());
            tasks.push(task);
        }
        assert!(openings.evict_oldest().is_some());
        assert!(tasks.remove(0).await.is_err_and(|error| error.is_cancelled()));
        assert_eq!(openings.len(), 2);
        assert!([(); 2].iter().all(|()| openings.evict_oldest().is_some()));
        assert!(openings.evict_oldest().is_none(), "there is none left");
        for task in tasks {
            assert!(task.await.is_err_and(|error| error.is_cancelled()));
        }
    }

    #[test]
    fn one_that_left_is_not_taken_up_again() {
        let openings = Openings::default();
        drop(openings.enter());
        assert_eq!(openings.len(), 0);
        assert!(openings.evict_oldest().is_none());
    }
}
