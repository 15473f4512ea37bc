//! The deadlines of a day, judged when phones report.

use integration_tests::play::{Office, Story};
use serde_json::{Value, json};

use super::scripts::{AT_A_CLOSED_DOOR, CONFIRMED_AT_1305, DOOR_NOTE_LEFT};

/// The deadlines of a visit's order and of the visit, by code, with state and corrected time.
fn deadlines(office: &Office<'_>, visit: &str) -> Vec<(String, String, Value)> {
    let order = office.visit(visit)["work_order_id"].as_str().expect("an order").to_owned();
    let mut found = Vec::new();
    for state in ["open", "met", "missed", "undetermined", "void"] {
        for due in office.list(&format!("/v1/deadlines?state={state}&work_order_id={order}")) {
            let text = |name: &str| due[name].as_str().expect("a text").to_owned();
            found.push((text("code"), text("state"), due["happened_at"].clone()));
        }
    }
    found.sort_by_key(|(code, state, _)| (code.clone(), state.clone()));
    found
}

// Rules: APT-01, APT-03, APT-06, INS-33
#[test]
fn the_deadlines_of_an_absent_customer_are_judged_once_the_phone_has_reported() {
    let story = Story::begin("2025-03-04");
    story.at("13:00");
    let li = story.enrol("li.ming");
    li.sync();
    let visit = li.visit_of("赵敏");
    visit.plays(CONFIRMED_AT_1305);
    visit.plays(AT_A_CLOSED_DOOR);
    visit.plays(DOOR_NOTE_LEFT);
    visit.plays("14:08 event give_up");

    // The phone is still offline: the appointment has passed, and nothing is known.
    story.at("14:09");
    let dispatcher = story.office("dispatcher");
    let due_by = "2025-03-04T14:09:00%2B08:00";
    let overdue = dispatcher.list(&format!("/v1/deadlines?visit_id={}&due_by={due_by}", visit.id));
    assert_eq!(overdue.len(), 1, "{overdue:?}");
    assert_eq!((&overdue[0]["code"], &overdue[0]["is_overdue"]), (&json!("arrival"), &json!(true)));

    story.at("14:10");
    li.sync();
    let of = |code: &str, state: &str, at: Value| (code.to_owned(), state.to_owned(), at);
    // The order came on the evening before, so that the contact was due at 10:30.
    assert_eq!(
        deadlines(&dispatcher, &visit.id),
        [
            of("absence_wait", "met", json!("2025-03-04T06:08:00.000Z")),
            of("arrival", "met", json!("2025-03-04T05:53:00.000Z")),
            of("first_contact", "missed", json!("2025-03-04T05:05:00.000Z")),
            of("photo_review", "open", Value::Null),
        ]
    );
    let review = dispatcher.list(&format!("/v1/deadlines?code=photo_review&visit_id={}", visit.id));
    assert_eq!(review[0]["due_at"], "2025-03-05T16:00:00.000Z", "the end of the next working day");

    story.on("2025-03-05");
    story.at("09:00");
    story.office("reviewer1").approve(&visit.id);
    let judged = deadlines(&dispatcher, &visit.id);
    let (code, state, at) = judged.last().expect("the review");
    assert_eq!((code.as_str(), state.as_str()), ("photo_review", "met"), "{judged:?}");
    assert!(at.as_str().expect("an instant").starts_with("2025-03-05T01:00:00"), "{at}");
}
