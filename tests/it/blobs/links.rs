//! Links to copies of photos: what they show, to whom, and how long.

use doorstep::app::installation::reload_keys;
use doorstep::auth::keys::{Purpose, ServerKey};
use doorstep::domain::Role;
use doorstep_store::audit::list_audit_events;
use doorstep_store::organisations::{insert_signing_key, retire_signing_keys};
use integration_tests::actors::Client;
use integration_tests::app::TestApp;
use integration_tests::call::{Answer, Call};
use integration_tests::company::{HAOYU, YUNZE};
use serde_json::{Value, json};
use sync_core::bytes::{Hash, from_base64url, to_base64url};
use sync_core::time::UnixMillis;

use super::with_photo;

async fn ask(client: &Client<'_>, items: &Value) -> Answer {
    client.post("/v1/photos/links", json!({ "items": items })).await
}

/// The path of a link to a thumbnail, if the asker gets one.
async fn link(client: &Client<'_>, name: Hash) -> Option<String> {
    let out = ask(client, &json!([{"sha256": name, "copy": "thumbnail"}])).await.expect(200);
    out["items"][0]["path"].as_str().map(str::to_owned)
}

#[actix_web::test]
async fn a_link_shows_its_copy_without_a_token_as_the_copy_is_shown_with_one() {
    let app = TestApp::new().await;
    let (phone, photo) = with_photo(&app).await;
    let (name, absent) = (Hash::of(&photo), Hash([9; 32]));
    let client = phone.device.client();
    let wanted = json!([{"sha256": name, "copy": "thumbnail"}, {"sha256": absent, "copy": "preview"},
        {"sha256": name, "copy": "preview"}]);
    let out = ask(&client, &wanted).await.expect(200);
    assert_eq!(out["items"].as_array().map(Vec::len), Some(3));
    let looks = app.read(|conn| list_audit_events(conn, YUNZE.org, "photo-links", 10)).await;
    let [look] = looks.as_slice() else { panic!("{looks:?}") };
    let seen: Value = serde_json::from_str(&look.detail).expect("JSON");
    assert_eq!((look.kind.as_str(), &seen["photos"]), ("record.read", &json!([name])), "what is shown, once");
    assert_eq!(out["items"][1], json!({"sha256": absent, "copy": "preview"}), "absent, and no more is said");
    for (item, copy) in [(&out["items"][0], "thumbnail"), (&out["items"][2], "preview")] {
        let path = item["path"].as_str().expect("a path");
        assert!(!path.contains(&YUNZE.rep().id.to_string()) && !path.contains(&YUNZE.org.to_string()), "{path}");
        let expires = UnixMillis::from_rfc3339(item["expires_at"].as_str().expect("an end")).expect("an instant");
        let left = expires.0 - app.now().0;
        assert!((5 * 60_000..=10 * 60_000).contains(&left), "{left}");
        let (linked, shown) = (app.anonymous().get(path).await, client.get(format!("/v1/blobs/{name}/{copy}")).await);
        assert_eq!((linked.status, &linked.body), (200, &shown.body), "{copy}");
        for header in [
            "content-type",
            "content-disposition",
            "cache-control",
            "etag",
            "x-content-type-options",
            "content-security-policy",
        ] {
            assert_eq!(linked.header(header), shown.header(header), "{header}");
        }
        let etag = linked.header("etag").expect("a tag").to_owned();
        let again = app.anonymous().send(Call::get(path).header("if-none-match", etag)).await;
        assert_eq!((again.status, again.body.len()), (304, 0));
        let part = app.anonymous().send(Call::get(path).header("range", "bytes=0-1")).await;
        assert_eq!((part.status, &part.body[..]), (206, &[0xFF, 0xD8][..]));
    }
}

#[actix_web::test]
async fn who_does_not_see_a_photo_gets_no_link_to_it() {
    let app = TestApp::new().await;
    let (phone, photo) = with_photo(&app).await;
    let name = Hash::of(&photo);
    assert!(link(&phone.device.client(), name).await.is_some());
    for (member, sees) in [
        (YUNZE.member(Role::Dispatcher), true),
        (YUNZE.member(Role::CsAgent), true),
        (YUNZE.member(Role::TeamLead), true),
        (YUNZE.colleague(), false),
        (YUNZE.stranger(), false),
        (YUNZE.member(Role::Reviewer), false),
        (HAOYU.rep(), false),
        (HAOYU.member(Role::Dispatcher), false),
    ] {
        let client = app.signed_in(member).await;
        assert_eq!(link(&client, name).await.is_some(), sees, "{} of {}", member.login, member.org);
    }
    let refused = ask(&app.role(YUNZE, Role::Admin).await, &json!([{"sha256": name, "copy": "preview"}])).await;
    assert_eq!(refused.outcome(), (403, "forbidden".to_owned()));
}

#[actix_web::test]
async fn a_link_ends_and_says_so_and_what_is_no_link_is_absent() {
    let app = TestApp::new().await;
    let (phone, photo) = with_photo(&app).await;
    let path = link(&phone.device.client(), Hash::of(&photo)).await.expect("a link");
    let text = path.rsplit('/').next().expect("a text");
    let bytes = from_base64url(text).expect("base64url");
    for at in [0, 1, 2, 9, 10, 26, bytes.len() - 1] {
        let mut other = bytes.clone();
        other[at] ^= 1;
        let answer = app.anonymous().get(format!("/v1/photos/links/{}", to_base64url(&other))).await;
        assert_eq!(answer.outcome(), (404, "not_found".to_owned()), "byte {at}");
    }
    for odd in ["x", "AAAA", "..", "%20"] {
        assert_eq!(app.anonymous().get(format!("/v1/photos/links/{odd}")).await.status, 404, "{odd}");
    }
    app.clock.advance_secs(4 * 60 + 59);
    assert_eq!(app.anonymous().get(&path).await.status, 200);
    app.clock.advance_secs(5 * 60 + 1);
    assert_eq!(app.anonymous().get(&path).await.outcome(), (410, "link_expired".to_owned()));
}

#[actix_web::test]
async fn too_many_or_no_photos_are_refused() {
    let app = TestApp::new().await;
    let client = app.role(YUNZE, Role::Dispatcher).await;
    let item = json!({"sha256": Hash([9; 32]), "copy": "preview"});
    for (count, outcome) in [(0, Some("invalid")), (1, None), (200, None), (201, Some("invalid"))] {
        let answer = ask(&client, &vec![item.clone(); count].into()).await;
        assert_eq!(answer.code().as_deref(), outcome, "{count}");
    }
    let original = ask(&client, &json!([{"sha256": Hash([9; 32]), "copy": "original"}])).await;
    assert_eq!(original.outcome(), (400, "body_invalid".to_owned()), "there are none to originals");
}

#[actix_web::test]
async fn a_link_outlives_the_change_of_the_key_but_not_its_revocation() {
    let app = TestApp::new().await;
    let (phone, photo) = with_photo(&app).await;
    let change = async |seed: u8, revoked: bool| {
        let now_ms = app.now().0;
        app.write(move |conn| {
            retire_signing_keys(conn, Purpose::Access.as_str(), now_ms, revoked.then_some(now_ms))?;
            let key = ServerKey::from_seed(&[seed; 32], now_ms, None);
            insert_signing_key(
                conn,
                &doorstep_store::organisations::SigningKeyRow {
                    kid: key.kid.clone(),
                    purpose: Purpose::Access.as_str().to_owned(),
                    public_key: key.public_bytes().to_vec(),
                    private_key: key.seed().to_vec(),
                    created_at_ms: now_ms,
                    retired_at_ms: None,
                    revoked_at_ms: None,
                },
            )
        })
        .await;
    };
    let retired = link(&phone.device.client(), Hash::of(&photo)).await.expect("a link");
    change(1, false).await;
    reload_keys(&app.state).await.expect("read");
    let revoked = link(&phone.device.client(), Hash::of(&photo)).await.expect("a link");
    assert_ne!(retired, revoked);
    for path in [&retired, &revoked] {
        assert_eq!(app.anonymous().get(path).await.status, 200);
    }
    change(2, true).await;
    reload_keys(&app.state).await.expect("read");
    assert_eq!(app.anonymous().get(&retired).await.status, 200, "retired keys vouch for what they signed");
    let path = revoked;
    assert_eq!(app.anonymous().get(&path).await.outcome(), (404, "not_found".to_owned()));
}
