//! Data that are replaced under a running server.

use doorstep_store::restores::{NewEpoch, begin_epoch};
use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::clock::START;
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::db::with_conn;
use integration_tests::phone::Wire;
use integration_tests::remote::RemotePhone;
use integration_tests::server::{TestServer, send};
use sync_core::ids::EpochId;
use sync_core::protocol::{Cursor, Outcome};

use crate::sync::helpers::{counts, run_at, with_the_next_changes, without_changes};
use crate::sync::writer::Writer;

const OTHER: EpochId = EpochId::from_bytes([7; 16]);

const RESTORED: NewEpoch = NewEpoch { id: OTHER, created_at_ms: START.0, backup_made_at_ms: START.0 };

#[actix_web::test]
async fn no_news_are_told_from_data_of_another_epoch() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    app.write(|conn| begin_epoch(conn, &RESTORED)).await;
    let answer = phone.device.client().send(Wire::CBOR.call(&phone.empty_request())).await;
    assert_eq!(answer.outcome(), (503, "busy".to_owned()));
    assert_eq!(app.send(Call::get("/readyz")).await.outcome(), (503, "not_ready".to_owned()));
}

#[actix_web::test]
async fn limits_are_named_to_who_comes_without_a_cursor_or_with_one_of_another_epoch() {
    let app = TestApp::configured(|config| config.limits.sync_encoded_bytes = 1 << 20).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let mut named = Vec::new();
    for other in [None, Some(Cursor::start(OTHER).encode().expect("a cursor"))] {
        phone.cursor = other;
        for _ in 0..2 {
            named.push(phone.round().await.limits.get("sync_encoded_bytes").copied());
        }
    }
    assert_eq!(named, [Some(1 << 20), None].repeat(2));
}

#[actix_web::test]
async fn what_comes_into_data_of_another_epoch_is_refused_before_anything_is_written() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    phone.tick(visit, "kit/a", true);
    app.write(|conn| begin_epoch(conn, &RESTORED)).await;
    let before = counts(&app).await;
    let answer = phone.device.client().send(Wire::CBOR.call(&phone.request())).await;
    assert_eq!(answer.outcome(), (503, "busy".to_owned()));
    assert_eq!(counts(&app).await, before);
}

#[test]
fn no_receipt_is_given_where_the_data_were_replaced_once_a_push_was_stored() {
    let mut server = TestServer::start();
    let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
    let request = Writer::new("stored in data that are no more").next(&phone);
    run_at(server.database_url(), &with_the_next_changes(&format!("UPDATE store_epoch SET id = '{OTHER}'")));
    let answer = send(server.url(), &phone.sync_call(&request)).expect("an answer");
    assert_eq!(answer.outcome(), (503, "busy".to_owned()), "the phone is to keep all of it");
    assert!(!server.process().wait().success());
    server.gone();
    run_at(server.database_url(), &without_changes());
    server.restart();
    // The same request again, as a phone sends what was not answered.
    let answer = phone.sync(&server, &request).expect("an answer");
    assert_eq!((answer.epoch, answer.receipts.len()), (OTHER, 1));
    assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Duplicate), "{:?}", answer.acks);
}

#[test]
fn a_server_under_which_the_data_were_replaced_ends_and_begins_anew_with_them() {
    let mut server = TestServer::start();
    let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
    let ask = phone.empty_request(None);
    assert_ne!(phone.sync(&server, &ask).expect("an answer").epoch, OTHER);
    with_conn(server.database_url(), |conn| begin_epoch(conn, &RESTORED)).expect("a new epoch");
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
