//! The one place where pools are touched: consistent reads, re-runnable writes.

use std::sync::Arc;
use std::time::Duration;

use diesel::r2d2::{ConnectionManager, Pool};
use diesel::{PgConnection, SqliteConnection};
use tokio::sync::Semaphore;

use crate::bridge;
use crate::conn::{self, Conn, DatabaseUrl, EngineConn, PgSettings, SqlitePragmas};
use crate::error::{AsStoreError, StoreError, StoreResult};
use crate::hints::Hints;
use crate::lease::{Claims, Lease};
use crate::migrate;
use crate::writer::Writer;

/// How often a write is run again after a serialisation failure or deadlock.
const MAX_RUNS: u32 = 4;

/// Sizes and waits of the pools.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Connections for everything (PostgreSQL), or the most for reading (SQLite, see `readers`).
    pub connections: u32,
    /// How long a request waits for a free connection before it is told `busy`.
    pub wait: Duration,
    /// Writes that may queue for the writer thread (SQLite).
    pub queued_writes: usize,
    /// Whether pending migrations are run; else a database that has some is not opened.
    pub migrates: bool,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { connections: 8, wait: Duration::from_secs(10), queued_writes: 512, migrates: true }
    }
}

/// The database of one installation; cheap to clone.
///
/// # Concurrency
/// Closures run on blocking threads and always end with commit or rollback, also when the request that
/// started them is dropped.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    hints: Hints,
    free: Arc<Semaphore>,
    connections: usize,
    wait: Duration,
}

enum Engine {
    Sqlite { readers: Pool<ConnectionManager<SqliteConnection>>, writer: Writer },
    Postgres { pool: Pool<ConnectionManager<PgConnection>>, url: String },
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.inner.engine {
            Engine::Sqlite { .. } => "Store(SQLite)",
            Engine::Postgres { .. } => "Store(PostgreSQL)",
        })
    }
}

/// Readers of SQLite: one for each processor, which is what a reader waits for, and one for somebody who reads long. Each
/// that is idle costs a quarter of a mebibyte, see `docs/BENCHMARKS.md`.
fn readers(options: &StoreOptions) -> u32 {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    u32::try_from(processors).map_or(options.connections, |processors| options.connections.min(processors + 1)).max(1)
}

impl Store {
    /// Opens the database and runs the pending migrations.
    ///
    /// # Errors
    /// [`StoreError::Open`] if the database cannot be reached or migrated.
    pub fn open(url: &DatabaseUrl, options: &StoreOptions) -> StoreResult<Self> {
        if let DatabaseUrl::Sqlite(path) = url {
            conn::prepare_directory(path)?;
        }
        conn::probe(url)?;
        let hints = Hints::default();
        let engine = match url {
            DatabaseUrl::Sqlite(path) => {
                let path = conn::existing_file(path);
                let writers = sqlite_pool(&path, 1, conn::WRITER_CACHE, options)?;
                let writing = EngineConn::Sqlite(writers.get().map_err(open_error)?);
                let mut writing = Conn::new(writing, hints.clone());
                migrate::bring_up(&mut writing, options.migrates)?;
                let writer = Writer::start(writing, writers, options.queued_writes, hints.clone())?;
                let readers = sqlite_pool(&path, readers(options), conn::READER_CACHE, options)?;
                Engine::Sqlite { readers, writer }
            }
            DatabaseUrl::Postgres(url) => {
                let url = conn::with_defaults(url);
                let pool = Pool::builder()
                    .max_size(options.connections)
                    .min_idle(Some(1))
                    .connection_timeout(options.wait)
                    .connection_customizer(Box::new(PgSettings))
                    .build(ConnectionManager::new(&url))
                    .map_err(open_error)?;
                let mut first = EngineConn::Postgres(pool.get().map_err(open_error)?).into();
                migrate::bring_up(&mut first, options.migrates)?;
                bridge::start(url.clone(), &hints)?;
                Engine::Postgres { pool, url }
            }
        };
        let connections = if matches!(engine, Engine::Sqlite { .. }) { readers(options) } else { options.connections };
        let connections = usize::try_from(connections).unwrap_or(1);
        let free = Arc::new(Semaphore::new(connections));
        let inner = Inner { engine, hints, free, connections, wait: options.wait };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// How many transactions that read there may be at once.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.inner.connections
    }

    /// Whether several processes may work on this database at once.
    #[must_use]
    pub fn has_nodes(&self) -> bool {
        matches!(self.inner.engine, Engine::Postgres { .. })
    }

    /// Whether writes are taken, as far as is known without waiting for one: PostgreSQL has no writer that could be gone.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        match &self.inner.engine {
            Engine::Sqlite { writer, .. } => writer.is_open(),
            Engine::Postgres { .. } => true,
        }
    }

    /// Takes the right to run a job that one node at a time runs; `None` while another has it.
    ///
    /// # Errors
    /// [`StoreError::Open`] if the database cannot be reached.
    pub async fn lease(&self, job: &'static str) -> StoreResult<Option<Lease>> {
        let Engine::Postgres { url, .. } = &self.inner.engine else { return Ok(Some(Lease::alone())) };
        let url = url.clone();
        let taken = tokio::task::spawn_blocking(move || Lease::take(&url, job)).await;
        taken.unwrap_or_else(|_panicked| Err(StoreError::Panicked))
    }

    /// Begins to take rights to single pieces of a job, of which each is for one node at a time.
    ///
    /// # Errors
    /// [`StoreError::Open`] if the database cannot be reached.
    pub async fn claims(&self) -> StoreResult<Claims> {
        let Engine::Postgres { url, .. } = &self.inner.engine else { return Ok(Claims::alone()) };
        let url = url.clone();
        let opened = tokio::task::spawn_blocking(move || Claims::open(&url)).await;
        opened.unwrap_or_else(|_panicked| Err(StoreError::Panicked))
    }

    /// Who has news, on this node and on every other of the same database.
    #[must_use]
    pub fn hints(&self) -> &Hints {
        &self.inner.hints
    }

    /// Runs `f` on one consistent snapshot.
    ///
    /// # Errors
    /// [`StoreError::Busy`] if no connection is free in time, else whatever `f` reports.
    pub async fn read<T, E>(&self, f: impl FnOnce(&mut Conn) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: AsStoreError + Send + 'static,
    {
        self.blocking(move |inner| inner.checkout()?.read_transaction(f)).await
    }

    /// Runs `f` in one durable transaction: committed and synced when this returns `Ok`.
    ///
    /// # Errors
    /// [`StoreError::Busy`] if the writer's queue stays full, else whatever `f` or the commit reports.
    ///
    /// # Concurrency
    /// `f` may run several times (serialisation failures) and must have no effect outside the database.
    /// On SQLite it runs on the one writer thread.
    pub async fn write<T, E>(&self, mut f: impl FnMut(&mut Conn) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: AsStoreError + Send + 'static,
    {
        match &self.inner.engine {
            Engine::Sqlite { writer, .. } => writer.write(f, self.inner.wait).await,
            Engine::Postgres { .. } => {
                self.blocking(move |inner| {
                    let mut conn = inner.checkout()?;
                    let mut runs = 1;
                    loop {
                        let result = conn.write_transaction(&mut f);
                        match &result {
                            Err(error)
                                if runs < MAX_RUNS && error.as_store_error().is_some_and(StoreError::is_retryable) =>
                            {
                                runs += 1;
                            }
                            _ => return result,
                        }
                    }
                })
                .await
            }
        }
    }

    /// Runs `work` on a blocking thread once a connection is free.
    async fn blocking<T, E>(&self, work: impl FnOnce(&Inner) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: AsStoreError + Send + 'static,
    {
        let waiting = Arc::clone(&self.inner.free).acquire_owned();
        let Ok(Ok(permit)) = tokio::time::timeout(self.inner.wait, waiting).await else {
            return Err(StoreError::Busy.into());
        };
        let inner = Arc::clone(&self.inner);
        let joined = tokio::task::spawn_blocking(move || {
            let result = work(&inner);
            drop(permit);
            result
        });
        match joined.await {
            Ok(result) => result,
            // The connection of a panicked closure was not given back: dropping it rolled back.
            Err(error) if error.is_panic() => Err(StoreError::Panicked.into()),
            Err(_cancelled) => Err(StoreError::Busy.into()),
        }
    }
}

impl Inner {
    fn checkout(&self) -> StoreResult<Conn> {
        let engine = match &self.engine {
            Engine::Sqlite { readers, .. } => readers.get().map(EngineConn::Sqlite),
            Engine::Postgres { pool, .. } => pool.get().map(EngineConn::Postgres),
        };
        Ok(Conn::new(engine.map_err(|_ignored| StoreError::Busy)?, self.hints.clone()))
    }
}

fn sqlite_pool(
    path: &str,
    size: u32,
    cache: u32,
    options: &StoreOptions,
) -> StoreResult<Pool<ConnectionManager<SqliteConnection>>> {
    Pool::builder()
        .max_size(size)
        .min_idle(Some(1))
        .connection_timeout(options.wait)
        .connection_customizer(Box::new(SqlitePragmas { cache }))
        .build(ConnectionManager::new(path))
        .map_err(open_error)
}

fn open_error(error: impl std::fmt::Display) -> StoreError {
    StoreError::Open(error.to_string())
}
