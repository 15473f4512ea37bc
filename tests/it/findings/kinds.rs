//! What a record calls itself opens no way around: what may pass for a photo is looked at as one.

use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use serde_json::Value;

use super::{Field, pictures, said};

const PAPER: &[u8] = b"%PDF-1.7\nthe signed paper";

#[actix_web::test]
async fn a_picture_is_looked_at_whatever_its_record_calls_it_and_wherever_it_stands() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let (first, picture) = (field.visit().await, pictures::photo(1));
    let photo = field.send(first, &picture).await;
    for (kind, slot) in [("document", "outdoor_route"), ("document", "papers"), ("video", "papers")] {
        let visit = field.visit().await;
        field.take(visit, &picture, |record: &mut Value| {
            record["kind"] = kind.into();
            record["slot"] = slot.into();
        });
        field.sent(&[]).await;
        assert_eq!(field.said(visit).await, said([("reused_exact", 3)]), "{kind} in {slot}");
        assert_eq!(field.earlier(visit, "reused_exact").await, Some((first, photo.clone())));
    }
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn what_is_no_picture_is_looked_at_where_a_photo_is_asked_for() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    for (kind, slot, expected) in [
        ("document", "papers", said([])),
        ("document", "outdoor_route", said([("mock_position", 3)])),
        ("photo", "papers", said([("mock_position", 3), ("no_preview", 2), ("reused_exact", 3)])),
    ] {
        let visit = field.visit().await;
        field.take(visit, PAPER, |record: &mut Value| {
            record["kind"] = kind.into();
            record["slot"] = slot.into();
            record["geo"]["mock"] = true.into();
        });
        field.sent(&[PAPER]).await;
        assert_eq!(field.said(visit).await, expected, "{kind} in {slot}");
    }
}
