//! Who sees what was found.

use doorstep::domain::Role;
use integration_tests::app::TestApp;
use integration_tests::company::{HAOYU, YUNZE};
use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::doc::Map;
use sync_core::ids::VisitId;

use super::{Field, pictures, rows};

/// Hands a visit in without work, which needs no form.
pub(super) fn hand_in(field: &mut Field<'_>, visit: VisitId) {
    field.phone.come_to_the_door(visit);
    let (at, by) = (field.phone.stamp(), field.phone.device.member.id);
    let outcome = json!({"code": "resource_missing", "reason": "no free port", "at": at, "by": by});
    field.phone.add(visit, Map::Outcomes, &outcome);
    field.phone.event(visit, "end_without_work");
}

#[actix_web::test]
async fn a_reviewer_sees_the_earlier_photo_beside_the_later_one_once_both_visits_are_his_to_judge() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let (first, second) = (field.visit().await, field.visit().await);
    let picture = pictures::photo(1);
    let photo = field.send(first, &picture).await;
    field.take(second, &picture, |_| ());
    hand_in(&mut field, second);
    field.sent(&[]).await;
    let path = format!("/v1/visits/{second}/findings");
    let reviewer = app.role(YUNZE, Role::Reviewer).await;
    let seen = reviewer.get(&path).await.expect(200);
    assert_eq!((&seen["is_due"], &seen["items"][0]["code"]), (&json!(false), &json!("reused_exact")));
    assert_eq!(seen["items"][0]["title"]["zh-CN"], "同一文件已用于其他上门");
    assert!(seen["items"][0].get("earlier").is_none(), "the first visit is not handed in: {seen}");
    // The office sees every visit.
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let seen = dispatcher.get(&path).await.expect(200);
    let earlier = &seen["items"][0]["earlier"];
    assert_eq!((&earlier["visit_id"], &earlier["photo_id"]), (&json!(first), &json!(photo)), "{seen}");
    assert_eq!(earlier["taken_at"], app.now().to_rfc3339());

    hand_in(&mut field, first);
    field.sent(&[]).await;
    let seen = reviewer.get(&path).await.expect(200);
    let item = &seen["items"][0];
    assert_eq!(item["earlier"]["visit_id"], json!(first), "{seen}");
    // He looks at both, side by side.
    let both = [&item["sha256"], &item["earlier"]["sha256"]];
    let wanted = both.map(|sha256| json!({"sha256": sha256, "copy": "thumbnail"}));
    let links = reviewer.post("/v1/photos/links", json!({"items": wanted})).await.expect(200);
    for link in links["items"].as_array().expect("links") {
        let shown = app.anonymous().get(link["path"].as_str().expect("a path")).await;
        assert_eq!((shown.status, shown.body.starts_with(&[0xFF, 0xD8])), (200, true), "{link}");
    }
    for (company, role, status) in
        [(YUNZE, Role::FieldRep, 403), (YUNZE, Role::TeamLead, 403), (HAOYU, Role::Dispatcher, 404)]
    {
        app.role(company, role).await.get(&path).await.expect(status);
    }
}

#[actix_web::test]
async fn what_the_metadata_of_a_photo_says_is_shown_as_a_hint_and_what_it_does_not_say_as_unknown() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let (visit, picture) = (field.visit().await, pictures::made_by_hw(&pictures::photo(1)));
    let photo = field.take(visit, &picture, |_| ());
    hand_in(&mut field, visit);
    field.sent(&[&picture]).await;
    let path = format!("/v1/visits/{visit}/findings");
    let reviewer = app.role(YUNZE, Role::Reviewer).await;
    let mut expected = json!({"photo_id": photo, "sha256": Hash::of(&picture), "make": "HW", "model": "unknown",
        "software": "unknown", "taken_at": "unknown", "position": "unknown", "provenance": "unknown"});
    let seen = reviewer.get(&path).await.expect(200);
    assert_eq!((&seen["items"], &seen["hints"]), (&json!([]), &json!([expected])), "nothing follows from it");

    let says = "UPDATE blob_facts SET latitude_udeg = 30659462, longitude_udeg = 104065735, has_provenance = TRUE, \
        make = NULL, software = 'Editor'";
    app.write(move |conn| rows::run(conn, says)).await;
    let written = json!({"make": "unknown", "software": "Editor", "position": "written", "lat_udeg": 30_659_462,
        "lon_udeg": 104_065_735, "provenance": "unchecked"});
    expected.as_object_mut().expect("hints").extend(written.as_object().expect("hints").clone());
    let seen = reviewer.get(&path).await.expect(200);
    assert_eq!(seen["hints"], json!([expected]));
    app.role(YUNZE, Role::FieldRep).await.get(&path).await.expect(403);
}
