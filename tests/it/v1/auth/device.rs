//! Upload-only tokens, sign-out, revocation

use doorstep::domain::operation::Access;
use doorstep::domain::{Operation, Role};
use doorstep_store::devices;
use integration_tests::app::TestApp;
use integration_tests::company::{HAOYU, PASSWORD, YUNZE};
use integration_tests::contract::Contract;
use serde_json::json;

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[actix_web::test]
async fn an_upload_token_opens_only_device_operations() {
    let app = TestApp::new().await;
    let device = app.enrol(YUNZE, YUNZE.rep()).await;
    let session = device.upload_token().await.expect(201);
    assert_eq!((&session["device_id"], session.get("refresh_token")), (&json!(device.id), None));
    let client = app.with_token(session["access_token"].as_str().expect("a token"));
    for operation in Operation::ALL.iter().filter(|operation| operation.row().access != Access::Public) {
        let row = operation.row();
        let documented = Contract::current().operation(row.id);
        let path = documented.path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
        let path: Vec<&str> = path.collect();
        let answer = client.send(integration_tests::call::Call::new(&documented.method, path.join("/"))).await;
        let is_open = answer.code().as_deref() != Some("forbidden");
        assert_eq!(is_open, row.access == Access::Device, "{}: {}", row.id, answer.text());
    }
}

#[actix_web::test]
async fn an_assertion_works_once_for_its_purpose_and_device_until_its_nonce_ends() {
    let app = TestApp::new().await;
    let device = app.enrol(YUNZE, YUNZE.rep()).await;
    let other = app.enrol(YUNZE, YUNZE.colleague()).await;
    let foreign = app.enrol(HAOYU, HAOYU.rep()).await;
    let ask = async |assertion: String| {
        let body = json!({"org_id": YUNZE.org, "assertion": assertion});
        app.anonymous().post("/v1/auth/upload-tokens", body).await.outcome()
    };
    let invalid = refused(401, "assertion_invalid");

    let once = device.assertion("upload").await;
    assert_eq!(ask(once.clone()).await, (201, String::new()));
    assert_eq!(ask(once).await, invalid, "the nonce was used up");
    assert_eq!(ask(device.assertion("refresh").await).await, invalid, "another purpose");
    assert_eq!(ask(device.assert("AAAA", "upload")).await, invalid, "no nonce of ours");
    assert_eq!(ask(foreign.assertion("upload").await).await, invalid, "another organisation");
    let mut forged = device.clone();
    forged.key = other.key.clone();
    assert_eq!(ask(forged.assertion("upload").await).await, invalid, "another key");
    let payload = json!({"nonce": device.nonce().await, "device": device.id, "purpose": "upload"}).to_string();
    let mistyped = device.key.sign("doorstep-statement", payload.as_bytes());
    assert_eq!(ask(mistyped).await, invalid, "another typ");
    for garbage in ["", "a.b.c", "....", "é.é.é"] {
        assert_eq!(ask(garbage.to_owned()).await, invalid, "{garbage}");
    }

    let late = device.assertion("upload").await;
    app.clock.advance_secs(300);
    assert_eq!(ask(late).await, invalid, "the nonce has ended");
    let in_time = device.assertion("upload").await;
    app.clock.advance_secs(299);
    assert_eq!(ask(in_time).await, (201, String::new()));
}

#[actix_web::test]
async fn signing_out_ends_the_session_and_strands_nothing() {
    let app = TestApp::new().await;
    let device = app.enrol(YUNZE, YUNZE.rep()).await;
    device.client().post_empty("/v1/auth/sign-out").await.expect(204);
    assert_eq!(device.client().get("/v1/me").await.outcome(), refused(401, "token_invalid"));
    assert_eq!(device.present(&device.refresh).await.outcome(), refused(401, "refresh_invalid"));
    device.upload_token().await.expect(201);
}

#[actix_web::test]
async fn signing_out_at_the_office_ends_that_sign_in_and_no_other() {
    let app = TestApp::new().await;
    let sign_in = || async {
        let session = app.anonymous().login("yunze", "dispatcher", PASSWORD).await.expect(200);
        let text = |name: &str| session[name].as_str().expect("a token").to_owned();
        (text("access_token"), text("refresh_token"))
    };
    let refresh = |token: String| {
        let app = &app;
        async move { app.anonymous().post("/v1/auth/refresh", json!({"refresh_token": token})).await }
    };
    let ((access, token), (other_access, other_token)) = (sign_in().await, sign_in().await);
    app.with_token(&access).post_empty("/v1/auth/sign-out").await.expect(204);
    assert_eq!(app.with_token(&access).get("/v1/me").await.outcome(), refused(401, "token_invalid"));
    assert_eq!(refresh(token).await.outcome(), refused(401, "refresh_invalid"));
    app.with_token(&other_access).get("/v1/me").await.expect(200);
    refresh(other_token).await.expect(200);
}

#[actix_web::test]
async fn revoking_ends_reading_at_once_and_is_repeatable() {
    let app = TestApp::new().await;
    let device = app.enrol(YUNZE, YUNZE.rep()).await;
    let other = app.enrol(YUNZE, YUNZE.colleague()).await;
    let admin = app.role(YUNZE, Role::Admin).await;
    let path = format!("/v1/devices/{}/revoke", device.id);
    admin.post_empty(&path).await.expect(204);
    assert_eq!(device.client().get("/v1/me").await.outcome(), refused(401, "token_invalid"));
    assert_eq!(device.present(&device.refresh).await.outcome(), refused(401, "refresh_invalid"));
    device.upload_token().await.expect(201);
    other.client().get("/v1/me").await.expect(200);

    let revoked_at = async || {
        let listed = admin.get("/v1/devices").await.expect(200);
        let items = listed["items"].as_array().expect("devices").clone();
        items.into_iter().find(|item| item["id"] == json!(device.id)).expect("listed")["revoked_at"].clone()
    };
    let first = revoked_at().await;
    app.clock.advance_secs(60);
    admin.post_empty(&path).await.expect(204);
    assert_eq!((first, revoked_at().await), (json!("2025-03-04T02:00:00.000Z"), json!("2025-03-04T02:00:00.000Z")));
}

#[actix_web::test]
async fn a_person_is_out_as_soon_as_the_account_is_off() {
    let app = TestApp::new().await;
    let client = app.signed_in(YUNZE.disabled()).await;
    assert_eq!(client.get("/v1/me").await.outcome(), refused(401, "token_invalid"));
}

#[actix_web::test]
async fn a_revocation_stays_whatever_comes_after_it() {
    let app = TestApp::new().await;
    let device = app.device_of(YUNZE.rep()).await;
    let (org, id) = (YUNZE.org, device.id);
    // A sign-out that was on its way when the office revoked the phone, and a second revocation.
    app.write(move |conn| {
        devices::revoke_device(conn, org, id, 1_000)?;
        devices::sign_out_device(conn, org, id)?;
        devices::revoke_device(conn, org, id, 2_000)
    })
    .await;
    let row = app.read(move |conn| devices::find_device(conn, org, id)).await.expect("the device");
    assert_eq!((row.state.as_str(), row.revoked_at_ms), ("revoked", Some(1_000)));
}
