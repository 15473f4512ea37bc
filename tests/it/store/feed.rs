//! The feed: readers skip nothing, and know since when an item is theirs.

use doorstep_store::feed::{FeedBatch, FeedKind, FeedOp, audience_head, list_feed, list_holders};
use integration_tests::app::COMPANIES;
use integration_tests::company::{HAOYU, YUNZE};
use integration_tests::db::{TestDb, with_conn};

/// Position, entered position, operation and item of every row after a position.
fn rows(conn: &mut doorstep_store::Conn, audience: &str, after: i64) -> Vec<(i64, i64, FeedOp, String)> {
    let rows = list_feed(conn, YUNZE.org, audience, after, 100).expect("the feed");
    rows.into_iter().map(|row| (row.pos, row.entered_pos, row.op.0, row.item)).collect()
}

fn publish(conn: &mut doorstep_store::Conn, tell: impl FnOnce(&mut FeedBatch)) {
    let mut batch = FeedBatch::new();
    tell(&mut batch);
    batch.publish(conn, YUNZE.org).expect("published");
}

#[test]
fn an_item_keeps_where_it_entered_until_it_is_gone() {
    use FeedKind::Visit;
    let db = TestDb::copy_of(&COMPANIES);
    with_conn(db.url(), |conn| {
        publish(conn, |batch| batch.put("u:1", Visit, "a"));
        publish(conn, |batch| batch.put("u:1", Visit, "b"));
        publish(conn, |batch| batch.put("u:1", Visit, "a"));
        let put = |pos, entered, item: &str| (pos, entered, FeedOp::Put, item.to_owned());
        let gone = |pos, entered, item: &str| (pos, entered, FeedOp::Gone, item.to_owned());
        assert_eq!(rows(conn, "u:1", 0), [put(2, 2, "b"), put(3, 1, "a")]);
        publish(conn, |batch| batch.gone("u:1", Visit, "a"));
        assert_eq!(rows(conn, "u:1", 2), [gone(4, 1, "a")]);
        publish(conn, |batch| batch.gone("u:1", Visit, "a"));
        // Coming back is entering anew: whoever had it before was told to drop it.
        publish(conn, |batch| batch.put("u:1", Visit, "a"));
        publish(conn, |batch| batch.put("u:1", Visit, "a"));
        let all = rows(conn, "u:1", 0);
        assert_eq!((all.len(), all[1].0, all[1].2), (2, 7, FeedOp::Put));
        assert_eq!(all[1].1, 6, "entered when it came back");
        assert_eq!(audience_head(conn, YUNZE.org, "u:1").expect("head"), 7);
        assert_eq!(rows(conn, "u:1", 7), []);
    });
}

#[test]
fn audiences_organisations_and_kinds_are_apart() {
    let db = TestDb::copy_of(&COMPANIES);
    with_conn(db.url(), |conn| {
        publish(conn, |batch| {
            batch.put("u:2", FeedKind::Visit, "a");
            batch.put("u:1", FeedKind::Visit, "a");
            batch.put("u:1", FeedKind::Doc, "a");
            batch.gone("t:1", FeedKind::Visit, "a");
        });
        assert_eq!(rows(conn, "u:1", 0).len(), 2);
        assert_eq!(rows(conn, "u:2", 0).len(), 1);
        let heads = ["u:1", "u:2", "t:1", "o"].map(|who| audience_head(conn, YUNZE.org, who).expect("head"));
        assert_eq!(heads, [2, 1, 1, 0]);
        assert_eq!(audience_head(conn, HAOYU.org, "u:1").expect("head"), 0);
        assert!(list_feed(conn, HAOYU.org, "u:1", 0, 10).expect("feed").is_empty());
        let holders = list_holders(conn, YUNZE.org, FeedKind::Visit, "a").expect("holders");
        assert_eq!(holders.iter().map(String::as_str).collect::<Vec<_>>(), ["u:1", "u:2"]);
    });
}

#[test]
fn the_last_word_of_a_batch_counts() {
    let db = TestDb::copy_of(&COMPANIES);
    with_conn(db.url(), |conn| {
        publish(conn, |batch| {
            batch.gone("u:1", FeedKind::Visit, "a");
            batch.put("u:1", FeedKind::Visit, "a");
        });
        assert_eq!(rows(conn, "u:1", 0), [(1, 1, FeedOp::Put, "a".to_owned())]);
        publish(conn, |_| ());
        assert_eq!(audience_head(conn, YUNZE.org, "u:1").expect("head"), 1);
    });
}

#[cfg(feature = "postgres")]
mod concurrent {
    //! Two writers on PostgreSQL, one of them paused before its commit.

    use std::sync::mpsc;

    use diesel::prelude::*;
    use diesel::sql_query;
    use diesel::sql_types::BigInt;
    use doorstep_store::{DatabaseUrl, Store, StoreError, StoreOptions, StoreResult, per_backend};
    use tokio::sync::oneshot;
    use tokio::task::JoinHandle;

    use super::*;

    #[derive(QueryableByName)]
    struct Waiting {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }

    fn open(db: &TestDb) -> Store {
        let url: DatabaseUrl = db.url().parse().expect("a database URL");
        Store::open(&url, &StoreOptions { connections: 4, ..StoreOptions::default() }).expect("the store opens")
    }

    fn write(store: &Store, audience: &'static str, item: &'static str) -> JoinHandle<StoreResult<()>> {
        let store = store.clone();
        tokio::spawn(async move {
            store
                .write(move |conn| {
                    let mut batch = FeedBatch::new();
                    batch.put(audience, FeedKind::Visit, item);
                    batch.publish(conn, YUNZE.org).map(drop)
                })
                .await
        })
    }

    /// Publishes, then holds the commit back until the returned sender says so.
    async fn paused_write(store: &Store, audience: &'static str) -> (mpsc::Sender<()>, JoinHandle<StoreResult<()>>) {
        let (go, paused) = mpsc::channel::<()>();
        let (published, running) = oneshot::channel();
        let mut published = Some(published);
        let store = store.clone();
        let write = tokio::spawn(async move {
            store
                .write(move |conn| {
                    let mut batch = FeedBatch::new();
                    batch.put(audience, FeedKind::Visit, "first");
                    batch.publish(conn, YUNZE.org)?;
                    if let Some(published) = published.take() {
                        let _ = published.send(());
                    }
                    let _ = paused.recv();
                    Ok::<_, StoreError>(())
                })
                .await
        });
        running.await.expect("the first writer published");
        (go, write)
    }

    async fn positions(store: &Store, audience: &'static str, after: i64) -> Vec<(i64, String)> {
        let rows = store.read(move |conn| list_feed(conn, YUNZE.org, audience, after, 100)).await.expect("the feed");
        rows.into_iter().map(|row| (row.pos, row.item)).collect()
    }

    /// Returns when somebody waits for a lock in this database.
    async fn until_somebody_waits(store: &Store) {
        let sql = "SELECT count(*) AS count FROM pg_stat_activity \
             WHERE datname = current_database() AND wait_event_type = 'Lock'";
        loop {
            let waiting = store.read(move |conn| {
                let rows: Vec<Waiting> = per_backend!(conn, c => sql_query(sql).load(c))?;
                Ok::<_, StoreError>(rows[0].count)
            });
            if waiting.await.expect("the activity") > 0 {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_reader_never_skips_a_position_of_a_paused_writer() {
        let db = TestDb::copy_of(&COMPANIES);
        let store = open(&db);
        let (go, first) = paused_write(&store, "u:1").await;
        let second = write(&store, "u:1", "second");
        until_somebody_waits(&store).await;
        // The second writer took the later position and cannot commit it before the first one.
        assert!(!second.is_finished());
        assert_eq!(positions(&store, "u:1", 0).await, []);
        go.send(()).expect("the first writer waits");
        first.await.expect("no panic").expect("committed");
        second.await.expect("no panic").expect("committed");
        let both = [(1, "first".to_owned()), (2, "second".to_owned())];
        assert_eq!(positions(&store, "u:1", 0).await, both);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn writers_for_different_audiences_do_not_wait_for_each_other() {
        let db = TestDb::copy_of(&COMPANIES);
        let store = open(&db);
        let (go, first) = paused_write(&store, "u:1").await;
        write(&store, "u:2", "second").await.expect("no panic").expect("committed while the first writer is paused");
        assert_eq!(positions(&store, "u:2", 0).await, [(1, "second".to_owned())]);
        go.send(()).expect("the first writer waits");
        first.await.expect("no panic").expect("committed");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn writers_for_the_same_audiences_in_any_order_never_wait_in_a_circle() {
        let db = TestDb::copy_of(&COMPANIES);
        let store = open(&db);
        let writers: Vec<_> = (0..40)
            .map(|round| {
                let store = store.clone();
                tokio::spawn(async move {
                    let result: StoreResult<()> = store
                        .write(move |conn| {
                            let mut batch = FeedBatch::new();
                            let (one, other) = if round % 2 == 0 { ("u:1", "u:2") } else { ("u:2", "u:1") };
                            batch.put(one, FeedKind::Visit, round);
                            batch.put(other, FeedKind::Visit, round);
                            batch.publish(conn, YUNZE.org).map(drop)
                        })
                        .await;
                    result
                })
            })
            .collect();
        for writer in writers {
            writer.await.expect("no panic").expect("committed");
        }
        for audience in ["u:1", "u:2"] {
            let seen: Vec<i64> = positions(&store, audience, 0).await.into_iter().map(|(pos, _)| pos).collect();
            assert_eq!(seen, (1..=40).collect::<Vec<i64>>(), "{audience}");
        }
    }
}
