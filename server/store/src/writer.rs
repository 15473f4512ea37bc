//! The one thread that writes to SQLite.
//!
//! Requests send it re-runnable closures; it runs each in a transaction and answers after the commit.
//! Running several closures under one commit (group commit) changes only this file.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use diesel::SqliteConnection;
use diesel::r2d2::{ConnectionManager, Pool};
use tokio::sync::{mpsc, oneshot};

use crate::conn::{Conn, EngineConn};
use crate::error::{AsStoreError, StoreError, StoreResult};
use crate::hints::Hints;

type Job = Box<dyn FnOnce(&mut Conn) + Send>;

/// Sends writes to the writer thread, which ends when the last sender is dropped.
pub(crate) struct Writer {
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    /// Starts the thread on `conn`; `pool` gives a fresh connection should a job panic.
    pub(crate) fn start(
        conn: Conn,
        pool: Pool<ConnectionManager<SqliteConnection>>,
        queued: usize,
        hints: Hints,
    ) -> StoreResult<Self> {
        let (jobs, mut queue) = mpsc::channel(queued);
        std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || work(conn, &pool, &mut queue, &hints))
            .map_err(|error| StoreError::Open(format!("cannot start the writer thread: {error}")))?;
        Ok(Self { jobs })
    }

    /// Runs `f` on the writer thread and waits for its commit.
    pub(crate) async fn write<T, E>(
        &self,
        mut f: impl FnMut(&mut Conn) -> Result<T, E> + Send + 'static,
        wait: Duration,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: AsStoreError + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |conn| {
            // The request may be gone; its write is committed all the same.
            let _ = answer.send(conn.write_transaction(&mut f));
        });
        self.jobs.send_timeout(job, wait).await.map_err(|_full_or_gone| StoreError::Busy)?;
        // A dropped sender means the job panicked: its transaction was rolled back.
        answered.await.unwrap_or_else(|_dropped| Err(StoreError::Panicked.into()))
    }
}

fn work(
    mut conn: Conn,
    pool: &Pool<ConnectionManager<SqliteConnection>>,
    queue: &mut mpsc::Receiver<Job>,
    hints: &Hints,
) {
    while let Some(job) = queue.blocking_recv() {
        if catch_unwind(AssertUnwindSafe(|| job(&mut conn))).is_err() {
            tracing::error!("a write panicked; its transaction is rolled back");
            // Dropping the connection rolls back; the pool opens another.
            drop(conn);
            match pool.get() {
                Ok(fresh) => conn = Conn::new(EngineConn::Sqlite(fresh), hints.clone()),
                Err(error) => {
                    tracing::error!(%error, "the writer cannot reopen the database");
                    return;
                }
            }
        }
    }
}
