//! CPU time of the thread and the process that ask, of the harness's own threads, and of a target, in nanoseconds; nothing
//! where the system keeps no such account. Never ticks: a hundredth of a second is longer than many a round's share.

/// Since the thread began.
#[cfg(unix)]
pub fn of_this_thread() -> Option<u64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    nanos(time.tv_sec, time.tv_nsec)
}

/// Nobody knows.
#[cfg(not(unix))]
pub fn of_this_thread() -> Option<u64> {
    None
}

/// Of all threads of this process, those that have ended included.
#[cfg(unix)]
pub fn of_this_process() -> Option<u64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    nanos(time.tv_sec, time.tv_nsec)
}

/// Nobody knows.
#[cfg(not(unix))]
pub fn of_this_process() -> Option<u64> {
    None
}

#[cfg(unix)]
fn nanos(seconds: i64, nanos: i64) -> Option<u64> {
    Some(u64::try_from(seconds).ok()? * 1_000_000_000 + u64::try_from(nanos).ok()?)
}

/// Whose CPU time is taken for the target's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Whatever in this process is not the harness's own.
    InProcess,
    /// Another process on this machine.
    Process(u32),
}

impl Target {
    /// What it has needed since it began; of this process only the differences mean something.
    pub fn cpu(self) -> Option<u64> {
        match self {
            Target::InProcess => account::of_others(),
            Target::Process(pid) => account::of_process(pid),
        }
    }
}

/// By which other threads may ask for its CPU time, while it lives; `None` where the system keeps no such account.
#[cfg(target_os = "linux")]
pub fn id_of_this_thread() -> Option<i32> {
    Some(nix::unistd::gettid().as_raw())
}

/// Nobody knows.
#[cfg(not(target_os = "linux"))]
pub fn id_of_this_thread() -> Option<i32> {
    None
}

/// Since a thread of this process began.
pub fn of_thread(id: i32) -> Option<u64> {
    account::of_thread(id)
}

/// Says that this thread is the harness's own to its end: what it needs from now on is none of a target's.
pub fn this_thread_is_ours() {
    account::enter();
}

/// Linux gives every thread and every process a clock of its own CPU time.
#[cfg(target_os = "linux")]
mod account {
    use nix::time::{ClockId, clock_gettime};
    use nix::unistd::{Pid, gettid};
    use std::cell::OnceCell;
    use std::sync::{Mutex, MutexGuard, PoisonError};

    static OURS: Mutex<Ours> = Mutex::new(Ours { ended: 0, alive: Vec::new() });

    struct Ours {
        /// Of threads that are gone.
        ended: u64,
        alive: Vec<Thread>,
    }

    struct Thread {
        id: i32,
        /// What it had needed before it was ours.
        before: u64,
        last: u64,
    }

    impl Thread {
        fn needed(&mut self) -> u64 {
            if let Some(now) = of_thread(self.id) {
                self.last = now;
            }
            self.last.saturating_sub(self.before)
        }
    }

    /// Moves the account to those that are gone when its thread ends.
    struct Membership(i32);

    impl Drop for Membership {
        fn drop(&mut self) {
            let mut ours = lock();
            if let Some(place) = ours.alive.iter().position(|thread| thread.id == self.0) {
                ours.ended += ours.alive.swap_remove(place).needed();
            }
        }
    }

    thread_local! {
        static MEMBERSHIP: OnceCell<Membership> = const { OnceCell::new() };
    }

    fn lock() -> MutexGuard<'static, Ours> {
        OURS.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn enter() {
        MEMBERSHIP.with(|membership| {
            membership.get_or_init(join);
        });
    }

    fn join() -> Membership {
        let id = gettid().as_raw();
        let before = of_thread(id).unwrap_or(0);
        lock().alive.push(Thread { id, before, last: before });
        Membership(id)
    }

    pub(super) fn of_ours() -> u64 {
        let mut ours = lock();
        let alive: u64 = ours.alive.iter_mut().map(Thread::needed).sum();
        ours.ended + alive
    }

    pub(super) fn of_others() -> Option<u64> {
        let ours = of_ours();
        Some(super::of_this_process()?.saturating_sub(ours))
    }

    pub(super) fn of_process(pid: u32) -> Option<u64> {
        let pid = Pid::from_raw(i32::try_from(pid).ok()?);
        read(ClockId::pid_cpu_clock_id(pid).ok()?)
    }

    /// By a clock as `clock_getcpuclockid` makes one of a process, with the bit that says "thread".
    pub(super) fn of_thread(id: i32) -> Option<u64> {
        read(ClockId::from_raw((!id << 3) | 0b110))
    }

    fn read(clock: ClockId) -> Option<u64> {
        let time = clock_gettime(clock).ok()?;
        super::nanos(time.tv_sec(), time.tv_nsec())
    }
}

#[cfg(not(target_os = "linux"))]
mod account {
    pub(super) fn enter() {}

    pub(super) fn of_others() -> Option<u64> {
        None
    }

    pub(super) fn of_process(_: u32) -> Option<u64> {
        None
    }

    pub(super) fn of_thread(_: i32) -> Option<u64> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn burn(nanoseconds: u64) {
        let began = of_this_thread().unwrap();
        while of_this_thread().unwrap() < began + nanoseconds {}
    }

    #[test]
    fn the_account_of_a_thread_of_ours_outlives_it() {
        let before = account::of_ours();
        let ours = std::thread::spawn(|| {
            burn(3_000_000);
            this_thread_is_ours();
            this_thread_is_ours();
            burn(20_000_000);
        });
        ours.join().unwrap();
        let needed = account::of_ours() - before;
        // Threads of other tests are ours, too, and add to it.
        assert!(needed >= 20_000_000, "{needed}");
    }

    #[test]
    fn another_process_has_a_clock_and_one_that_is_gone_has_none() {
        let own = Target::Process(std::process::id()).cpu().unwrap();
        burn(5_000_000);
        assert!(Target::Process(std::process::id()).cpu().unwrap() >= own + 5_000_000);
        assert_eq!(Target::Process(u32::MAX).cpu(), None);
    }
}
