//! What is said of how a photo was taken and of how it looks.

use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use serde_json::{Value, json};
use sync_core::time::Stamp;

use super::{Field, pictures, said};

/// What is said of one photo with a changed record.
async fn said_of(field: &mut Field<'_>, seed: u64, change: impl FnOnce(&mut Value)) -> Vec<(String, i64)> {
    let (visit, picture) = (field.visit().await, pictures::photo(seed));
    field.take(visit, &picture, change);
    field.sent(&[&picture]).await;
    field.said(visit).await.into_iter().collect()
}

fn only(code: &str, level: i64) -> Vec<(String, i64)> {
    vec![(code.to_owned(), level)]
}

// Rules: GEN-10, GEN-12
#[actix_web::test]
async fn each_sign_of_how_a_photo_was_taken_is_found_and_nothing_else() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let field = &mut field;
    assert_eq!(said_of(field, 1, |_| ()).await, []);
    assert_eq!(said_of(field, 2, |record| record["source"] = "gallery".into()).await, only("gallery_source", 2));
    assert_eq!(said_of(field, 3, |record| record["geo"]["mock"] = true.into()).await, only("mock_position", 3));
    let without = |record: &mut Value| drop(record.as_object_mut().expect("a record").remove("geo"));
    assert_eq!(said_of(field, 4, without).await, only("no_position", 1));
    // The clock was set back by three days, of which the arrival in the same boot knows.
    let now_ms = app.now().0;
    let moved = |record: &mut Value| {
        let stamp = Stamp {
            wall_ms: now_ms - 3 * 86_400_000,
            mono_ms: 1_000,
            boot_id: "0123ABCD".to_owned(),
            off_ms: None,
            err_ms: None,
        };
        record["taken_at"] = json!(stamp);
    };
    assert_eq!(said_of(field, 5, moved).await, only("clock_inconsistent", 2));
    let early = |record: &mut Value| record["taken_at"]["wall_ms"] = (now_ms - 3_600_000).into();
    assert_eq!(said_of(field, 6, early).await, only("outside_visit_window", 2));
}

#[actix_web::test]
async fn a_photo_is_far_from_its_site_beyond_the_accuracy_of_both_positions() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let site = field.site(30_659_462, 104_065_735).await;
    for (seed, lat_udeg, expected) in [(1, 30_661_462, said([])), (2, 30_664_462, said([("far_from_site", 2)]))] {
        let (visit, picture) = (field.visit_at(site).await, pictures::photo(seed));
        field.take(visit, &picture, |record| record["geo"]["lat_udeg"] = lat_udeg.into());
        field.sent(&[&picture]).await;
        assert_eq!(field.said(visit).await, expected, "{lat_udeg}");
        field.wait(3600).await;
    }
}

#[actix_web::test]
async fn what_nobody_can_see_is_found() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let noise = |x: u32, y: u32| u8::try_from((x * 7919 + y * 104_729 + x * y * 31) % 97 % 64).expect("small");
    let dark = pictures::grey(|x, y| noise(x, y) / 8);
    let bright = pictures::grey(|x, y| if (x + y) % 3 == 0 { 200 } else { 255 });
    let blurred = pictures::grey(|x, y| u8::try_from((x + y) / 8 + 60).expect("small"));
    let heic = [&[0, 0, 0, 24], b"ftypheic".as_slice(), &[0; 64]].concat();
    for (picture, expected) in [
        (dark, said([("too_dark", 2)])),
        (bright, said([("over_exposed", 2)])),
        (blurred, said([("blurred", 2)])),
        (heic, said([("no_preview", 1)])),
        (b"no picture at all".to_vec(), said([("no_preview", 2)])),
        (b"\xff\xd8\xffbroken".to_vec(), said([("no_preview", 2)])),
    ] {
        let visit = field.visit().await;
        field.send(visit, &picture).await;
        assert_eq!(field.said(visit).await, expected);
    }
}
