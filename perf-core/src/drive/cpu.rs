//! CPU time of the thread and the process that ask, in nanoseconds; nothing where the system keeps no such account.

/// Since the thread began.
#[cfg(unix)]
pub(super) fn of_this_thread() -> Option<u64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).ok()?;
    Some(seconds * 1_000_000_000 + u64::try_from(time.tv_nsec).ok()?)
}

/// Nobody knows.
#[cfg(not(unix))]
pub(super) fn of_this_thread() -> Option<u64> {
    None
}

/// Of all threads of this process, those that have ended included.
#[cfg(unix)]
pub(super) fn of_this_process() -> Option<u64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).ok()?;
    Some(seconds * 1_000_000_000 + u64::try_from(time.tv_nsec).ok()?)
}

/// Nobody knows.
#[cfg(not(unix))]
pub(super) fn of_this_process() -> Option<u64> {
    None
}
