//! Two transactions that meet: one is paused before its commit, the other one comes meanwhile.

use diesel::{Connection as _, PgConnection};
use integration_tests::app::TestApp;
use integration_tests::db::paused::{self, waiting};
use tokio::time::timeout;

use super::PATIENCE;

/// A connection of its own to the database of the server.
pub fn connect(app: &TestApp) -> PgConnection {
    PgConnection::establish(&app.state.config.database_url).expect("it listens")
}

/// Has the commit of whoever does this wait while [`meeting`] holds the lock.
pub fn pause(app: &TestApp, events: &str, condition: &str) {
    paused::pause(&mut connect(app), events, condition);
}

/// Drives both together: the second one begins once the first one waits before its commit, and that goes on once the
/// second one waits or has ended.
pub async fn meeting<A, B>(app: &TestApp, first: impl Future<Output = A>, second: impl Future<Output = B>) -> (A, B) {
    let mut holder = connect(app);
    paused::hold(&mut holder);
    let beside = async {
        while waiting(&mut holder) < 1 {
            tokio::task::yield_now().await;
        }
        let mut second = std::pin::pin!(second);
        let ended = loop {
            tokio::select! {
                biased;
                // It saw nothing of the first one.
                ended = &mut second => break Some(ended),
                () = tokio::task::yield_now() => {}
            }
            if waiting(&mut holder) > 1 {
                break None;
            }
        };
        paused::let_go(&mut holder);
        match ended {
            Some(ended) => ended,
            None => second.await,
        }
    };
    let both = async { tokio::join!(first, beside) };
    timeout(PATIENCE, both).await.expect("neither waits for ever")
}
