//! The customer's page behind a one-time link: reading, confirming, asking for another time.

use doorstep::domain::Role;
use integration_tests::app::TestApp;
use integration_tests::builders::{DAY_MS, HOUR_MS, Planned};
use integration_tests::call::{Answer, Call};
use integration_tests::clock::START;
use integration_tests::company::YUNZE;
use serde_json::{Value, json};

use super::{items, of, publish, recorded};

/// A link to the page of a visit.
pub(super) async fn link(app: &TestApp, planned: &Planned) -> String {
    let made = app.role(YUNZE, Role::CsAgent).await.post_empty(of(planned.visit, "customer-links")).await.expect(201);
    made["path"].as_str().expect("a path").to_owned()
}

/// What a browser sends for a form.
pub(super) async fn sends(app: &TestApp, path: &str, form: &str) -> Answer {
    app.send(Call::post(path).bytes("application/x-www-form-urlencoded", form)).await
}

/// A visit of tomorrow at 10:00, and its link.
pub(super) async fn invited(app: &TestApp) -> (Planned, String) {
    let planned = app.office(YUNZE).await.plan_at(&[YUNZE.rep()], DAY_MS).await;
    let path = link(app, &planned).await;
    (planned, path)
}

// Rule: APT-02
#[actix_web::test]
async fn the_page_shows_what_the_customer_needs_and_looking_changes_nothing() {
    let app = TestApp::new().await;
    let (planned, path) = invited(&app).await;
    app.clock.advance_secs(1);
    publish(&app, json!({"service_hotline": "400-000-0000"})).await;
    let before = app.office_again(YUNZE).row(planned.visit).await;
    let page = app.send(Call::get(&path)).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let html = page.text();
    for shown in ["Company yunze", "2025年3月5日 10:00", "装机", "Name of field_rep", "400-000-0000", "lang=\"zh-CN\""]
    {
        assert!(html.contains(shown), "{shown} in {html}");
    }
    for hidden in ["陈梅", "138", "一环路", "<script", "http://", "https://"] {
        assert!(!html.contains(hidden), "{hidden} in {html}");
    }
    let header = |name: &str| page.header(name).unwrap_or_default().to_owned();
    assert_eq!((header("cache-control"), header("referrer-policy")), ("no-store".to_owned(), "no-referrer".to_owned()));
    let policy = header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    assert!(app.send(Call::get(format!("{path}?lang=en"))).await.text().contains("Confirm this time"));
    let preferred = Call::get(&path).header("accept-language", "en-GB,zh;q=0.5");
    assert!(app.send(preferred).await.text().contains("Installation"));
    assert!(app.send(Call::get(&path).header("accept-language", "fr")).await.text().contains("确认这个时间"));
    app.send_unchecked(&Call::new("HEAD", &path)).await;
    assert_eq!(app.office_again(YUNZE).row(planned.visit).await, before);
    assert!(recorded(&app, planned.visit, "customer.").await.is_empty());
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let links = items(&dispatcher, of(planned.visit, "customer-links")).await;
    assert_eq!((links.len(), &links[0]["answer"]), (1, &Value::Null));
    assert!(!links[0].to_string().contains(path.trim_start_matches("/c/")), "the token is told once");
}

// Rules: APT-01, APT-02
#[actix_web::test]
async fn confirming_agrees_the_time_once_and_counts_as_first_contact() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let (order, customer, site) = office.order().await;
    let start = doorstep::app::visits::PlannedTime::Start(START.plus_ms(DAY_MS));
    let visit = office.plan_for(order, &[YUNZE.rep()], start).await;
    let planned = Planned { visit, order, customer, site };
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    let path = link(&app, &planned).await;
    app.clock.advance_secs(60);
    let taken = sends(&app, &path, "answer=confirm").await;
    assert_eq!((taken.status, taken.header("location")), (303, Some(format!("{path}?lang=zh").as_str())));
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let shown = dispatcher.get(format!("/v1/visits/{visit}")).await.expect(200);
    let appointment = &shown["appointment"];
    assert_eq!((&appointment["state"], &appointment["start"]), (&json!("agreed"), &json!("2025-03-05T02:00:00.000Z")));
    assert_eq!(appointment["agreed_at"], "2025-03-04T02:01:00.000Z");
    let due = items(&dispatcher, format!("/v1/deadlines?code=first_contact&work_order_id={order}&state=met")).await;
    assert_eq!((due.len(), &due[0]["happened_at"]), (1, &json!("2025-03-04T02:01:00.000Z")));
    assert_eq!(recorded(&app, visit, "customer.").await, [("customer.confirmed".to_owned(), json!({}))]);
    phone.sync().await;
    let id = phone.row("visit", visit)["appointment_id"].as_str().expect("an appointment").to_owned();
    assert_eq!(phone.row("appointment", id)["state"], "agreed", "the crew hears of it");

    let again = app.send(Call::get(&path)).await.text();
    assert!(again.contains("已确认") && !again.contains("<form"), "{again}");
    for form in ["answer=confirm", "answer=propose&date=2025-03-06&time=09:00"] {
        let used = sends(&app, &path, form).await;
        assert!(used.status == 409 && used.text().contains("已答复"), "{}", used.text());
    }
    let file = app.send(Call::get(format!("{path}/appointment.ics"))).await.text();
    for line in ["DTSTART:20250305T020000Z", "STATUS:CONFIRMED", "SEQUENCE:2", "SUMMARY:Company yunze 装机"] {
        assert!(file.contains(&format!("\r\n{line}\r\n")), "{line} in {file}");
    }
    assert!(file.contains(&format!("UID:{visit}@doorstep")) && !file.contains("LOCATION"), "{file}");
}

// Rule: APT-02
#[actix_web::test]
async fn another_time_is_kept_in_the_customers_words_and_the_dispatcher_sees_to_it() {
    let app = TestApp::new().await;
    let (planned, path) = invited(&app).await;
    let before = app.office_again(YUNZE).row(planned.visit).await;
    let form = "answer=propose&date=2025-03-06&time=14:30&words=%3Cb%3E%E4%B8%8A%E5%8D%88%E4%B8%8D%E5%9C%A8%E5%AE%B6";
    assert_eq!(sends(&app, &format!("{path}?lang=en"), form).await.status, 303);
    let page = app.send(Call::get(&path)).await.text();
    assert!(
        page.contains("2025年3月6日 14:30") && page.contains("&lt;b&gt;上午不在家") && !page.contains("<b>"),
        "{page}"
    );
    assert_eq!(app.office_again(YUNZE).row(planned.visit).await, before, "the office moves it, or not");
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let links = items(&dispatcher, of(planned.visit, "customer-links")).await;
    assert_eq!(
        (&links[0]["answer"], &links[0]["proposed_start"]),
        (&json!("proposed"), &json!("2025-03-06T06:30:00.000Z"))
    );
    assert_eq!(links[0]["words"], "<b>上午不在家");
    let tasks = items(&dispatcher, "/v1/tasks?kind=customer_proposal").await;
    let [task] = tasks.as_slice() else { panic!("{tasks:?}") };
    assert_eq!((&task["role"], &task["visit_id"]), (&json!("dispatcher"), &json!(planned.visit)));
    assert_eq!(task["reason"], "<b>上午不在家");
    let masked = items(&app.role(YUNZE, Role::Auditor).await, "/v1/tasks?kind=customer_proposal").await;
    assert!(masked.len() == 1 && masked[0]["reason"].is_null(), "texts to customers are hidden from him: {masked:?}");
    // Moved as asked: the task has settled by itself, and the link is over.
    app.clock.advance_secs(60);
    app.office_again(YUNZE).reschedule(planned.visit, START.plus_ms(2 * DAY_MS + 4 * HOUR_MS)).await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    assert!(items(&dispatcher, "/v1/tasks?kind=customer_proposal").await.is_empty());
    assert_eq!(items(&dispatcher, "/v1/tasks?kind=customer_proposal&state=settled").await.len(), 1);
    assert_eq!(app.send(Call::get(&path)).await.status, 410);
}

// Rule: APT-02
#[actix_web::test]
async fn a_time_that_cannot_be_asked_for_is_told_on_the_page_and_uses_nothing_up() {
    let app = TestApp::new().await;
    let (_, path) = invited(&app).await;
    let long = format!("answer=propose&date=2025-03-06&time=09:00&words={}", "a".repeat(201));
    for (form, told) in [
        ("answer=propose&date=2025-03-04&time=09:59", "未到的"),
        ("answer=propose&date=2025-03-05&time=10:00", "不同于已约"),
        ("answer=propose&date=2025-03-19&time=09:00", "14 天以内"),
        ("answer=propose&date=2025-03-06&time=10:00:59.9", "日期和时间"),
        ("answer=propose&date=20250306&time=10:00", "日期和时间"),
        ("answer=propose&date=2025-03-06&time=09:00&words=a%1Bb", "不含控制字符"),
        ("answer=propose&date=2025-02-30&time=09:00", "日期和时间"),
        ("answer=propose", "日期和时间"),
        (long.as_str(), "最多 200 个字符"),
        ("answer=propose&date=%22%3E%3Cb%3E&time=x", "&quot;&gt;&lt;b&gt;"),
    ] {
        let refused = sends(&app, &path, form).await;
        assert_eq!(refused.status, 422, "{form}");
        assert!(refused.text().contains(told), "{form}: {}", refused.text());
    }
    let english = sends(&app, &format!("{path}?lang=en"), "answer=propose&date=2025-03-19&time=09:00").await;
    assert!(english.text().contains("within 14 days"), "{}", english.text());
    for odd in ["", "answer=dance", "answer=%FF", "%"] {
        is_told(&sends(&app, &path, odd).await, 400, "未能提交");
    }
    is_told(&sends(&app, &path, &"x".repeat(5000)).await, 413, "内容过长");
    // Fourteen days ahead, with 200 characters of Chinese, is fine.
    let words = "%E5%A5%BD".repeat(200);
    assert_eq!(
        sends(&app, &path, &format!("answer=propose&date=2025-03-18&time=09:00&words={words}")).await.status,
        303
    );
}

/// Asserts that a refusal is a page with these words, like every other page.
#[track_caller]
pub(super) fn is_told(answer: &Answer, status: u16, words: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{}", answer.text());
    assert!(answer.header("content-security-policy").is_some(), "as every page");
    assert!(answer.text().contains(words), "{words} in {}", answer.text());
}

// Rule: APT-02
#[actix_web::test]
async fn what_messengers_add_to_a_link_does_no_harm() {
    let app = TestApp::new().await;
    let (_, path) = invited(&app).await;
    for added in ["unknown=1", "utm_source=sms&utm_medium=%FF", "fbclid=%00", "lang=fr", "%", "lang=en&lang=zh", "=&&"]
    {
        let page = app.send(Call::get(format!("{path}?{added}"))).await;
        is_told(&page, 200, if added.starts_with("lang=en") { "Confirm this time" } else { "确认这个时间" });
    }
    assert_eq!(app.send(Call::get(format!("{path}/appointment.ics?from=wechat"))).await.status, 200);
    // A link that was cut off, and what no field can hold.
    is_told(&app.send_unchecked(&Call::get("/c")).await, 404, "链接");
    let odd = sends(&app, &path, "answer=propose&date=2025-03-06&time=14:30&words=a%00%1Bb").await;
    is_told(&odd, 422, "a\u{fffd}\u{fffd}b");
    assert!(!odd.text().contains(['\0', '\u{1b}']), "{}", odd.text());
    is_told(&app.send_unchecked(&Call::new("DELETE", &path)).await, 405, "");
    assert_eq!(sends(&app, &format!("{path}?lang=en&fbclid=1"), "answer=confirm").await.status, 303);
}

#[actix_web::test]
async fn every_refusal_below_the_page_is_a_page_in_the_customers_language() {
    let app = TestApp::new().await;
    let (_, path) = invited(&app).await;
    for (method, path, status, zh, en) in [
        ("GET", "/c/nothing".to_owned(), 404, "链接无效", "This link is not valid"),
        ("GET", "/c/".to_owned(), 404, "链接无效", "This link is not valid"),
        ("GET", format!("{path}/secret"), 404, "链接无效", "This link is not valid"),
        ("GET", "/c/nothing/appointment.ics".to_owned(), 404, "链接无效", "This link is not valid"),
        ("DELETE", path.clone(), 405, "未能提交", "could not be taken"),
        ("GET", format!("/c/{}", "x".repeat(9000)), 414, "未能提交", "could not be taken"),
        ("GET", "/c/%00".to_owned(), 404, "链接无效", "This link is not valid"),
    ] {
        let call = |path: &str| Call::new(method, path);
        is_told(&app.send(call(&path)).await, status, zh);
        is_told(&app.send(call(&path).header("accept-language", "en-GB")).await, status, en);
        let chosen = app.send(call(&format!("{path}?lang=en"))).await;
        is_told(&chosen, status, en);
        assert!(chosen.text().contains("lang=\"en\"") && chosen.text().contains("中文"), "{}", chosen.text());
        assert_eq!(chosen.header("allow").is_some(), status == 405, "{path}");
    }
    let ended = app
        .send(Call::post(&path).bytes("application/x-www-form-urlencoded", "answer=%").header("accept-language", "en"))
        .await;
    is_told(&ended, 400, "could not be taken");
    // What is no customer's page is answered as ever.
    assert_eq!(app.send(Call::get("/cc")).await.outcome(), (404, "not_found".to_owned()));
}
