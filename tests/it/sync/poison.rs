//! Items that the server cannot judge or write, though nothing is wrong with their form: each is set aside alone.
//!
//! The database is told to refuse one row, or a stored row is damaged, as a defect would.

use doorstep::app::AppError;
use doorstep::domain::Role;
use doorstep::jobs::roll_scope;
use doorstep_store::StoreError;
use doorstep_store::feed::{FeedBatch, FeedKind, list_audiences, lock_audience};
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::doc::Map;
use sync_core::ids::VisitId;
use sync_core::intent::IntentBody;
use sync_core::intent::body::CreateVisit;
use sync_core::protocol::row::kind;
use sync_core::protocol::{AckItem, Cursor, MAX_OWED, Outcome, SyncRequest, SyncResponse};

use super::helpers::{accept_again, contents_of, counts, day_note, quarantined, receipt_of, refuse, run};

/// A phone with twenty visits on the server and two new readings in each.
async fn twenty(app: &TestApp) -> (Phone<'_>, Vec<VisitId>) {
    let office = app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let mut visits = Vec::new();
    for _ in 0..20 {
        let visit = office.plan(&[YUNZE.rep()]).await.visit;
        phone.tick(visit, "safety", true);
        visits.push(visit);
    }
    phone.sync().await;
    for visit in &visits {
        phone.measure(*visit, "optical_power", "-18.30", "dBm");
        phone.measure(*visit, "signal_loss", "0.20", "dB");
    }
    (phone, visits)
}

/// The pushed bytes of a visit, as one piece.
fn bytes_of(request: &SyncRequest, visit: VisitId) -> Vec<u8> {
    let doc = request.docs.iter().find(|doc| doc.id == visit).expect("the visit is pushed");
    doc.chunks.iter().flat_map(|chunk| chunk.0.clone()).collect()
}

fn outcome_of(answer: &SyncResponse, visit: VisitId) -> Outcome {
    answer.acks.iter().find(|ack| ack.item == AckItem::Doc(visit)).expect("an ack of the visit").outcome
}

/// Pushes thrice: nineteen documents are held with their heads, the poisoned one lies in quarantine.
async fn assert_only_one_set_aside(app: &TestApp, phone: &Phone<'_>, request: &SyncRequest, poisoned: VisitId) {
    for outcome in [Outcome::Stored, Outcome::Duplicate, Outcome::Duplicate] {
        let answer = phone.exchange(request).await;
        let receipt = receipt_of(app, phone, &answer);
        let items: Vec<AckItem> = answer.acks.iter().map(|ack| ack.item).collect();
        assert_eq!(items, request.docs.iter().map(|doc| AckItem::Doc(doc.id)).collect::<Vec<_>>(), "request order");
        for (doc, ack) in request.docs.iter().zip(&answer.acks) {
            if doc.id == poisoned {
                let bytes = bytes_of(request, poisoned);
                let name = Hash::of(&bytes);
                assert_eq!((ack.outcome, ack.hash), (Outcome::Quarantined, Some(name)), "{ack:?}");
                assert_eq!(ack.code.as_deref(), Some("not_writable"));
                assert_eq!(receipt.quarantine_code(&name.to_string()), Some("not_writable"));
                assert_eq!(receipt.heads_of(&poisoned), None, "not durable as a document");
                let kept = quarantined(app, YUNZE).await;
                assert_eq!(kept.len(), 1);
                assert_eq!((&kept[0].bytes, kept[0].code.as_str()), (&bytes, "not_writable"));
                assert_eq!(kept[0].visit_id.map(|visit| visit.0), Some(poisoned));
            } else {
                assert_eq!(ack.outcome, outcome, "{ack:?}");
                assert_eq!(receipt.heads_of(&doc.id), Some(doc.heads.as_slice()));
            }
        }
    }
}

#[actix_web::test]
async fn a_document_whose_rows_are_refused_never_stops_the_other_nineteen() {
    let app = TestApp::new().await;
    let (mut phone, visits) = twenty(&app).await;
    let request = phone.request();
    let before = counts(&app).await;
    refuse(&app, "visit_readings", "visit_id", visits[7]).await;
    assert_only_one_set_aside(&app, &phone, &request, visits[7]).await;
    let after = counts(&app).await;
    assert_eq!(after["doc_changes"] - before["doc_changes"], 19, "pushed three times, stored once");
    assert_eq!(after["batch_seals"] - before["batch_seals"], 1, "one request, one seal");

    // The phone keeps what it wrote, works on, and is told of news.
    phone.round().await;
    assert_eq!(phone.view(visits[7]).measures.len(), 2);
    phone.measure(visits[8], "optical_power", "-18.10", "dBm");
    let answer = phone.round().await;
    assert_eq!(outcome_of(&answer, visits[7]), Outcome::Quarantined);
    assert_eq!(outcome_of(&answer, visits[8]), Outcome::Stored);

    // Once the defect is mended, the same request is written whole.
    accept_again(&app).await;
    let answer = phone.exchange(&request).await;
    assert_eq!(outcome_of(&answer, visits[7]), Outcome::Stored);
    assert_eq!(receipt_of(&app, &phone, &answer).heads_of(&visits[7]), Some(phone.heads(visits[7]).as_slice()));
}

#[actix_web::test]
async fn bytes_refused_at_the_very_end_and_constraints_and_damaged_rows_are_set_aside_alike() {
    // After feed positions were taken.
    let app = TestApp::new().await;
    let (phone, visits) = twenty(&app).await;
    refuse(&app, "doc_changes", "visit_id", visits[0]).await;
    assert_only_one_set_aside(&app, &phone, &phone.request(), visits[0]).await;

    // A constraint that one document breaks however often it is judged again.
    let app = TestApp::new().await;
    let (mut phone, visits) = twenty(&app).await;
    phone.measure(visits[19], "optical_power", "-18.50", "dBm");
    run(&app, "CREATE UNIQUE INDEX one_each ON visit_readings (org_id, visit_id, code)".to_owned()).await;
    assert_only_one_set_aside(&app, &phone, &phone.request(), visits[19]).await;

    // A stored row that cannot be read when the push is judged.
    let app = TestApp::new().await;
    let (phone, visits) = twenty(&app).await;
    run(&app, format!("UPDATE documents SET heads = 'damaged' WHERE visit_id = '{}'", visits[11])).await;
    assert_only_one_set_aside(&app, &phone, &phone.request(), visits[11]).await;

    // A row of the office that the state is derived from.
    let app = TestApp::new().await;
    let (phone, visits) = twenty(&app).await;
    run(&app, format!("UPDATE visits SET state = 'damaged' WHERE id = '{}'", visits[3])).await;
    run(&app, format!("UPDATE visits SET template = 'damaged' WHERE id = '{}'", visits[3])).await;
    assert_only_one_set_aside(&app, &phone, &phone.request(), visits[3]).await;
}

fn outcomes(answer: &SyncResponse) -> Vec<(Outcome, Option<&str>)> {
    answer.acks.iter().map(|ack| (ack.outcome, ack.code.as_deref())).collect()
}

#[actix_web::test]
async fn a_poisoned_intent_or_statement_is_set_aside_and_the_rest_of_the_batch_is_stored() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    phone.come_to_the_door(visit);
    phone.measure(visit, "optical_power", "-18.30", "dBm");
    let form = phone.sign_form(visit);
    let (at, by) = (phone.stamp(), phone.device.member.id);
    let record = json!({"kind": "construction_confirmation", "at": at, "by": by});
    phone.put(visit, Map::Statements, &form.statement.digest().to_string(), &record);
    phone.statements.push(form.statement.clone());
    let body = CreateVisit {
        visit_id: VisitId(app.id()),
        template: integration_tests::builders::TEMPLATE.to_owned(),
        template_version: 1,
        policy_version: 1,
        work_order_id: None,
        customer_id: None,
        site_id: None,
        reason: "the neighbour asked".to_owned(),
    };
    let unplanned = body.visit_id;
    phone.tick(unplanned, "safety", true);
    phone.intend(day_note("before"));
    let poisoned = phone.intend(day_note("poisoned"));
    phone.intend(IntentBody::CreateVisit(body));
    let request = phone.request();
    let digest = form.statement.digest();

    refuse(&app, "intents", "id", poisoned).await;
    let answer = phone.exchange(&request).await;
    let stored = (Outcome::Stored, None);
    let aside = (Outcome::Quarantined, Some("not_writable"));
    // Documents, then intents, then statements: the unplanned visit was there before its document.
    assert_eq!(outcomes(&answer), [stored, stored, stored, aside, stored, stored]);
    let receipt = receipt_of(&app, &phone, &answer);
    let name = Hash::of(&request.intents[1].0).to_string();
    assert_eq!(receipt.quarantine_code(&name), Some("not_writable"));
    assert!(receipt.names_statement(&digest) && receipt.heads_of(&unplanned).is_some());
    let again = phone.exchange(&request).await;
    assert_eq!(contents_of(&app, &phone, &again), contents_of(&app, &phone, &answer), "the same is held");
    phone.take_in(&again);
    assert!(phone.is_all_sent(), "a receipt names every item");

    // The same with a statement, from another visit.
    accept_again(&app).await;
    let other = app.office_again(YUNZE).plan(&[YUNZE.rep()]).await.visit;
    phone.sync().await;
    phone.come_to_the_door(other);
    phone.measure(other, "optical_power", "-18.30", "dBm");
    phone.statements.push(phone.sign_form(other).statement);
    let digest = phone.statements[0].digest();
    refuse(&app, "statements", "digest", digest).await;
    let request = phone.request();
    let answer = phone.exchange(&request).await;
    assert_eq!(outcomes(&answer), [stored, aside]);
    assert_eq!(receipt_of(&app, &phone, &answer).quarantine_code(&digest.to_string()), Some("not_writable"));
    let kept = quarantined(&app, YUNZE).await.into_iter().find(|row| row.id == digest.to_string()).expect("kept");
    assert!(kept.bytes.starts_with(&request.statements[0].body.0));
}

#[actix_web::test]
async fn a_write_that_panics_leaves_nothing_behind_and_the_next_one_goes_on() {
    let app = TestApp::new().await;
    let before = counts(&app).await;
    for _ in 0..3 {
        let panicked: Result<(), AppError> = app
            .state
            .store
            .write(|conn| {
                lock_audience(conn, YUNZE.org, "u:nobody").expect("a row is written");
                panic!("a defect while writing")
            })
            .await;
        let error = panicked.expect_err("it panicked");
        assert!(matches!(error, AppError::Store(StoreError::Panicked)), "{error:?}");
    }
    assert_eq!(app.read(|conn| list_audiences(conn, YUNZE.org)).await, Vec::<String>::new(), "rolled back");
    assert_eq!(counts(&app).await, before);
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.intend(day_note("afterwards"));
    assert_eq!(phone.round().await.acks[0].outcome, Outcome::Stored);
}

/// A phone with one visit and an unsent reading in it; the office plans `count` more visits, whose orders are damaged.
async fn with_damaged_orders<'a>(app: &'a TestApp, count: usize) -> (Phone<'a>, VisitId, Vec<VisitId>) {
    let office = app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let visit = office.plan(&[YUNZE.rep()]).await.visit;
    phone.sync().await;
    phone.measure(visit, "optical_power", "-18.30", "dBm");
    let mut planned = Vec::new();
    for _ in 0..count {
        let one = office.plan(&[YUNZE.rep()]).await.visit;
        set_order_fields(app, one, "damaged").await;
        planned.push(one);
    }
    (phone, visit, planned)
}

async fn set_order_fields(app: &TestApp, visit: VisitId, fields: &str) {
    let its_order = format!("id = (SELECT work_order_id FROM visits WHERE id = '{visit}')");
    run(app, format!("UPDATE work_orders SET fields = '{fields}' WHERE {its_order}")).await;
}

#[actix_web::test]
async fn an_item_that_cannot_be_read_is_owed_and_keeps_back_nothing_else() {
    let app = TestApp::new().await;
    let (mut phone, visit, planned) = with_damaged_orders(&app, 2).await;
    set_order_fields(&app, planned[1], "{}").await;
    phone.sync().await;
    let order_of = |phone: &Phone<'_>, visit: VisitId| {
        phone.row("visit", visit)["work_order_id"].as_str().expect("an order").to_owned()
    };
    let (owed, sent) = (order_of(&phone, planned[0]), order_of(&phone, planned[1]));
    assert!(phone.is_all_sent() && phone.carries(visit));
    assert!(!phone.has("work_order", &owed) && phone.has("work_order", &sent));

    phone.sync().await;
    assert!(!phone.has("work_order", &owed), "still damaged");
    set_order_fields(&app, planned[0], "{}").await;
    phone.sync().await;
    assert!(phone.has("work_order", &owed), "it comes by itself once it is mended");
}

#[actix_web::test]
async fn news_that_cannot_be_read_never_keep_back_the_receipt_of_what_was_stored() {
    let app = TestApp::new().await;
    let (mut phone, visit, planned) = with_damaged_orders(&app, MAX_OWED + 1).await;
    // Who only asks gets what comes before the one too many.
    let before = phone.exchange(&phone.empty_request()).await;
    assert!(before.more && before.rows.contains_key("visit"));
    phone.take_in(&before);
    let request = phone.request();
    let answer = phone.exchange(&request).await;
    assert_eq!(answer.cursor, request.cursor.clone().expect("a cursor of earlier rounds"), "asked again next time");
    let receipt = receipt_of(&app, &phone, &answer);
    assert_eq!(outcome_of(&answer, visit), Outcome::Stored);
    assert_eq!(receipt.heads_of(&visit), Some(phone.heads(visit).as_slice()));
    phone.take_in(&answer);
    assert!(phone.is_all_sent());

    for one in &planned {
        set_order_fields(&app, *one, "{}").await;
    }
    phone.sync().await;
    for one in planned {
        assert!(phone.has("visit", one), "the news come once they can be read");
    }
}

#[actix_web::test]
async fn more_unreadable_items_than_can_be_owed_keep_back_nothing_of_another_audience() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    app.write(move |conn| {
        let mut batch = FeedBatch::new();
        (0..=MAX_OWED).for_each(|number| batch.put("o", FeedKind::Doc, format!("no visit {number}")));
        batch.publish(conn, YUNZE.org).map(drop)
    })
    .await;
    assert!(phone.round().await.more);
    // Whose own news come is told them; whose do not hears what is wrong.
    let visit = office.plan(&[YUNZE.rep()]).await.visit;
    assert!(phone.round().await.more && phone.has("visit", visit));
    assert_eq!(phone.send(&phone.empty_request()).await.status, 500);

    // An order is given whatever else cannot be.
    let wipe = format!("/v1/devices/{}/wipe", phone.device.id);
    let ordered = app.role(YUNZE, Role::Admin).await.post(wipe, json!({})).await;
    assert_eq!(ordered.status, 202, "{}", ordered.text());
    assert!(phone.round().await.rows.contains_key(kind::ORDER));
}

#[actix_web::test]
async fn a_first_sync_brings_what_can_be_read_whatever_of_today_cannot() {
    let app = TestApp::new().await;
    let (.., planned) = with_damaged_orders(&app, MAX_OWED + 1).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let first = phone.round().await;
    assert!(first.more && first.rows.contains_key("template") && phone.has("visit", planned[0]));
}

#[actix_web::test]
async fn items_with_long_ids_are_owed_as_far_as_the_cursor_has_room() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let phone = app.phone_of(YUNZE.rep()).await;
    let named = |number: usize| format!("{}/{}", "?".repeat(36), Hash::of(number.to_string().as_bytes()));
    let owed: Vec<String> = (0..MAX_OWED).map(named).collect();
    let audience = format!("u:{}", YUNZE.rep().id);
    app.write(move |conn| {
        let mut batch = FeedBatch::new();
        owed.iter().for_each(|item| batch.put(&*audience, FeedKind::Quarantine, item));
        batch.publish(conn, YUNZE.org).map(drop)
    })
    .await;
    let answer = phone.exchange(&phone.empty_request()).await;
    assert!(answer.more && answer.rows.contains_key("template"));
    let cursor = Cursor::decode(&answer.cursor).expect("a cursor");
    assert!((4..MAX_OWED).contains(&cursor.owed.len()), "{cursor:?}");
}

#[actix_web::test]
async fn a_damaged_visit_keeps_no_other_out_of_the_window() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let mut visits = Vec::new();
    for _ in 0..4 {
        visits.push(office.plan(&[YUNZE.rep()]).await.visit);
    }
    // As if they had been planned outside of the window.
    run(&app, "DELETE FROM feed WHERE kind = 'visit'".to_owned()).await;
    run(&app, format!("UPDATE visits SET state = 'damaged' WHERE id = '{}'", visits[1])).await;
    assert_eq!(roll_scope::run_due(&app.state, app.now()).await.expect("rolled"), 3);
    phone.sync().await;
    assert_eq!(visits.iter().map(|visit| phone.has("visit", visit)).collect::<Vec<_>>(), [true, false, true, true]);

    run(&app, format!("UPDATE visits SET state = 'scheduled' WHERE id = '{}'", visits[1])).await;
    assert_eq!(roll_scope::run_due(&app.state, app.now()).await.expect("rolled"), 1);
    phone.sync().await;
    assert!(phone.has("visit", visits[1]));
}
