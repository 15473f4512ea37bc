//! An item is settled by somebody else while it is driven again: its content counts once, and who settled it stays the one
//! who did.

use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use doorstep::app::sync::{Redriven, redrive};
use doorstep::app::{AppError, AppResult, ErrorCode};
use doorstep::domain::Role;
use doorstep_store::documents::{DocChangeRow, list_doc_changes};
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use serde_json::{Value, json};
use sync_core::doc::Map;
use sync_core::ids::VisitId;
use sync_core::protocol::Outcome;
use tokio::sync::Notify;

use super::helpers::{accept_again, refuse, run_at};
use super::remedies::{OTHER, key_of, known_visit, refuse_readings, refused, refused_reading};

/// Rings when a future that waits can go on.
#[derive(Default)]
struct Bell(Notify);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

/// Drives an item again; what is done meanwhile happens once the item was read and before anything is judged.
async fn redriven_while(app: &TestApp, phone: &Phone<'_>, path: &str, meanwhile: impl Future) -> AppResult<Redriven> {
    let id = path.rsplit('/').next().expect("an id").to_owned();
    let mut driven = Box::pin(redrive(&app.state, app.office_again(YUNZE).ctx(), phone.device.id, id));
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    assert!(driven.as_mut().poll(&mut Context::from_waker(&waker)).is_pending(), "the item is read elsewhere");
    bell.0.notified().await;
    meanwhile.await;
    driven.await
}

pub(super) async fn pushes(app: &TestApp, visit: VisitId) -> Vec<DocChangeRow> {
    app.read(move |conn| list_doc_changes(conn, YUNZE.org, visit)).await
}

#[actix_web::test]
async fn who_settled_an_item_while_it_was_driven_again_stays_the_one_who_did_and_nothing_is_stored_twice() {
    let app = TestApp::new().await;
    let (mut phone, visit, path) = refused_reading(&app).await;
    refuse_readings(&app, visit, false);
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let before = pushes(&app, visit).await.len();
    let salvage = async {
        let done = dispatcher.post(format!("{path}/salvage"), json!({"records": [0]})).await.expect(200);
        assert_eq!(done["item"]["state"], "salvaged");
    };
    let driven = redriven_while(&app, &phone, &path, salvage).await;
    assert!(
        matches!(&driven, Err(AppError::Refused(refusal)) if refusal.code == ErrorCode::StateInvalid),
        "{driven:?}"
    );
    assert_eq!(pushes(&app, visit).await.len(), before + 1, "what was salvaged, and no more");
    let shown = dispatcher.get(&path).await.expect(200);
    let by = json!(YUNZE.member(Role::Dispatcher).id);
    assert_eq!((&shown["state"], &shown["settled_by"]), (&json!("salvaged"), &by));
    phone.sync().await;
    assert_eq!(phone.row("quarantine", key_of(&path))["state"], "salvaged");
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn what_its_phone_wrote_anew_while_it_was_driven_again_stands_once() {
    let app = TestApp::new().await;
    let (mut phone, visit) = known_visit(&app).await;
    // A reading that the phone does not have any more, as after its answer.
    let actor = phone.actor(visit);
    let record = json!({"code": "optical_power", "value": "-18.30", "unit": "dBm", "source": "typed",
        "at": phone.stamp(), "by": phone.device.member.id});
    let key = app.id().to_string();
    let written = phone.doc(visit).clone().edit(actor, |edit| edit.put(Map::Measures, &key, &record));
    let chunk = written.expect("an edit").expect("a change").chunk;
    refuse_readings(&app, visit, true);
    let path = refused(&mut phone, visit, vec![chunk]).await;
    refuse_readings(&app, visit, false);
    // As if it was the guard that had the defect: what it refuses, phones write anew.
    let recoded = "UPDATE quarantine SET code = 'operation_not_allowed'";
    let guarded = ["DROP TRIGGER quarantine_no_update", "ALTER TABLE quarantine DISABLE TRIGGER USER"];
    run_at(&app.state.config.database_url, &guarded.map(|off| format!("{off}; {recoded}")));

    phone.use_actor(visit, OTHER);
    phone.measure(visit, "optical_power", "-18.30", "dBm");
    let mut anew = phone.request();
    anew.docs[0].replays = vec![path.rsplit('/').next().and_then(|hash| hash.parse().ok()).expect("a hash")];
    let before = pushes(&app, visit).await.len();
    let replay = async { assert_eq!(phone.exchange(&anew).await.acks[0].outcome, Outcome::Stored) };
    let driven = redriven_while(&app, &phone, &path, replay).await;
    assert!(
        matches!(&driven, Err(AppError::Refused(refusal)) if refusal.code == ErrorCode::StateInvalid),
        "{driven:?}"
    );
    assert_eq!(pushes(&app, visit).await.len(), before + 1, "what the phone wrote anew, and no more");
    let shown = app.role(YUNZE, Role::Dispatcher).await.get(&path).await.expect(200);
    assert_eq!((&shown["state"], &shown["settled_by"]), (&json!("replayed"), &Value::Null));
    phone.sync().await;
    assert_eq!(phone.view(visit).measures.len(), 1);
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn content_that_is_driven_again_never_counts_while_its_item_is_open() {
    let app = TestApp::new().await;
    let (mut phone, visit, path) = refused_reading(&app).await;
    refuse_readings(&app, visit, false);
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let before = pushes(&app, visit).await.len();
    // What is written last, as if the server ended there.
    refuse(&app, "audit_events", "kind", "quarantine.redriven").await;
    assert_eq!(dispatcher.post_empty(format!("{path}/redrive")).await.status, 500);
    assert_eq!(dispatcher.get(&path).await.expect(200)["state"], "open");
    assert_eq!(pushes(&app, visit).await.len(), before, "nothing of it counts");

    accept_again(&app).await;
    let done = dispatcher.post_empty(format!("{path}/redrive")).await.expect(200);
    assert_eq!((&done["outcome"], &done["item"]["state"]), (&json!("stored"), &json!("redriven")));
    phone.sync().await;
    assert_eq!(phone.view(visit).measures.len(), 1);
}
