//! What is archived of visits: when, how long, in which version, and what keeps it longer.

use doorstep::domain::{Role, TokenKind};
use doorstep::jobs::archive_visits::run_due;
use doorstep_store::outbox::{self, Outbox};
use integration_tests::app::TestApp;
use integration_tests::builders::DAY_MS;
use integration_tests::call::Call;
use integration_tests::clock::START;
use integration_tests::company::{HAOYU, YUNZE};
use integration_tests::phone::Phone;
use integration_tests::together;
use serde_json::{Value, json};
use sync_core::bytes::Hash;
use sync_core::doc::Map;
use sync_core::ids::VisitId;

use super::contacts::{items, publish, recorded};
use crate::custody::{Handed, hand_in, upload};

/// Runs the job, and tells how many items it archived.
async fn job(app: &TestApp) -> usize {
    run_due(&app.state, app.now()).await.expect("it runs")
}

async fn sync(app: &TestApp, phone: &mut Phone<'_>) {
    phone.device.access = app.session(YUNZE.rep(), Some(phone.device.id), TokenKind::Full).await;
    phone.sync().await;
}

/// Newest versions as a manager lists them, with a query.
async fn listed(app: &TestApp, query: &str) -> Vec<Value> {
    items(&app.role(YUNZE, Role::DeptManager).await, format!("/v1/archive?{query}")).await
}

/// Kind, version, state and the day until when it is kept, of each item.
fn told(items: &[Value]) -> Vec<(String, i64, String, String)> {
    let text = |item: &Value, name: &str| item[name].as_str().expect("a text").to_owned();
    let told = |item: &Value| {
        let until = text(item, "keep_until").split_at(10).0.to_owned();
        (text(item, "kind"), item["version"].as_i64().expect("a number"), text(item, "state"), until)
    };
    items.iter().map(told).collect()
}

fn as_told(kind: &str, version: i64, state: &str, until: &str) -> (String, i64, String, String) {
    (kind.to_owned(), version, state.to_owned(), until.to_owned())
}

/// A visit that was handed in with all it declares.
async fn handed<'a>(app: &'a TestApp) -> (Phone<'a>, Handed) {
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let handed = hand_in(app, &mut phone).await;
    phone.sync().await;
    for part in &handed.parts {
        upload(&phone, part).await;
    }
    (phone, handed)
}

// Rule: DOC-03
#[actix_web::test]
async fn what_a_visit_left_is_archived_once_and_a_later_change_is_another_version() {
    let app = TestApp::new().await;
    app.office(YUNZE).await.plan(&[YUNZE.colleague()]).await;
    assert_eq!((job(&app).await, listed(&app, "").await.len()), (0, 0), "nothing is over");
    let (mut phone, handed) = handed(&app).await;
    let jobs = together::all([job(&app), job(&app)]).await;
    assert_eq!(jobs.iter().sum::<usize>(), 2, "the record and the form, by one of two nodes at once");
    let first = listed(&app, "").await;
    // Three years for the record and five for the form, to the end of that day.
    let mut kinds = told(&first);
    kinds.sort();
    kinds.dedup();
    let (form, visit) =
        (as_told("signed_form", 1, "archived", "2030-03-04"), as_told("visit", 1, "archived", "2028-03-04"));
    assert_eq!(kinds, [form.clone(), visit]);
    assert_eq!(job(&app).await, 0, "nothing twice");
    let id = handed.visit.to_string();
    let record = first.iter().find(|item| item["kind"] == "visit").expect("the record");
    assert_eq!((&record["subject"], &record["visit_id"]), (&json!(id), &json!(id)));
    assert_eq!((&record["kind_zh"], &record["state_zh"]), (&json!("上门记录"), &json!("已归档")));
    let signed = first.iter().find(|item| item["kind"] == "signed_form").expect("the form");
    assert_eq!(signed["sha256"], signed["subject"], "it is known by its digest");

    // Another policy keeps what comes from then on.
    app.clock.advance_secs(60);
    publish(&app, json!({"keep_visits_years": "10", "keep_forms_years": "1"})).await;
    phone.tick(handed.visit, "kit/otdr", true);
    sync(&app, &mut phone).await;
    assert_eq!(job(&app).await, 1, "the form is as it was");
    let changed = listed(&app, "kind=visit").await;
    assert_eq!(told(&changed), [as_told("visit", 2, "archived", "2035-03-04")]);
    assert_ne!(changed[0]["sha256"], record["sha256"]);
    assert_eq!(told(&listed(&app, "kind=signed_form").await).first(), Some(&form), "what is archived is not changed");
    let visit: VisitId = handed.visit;
    app.write(move |conn| outbox::note(conn, Outbox::Archive, YUNZE.org, &[visit], 1)).await;
    assert_eq!(job(&app).await, 0, "looked at again, and as it was");
    assert_eq!(app.verified().await.differences, []);
}

// Rule: DOC-03
#[actix_web::test]
async fn recordings_are_archived_for_their_time() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let (_phone, handed) = handed(&app).await;
    job(&app).await;
    let call = json!({"call_id": "b-1", "visit_id": handed.visit, "rep_id": YUNZE.rep().id, "started_at": START.to_rfc3339(),
        "duration_s": 42, "result": "reached", "recording_ref": "rec/1"});
    app.role(YUNZE, Role::Integrator).await.post("/v1/calls", call).await.expect(201);
    assert_eq!(job(&app).await, 1);
    let found = listed(&app, "kind=recording").await;
    assert_eq!(told(&found), [as_told("recording", 1, "archived", "2027-03-04")]);
    assert_eq!((&found[0]["subject"], found[0].get("sha256")), (&json!("b-1"), None), "the bridge keeps the bytes");
}

/// Names a recording in a visit; its bytes are brought another time.
fn record_sound(phone: &mut Phone<'_>, visit: VisitId, bytes: &[u8]) {
    let (at, by) = (phone.stamp(), phone.device.member.id);
    let record = json!({"kind": "audio", "slot": "call", "sha256": Hash::of(bytes), "bytes": bytes.len(),
        "media_type": "audio/amr", "taken_at": at, "source": "app", "by": by});
    phone.add(visit, Map::Photos, &record);
}

// Rule: DOC-03
#[actix_web::test]
async fn a_recording_is_archived_once_it_is_here_and_with_every_visit_that_names_it() {
    const SOUND: &[u8] = b"#!AMR\nthe customer agrees";
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let (mut phone, first) = handed(&app).await;
    let second = hand_in(&app, &mut phone).await;
    // Twice in one visit, and once in another.
    for visit in [first.visit, first.visit, second.visit] {
        record_sound(&mut phone, visit, SOUND);
    }
    sync(&app, &mut phone).await;
    job(&app).await;
    assert_eq!(listed(&app, "kind=recording").await, Vec::<Value>::new(), "it has not come yet");
    assert_eq!(told(&listed(&app, &format!("kind=visit&visit_id={}", second.visit)).await).len(), 1);
    upload(&phone, SOUND).await;
    assert_eq!(job(&app).await, 2);
    let found = listed(&app, "kind=recording").await;
    let mut visits: Vec<&Value> = found.iter().map(|item| &item["visit_id"]).collect();
    visits.sort_by_key(|visit| visit.to_string());
    let mut expected = [json!(first.visit), json!(second.visit)];
    expected.sort_by_key(Value::to_string);
    assert_eq!(visits, expected.iter().collect::<Vec<_>>());
    assert!(found.iter().all(|item| item["subject"] == json!(Hash::of(SOUND))), "{found:?}");
    assert_eq!(app.verified().await.differences, []);
}

// Rule: DOC-03
#[actix_web::test]
async fn a_call_about_an_order_is_archived_with_its_visit() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let (_phone, handed) = handed(&app).await;
    job(&app).await;
    let visit = app.role(YUNZE, Role::Dispatcher).await.get(format!("/v1/visits/{}", handed.visit)).await.expect(200);
    let call = json!({"call_id": "b-2", "work_order_id": visit["work_order_id"], "rep_id": YUNZE.rep().id,
        "started_at": START.to_rfc3339(), "duration_s": 42, "result": "reached", "recording_ref": "rec/2"});
    app.role(YUNZE, Role::Integrator).await.post("/v1/calls", call).await.expect(201);
    assert_eq!(job(&app).await, 1);
    let found = listed(&app, "kind=recording").await;
    assert_eq!((&found[0]["subject"], &found[0]["visit_id"]), (&json!("b-2"), &json!(handed.visit)));
}

// Rule: DOC-03
#[actix_web::test]
async fn nothing_is_kept_shorter_than_was_promised() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let (mut phone, handed) = handed(&app).await;
    job(&app).await;
    app.clock.advance_secs(60);
    publish(&app, json!({"keep_visits_years": "1"})).await;
    phone.tick(handed.visit, "kit/otdr", true);
    sync(&app, &mut phone).await;
    assert_eq!(job(&app).await, 1);
    assert_eq!(told(&listed(&app, "kind=visit").await), [as_told("visit", 2, "archived", "2028-03-04")]);
}

// Rule: DOC-03
#[actix_web::test]
async fn a_legal_hold_keeps_what_has_expired_until_the_last_is_lifted() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let (_phone, handed) = handed(&app).await;
    job(&app).await;
    let holds = format!("/v1/visits/{}/legal-holds", handed.visit);
    let manager = app.role(YUNZE, Role::DeptManager).await;
    let first = manager.post(&*holds, json!({"reason": "投诉 C-7 调查期间"})).await.expect(201);
    let second = app.role(YUNZE, Role::BranchManager).await.post(&*holds, json!({"reason": "诉讼"})).await.expect(201);
    assert_eq!(told(&listed(&app, "kind=visit&state=held").await), [as_told("visit", 1, "held", "2028-03-04")]);
    let states = async |query: &str| listed(&app, query).await.len();
    assert_eq!([states("state=archived").await, states("state=expired").await], [0, 0]);
    for (who, status) in [(Role::Auditor, 403), (Role::Admin, 403), (Role::CsSupervisor, 403)] {
        let refused = app.role(YUNZE, who).await.post(&*holds, json!({"reason": "x"})).await;
        assert_eq!(refused.status, status, "{who:?}");
    }
    assert_eq!(app.role(HAOYU, Role::DeptManager).await.post(&*holds, json!({"reason": "x"})).await.status, 404);
    for reason in ["", " ", &"长".repeat(501), "a\u{1b}b"] {
        let refused = manager.post(&*holds, json!({ "reason": reason })).await;
        assert_eq!((refused.status, &refused.json()["fields"][0]["path"]), (422, &json!("reason")), "{reason}");
    }

    // Years later: the record's time is over, the form's is not.
    app.clock.set(START.plus_ms(1_200 * DAY_MS));
    assert_eq!(states("state=held").await, states("").await);
    let lift = async |hold: &Value| {
        let path = format!("/v1/legal-holds/{}/lift", hold["id"].as_str().expect("an id"));
        app.role(YUNZE, Role::DeptManager).await.post(path, json!({"reason": "结案"})).await
    };
    assert_eq!(
        app.role(HAOYU, Role::DeptManager)
            .await
            .post(format!("/v1/legal-holds/{}/lift", first["id"].as_str().expect("an id")), json!({"reason": "x"}))
            .await
            .status,
        404
    );
    let lifted = lift(&first).await.expect(200);
    assert_eq!((&lifted["lifted_because"], &lifted["reason"]), (&json!("结案"), &first["reason"]));
    assert_eq!(lift(&first).await.outcome(), (409, "state_invalid".to_owned()), "once");
    assert_eq!(states("state=held").await, states("").await, "another one is in force");
    lift(&second).await.expect(200);
    assert_eq!(told(&listed(&app, "state=expired").await), [as_told("visit", 1, "expired", "2028-03-04")]);
    assert_eq!(told(&listed(&app, "state=archived").await)[0].0, "signed_form");
    let all = items(&app.role(YUNZE, Role::Auditor).await, holds).await;
    assert!(all.len() == 2 && all.iter().all(|hold| hold["lifted_at"].is_string()), "all of it stays: {all:?}");
    assert_eq!(recorded(&app, handed.visit, "legal_hold.").await.len(), 4);
}

// Rule: DOC-03
#[actix_web::test]
async fn the_archive_is_listed_by_time_and_by_pages_and_to_its_own_organisation() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let (_phone, handed) = handed(&app).await;
    job(&app).await;
    let all = listed(&app, "").await;
    let ended = all[0]["ended_at"].as_str().expect("an instant").to_owned();
    let at = |offset: i64| {
        let at = sync_core::time::UnixMillis::from_rfc3339(&ended).expect("an instant").plus_ms(offset);
        at.to_rfc3339().replace('+', "%2B")
    };
    assert_eq!(listed(&app, &format!("ended_from={}", at(0))).await.len(), all.len());
    assert_eq!(listed(&app, &format!("ended_from={}", at(1))).await.len(), 0);
    assert_eq!(listed(&app, &format!("ended_until={}", at(0))).await.len(), 0);
    assert_eq!(listed(&app, &format!("visit_id={}&ended_until={}", handed.visit, at(1))).await.len(), all.len());
    let manager = app.role(YUNZE, Role::DeptManager).await;
    let (mut pages, mut next) = (Vec::new(), String::new());
    loop {
        let page = manager.get(format!("/v1/archive?page_size=1{next}")).await.expect(200);
        pages.extend(page["items"].as_array().expect("items").clone());
        let Some(token) = page["next_page_token"].as_str() else { break };
        next = format!("&page_token={token}");
    }
    assert_eq!(pages, all);
    for (query, status) in [("kind=tea", 422), ("state=lost", 422), ("visit_id=x", 400), ("ended_from=x", 400)] {
        let refused = manager.get(format!("/v1/archive?{query}")).await;
        assert_eq!(refused.status / 100, 4, "{query}: {} for {status}", refused.text());
    }
    app.office(HAOYU).await;
    let foreign = app.role(HAOYU, Role::DeptManager).await.send(Call::get("/v1/archive")).await.expect(200);
    assert_eq!(foreign["items"], json!([]));
}
