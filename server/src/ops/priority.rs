//! How much a thread gets of the processor beside others.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A thread for as long as it runs: once it has ended, its number may be another's.
#[derive(Debug, Default)]
pub(crate) struct LiveThread(Mutex<Option<ThreadId>>);

/// Of the thread itself, until it is about to end.
#[derive(Debug)]
pub(crate) struct Alive(Arc<LiveThread>);

impl LiveThread {
    /// The calling thread is it, until what this returns is dropped.
    pub(crate) fn enter(self: &Arc<LiveThread>) -> Alive {
        *self.id() = Some(ThreadId::current());
        Alive(Arc::clone(self))
    }

    /// From now on it runs as little as possible while others want to, if it still runs.
    pub(crate) fn lower_priority(&self) {
        // It cannot end meanwhile.
        if let Some(id) = &*self.id() {
            id.lower_priority();
        }
    }

    fn id(&self) -> MutexGuard<'_, Option<ThreadId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        *self.0.id() = None;
    }
}

/// A thread, to the operating system; nothing where its priority cannot be set.
#[derive(Clone, Copy, Debug)]
struct ThreadId {
    #[cfg(target_os = "linux")]
    id: rustix::process::Pid,
}

impl ThreadId {
    /// The calling thread.
    fn current() -> ThreadId {
        ThreadId {
            #[cfg(target_os = "linux")]
            id: rustix::thread::gettid(),
        }
    }

    /// From now on it runs as little as possible while others want to.
    fn lower_priority(self) {
        /// The nicest that a thread can be (`setpriority(2)`): some 1.5 % of a core that others want.
        #[cfg(target_os = "linux")]
        const NICEST: i32 = 19;
        // On Linux the priority is the thread's alone. If it has ended there is nothing to do.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::setpriority_process(Some(self.id), NICEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_has_ended_has_no_number_any_more() {
        let thread = Arc::<LiveThread>::default();
        let its = Arc::clone(&thread);
        let was_there = std::thread::spawn(move || {
            let _alive = its.enter();
            its.id().is_some()
        });
        assert!(was_there.join().expect("it ends"));
        assert!(thread.id().is_none());
        thread.lower_priority();
    }
}
