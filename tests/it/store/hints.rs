//! Hints: given after the commit, never before, and on every node of a database.

use std::collections::BTreeSet;
use std::time::Duration;

use doorstep_store::feed::{FeedBatch, FeedKind, audience_head};
use doorstep_store::hints::{Topic, Watch};
use doorstep_store::{DatabaseUrl, Store, StoreError, StoreOptions, StoreResult};
use integration_tests::app::COMPANIES;
use integration_tests::company::YUNZE;
use integration_tests::db::TestDb;

/// Longer than a hint ever takes: who waits that long has been forgotten.
const PATIENCE: Duration = Duration::from_secs(30);

fn open(db: &TestDb) -> Store {
    let url: DatabaseUrl = db.url().parse().expect("a database URL");
    Store::open(&url, &StoreOptions::default()).expect("the database opens")
}

fn audience(name: &str) -> Topic {
    Topic::audience(YUNZE.org, name)
}

fn watch(store: &Store, name: &str) -> Watch {
    store.hints().watch(BTreeSet::from([audience(name)]))
}

async fn publish(store: &Store, name: &'static str, outcome: impl Fn() -> StoreResult<()> + Send + 'static) {
    let write = store.write(move |conn| {
        let mut batch = FeedBatch::new();
        batch.put(name, FeedKind::Visit, "a visit");
        batch.publish(conn, YUNZE.org)?;
        outcome()
    });
    // Some of them are meant to fail.
    let _: StoreResult<()> = write.await;
}

async fn heard(watch: &Watch) -> BTreeSet<Topic> {
    tokio::time::timeout(PATIENCE, watch.news()).await.expect("a hint")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_is_told_to_who_watches_and_can_be_read_by_then() {
    let db = TestDb::copy_of(&COMPANIES);
    let store = open(&db);
    let (mine, other) = (watch(&store, "u:1"), watch(&store, "u:2"));
    publish(&store, "u:1", || Ok(())).await;
    assert_eq!(heard(&mine).await, BTreeSet::from([audience("u:1")]));
    let head = store.read(|conn| audience_head(conn, YUNZE.org, "u:1")).await.expect("the head");
    assert_eq!(head, 1);
    // It would have been told by now.
    tokio::time::timeout(Duration::ZERO, other.news()).await.expect_err("another audience");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rolled_back_is_not_told() {
    let db = TestDb::copy_of(&COMPANIES);
    let store = open(&db);
    let watch = store.hints().watch(BTreeSet::from([audience("u:1"), audience("u:2")]));
    publish(&store, "u:1", || Err(StoreError::NotFound)).await;
    publish(&store, "u:2", || Ok(())).await;
    assert_eq!(heard(&watch).await, BTreeSet::from([audience("u:2")]));
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_on_one_node_is_told_on_the_other() {
    let db = TestDb::copy_of(&COMPANIES);
    let (one, other) = (open(&db), open(&db));
    let watch = watch(&other, "u:1");
    for _ in 0..3 {
        publish(&one, "u:1", || Ok(())).await;
        assert_eq!(heard(&watch).await, BTreeSet::from([audience("u:1")]));
    }
}
