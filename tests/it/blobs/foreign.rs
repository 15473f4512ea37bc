//! Who names the hash of a colleague's blob learns nothing of it, and the office sees what is there.

use doorstep::domain::Role;
use integration_tests::app::TestApp;
use integration_tests::company::{Member, YUNZE};
use serde_json::{Value, json};
use sync_core::ids::VisitId;

use super::*;

/// What the list of a visit and its review say of its one photo: size, type, whether it has come and has copies; and how
/// its preview stands.
async fn told(app: &TestApp, asker: Member, visit: VisitId) -> [Value; 5] {
    let client = app.signed_in(asker).await;
    let list = client.get(format!("/v1/visits/{visit}/blobs")).await.expect(200);
    let item = &list["items"][0];
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1), "{list}");
    let review = client.get(format!("/v1/visits/{visit}/review")).await.expect(200);
    let preview = review["photos"][0]["preview"].clone();
    let has_come = item.get("received_at").is_some();
    [item["bytes"].clone(), item["media_type"].clone(), json!(has_come), item["has_copies"].clone(), preview]
}

#[actix_web::test]
async fn who_names_a_colleagues_blob_is_told_what_his_own_record_says_of_it() {
    let app = TestApp::new().await;
    let (_colleague, photo) = with_photo(&app).await;
    let visit = app.office_again(YUNZE).plan(&[YUNZE.colleague()]).await.visit;
    let mut phone = app.phone_of(YUNZE.colleague()).await;
    phone.sync().await;
    let (at, by) = (phone.stamp(), phone.device.member.id);
    let record = json!({"slot": "ont_front", "sha256": Hash::of(&photo), "bytes": 1, "media_type": "image/heic",
        "taken_at": at, "source": "camera", "by": by});
    phone.add(visit, Map::Photos, &record);
    let answer = phone.round().await;
    assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Stored), "{:?}", answer.acks);

    let declared = [json!(1), json!("image/heic"), json!(false), json!(false), Value::Null];
    let stored = [json!(photo.len()), json!("image/jpeg"), json!(true), json!(true), json!("ready")];
    let name = Hash::of(&photo);
    let client = phone.device.client();
    assert_eq!(client.get(format!("/v1/blobs/{name}")).await.status, 404, "it is not his to open");
    assert_eq!(told(&app, YUNZE.colleague(), visit).await, declared);
    assert_eq!(told(&app, YUNZE.member(Role::Dispatcher), visit).await, stored);

    // The bytes prove that he had them.
    upload(&phone, &photo).await;
    assert_eq!(client.get(format!("/v1/blobs/{name}")).await.status, 200);
    assert_eq!(told(&app, YUNZE.colleague(), visit).await, stored);
}
