//! Publishing norms: what an admin says, every fault at once, and which visits follow.

use std::collections::BTreeSet;

use doorstep::app::norms::product_templates;
use doorstep::domain::Role;
use doorstep::jobs::follow_norms;
use doorstep_store::audit::list_audit_events;
use integration_tests::actors::Client;
use integration_tests::app::TestApp;
use integration_tests::builders::{DAY_MS, HOUR_MS, TEMPLATE};
use integration_tests::call::{Answer, Call};
use integration_tests::clock::START;
use integration_tests::company::YUNZE;
use serde_json::{Value, json};
use sync_core::doc::Map;
use sync_core::policy::{defaults, keys};

async fn office() -> TestApp {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    app
}

fn at(offset_ms: i64) -> String {
    START.plus_ms(offset_ms).to_rfc3339()
}

/// Paths of faulty fields, each with the limit and what was sent, where these are told.
fn faults(answer: &Answer) -> Vec<(String, Value, Value)> {
    assert_eq!(answer.outcome(), (422, "invalid".to_owned()), "{}", answer.text());
    let fields = answer.json()["fields"].as_array().expect("fields").clone();
    for field in &fields {
        let is_said = |key: &str| field[key].as_str().is_some_and(|text| !text.is_empty());
        assert!(is_said("expected") && is_said("expected_zh"), "in both languages: {field}");
    }
    let fault = |field: &Value| {
        (field["path"].as_str().expect("a path").to_owned(), field["limit"].clone(), field["actual"].clone())
    };
    fields.iter().map(fault).collect()
}

fn paths(answer: &Answer) -> Vec<String> {
    faults(answer).into_iter().map(|(path, ..)| path).collect()
}

async fn subjects(app: &TestApp, kind: &'static str, subject: &'static str) -> usize {
    let events = app.read(move |conn| list_audit_events(conn, YUNZE.org, subject, 100)).await;
    events.into_iter().filter(|event| event.kind == kind).count()
}

#[actix_web::test]
async fn a_policy_is_checked_published_listed_and_never_changes() {
    let app = office().await;
    let (admin, rep) = (app.role(YUNZE, Role::Admin).await, app.signed_in(YUNZE.rep()).await);
    let listed = rep.get("/v1/policy-keys").await.expect(200);
    let named: BTreeSet<&str> =
        listed["items"].as_array().expect("keys").iter().filter_map(|key| key["key"].as_str()).collect();
    assert_eq!(named, keys::all().map(|row| row.key).collect());
    let first = rep.get("/v1/policies/current").await.expect(200);
    assert_eq!((&first["version"], &first["parameters"]), (&json!(1), &json!(defaults())));

    let body = json!({"base_version": 1, "effective_from": at(HOUR_MS),
        "parameters": {"absence_wait_minutes": "20", "max_flatness_mm": "3.0"}});
    let checked = admin.post("/v1/policies/check", body.clone()).await.expect(200);
    assert_eq!((&checked["version"], &checked["parameters"]["absence_wait_minutes"]), (&json!(2), &json!("20")));
    for unnamed in ["2", "01", "+1", "-1", "1.0"] {
        assert_eq!(admin.get(format!("/v1/policies/{unnamed}")).await.status, 404, "{unnamed}: nothing is kept");
    }
    assert_eq!(rep.post("/v1/policies", body.clone()).await.outcome(), (403, "forbidden".to_owned()));

    let keyed = || Call::post("/v1/policies").header("idempotency-key", "p-2").json(&body);
    let published = admin.send(keyed()).await;
    assert_eq!((published.status, published.header("etag")), (201, Some("\"2\"")), "{}", published.text());
    assert_eq!(published.json(), checked);
    assert_eq!(admin.send(keyed()).await.header("idempotency-replayed"), Some("true"));
    assert_eq!(rep.get("/v1/policies/2").await.expect(200), checked);
    assert_eq!(checked["parameters"]["reschedule_notice_minutes"], "120", "every key with a value is in it");
    assert_eq!(subjects(&app, "policy.published", "2").await, 1);

    let in_force = |list: &Value| {
        let items = list["items"].as_array().expect("versions").clone();
        items.iter().filter(|one| one["is_in_force"] == true).map(|one| one["version"].clone()).collect::<Vec<_>>()
    };
    let list = rep.get("/v1/policies").await.expect(200);
    assert_eq!((list["items"].as_array().map(Vec::len), in_force(&list)), (Some(2), vec![json!(1)]), "not yet");
    app.clock.advance_secs(3600);
    let admin = app.role(YUNZE, Role::Admin).await;
    assert_eq!(in_force(&admin.get("/v1/policies").await.expect(200)), [json!(2)]);
    assert_eq!(admin.get("/v1/policies/current").await.expect(200)["version"], 2);
}

#[actix_web::test]
async fn two_admins_do_not_overwrite_each_other_and_dates_ascend() {
    let app = office().await;
    let admin = app.role(YUNZE, Role::Admin).await;
    let publish = async |base: i64, from: Option<String>, key: &str, value: Value| {
        let mut body = json!({"base_version": base, "parameters": {key: value}});
        if let Some(from) = from {
            body["effective_from"] = json!(from);
        }
        admin.post("/v1/policies", body).await
    };
    publish(1, Some(at(DAY_MS)), "quarter_cap", json!("3")).await.expect(201);
    let stale = publish(1, Some(at(2 * DAY_MS)), "quarter_cap", json!("4")).await;
    assert_eq!(stale.outcome(), (412, "stale_version".to_owned()));
    assert_eq!((&stale.json()["limit"], &stale.json()["actual"]), (&json!(2), &json!(1)));
    // The same date as another, an earlier one, at once before it, and a day that has passed.
    for (from, limit) in [(Some(at(DAY_MS)), DAY_MS), (Some(at(HOUR_MS)), DAY_MS), (None, DAY_MS)] {
        let said = from.clone().unwrap_or_else(|| at(0));
        let refused = publish(2, from, "quarter_cap", json!("4")).await;
        assert_eq!(faults(&refused), [("effective_from".to_owned(), json!(at(limit)), json!(said))]);
    }
    let passed = publish(2, Some(at(-DAY_MS)), "quarter_cap", json!("4")).await;
    assert_eq!(paths(&passed), ["effective_from", "effective_from"], "passed, and before the newest");
    let far = at(401 * DAY_MS);
    let refused = publish(2, Some(far.clone()), "quarter_cap", json!("4")).await;
    assert_eq!(
        faults(&refused),
        [("effective_from".to_owned(), json!(at(400 * DAY_MS)), json!(far))],
        "none before it"
    );
    let impossible = publish(2, Some("2025-02-30T00:00:00+08:00".to_owned()), "quarter_cap", json!("4")).await;
    assert_eq!(paths(&impossible), ["effective_from"]);

    let third = publish(2, Some(at(2 * DAY_MS)), "absence_wait_minutes", json!("30")).await.expect(201);
    assert_eq!(third["parameters"]["quarter_cap"], "3", "what the version before said stays");
    let back = publish(3, Some(at(3 * DAY_MS)), "quarter_cap", Value::Null).await.expect(201);
    assert_eq!((&back["parameters"]["quarter_cap"], &back["version"]), (&json!("2"), &json!(4)), "back to the default");
}

#[actix_web::test]
async fn every_faulty_key_is_named_with_what_was_expected() {
    let app = office().await;
    let admin = app.role(YUNZE, Role::Admin).await;
    let refused = async |parameters: Value| {
        let answers = [
            admin.post("/v1/policies", json!({"base_version": 1, "parameters": parameters})).await,
            admin.post("/v1/policies/check", json!({"base_version": 1, "parameters": parameters})).await,
        ];
        let [published, checked] = answers.each_ref().map(faults);
        assert_eq!(published, checked);
        published
    };
    let found = refused(json!({
        "absence_wait_minutes": "0", "complaint_deduction_fen": "-1", "min_rate_ratio": "85 %", "night_from": "25:00",
        "survey_to": "02-30", "sale_dealer_days": "5-2", "absence_wait_from": "car", "reschedule_notice": "120",
        "备注": "x",
    }))
    .await;
    let path = |key: &str| format!("parameters.{key}");
    let expected = [
        (path("absence_wait_from"), Value::Null, json!("car")),
        (path("absence_wait_minutes"), json!("1"), json!("0")),
        (path("complaint_deduction_fen"), json!("0"), json!("-1")),
        (path("min_rate_ratio"), Value::Null, Value::Null),
        (path("night_from"), Value::Null, json!("25:00")),
        (path("reschedule_notice"), Value::Null, Value::Null),
        (path("sale_dealer_days"), Value::Null, json!("5-2")),
        (path("survey_to"), Value::Null, json!("02-30")),
        (path("?"), Value::Null, Value::Null),
    ];
    assert_eq!(found, expected);
    let found = refused(json!({"survey_needs_weight": "0.50"})).await;
    assert_eq!(found, [(path("survey_needs_weight"), json!("1"), json!("1.10"))]);
    for (key, value, limit) in [
        ("working_hours_to", "08:30", "08:30"),
        ("night_to", "20:00", "20:00"),
        ("quiet_hours_to", "21:00", "21:00"),
        ("churn_long_term", "0.02", "0.03"),
        ("stay_long_term_months", "1", "2"),
        ("sale_headquarters_days", "3-7", "0-3"),
        ("service_headquarters_days", "5-10", "3-5"),
    ] {
        assert_eq!(refused(json!({key: value})).await, [(path(key), json!(limit), json!(value))], "{key}");
    }
    let found = refused(json!({"arrival_window_max_minutes": "4"})).await;
    assert_eq!(found, [(path("arrival_window_max_minutes"), json!("5"), json!("4"))]);
    let number = admin.post("/v1/policies", json!({"base_version": 1, "parameters": {"quarter_cap": 3}})).await;
    assert_eq!(number.outcome(), (400, "body_invalid".to_owned()));
    assert_eq!(number.json()["fields"][0]["path"], "parameters.quarter_cap");
    assert_eq!(admin.get("/v1/policies/2").await.status, 404, "nothing was kept");
}

/// The product's installation as a later version.
fn install(version: i64, change: impl FnOnce(&mut Value)) -> Value {
    let mut template = json!(product_templates().find(|known| known.code == TEMPLATE).expect("a template"));
    template["version"] = json!(version);
    change(&mut template);
    template
}

#[actix_web::test]
async fn a_template_is_published_as_json_or_yaml_and_every_fault_is_named() {
    let app = office().await;
    let (admin, rep) = (app.role(YUNZE, Role::Admin).await, app.signed_in(YUNZE.rep()).await);
    let faulty = install(2, |template| {
        template["title"]["en"] = json!("装机");
        template["effective_from"] = json!("tomorrow");
        let rate = template["measurements"].as_array_mut().expect("readings").iter_mut();
        rate.filter(|one| one["code"] == "down_rate").for_each(|one| one["threshold"]["param"] = json!("min_rate"));
        template["rules"][0]["check"] = json!("guess");
    });
    for path in ["/v1/templates", "/v1/templates/check"] {
        let answer = admin.post(path, faulty.clone()).await;
        let expected = ["title", "effective_from", "measurements[down_rate].threshold", "rules[INS-05 guess]"];
        assert_eq!(paths(&answer), expected, "{path}");
    }
    let unknown = admin.post("/v1/templates", install(2, |template| template["steps"][0]["note"] = json!("x"))).await;
    assert_eq!(unknown.outcome(), (400, "body_invalid".to_owned()));
    assert_eq!(unknown.json()["fields"][0]["path"], "steps[0].note");
    let again = admin.post("/v1/templates", install(1, |_| {})).await;
    assert_eq!(again.outcome(), (409, "conflict".to_owned()), "two admins wrote the same version");
    let gap = admin.post("/v1/templates", install(3, |_| {})).await;
    assert_eq!(faults(&gap), [("version".to_owned(), json!("2"), json!("3"))]);

    let unreadable = install(2, |template| template["questions"][0]["min"] = json!(1_i64 << 60));
    for path in ["/v1/templates", "/v1/templates/check"] {
        let answer = admin.post(path, unreadable.clone()).await;
        assert_eq!((answer.outcome(), paths(&answer)), ((422, "invalid".to_owned()), vec!["template".to_owned()]));
    }

    let second = install(2, |_| {});
    let checked = admin.post("/v1/templates/check", second.clone()).await.expect(200);
    assert_eq!(rep.get("/v1/templates/broadband_install/2").await.status, 404, "nothing is kept");
    assert_eq!(rep.post("/v1/templates", second.clone()).await.outcome(), (403, "forbidden".to_owned()));
    let keyed = || Call::post("/v1/templates").header("idempotency-key", "t-2").json(&second);
    let published = admin.send(keyed()).await.expect(201);
    assert_eq!(published, checked);
    assert_eq!(admin.send(keyed()).await.header("idempotency-replayed"), Some("true"));
    assert_eq!(rep.get("/v1/templates/broadband_install/2").await.expect(200), second);
    assert_eq!(subjects(&app, "template.published", "broadband_install").await, 1);

    // JSON is YAML, but for the media type.
    let third = install(3, |template| template["effective_from"] = json!(at(DAY_MS)));
    let yaml = |text: String| Call::post("/v1/templates").bytes("application/yaml", text);
    let published = admin.send(yaml(third.to_string())).await.expect(201);
    assert_eq!(published["effective_from"], at(DAY_MS));
    let own = admin.send(yaml("code: patrol\nversion: 1\ncode: again\n".to_owned())).await;
    assert_eq!(own.outcome(), (400, "body_invalid".to_owned()), "a key stands twice");
    assert!(own.json()["fields"][0]["path"].as_str().is_some_and(|place| place.starts_with("line ")), "{}", own.text());
    let text = admin.send(Call::post("/v1/templates").bytes("text/plain", "code: patrol")).await;
    assert_eq!(text.outcome(), (415, "media_type_unsupported".to_owned()));
    let listed = rep.get("/v1/templates").await.expect(200);
    let of_code = |one: &&Value| one["code"] == TEMPLATE;
    assert_eq!(listed["items"].as_array().expect("items").iter().filter(of_code).count(), 3);
}

#[actix_web::test]
async fn a_calendar_holds_only_days_that_differ_and_the_newest_counts() {
    let app = office().await;
    let admin = app.role(YUNZE, Role::Admin).await;
    let body = |base: i64, holidays: Value, make_up_days: Value| json!({"base_version": base, "holidays": holidays, "make_up_days": make_up_days});
    let faulty =
        body(1, json!(["2026-02-30", "2026-01-03", "2026-01-01", "2026-01-01"]), json!(["2026-01-02", "2026-1-4"]));
    for path in ["/v1/calendars", "/v1/calendars/check"] {
        let answer = admin.post(path, faulty.clone()).await;
        assert_eq!(paths(&answer), ["holidays[0]", "holidays[1]", "holidays[3]", "make_up_days[0]", "make_up_days[1]"]);
    }
    let good = body(1, json!(["2026-01-02", "2026-01-01"]), json!(["2026-01-04"]));
    let checked = admin.post("/v1/calendars/check", good.clone()).await.expect(200);
    assert_eq!(
        checked,
        json!({"version": 2, "holidays": ["2026-01-01", "2026-01-02"], "make_up_days": ["2026-01-04"]})
    );
    assert_eq!(admin.get("/v1/calendars/current").await.expect(200)["version"], 1, "nothing is kept");
    let published = admin.post("/v1/calendars", good.clone()).await;
    assert_eq!((published.header("etag"), published.json()), (Some("\"2\""), checked));
    assert_eq!(admin.post("/v1/calendars", good).await.outcome(), (412, "stale_version".to_owned()));
    let listed = admin.get("/v1/calendars").await.expect(200);
    let versions: Vec<&Value> = listed["items"].as_array().expect("items").iter().map(|one| &one["version"]).collect();
    assert_eq!(versions, [&json!(1), &json!(2)]);
    assert_eq!(admin.get("/v1/calendars/current").await.expect(200)["version"], 2);
    assert_eq!(subjects(&app, "calendar.published", "2").await, 1);
}

/// Versions of template and policy that the plan of a visit follows, and its own.
fn norms_of(visit: &Value) -> (i64, i64, i64) {
    let number = |key: &str| visit[key].as_i64().unwrap_or_else(|| panic!("{key} of {visit}"));
    (number("template_version"), number("policy_version"), number("version"))
}

async fn shown(dispatcher: &Client<'_>, visit: &Value) -> Value {
    dispatcher.get(&format!("/v1/visits/{}", visit["id"].as_str().expect("an id"))).await.expect(200)
}

#[actix_web::test]
async fn visits_that_nobody_has_begun_follow_the_norms_of_their_day() {
    let app = office().await;
    let (admin, dispatcher) = (app.role(YUNZE, Role::Admin).await, app.role(YUNZE, Role::Dispatcher).await);
    let office = app.office_again(YUNZE);
    let planned = async |start: Option<i64>| {
        let (order, ..) = office.order().await;
        let mut body = json!({"work_order_id": order, "template": TEMPLATE, "crew": [YUNZE.rep().id]});
        if let Some(start) = start {
            body["planned_start"] = json!(at(start));
        }
        dispatcher.post("/v1/visits", body).await.expect(201)
    };
    let (today, on_the_day) = (planned(Some(HOUR_MS)).await, planned(Some(DAY_MS)).await);
    let (begun, open) = (planned(Some(2 * DAY_MS)).await, planned(None).await);
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    let begun_id = begun["id"].as_str().expect("an id").parse().expect("an id");
    let pin = json!({"template": TEMPLATE, "template_version": 1, "policy_version": 1, "at": phone.stamp(),
        "by": phone.device.member.id});
    phone.add(begun_id, Map::Pins, &pin);
    phone.sync().await;
    let follows = async |visit: &Value| norms_of(&shown(&dispatcher, visit).await);
    let as_begun = follows(&begun).await;

    admin
        .post("/v1/templates", install(2, |template| template["effective_from"] = json!(at(DAY_MS))))
        .await
        .expect(201);
    let policy = json!({"base_version": 1, "effective_from": at(DAY_MS), "parameters": {"absence_wait_minutes": "20"}});
    admin.post("/v1/policies", policy).await.expect(201);

    assert_eq!(follows(&today).await, (1, 1, 1));
    assert_eq!(follows(&on_the_day).await, (2, 2, 3), "from the first instant on; one change for each publication");
    assert_eq!(follows(&begun).await, as_begun, "what is begun ends under what it began with");
    assert_eq!(follows(&open).await, (1, 1, 1), "without a day it follows what is in force now");
    // The phone hears of it.
    let told = json!(phone.round().await.rows);
    let row = told["visit"].as_array().expect("visits").iter().find(|row| row["id"] == on_the_day["id"]);
    assert_eq!(row.expect("its plan")["body"]["policy_version"], 2);

    // What is planned, or moved to another day, follows the norms of that day.
    assert_eq!(norms_of(&planned(Some(2 * DAY_MS)).await).1, 2);
    let moved = json!({"start": at(3 * DAY_MS), "notified_at": at(0), "proposed_by": "customer", "reason": "出差"});
    let path = |visit: &Value| format!("/v1/visits/{}/reschedule", visit["id"].as_str().expect("an id"));
    let call = Call::post(path(&today)).header("if-match", "\"1\"").json(&moved);
    dispatcher.send(call).await.expect(200);
    assert_eq!(follows(&today).await, (2, 2, 2));
    let call = Call::post(path(&begun)).header("if-match", format!("\"{}\"", as_begun.2)).json(&moved);
    dispatcher.send(call).await.expect(200);
    assert_eq!(follows(&begun).await, (1, 1, as_begun.2 + 1));

    // As the day comes, what has no day, and what begins late, follows too.
    let late = planned(Some(2 * HOUR_MS)).await;
    assert_eq!(norms_of(&late).0, 1);
    app.clock.advance_secs(DAY_MS / 1000);
    assert_eq!(follow_norms::run_due(&app.state, app.now()).await.expect("it runs"), 2);
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let follows = async |visit: &Value| norms_of(&shown(&dispatcher, visit).await);
    assert_eq!((follows(&open).await, follows(&late).await), ((2, 2, 2), (2, 2, 2)));
    assert_eq!(follow_norms::run_due(&app.state, app.now()).await.expect("it runs"), 0, "once is enough");
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn a_scheduled_version_is_withdrawn_so_that_an_urgent_one_comes_before_it() {
    let app = office().await;
    let (admin, dispatcher) = (app.role(YUNZE, Role::Admin).await, app.role(YUNZE, Role::Dispatcher).await);
    let (order, ..) = app.office_again(YUNZE).order().await;
    let body = json!({"work_order_id": order, "template": TEMPLATE, "crew": [YUNZE.rep().id],
        "planned_start": at(2 * DAY_MS)});
    let visit = dispatcher.post("/v1/visits", body).await.expect(201);
    let policy = |base: i64, from: i64| {
        json!({"base_version": base, "effective_from": at(from),
        "parameters": {"absence_wait_minutes": "20"}})
    };
    admin.post("/v1/policies", policy(1, DAY_MS)).await.expect(201);
    let dated = |version, from: i64| install(version, |template| template["effective_from"] = json!(at(from)));
    admin.post("/v1/templates", dated(2, DAY_MS)).await.expect(201);
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    assert!(phone.has("policy", 2) && phone.has("template", "broadband_install/2"));
    let follows = async || norms_of(&shown(&dispatcher, &visit).await);
    assert_eq!(follows().await, (2, 2, 3));
    assert_eq!(paths(&admin.post("/v1/policies", policy(2, HOUR_MS)).await), ["effective_from"], "it bars the way");

    let why = json!({"reason": "须先发布紧急版本"});
    for (path, faulty) in [("/v1/policies/2/withdraw", json!({"reason": " "})), ("/v1/policies/2/withdraw", json!({}))]
    {
        assert!([400, 422].contains(&admin.post(path, faulty).await.status));
    }
    assert_eq!(admin.post("/v1/policies/1/withdraw", why.clone()).await.outcome(), (409, "state_invalid".to_owned()));
    assert_eq!(admin.post("/v1/policies/3/withdraw", why.clone()).await.outcome(), (404, "not_found".to_owned()));
    assert_eq!(dispatcher.post("/v1/policies/2/withdraw", why.clone()).await.status, 403);
    let withdrawn = admin.post("/v1/policies/2/withdraw", why.clone()).await.expect(200);
    let by = YUNZE.member(Role::Admin).id;
    assert_eq!(withdrawn, json!({"version": 2, "at": at(0), "by": by, "reason": "须先发布紧急版本"}));
    assert_eq!(admin.post("/v1/policies/2/withdraw", why.clone()).await.outcome(), (409, "state_invalid".to_owned()));
    admin.post("/v1/templates/broadband_install/2/withdraw", why.clone()).await.expect(200);
    assert_eq!(subjects(&app, "policy.withdrawn", "2").await, 1);
    assert_eq!(subjects(&app, "template.withdrawn", "broadband_install").await, 1);

    // Nobody follows it; it stays, and the lists tell.
    assert_eq!(follows().await, (1, 1, 5));
    phone.sync().await;
    assert!(!phone.has("policy", 2) && !phone.has("template", "broadband_install/2"));
    assert_eq!(admin.get("/v1/policies/2").await.expect(200)["version"], 2);
    let listed = admin.get("/v1/policies").await.expect(200);
    assert_eq!(listed["items"][1]["withdrawal"], withdrawn);
    assert!(listed["items"][0]["withdrawal"].is_null());

    // The urgent one comes first, under the next number; then the old one again.
    let urgent = admin.post("/v1/policies", policy(1, HOUR_MS)).await.expect(201);
    assert_eq!(urgent["version"], 3);
    admin.post("/v1/policies", policy(3, DAY_MS)).await.expect(201);
    assert_eq!(admin.post("/v1/templates", dated(2, HOUR_MS)).await.outcome(), (409, "conflict".to_owned()));
    admin.post("/v1/templates", dated(3, HOUR_MS)).await.expect(201);
    assert_eq!(follows().await, (3, 4, 8));

    // What a crew has begun by is not taken back, though it does not count yet.
    let id = visit["id"].as_str().expect("an id").parse().expect("an id");
    phone.sync().await;
    let pin = json!({"template": TEMPLATE, "template_version": 3, "policy_version": 4, "at": phone.stamp(),
        "by": phone.device.member.id});
    phone.add(id, Map::Pins, &pin);
    phone.sync().await;
    for path in ["/v1/policies/4/withdraw", "/v1/templates/broadband_install/3/withdraw"] {
        assert_eq!(admin.post(path, why.clone()).await.outcome(), (409, "state_invalid".to_owned()), "{path}");
    }
    // Nor what a later version builds on: its numbers would stand all the same.
    assert_eq!(admin.post("/v1/policies/3/withdraw", why).await.outcome(), (409, "state_invalid".to_owned()));
    assert_eq!(app.verified().await.differences, []);
}
