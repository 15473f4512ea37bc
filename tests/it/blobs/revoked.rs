//! What a revoked phone uploads: kept, marked in its receipt, listed in quarantine, and counted once the office says so.

use doorstep::domain::{Role, TokenKind};
use doorstep::jobs::{findings, ingest};
use doorstep_store::devices::revoke_device;
use integration_tests::actors::Client;
use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::company::{HAOYU, YUNZE};
use integration_tests::phone::Phone;
use serde_json::{Value, json};
use sync_core::bytes::Hash;
use sync_core::receipt::{HeldReceipt, verify_held};

use crate::custody::{Handed, hand_in, upload};

/// Code of all that a revoked phone brings.
const REVOKED: &str = "device_revoked";

/// Revokes a phone; it has a token that only uploads.
pub async fn revoke(app: &TestApp, phone: &mut Phone<'_>) {
    let (id, now) = (phone.device.id, app.now().0);
    app.write(move |conn| revoke_device(conn, YUNZE.org, id, now)).await;
    phone.device.access = app.session(YUNZE.rep(), Some(id), TokenKind::Upload).await;
    app.clock.advance_secs(60);
}

/// Sends a request about a blob; the receipt of its answer.
async fn receipt_of(app: &TestApp, phone: &Phone<'_>, call: Call) -> HeldReceipt {
    let answer = phone.device.client().send(call).await.expect(200);
    let jws = answer["receipt"].as_str().expect("a receipt");
    verify_held(jws, &app.evidence_keys(), phone.device.org, phone.device.id).expect("of the server").receipt().clone()
}

fn put(bytes: &[u8]) -> Call {
    Call::new("PUT", format!("/v1/blobs/{}", Hash::of(bytes))).bytes("application/octet-stream", bytes)
}

/// What a receipt says of a blob: whether it counts as held, and the code under which it lies in quarantine.
fn said(receipt: &HeldReceipt, bytes: &[u8]) -> (bool, Option<String>) {
    let name = Hash::of(bytes);
    (receipt.blobs.contains(&name), receipt.quarantine_code(&name.to_string()).map(str::to_owned))
}

fn held() -> (bool, Option<String>) {
    (true, None)
}

fn marked() -> (bool, Option<String>) {
    (false, Some(REVOKED.to_owned()))
}

fn path_of(phone: &Phone<'_>, bytes: &[u8]) -> String {
    format!("/v1/quarantine/{}/{}", phone.device.id, Hash::of(bytes))
}

async fn items(office: &Client<'_>, query: &str) -> Vec<Value> {
    let page = office.get(format!("/v1/quarantine?page_size=100&{query}")).await.expect(200);
    page["items"].as_array().expect("items").clone()
}

/// A visit of which a revoked phone brought everything, and its office.
async fn brought_by_a_revoked_phone<'a>(app: &'a TestApp) -> (Phone<'a>, Handed, Vec<Vec<u8>>) {
    app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let of = hand_in(app, &mut phone).await;
    revoke(app, &mut phone).await;
    phone.exchange(&phone.request()).await;
    let bytes: Vec<Vec<u8>> =
        of.photos.iter().map(|(_, bytes)| bytes.clone()).chain(of.parts.iter().cloned()).collect();
    for one in &bytes {
        assert_eq!(said(&receipt_of(app, &phone, put(one)).await, one), marked());
    }
    (phone, of, bytes)
}

async fn redrive(office: &Client<'_>, path: &str) -> Value {
    office.send(Call::post(format!("{path}/redrive"))).await.expect(200)
}

#[actix_web::test]
async fn bytes_that_lie_in_quarantine_as_a_document_are_not_held_as_a_blob() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let bytes = b"neither a change nor a picture";
    revoke(&app, &mut phone).await;
    let pushed = phone.exchange(&phone.pushing(visit, vec![bytes.to_vec()])).await;
    assert_eq!(pushed.acks[0].code.as_deref(), Some(REVOKED));
    assert_eq!(said(&receipt_of(&app, &phone, put(bytes)).await, bytes), marked());
}

#[actix_web::test]
async fn what_a_revoked_phone_uploads_is_kept_marked_and_listed_and_counts_once_it_is_re_driven() {
    let app = TestApp::new().await;
    let (phone, of, bytes) = brought_by_a_revoked_phone(&app).await;
    // Also where the answer was lost, and where the phone asks what has arrived.
    let question = Call::new("PUT", format!("/v1/blobs/{}", Hash::of(&bytes[0])))
        .header("content-range", format!("bytes */{}", bytes[0].len()));
    for call in [put(&bytes[0]), question] {
        assert_eq!(said(&receipt_of(&app, &phone, call).await, &bytes[0]), marked());
    }

    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let listed = items(&dispatcher, "code=device_revoked").await;
    let blobs: Vec<&Value> = listed.iter().filter(|item| item["kind"] == "blob").collect();
    assert_eq!((listed.len(), blobs.len()), (bytes.len() + 2, bytes.len()), "with the document and the form");
    for (path, one) in bytes.iter().map(|one| (path_of(&phone, one), one)) {
        let item = dispatcher.get(&path).await.expect(200);
        assert_eq!(
            (&item["code"], &item["state"], &item["bytes"]),
            (&json!(REVOKED), &json!("open"), &json!(one.len()))
        );
        assert_eq!((&item["remedies"], item.get("visit_id")), (&json!(["redrive"]), None), "{item}");
        let answer = dispatcher.get(format!("{path}/bytes")).await;
        assert_eq!((answer.status, &answer.body), (200, one));
        let foreign = app.role(HAOYU, Role::Dispatcher).await;
        assert_eq!(foreign.get(&path).await.status, 404);
        assert_eq!(foreign.get(format!("{path}/bytes")).await.status, 404);
        assert_eq!(foreign.send(Call::post(format!("{path}/redrive"))).await.status, 404);
        assert_eq!(dispatcher.get(format!("{path}/salvage")).await.outcome(), (409, "state_invalid".to_owned()));
    }
    assert_eq!(app.verified().await.differences, []);

    // The document names the photos, the form its parts; they are there, and count for nothing yet.
    for item in listed.iter().filter(|item| item["kind"] != "blob") {
        let id = item["id"].as_str().expect("an id");
        assert_eq!(
            redrive(&dispatcher, &format!("/v1/quarantine/{}/{id}", phone.device.id)).await["outcome"],
            "stored"
        );
    }
    let missing = async || app.office_again(YUNZE).row(of.visit).await.missing_blobs;
    assert_eq!(missing().await, i64::try_from(bytes.len()).expect("few"));
    let of_visit = items(&dispatcher, &format!("visit_id={}&state=open", of.visit)).await;
    assert_eq!(of_visit.len(), bytes.len(), "they are found by the visit that names them");
    assert!(of_visit.iter().all(|item| item["visit_id"] == json!(of.visit)), "{of_visit:?}");
    let receipt = format!("/v1/visits/{}/receipt", of.visit);
    assert_eq!(dispatcher.get(&receipt).await.outcome(), (409, "evidence_incomplete".to_owned()));
    assert_eq!(app.verified().await.differences, []);

    for (number, one) in bytes.iter().enumerate() {
        assert_eq!(missing().await, i64::try_from(bytes.len() - number).expect("few"));
        let driven = redrive(&dispatcher, &path_of(&phone, one)).await;
        assert_eq!((&driven["outcome"], &driven["item"]["state"]), (&json!("stored"), &json!("redriven")), "{driven}");
        let again = dispatcher.send(Call::post(format!("{}/redrive", path_of(&phone, one)))).await;
        assert_eq!(again.outcome(), (409, "state_invalid".to_owned()));
    }
    assert_eq!(missing().await, 0);
    dispatcher.get(&receipt).await.expect(200);
    ingest::run_due(&app.state).await.expect("nothing to be made");
    findings::run_due(&app.state).await.expect("looked at");
    assert_eq!(app.verified().await.differences, []);
    // The phone, which brings it once more, may now drop it.
    assert_eq!(said(&receipt_of(&app, &phone, put(&bytes[0])).await, &bytes[0]), held());
}

#[actix_web::test]
async fn what_came_before_the_revocation_counts_as_before_though_it_comes_once_more() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let of = hand_in(&app, &mut phone).await;
    phone.sync().await;
    let (first, second) = (&of.photos[0].1, &of.photos[1].1);
    for part in &of.parts {
        upload(&phone, part).await;
    }
    assert_eq!(said(&receipt_of(&app, &phone, put(first)).await, first), held());
    revoke(&app, &mut phone).await;
    assert_eq!(said(&receipt_of(&app, &phone, put(first)).await, first), held());
    assert_eq!(said(&receipt_of(&app, &phone, put(second)).await, second), marked());
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let open: Vec<Value> = items(&dispatcher, "").await.iter().map(|item| item["id"].clone()).collect();
    assert_eq!(open, [json!(Hash::of(second))]);
    assert_eq!(app.office_again(YUNZE).row(of.visit).await.missing_blobs, 1);
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn what_another_phone_brings_too_counts_and_the_item_of_the_revoked_one_is_settled_by_the_office() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let of = hand_in(&app, &mut phone).await;
    phone.sync().await;
    for part in &of.parts {
        upload(&phone, part).await;
    }
    let (first, second) = (&of.photos[0].1, &of.photos[1].1);
    let mut other = app.phone_of(YUNZE.rep()).await;
    revoke(&app, &mut phone).await;
    upload(&other, first).await;
    for one in [first, second] {
        assert_eq!(said(&receipt_of(&app, &phone, put(one)).await, one), marked());
    }
    let missing = async || app.office_again(YUNZE).row(of.visit).await.missing_blobs;
    assert_eq!(missing().await, 1, "a revoked phone takes nothing from what another brought");
    assert_eq!(said(&receipt_of(&app, &other, put(second)).await, second), held());
    assert_eq!(missing().await, 0);

    // The rep's other phone is told of both items.
    other.sync().await;
    let key = |one: &[u8]| format!("{}/{}", phone.device.id, Hash::of(one));
    for one in [first, second] {
        let row = other.row("quarantine", key(one));
        assert_eq!((&row["kind"], &row["state"], &row["code"]), (&json!("blob"), &json!("open"), &json!(REVOKED)));
    }
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let dismissed = Call::post(format!("{}/dismiss", path_of(&phone, first))).json(&json!({"remark": "it is here"}));
    assert_eq!(dispatcher.send(dismissed).await.expect(200)["state"], "dismissed");
    assert_eq!(redrive(&dispatcher, &path_of(&phone, second)).await["outcome"], "duplicate");
    other.sync().await;
    assert_eq!(other.row("quarantine", key(first))["state"], "dismissed");
    assert_eq!(other.row("quarantine", key(second))["state"], "redriven");
    assert_eq!(missing().await, 0);
    assert_eq!(app.verified().await.differences, []);
}
