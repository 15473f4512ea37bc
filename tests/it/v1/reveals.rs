//! Contact data that is masked, and how somebody gets to see it all the same.

use doorstep::domain::Role;
use doorstep_store::audit::list_audit_events;
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use serde_json::{Value, json};

const PLACE: &str = "云泽市虚构区示例路 18 号 3 栋 502";

async fn household(app: &TestApp, name: &str) -> (String, String) {
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let body = json!({"kind": "individual", "name": name, "phones": ["000-0000-0017"], "address": PLACE});
    let customer = dispatcher.post("/v1/customers", body).await.expect(201);
    let geo = json!({"lat_udeg": 30_659_462, "lon_udeg": 104_065_735, "acc_m": 10, "datum": "gcj02"});
    let body =
        json!({"customer_id": customer["id"], "address": PLACE, "scene": "rural", "geo": geo, "access_note": "敲门"});
    let site = dispatcher.post("/v1/sites", body).await.expect(201);
    let id = |thing: &Value| thing["id"].as_str().expect("an id").to_owned();
    (id(&customer), id(&site))
}

/// Kind and detail of what is recorded of a thing beside that it was added, and who did it.
async fn recorded(app: &TestApp, subject: &str) -> Vec<(String, Value, String)> {
    let subject = subject.to_owned();
    let events = app.read(move |conn| list_audit_events(conn, YUNZE.org, &subject, 100)).await;
    let reveals = events.into_iter().filter(|event| event.kind.ends_with(".revealed"));
    let who =
        |event: &doorstep_store::audit::AuditEventRow| event.actor_id.map(|id| id.to_string()).unwrap_or_default();
    reveals.map(|event| (event.kind.clone(), serde_json::from_str(&event.detail).expect("JSON"), who(&event))).collect()
}

// Rule: GEN-15
#[actix_web::test]
async fn what_is_masked_is_revealed_to_an_auditor_and_each_time_recorded() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let (customer, site) = household(&app, "王海").await;
    let auditor = app.role(YUNZE, Role::Auditor).await;
    let by = YUNZE.member(Role::Auditor).id.to_string();
    let (path, place) = (format!("/v1/customers/{customer}"), format!("/v1/sites/{site}"));
    let masked = auditor.get(&path).await.expect(200);
    assert_eq!((&masked["name"], &masked["phones"]), (&json!("王**"), &json!(["***17"])));

    let asked = json!({"fields": ["phones", "name"], "reason": " 投诉调解 "});
    let revealed = auditor.post(format!("{path}/reveal"), asked.clone()).await.expect(200);
    assert_eq!(revealed, json!({"id": customer, "name": "王海", "phones": ["000-0000-0017"]}), "and no more");
    auditor.post(format!("{path}/reveal"), asked).await.expect(200);
    let detail = json!({"fields": ["name", "phones"], "reason": "投诉调解"});
    let once = ("customer.revealed".to_owned(), detail, by.clone());
    assert_eq!(recorded(&app, &customer).await, [once.clone(), once]);

    let asked = json!({"fields": ["geo", "access_note"], "reason": "现场抽查"});
    let revealed = auditor.post(format!("{place}/reveal"), asked).await.expect(200);
    let geo = json!({"lat_udeg": 30_659_462, "lon_udeg": 104_065_735, "acc_m": 10, "datum": "gcj02"});
    assert_eq!(revealed, json!({"id": site, "geo": geo, "access_note": "敲门"}));
    let detail = json!({"fields": ["geo", "access_note"], "reason": "现场抽查"});
    assert_eq!(recorded(&app, &site).await, [("site.revealed".to_owned(), detail, by)]);
}

// Rule: GEN-15
#[actix_web::test]
async fn nothing_is_revealed_in_lists_or_without_a_reason() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let (customer, _) = household(&app, "王海").await;
    let auditor = app.role(YUNZE, Role::Auditor).await;
    let path = format!("/v1/customers/{customer}/reveal");
    for (asked, field) in [
        (json!({"fields": [], "reason": "投诉调解"}), "fields"),
        (json!({"fields": ["name"], "reason": "  "}), "reason"),
        (json!({"fields": ["name"], "reason": "长".repeat(201)}), "reason"),
    ] {
        let refused = auditor.post(&path, asked).await;
        assert_eq!((refused.status, &refused.json()["fields"][0]["path"]), (422, &json!(field)));
    }
    assert_eq!(auditor.post(&path, json!({"fields": ["grade"], "reason": "x"})).await.status, 400);
    let reviewer = app.role(YUNZE, Role::Reviewer).await;
    let asked = json!({"fields": ["name"], "reason": "投诉调解"});
    assert_eq!(reviewer.post(&path, asked.clone()).await.outcome(), (403, "forbidden".to_owned()));
    assert!(recorded(&app, &customer).await.is_empty(), "what was refused is no reveal");

    auditor.post(&path, asked).await.expect(200);
    let listed =
        auditor.get("/v1/customers").await.text() + &auditor.post("/v1/search", json!({"phone": "0017"})).await.text();
    let alike = auditor.get(format!("/v1/customers/{customer}/duplicates")).await.text();
    for secret in ["王海", "0000-0017", "3 栋 502"] {
        assert!(!(listed.clone() + &alike).contains(secret), "{listed} {alike}");
    }
}

#[actix_web::test]
async fn likely_duplicates_are_listed_with_what_both_have() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let (first, _) = household(&app, "王海").await;
    let (second, _) = household(&app, "王　海").await;
    let body = json!({"kind": "individual", "name": "李娜", "phones": ["00000000017"], "address": "别处 1 号"});
    let third = dispatcher.post("/v1/customers", body).await.expect(201);
    let body = json!({"kind": "individual", "name": "王海", "phones": ["999"], "address": "别处 2 号"});
    dispatcher.post("/v1/customers", body).await.expect(201);
    let found = dispatcher.get(format!("/v1/customers/{first}/duplicates")).await.expect(200);
    let items: Vec<(&Value, &Value)> =
        found["items"].as_array().expect("items").iter().map(|item| (&item["customer"]["id"], &item["why"])).collect();
    let all = json!(["phone", "name", "address"]);
    assert_eq!(items, [(&json!(second), &all), (&third["id"], &json!(["phone"]))]);
    let rep = app.role(YUNZE, Role::FieldRep).await;
    let hidden = rep.get(format!("/v1/customers/{first}/duplicates")).await;
    assert_eq!(hidden.outcome(), (404, "not_found".to_owned()), "he serves none of them");
}
