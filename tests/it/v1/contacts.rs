//! Contact with customers: calls, notes, the page behind a link, messages.

mod calls;
mod door_note;
mod invitation;
mod news;
mod notices;
mod page;
mod page_ends;
mod withdrawn;

use doorstep_store::audit::list_audit_events;
use integration_tests::actors::Client;
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use serde_json::Value;
use sync_core::ids::VisitId;

/// Kinds of what is recorded of a thing, with details.
pub(super) async fn recorded(app: &TestApp, subject: impl ToString, prefix: &'static str) -> Vec<(String, Value)> {
    let subject = subject.to_string();
    let events = app.read(move |conn| list_audit_events(conn, YUNZE.org, &subject, 100)).await;
    let those = events.into_iter().filter(|event| event.kind.starts_with(prefix));
    those.map(|event| (event.kind.clone(), serde_json::from_str(&event.detail).expect("JSON"))).collect()
}

/// Publishes the next policy with these parameters.
pub(super) async fn publish(app: &TestApp, parameters: Value) {
    let body = serde_json::json!({"base_version": 1, "parameters": parameters});
    app.role(YUNZE, doorstep::domain::Role::Admin).await.post("/v1/policies", body).await.expect(201);
}

/// The items of a list.
pub(super) async fn items(client: &Client<'_>, path: impl Into<String>) -> Vec<Value> {
    client.get(path).await.expect(200)["items"].as_array().expect("items").clone()
}

/// The path of a resource of a visit.
fn of(visit: VisitId, resource: &str) -> String {
    format!("/v1/visits/{visit}/{resource}")
}
