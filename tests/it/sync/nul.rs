//! U+0000 in texts: PostgreSQL holds none in a text column, the document holds what was written.

use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::doc::Map;
use sync_core::protocol::Outcome;

use super::helpers::{column, quarantined};

#[actix_web::test]
async fn every_text_of_a_document_may_hold_u_0000_and_lists_show_the_replacement_character() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let (at, by) = (phone.stamp(), phone.device.member.id);
    let photo = json!({"slot": "ont\0front", "sha256": Hash::of(b"a photo"), "bytes": 7, "kind": "pho\0to",
        "media_type": "image\0jpeg", "taken_at": at, "source": "cam\0era", "by": by});
    phone.put(visit, Map::Photos, "photo\0id", &photo);
    phone.measure(visit, "optical\0power", "-18.30", "d\0Bm");
    phone.answer(visit, "re\0mark", &json!("before\0after"));
    phone.event(visit, "odd\0event");
    let outcome = json!({"code": "no\0port", "reason": "\0", "at": at, "by": by});
    phone.add(visit, Map::Outcomes, &outcome);
    let answer = phone.round().await;
    assert_eq!(answer.acks[0].outcome, Outcome::Stored, "{:?}", answer.acks[0]);
    assert!(quarantined(&app, YUNZE).await.is_empty());

    for (table, name, shown) in [
        ("visit_photos", "photo_id", "photo\u{fffd}id"),
        ("visit_photos", "slot", "ont\u{fffd}front"),
        ("visit_photos", "kind", "pho\u{fffd}to"),
        ("visit_photos", "media_type", "image\u{fffd}jpeg"),
        ("visit_photos", "source", "cam\u{fffd}era"),
        ("visit_readings", "code", "optical\u{fffd}power"),
        ("visit_readings", "unit", "d\u{fffd}Bm"),
        ("visit_answers", "question", "re\u{fffd}mark"),
        ("visit_answers", "value", "\"before\\u0000after\""),
        ("visit_events", "event", "odd\u{fffd}event"),
    ] {
        assert_eq!(column(&app, table, name).await, [shown], "{table}.{name}");
    }

    // Another phone gets every byte as it was written.
    let mut other = app.phone_of(YUNZE.rep()).await;
    other.sync().await;
    assert_eq!(other.heads(visit), phone.heads(visit));
    let view = other.view(visit);
    assert_eq!(view, phone.view(visit));
    assert_eq!(view.answers["re\0mark"].value.value, json!("before\0after"));
    assert_eq!((view.photos[0].key.as_str(), view.photos[0].value.slot.as_str()), ("photo\0id", "ont\0front"));
    assert_eq!(view.measures[0].value.code, "optical\0power");
}
