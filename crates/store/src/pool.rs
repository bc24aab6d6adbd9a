//! A bounded pool of connections, opened when they are needed. It repeats nothing: sqlx's own pool tries a refused
//! connection again until the time limit, while here "refused" is an answer that callers want at once.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sqlx::{ConnectOptions, Connection, Database};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::Instant,
};

/// A connection not used for so long is closed when the next one comes back.
const IDLE: Duration = Duration::from_mins(5);
/// How long a connection may take to close.
const GOODBYE: Duration = Duration::from_millis(500);

type Options<D> = <<D as Database>::Connection as Connection>::Options;

/// Connections made from the same options.
pub(crate) struct Pool<D: Database> {
    options: Options<D>,
    permits: Semaphore,
    idle: Mutex<Vec<(D::Connection, Instant)>>,
}

/// A connection in use. Dropping it closes it, which ends whatever is under way on it; only [`Lent::give_back`] keeps it.
pub(crate) struct Lent<'p, D: Database> {
    pub(crate) connection: D::Connection,
    /// Whether it was opened for an earlier use, and may have broken since.
    pub(crate) reused: bool,
    pool: &'p Pool<D>,
    _permit: SemaphorePermit<'p>,
}

impl<D: Database> Pool<D> {
    /// A pool of at most so many connections; opens none.
    pub(crate) fn new(options: Options<D>, size: usize) -> Self {
        Self { options, permits: Semaphore::new(size.max(1)), idle: Mutex::default() }
    }

    /// Lends a connection.
    pub(crate) async fn lend(&self) -> Result<Lent<'_, D>, sqlx::Error> {
        let permit = self.permits.acquire().await.map_err(|_| sqlx::Error::PoolClosed)?;
        let idle = self.idle().pop();
        let (connection, reused) = match idle {
            Some((connection, _)) => (connection, true),
            None => (self.options.connect().await?, false),
        };
        Ok(Lent { connection, reused, pool: self, _permit: permit })
    }

    /// Forgets the connections that are not in use: the server behind them has gone.
    pub(crate) fn forget_idle(&self) {
        self.idle().clear();
    }

    /// Takes in a connection that was opened before.
    pub(crate) fn take_in(&self, connection: D::Connection) {
        self.idle().push((connection, Instant::now()));
    }

    /// Lends nothing any more and says goodbye on the connections that are not in use.
    pub(crate) async fn close(&self) {
        self.permits.close();
        let idle = std::mem::take(&mut *self.idle());
        for (connection, _) in idle {
            // A goodbye that does not arrive is no loss.
            let _ = tokio::time::timeout(GOODBYE, connection.close()).await;
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(D::Connection, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<D: Database> Lent<'_, D> {
    /// Keeps the connection for the next use. Nothing may be under way on it.
    pub(crate) fn give_back(self) {
        let mut idle = self.pool.idle();
        idle.retain(|(_, since)| since.elapsed() < IDLE);
        if !self.pool.permits.is_closed() {
            idle.push((self.connection, Instant::now()));
        }
    }
}
