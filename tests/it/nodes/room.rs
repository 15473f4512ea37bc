//! The quota of an organisation, while another transaction takes what is left of it.

use diesel::connection::SimpleConnection as _;
use integration_tests::actors::Device;
use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::company::YUNZE;

use super::meeting::{connect, meeting, pause};
use crate::uploads::{creation, deferred};

/// Outcomes of a request that is paused before its commit, and of one that comes meanwhile.
async fn outcomes(app: &TestApp, device: &Device<'_>, first: Call, second: Call) -> [(u16, String); 2] {
    let client = device.client();
    let (first, second) = Box::pin(meeting(app, client.send(first), client.send(second))).await;
    [first.outcome(), second.outcome()]
}

#[actix_web::test]
async fn what_another_transaction_is_just_announcing_counts_for_the_quota() {
    let app = TestApp::configured(|config| {
        config.limits.org_storage_bytes = 20;
        config.limits.blob_bytes = 12;
    })
    .await;
    let device = app.device_of(YUNZE.rep()).await;
    pause(&app, "INSERT OR UPDATE ON uploads", "WHEN (NEW.length_bytes = 12)");
    let refused = (507, "storage_quota".to_owned());

    let met = outcomes(&app, &device, creation(12), creation(11)).await;
    assert_eq!(met, [(201, String::new()), refused.clone()], "one room for two that begin");
    connect(&app).batch_execute("DELETE FROM uploads").expect("room again");
    let met = outcomes(&app, &device, creation(12), deferred()).await;
    assert_eq!(met, [(201, String::new()), refused], "of whom one does not say its size");
}
