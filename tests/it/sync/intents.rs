//! What reps ask for offline: visits, customers, sites, appointments, notes of the day.

use doorstep::domain::Role;
use doorstep::ports::Clock as _;
use integration_tests::app::TestApp;
use integration_tests::builders::{HOUR_MS, TEMPLATE};
use integration_tests::company::{HAOYU, YUNZE};
use integration_tests::phone::{Phone, Wire};
use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::ids::{AppointmentId, CustomerId, SiteId, VisitId, WorkOrderId};
use sync_core::intent::IntentBody;
use sync_core::intent::body::{
    ChangeAppointment, CreateCustomer, CreateSite, CreateVisit, DayCheckIn, DayKit, ProposeAppointment,
};
use sync_core::protocol::Outcome;
use sync_core::time::{Geo, UnixMillis};

use super::helpers::{counts, day_note, quarantined};

fn unplanned(phone: &Phone<'_>) -> CreateVisit {
    CreateVisit {
        visit_id: VisitId(phone.device.app.id()),
        template: TEMPLATE.to_owned(),
        template_version: 1,
        policy_version: 1,
        work_order_id: None,
        customer_id: None,
        site_id: None,
        reason: "the neighbour asked".to_owned(),
    }
}

#[actix_web::test]
async fn an_unplanned_visit_comes_with_its_document_or_before_it() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    for in_one_batch in [true, false] {
        let body = unplanned(&phone);
        let visit = body.visit_id;
        let intent = phone.intend(IntentBody::CreateVisit(body));
        if !in_one_batch {
            phone.sync().await;
        }
        phone.tick(visit, "safety", true);
        let answers = phone.sync().await;
        assert!(answers[0].acks.iter().all(|ack| ack.outcome == Outcome::Stored), "{:?}", answers[0].acks);
        let result = phone.row("intent_result", intent);
        assert_eq!((&result["result"], &result["kind"]), (&json!("accepted"), &json!("create_visit")));
        assert!(result["assigned"]["number"].as_str().is_some_and(|number| number.starts_with("V-2025-")));
        assert_eq!(phone.row("visit", visit)["crew"], json!([YUNZE.rep().id]));
    }
}

#[actix_web::test]
async fn unplanned_visits_reach_the_reps_other_phone_with_their_documents() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let mut made_by = app.phone_of(YUNZE.rep()).await;
    let mut other = app.phone_of(YUNZE.rep()).await;
    other.sync().await;
    let mut visits = Vec::new();
    for _ in 0..5 {
        let body = unplanned(&made_by);
        visits.push(body.visit_id);
        made_by.intend(IntentBody::CreateVisit(body));
        made_by.tick(visits[visits.len() - 1], "safety", true);
    }
    // Intents and documents travel in one batch: the feed must tell of both.
    made_by.sync().await;
    other.sync().await;
    for visit in visits {
        assert_eq!(other.heads(visit), made_by.heads(visit), "{visit}");
    }
}

#[actix_web::test]
async fn a_visit_for_an_unknown_order_is_kept_with_its_document_and_left_to_the_office() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let body = CreateVisit {
        work_order_id: Some(WorkOrderId(app.id())),
        template: "never_published".to_owned(),
        ..unplanned(&phone)
    };
    let visit = body.visit_id;
    let intent = phone.intend(IntentBody::CreateVisit(body));
    phone.tick(visit, "safety", true);
    let answer = phone.round().await;
    assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Stored), "{:?}", answer.acks);
    assert_eq!(phone.row("intent_result", intent)["result"], "needs_office");
    assert_eq!(phone.row("intent_result", intent)["reason"], "work_order_unknown");
}

#[actix_web::test]
async fn a_visit_of_nobody_looks_like_one_of_another_organisation() {
    let app = TestApp::new().await;
    let foreign = app.office(HAOYU).await.plan(&[HAOYU.rep()]).await.visit;
    let colleagues = app.office(YUNZE).await.plan(&[YUNZE.colleague()]).await.visit;
    let mut owner = app.phone_of(HAOYU.rep()).await;
    owner.tick(foreign, "safety", true);
    owner.sync().await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.wire = Wire::JSON;
    phone.sync().await;
    let before = counts(&app).await;
    let mut answers = Vec::new();
    for visit in [VisitId(app.id()), foreign, colleagues] {
        phone.photo(visit, "ont_front", b"a photo");
        let request = phone.pushing(visit, vec![phone.doc(visit).save()]);
        let answer = phone.send(&request).await;
        assert_eq!(answer.status, 200);
        answers.push(answer.text().replace(&visit.to_string(), "<visit>"));
    }
    assert!(answers[0].contains("not_found"));
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    assert_eq!(counts(&app).await, before, "not even their seals are kept");
}

#[actix_web::test]
async fn customers_and_sites_made_at_the_door_reach_the_office_once() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let (customer_id, site_id) = (CustomerId(app.id()), SiteId(app.id()));
    let customer = CreateCustomer {
        customer_id,
        kind: "individual".to_owned(),
        name: "王芳".to_owned(),
        phones: vec!["13900000009".to_owned()],
        address: "成都市二环路2号".to_owned(),
    };
    let site = CreateSite {
        site_id,
        customer_id,
        address: "成都市二环路2号".to_owned(),
        scene: "rural".to_owned(),
        geo: None,
        access_note: None,
    };
    phone.intend(IntentBody::CreateCustomer(customer.clone()));
    phone.intend(IntentBody::CreateSite(site));
    phone.sync().await;
    assert_eq!(phone.row("customer", customer_id)["name"], "王芳");
    assert_eq!(phone.row("site", site_id)["scene"], "rural");

    let again = phone.intend(IntentBody::CreateCustomer(customer));
    let nowhere = CreateSite {
        site_id: SiteId(app.id()),
        customer_id: CustomerId(app.id()),
        address: "?".to_owned(),
        scene: "rural".to_owned(),
        geo: None,
        access_note: None,
    };
    let nowhere = phone.intend(IntentBody::CreateSite(nowhere));
    phone.sync().await;
    assert_eq!(phone.row("intent_result", again)["reason"], "customer_exists");
    assert_eq!(phone.row("intent_result", nowhere)["reason"], "customer_unknown");
}

#[actix_web::test]
async fn a_proposed_appointment_is_kept_or_answered_with_free_starts() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let busy = office.plan(&[YUNZE.rep()]).await;
    let theirs = office.plan_at(&[YUNZE.colleague()], 30 * HOUR_MS).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    let now = app.clock.now();
    let propose = |work_order_id, visit_id, in_ms: i64| {
        IntentBody::ProposeAppointment(ProposeAppointment {
            appointment_id: AppointmentId(app.id()),
            work_order_id,
            visit_id,
            start_ms: now.plus_ms(in_ms),
            end_ms: None,
            agreed: true,
            note: None,
        })
    };
    let clash = phone.intend(propose(busy.order, None, HOUR_MS + HOUR_MS / 2));
    let free = phone.intend(propose(busy.order, None, 5 * HOUR_MS));
    let unknown = phone.intend(propose(WorkOrderId(app.id()), None, 9 * HOUR_MS));
    // A visit of somebody else does not exist for this rep.
    let foreign = phone.intend(propose(busy.order, Some(theirs.visit), 12 * HOUR_MS));
    let before = office.row(theirs.visit).await;
    phone.sync().await;

    let result = phone.row("intent_result", clash);
    assert_eq!((&result["result"], &result["reason"]), (&json!("declined"), &json!("clash")));
    let first = result["alternatives"][0].as_i64().expect("an alternative");
    assert!(first >= now.plus_ms(2 * HOUR_MS).0, "after the visit that is in the way");
    assert_eq!(phone.row("intent_result", free)["result"], "accepted");
    let made = phone.row("intent_result", free)["assigned"]["appointment_id"].clone();
    assert!(phone.has("appointment", made.as_str().expect("an id")));
    assert_eq!(phone.row("intent_result", unknown)["reason"], "work_order_unknown");
    assert_eq!(phone.row("intent_result", foreign)["reason"], "visit_unknown");
    assert_eq!(office.row(theirs.visit).await, before);
}

#[actix_web::test]
async fn an_appointment_agreed_at_the_door_becomes_that_of_the_visit() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let planned = office.plan(&[YUNZE.rep()]).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    let body = CreateVisit { work_order_id: Some(planned.order), ..unplanned(&phone) };
    let visit = body.visit_id;
    phone.intend(IntentBody::CreateVisit(body));
    phone.sync().await;
    let start = app.clock.now().plus_ms(6 * HOUR_MS);
    let asked = phone.intend(IntentBody::ProposeAppointment(ProposeAppointment {
        appointment_id: AppointmentId(app.id()),
        work_order_id: planned.order,
        visit_id: Some(visit),
        start_ms: start,
        end_ms: None,
        agreed: true,
        note: None,
    }));
    phone.sync().await;
    assert_eq!(phone.row("intent_result", asked)["result"], "accepted");
    assert_eq!(phone.row("visit", visit)["planned_start_ms"], json!(start.0));
}

// Rule: APT-04
#[actix_web::test]
async fn a_time_that_the_rep_moved_offline_is_moved_or_answered_with_free_starts() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let (moved, late) =
        (office.plan_at(&[YUNZE.rep()], HOUR_MS).await, office.plan_at(&[YUNZE.rep()], 3 * HOUR_MS).await);
    let begun = office.plan_at(&[YUNZE.rep()], 5 * HOUR_MS).await;
    let theirs = office.plan_at(&[YUNZE.colleague()], HOUR_MS).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    phone.come_to_the_door(begun.visit);
    let now = app.clock.now();
    let mut appointments = Vec::new();
    for visit in [moved.visit, late.visit, begun.visit, theirs.visit] {
        appointments.push(office.row(visit).await.appointment_id.expect("it has one").0);
    }
    let change = |of: usize, in_ms: i64, reason: &str| {
        IntentBody::ChangeAppointment(ChangeAppointment {
            appointment_id: appointments[of],
            start_ms: now.plus_ms(in_ms),
            end_ms: None,
            proposed_by_us: true,
            notified_at_ms: now,
            reason: reason.to_owned(),
        })
    };
    let clash = phone.intend(change(0, 3 * HOUR_MS + HOUR_MS / 2, "前一单延误"));
    let silent = phone.intend(change(0, 20 * HOUR_MS, &"因".repeat(501)));
    let short = phone.intend(change(0, 8 * HOUR_MS, "前一单延误"));
    let kept = phone.intend(change(1, 10 * HOUR_MS, "前一单延误"));
    let foreign = phone.intend(change(3, 12 * HOUR_MS, "前一单延误"));
    let before = office.row(theirs.visit).await;
    phone.sync().await;
    // In the same batch as the work that began it, or after it.
    let over = phone.intend(change(2, 14 * HOUR_MS, "前一单延误"));
    phone.sync().await;

    let result = |id| phone.row("intent_result", id);
    assert_eq!((&result(clash)["result"], &result(clash)["reason"]), (&json!("declined"), &json!("clash")));
    let first = result(clash)["alternatives"][0].as_i64().expect("an alternative");
    assert!(first >= now.plus_ms(4 * HOUR_MS).0, "after the visit that is in the way");
    let undecided = result(silent);
    assert_eq!((&undecided["result"], &undecided["reason"]), (&json!("needs_office"), &json!("reason_too_long")));
    // An hour is short, and the customer was told all the same; three hours are enough.
    for (intent, planned, hours, notice) in [(short, &moved, 8, "missed"), (kept, &late, 10, "met")] {
        assert_eq!(
            (&result(intent)["result"], &result(intent)["assigned"]["notice"]),
            (&json!("accepted"), &json!(notice))
        );
        assert_eq!(office.row(planned.visit).await.planned_start_ms, Some(now.plus_ms(hours * HOUR_MS).0));
        assert_eq!(phone.row("visit", planned.visit)["planned_start_ms"], json!(now.plus_ms(hours * HOUR_MS).0));
    }
    assert_eq!(phone.row("appointment", appointments[0])["changes"][0]["reason"], "前一单延误");
    assert_eq!(result(foreign)["reason"], "appointment_unknown");
    assert_eq!(office.row(theirs.visit).await, before);
    assert_eq!((&result(over)["result"], &result(over)["reason"]), (&json!("declined"), &json!("visit_begun")));
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let short = dispatcher.get("/v1/deadlines?code=change_notice&state=missed").await.expect(200);
    assert_eq!(short["items"][0]["visit_id"], json!(moved.visit));
}

#[actix_web::test]
async fn records_of_the_day_are_kept_and_acknowledged() {
    let app = TestApp::new().await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let date = "2025-03-04".to_owned();
    let check_in = DayCheckIn { date: date.clone(), place: Some("depot".to_owned()), geo: None, photo: None };
    let kit = DayKit { date, items: [("ladder".to_owned(), true)].into(), note: None };
    let ids = [
        phone.intend(IntentBody::DayCheckIn(check_in)),
        phone.intend(IntentBody::DayKit(kit)),
        phone.intend(day_note("the ladder is broken")),
    ];
    phone.sync().await;
    assert!(ids.iter().all(|id| phone.row("intent_result", id)["result"] == "accepted"));
    assert!(ids.iter().all(|id| phone.receipts[0].names_intent(id)));
    assert!(phone.is_all_sent());
}

#[actix_web::test]
async fn what_cannot_be_an_intent_of_this_rep_is_kept_apart_byte_for_byte() {
    let app = TestApp::new().await;
    let phone = app.phone_of(YUNZE.rep()).await;
    let mut intent = phone.intent(day_note("first"));
    let first = phone.exchange(&phone.pushing_intent(intent.to_bytes().expect("bytes"))).await;
    assert_eq!(first.acks[0].outcome, Outcome::Stored);

    intent.body = day_note("the same id, other words");
    let forked = intent.to_bytes().expect("bytes");
    let mut of_colleague = phone.intent(day_note("not mine"));
    of_colleague.by = YUNZE.colleague().id;
    let of_colleague = of_colleague.to_bytes().expect("bytes");
    let unknown = forked.clone().escape_ascii().to_string().into_bytes();
    for (bytes, code) in [
        (forked, "intent_forked"),
        (of_colleague, "by_mismatch"),
        (unknown, "intent_malformed"),
        (vec![0xff], "intent_malformed"),
    ] {
        let answer = phone.exchange(&phone.pushing_intent(bytes.clone())).await;
        assert_eq!((answer.acks[0].outcome, answer.acks[0].code.as_deref()), (Outcome::Quarantined, Some(code)));
        let name = Hash::of(&bytes).to_string();
        let receipt = super::helpers::receipt_of(&app, &phone, &answer);
        assert_eq!(receipt.quarantine_code(&name), Some(code));
        let kept = quarantined(&app, YUNZE).await.into_iter().find(|row| row.id == name).expect("kept");
        assert_eq!(kept.bytes, bytes);
    }
}

#[actix_web::test]
async fn an_id_used_twice_in_one_request_counts_once_and_loses_nothing() {
    let app = TestApp::new().await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let mut intent = phone.intent(day_note("first"));
    let first = intent.to_bytes().expect("bytes");
    intent.body = day_note("second");
    let second = intent.to_bytes().expect("bytes");
    phone.intents = vec![first.clone(), first, second.clone()];
    let answer = phone.round().await;
    let outcomes: Vec<Outcome> = answer.acks.iter().map(|ack| ack.outcome).collect();
    assert_eq!(outcomes, [Outcome::Stored, Outcome::Duplicate, Outcome::Quarantined]);
    assert_eq!(quarantined(&app, YUNZE).await[0].bytes, second);
    assert!(phone.is_all_sent());
}

#[actix_web::test]
async fn knowing_an_id_of_the_office_opens_nothing() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let theirs = office.plan(&[YUNZE.colleague()]).await;
    let rep = app.signed_in(YUNZE.rep()).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    let visit = CreateVisit {
        work_order_id: Some(theirs.order),
        customer_id: Some(theirs.customer),
        site_id: Some(theirs.site),
        ..unplanned(&phone)
    };
    let made = visit.visit_id;
    let visit = phone.intend(IntentBody::CreateVisit(visit));
    let site = phone.intend(IntentBody::CreateSite(CreateSite {
        site_id: SiteId(app.id()),
        customer_id: theirs.customer,
        address: "成都市二环路2号".to_owned(),
        scene: "rural".to_owned(),
        geo: None,
        access_note: None,
    }));
    let appointment = phone.intend(IntentBody::ProposeAppointment(ProposeAppointment {
        appointment_id: AppointmentId(app.id()),
        work_order_id: theirs.order,
        visit_id: Some(made),
        start_ms: app.clock.now().plus_ms(HOUR_MS),
        end_ms: None,
        agreed: true,
        note: None,
    }));
    phone.sync().await;
    let decided = |intent| phone.row("intent_result", intent)["reason"].clone();
    assert_eq!(phone.row("intent_result", visit)["result"], "needs_office", "the visit itself is kept");
    assert_eq!(decided(visit), "work_order_unknown");
    assert_eq!(decided(site), "customer_unknown");
    assert_eq!(decided(appointment), "work_order_unknown");
    let paths = [
        format!("/v1/customers/{}", theirs.customer),
        format!("/v1/sites/{}", theirs.site),
        format!("/v1/work-orders/{}", theirs.order),
    ];
    for path in paths {
        assert_eq!(rep.get(path.clone()).await.status, 404, "{path}");
    }
    assert!(!phone.has("customer", theirs.customer) && !phone.has("work_order", theirs.order));
    assert_eq!(office.row(made).await.work_order_id, None);
}

#[actix_web::test]
async fn what_rest_would_refuse_is_left_to_the_office() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let customer = CreateCustomer {
        customer_id: CustomerId(app.id()),
        kind: "individual".to_owned(),
        name: "王芳".to_owned(),
        phones: vec!["13900000009".to_owned()],
        address: "成都市二环路2号".to_owned(),
    };
    let name =
        |name: &str| CreateCustomer { customer_id: CustomerId(app.id()), name: name.to_owned(), ..customer.clone() };
    let faulty = [
        name("\u{1b}[31m红"),
        name("王\u{202e}芳"),
        name("\u{feff}"),
        CreateCustomer {
            customer_id: CustomerId(app.id()),
            phones: vec!["not a phone".to_owned()],
            ..customer.clone()
        },
    ];
    let faulty: Vec<_> = faulty.into_iter().map(|body| phone.intend(IntentBody::CreateCustomer(body))).collect();
    let customer_id = customer.customer_id;
    phone.intend(IntentBody::CreateCustomer(customer));
    let geo = Geo { lat_udeg: 2_147_483_647_000, lon_udeg: 0, acc_m: -1, datum: "wgs84".to_owned(), mock: None };
    let site = |scene: &str, geo: Option<Geo>| CreateSite {
        site_id: SiteId(app.id()),
        customer_id,
        address: "成都市二环路2号".to_owned(),
        scene: scene.to_owned(),
        geo,
        access_note: None,
    };
    let sites = [
        phone.intend(IntentBody::CreateSite(site("moon", None))),
        phone.intend(IntentBody::CreateSite(site("rural", Some(geo)))),
    ];
    phone.sync().await;
    let decided = |intent| {
        let row = phone.row("intent_result", intent);
        (row["result"].clone(), row["reason"].clone())
    };
    for intent in faulty {
        assert_eq!(decided(intent), (json!("needs_office"), json!("customer_incomplete")));
    }
    assert!(phone.has("customer", customer_id));
    for intent in sites {
        assert_eq!(decided(intent), (json!("needs_office"), json!("site_incomplete")));
    }
}

#[actix_web::test]
async fn a_visit_made_by_a_clock_out_of_its_mind_is_planned_for_now() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let body = unplanned(&phone);
    let visit = body.visit_id;
    let now = app.clock.now();
    app.clock.set(UnixMillis::from_rfc3339("2126-05-05T02:00:00Z").expect("an instant"));
    phone.intend(IntentBody::CreateVisit(body));
    app.clock.set(now);
    phone.sync().await;
    assert!(phone.has("visit", visit), "it is within the window");
    assert_eq!(office.row(visit).await.planned_start_ms, Some(now.0));
}
