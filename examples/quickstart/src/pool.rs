//! Runs work on one of a few SQLite connections, off the async threads.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{self, JoinError};

/// Connections that wait for work; work waits in order of arrival.
#[derive(Clone)]
pub(crate) struct Pool {
    idle: Arc<Mutex<Vec<Connection>>>,
    /// One for each connection: who holds a permit finds one idle.
    permits: Arc<Semaphore>,
}

impl Pool {
    pub(crate) fn new(connections: Vec<Connection>) -> Self {
        let permits = Arc::new(Semaphore::new(connections.len()));
        Self { idle: Arc::new(Mutex::new(connections)), permits }
    }

    /// Runs `work` to its end, even when the caller stops waiting for it. Fails only if `work` panics.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        let mut lease = self.lease().await;
        task::spawn_blocking(move || work(lease.connection())).await
    }

    async fn lease(&self) -> Lease {
        let permit = Arc::clone(&self.permits).acquire_owned().await.expect("the semaphore is never closed");
        let connection = lock(&self.idle).pop();
        Lease { connection, idle: Arc::clone(&self.idle), _permit: permit }
    }
}

/// A connection that goes back to the pool when dropped, also by a panic; only then its permit is released.
struct Lease {
    connection: Option<Connection>,
    idle: Arc<Mutex<Vec<Connection>>>,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    fn connection(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("there is a connection for each permit")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        lock(&self.idle).extend(self.connection.take());
    }
}

/// Nothing panics while it holds this lock, and a list of connections has no half-changed state.
fn lock(idle: &Mutex<Vec<Connection>>) -> MutexGuard<'_, Vec<Connection>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_panics_gives_its_connection_back() {
        let pool = Pool::new(vec![Connection::open_in_memory().unwrap()]);
        assert!(pool.run(|_| panic!("on purpose")).await.is_err());
        assert!(pool.run(|connection| connection.is_autocommit()).await.unwrap());
    }
}
