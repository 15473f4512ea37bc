//! Access tokens that are nearly ours.

use doorstep::domain::TokenKind;
use integration_tests::app::TestApp;
use integration_tests::company::{HAOYU, YUNZE};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sync_core::bytes::{from_base64url, to_base64url};

/// A valid token taken apart, and the key to put its changed parts together again.
struct Forge<'a> {
    app: &'a TestApp,
    header: Value,
    claims: Value,
}

impl<'a> Forge<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let token = app.session(YUNZE.rep(), None, TokenKind::Full).await;
        let part = |index: usize| {
            let bytes = from_base64url(token.split('.').nth(index).expect("three parts")).expect("base64url");
            serde_json::from_slice(&bytes).expect("JSON")
        };
        Self { app, header: part(0), claims: part(1) }
    }

    /// Signs any header and claims with the server's own key: only the content can be what is refused.
    fn sign(&self, header: &str, claims: &str) -> String {
        let input = format!("{}.{}", to_base64url(header.as_bytes()), to_base64url(claims.as_bytes()));
        let signature = self.app.state.keys().access_signer().sign(input.as_bytes());
        format!("{input}.{}", to_base64url(&signature))
    }

    fn with_header(&self, name: &str, value: Value) -> String {
        let mut header = self.header.clone();
        header[name] = value;
        self.sign(&header.to_string(), &self.claims.to_string())
    }

    fn with_claim(&self, name: &str, value: Value) -> String {
        let mut claims = self.claims.clone();
        claims[name] = value;
        self.sign(&self.header.to_string(), &claims.to_string())
    }

    fn without(&self, part: &Value, name: &str) -> String {
        let mut part = part.clone();
        part.as_object_mut().expect("an object").remove(name);
        part.to_string()
    }

    async fn assert_refused(&self, what: &str, token: &str) {
        let answer = self.app.with_token(token).get("/v1/me").await;
        assert_eq!(answer.outcome(), (401, "token_invalid".to_owned()), "{what}: {}", answer.text());
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{what}");
    }

    async fn assert_accepted(&self, what: &str, token: &str) {
        let answer = self.app.with_token(token).get("/v1/me").await;
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
    }
}

/// HMAC with SHA-256 (RFC 2104), for keys of at most one block.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let pad = |with: u8| -> Vec<u8> { (0..64).map(|at| key.get(at).copied().unwrap_or(0) ^ with).collect() };
    let inner = Sha256::digest([pad(0x36).as_slice(), message].concat());
    Sha256::digest([pad(0x5c).as_slice(), inner.as_slice()].concat()).to_vec()
}

#[test]
fn the_hmac_is_that_of_rfc_4231() {
    let mac = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
    assert_eq!(sync_core::bytes::to_hex(&mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

#[actix_web::test]
async fn the_forge_makes_good_tokens_too() {
    let app = TestApp::new().await;
    let forge = Forge::new(&app).await;
    let untouched = forge.sign(&forge.header.to_string(), &forge.claims.to_string());
    forge.assert_accepted("untouched", &untouched).await;
    forge.assert_accepted("an unknown claim", &forge.with_claim("note", json!("x"))).await;
}

#[actix_web::test]
async fn algorithms_other_than_ours_are_refused() {
    let app = TestApp::new().await;
    let forge = Forge::new(&app).await;
    for alg in ["none", "None", "NONE", "HS256", "HS512", "RS256", "ES256", "eddsa", "Ed25519", ""] {
        forge.assert_refused(alg, &forge.with_header("alg", json!(alg))).await;
    }
    let claims = to_base64url(forge.claims.to_string().as_bytes());
    let keys = app.state.keys();
    let key = keys.access_signer();
    for alg in ["none", "HS256"] {
        let mut header = forge.header.clone();
        header["alg"] = json!(alg);
        let input = format!("{}.{claims}", to_base64url(header.to_string().as_bytes()));
        forge.assert_refused("unsigned", &format!("{input}.")).await;
        // The classic confusion: the public key taken for a shared secret.
        for secret in [key.public_bytes().to_vec(), to_base64url(&key.public_bytes()).into_bytes(), Vec::new()] {
            let mac = to_base64url(&hmac_sha256(&secret, input.as_bytes()));
            forge.assert_refused("HMAC with the public key", &format!("{input}.{mac}")).await;
        }
    }
}

#[actix_web::test]
async fn headers_that_bring_or_point_to_a_key_are_refused() {
    let app = TestApp::new().await;
    let forge = Forge::new(&app).await;
    let jwk = app.state.keys().access_signer().jwk();
    for (name, value) in [
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/cert")),
        ("x5c", json!(["AAAA"])),
        ("jwk", jwk),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("typ", json!("JWT")),
        ("typ", json!("doorstep-receipt")),
        ("typ", json!(null)),
        ("kid", json!("")),
        ("kid", json!("../../../dev/null")),
        ("kid", json!("' OR 1=1 --")),
        ("kid", json!(["a"])),
        ("kid", json!(null)),
        ("kid", json!(app.state.keys().evidence_signer().kid)),
    ] {
        forge.assert_refused(&format!("{name} {value}"), &forge.with_header(name, value)).await;
    }
    for name in ["typ", "kid", "alg"] {
        let token = forge.sign(&forge.without(&forge.header, name), &forge.claims.to_string());
        forge.assert_refused(&format!("no {name}"), &token).await;
    }
    // Signed by the key of receipts under its own name: a key for another purpose opens nothing.
    let keys = app.state.keys();
    let evidence = keys.evidence_signer();
    let mut header = forge.header.clone();
    header["kid"] = json!(evidence.kid);
    let parts = [header.to_string(), forge.claims.to_string()].map(|part| to_base64url(part.as_bytes()));
    let input = parts.join(".");
    let signature = to_base64url(&evidence.sign(input.as_bytes()));
    forge.assert_refused("signed for evidence", &format!("{input}.{signature}")).await;
}

#[actix_web::test]
async fn claims_of_a_wrong_value_or_type_are_refused() {
    let app = TestApp::new().await;
    let forge = Forge::new(&app).await;
    let exp = forge.claims["exp"].as_i64().expect("exp");
    let faults = [
        ("aud", json!("other-api")),
        ("aud", json!("")),
        ("aud", json!(["doorstep-api"])),
        ("aud", json!(["doorstep-api", "other-api"])),
        ("iss", json!("https://evil.example")),
        ("iss", json!(format!("{}/", app.state.config.issuer()))),
        ("iss", json!([app.state.config.issuer()])),
        ("exp", json!(exp.to_string())),
        ("exp", serde_json::from_str(&format!("{exp}.0")).expect("a float")),
        ("exp", json!([exp])),
        ("exp", json!(null)),
        ("exp", json!(-1)),
        ("nbf", json!("0")),
        ("nbf", json!([0])),
        ("nbf", json!(null)),
        ("sub", json!(HAOYU.rep().id)),
        ("sub", json!("")),
        ("sub", json!([YUNZE.rep().id])),
        ("sub", json!(1)),
        ("org", json!(HAOYU.org)),
        ("org", json!(null)),
        ("kind", json!("admin")),
        ("kind", json!(["full"])),
        ("sid", json!("01955f2c-3000-7000-8000-00000000ffff")),
        ("sid", json!("x")),
        ("dev", json!("01955f2c-3000-7000-8000-00000000ffff")),
        ("jti", json!("x")),
    ];
    for (name, value) in faults {
        forge.assert_refused(&format!("{name} {value}"), &forge.with_claim(name, value)).await;
    }
    for name in ["iss", "aud", "sub", "org", "kind", "iat", "nbf", "exp", "jti"] {
        let token = forge.sign(&forge.header.to_string(), &forge.without(&forge.claims, name));
        forge.assert_refused(&format!("no {name}"), &token).await;
    }
}

#[actix_web::test]
async fn a_full_token_without_a_session_is_refused() {
    let app = TestApp::new().await;
    let forge = Forge::new(&app).await;
    let token = forge.sign(&forge.header.to_string(), &forge.without(&forge.claims, "sid"));
    forge.assert_refused("no sid", &token).await;
}

#[actix_web::test]
async fn duplicate_keys_are_refused() {
    let app = TestApp::new().await;
    let forge = Forge::new(&app).await;
    let doubled = |part: &Value, name: &str| {
        let text = part.to_string();
        format!("{},\"{name}\":{}}}", text.trim_end_matches('}'), part[name])
    };
    for name in ["sub", "org", "exp", "aud", "iss", "kind"] {
        let token = forge.sign(&forge.header.to_string(), &doubled(&forge.claims, name));
        forge.assert_refused(&format!("{name} twice"), &token).await;
    }
    for name in ["alg", "kid", "typ"] {
        let token = forge.sign(&doubled(&forge.header, name), &forge.claims.to_string());
        forge.assert_refused(&format!("header {name} twice"), &token).await;
    }
}

#[actix_web::test]
async fn a_token_lives_to_the_second() {
    let app = TestApp::new().await;
    let forge = Forge::new(&app).await;
    let now = forge.claims["iat"].as_i64().expect("iat");
    forge.assert_refused("expired by a second", &forge.with_claim("exp", json!(now - 1))).await;
    forge.assert_refused("expires now", &forge.with_claim("exp", json!(now))).await;
    forge.assert_accepted("expires in a second", &forge.with_claim("exp", json!(now + 1))).await;
    forge.assert_refused("valid in a second", &forge.with_claim("nbf", json!(now + 1))).await;
    forge.assert_accepted("valid now", &forge.with_claim("nbf", json!(now))).await;
    let token = app.session(YUNZE.rep(), None, TokenKind::Full).await;
    app.clock.advance_secs(899);
    forge.assert_accepted("the last second", &token).await;
    app.clock.advance_secs(1);
    forge.assert_refused("one second later", &token).await;
}

#[actix_web::test]
async fn what_is_no_token_at_all_is_refused() {
    let app = TestApp::new().await;
    let forge = Forge::new(&app).await;
    let good = forge.sign(&forge.header.to_string(), &forge.claims.to_string());
    let parts: Vec<&str> = good.split('.').collect();
    let padded = format!("{good}=");
    let two = parts[..2].join(".");
    let four = format!("{good}.AAAA");
    let long = format!("{}.{}.{}", parts[0], "A".repeat(4096), parts[2]);
    for token in ["", ".", "..", "x", "a.b.c", &padded, &two, &four, &long] {
        forge.assert_refused("no token", token).await;
    }
    for scheme in ["Basic", "bearer ", "Token"] {
        let call = integration_tests::call::Call::get("/v1/me").header("authorization", format!("{scheme} {good}"));
        assert_eq!(app.send(call).await.outcome(), (401, "token_invalid".to_owned()), "{scheme}");
    }
}
