//! When links to the customer's page end, and what strangers learn.

use doorstep::domain::Role;
use integration_tests::app::TestApp;
use integration_tests::builders::{DAY_MS, HOUR_MS};
use integration_tests::call::Call;
use integration_tests::clock::START;
use integration_tests::company::{HAOYU, YUNZE};
use integration_tests::together;

use super::page::{invited, is_told, link, sends};
use super::{items, of};

// Rule: APT-02
#[actix_web::test]
async fn a_link_ends_by_a_newer_one_by_another_time_by_cancelling_and_by_age() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let planned = office.plan_at(&[YUNZE.rep()], 5 * DAY_MS).await;
    let first = link(&app, &planned).await;
    let second = link(&app, &planned).await;
    let status = async |path: &str| app.send(Call::get(path)).await.status;
    assert_eq!((status(&first).await, status(&second).await), (410, 200));
    let refused = sends(&app, &first, "answer=confirm").await;
    assert!(refused.status == 410 && refused.text().contains("链接已失效"), "{}", refused.text());
    assert_eq!(status(&format!("{first}/appointment.ics")).await, 410);
    // Three days by the policy.
    app.clock.set(START.plus_ms(3 * DAY_MS - 1));
    assert_eq!(status(&second).await, 200);
    app.clock.set(START.plus_ms(3 * DAY_MS));
    assert_eq!(status(&second).await, 410);
    let third = link(&app, &planned).await;
    office.reschedule(planned.visit, START.plus_ms(5 * DAY_MS + HOUR_MS)).await;
    assert_eq!(status(&third).await, 410);
    // Back at the old time the old link stays over.
    office.reschedule(planned.visit, START.plus_ms(5 * DAY_MS)).await;
    assert_eq!(status(&third).await, 410);
    let fourth = link(&app, &planned).await;
    office.cancel(planned.visit).await;
    assert_eq!(status(&fourth).await, 410);
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let links = items(&dispatcher, of(planned.visit, "customer-links")).await;
    assert!(links.len() == 4 && links.iter().all(|one| one["revoked_at"].is_string()), "{links:?}");
    let over = dispatcher.post_empty(of(planned.visit, "customer-links")).await;
    assert_eq!(over.outcome(), (409, "state_invalid".to_owned()));
}

#[actix_web::test]
async fn a_visit_without_a_time_to_come_gets_no_link() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let (order, ..) = office.order().await;
    let open = office.plan_for(order, &[], doorstep::app::visits::PlannedTime::Open).await;
    let agent = app.role(YUNZE, Role::CsAgent).await;
    assert_eq!(agent.post_empty(of(open, "customer-links")).await.outcome(), (409, "state_invalid".to_owned()));
    let planned = office.plan(&[YUNZE.stranger()]).await;
    let lead = app.role(YUNZE, Role::TeamLead).await;
    let refused = lead.post_empty(of(planned.visit, "customer-links")).await;
    assert_eq!(refused.outcome(), (404, "not_found".to_owned()), "of another team");
    app.clock.set(START.plus_ms(HOUR_MS));
    let agent = app.role(YUNZE, Role::CsAgent).await;
    let late = agent.post_empty(of(planned.visit, "customer-links")).await;
    assert_eq!(late.outcome(), (409, "state_invalid".to_owned()));
    assert!(late.json()["texts"]["zh-CN"]["detail"].is_string());
}

// Rule: DOC-01
#[actix_web::test]
async fn unknown_and_foreign_tokens_are_answered_alike() {
    let app = TestApp::new().await;
    let (_, path) = invited(&app).await;
    app.office(HAOYU).await;
    let token = path.trim_start_matches("/c/");
    let bytes = sync_core::bytes::from_base64url(token).expect("base64url");
    let told = async |token: &str| {
        let answer = app.send(Call::get(format!("/c/{token}"))).await;
        let mut headers = answer.headers.clone();
        headers.retain(|(name, _)| name != "x-request-id");
        headers.sort();
        (answer.status, headers, answer.text())
    };
    let unknown = told("nothing").await;
    assert_eq!(unknown.0, 404);
    assert!(unknown.2.contains("链接无效"));
    // The secret of ours under the name of another tenant, and another secret under ours.
    let foreign = [HAOYU.org.as_bytes().as_slice(), &bytes[16..]].concat();
    let guessed = [&bytes[..16], &[7; 32]].concat();
    for other in [foreign, guessed, bytes[..47].to_vec()] {
        assert_eq!(told(&sync_core::bytes::to_base64url(&other)).await, unknown);
    }
    assert_eq!(sends(&app, "/c/nothing", "answer=confirm").await.status, 404);
}

#[actix_web::test]
async fn two_answers_at_once_are_one() {
    let app = TestApp::new().await;
    let (planned, path) = invited(&app).await;
    let other = "answer=propose&date=2025-03-06&time=14:30";
    let answers = together::all(["answer=confirm", other].map(|form| sends(&app, &path, form))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409]);
    let links = items(&app.role(YUNZE, Role::Dispatcher).await, of(planned.visit, "customer-links")).await;
    let is_confirmed = links[0]["answer"] == "confirmed";
    assert_eq!(links[0]["proposed_start"].is_null(), is_confirmed);
}

#[actix_web::test]
async fn whoever_tries_many_tokens_has_to_wait() {
    let app = TestApp::configured(|config| {
        config.behind_proxy = true;
        config.limits.customer_address_per_minute = std::num::NonZeroU32::new(2).expect("more than zero");
    })
    .await;
    let attempt = async |address: &str| app.send(Call::get("/c/nothing").header("x-forwarded-for", address)).await;
    assert_eq!([attempt("192.0.2.1").await.status, attempt("192.0.2.1").await.status], [404, 404]);
    let refused = attempt("192.0.2.1").await;
    is_told(&refused, 429, "请稍后再试");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(attempt("192.0.2.2").await.status, 404);
}
