//! What rules find of a visit, as the office reads it: what stored rows tell, and when a rule speaks.

use doorstep::domain::Role;
use integration_tests::app::TestApp;
use integration_tests::builders::{DAY_MS, HOUR_MS};
use integration_tests::call::Call;
use integration_tests::company::{Member, YUNZE};
use serde_json::{Value, json};
use sync_core::doc::Map;
use sync_core::ids::VisitId;

/// A visit of two steps: the door, and one question that carries the rule.
fn template(code: &str, answers: &[&str], rule: Value, more: &[Value]) -> Value {
    let title = json!({"en": "Named in a test", "zh-CN": "测试用"});
    let titled = |mut value: Value| {
        value["title"] = title.clone();
        value
    };
    let options: Vec<Value> = answers.iter().map(|answer| titled(json!({"code": answer}))).collect();
    let question = json!({"code": "result", "type": "single_choice", "required": true, "options": options,
        "rules": [rule["id"]]});
    let questions: Vec<Value> = [question].iter().chain(more).cloned().map(titled).collect();
    let codes: Vec<&Value> = questions.iter().map(|question| &question["code"]).collect();
    let work = json!({"code": "work", "phase": "onsite", "required": true, "collects": {"questions": codes}});
    let arrive = json!({"code": "arrive", "phase": "arrival", "required": true});
    json!({"code": code, "version": 1, "title": title, "steps": [titled(arrive), titled(work)], "photos": [],
        "measurements": [], "questions": questions, "signatures": [], "rules": [titled(rule)]})
}

/// An office with one customer, where visits follow one template.
struct Desk<'a> {
    app: &'a TestApp,
    template: &'static str,
    customer: Value,
    site: Value,
}

impl<'a> Desk<'a> {
    async fn open(app: &'a TestApp, template: &'static str, published: Value) -> Self {
        let office = app.office(YUNZE).await;
        let (_, customer, site) = office.order().await;
        app.role(YUNZE, Role::Admin).await.post("/v1/templates", published).await.expect(201);
        Self { app, template, customer: json!(customer), site: json!(site) }
    }

    async fn visit(&self, kind: &str, fields: Value, crew: Member, time: (&str, Value)) -> Value {
        let order = json!({"customer_id": self.customer, "site_id": self.site, "type": kind, "channel": "hotline",
            "fields": fields});
        let dispatcher = self.app.role(YUNZE, Role::Dispatcher).await;
        let order = dispatcher.post("/v1/work-orders", order).await.expect(201);
        let body = json!({"work_order_id": order["id"], "template": self.template, "crew": [crew.id], time.0: time.1});
        let made = dispatcher.post("/v1/visits", body).await.expect(201);
        let mut shown = made.clone();
        // Who plans is told of clashes at once; they are no part of the visit.
        shown.as_object_mut().expect("a visit").remove("clashes");
        assert_eq!(self.show(&made).await, shown, "a visit is shown as it was answered");
        made
    }

    async fn show(&self, visit: &Value) -> Value {
        let path = format!("/v1/visits/{}", visit["id"].as_str().expect("an id"));
        self.app.role(YUNZE, Role::Dispatcher).await.get(path).await.expect(200)
    }

    /// Findings of rules, as `code rule check`.
    async fn found(&self, visit: &Value) -> Vec<String> {
        let shown = self.show(visit).await;
        let findings = shown["findings"].as_array().expect("findings").clone();
        let of_rules = findings.iter().filter(|one| one["code"].as_str().is_some_and(|code| code.starts_with("rule_")));
        let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
        of_rules.map(|one| ["code", "subject", "detail"].map(|key| text(one, key)).join(" ")).collect()
    }

    /// Plans a visit for now and has it done: answered so, and handed in ten minutes later.
    async fn done(&self, kind: &str, fields: Value, answer: &str) -> Value {
        let start = json!(self.app.now().plus_ms(60_000).to_rfc3339());
        let visit = self.visit(kind, fields, YUNZE.rep(), ("planned_start", start)).await;
        self.do_it(&visit, answer).await;
        visit
    }

    async fn do_it(&self, visit: &Value, answer: &str) {
        let id: VisitId = visit["id"].as_str().expect("an id").parse().expect("an id");
        let mut phone = self.app.phone_of(YUNZE.rep()).await;
        phone.sync().await;
        phone.event(id, "confirm_call");
        phone.event(id, "depart");
        let (at, by) = (phone.stamp(), phone.device.member.id);
        phone.add(id, Map::Timeline, &json!({"event": "arrive", "at": at, "by": by, "reason": "no position"}));
        phone.event(id, "enter");
        phone.tick(id, "work/done", true);
        phone.answer(id, "result", &json!(answer));
        self.app.clock.advance_secs(600);
        phone.event(id, "finish_steps");
        phone.event(id, "sign");
        let at = phone.stamp();
        phone.add(id, Map::Outcomes, &json!({"code": "completed", "at": at, "by": by}));
        phone.event(id, "submit");
        phone.sync().await;
        assert_eq!(self.show(visit).await["state"], "under_review");
    }

    fn days_pass(&self, days: i64) {
        self.app.clock.advance_secs(days * DAY_MS / 1_000);
    }
}

#[actix_web::test]
async fn the_same_fault_of_a_site_twelve_days_later_is_a_repeat() {
    let app = TestApp::new().await;
    let rule = json!({"id": "CMP-13", "severity": "warn", "check": "repeat_repair", "params": {"days": 30}});
    let mut desk = Desk::open(&app, "quick_repair", template("quick_repair", &["cable", "terminal"], rule, &[])).await;
    let nothing: [&str; 0] = [];
    let first = desk.done("repair", json!({}), "cable").await;
    // Neither an installation there nor a visit that found nothing to repair counts.
    desk.done("install", json!({}), "terminal").await;
    desk.days_pass(12);
    let other = desk.done("repair", json!({}), "terminal").await;
    assert_eq!(desk.found(&other).await, nothing, "another fault");
    let again = desk.done("repair", json!({}), "cable").await;
    assert_eq!(desk.found(&again).await, ["rule_failed CMP-13 repeat_repair"]);
    assert_eq!(desk.found(&first).await, nothing, "the first repair repeats none");

    // The reviewer reads why.
    let path = format!("/v1/visits/{}/review", again["id"].as_str().expect("an id"));
    let review = app.role(YUNZE, Role::Reviewer).await.get(path).await.expect(200);
    let trace = &review["traces"][0];
    assert_eq!((&trace["check"], &trace["verdict"]), (&json!("repeat_repair"), &json!("fail")), "{trace}");
    let inputs = &trace["inputs"];
    assert_eq!((&inputs["days"], &inputs["earlier_visit"]), (&json!("12"), &first["id"]));
    assert_eq!(review["blockers"], json!([]), "it stops nobody");

    // After the days, and elsewhere, it is none.
    desk.days_pass(31);
    let later = desk.done("repair", json!({}), "cable").await;
    assert_eq!(desk.found(&later).await, nothing);
    let (_, customer, site) = app.office_again(YUNZE).order().await;
    (desk.customer, desk.site) = (json!(customer), json!(site));
    let elsewhere = desk.done("repair", json!({}), "cable").await;
    assert_eq!(desk.found(&elsewhere).await, nothing);
}

#[actix_web::test]
async fn return_visits_of_the_quarter_fill_its_cap() {
    let app = TestApp::new().await;
    let params = json!({"max": 1, "exempt": ["special"], "mandatory": ["post_sale"]});
    let rule = json!({"id": "RTV-15", "severity": "block", "check": "quarter_cap", "params": params});
    let desk = Desk::open(&app, "quick_return", template("quick_return", &["fine"], rule, &[])).await;
    let trigger = |code: &str| json!({"trigger": code});
    let nothing: [&str; 0] = [];
    let special = desk.done("return_visit", trigger("special"), "fine").await;
    let first = desk.done("return_visit", trigger("periodic"), "fine").await;
    let second = desk.done("return_visit", trigger("periodic"), "fine").await;
    let mandatory = desk.done("return_visit", trigger("sale"), "fine").await;
    for (visit, found) in [(&special, &nothing[..]), (&first, &nothing[..])] {
        assert_eq!(desk.found(visit).await, found, "a special one does not count");
    }
    for visit in [&second, &mandatory] {
        assert_eq!(desk.found(visit).await, ["rule_failed RTV-15 quarter_cap"]);
    }
    // In the next quarter the count begins anew; what was made in this one stays as it was.
    desk.days_pass(92);
    let next = desk.done("return_visit", trigger("periodic"), "fine").await;
    assert_eq!(desk.found(&next).await, nothing);
    assert_eq!(desk.found(&second).await, ["rule_failed RTV-15 quarter_cap"]);
    // One whose order does not tell its kind leaves it open for those after it.
    desk.done("return_visit", json!({}), "fine").await;
    let open = desk.done("return_visit", trigger("periodic"), "fine").await;
    assert_eq!(desk.found(&open).await, ["rule_undetermined RTV-15 quarter_cap"]);
}

#[actix_web::test]
async fn a_planned_call_tells_when_the_customer_was_told() {
    let app = TestApp::new().await;
    let rule = json!({"id": "VIS-03", "severity": "warn", "check": "notice_days", "params": {"min_days": 7}});
    let desk = Desk::open(&app, "quick_call", template("quick_call", &["fine"], rule, &[])).await;
    let now = app.now();
    let agreed = |start: i64, agreed: Option<i64>| {
        let mut agreed_with = json!({"start": now.plus_ms(start).to_rfc3339(), "proposed_by": "customer"});
        if let Some(at) = agreed {
            agreed_with["agreed_at"] = json!(now.plus_ms(at).to_rfc3339());
        }
        ("appointment", agreed_with)
    };
    let rep = YUNZE.rep();
    let in_time = desk.visit("call", json!({}), rep, agreed(8 * DAY_MS, None)).await;
    let told_late = desk.visit("call", json!({}), rep, agreed(3 * DAY_MS, None)).await;
    let told_before = desk.visit("call", json!({}), rep, agreed(3 * DAY_MS, Some(-5 * DAY_MS))).await;
    let untold = desk.visit("call", json!({}), rep, ("planned_start", json!(now.plus_ms(DAY_MS).to_rfc3339()))).await;
    assert_eq!(told_before["appointment"]["agreed_at"], now.plus_ms(-5 * DAY_MS).to_rfc3339());
    for (visit, expected) in [
        (&in_time, None),
        (&told_late, Some("rule_failed VIS-03 notice_days")),
        (&told_before, None),
        (&untold, Some("rule_undetermined VIS-03 notice_days")),
    ] {
        assert_eq!(desk.found(visit).await, [""; 0], "nobody has begun");
        desk.do_it(visit, "fine").await;
        assert_eq!(desk.found(visit).await, Vec::from_iter(expected));
    }
    let later = json!({"start": now.plus_ms(DAY_MS).to_rfc3339(), "proposed_by": "customer",
        "agreed_at": app.now().plus_ms(HOUR_MS).to_rfc3339()});
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let order = app.office_again(YUNZE).order().await.0;
    let body = json!({"work_order_id": order, "template": "quick_call", "appointment": later});
    let refused = dispatcher.post("/v1/visits", body).await;
    assert_eq!(refused.outcome(), (422, "invalid".to_owned()));
    assert_eq!(refused.json()["fields"][0]["path"], "appointment.agreed_at");
}

#[actix_web::test]
async fn a_talk_is_not_for_a_crew_that_holds_no_level_of_the_chain() {
    let app = TestApp::new().await;
    let params = json!({"relation": "relation", "service_adviser": "service_adviser", "tier": "result"});
    let rule = json!({"id": "RET-04", "severity": "block", "check": "level_owner_matches_chain", "params": params});
    let booleans =
        ["relation", "service_adviser"].map(|code| json!({"code": code, "type": "boolean", "required": false}));
    let published = template("quick_talk", &["ordinary", "silver"], rule, &booleans);
    let desk = Desk::open(&app, "quick_talk", published).await;
    let start = json!(app.now().plus_ms(HOUR_MS).to_rfc3339());
    for (member, expected) in [
        (YUNZE.rep(), "rule_undetermined RET-04 level_owner_matches_chain"),
        (YUNZE.member(Role::TeamLead), "rule_failed RET-04 level_owner_matches_chain"),
    ] {
        let visit = desk.visit("retention", json!({}), YUNZE.rep(), ("planned_start", start.clone())).await;
        let id: VisitId = visit["id"].as_str().expect("an id").parse().expect("an id");
        let mut phone = app.phone_of(YUNZE.rep()).await;
        phone.sync().await;
        phone.answer(id, "relation", &json!(false));
        phone.answer(id, "result", &json!("ordinary"));
        phone.sync().await;
        app.office_again(YUNZE).assign(id, &[member]).await;
        assert_eq!(desk.found(&visit).await, [expected], "{}", member.login);
    }
}

#[actix_web::test]
async fn what_is_handed_in_keeps_its_norms_whatever_is_published_later() {
    let app = TestApp::new().await;
    let rule = json!({"id": "CMP-13", "severity": "warn", "check": "repeat_repair", "params": {"days": 30}});
    let published = template("quick_repair", &["cable"], rule, &[]);
    let desk = Desk::open(&app, "quick_repair", published.clone()).await;
    let norms = async |visit: &Value| {
        let shown = desk.show(visit).await;
        ["template_version", "policy_version", "calendar_version"].map(|key| shown[key].as_i64().unwrap_or_default())
    };
    let done = desk.done("repair", json!({}), "cable").await;
    let open = desk.visit("repair", json!({}), YUNZE.rep(), ("planned_start", json!(app.now().to_rfc3339()))).await;
    let begun = desk.visit("repair", json!({}), YUNZE.rep(), ("planned_start", json!(app.now().to_rfc3339()))).await;
    let id: VisitId = begun["id"].as_str().expect("an id").parse().expect("an id");
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;

    app.clock.advance_secs(60);
    let admin = app.role(YUNZE, Role::Admin).await;
    let mut second = published;
    second["version"] = json!(2);
    admin.post("/v1/templates", second).await.expect(201);
    let policy =
        json!({"base_version": 1, "parameters": {"reschedule_notice_minutes": "30", "late_risk_minutes": "0"}});
    admin.post("/v1/policies", policy).await.expect(201);
    let calendar = json!({"base_version": 1, "holidays": ["2026-01-01"], "make_up_days": []});
    admin.post("/v1/calendars", calendar).await.expect(201);
    assert_eq!(norms(&done).await, [1, 1, 1], "it keeps the calendar of its day, too");
    assert_eq!(norms(&open).await, [2, 2, 2]);

    // The phone has not heard of version 2 and pins what it had, though the plan moved on.
    let pin = json!({"template": "quick_repair", "template_version": 1, "policy_version": 1, "at": phone.stamp(),
        "by": phone.device.member.id});
    phone.add(id, Map::Pins, &pin);
    phone.sync().await;
    assert_eq!(norms(&begun).await, [1, 1, 2]);
    let row = app.office_again(YUNZE).row(id).await;
    assert_eq!((row.template_version, row.policy_version), (2, 2), "the plan is the office's");
    assert_eq!((row.pinned_template.as_deref(), row.pinned_policy_version), (Some("quick_repair/1"), Some(1)));

    // A change of its time is held against the pinned policy, in the answer and on the board.
    let start = app.now().plus_ms(HOUR_MS);
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    for (visit, notice) in [(&begun, "missed"), (&open, "met")] {
        let path = format!("/v1/visits/{}/reschedule", visit["id"].as_str().expect("an id"));
        let version = &desk.show(visit).await["version"];
        let first = json!({"start": start.to_rfc3339(), "notified_at": app.now().to_rfc3339(), "proposed_by": "customer",
            "reason": "用户出差"});
        let call = Call::post(&path).header("if-match", format!("\"{version}\"")).json(&first);
        let moved = dispatcher.send(call).await.expect(200);
        let again = json!({"start": start.plus_ms(HOUR_MS).to_rfc3339(), "notified_at": app.now().to_rfc3339(),
            "proposed_by": "office", "reason": "人员不足"});
        let version = &moved["visit"]["version"];
        let call = Call::post(&path).header("if-match", format!("\"{version}\"")).json(&again);
        assert_eq!(dispatcher.send(call).await.expect(200)["notice"]["deadline"], notice, "{visit}");
    }
    let board = dispatcher.get("/v1/day-board").await.expect(200);
    let shown =
        board["lines"].as_array().expect("lines").iter().flat_map(|line| line["visits"].as_array().expect("visits"));
    let short: Vec<&Value> =
        shown.filter(|visit| visit["is_short_notice"] == true).map(|visit| &visit["visit"]["id"]).collect();
    assert_eq!(short, [&begun["id"]]);
    assert_eq!(app.verified().await.differences, []);
}
