//! Consent that is taken back while a message is being written.

use std::rc::Rc;
use std::sync::mpsc;

use diesel::prelude::*;
use diesel::sql_query;
use doorstep_store::{StoreResult, per_backend};
use integration_tests::app::TestApp;
use integration_tests::builders::DAY_MS;
use integration_tests::company::YUNZE;
use integration_tests::db::{Engine, paused};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::notices::{consent, queued, told, told_as};

/// Keeps everybody from writing messages until the returned sender says so.
async fn hold_messages(app: &TestApp) -> (mpsc::Sender<()>, JoinHandle<()>) {
    let (go, paused) = mpsc::channel::<()>();
    let (held, running) = oneshot::channel();
    let (mut held, store) = (Some(held), app.state.store.clone());
    let holding = tokio::spawn(async move {
        let hold = move |conn: &mut doorstep_store::Conn| -> StoreResult<()> {
            // SQLite has one writer, and this is it.
            if Engine::chosen() == Engine::Postgres {
                per_backend!(conn, c => sql_query("LOCK TABLE notices IN EXCLUSIVE MODE").execute(c))?;
            }
            if let Some(held) = held.take() {
                let _ = held.send(());
            }
            let _ = paused.recv();
            Ok(())
        };
        store.write(hold).await.expect("held");
    });
    running.await.expect("the messages are held");
    (go, holding)
}

/// Returns when so many wait for a lock in this database; on SQLite writers wait in the order in which they came.
async fn until_waiting(app: &TestApp, many: i64) {
    let count = |conn: &mut doorstep_store::Conn| Ok(paused::waiting(paused::postgres(conn)));
    while Engine::chosen() == Engine::Postgres && app.read(count).await < many {
        tokio::task::yield_now().await;
    }
}

// Rules: NOT-05, GEN-15
#[actix_web::test]
async fn nobody_is_sent_what_was_written_while_consent_was_taken_back() {
    let app = Rc::new(TestApp::configured(|config| config.database.connections = 8).await);
    let planned = queued(&app).await;
    let (go, holding) = hold_messages(&app).await;
    let taking_back = actix_web::rt::spawn({
        let app = Rc::clone(&app);
        async move { consent(&app, planned.customer, false).await }
    });
    until_waiting(&app, 1).await;
    let planning = actix_web::rt::spawn({
        let app = Rc::clone(&app);
        async move {
            let office = app.office_again(YUNZE);
            let order = office.order_for(planned.customer, planned.site).await;
            office.plan_order(order, &[YUNZE.colleague()], DAY_MS).await
        }
    });
    until_waiting(&app, 2).await;
    go.send(()).expect("the messages are held");
    holding.await.expect("no panic");
    taking_back.await.expect("no panic");
    planning.await.expect("no panic");
    let no_consent = told_as("appointment", "suppressed", "no_consent");
    assert_eq!(told(&app).await, [no_consent.clone(), no_consent]);
}
