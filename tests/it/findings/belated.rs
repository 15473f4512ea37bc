//! Pictures that were measured, or whose small copies were there, only after something was compared with them.

use doorstep::jobs;
use doorstep_media::draw::{Alteration, interior};
use doorstep_store::blobs::begin_ingest;
use doorstep_store::photo_checks;
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::patience::come;
use sync_core::bytes::Hash;
use sync_core::ids::VisitId;

use super::{Field, look, pictures, said};
use crate::custody::upload;

/// Which measures are taken.
const MEASURES: i64 = 1;

/// How long a picture that ended the process is left alone.
const DAY_SECS: i64 = 86_400;

/// Takes a photo that twice ends the process that measures it, and so is looked at without prints.
async fn send_crashing(field: &mut Field<'_>, visit: VisitId, picture: &[u8]) -> String {
    let photo = field.take(visit, picture, |_| ());
    field.phone.sync().await;
    upload(&field.phone, picture).await;
    let (name, now_ms) = (Hash::of(picture), field.app.now().0);
    for _ in 0..2 {
        let begun = field.app.write(move |conn| begin_ingest(conn, YUNZE.org, name, MEASURES, now_ms)).await;
        assert!(begun.is_some(), "it is due");
    }
    look(field.app).await;
    assert_eq!(field.said(visit).await, said([("no_preview", 2)]));
    photo
}

/// Ingests and looks until nothing is due.
async fn look_at_all(app: &TestApp) {
    jobs::ingest::run_due(&app.state).await.expect("ingested");
    let all = async { while jobs::findings::run_due(&app.state).await.expect("looked at") > 0 {} };
    come("nothing is due", Box::pin(all)).await;
    assert_eq!(app.read(|conn| photo_checks::find_due_org(conn, None)).await, None, "nothing waits");
}

#[actix_web::test]
async fn a_picture_that_is_measured_late_is_the_source_of_what_was_made_of_it_before_and_after() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let [one, other] = [1, 2].map(pictures::photo);
    let (first, second) = (field.visit().await, field.visit().await);
    let photo = send_crashing(&mut field, first, &one).await;
    let beside = send_crashing(&mut field, second, &other).await;
    // Looked at behind it, and before anybody knows what it shows.
    let between = field.visit().await;
    field.send(between, &pictures::recompressed(&one)).await;
    assert_eq!(field.said(between).await, said([]));
    assert_eq!(app.verified().await.differences, []);

    field.wait(DAY_SECS).await;
    look_at_all(&app).await;
    for visit in [first, second] {
        assert_eq!(field.said(visit).await, said([]), "it was measured, and it was the first");
    }
    assert_eq!(field.said(between).await, said([("reused_similar", 3)]));
    assert_eq!(field.earlier(between, "reused_similar").await, Some((first, photo)));

    let after = field.visit().await;
    field.send(after, &pictures::recompressed(&other)).await;
    assert_eq!(field.said(after).await, said([("reused_similar", 3)]));
    assert_eq!(field.earlier(after, "reused_similar").await, Some((second, beside)));
    let report = app.verified().await;
    assert_eq!((report.differences, report.counts.get("visits with findings")), (Vec::new(), Some(&4)));
}

/// Loses the small copy of a picture.
fn lose_copy(app: &TestApp, picture: &[u8]) {
    let hex = Hash::of(picture).to_string();
    let copy = format!("blobs/o/{}/derived/{}/{hex}-320.jpg", YUNZE.org, &hex[..2]);
    std::fs::remove_file(app.state.config.data_dir.join(copy)).expect("it is lost");
}

#[actix_web::test]
async fn a_visit_waits_for_the_small_copy_of_an_earlier_photo_and_for_none_that_cannot_be_made() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let picture = interior(1, 800, 600).expect("drawn");
    let first = field.visit().await;
    let photo = field.send(first, &picture).await;
    let cut = |seed| Alteration::Cropped.apply(&picture, seed).expect("cut");
    let (once, twice) = (cut(4), pictures::recompressed(&cut(4)));

    let second = field.visit().await;
    field.take(second, &once, |_| ());
    field.phone.sync().await;
    upload(&field.phone, &once).await;
    jobs::ingest::run_due(&app.state).await.expect("ingested");
    lose_copy(&app, &picture);
    let due = async |visit: VisitId| app.read(move |conn| photo_checks::is_due(conn, YUNZE.org, visit)).await;
    assert_eq!(jobs::findings::run_due(&app.state).await.expect("looked at"), 0);
    assert!(due(second).await, "it waits for the copy");
    look_at_all(&app).await;
    assert_eq!(field.said(second).await, said([("reused_similar", 3)]));
    assert_eq!(field.earlier(second, "reused_similar").await, Some((first, photo)));

    // Nobody can make it anew.
    lose_copy(&app, &picture);
    let hex = Hash::of(&picture).to_string();
    let original = format!("blobs/o/{}/sha256/{}/{}/{hex}", YUNZE.org, &hex[..2], &hex[2..4]);
    std::fs::write(app.state.config.data_dir.join(original), b"damage").expect("damaged");
    let third = field.visit().await;
    field.take(third, &twice, |_| ());
    field.phone.sync().await;
    upload(&field.phone, &twice).await;
    jobs::ingest::run_due(&app.state).await.expect("ingested");
    jobs::findings::run_due(&app.state).await.expect("looked at");
    look_at_all(&app).await;
    assert!(!due(third).await, "it waits for nothing that will never be");
}
