//! Data that are replaced under a running server.

use doorstep_store::restores::begin_epoch;
use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::clock::START;
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::db::with_conn;
use integration_tests::phone::Wire;
use integration_tests::remote::RemotePhone;
use integration_tests::server::{TestServer, send};
use sync_core::ids::EpochId;

const OTHER: EpochId = EpochId::from_bytes([7; 16]);

#[actix_web::test]
async fn no_news_are_told_from_data_of_another_epoch() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    app.write(|conn| begin_epoch(conn, OTHER, START.0)).await;
    let answer = phone.device.client().send(Wire::CBOR.call(&phone.empty_request())).await;
    assert_eq!(answer.outcome(), (503, "busy".to_owned()));
    assert_eq!(app.send(Call::get("/readyz")).await.outcome(), (503, "not_ready".to_owned()));
}

#[test]
fn a_server_under_which_the_data_were_replaced_ends_and_begins_anew_with_them() {
    let mut server = TestServer::start();
    let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
    let ask = phone.empty_request(None);
    assert_ne!(phone.sync(&server, &ask).expect("an answer").epoch, OTHER);
    with_conn(server.database_url(), |conn| begin_epoch(conn, OTHER, START.0)).expect("a new epoch");
    // It may have noticed before it is asked, and be gone.
    if let Ok(answer) = send(server.url(), &phone.sync_call(&ask)) {
        assert_eq!(answer.status, 503, "{}", answer.text());
    }
    assert!(!server.process().wait().success(), "somebody is to look why");
    assert!(server.log().contains("the data were restored or replaced"), "{}", server.log());
    server.gone();
    server.restart();
    assert_eq!(phone.sync(&server, &ask).expect("an answer").epoch, OTHER);
}
