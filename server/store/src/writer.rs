//! The one thread that writes to SQLite.
//!
//! Requests send it re-runnable closures. It takes those that wait, runs them one after the other in one transaction, each
//! behind a savepoint of its own, and answers them after its commit: what comes together waits for the disk together (group
//! commit). A closure that fails takes back what it wrote and nothing else.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use diesel::SqliteConnection;
use diesel::r2d2::{ConnectionManager, Pool};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};

use crate::conn::{Conn, EngineConn};
use crate::error::{AsStoreError, StoreError, StoreResult};
use crate::hints::Hints;

/// Most closures under one commit: by then the disk is a small part of the work, and the first waits for the last.
const MAX_GROUP: usize = 16;

type Group = Vec<Box<dyn Job>>;

/// Sends writes to the writer thread, which ends when the last sender is dropped.
pub(crate) struct Writer {
    jobs: mpsc::Sender<Box<dyn Job>>,
    is_open: Arc<AtomicBool>,
}

impl Writer {
    /// Starts the thread on `conn`; `pool` gives a fresh connection should this one be spoilt.
    pub(crate) fn start(
        conn: Conn,
        pool: Pool<ConnectionManager<SqliteConnection>>,
        queued: usize,
        hints: Hints,
    ) -> StoreResult<Self> {
        let (jobs, queue) = mpsc::channel(queued);
        let is_open = Arc::new(AtomicBool::new(true));
        let mut waiting = Waiting { queue, alone: VecDeque::new() };
        let reopening = Reopening { pool, hints, is_open: Arc::clone(&is_open) };
        std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || work(conn, &reopening, &mut waiting))
            .map_err(|error| StoreError::Open(format!("cannot start the writer thread: {error}")))?;
        Ok(Self { jobs, is_open })
    }

    /// Whether the thread lives and has the database open.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Relaxed) && !self.jobs.is_closed()
    }

    /// Runs `f` on the writer thread and waits for its commit.
    pub(crate) async fn write<T, E>(
        &self,
        f: impl FnMut(&mut Conn) -> Result<T, E> + Send + 'static,
        wait: Duration,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: AsStoreError + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(Write { f, result: None, answer });
        self.jobs.send_timeout(job, wait).await.map_err(|_full_or_gone| StoreError::Busy)?;
        // A dropped sender means the closure panicked: what it wrote was rolled back.
        answered.await.unwrap_or_else(|_dropped| Err(StoreError::Panicked.into()))
    }
}

/// A write that waits for its turn, and then for the commit.
trait Job: Send {
    /// Runs the closure in the group's transaction and keeps its result; whether what it wrote should stay.
    fn run(&mut self, conn: &mut Conn) -> bool;

    /// Runs the closure in a transaction of its own and keeps its result.
    fn run_alone(&mut self, conn: &mut Conn);

    /// Hands over the result.
    fn answer(self: Box<Self>);

    /// Says `busy`: nothing of it is written.
    fn refuse(self: Box<Self>);
}

struct Write<F, T, E> {
    f: F,
    result: Option<Result<T, E>>,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Job for Write<F, T, E>
where
    F: FnMut(&mut Conn) -> Result<T, E> + Send,
    T: Send,
    E: AsStoreError + Send,
{
    fn run(&mut self, conn: &mut Conn) -> bool {
        self.result.insert((self.f)(conn)).is_ok()
    }

    fn run_alone(&mut self, conn: &mut Conn) {
        self.result = Some(conn.write_transaction(&mut self.f));
    }

    fn answer(self: Box<Self>) {
        if let Some(result) = self.result {
            // The request may be gone; its write is committed all the same.
            let _ = self.answer.send(result);
        }
    }

    fn refuse(self: Box<Self>) {
        let _ = self.answer.send(Err(StoreError::Busy.into()));
    }
}

/// What is still to be written.
struct Waiting {
    queue: mpsc::Receiver<Box<dyn Job>>,
    /// Writes of a group that fell apart; each is run again by itself.
    alone: VecDeque<Box<dyn Job>>,
}

impl Waiting {
    /// The next writes to run together; `None` once nobody can send any more.
    fn next_group(&mut self) -> Option<Group> {
        if let Some(job) = self.alone.pop_front() {
            return Some(vec![job]);
        }
        let mut group = vec![self.queue.blocking_recv()?];
        while group.len() < MAX_GROUP
            && let Ok(job) = self.queue.try_recv()
        {
            group.push(job);
        }
        Some(group)
    }

    /// Refuses all that wait; whether anybody can still send.
    fn refuse_all(&mut self) -> bool {
        self.alone.drain(..).for_each(Job::refuse);
        loop {
            match self.queue.try_recv() {
                Ok(job) => job.refuse(),
                Err(error) => return error == TryRecvError::Empty,
            }
        }
    }
}

/// What it takes to open the database again.
struct Reopening {
    pool: Pool<ConnectionManager<SqliteConnection>>,
    hints: Hints,
    is_open: Arc<AtomicBool>,
}

impl Reopening {
    /// A fresh connection, however long it takes; `None` once nobody can send any more.
    ///
    /// The pool pauses between its tries, and each time that it gives up, those that wait are told.
    fn run(&self, waiting: &mut Waiting) -> Option<Conn> {
        loop {
            match self.pool.get() {
                Ok(fresh) => {
                    self.is_open.store(true, Ordering::Relaxed);
                    return Some(Conn::new(EngineConn::Sqlite(fresh), self.hints.clone()));
                }
                Err(error) => {
                    tracing::error!(%error, "the writer cannot reopen the database; it tries again");
                    self.is_open.store(false, Ordering::Relaxed);
                    if !waiting.refuse_all() {
                        return None;
                    }
                }
            }
        }
    }
}

fn work(mut conn: Conn, reopening: &Reopening, waiting: &mut Waiting) {
    while let Some(mut group) = waiting.next_group() {
        let Err(spoilt) = run(&mut conn, &mut group) else {
            group.into_iter().for_each(Job::answer);
            continue;
        };
        if let Spoilt::Panicked(at) = spoilt {
            tracing::error!("a write panicked; what it wrote is rolled back");
            // Dropped without an answer.
            group.remove(at);
        }
        waiting.alone.extend(group);
        // Dropping the connection rolls back; the pool opens another.
        drop(conn);
        let Some(fresh) = reopening.run(waiting) else { return };
        conn = fresh;
    }
}

/// Why a group has to be run again on another connection, nothing of it being written.
enum Spoilt {
    /// The closure at this place panicked.
    Panicked(usize),
    /// The transaction as a whole failed, for instance on a full disk: alone, each will be told its own reason.
    Failed,
}

impl From<StoreError> for Spoilt {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "a group of writes failed; each is run alone");
        Self::Failed
    }
}

/// Runs a group under one commit; every result is final on `Ok`.
fn run(conn: &mut Conn, group: &mut [Box<dyn Job>]) -> Result<(), Spoilt> {
    if let [job] = group {
        return contained(0, || job.run_alone(conn));
    }
    conn.begin_write()?;
    for (at, job) in group.iter_mut().enumerate() {
        conn.begin_nested()?;
        if contained(at, || job.run(conn))? {
            conn.commit_nested()?;
        } else {
            conn.roll_back()?;
        }
    }
    Ok(conn.commit()?)
}

fn contained<T>(at: usize, work: impl FnOnce() -> T) -> Result<T, Spoilt> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_panic| Spoilt::Panicked(at))
}
