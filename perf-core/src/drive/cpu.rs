//! CPU time of the thread that asks, in nanoseconds; nothing where the system keeps no such account.

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
