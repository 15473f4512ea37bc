//! Two transactions that meet: one is paused before its commit, the other one comes meanwhile.

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection};
use integration_tests::app::TestApp;
use tokio::time::timeout;

use super::PATIENCE;
use super::requests::waiting;

/// What makes a commit wait for the lock.
const PAUSE: &str = "CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
     PERFORM pg_advisory_xact_lock_shared(42); RETURN NULL; END $$; \
     CREATE CONSTRAINT TRIGGER pause AFTER {events} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW {condition} \
     EXECUTE FUNCTION pause()";

/// A connection of its own to the database of the server.
pub fn connect(app: &TestApp) -> PgConnection {
    PgConnection::establish(&app.state.config.database_url).expect("it listens")
}

/// Has the commit of whoever does this wait while [`meeting`] holds the lock.
pub fn pause(app: &TestApp, events: &str, condition: &str) {
    let pause = PAUSE.replace("{events}", events).replace("{condition}", condition);
    connect(app).batch_execute(&pause).expect("the pause is prepared");
}

/// Drives both together: the second one begins once the first one waits before its commit, and that goes on once the
/// second one waits or has ended.
pub async fn meeting<A, B>(app: &TestApp, first: impl Future<Output = A>, second: impl Future<Output = B>) -> (A, B) {
    let mut holder = connect(app);
    holder.batch_execute("SELECT pg_advisory_lock(42)").expect("the lock");
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
        holder.batch_execute("SELECT pg_advisory_unlock(42)").expect("the lock is given back");
        match ended {
            Some(ended) => ended,
            None => second.await,
        }
    };
    let both = async { tokio::join!(first, beside) };
    timeout(PATIENCE, both).await.expect("neither waits for ever")
}
