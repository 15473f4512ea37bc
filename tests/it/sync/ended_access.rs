//! What a phone brought whose access ended (design 2.3).

use doorstep::domain::{Role, TokenKind};
use doorstep_store::devices::revoke_device;
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use sync_core::protocol::Outcome;

async fn revoke(app: &TestApp, phone: &mut Phone<'_>) {
    let (id, now) = (phone.device.id, app.now().0);
    app.write(move |conn| revoke_device(conn, YUNZE.org, id, now)).await;
    phone.device.access = app.session(YUNZE.rep(), Some(id), TokenKind::Upload).await;
}

#[actix_web::test]
async fn what_a_revoked_phone_brought_whole_counts_though_a_colleague_began_the_document() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep(), YUNZE.colleague()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.measure(visit, "optical_power", "-18.30", "dBm");
    phone.tick(visit, "kit/a", true);
    revoke(&app, &mut phone).await;
    let request = phone.request();
    assert_eq!(request.docs[0].chunks.len(), 1, "the whole document");
    let ack = phone.exchange(&request).await.acks.remove(0);
    assert_eq!((ack.outcome, ack.code.as_deref()), (Outcome::Quarantined, Some("device_revoked")));

    let mut colleague = app.phone_of(YUNZE.colleague()).await;
    colleague.sync().await;
    colleague.tick(visit, "kit/b", true);
    colleague.sync().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let path = format!("/v1/quarantine/{}/{}", phone.device.id, ack.hash.expect("a name"));
    let done = dispatcher.post_empty(format!("{path}/redrive")).await.expect(200);
    assert_eq!([&done["outcome"], &done["item"]["state"]], ["stored", "redriven"], "{done}");
    colleague.sync().await;
    let view = colleague.view(visit);
    assert_eq!((view.measures.len(), view.ticks.len()), (1, 2));
    assert_eq!(app.verified().await.differences, []);
}
