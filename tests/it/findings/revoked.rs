//! Photos that a revoked phone brought: nobody looks at them until the office takes them.

use doorstep::domain::Role;
use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::company::YUNZE;
use sync_core::bytes::Hash;
use sync_core::ids::VisitId;

use super::{Field, look, pictures, said};
use crate::blobs::revoked::revoke;
use crate::custody::upload;

/// Two visits with a photo from the gallery each, whose bytes came when their phone had been revoked.
async fn brought_by_a_revoked_phone(field: &mut Field<'_>, bytes: [&[u8]; 2]) -> [VisitId; 2] {
    let visits = [field.visit().await, field.visit().await];
    for (visit, bytes) in visits.into_iter().zip(bytes) {
        field.take(visit, bytes, |record| record["source"] = "gallery".into());
    }
    field.phone.sync().await;
    revoke(field.app, &mut field.phone).await;
    for bytes in bytes {
        upload(&field.phone, bytes).await;
    }
    look(field.app).await;
    visits
}

#[actix_web::test]
async fn a_photo_in_quarantine_is_looked_at_once_it_counts() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let [one, other] = [1, 2].map(pictures::photo);
    let [driven, sent_again] = brought_by_a_revoked_phone(&mut field, [&one, &other]).await;
    for visit in [driven, sent_again] {
        assert_eq!(field.said(visit).await, said([]), "it has not arrived");
    }
    // It proves nothing against others either.
    let mut honest = Field { app: &app, company: YUNZE, phone: app.phone_of(YUNZE.rep()).await };
    let visit = honest.visit().await;
    let made = pictures::recompressed(&one);
    honest.send(visit, &made).await;
    assert_eq!(honest.said(visit).await, said([]));

    let path = format!("/v1/quarantine/{}/{}/redrive", field.phone.device.id, Hash::of(&one));
    app.role(YUNZE, Role::Dispatcher).await.send(Call::post(path)).await.expect(200);
    upload(&honest.phone, &other).await;
    look(&app).await;
    assert_eq!(field.said(driven).await, said([("gallery_source", 2), ("reused_similar", 3)]), "it came last");
    assert_eq!(field.said(sent_again).await, said([("gallery_source", 2)]));
    assert_eq!(app.verified().await.differences, []);
}
