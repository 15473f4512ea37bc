//! A decision on a finding, while the job looks at the same photo.

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection};
use doorstep::domain::Role;
use doorstep_store::findings::{FindingRow, list_finding_decisions, replace_findings};
use doorstep_store::photo_checks::enqueue;
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use serde_json::{Value, json};
use sync_core::bytes::Hash;
use sync_core::ids::VisitId;
use tokio::time::timeout;

use super::PATIENCE;
use super::requests::waiting;
use crate::findings::decided::from_gallery;
use crate::findings::{Field, look, pictures};

/// Makes the commit of whoever adds to a table wait for a lock.
const PAUSE: &str = "CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
     PERFORM pg_advisory_xact_lock_shared(42); RETURN NULL; END $$; \
     CREATE CONSTRAINT TRIGGER pause AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW \
     EXECUTE FUNCTION pause()";

/// Drives both together: the second one begins once the first one waits before its commit, and that goes on once the
/// second one waits or has ended.
async fn meeting<A, B>(
    app: &TestApp,
    paused: &str,
    first: impl Future<Output = A>,
    second: impl Future<Output = B>,
) -> (A, B) {
    let mut holder = PgConnection::establish(&app.state.config.database_url).expect("it listens");
    holder.batch_execute(&PAUSE.replace("{table}", paused)).expect("the pause is prepared");
    holder.batch_execute("SELECT pg_advisory_lock(42)").expect("the lock");
    let beside = async {
        while waiting(&mut holder) < 1 {
            tokio::task::yield_now().await;
        }
        let mut second = std::pin::pin!(second);
        let ended = loop {
            tokio::select! {
                biased;
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

/// A visit of which a photo from the gallery is due to be looked at again, as what was found of it is of yesterday.
async fn due_again(app: &TestApp) -> (VisitId, String, Value, FindingRow) {
    let mut field = Field::of(app, YUNZE).await;
    let picture = pictures::photo(1);
    let (visit, path) = from_gallery(&mut field, &picture).await;
    let now = field.rows(visit).await.into_iter().find(|row| row.code == "gallery_source").expect("found");
    let old = FindingRow { level: 1, evidence: "{}".to_owned(), ..now.clone() };
    app.write(move |conn| {
        replace_findings(conn, YUNZE.org, visit, std::slice::from_ref(&old))?;
        enqueue(conn, YUNZE.org, [visit], 1)
    })
    .await;
    let body = json!({"id": "01955f2c-3000-7000-8000-00000000d003", "sha256": Hash::of(&picture),
        "code": "gallery_source", "decision": "confirmed"});
    (visit, path, body, now)
}

/// The decision that is kept is on the finding that counts.
async fn assert_decided(app: &TestApp, visit: VisitId, counts: (i64, &str)) {
    let rows = app.read(move |conn| doorstep_store::findings::list_findings(conn, YUNZE.org, visit)).await;
    let row = rows.iter().find(|row| row.code == "gallery_source").expect("found");
    assert_eq!((row.level, row.evidence.as_str(), row.state.as_str()), (counts.0, counts.1, "confirmed"));
    let kept = app.read(move |conn| list_finding_decisions(conn, YUNZE.org, visit)).await;
    let said: Vec<_> = kept.iter().map(|row| (row.level, row.evidence.as_str())).collect();
    assert_eq!(said, [counts], "what he saw stands in the decision");
}

#[actix_web::test]
async fn a_decision_that_comes_while_the_job_finds_something_else_is_on_what_it_found() {
    let app = TestApp::new().await;
    let (visit, path, body, now) = due_again(&app).await;
    let reviewer = app.role(YUNZE, Role::Reviewer).await;
    let ((), decided) = Box::pin(meeting(&app, "findings", look(&app), reviewer.post(&path, body))).await;
    decided.expect(201);
    assert_decided(&app, visit, (now.level, &now.evidence)).await;
}

#[actix_web::test]
async fn what_is_just_being_decided_on_is_not_replaced_by_the_job() {
    let app = TestApp::new().await;
    let (visit, path, body, _) = due_again(&app).await;
    let reviewer = app.role(YUNZE, Role::Reviewer).await;
    let (decided, ()) = Box::pin(meeting(&app, "finding_decisions", reviewer.post(&path, body), look(&app))).await;
    decided.expect(201);
    assert_decided(&app, visit, (1, "{}")).await;
}
