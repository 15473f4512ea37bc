//! Writes that wait together share one commit of SQLite, and each stands or falls alone.

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::Poll;
use std::time::Duration;

use doorstep_store::organisations::{OrganisationRow, insert_organisation, list_organisations};
use doorstep_store::{Conn, DatabaseUrl, Store, StoreError, StoreOptions, StoreResult, Txt};
use integration_tests::db::TestDb;
use integration_tests::dir::TestDir;
use sync_core::ids::OrgId;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Fewer than one commit takes.
const WRITES: u8 = 12;

type Queued<T> = Pin<Box<dyn Future<Output = StoreResult<T>> + Send>>;

struct Bench {
    store: Store,
    /// Sees what is committed and nothing else.
    reader: Store,
    _dir: TestDir,
}

impl Bench {
    /// A SQLite file of its own whatever the engine of the run: PostgreSQL groups commits by itself.
    fn new() -> Self {
        let dir = TestDir::new();
        let db = TestDb::sqlite(dir.path());
        let url: DatabaseUrl = db.url().parse().expect("a database URL");
        let open = || Store::open(&url, &StoreOptions::default()).expect("the store opens");
        Self { store: open(), reader: open(), _dir: dir }
    }

    async fn committed(&self) -> usize {
        committed(&self.reader).await
    }

    /// Occupies the writer until something is sent.
    async fn occupy(&self) -> mpsc::Sender<()> {
        let (go, paused) = mpsc::channel::<()>();
        let (started, running) = oneshot::channel();
        let mut started = Some(started);
        let store = self.store.clone();
        tokio::spawn(async move {
            let write = store.write(move |_conn| {
                if let Some(started) = started.take() {
                    let _ = started.send(());
                }
                let _ = paused.recv();
                Ok::<_, StoreError>(())
            });
            write.await.expect("a write of nothing");
        });
        running.await.expect("the writer is occupied");
        go
    }

    /// Puts a write into the writer's queue.
    async fn queue<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Conn) -> StoreResult<T> + Send + 'static,
    ) -> Queued<T> {
        let store = self.store.clone();
        let mut write: Queued<T> = Box::pin(async move { store.write(work).await });
        let first = std::future::poll_fn(|context| Poll::Ready(write.as_mut().poll(context))).await;
        assert!(first.is_pending(), "it waits in the queue");
        write
    }
}

async fn committed(reader: &Store) -> usize {
    reader.read(|conn| Ok::<_, StoreError>(list_organisations(conn)?.len())).await.expect("a list")
}

fn insert(conn: &mut Conn, number: u8) -> StoreResult<()> {
    let code = format!("org-{number}");
    let id = Txt(OrgId::from_bytes([number + 1; 16]));
    insert_organisation(
        conn,
        &OrganisationRow { id, name: code.clone(), code, zone: "Asia/Shanghai".to_owned(), created_at_ms: 0 },
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_that_wait_together_share_one_commit_and_are_answered_after_it() {
    let bench = Bench::new();
    let go = bench.occupy().await;
    let mut writes = Vec::new();
    for number in 0..WRITES {
        let (reader, runtime) = (bench.reader.clone(), Handle::current());
        let write = bench.queue(move |conn| {
            insert(conn, number)?;
            // On the writer's own thread: what others see after this insertion.
            Ok(runtime.block_on(committed(&reader)))
        });
        writes.push(write.await);
    }
    go.send(()).expect("the writer waits for this");
    for write in writes {
        // Each commit would have added to what the next write sees.
        assert_eq!(write.await.expect("a write"), 0, "one commit for all");
        assert_eq!(bench.committed().await, usize::from(WRITES), "the answer comes after the commit");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_fails_or_panics_takes_none_of_its_group_with_it() {
    for defect in ["fails", "panics"] {
        let bench = Bench::new();
        let go = bench.occupy().await;
        let mut writes = Vec::new();
        for number in 0..WRITES {
            let write = bench.queue(move |conn| {
                insert(conn, number)?;
                match (number, defect) {
                    (0 | 5, "fails") => Err(StoreError::Stale),
                    (0 | 5, _) => panic!("a defect in a closure"),
                    _ => Ok(()),
                }
            });
            writes.push(write.await);
        }
        go.send(()).expect("the writer waits for this");
        for (number, write) in writes.into_iter().enumerate() {
            let result = tokio::time::timeout(Duration::from_secs(60), write).await.expect("an answer");
            match (number, defect) {
                (0 | 5, "fails") => assert!(matches!(result, Err(StoreError::Stale)), "{result:?}"),
                (0 | 5, _) => assert!(matches!(result, Err(StoreError::Panicked)), "{result:?}"),
                _ => assert!(result.is_ok(), "{number} {defect}: {result:?}"),
            }
        }
        assert_eq!(bench.committed().await, usize::from(WRITES) - 2, "{defect}: all others stay, and nothing else");
        bench.store.write(|conn| insert(conn, 100)).await.expect("the writer goes on");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_constraint_refuses_one_write_of_a_group_with_its_own_reason() {
    let bench = Bench::new();
    let go = bench.occupy().await;
    let mut writes = Vec::new();
    for number in [1, 2, 1, 3] {
        writes.push(bench.queue(move |conn| insert(conn, number)).await);
    }
    go.send(()).expect("the writer waits for this");
    let mut results = Vec::new();
    for write in writes {
        results.push(write.await.map_err(|error| error.to_string()));
    }
    assert!(results[2].as_ref().is_err_and(|error| error.starts_with("constraint")), "{results:?}");
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3, "{results:?}");
    assert_eq!(bench.committed().await, 3);
}
