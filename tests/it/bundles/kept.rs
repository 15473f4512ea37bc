//! What an import leaves for the phone, whatever becomes of who brought the bundle or of the key that signed.

use std::future::{Future as _, poll_fn};
use std::sync::mpsc;
use std::task::Poll;

use doorstep::domain::Role;
use doorstep_store::feed::lock_audience;
use doorstep_store::kept_receipts::list_kept_receipts;
use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::company::YUNZE;
use integration_tests::patience::come;
use integration_tests::phone::Wire;
use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::jws;
use sync_core::protocol::SyncRequest;

use super::crafted::{Craft, busy_phone, upload};
use crate::sync::helpers::{day_note, run};

#[actix_web::test]
async fn receipts_that_wait_are_signed_anew_when_their_key_is_revoked() {
    let app = TestApp::new().await;
    let phone = busy_phone(&app).await;
    upload(&app, Craft::of(&app, &phone).seal(&phone.device.key)).await.expect(200);
    let before = phone.exchange(&phone.empty_request()).await.receipts;
    assert_eq!(before.len(), 2);
    let kid = app.revoke_evidence_key().await;
    let after = phone.exchange(&phone.empty_request()).await.receipts;
    let parts = |receipts: &[String]| {
        let parsed = receipts.iter().map(|text| jws::parse(text).expect("a JWS"));
        parsed.map(|parsed| (parsed.header.kid, parsed.payload)).collect::<Vec<_>>()
    };
    let expected: Vec<_> = parts(&before).into_iter().map(|(_, says)| (kid.clone(), says)).collect();
    assert_eq!(parts(&after), expected, "the same words under the new key");
    // The phone tells by their new names that they have arrived.
    let arrived = after.iter().map(|text| Hash::of(text.as_bytes())).collect();
    let told = SyncRequest { arrived, ..phone.empty_request() };
    assert_eq!(phone.exchange(&told).await.receipts, [""; 0]);
}

#[actix_web::test]
async fn an_import_goes_on_after_whoever_brought_the_bundle_has_left() {
    let app = TestApp::new().await;
    let phone = busy_phone(&app).await;
    let (org, device) = (YUNZE.org, phone.device.id);
    let bundle = Craft::of(&app, &phone).seal(&phone.device.key);
    let office = app.role(YUNZE, Role::Dispatcher).await;
    // Nothing can be told to the rep until the test lets go.
    let (go, paused) = mpsc::channel::<()>();
    let (begun, held) = mpsc::channel();
    let (store, audience) = (app.state.store.clone(), format!("u:{}", YUNZE.rep().id));
    let holding = tokio::spawn(async move {
        let hold = move |conn: &mut doorstep_store::Conn| {
            lock_audience(conn, org, &audience)?;
            // The test may be over.
            let _ = begun.send(());
            let _ = paused.recv();
            Ok::<_, doorstep_store::StoreError>(())
        };
        store.write(hold).await
    });
    let is_held = async {
        while held.try_recv().is_err() {
            tokio::task::yield_now().await;
        }
    };
    come("the lock is held", is_held).await;
    let call = Call::post("/v1/bundles").bytes("application/octet-stream", bundle.clone());
    let mut sending = Box::pin(office.send(call));
    // Its first blob is here: all of the bundle was received and found to be in order.
    let is_received = async {
        while !app.state.blobs.exists(org, Hash::of(b"a photo")).await.expect("the storage answers") {
            poll_fn(|context| {
                assert!(sending.as_mut().poll(context).is_pending(), "the import waits for the lock");
                Poll::Ready(())
            })
            .await;
        }
    };
    come("the bundle is received", is_received).await;
    drop(sending);
    go.send(()).expect("it waits for this");
    holding.await.expect("no panic").expect("committed");
    let both = async {
        while app.read(move |conn| list_kept_receipts(conn, org, device, 10)).await.len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    come("the import goes on", both).await;
    let again = upload(&app, bundle).await.expect(200);
    assert_eq!(again["counts"], json!({"duplicate": 2}), "{again}");
}

#[actix_web::test]
async fn what_waits_and_cannot_be_read_keeps_no_push_from_being_acknowledged() {
    let app = TestApp::new().await;
    let mut phone = busy_phone(&app).await;
    upload(&app, Craft::of(&app, &phone).seal(&phone.device.key)).await.expect(200);
    run(&app, "UPDATE kept_receipts SET jws = 'damaged'".to_owned()).await;
    phone.intend(day_note("brought"));
    let answer = phone.exchange(&phone.request()).await;
    phone.take_in(&answer);
    assert!(phone.is_all_sent());
    let asks = phone.device.client().send(Wire::CBOR.call(&phone.empty_request())).await;
    assert_eq!(asks.status, 500, "who brings nothing is told");
    run(&app, "DELETE FROM kept_receipts".to_owned()).await;
    phone.exchange(&phone.empty_request()).await;
}
