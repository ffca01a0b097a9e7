//! How much a thread gets of the processor beside others.

/// A thread, to the operating system; nothing where its priority cannot be set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ThreadId {
    #[cfg(target_os = "linux")]
    id: rustix::process::Pid,
}

impl ThreadId {
    /// The calling thread.
    pub(crate) fn current() -> ThreadId {
        ThreadId {
            #[cfg(target_os = "linux")]
            id: rustix::thread::gettid(),
        }
    }

    /// From now on it runs as little as possible while others want to.
    pub(crate) fn lower_priority(self) {
        /// The nicest that a thread can be (`setpriority(2)`): some 1.5 % of a core that others want.
        #[cfg(target_os = "linux")]
        const NICEST: i32 = 19;
        // On Linux the priority is the thread's alone. If it has ended there is nothing to do.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::setpriority_process(Some(self.id), NICEST);
    }
}
