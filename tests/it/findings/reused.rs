//! Photos that prove another visit already, and those that only look so.

use std::sync::Arc;

use doorstep::app::AppState;
use doorstep::app::findings::FindingsQueue;
use doorstep::jobs;
use doorstep_media::draw::{Alteration, interior};
use doorstep_media::{Deadline, Limits, ingest};
use doorstep_store::photo_sightings::{self, SightingRow};
use doorstep_store::{Txt, photo_checks};
use integration_tests::app::TestApp;
use integration_tests::company::{HAOYU, YUNZE};
use serde_json::json;
use sync_core::ids::VisitId;
use sync_core::photo::thresholds::REUSE_WEAK;

use super::{Field, look, pictures, said};
use crate::custody::upload;

/// A seed that cuts off unequal shares.
const UNEVEN: u64 = 4;

/// What somebody does to a photo before it is handed in again.
type Edit = fn(&[u8]) -> Vec<u8>;

#[actix_web::test]
async fn the_same_bytes_on_another_visit_are_found_with_the_first_photo_beside_them() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let (first, second, third) = (field.visit().await, field.visit().await, field.visit().await);
    let picture = pictures::photo(1);
    let photo = field.send(first, &picture).await;
    field.send(second, &picture).await;
    field.send(third, &picture).await;
    assert_eq!(field.said(first).await, said([]));
    for visit in [second, third] {
        assert_eq!(field.said(visit).await, said([("reused_exact", 3)]));
        assert_eq!(field.earlier(visit, "reused_exact").await, Some((first, photo.clone())));
    }
}

#[actix_web::test]
async fn a_photo_that_was_made_of_another_is_found() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let edits: [Edit; 3] = [pictures::recompressed, pictures::resized, pictures::turned];
    for (seed, make) in (10..).zip(edits) {
        let (first, picture) = (field.visit().await, pictures::photo(seed));
        let photo = field.send(first, &picture).await;
        let (visit, made) = (field.visit().await, make(&picture));
        field.send(visit, &made).await;
        let found = field.said(visit).await;
        assert!(found.contains(&("reused_similar".to_owned(), 3)), "{found:?}");
        assert_eq!(field.earlier(visit, "reused_similar").await, Some((first, photo.clone())));
    }
    let other = field.visit().await;
    field.send(other, &pictures::photo(2)).await;
    assert_eq!(field.said(other).await, said([]), "another photo is another photo");
}

#[actix_web::test]
async fn a_photo_that_was_cut_at_some_sides_only_is_found_by_its_small_copy() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let (first, picture) = (field.visit().await, interior(1, 800, 600).expect("drawn"));
    let photo = field.send(first, &picture).await;
    // Two sides lose a twentieth or more than the others, so that no window around the middle is like it.
    let cut = Alteration::Cropped.apply(&picture, UNEVEN).expect("cut");
    let prints = |bytes: &[u8]| ingest(bytes, &Limits::default(), &Deadline::default()).expect("a picture").prints;
    assert!(prints(&picture).distance(&prints(&cut)) > Some(REUSE_WEAK.start), "prints alone do not tell");
    let visit = field.visit().await;
    field.send(visit, &cut).await;
    assert_eq!(field.said(visit).await, said([("reused_similar", 3)]));
    assert_eq!(field.earlier(visit, "reused_similar").await, Some((first, photo)));
}

#[actix_web::test]
async fn what_comes_later_changes_nothing_of_what_was_found_about_an_earlier_photo() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let picture = interior(1, 800, 600).expect("drawn");
    let cut = Alteration::Cropped.apply(&picture, UNEVEN).expect("cut");
    let mut visits = Vec::new();
    // Of each the earlier one is not the nearest that there will be.
    for bytes in [&picture, &pictures::resized(&picture), &cut] {
        let visit = field.visit().await;
        field.send(visit, bytes).await;
        visits.push(visit);
    }
    let mut found = Vec::new();
    for visit in &visits {
        found.push(field.rows(*visit).await);
    }
    assert!(found[0].is_empty() && found[1..].iter().all(|rows| rows.len() == 1), "{found:?}");
    // The same bytes again, and what is nearer to the cut one than that from which it was cut.
    for bytes in [&picture, &pictures::resized(&picture), &cut, &pictures::recompressed(&cut)] {
        let visit = field.visit().await;
        field.send(visit, bytes).await;
        assert!(!field.rows(visit).await.is_empty(), "it is found itself");
    }
    let again = visits.clone();
    app.write(move |conn| photo_checks::enqueue(conn, YUNZE.org, again.iter().copied(), 1)).await;
    look(&app).await;
    for (visit, before) in visits.iter().zip(found) {
        assert_eq!(field.rows(*visit).await, before);
    }
}

#[actix_web::test]
async fn photos_of_one_piece_of_work_are_silent() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let site = field.site(30_659_462, 104_065_735).await;
    let visit = field.visit_at(site).await;
    let picture = pictures::photo(1);
    let burst = [picture.clone(), pictures::recompressed(&picture), picture.clone()];
    for shot in &burst {
        field.send(visit, shot).await;
    }
    assert_eq!(field.said(visit).await, said([]), "a burst of one visit");
    // A second order at the same door, on the same phone.
    field.wait(600).await;
    let beside = field.visit_at(site).await;
    field.send(beside, &pictures::recompressed(&burst[1])).await;
    assert_eq!(field.said(beside).await, said([]));
    // Another day: the place looks the same, and only the same bytes tell.
    field.wait(86_400).await;
    let later = field.visit_at(site).await;
    field.send(later, &pictures::turned(&picture)).await;
    assert_eq!(field.said(later).await, said([]), "weak, with nothing beside it");
    let again = field.visit_at(site).await;
    let gallery = pictures::turned(&pictures::recompressed(&picture));
    field.take(again, &gallery, |record| record["source"] = "gallery".into());
    field.sent(&[&gallery]).await;
    let found = field.said(again).await;
    assert!(found.contains(&("gallery_source".to_owned(), 2)), "{found:?}");
}

#[actix_web::test]
async fn the_same_bytes_are_told_whatever_the_phone_claims_of_the_time() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let site = field.site(30_659_462, 104_065_735).await;
    let (visit, picture, then) = (field.visit_at(site).await, pictures::photo(1), field.phone.stamp());
    let photo = field.send(visit, &picture).await;
    // Two orders of one household may share a photo, which a person decides.
    let beside = field.visit_at(site).await;
    field.send(beside, &picture).await;
    assert_eq!(field.said(beside).await, said([("reused_exact", 2)]));
    // On another day the phone claims the hour of the first one.
    field.wait(86_400).await;
    let later = field.visit_at(site).await;
    field.take(later, &picture, |record| record["taken_at"] = json!(then));
    field.sent(&[]).await;
    let found = field.said(later).await;
    assert!(found.contains(&("reused_exact".to_owned(), 2)), "{found:?}");
    assert_eq!(field.earlier(later, "reused_exact").await, Some((visit, photo)));
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn what_hangs_in_every_hall_hides_no_other_picture() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let site = field.site(30_659_462, 104_065_735).await;
    let (hall, placard) = (field.visit_at(site).await, pictures::photo(1));
    field.send(hall, &placard).await;
    app.write(move |conn| {
        let row = photo_sightings::list_of_visit(conn, YUNZE.org, hall)?.remove(0);
        let elsewhere = |number: u64| {
            let visit = VisitId(uuid::Uuid::from_u128(u128::from(number)));
            let seq = i64::try_from(number).expect("small");
            SightingRow { visit_id: Txt(visit), seq, prints_seq: Some(seq), ..row.clone() }
        };
        photo_sightings::insert_sightings(conn, &(2..=10_001).map(elsewhere).collect::<Vec<_>>())
    })
    .await;
    let (source, like) = (field.visit().await, pictures::resized(&placard));
    let photo = field.send(source, &like).await;
    // At the site of the placard, where the likeness with the placard itself says nothing.
    field.wait(86_400).await;
    let visit = field.visit_at(site).await;
    field.send(visit, &pictures::recompressed(&like)).await;
    let found = field.said(visit).await;
    assert!(found.contains(&("reused_similar".to_owned(), 3)), "{found:?}");
    assert_eq!(field.earlier(visit, "reused_similar").await, Some((source, photo)));
}

#[actix_web::test]
async fn a_plain_wall_is_like_nothing() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    for shade in [120, 121] {
        let visit = field.visit().await;
        field.send(visit, &pictures::grey(|_, _| shade)).await;
        assert_eq!(field.said(visit).await, said([("blurred", 2)]));
    }
}

#[actix_web::test]
async fn photos_of_another_organisation_are_nobodys_business() {
    let app = TestApp::new().await;
    let picture = pictures::photo(1);
    for company in [YUNZE, HAOYU] {
        let mut field = Field::of(&app, company).await;
        let (visit, again) = (field.visit().await, field.visit().await);
        field.send(visit, &picture).await;
        field.send(again, &pictures::photo(2)).await;
        assert_eq!((field.said(visit).await, field.said(again).await), (said([]), said([])), "{}", company.code);
    }
}

#[actix_web::test]
async fn prints_are_read_again_by_a_server_that_starts() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let (first, second) = (field.visit().await, field.visit().await);
    let picture = pictures::photo(1);
    field.send(first, &picture).await;
    let made = pictures::recompressed(&picture);
    field.take(second, &made, |_| ());
    field.phone.sync().await;
    upload(&field.phone, &made).await;
    // As another process does, which has read nothing so far.
    let other = AppState { findings: Arc::new(FindingsQueue::new(0)), ..app.state.clone() };
    jobs::ingest::run_due(&other).await.expect("ingested");
    assert_eq!(jobs::findings::run_due(&other).await.expect("looked at"), 1);
    assert_eq!(field.said(second).await, said([("reused_similar", 3)]));
}
