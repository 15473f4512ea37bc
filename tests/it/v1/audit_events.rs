//! Who read what: recorded before it is shown, and listed to whoever watches over it.

use doorstep::domain::Role;
use doorstep_store::audit::list_audit_events;
use integration_tests::app::TestApp;
use integration_tests::company::{HAOYU, YUNZE};
use integration_tests::db::renamed;
use serde_json::{Value, json};

/// Who looked at a thing, by which operation.
async fn looks(app: &TestApp, subject: &str) -> Vec<(String, String)> {
    let subject = subject.to_owned();
    let events = app.read(move |conn| list_audit_events(conn, YUNZE.org, &subject, 100)).await;
    let of_looks = events.into_iter().filter(|event| event.kind == "record.read");
    let operation = |detail: &str| -> Value { serde_json::from_str(detail).expect("JSON") };
    let named = |detail: &str| operation(detail)["operation"].as_str().expect("an operation").to_owned();
    of_looks.map(|event| (event.actor_id.expect("somebody").to_string(), named(&event.detail))).collect()
}

// Rule: DOC-08
#[actix_web::test]
async fn each_look_at_records_of_people_is_recorded_once_in_a_while() {
    let app = TestApp::new().await;
    let planned = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await;
    let (dispatcher, auditor) = (app.role(YUNZE, Role::Dispatcher).await, app.role(YUNZE, Role::Auditor).await);
    let by = |role: Role, operation: &str| (YUNZE.member(role).id.to_string(), operation.to_owned());
    let customer = format!("/v1/customers/{}", planned.customer);
    dispatcher.get(&customer).await.expect(200);
    dispatcher.get(&customer).await.expect(200);
    let once = by(Role::Dispatcher, "show_customer");
    let of_customer = planned.customer.to_string();
    assert_eq!(looks(&app, &of_customer).await, std::slice::from_ref(&once), "the first one covers the second");
    auditor.get(&customer).await.expect(200);
    dispatcher.get(format!("{customer}/duplicates")).await.expect(200);
    let all = [once.clone(), by(Role::Auditor, "show_customer"), by(Role::Dispatcher, "list_duplicates")];
    let mut found = looks(&app, &of_customer).await;
    found.sort();
    let mut expected = all.to_vec();
    expected.sort();
    assert_eq!(found, expected, "nobody covers another, no place another");
    app.clock.advance_secs(15 * 60 - 1);
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    dispatcher.get(&customer).await.expect(200);
    assert_eq!(looks(&app, &of_customer).await.len(), 3);
    app.clock.advance_secs(1);
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    dispatcher.get(&customer).await.expect(200);
    assert_eq!(looks(&app, &of_customer).await.len(), 4, "an event does not last for ever");

    dispatcher.get(format!("/v1/visits/{}/contacts", planned.visit)).await.expect(200);
    assert_eq!(looks(&app, &planned.visit.to_string()).await, [by(Role::Dispatcher, "list_contacts")]);
    dispatcher.get("/v1/visits?page_size=1").await.expect(200);
    dispatcher.get("/v1/visits").await.expect(200);
    assert_eq!(looks(&app, "/v1/visits").await.len(), 2, "another page is another look");
    dispatcher.get("/v1/grids").await.expect(200);
    assert_eq!(looks(&app, "/v1/grids").await, [], "nobody stands in it");
}

// Rule: DOC-08
#[actix_web::test]
async fn what_was_not_shown_is_no_look_and_what_is_not_recorded_is_not_shown() {
    let app = TestApp::new().await;
    let planned = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await;
    let id = planned.customer.to_string();
    let path = format!("/v1/customers/{id}");
    let stranger = app.role(YUNZE, Role::FieldRep).await;
    assert_eq!(app.role(HAOYU, Role::Dispatcher).await.get(&path).await.status, 404);
    assert_eq!(app.role(YUNZE, Role::Integrator).await.get("/v1/audit-events").await.status, 403);
    drop(stranger);
    assert_eq!(looks(&app, &id).await, []);

    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let name = dispatcher.get(format!("/v1/work-orders/{}", planned.order)).await.expect(200);
    assert!(name.to_string().contains(&id), "{name}");
    renamed(app.database_url(), "audit_events", async || {
        let refused = dispatcher.get(&path).await;
        assert_eq!(refused.outcome(), (500, "internal".to_owned()));
        assert!(!refused.text().contains("name"), "{}", refused.text());
    })
    .await;
    assert_eq!(looks(&app, &id).await, []);
    dispatcher.get(&path).await.expect(200);
    assert_eq!(looks(&app, &id).await.len(), 1);
}

// Rule: DOC-08
#[actix_web::test]
async fn the_list_of_events_is_filtered_and_goes_by_pages_from_the_newest() {
    let app = TestApp::new().await;
    let planned = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await;
    let (dispatcher, agent) = (app.role(YUNZE, Role::Dispatcher).await, app.role(YUNZE, Role::CsAgent).await);
    let start = app.now();
    for place in ["customers", "work-orders", "visits"] {
        app.clock.advance_secs(1);
        dispatcher.get(format!("/v1/{place}")).await.expect(200);
        agent.get(format!("/v1/{place}")).await.expect(200);
    }
    app.clock.advance_secs(1);
    let asked = json!({"fields": ["name"], "reason": "投诉调解"});
    let auditor = app.role(YUNZE, Role::Auditor).await;
    auditor.post(format!("/v1/customers/{}/reveal", planned.customer), asked).await.expect(200);
    app.clock.advance_secs(1);

    let list = async |query: &str| -> Vec<(String, String)> {
        let (mut found, mut next) = (Vec::new(), String::new());
        loop {
            let page = auditor.get(format!("/v1/audit-events?{query}&page_size=2{next}")).await.expect(200);
            for item in page["items"].as_array().expect("items") {
                let of = |name: &str| item[name].as_str().expect("a text").to_owned();
                found.push((of("kind"), of("subject")));
            }
            let Some(token) = page["next_page_token"].as_str() else { return found };
            next = format!("&page_token={token}");
        }
    };
    let read = |place: &str| ("record.read".to_owned(), format!("/v1/{place}"));
    let agent_id = YUNZE.member(Role::CsAgent).id;
    let own = [read("visits"), read("work-orders"), read("customers")];
    assert_eq!(list(&format!("actor_id={agent_id}&kind=record.read")).await, own);
    let at = |secs: i64| start.plus_ms(secs * 1000).to_rfc3339().replace('+', "%2B");
    let within = list(&format!("actor_id={agent_id}&from={}&until={}", at(2), at(3))).await;
    assert_eq!(within, [read("work-orders")]);
    let revealed = ("customer.revealed".to_owned(), planned.customer.to_string());
    assert_eq!(list("kind=customer.revealed").await, [revealed]);
    assert_eq!(list(&format!("subject=%2Fv1%2Fvisits&from={}", at(0))).await, [read("visits"), read("visits")]);
    assert!(list("kind=record.read").await.contains(&read("audit-events")), "who watches is watched");

    let newest = auditor.get("/v1/audit-events?page_size=1&kind=customer.revealed").await.expect(200);
    assert_eq!(newest["items"][0]["detail"], json!({"fields": ["name"], "reason": "投诉调解"}));
    assert_eq!(newest["items"][0]["actor_id"], json!(YUNZE.member(Role::Auditor).id));
    let foreign = app.role(HAOYU, Role::Auditor).await.get("/v1/audit-events").await.expect(200);
    assert!(!foreign.to_string().contains(&planned.customer.to_string()));
    for (query, code) in [
        ("from=yesterday", "parameter_invalid"),
        ("subject=%E7%8E%8B%E6%B5%B7", "parameter_invalid"),
        ("page_token=%21", "page_token_invalid"),
    ] {
        let refused = auditor.get(format!("/v1/audit-events?{query}")).await;
        assert_eq!((refused.status / 100, refused.outcome().1.as_str()), (4, code), "{query}");
    }
}
