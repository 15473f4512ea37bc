//! Photos that an intent names outside any visit: asked for, and shown to the rep and to the office only.

use doorstep::domain::Role;
use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::company::{HAOYU, Member, YUNZE};
use integration_tests::phone::Phone;
use sync_core::bytes::Hash;
use sync_core::intent::IntentBody;
use sync_core::intent::body::{BlobRef, DayCheckIn};
use sync_core::protocol::Outcome;

const PHOTO: &[u8] = b"the rep at the depot";

fn check_in() -> IntentBody {
    let photo = BlobRef { sha256: Hash::of(PHOTO), bytes: 20, media_type: "image/jpeg".to_owned() };
    let (date, place) = ("2025-03-04".to_owned(), Some("depot".to_owned()));
    IntentBody::DayCheckIn(DayCheckIn { date, place, geo: None, photo: Some(photo) })
}

async fn upload(phone: &Phone<'_>) {
    let path = format!("/v1/blobs/{}", Hash::of(PHOTO));
    let call = Call::new("PUT", path).bytes("application/octet-stream", PHOTO);
    assert_eq!(phone.device.client().send(call).await.status, 200);
}

async fn status(app: &TestApp, member: Member) -> u16 {
    app.signed_in(member).await.get(&format!("/v1/blobs/{}", Hash::of(PHOTO))).await.status
}

#[actix_web::test]
async fn the_photo_of_a_check_in_is_asked_for_until_it_is_there() {
    let app = TestApp::new().await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.intend(check_in());
    let request = phone.request();
    for expected in [Outcome::Stored, Outcome::Duplicate] {
        let answer = phone.exchange(&request).await;
        assert_eq!((answer.acks[0].outcome, answer.wants.as_slice()), (expected, [Hash::of(PHOTO)].as_slice()));
    }
    upload(&phone).await;
    assert!(phone.exchange(&request).await.wants.is_empty());
}

#[actix_web::test]
async fn the_rep_his_lead_and_who_judges_see_it_and_nobody_else() {
    let app = TestApp::new().await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    upload(&phone).await;
    assert_eq!(status(&app, YUNZE.rep()).await, 404, "nothing names it yet");
    phone.intend(check_in());
    phone.sync().await;
    for role in [Role::FieldRep, Role::TeamLead, Role::Reviewer, Role::Auditor, Role::DeptManager, Role::BranchManager]
    {
        assert_eq!(status(&app, YUNZE.member(role)).await, 200, "{role:?}");
        assert_eq!(status(&app, HAOYU.member(role)).await, 404, "{role:?} of another organisation");
    }
    assert_eq!(status(&app, YUNZE.member(Role::Dispatcher)).await, 403);
    for other in [YUNZE.colleague(), YUNZE.stranger()] {
        assert_eq!(status(&app, other).await, 404);
        // Knowing the hash and naming it opens nothing.
        let mut thief = app.phone_of(other).await;
        thief.intend(check_in());
        thief.sync().await;
        assert_eq!(status(&app, other).await, 404);
    }
}
