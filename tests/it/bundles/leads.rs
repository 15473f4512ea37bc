//! What a team lead asks for is decided by what his team holds, whichever way it comes in.

use doorstep::domain::Role;
use integration_tests::app::TestApp;
use integration_tests::builders::{Planned, TEMPLATE};
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use sync_core::bytes::Hash;
use sync_core::ids::{SiteId, VisitId};
use sync_core::intent::IntentBody;
use sync_core::intent::body::{CreateSite, CreateVisit};

use super::crafted::{Craft, upload};
use crate::sync::helpers::column;

/// A phone of the lead, on which he asks for a site and a visit of a customer that only a rep of his team visits.
async fn asking<'a>(app: &'a TestApp, planned: &Planned) -> Phone<'a> {
    let mut phone = app.phone_of(YUNZE.member(Role::TeamLead)).await;
    phone.intend(IntentBody::CreateSite(CreateSite {
        site_id: SiteId(app.id()),
        customer_id: planned.customer,
        address: "成都市二环路2号".to_owned(),
        scene: "rural".to_owned(),
        geo: None,
        access_note: None,
    }));
    phone.intend(IntentBody::CreateVisit(CreateVisit {
        visit_id: VisitId(app.id()),
        template: TEMPLATE.to_owned(),
        template_version: 1,
        policy_version: 1,
        work_order_id: Some(planned.order),
        customer_id: None,
        site_id: None,
        reason: "the rep is ill".to_owned(),
    }));
    phone
}

#[actix_web::test]
async fn a_team_lead_is_answered_alike_by_a_sync_a_bundle_and_the_office() {
    let app = TestApp::new().await;
    let planned = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await;
    let mut syncs = asking(&app, &planned).await;
    syncs.sync().await;
    let results = || column(&app, "intents", "result");
    assert_eq!(results().await, ["accepted"; 2]);

    let exports = asking(&app, &planned).await;
    upload(&app, Craft::of(&app, &exports).seal(&exports.device.key)).await.expect(200);
    assert_eq!(results().await, ["accepted"; 4]);

    let revoked = asking(&app, &planned).await;
    let path = format!("/v1/devices/{}/revoke", revoked.device.id);
    assert_eq!(app.role(YUNZE, Role::Admin).await.post_empty(path).await.status, 204);
    upload(&app, Craft::of(&app, &revoked).seal(&revoked.device.key)).await.expect(200);
    assert_eq!(results().await.len(), 4, "the office has to look first");
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    for bytes in &revoked.intents {
        let path = format!("/v1/quarantine/{}/{}/redrive", revoked.device.id, Hash::of(bytes));
        assert_eq!(dispatcher.post_empty(path).await.expect(200)["outcome"], "stored");
    }
    assert_eq!(results().await, ["accepted"; 6]);
}
