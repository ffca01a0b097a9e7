//! How much a thread gets of the processor beside others.

/// A thread, to the operating system.
#[cfg(target_os = "linux")]
pub(crate) type ThreadId = rustix::process::Pid;

/// A thread, where nothing can be said of it.
#[cfg(not(target_os = "linux"))]
#[derive(Clone, Copy, Debug)]
pub(crate) struct ThreadId;

/// The calling thread.
pub(crate) fn this_thread() -> ThreadId {
    #[cfg(target_os = "linux")]
    return rustix::thread::gettid();
    #[cfg(not(target_os = "linux"))]
    return ThreadId;
}

/// From now on a thread runs as little as possible while others want to.
#[cfg_attr(not(target_os = "linux"), expect(unused_variables, reason = "it cannot be said"))]
pub(crate) fn lower(thread: ThreadId) {
    /// The nicest that a thread can be (`setpriority(2)`): some 1.5 % of a core that others want.
    #[cfg(target_os = "linux")]
    const NICEST: i32 = 19;
    // On Linux the priority of a process is that of a thread. If it has ended there is nothing to do.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(Some(thread), NICEST);
}
