//! CPU time of processes, to the microsecond.

pub(crate) use nix::sys::resource::UsageWho;
use nix::sys::resource::getrusage;
use nix::sys::time::TimeVal;
use std::time::Duration;

/// User and system time of this process, or of all its children that ended and were waited for.
pub(crate) fn spent(who: UsageWho) -> std::io::Result<Duration> {
    let usage = getrusage(who)?;
    Ok(duration(usage.user_time()) + duration(usage.system_time()))
}

fn duration(time: TimeVal) -> Duration {
    let micros = time.tv_sec() * 1_000_000 + time.tv_usec();
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}
