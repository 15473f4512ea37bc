//! Dispatch: certificates, grids, proposals and their confirmation, absences, holds.

mod absences;
mod areas;
mod certificates;
mod confirmations;
mod holds;
mod proposals;

use doorstep_store::Txt;
use doorstep_store::users::insert_grid;
use integration_tests::actors::Client;
use integration_tests::app::TestApp;
use integration_tests::call::{Answer, Call};
use integration_tests::clock::START;
use integration_tests::company::{Company, Member, YUNZE};
use serde_json::{Value, json};
use sync_core::ids::GridId;

pub(super) const HOUR_MS: i64 = 3_600_000;
pub(super) const DAY_MS: i64 = 24 * HOUR_MS;

/// The day after the tests begin, in the organisation's zone.
pub(super) const TOMORROW: &str = "2025-03-05";

/// A server with published norms and a grid.
pub(super) async fn office() -> (TestApp, GridId) {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let grid = add_grid(&app, YUNZE).await;
    (app, grid)
}

/// A grid as it is founded with an organisation.
pub(super) async fn add_grid(app: &TestApp, company: Company) -> GridId {
    let grid = GridId(app.id());
    app.write(move |conn| insert_grid(conn, company.org, grid, None, "云泽东")).await;
    grid
}

/// An instant as requests say it.
pub(super) fn at(offset_ms: i64) -> String {
    START.plus_ms(offset_ms).to_rfc3339()
}

/// The text of an id in an answer.
pub(super) fn id(thing: &Value) -> String {
    thing["id"].as_str().expect("an id").to_owned()
}

/// An order of this type at a new site, in a grid if one is named.
pub(super) async fn order(client: &Client<'_>, kind: &str, grid: Option<GridId>) -> Value {
    let place = "云泽市虚构区示例路 18 号";
    let body = json!({"kind": "individual", "name": "王海", "phones": ["000-0000-0017"], "address": place});
    let customer = client.post("/v1/customers", body).await.expect(201);
    let mut body = json!({"customer_id": customer["id"], "address": place, "scene": "urban_residential"});
    if let Some(grid) = grid {
        body["grid_id"] = json!(grid);
    }
    let site = client.post("/v1/sites", body).await.expect(201);
    let body = json!({"customer_id": customer["id"], "site_id": site["id"], "type": kind, "channel": "hotline"});
    client.post("/v1/work-orders", body).await.expect(201)
}

/// Plans a visit for an order, so long after the tests begin.
pub(super) async fn plan(client: &Client<'_>, order: &Value, crew: &[Member], start_ms: i64) -> Answer {
    let crew: Vec<_> = crew.iter().map(|member| member.id).collect();
    let body = json!({"work_order_id": order["id"], "template": "broadband_repair", "crew": crew,
        "appointment": {"start": at(start_ms), "proposed_by": "customer"}});
    client.post("/v1/visits", body).await
}

/// A visit of a new repair order.
pub(super) async fn visit(client: &Client<'_>, crew: &[Member], start_ms: i64) -> Value {
    let order = order(client, "repair", None).await;
    plan(client, &order, crew, start_ms).await.expect(201)
}

/// POST with the version of the thing as it was read.
pub(super) async fn change(client: &Client<'_>, path: String, version: &Value, body: Value) -> Answer {
    client.send(Call::post(path).header("if-match", format!("\"{version}\"")).json(&body)).await
}

/// The visit as it is now.
pub(super) async fn shown(client: &Client<'_>, visit: &Value) -> Value {
    client.get(format!("/v1/visits/{}", id(visit))).await.expect(200)
}

/// Who goes.
pub(super) fn crew(visit: &Value) -> Vec<Value> {
    visit["crew"].as_array().expect("a crew").iter().map(|member| member["id"].clone()).collect()
}

/// Takes every certificate from somebody.
pub(super) async fn uncertify(app: &TestApp, member: Member) {
    let admin = app.role(YUNZE, doorstep::domain::Role::Admin).await;
    let listed = admin.get(format!("/v1/certificates?user_id={}", member.id)).await.expect(200);
    for certificate in listed["items"].as_array().expect("items") {
        let path = format!("/v1/certificates/{}/withdraw", id(certificate));
        admin.post(path, json!({"reason": "登记有误"})).await.expect(200);
    }
}

/// The audit events of a subject by kind, with their details, beside looks at it; events of one instant have no order.
pub(super) async fn audited(app: &TestApp, subject: &str) -> Vec<(String, Value)> {
    let subject = subject.to_owned();
    let events = app.read(move |conn| doorstep_store::audit::list_audit_events(conn, YUNZE.org, &subject, 100)).await;
    let detail = |text: &str| serde_json::from_str(text).expect("JSON");
    let done = events.into_iter().filter(|event| event.kind != "record.read");
    let mut events: Vec<_> = done.map(|event| (event.kind.clone(), detail(&event.detail))).collect();
    events.sort_by(|one, other| one.0.cmp(&other.0));
    events
}

/// Gives a grid to a team, as the store knows it.
pub(super) async fn serve(app: &TestApp, grid: GridId, team: u8) {
    let team = Some(YUNZE.team(team));
    app.write(move |conn| doorstep_store::grids::update_team(conn, YUNZE.org, grid, team, 1)).await;
    let row = app.read(move |conn| doorstep_store::grids::find_grid(conn, YUNZE.org, grid)).await.expect("the grid");
    assert_eq!((row.id, row.team()), (Txt(grid), team));
}
