//! Calls that the bridge tells of, what they vouch for, and who may know where recordings are.

use doorstep::domain::Role;
use doorstep_store::Txt;
use doorstep_store::calls::{CallRow, insert_new};
use integration_tests::app::TestApp;
use integration_tests::builders::HOUR_MS;
use integration_tests::clock::START;
use integration_tests::company::{HAOYU, YUNZE};
use serde_json::{Value, json};
use sync_core::doc::Map;

use super::{items, of, recorded};

const MINUTE_MS: i64 = 60_000;

fn at(ms: i64) -> String {
    START.plus_ms(ms).to_rfc3339()
}

// Rule: INS-35
#[actix_web::test]
async fn a_call_told_again_changes_nothing_and_another_under_its_name_is_refused() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let planned = office.plan(&[YUNZE.rep()]).await;
    let foreign = app.office(HAOYU).await.plan(&[HAOYU.rep()]).await;
    let bridge = app.role(YUNZE, Role::Integrator).await;
    let call = json!({"call_id": "b-1", "visit_id": planned.visit, "rep_id": YUNZE.rep().id, "started_at": at(-MINUTE_MS),
        "duration_s": 42, "result": "reached", "recording_ref": "rec/1"});
    let kept = bridge.post("/v1/calls", call.clone()).await.expect(201);
    assert_eq!((&kept["has_recording"], &kept["recording_ref"]), (&json!(true), &Value::Null));
    app.clock.advance_secs(60);
    assert_eq!(bridge.post("/v1/calls", call.clone()).await.expect(201), kept);
    assert_eq!(recorded(&app, "b-1", "call.").await.len(), 1, "told once");
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    assert_eq!(dispatcher.post("/v1/calls", call.clone()).await.expect(201), kept, "whoever tells it");

    for (field, value) in [("duration_s", json!(43)), ("recording_ref", Value::Null), ("result", json!("no_answer"))] {
        let mut other = call.clone();
        other[field] = value;
        let refused = bridge.post("/v1/calls", other).await;
        assert_eq!(refused.outcome(), (409, "conflict".to_owned()), "{field}");
        assert_eq!(refused.json()["fields"][0]["path"], "call_id");
    }
    // Under another tenant it is another call.
    let elsewhere = json!({"call_id": "b-1", "visit_id": foreign.visit, "rep_id": HAOYU.rep().id, "started_at": at(0),
        "duration_s": 1, "result": "reached"});
    app.role(HAOYU, Role::Integrator).await.post("/v1/calls", elsewhere).await.expect(201);
    for (field, value, faulty) in [
        ("call_id", json!(" "), "call_id"),
        ("visit_id", json!(foreign.visit), "visit_id"),
        ("visit_id", Value::Null, "visit_id"),
        ("work_order_id", json!(planned.order), "visit_id"),
        ("rep_id", json!(HAOYU.rep().id), "rep_id"),
        ("started_at", json!(at(2 * HOUR_MS)), "started_at"),
        ("duration_s", json!(-1), "duration_s"),
        ("result", json!("tea"), "result"),
        ("recording_ref", json!("x".repeat(301)), "recording_ref"),
    ] {
        let mut other = call.clone();
        (other["call_id"], other[field]) = (json!("b-2"), value);
        let refused = bridge.post("/v1/calls", other).await;
        assert_eq!(refused.outcome(), (422, "invalid".to_owned()), "{field}: {}", refused.text());
        assert_eq!(refused.json()["fields"][0]["path"], faulty, "{field}");
        assert!(refused.json()["fields"][0]["expected_zh"].is_string(), "{field}");
    }
}

// Rules: INS-35, APT-05
#[actix_web::test]
async fn a_contact_is_recorded_by_its_own_word_or_by_a_call_of_the_bridge_at_that_time() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let planned = office.plan_at(&[YUNZE.rep()], 3 * HOUR_MS).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    let contact = |phone: &integration_tests::phone::Phone<'_>, channel: &str, more: Value| {
        let mut record = json!({"channel": channel, "started_at": phone.stamp(), "duration_s": 5, "result": "reached",
            "by": YUNZE.rep().id});
        record.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        record
    };
    let named =
        phone.add(planned.visit, Map::Contacts, &contact(&phone, "app_call", json!({"recording_ref": "rec/9"})));
    app.clock.advance_secs(3600);
    let bridged = phone.add(planned.visit, Map::Contacts, &contact(&phone, "app_call", json!({})));
    app.clock.advance_secs(3600);
    let alone = phone.add(planned.visit, Map::Contacts, &contact(&phone, "phone", json!({"reason": "楼道无信号"})));
    let text = phone.add(planned.visit, Map::Contacts, &contact(&phone, "sms", json!({})));
    phone.device.access = app.session(YUNZE.rep(), Some(phone.device.id), doorstep::domain::TokenKind::Full).await;
    phone.sync().await;
    let bridge = app.role(YUNZE, Role::Integrator).await;
    let tell = async |id: &str, about: (&str, Value), rep: Value, ms: i64| {
        let body = json!({"call_id": id, about.0: about.1, "rep_id": rep, "started_at": at(ms), "duration_s": 7,
            "result": "reached", "recording_ref": format!("rec/{id}")});
        bridge.post("/v1/calls", body).await.expect(201)
    };
    let standings = async || {
        let lead = app.role(YUNZE, Role::TeamLead).await;
        let found = items(&lead, of(planned.visit, "contacts")).await;
        let of = |id: &String| found.iter().find(|one| one["id"] == json!(id)).expect("listed").clone();
        [&named, &bridged, &alone, &text].map(of)
    };
    let told = async || standings().await.map(|one| one["standing"].as_str().expect("a standing").to_owned());
    assert_eq!(told().await, ["recorded", "unrecorded", "unrecorded", "not_a_call"]);
    // Of another rep, or eleven minutes off, vouches for nothing.
    let rep = json!(YUNZE.rep().id);
    tell("x-1", ("visit_id", json!(planned.visit)), json!(YUNZE.colleague().id), HOUR_MS).await;
    tell("x-2", ("visit_id", json!(planned.visit)), rep.clone(), HOUR_MS + 11 * MINUTE_MS).await;
    assert_eq!(told().await, ["recorded", "unrecorded", "unrecorded", "not_a_call"]);
    let visit = app.role(YUNZE, Role::Dispatcher).await.get(format!("/v1/visits/{}", planned.visit)).await.expect(200);
    let found: Vec<&Value> = visit["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|one| one["code"] == "unrecorded_contact")
        .collect();
    assert_eq!(found.len(), 2, "{found:?}");
    let of_alone = found.iter().find(|one| one["subject"] == json!(format!("contacts/{alone}"))).expect("told");
    assert_eq!(of_alone["detail"], Value::Null, "the rep said why");

    // About the order, ten minutes off: that is the call.
    tell("b-1", ("work_order_id", json!(planned.order)), rep, HOUR_MS + 10 * MINUTE_MS).await;
    assert_eq!(told().await, ["recorded", "recorded", "unrecorded", "not_a_call"]);
    let [_, bridged, alone, _] = standings().await;
    // The nearer one was told first; one call vouches for one contact.
    assert_eq!((&bridged["call_id"], &bridged["has_recording"]), (&json!("b-1"), &json!(false)));
    assert_eq!((&alone["reason"], &alone["call_id"]), (&json!("楼道无信号"), &Value::Null));
}

// Rules: INS-35, GEN-15
#[actix_web::test]
async fn where_recordings_are_is_told_to_few_and_each_time_recorded() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let planned = office.plan(&[YUNZE.rep()]).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    let call = json!({"channel": "app_call", "started_at": phone.stamp(), "duration_s": 5, "result": "reached",
        "recording_ref": "rec/secret", "by": YUNZE.rep().id});
    let contact = phone.add(planned.visit, Map::Contacts, &call);
    phone.sync().await;
    let told = json!({"call_id": "b-1", "visit_id": planned.visit, "rep_id": YUNZE.rep().id, "started_at": at(0),
        "duration_s": 5, "result": "reached", "recording_ref": "rec/secret-too"});
    let bridge = app.role(YUNZE, Role::Integrator).await;
    assert!(!bridge.post("/v1/calls", told).await.text().contains("secret"));
    let [path, calls] = ["contacts", "calls"].map(|resource| of(planned.visit, resource));
    for role in [Role::FieldRep, Role::TeamLead, Role::Dispatcher, Role::CsAgent] {
        let shown = app.role(YUNZE, role).await.get(&path).await;
        assert!(shown.status == 200 && !shown.text().contains("secret"), "{role}: {}", shown.text());
        assert_eq!(shown.json()["items"][0]["has_recording"], true, "{role}");
        let shown = app.role(YUNZE, role).await.get(&calls).await;
        assert!(shown.status == 200 && !shown.text().contains("secret"), "{role}: {}", shown.text());
    }
    assert!(recorded(&app, planned.visit, "recording.").await.is_empty());
    let hears = [Role::CsSupervisor, Role::DeptManager, Role::BranchManager, Role::Auditor];
    for (nth, role) in hears.into_iter().enumerate() {
        let shown = app.role(YUNZE, role).await.get(&path).await.expect(200);
        assert_eq!(shown["items"][0]["recording_ref"], "rec/secret", "{role}");
        let shown = app.role(YUNZE, role).await.get(&calls).await.expect(200);
        assert_eq!(shown["items"][0]["recording_ref"], "rec/secret-too", "{role}");
        let events = recorded(&app, planned.visit, "recording.").await;
        // Events of one instant have no order among themselves.
        for of in [json!({"of": [contact]}), json!({"of": ["b-1"]})] {
            let is_it = |event: &&(String, Value)| **event == ("recording.shown".to_owned(), of.clone());
            assert_eq!(events.iter().filter(is_it).count(), nth + 1, "{role}: {events:?}");
        }
        assert_eq!(events.len(), 2 * nth + 2, "{role}");
    }
    // Who reviews knows nothing of a visit before it is handed in.
    for path in [&path, &calls] {
        assert_eq!(app.role(YUNZE, Role::Reviewer).await.get(path).await.outcome(), (404, "not_found".to_owned()));
        assert_eq!(app.role(YUNZE, Role::Integrator).await.get(path).await.outcome(), (403, "forbidden".to_owned()));
        assert_eq!(app.role(HAOYU, Role::Auditor).await.get(path).await.outcome(), (404, "not_found".to_owned()));
    }
}

// Rules: INS-35, APT-05
#[actix_web::test]
async fn a_call_vouches_for_a_recording_only_if_there_is_one_of_a_conversation() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let planned = office.plan_at(&[YUNZE.rep()], 3 * HOUR_MS).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    let noted = ["reached", "reached", "reached", "no_answer", "no_answer", "refused"];
    let contacts: Vec<String> = noted
        .into_iter()
        .map(|result| {
            let record = json!({"channel": "app_call", "started_at": phone.stamp(), "duration_s": 5, "result": result,
                "by": YUNZE.rep().id});
            app.clock.advance_secs(1200);
            phone.add(planned.visit, Map::Contacts, &record)
        })
        .collect();
    phone.device.access = app.session(YUNZE.rep(), Some(phone.device.id), doorstep::domain::TokenKind::Full).await;
    phone.sync().await;
    let bridge = app.role(YUNZE, Role::Integrator).await;
    let told = [
        ("no_answer", Some("rec/0")),
        ("reached", None),
        ("reached", Some("rec/2")),
        ("no_answer", None),
        ("reached", None),
        ("refused", Some("rec/5")),
    ];
    for (nth, (result, recording)) in (0_i64..).zip(told) {
        let call = json!({"call_id": format!("b-{nth}"), "visit_id": planned.visit, "rep_id": YUNZE.rep().id,
            "started_at": at(nth * 20 * MINUTE_MS), "duration_s": 7, "result": result, "recording_ref": recording});
        bridge.post("/v1/calls", call).await.expect(201);
    }
    let found = items(&app.role(YUNZE, Role::TeamLead).await, of(planned.visit, "contacts")).await;
    let standing = |id: &String| {
        let one = found.iter().find(|one| one["id"] == json!(id)).expect("listed");
        one["standing"].as_str().expect("a standing")
    };
    let standings: Vec<&str> = contacts.iter().map(standing).collect();
    // Nobody who was not reached is recorded; who was, by the rep's word or the bridge's, has to be.
    assert_eq!(standings, ["unrecorded", "unrecorded", "recorded", "unanswered", "unrecorded", "recorded"]);
}

// Rule: GEN-10
#[actix_web::test]
async fn a_bridge_whose_clock_is_a_little_ahead_is_believed() {
    let app = TestApp::new().await;
    let planned = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await;
    let bridge = app.role(YUNZE, Role::Integrator).await;
    for (ms, status) in [(3, 201), (5 * MINUTE_MS, 201), (5 * MINUTE_MS + 1, 422)] {
        let call = json!({"call_id": format!("b-{ms}"), "visit_id": planned.visit, "rep_id": YUNZE.rep().id,
            "started_at": at(ms), "duration_s": 0, "result": "no_answer"});
        let answer = bridge.post("/v1/calls", call).await;
        assert_eq!(answer.status, status, "{ms}: {}", answer.text());
    }
}

#[actix_web::test]
async fn every_call_is_listed_page_by_page_and_vouches() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let planned = office.plan_at(&[YUNZE.rep()], 3 * HOUR_MS).await;
    let call = CallRow {
        org_id: Txt(YUNZE.org),
        call_id: String::new(),
        visit_id: Some(Txt(planned.visit)),
        work_order_id: None,
        rep_id: Txt(YUNZE.rep().id),
        started_at_ms: START.0 - HOUR_MS,
        duration_secs: 1,
        result: "reached".to_owned(),
        recording_ref: Some("rec/1".to_owned()),
        told_by: Txt(YUNZE.rep().id),
        told_at_ms: START.0,
    };
    let last = CallRow { call_id: "last".to_owned(), started_at_ms: START.0, ..call.clone() };
    app.write(move |conn| {
        // Many began in the same instant.
        (0..520).try_for_each(|nth| insert_new(conn, &CallRow { call_id: format!("b-{nth:03}"), ..call.clone() }))?;
        insert_new(conn, &last)
    })
    .await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    let contact = json!({"channel": "app_call", "started_at": phone.stamp(), "duration_s": 5, "result": "reached",
        "by": YUNZE.rep().id});
    phone.add(planned.visit, Map::Contacts, &contact);
    phone.sync().await;
    let lead = app.role(YUNZE, Role::TeamLead).await;
    let found = items(&lead, of(planned.visit, "contacts")).await;
    assert_eq!((&found[0]["standing"], &found[0]["call_id"]), (&json!("recorded"), &json!("last")));
    let (mut listed, mut path) = (Vec::new(), of(planned.visit, "calls?page_size=200"));
    loop {
        let page = lead.get(&path).await.expect(200);
        listed.extend(page["items"].as_array().expect("items").iter().map(|one| one["call_id"].clone()));
        let Some(next) = page["next_page_token"].as_str() else { break };
        path = of(planned.visit, &format!("calls?page_size=200&page_token={next}"));
    }
    let expected = (0..520).map(|nth| json!(format!("b-{nth:03}"))).chain([json!("last")]);
    assert!(listed.iter().cloned().eq(expected), "{listed:?}");
    let odd = lead.get(of(planned.visit, "calls?page_token=YQ")).await;
    assert_eq!(odd.outcome(), (422, "page_token_invalid".to_owned()));
}

// Rule: INS-35
#[actix_web::test]
async fn of_one_visit_no_more_calls_are_kept_than_a_judgement_can_read() {
    let app = TestApp::new().await;
    let planned = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await;
    let told = move |number: usize| CallRow {
        org_id: Txt(YUNZE.org),
        call_id: format!("b-{number}"),
        visit_id: Some(Txt(planned.visit)),
        work_order_id: None,
        rep_id: Txt(YUNZE.rep().id),
        started_at_ms: START.0,
        duration_secs: 1,
        result: "reached".to_owned(),
        recording_ref: None,
        told_by: Txt(YUNZE.rep().id),
        told_at_ms: START.0,
    };
    app.write(move |conn| (1..500).try_for_each(|number| insert_new(conn, &told(number)))).await;
    let bridge = app.role(YUNZE, Role::Integrator).await;
    let call = |id: &str, about: &str, id_of: Value| {
        json!({"call_id": id, about: id_of, "rep_id": YUNZE.rep().id, "started_at": at(0), "duration_s": 1,
            "result": "reached"})
    };
    let of_visit = |id: &str| call(id, "visit_id", json!(planned.visit));
    let last = bridge.post("/v1/calls", of_visit("b-500")).await.expect(201);
    let refused = bridge.post("/v1/calls", of_visit("b-501")).await;
    assert_eq!(refused.outcome(), (422, "too_many_calls".to_owned()));
    assert_eq!((&refused.json()["limit"], &refused.json()["actual"]), (&json!(500), &json!(500)));
    assert_eq!(bridge.post("/v1/calls", of_visit("b-500")).await.expect(201), last, "told again it changes nothing");
    bridge.post("/v1/calls", call("b-502", "work_order_id", json!(planned.order))).await.expect(201);
    let page = bridge.get(of(planned.visit, "calls?page_size=200")).await;
    assert!(!page.text().contains("b-501"), "what was refused is not kept");
}
