//! Waits for an instant to within tens of microseconds, inside a worker's own runtime.
//!
//! Tokio's timer has ticks of a millisecond: too coarse for a schedule. On Linux a timerfd stands in the worker's
//! reactor; elsewhere a thread of the pacer's own sleeps and wakes the worker.

#[cfg(target_os = "linux")]
pub(crate) use timerfd::Pacer;

#[cfg(not(target_os = "linux"))]
pub(crate) use thread::Pacer;

#[cfg(target_os = "linux")]
mod timerfd {
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use std::time::Instant;
    use tokio::io::{AsyncRead, ReadBuf};
    use tokio::net::unix::pipe;

    /// A timerfd in the guise of a pipe: the safe way into tokio's reactor for a descriptor of our own.
    #[derive(Debug)]
    pub(crate) struct Pacer {
        timer: pipe::Receiver,
        armed: Option<Instant>,
    }

    impl Pacer {
        /// Must be called inside the runtime that is to wait.
        pub(crate) fn new() -> io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            Ok(Pacer { timer: pipe::Receiver::from_owned_fd_unchecked(timer)?, armed: None })
        }

        /// Ready at `until`, or a little before it when an earlier instant was waited for and left.
        pub(crate) fn poll_until(&mut self, until: Instant, cx: &mut Context<'_>) -> Poll<()> {
            loop {
                // An earlier alarm stays: setting a new one for every change of mind costs a system call each.
                if self.armed.is_none_or(|armed| until < armed) {
                    let now = Instant::now();
                    if now >= until || self.arm(now, until).is_err() {
                        return Poll::Ready(());
                    }
                }
                let mut expirations = [0; 8];
                match Pin::new(&mut self.timer).poll_read(cx, &mut ReadBuf::new(&mut expirations)) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(_) => self.armed = None,
                }
                if Instant::now() >= until {
                    return Poll::Ready(());
                }
            }
        }

        fn arm(&mut self, now: Instant, until: Instant) -> io::Result<()> {
            let wait = until - now;
            let it_value = Timespec {
                tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: wait.subsec_nanos().into(),
            };
            let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value };
            timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once)?;
            self.armed = Some(until);
            Ok(())
        }
    }
}

#[cfg(any(test, not(target_os = "linux")))]
mod thread {
    use std::io;
    use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
    use std::task::{Context, Poll, Waker};
    use std::time::Instant;

    /// A thread that sleeps until the next instant and wakes whoever waits for it.
    #[derive(Debug)]
    pub(crate) struct Pacer(Arc<Shared>);

    #[derive(Debug, Default)]
    struct Shared {
        alarm: Mutex<Alarm>,
        changed: Condvar,
    }

    #[derive(Debug, Default)]
    struct Alarm {
        next: Option<(Instant, Waker)>,
        over: bool,
    }

    impl Pacer {
        /// Starts the thread.
        pub(crate) fn new() -> io::Result<Self> {
            let shared = Arc::<Shared>::default();
            let theirs = shared.clone();
            std::thread::Builder::new().name("perf-pacer".to_owned()).spawn(move || {
                crate::drive::cpu::this_thread_is_ours();
                theirs.ring();
            })?;
            Ok(Pacer(shared))
        }

        /// Ready at `until`.
        pub(crate) fn poll_until(&mut self, until: Instant, cx: &mut Context<'_>) -> Poll<()> {
            if Instant::now() >= until {
                return Poll::Ready(());
            }
            let mut alarm = self.0.lock();
            let set =
                alarm.next.as_ref().is_some_and(|(at, waker)| *at == until && waker.will_wake(cx.waker()));
            if !set {
                alarm.next = Some((until, cx.waker().clone()));
                self.0.changed.notify_one();
            }
            Poll::Pending
        }
    }

    impl Drop for Pacer {
        fn drop(&mut self) {
            self.0.lock().over = true;
            self.0.changed.notify_one();
        }
    }

    impl Shared {
        fn lock(&self) -> MutexGuard<'_, Alarm> {
            self.alarm.lock().unwrap_or_else(PoisonError::into_inner)
        }

        fn ring(&self) {
            let mut alarm = self.lock();
            while !alarm.over {
                let left = alarm.next.as_ref().map(|(at, _)| at.saturating_duration_since(Instant::now()));
                alarm = match left {
                    None => self.changed.wait(alarm).unwrap_or_else(PoisonError::into_inner),
                    Some(left) if left.is_zero() => {
                        if let Some((_, waker)) = alarm.next.take() {
                            waker.wake();
                        }
                        alarm
                    }
                    Some(left) => {
                        self.changed.wait_timeout(alarm, left).unwrap_or_else(PoisonError::into_inner).0
                    }
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;
    use std::time::{Duration, Instant};

    /// Both pacers, by the same promises: never early, and a change of mind is heard.
    macro_rules! keeps_its_promises {
        ($name:ident, $pacer:path) => {
            #[test]
            fn $name() {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let mut pacer = <$pacer>::new().unwrap();
                    for ms in [0, 3, 1] {
                        let until = Instant::now() + Duration::from_millis(ms);
                        poll_fn(|cx| pacer.poll_until(until, cx)).await;
                        assert!(Instant::now() >= until, "{ms} ms");
                    }
                    let far = Instant::now() + Duration::from_mins(10);
                    poll_fn(|cx| {
                        assert!(pacer.poll_until(far, cx).is_pending());
                        Poll::Ready(())
                    })
                    .await;
                    let near = Instant::now() + Duration::from_millis(2);
                    poll_fn(|cx| pacer.poll_until(near, cx)).await;
                    assert!(Instant::now() >= near);
                });
            }
        };
    }

    #[cfg(target_os = "linux")]
    keeps_its_promises!(a_timerfd_is_never_early_and_hears_a_change_of_mind, super::timerfd::Pacer);
    keeps_its_promises!(a_thread_is_never_early_and_hears_a_change_of_mind, super::thread::Pacer);
}
