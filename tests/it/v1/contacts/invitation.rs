//! The link in the announcement of a return visit: for the customer alone, and only if the message goes out.

use doorstep::app::work_orders::create_work_order;
use doorstep::domain::Role;
use doorstep_store::customer_links::list_links;
use integration_tests::app::TestApp;
use integration_tests::builders::{DAY_MS, HOUR_MS, Planned};
use integration_tests::call::Call;
use integration_tests::clock::START;
use integration_tests::company::YUNZE;
use serde_json::{Value, json};
use sync_core::ids::VisitId;

use super::items;
use super::news::order_data;
use super::notices::{consent, queued};
use super::page::sends;

const PUBLIC: &str = "https://visits.example";

async fn app() -> TestApp {
    TestApp::configured(|config| config.public_url = Some(format!("{PUBLIC}/"))).await
}

/// A return visit of the day after tomorrow at 10:00.
async fn return_visit(app: &TestApp, planned: &Planned) -> VisitId {
    let office = app.office_again(YUNZE);
    let (customer, site) = (planned.customer, planned.site);
    let order = create_work_order(&app.state, office.ctx(), customer, site, order_data()).await.expect("an order");
    office.plan_order(order.row.id.0, &[YUNZE.colleague()], 2 * DAY_MS).await
}

async fn links(app: &TestApp, visit: VisitId) -> usize {
    app.read(move |conn| list_links(conn, YUNZE.org, visit, "", 10)).await.len()
}

/// Text of the message about a visit, as a list shows it.
async fn shown(app: &TestApp, role: Role, visit: VisitId) -> String {
    let of_visit = items(&app.role(YUNZE, role).await, format!("/v1/notices?visit_id={visit}")).await;
    of_visit[0]["text"].as_str().expect("a text").to_owned()
}

/// The text that is to be sent about a visit, and the id of its message.
async fn due(app: &TestApp, visit: VisitId) -> (String, String) {
    let all = items(&app.role(YUNZE, Role::Integrator).await, "/v1/notices/due").await;
    let one = all.iter().find(|one| one["notice"]["visit_id"] == json!(visit)).expect("it is due");
    let text = |name: &str| one["notice"][name].as_str().expect("a text").to_owned();
    (text("text"), text("id"))
}

/// The path behind the link in a text.
fn path_in(text: &str) -> String {
    let from = text.find(&format!("{PUBLIC}/c/")).expect("a link") + PUBLIC.len();
    text[from..].split(' ').next().expect("it ends").to_owned()
}

// Rules: NOT-05, APT-02
#[actix_web::test]
async fn a_return_visit_is_announced_with_a_link_that_the_customer_alone_learns() {
    let app = app().await;
    let visit = return_visit(&app, &queued(&app).await).await;
    for role in [Role::Dispatcher, Role::CsAgent] {
        let text = shown(&app, role, visit).await;
        assert!(text.contains("请点击 {link} 确认") && !text.contains("/c/"), "{role}: {text}");
    }
    let (text, id) = due(&app, visit).await;
    let path = path_in(&text);
    assert!(text.contains(&format!("请点击 {PUBLIC}{path} 确认或另选时间")), "{text}");
    assert_eq!(app.send(Call::get(&path)).await.status, 200);
    assert_eq!(due(&app, visit).await.0, text, "asked again it is the same");
    let sent = app.role(YUNZE, Role::Integrator).await.post_empty(format!("/v1/notices/{id}/sent")).await.expect(200);
    assert!(sent["text"].as_str().expect("a text").contains("{link}"), "{sent}");
    assert!(sends(&app, &path, "answer=confirm").await.status == 303);
    let listed =
        app.role(YUNZE, Role::Dispatcher).await.get(format!("/v1/visits/{visit}/customer-links")).await.expect(200);
    let answers: Vec<&Value> = listed["items"].as_array().expect("items").iter().map(|one| &one["answer"]).collect();
    assert_eq!(answers, [&json!("confirmed")]);
}

// Rule: NOT-05
#[actix_web::test]
async fn no_link_is_made_for_a_message_that_does_not_go_out_or_leads_nowhere() {
    let unknown_address = TestApp::new().await;
    let visit = return_visit(&unknown_address, &queued(&unknown_address).await).await;
    assert!(!shown(&unknown_address, Role::Dispatcher, visit).await.contains("{link}"));
    assert_eq!(links(&unknown_address, visit).await, 0);

    let app = app().await;
    let planned = queued(&app).await;
    assert_eq!(links(&app, planned.visit).await, 0, "an installation is announced without");
    app.clock.advance_secs(1);
    consent(&app, planned.customer, false).await;
    app.clock.advance_secs(1);
    let visit = return_visit(&app, &planned).await;
    assert_eq!(links(&app, visit).await, 0, "nobody agreed to messages");
}

// Rules: NOT-05, APT-02
#[actix_web::test]
async fn a_link_ends_with_the_time_that_it_is_about() {
    let app = app().await;
    let visit = return_visit(&app, &queued(&app).await).await;
    let path = path_in(&due(&app, visit).await.0);
    app.clock.advance_secs(1);
    app.office_again(YUNZE).reschedule(visit, START.plus_ms(2 * DAY_MS + HOUR_MS)).await;
    assert_eq!(app.send(Call::get(&path)).await.status, 410);
    // What tells of the new time leads to a page of its own; the newest link is the one that is sent.
    let (text, _) = due(&app, visit).await;
    assert!(text.contains("已改为2025年3月6日 11:00"), "{text}");
    let moved = path_in(&text);
    assert_eq!(app.send(Call::get(&moved)).await.status, 200);
    app.clock.advance_secs(1);
    let agent = app.role(YUNZE, Role::CsAgent).await;
    let made = agent.post_empty(format!("/v1/visits/{visit}/customer-links")).await.expect(201);
    assert_eq!(app.send(Call::get(&moved)).await.status, 410);
    assert_eq!(json!(path_in(&due(&app, visit).await.0)), made["path"]);
}

// Rule: NOT-05
#[actix_web::test]
async fn a_link_lives_from_when_its_message_goes_out() {
    let app = app().await;
    let planned = queued(&app).await;
    app.clock.advance_secs(1);
    let body = json!({"base_version": 2, "parameters": {"customer_link_hours": "2"}});
    app.role(YUNZE, Role::Admin).await.post("/v1/policies", body).await.expect(201);
    // 21:00: the message waits for the morning.
    app.clock.set(START.plus_ms(11 * HOUR_MS));
    let visit = return_visit(&app, &planned).await;
    app.clock.set(START.plus_ms(23 * HOUR_MS));
    let path = path_in(&due(&app, visit).await.0);
    assert_eq!(app.send(Call::get(&path)).await.status, 200);
    app.clock.set(START.plus_ms(24 * HOUR_MS));
    assert_eq!(app.send(Call::get(&path)).await.status, 410);
}
