//! The note for the door of an absent customer.

use doorstep::domain::Role;
use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::company::{HAOYU, YUNZE};
use serde_json::{Value, json};
use sync_core::doc::Map;

use super::{of, publish};

// Rules: APT-08, NOT-07
#[actix_web::test]
async fn a_note_is_written_while_the_crew_waits_and_names_what_it_lacks() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let planned = office.plan(&[YUNZE.rep()]).await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let path = of(planned.visit, "door-note");
    let early = dispatcher.get(&path).await;
    assert_eq!(early.outcome(), (409, "state_invalid".to_owned()));
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    phone.come_to_the_bell(planned.visit);
    phone.event(planned.visit, "customer_absent");
    phone.sync().await;
    // It is 10:00 in the organisation's zone; the crew may leave at 10:15.
    let lacking = dispatcher.get(&path).await;
    assert_eq!(lacking.outcome(), (422, "text_incomplete".to_owned()));
    let fields: Vec<Value> = lacking.json()["fields"].as_array().expect("fields").clone();
    assert_eq!((fields.len(), &fields[0]["path"]), (1, &json!("rep_phone")), "{fields:?}");
    assert!(fields[0]["expected_zh"].as_str().is_some_and(|text| text.contains("电话")), "{fields:?}");

    // The hotline of the policy stands in.
    app.clock.advance_secs(1);
    publish(&app, json!({"service_hotline": "400-000-0000"})).await;
    assert_eq!(dispatcher.get(&path).await.status, 422, "the crew pinned another version");
    let set = Call::new("PUT", format!("/v1/users/{}/phone", YUNZE.rep().id)).json(&json!({"phone": "000-0000-0017"}));
    let rep = app.signed_in(YUNZE.rep()).await;
    assert_eq!(rep.send(set).await.expect(200)["phone"], "000-0000-0017");
    let note = dispatcher.get(&path).await.expect(200);
    let text = note["text"].as_str().expect("a text");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines[0], lines[2]), ("温馨提醒", "尊敬的成都市一环路1号3单元陈梅："));
    for line in [
        "到达时间：2025年3月4日 10:00",
        "离开时间：2025年3月4日 10:15",
        "联系电话：000-0000-0017",
        "联系人：Name of field_rep",
    ] {
        assert!(lines.contains(&line), "{line} in {text}");
    }
    assert_eq!(lines.last(), Some(&"2025年3月4日"));
    assert!(!text.contains('{') && text.contains("感谢"), "{text}");
    let english = dispatcher.get(format!("{path}?language=en")).await.expect(200);
    assert!(english["text"].as_str().expect("a text").contains("Arrived: 2025-03-04 10:00"), "{english}");
    assert_eq!(dispatcher.get(format!("{path}?language=fr")).await.outcome(), (422, "parameter_invalid".to_owned()));

    // Who judges gets contact data masked, and no note.
    assert_eq!(app.role(YUNZE, Role::Auditor).await.get(&path).await.status, 403);
    assert_eq!(app.role(HAOYU, Role::Dispatcher).await.get(&path).await.outcome(), (404, "not_found".to_owned()));
    app.clock.advance_secs(20 * 60 - 1);
    let (at, by) = (phone.stamp(), YUNZE.rep().id);
    phone.answer(planned.visit, "absence_result", &json!("second_agreed"));
    phone.add(planned.visit, Map::Timeline, &json!({"event": "give_up", "at": at, "by": by}));
    phone.device.access = app.session(YUNZE.rep(), Some(phone.device.id), doorstep::domain::TokenKind::Full).await;
    phone.sync().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let left = dispatcher.get(&path).await.expect(200);
    assert_eq!(left["left_at"], "2025-03-04T02:20:00.000Z", "when the crew really left");
}

#[actix_web::test]
async fn a_phone_number_is_set_by_who_may_and_must_be_one() {
    let app = TestApp::new().await;
    let put =
        |phone: Value| Call::new("PUT", format!("/v1/users/{}/phone", YUNZE.rep().id)).json(&json!({"phone": phone}));
    let admin = app.role(YUNZE, Role::Admin).await;
    for odd in ["", "12", "abc", "1--2 3", "000-0000-0017 ", "123456789012345678901"] {
        let refused = admin.send(put(json!(odd))).await;
        assert_eq!(refused.outcome(), (422, "invalid".to_owned()), "{odd:?}");
        assert_eq!(refused.json()["fields"][0]["path"], "phone");
    }
    assert_eq!(admin.send(put(json!("+86 000 0000"))).await.expect(200)["phone"], "+86 000 0000");
    let listed = admin.get("/v1/users?page_size=200").await.text();
    assert!(listed.contains("+86 000 0000"), "{listed}");
    assert_eq!(admin.send(put(Value::Null)).await.expect(200)["phone"], Value::Null);
    assert_eq!(app.signed_in(YUNZE.colleague()).await.send(put(json!("123"))).await.outcome().0, 404, "not his own");
    assert_eq!(app.signed_in(HAOYU.member(Role::Admin)).await.send(put(json!("123"))).await.outcome().0, 404);
}
