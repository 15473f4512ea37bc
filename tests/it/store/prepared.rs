//! What phones ask for again and again is prepared once: no question of a push, of an upload or of the jobs behind them is
//! sent to be prepared anew, nor what is written once for each visit and each blob.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use diesel::connection::InstrumentationEvent;
use diesel::prelude::*;
use doorstep::jobs::findings;
use doorstep::jobs::ingest::run_due;
use doorstep_store::{Conn, StoreResult, per_backend};
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use sync_core::ids::VisitId;

use crate::sync::statements::{signed, upload};

/// What is asked of tables, in the quotes of either engine.
const QUESTIONS: [&str; 2] = ["SELECT `", "SELECT \""];

/// What is asked when a server starts, and stays prepared from then on, before anybody hears.
const AT_START: &str = "store_epoch";

/// Statements of a connection.
#[derive(Debug, Default)]
struct Heard {
    sent: BTreeSet<String>,
    kept: BTreeSet<String>,
}

type Hearing = Arc<Mutex<Heard>>;

fn lock(hearing: &Hearing) -> MutexGuard<'_, Heard> {
    hearing.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hears from now on what a connection sends, and what of it stays prepared.
fn listen(conn: &mut Conn, hearing: &Hearing) -> StoreResult<()> {
    let hearing = Arc::clone(hearing);
    let hear = move |event: InstrumentationEvent<'_>| match event {
        InstrumentationEvent::StartQuery { query, .. } => {
            let text = query.to_string();
            let sql = text.split_once(" -- binds:").map_or(text.as_str(), |(sql, _)| sql);
            lock(&hearing).sent.insert(sql.to_owned());
        }
        InstrumentationEvent::CacheQuery { sql, .. } => drop(lock(&hearing).kept.insert(sql.to_owned())),
        _ => {}
    };
    per_backend!(conn, c => c.set_instrumentation(hear));
    Ok(())
}

/// What was sent since the last look and does not stay prepared.
fn anew(hearing: &Hearing) -> Vec<String> {
    let mut heard = lock(hearing);
    let sent = std::mem::take(&mut heard.sent);
    let is_asked =
        |sql: &String| QUESTIONS.iter().any(|question| sql.starts_with(question)) || sql.contains(" RETURNING ");
    let is_anew = |sql: &String| is_asked(sql) && !sql.contains(AT_START) && !heard.kept.contains(sql);
    sent.into_iter().filter(is_anew).collect()
}

/// A visit as it is pushed, with its blobs and a correction, and the jobs that follow.
async fn play(app: &TestApp, visit: VisitId) {
    let (mut phone, _, blobs) = signed(app, visit).await;
    phone.sync().await;
    for blob in &blobs {
        upload(&phone, blob).await;
    }
    phone.tick(visit, "wiring", true);
    phone.sync().await;
    run_due(&app.state).await.expect("a job");
    findings::run_due(&app.state).await.expect("a job");
}

#[actix_web::test]
async fn nothing_that_a_push_an_upload_or_the_jobs_behind_them_ask_is_prepared_anew() {
    let app = TestApp::configured(|config| config.database.connections = 1).await;
    let hearing = Hearing::default();
    let (reading, writing) = (Arc::clone(&hearing), Arc::clone(&hearing));
    app.state.store.read(move |conn| listen(conn, &reading)).await.expect("a reader");
    app.state.store.write(move |conn| listen(conn, &writing)).await.expect("the writer");
    let planned = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await;
    play(&app, planned.visit).await;
    assert!(lock(&hearing).kept.len() > 40, "{:?}", lock(&hearing).kept);
    drop(anew(&hearing));
    let planned = app.office_again(YUNZE).plan(&[YUNZE.rep()]).await;
    play(&app, planned.visit).await;
    let anew = anew(&hearing);
    assert!(anew.is_empty(), "{} statements:\n{}", anew.len(), anew.join("\n"));
}
