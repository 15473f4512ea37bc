//! Phones with absurd clocks: nothing is refused because of its time, and every answer stays within the contract.

use doorstep::domain::Role;
use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use serde_json::{Value, json};
use sync_core::doc::Map;
use sync_core::ids::{AppointmentId, VisitId};
use sync_core::intent::IntentBody;
use sync_core::intent::body::ProposeAppointment;
use sync_core::protocol::Outcome;
use sync_core::time::{Stamp, UnixMillis};

/// The largest number that a record may hold.
const LAST: i64 = (1 << 53) - 1;

/// What a battery long dead, a hand on the settings, and malice show.
fn clocks() -> Vec<Stamp> {
    let stamp =
        |wall_ms, mono_ms, off_ms, err_ms| Stamp { wall_ms, mono_ms, boot_id: "0123ABCD".into(), off_ms, err_ms };
    vec![
        stamp(0, 5, None, None),
        stamp(4_922_899_200_000, 5, None, None),
        stamp(LAST, LAST, None, None),
        stamp(-LAST, -LAST, None, None),
        stamp(LAST, -LAST, Some(LAST), Some(LAST)),
        stamp(-LAST, LAST, Some(-LAST), Some(-LAST)),
    ]
}

/// Takes a photo at the door and ends without work, all at the time of the wrong clock.
fn carry_out(phone: &mut Phone<'_>, visit: VisitId, is_absent: bool) {
    phone.come_to_the_door(visit);
    phone.photo(visit, "ont_front", b"photo");
    if is_absent {
        phone.event(visit, "customer_absent");
        phone.event(visit, "give_up");
    }
    let (at, by) = (phone.stamp(), phone.device.member.id);
    let outcome = json!({"code": "resource_missing", "reason": "no free port", "at": at, "by": by});
    phone.add(visit, Map::Outcomes, &outcome);
    phone.event(visit, "end_without_work");
}

/// Reads everything that shows times of the visit; the harness holds each answer against the contract.
async fn read_all(app: &TestApp, visit: VisitId) -> Value {
    let (office, reviewer) = (app.role(YUNZE, Role::Dispatcher).await, app.role(YUNZE, Role::Reviewer).await);
    for path in
        ["/v1/visits".to_owned(), format!("/v1/visits/{visit}"), "/v1/day-board".to_owned(), "/v1/devices".to_owned()]
    {
        office.get(path).await.expect(200);
    }
    office.send(Call::post("/v1/search").json(&json!({"phone": "138 0000 0001"}))).await.expect(200);
    for path in [
        "/v1/reviews/queue".to_owned(),
        format!("/v1/visits/{visit}/verdicts"),
        format!("/v1/visits/{visit}/missing-blobs"),
    ] {
        reviewer.get(path).await.expect(200);
    }
    office.get(format!("/v1/visits/{visit}/review")).await.expect(200)
}

#[actix_web::test]
async fn wild_clocks_lose_nothing_and_break_no_answer() {
    for (clock, is_absent) in clocks().into_iter().flat_map(|clock| [(clock.clone(), false), (clock, true)]) {
        let app = TestApp::new().await;
        let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
        let mut phone = app.phone_of(YUNZE.rep()).await;
        phone.sync().await;
        phone.wrong_clock = Some(clock.clone());
        carry_out(&mut phone, visit, is_absent);
        let answer = phone.round().await;
        assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Stored), "{clock:?}: {:?}", answer.acks);
        phone.sync().await;
        let review = read_all(&app, visit).await;
        let findings = review["findings"].as_array().expect("findings");
        let doubted = findings.iter().filter(|finding| finding["code"] == "device_time_implausible").count();
        assert!(doubted > 5, "{clock:?}: {findings:?}");
        let photo = &review["photos"][0]["id"];
        let is_photo_doubted = |finding: &Value| {
            let subject = format!("photos/{}", photo.as_str().unwrap_or_default());
            finding["code"] == "device_time_implausible" && finding["subject"] == json!(subject)
        };
        assert!(findings.iter().any(is_photo_doubted), "{photo} in {findings:?}");
    }
}

#[actix_web::test]
async fn an_appointment_at_the_end_of_time_gets_an_answer() {
    for start_ms in [0, 4_922_899_200_000, LAST, -LAST] {
        let app = TestApp::new().await;
        let planned = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await;
        let mut phone = app.phone_of(YUNZE.rep()).await;
        phone.sync().await;
        for _ in 0..2 {
            phone.intend(IntentBody::ProposeAppointment(ProposeAppointment {
                appointment_id: AppointmentId(app.id()),
                work_order_id: planned.order,
                visit_id: Some(planned.visit),
                start_ms: UnixMillis(start_ms),
                end_ms: None,
                agreed: true,
                note: None,
            }));
        }
        phone.sync().await;
        let office = app.role(YUNZE, Role::Dispatcher).await;
        office.get(format!("/v1/visits/{}", planned.visit)).await.expect(200);
        office.get("/v1/visits").await.expect(200);
        office.get("/v1/day-board").await.expect(200);
    }
}
