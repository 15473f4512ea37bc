//! A transaction always ends, whatever becomes of the request that began it.

use std::future::Future;
use std::pin::pin;
use std::sync::mpsc;
use std::task::Poll;
use std::time::Duration;

use doorstep_store::organisations::take_number;
use doorstep_store::{DatabaseUrl, Store, StoreError, StoreOptions, StoreResult};
use integration_tests::app::COMPANIES;
use integration_tests::company::YUNZE;
use integration_tests::db::TestDb;
use integration_tests::dir::TestDir;
use tokio::sync::oneshot;

/// A store of few connections, so that a connection that is not given back is missed at once.
fn open(db: &TestDb) -> Store {
    let url: DatabaseUrl = db.url().parse().expect("a database URL");
    let options =
        StoreOptions { connections: 2, wait: Duration::from_secs(10), queued_writes: 4, ..StoreOptions::default() };
    Store::open(&url, &options).expect("the store opens")
}

async fn next_number(store: &Store) -> StoreResult<i64> {
    store.write(|conn| take_number(conn, YUNZE.org, "test")).await
}

/// Polls a write until its closure runs, then drops it there; returns what lets the closure go on.
async fn abandon(store: &Store) -> mpsc::Sender<()> {
    let (go, paused) = mpsc::channel::<()>();
    let (started, running) = oneshot::channel();
    let mut started = Some(started);
    let mut write = Box::pin(store.write(move |conn| {
        let number = take_number(conn, YUNZE.org, "test");
        if let Some(started) = started.take() {
            let _ = started.send(());
        }
        let _ = paused.recv();
        number
    }));
    let mut running = pin!(running);
    std::future::poll_fn(|context| {
        assert!(write.as_mut().poll(context).is_pending(), "the closure still waits");
        running.as_mut().poll(context).map(|said| said.expect("the closure began"))
    })
    .await;
    drop(write);
    go
}

#[tokio::test]
async fn a_dropped_request_leaves_no_transaction_open() {
    let db = TestDb::copy_of(&COMPANIES);
    let store = open(&db);
    // More often than there are connections.
    for round in 0..5 {
        let go = abandon(&store).await;
        go.send(()).expect("the closure waits for this");
        // What was abandoned is committed all the same, and the next write comes after it.
        assert_eq!(next_number(&store).await.expect("the next write"), round * 2 + 2);
    }
}

#[tokio::test]
async fn a_request_dropped_before_it_starts_does_nothing_or_everything() {
    let db = TestDb::copy_of(&COMPANIES);
    let store = open(&db);
    for _ in 0..20 {
        let mut write = Box::pin(next_number(&store));
        let first = std::future::poll_fn(|context| Poll::Ready(write.as_mut().poll(context))).await;
        drop((first, write));
    }
    let number = next_number(&store).await.expect("the next write");
    assert!((1..=21).contains(&number), "{number}");
    // On PostgreSQL an abandoned write may still commit in between; each takes a number of its own, once.
    let after = next_number(&store).await.expect("the one after");
    assert!((number + 1..=22).contains(&after), "{number}, then {after}");
}

#[tokio::test]
async fn a_panic_rolls_back_and_the_store_stays_usable() {
    let db = TestDb::copy_of(&COMPANIES);
    let store = open(&db);
    for _ in 0..5 {
        let result: StoreResult<i64> = store
            .write(|conn| {
                take_number(conn, YUNZE.org, "test")?;
                panic!("a defect in a closure")
            })
            .await;
        assert!(matches!(result, Err(StoreError::Panicked)), "{result:?}");
    }
    assert_eq!(next_number(&store).await.expect("the next write"), 1, "nothing of the panicked writes stayed");
    let read: StoreResult<i64> = store.read(|_| panic!("a defect in a read")).await;
    assert!(matches!(read, Err(StoreError::Panicked)), "{read:?}");
    assert_eq!(next_number(&store).await.expect("the next write"), 2);
}

#[tokio::test]
async fn a_refused_write_rolls_back() {
    let db = TestDb::copy_of(&COMPANIES);
    let store = open(&db);
    let result: StoreResult<i64> = store
        .write(|conn| {
            take_number(conn, YUNZE.org, "test")?;
            Err(StoreError::Stale)
        })
        .await;
    assert!(matches!(result, Err(StoreError::Stale)), "{result:?}");
    assert_eq!(next_number(&store).await.expect("the next write"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_at_once_get_numbers_without_gap_or_double() {
    let db = TestDb::copy_of(&COMPANIES);
    let store = open(&db);
    let writers: Vec<_> = (0..32)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { next_number(&store).await.expect("a number") })
        })
        .collect();
    let mut numbers = Vec::new();
    for writer in writers {
        numbers.push(writer.await.expect("the writer does not panic"));
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=32).collect::<Vec<i64>>());
}

#[tokio::test]
async fn who_waits_too_long_is_told_busy() {
    let db = TestDb::copy_of(&COMPANIES);
    let url: DatabaseUrl = db.url().parse().expect("a database URL");
    let options =
        StoreOptions { connections: 1, wait: Duration::from_millis(50), queued_writes: 1, ..StoreOptions::default() };
    let store = Store::open(&url, &options).expect("the store opens");
    let go = abandon(&store).await;
    // The writer is occupied; on SQLite one more write may queue, so keep its place.
    let mut queued = Box::pin(next_number(&store));
    let first = std::future::poll_fn(|context| Poll::Ready(queued.as_mut().poll(context))).await;
    assert!(first.is_pending());
    assert!(matches!(next_number(&store).await, Err(StoreError::Busy)));
    drop(go);
    drop(queued);
}

#[tokio::test]
async fn a_file_that_was_taken_away_is_not_made_anew() {
    let directory = TestDir::new();
    let file = directory.path().join("50% of #1?.sqlite");
    let url = format!("sqlite://{}", file.display()).parse().expect("a database URL");
    let options = StoreOptions { connections: 4, wait: Duration::from_secs(2), ..StoreOptions::default() };
    let store = Store::open(&url, &options).expect("the store opens");
    assert!(file.exists(), "under the name it was given");
    std::fs::remove_file(&file).expect("the file goes");
    // All at once need more connections than were open.
    let mut held = Vec::new();
    for _ in 0..options.connections {
        let (go, paused) = mpsc::channel::<()>();
        let (started, running) = oneshot::channel();
        let store = store.clone();
        held.push((go, tokio::spawn(async move { store.read(move |_conn| wait_for(started, &paused)).await })));
        // It may have failed.
        let _ = running.await;
    }
    assert!(!file.exists());
    let mut refused = 0;
    for (go, read) in held {
        drop(go);
        refused += u8::from(read.await.expect("no panic").is_err());
    }
    assert!((1..4).contains(&refused), "{refused}");
}

fn wait_for(started: oneshot::Sender<()>, paused: &mpsc::Receiver<()>) -> StoreResult<()> {
    let _ = started.send(());
    let _ = paused.recv();
    Ok(())
}
