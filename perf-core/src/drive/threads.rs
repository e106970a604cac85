//! The workers' threads, by number, so that another thread may read their CPU time.

use super::cpu;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// By number; `None` where there is none now.
#[derive(Clone, Debug)]
pub(super) struct Threads(Arc<Mutex<Vec<Option<i32>>>>);

/// Says to its end that this thread is a worker's.
pub(super) struct Presence {
    threads: Threads,
    number: usize,
    id: Option<i32>,
}

impl Threads {
    /// So many workers.
    pub(super) fn of(workers: u32) -> Self {
        Threads(Arc::new(Mutex::new(vec![None; workers as usize])))
    }

    /// This thread is that worker from now on.
    pub(super) fn enter(&self, number: u32) -> Presence {
        let (number, id) = (number as usize, cpu::id_of_this_thread());
        if let Some(place) = self.lock().get_mut(number) {
            *place = id;
        }
        Presence { threads: self.clone(), number, id }
    }

    /// Each one's CPU time since it began.
    pub(super) fn cpu(&self) -> Vec<Option<u64>> {
        self.lock().iter().map(|id| id.and_then(cpu::of_thread)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<i32>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        // Where a worker was given up, another one may have taken its place.
        if let Some(place) = self.threads.lock().get_mut(self.number) {
            place.take_if(|id| Some(*id) == self.id);
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn a_worker_that_was_replaced_does_not_take_its_successor_with_it() {
        let threads = Threads::of(2);
        let first = threads.enter(1);
        thread::scope(|scope| {
            let second = scope.spawn(|| threads.enter(1));
            let second = second.join().unwrap();
            drop(first);
            assert_eq!(threads.lock()[1], second.id);
            drop(second);
        });
        assert_eq!(*threads.lock(), [None, None]);
    }

    #[test]
    fn only_workers_that_are_there_have_an_account() {
        let threads = Threads::of(2);
        let _present = threads.enter(0);
        let cpu = threads.cpu();
        assert!(cpu[0].is_some_and(|cpu| cpu > 0), "{cpu:?}");
        assert_eq!(cpu[1], None);
    }
}
