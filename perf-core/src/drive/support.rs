//! The support runtime: of the user's set-up and tear-down, and of whatever those spawn.

use std::io;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// How long a blocking task that the user's functions spawned may keep the session from its end.
const PATIENCE: Duration = Duration::from_secs(1);

/// Ends with this, however that comes; what never ends is left behind.
pub(super) struct Support(Option<Runtime>);

impl Support {
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().thread_name("perf-support").enable_all().build()?;
        Ok(Support(Some(runtime)))
    }

    /// Runs it here, in this thread; what it spawns runs elsewhere and goes on after it.
    pub(super) fn block_on<F: Future>(&self, future: F) -> F::Output {
        match &self.0 {
            Some(runtime) => runtime.block_on(future),
            None => unreachable!("it ends when it is dropped"),
        }
    }
}

impl Drop for Support {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // Just dropping it would wait for blocking tasks without bound.
            runtime.shutdown_timeout(PATIENCE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn a_blocking_task_that_never_ends_does_not_keep_it_from_its_end() {
        let (_for_ever, never) = channel::<()>();
        let (ended, end) = channel();
        std::thread::spawn(move || {
            let support = Support::start().unwrap();
            support.block_on(async { drop(tokio::task::spawn_blocking(move || never.recv())) });
            drop(support);
            ended.send(()).unwrap();
        });
        assert_eq!(end.recv_timeout(Duration::from_secs(10)), Ok(()));
    }
}
