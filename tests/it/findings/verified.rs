//! `doorstep verify` finds again what was found, and names every row that is otherwise.

use std::collections::BTreeSet;

use doorstep::domain::Role;
use doorstep_media::draw::{Alteration, interior};
use doorstep_store::photo_checks;
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use serde_json::{Value, json};
use sync_core::bytes::Hash;
use sync_core::ids::VisitId;

use super::seen::hand_in;
use super::{Field, look, pictures, rows};

/// What verification says of findings: visit, and what is wrong.
async fn differing(app: &TestApp) -> BTreeSet<(String, String)> {
    let differences = app.verified().await.differences;
    differences.into_iter().filter(|one| one.check == "findings").map(|one| (one.id, one.what)).collect()
}

/// Visits with a photo of which something is found by itself, by its bytes, by its print, and by its small copy.
async fn photographed(field: &mut Field<'_>) -> [(VisitId, String); 4] {
    let picture = interior(1, 800, 600).expect("drawn");
    let cut = Alteration::Cropped.apply(&picture, 4).expect("cut");
    let mut taken = Vec::new();
    for bytes in [&picture, &picture, &pictures::resized(&picture), &cut] {
        let visit = field.visit().await;
        let photo = field.take(visit, bytes, |record: &mut Value| record["source"] = "gallery".into());
        hand_in(field, visit);
        field.sent(&[bytes]).await;
        taken.push((visit, photo));
    }
    for (at, code) in [(0, "gallery_source"), (1, "reused_exact"), (2, "reused_similar"), (3, "reused_similar")] {
        let said = field.said(taken[at].0).await;
        assert!(said.iter().any(|(found, _)| found == code), "{code} is not in {said:?}");
    }
    taken.try_into().expect("four")
}

#[actix_web::test]
async fn every_finding_that_is_not_what_follows_is_named() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let [own, exact, similar, cut] = photographed(&mut field).await;
    let sound = app.verified().await;
    assert_eq!(sound.differences, []);
    assert_eq!(sound.counts.get("visits with findings"), Some(&4));

    for (change, visit, code, what) in [
        ("UPDATE findings SET level = 1 WHERE", &own, "gallery_source", "it is not what follows from the photo"),
        ("UPDATE findings SET code = 'blurred' WHERE", &own, "blurred", "it is not what follows from the photo"),
        ("DELETE FROM findings WHERE", &exact, "reused_exact", "it is not stored"),
        (
            "UPDATE findings SET earlier_visit_id = visit_id WHERE",
            &exact,
            "reused_exact",
            "it is not what follows from the photo",
        ),
        ("DELETE FROM findings WHERE", &similar, "reused_similar", "it is not stored"),
        ("UPDATE findings SET evidence = '{}' WHERE", &cut, "reused_similar", "it is not what follows from the photo"),
        ("UPDATE findings SET state = 'dismissed' WHERE", &cut, "gallery_source", "nobody decided on it"),
    ] {
        let (visit, photo) = visit;
        let of = if code == "blurred" { "gallery_source" } else { code };
        let sql = format!("{change} visit_id = '{visit}' AND code = '{of}'");
        app.write(move |conn| rows::run(conn, &sql)).await;
        let expected = (visit.to_string(), format!("photo {photo}, {code}: {what}"));
        assert_eq!(differing(&app).await, BTreeSet::from([expected]), "{change} {code}");
        // What nobody decided on is written anew by the next look.
        app.write(|conn| rows::run(conn, "DELETE FROM findings")).await;
        let visits = [own.0, exact.0, similar.0, cut.0];
        app.write(move |conn| photo_checks::enqueue(conn, YUNZE.org, visits, 1)).await;
        assert_eq!(differing(&app).await, BTreeSet::new(), "what is due is not compared");
        look(&app).await;
        assert_eq!(differing(&app).await, BTreeSet::new(), "it was found again");
    }
}

#[actix_web::test]
async fn what_was_decided_on_is_held_against_the_decision() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let (visit, picture) = (field.visit().await, pictures::photo(1));
    let photo = field.take(visit, &picture, |record| record["source"] = "gallery".into());
    hand_in(&mut field, visit);
    field.sent(&[&picture]).await;
    let says = json!({"id": "01955f2c-3000-7000-8000-00000000d0b1", "sha256": Hash::of(&picture),
        "code": "gallery_source", "decision": "dismissed"});
    let path = format!("/v1/visits/{visit}/photos/{photo}/findings/decisions");
    app.role(YUNZE, Role::Reviewer).await.post(&path, says).await.expect(201);
    assert_eq!(differing(&app).await, BTreeSet::new());
    for (change, what) in [
        ("UPDATE findings SET state = 'confirmed'", "it is not what was decided on"),
        ("UPDATE findings SET state = 'dismissed', level = 3", "it is not what was decided on"),
        ("DELETE FROM findings", "it is not stored"),
    ] {
        app.write(move |conn| rows::run(conn, change)).await;
        let expected = (visit.to_string(), format!("photo {photo}, gallery_source: {what}"));
        assert_eq!(differing(&app).await, BTreeSet::from([expected]), "{change}");
    }
}

#[actix_web::test]
async fn where_a_small_copy_is_lost_nothing_is_said_of_what_needs_it() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let picture = interior(1, 800, 600).expect("drawn");
    let cut = Alteration::Cropped.apply(&picture, 4).expect("cut");
    let (first, second) = (field.visit().await, field.visit().await);
    field.send(first, &picture).await;
    field.send(second, &cut).await;
    let hex = Hash::of(&picture).to_string();
    let copy = format!("blobs/o/{}/derived/{}/{hex}-320.jpg", YUNZE.org, &hex[..2]);
    std::fs::remove_file(app.state.config.data_dir.join(copy)).expect("it is lost");
    let report = app.verified().await;
    assert_eq!(report.differences, []);
    let lost = "visits whose findings cannot be told, because a small copy is lost";
    assert_eq!((report.counts.get("visits with findings"), report.counts.get(lost)), (Some(&1), Some(&1)));
}
