//! Typed clients: people with tokens, and enrolled devices with keys.
//!
//! Tokens are minted where signing in is not what a test is about: passwords are slow on purpose.

use doorstep::auth::keys::Purpose;
use doorstep::auth::secret::RefreshToken;
use doorstep::auth::token::{self, Subject};
use doorstep::domain::{Role, TokenKind};
use doorstep::ports::{Clock as _, new_id};
use doorstep_store::Txt;
use doorstep_store::devices::{self, DeviceRow};
use doorstep_store::organisations::{SigningKeyRow, insert_signing_key, retire_signing_keys};
use doorstep_store::sessions::{self, RefreshFamilyRow};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sync_core::ids::{DeviceId, OrgId};
use sync_core::jws::{self, Alg, Ed25519PublicKey, Header, P256PublicKey, SigningInput};
use uuid::Uuid;

use crate::app::TestApp;
use crate::call::{Answer, Call};
use crate::company::{Company, Member};

/// A key of a device install.
#[derive(Debug, Clone)]
pub struct DeviceKey(SigningKey);

impl DeviceKey {
    /// Draws a key.
    ///
    /// # Panics
    /// Never in practice: nearly every 32 bytes are a key.
    #[must_use]
    pub fn draw(app: &TestApp) -> Self {
        Self::of(&app.state.random.bytes32())
    }

    /// The key of 32 bytes.
    ///
    /// # Panics
    /// For the few bytes that are no key.
    #[must_use]
    pub fn of(bytes: &[u8; 32]) -> Self {
        Self(SigningKey::from_slice(bytes).expect("32 random bytes are a key"))
    }

    /// The public half.
    ///
    /// # Panics
    /// Never: it is a point of the curve.
    #[must_use]
    pub fn public(&self) -> P256PublicKey {
        P256PublicKey::from_sec1(&self.0.verifying_key().to_sec1_bytes()).expect("a public key")
    }

    /// The public half as a JSON Web Key.
    ///
    /// # Panics
    /// Never: a key is JSON.
    #[must_use]
    pub fn jwk(&self) -> Value {
        serde_json::to_value(self.public()).expect("a key is JSON")
    }

    /// Signs a payload.
    #[must_use]
    pub fn sign(&self, typ: &str, payload: &[u8]) -> String {
        let header = Header { alg: Alg::Es256, kid: self.public().thumbprint(), typ: typ.to_owned() };
        self.finish(&jws::prepare(&header, payload))
    }

    /// Signs what `sync-core` prepared.
    #[must_use]
    pub fn finish(&self, input: &SigningInput) -> String {
        jws::finish(input, &self.signature(input).to_bytes().into())
    }

    /// The bare signature of what `sync-core` prepared.
    #[must_use]
    pub fn signature(&self, input: &SigningInput) -> Signature {
        self.0.sign(input.as_bytes())
    }
}

/// Somebody with or without a token.
#[derive(Debug, Clone)]
pub struct Client<'a> {
    /// The server.
    pub app: &'a TestApp,
    /// Access token.
    pub token: Option<String>,
}

impl Client<'_> {
    /// Sends a request with the token, if there is one.
    pub async fn send(&self, call: Call) -> Answer {
        let call = match &self.token {
            Some(token) => call.bearer(token),
            None => call,
        };
        self.app.send(call).await
    }

    /// GET.
    pub async fn get(&self, path: impl Into<String>) -> Answer {
        self.send(Call::get(path)).await
    }

    /// POST of JSON.
    pub async fn post(&self, path: impl Into<String>, body: Value) -> Answer {
        self.send(Call::post(path).json(&body)).await
    }

    /// POST without a body.
    pub async fn post_empty(&self, path: impl Into<String>) -> Answer {
        self.send(Call::post(path)).await
    }

    /// Signs in with a password.
    pub async fn login(&self, organisation: &str, login: &str, password: &str) -> Answer {
        let body = json!({"organisation": organisation, "login": login, "password": password});
        self.post("/v1/auth/login", body).await
    }
}

/// An enrolled device and its session.
#[derive(Debug, Clone)]
pub struct Device<'a> {
    /// The server.
    pub app: &'a TestApp,
    /// Tenant.
    pub org: OrgId,
    /// Id.
    pub id: DeviceId,
    /// Whose it is.
    pub member: Member,
    /// Its key.
    pub key: DeviceKey,
    /// Access token.
    pub access: String,
    /// Refresh token.
    pub refresh: String,
}

impl<'a> Device<'a> {
    /// The device as a client.
    #[must_use]
    pub fn client(&self) -> Client<'a> {
        self.app.with_token(&self.access)
    }

    /// A nonce of the server.
    ///
    /// # Panics
    /// If the server gives none.
    pub async fn nonce(&self) -> String {
        let answer = self.app.anonymous().post("/v1/auth/nonces", json!({"org_id": self.org})).await;
        answer.expect(201)["nonce"].as_str().expect("a nonce").to_owned()
    }

    /// Answers a nonce.
    #[must_use]
    pub fn assert(&self, nonce: &str, purpose: &str) -> String {
        let payload = json!({"nonce": nonce, "device": self.id, "purpose": purpose});
        self.key.sign(jws::typ::ASSERTION, payload.to_string().as_bytes())
    }

    /// An assertion over a fresh nonce.
    pub async fn assertion(&self, purpose: &str) -> String {
        self.assert(&self.nonce().await, purpose)
    }

    /// Presents a refresh token with a fresh assertion; the device keeps what it had.
    pub async fn present(&self, refresh: &str) -> Answer {
        let body = json!({"refresh_token": refresh, "assertion": self.assertion("refresh").await});
        self.app.anonymous().post("/v1/auth/refresh", body).await
    }

    /// Keeps the tokens of a session.
    ///
    /// # Panics
    /// If the answer is no session.
    pub fn keep(&mut self, session: &Value) {
        session["access_token"].as_str().expect("an access token").clone_into(&mut self.access);
        session["refresh_token"].as_str().expect("a refresh token").clone_into(&mut self.refresh);
    }

    /// Asks for an upload-only token.
    pub async fn upload_token(&self) -> Answer {
        let body = json!({"org_id": self.org, "assertion": self.assertion("upload").await});
        self.app.anonymous().post("/v1/auth/upload-tokens", body).await
    }
}

impl TestApp {
    /// Somebody without a token.
    #[must_use]
    pub const fn anonymous(&self) -> Client<'_> {
        Client { app: self, token: None }
    }

    /// Somebody with this token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Client<'_> {
        Client { app: self, token: Some(token.to_owned()) }
    }

    /// The keys that receipts verify with.
    ///
    /// # Panics
    /// Never: the server's own keys are keys.
    #[must_use]
    pub fn evidence_keys(&self) -> Vec<Ed25519PublicKey> {
        let keys = self.state.keys();
        keys.evidence
            .iter()
            .map(|key| Ed25519PublicKey::from_bytes(&key.public_bytes()).expect("a public key"))
            .collect()
    }

    /// Makes a new evidence key behind the server's back and revokes the one in force, as the command does; gives the
    /// thumbprint of the new one, of which the server has heard by then.
    ///
    /// # Panics
    /// If the server does not show it.
    pub async fn revoke_evidence_key(&self) -> String {
        let (seed, now_ms) = (self.state.random.bytes32(), self.clock.now().0);
        let (kid, public) = Purpose::Evidence.public_half(&seed);
        let row = SigningKeyRow {
            kid: kid.clone(),
            purpose: Purpose::Evidence.as_str().to_owned(),
            public_key: public.to_vec(),
            private_key: seed.to_vec(),
            created_at_ms: now_ms,
            retired_at_ms: None,
            revoked_at_ms: None,
        };
        self.write(move |conn| {
            retire_signing_keys(conn, &row.purpose, now_ms, Some(now_ms))?;
            insert_signing_key(conn, &row)
        })
        .await;
        let shown = self.send(Call::get("/.well-known/evidence-keys.json")).await.expect(200);
        assert!(shown.to_string().contains(&kid), "{shown}");
        kid
    }

    /// A new id of the server's clock and randomness.
    #[must_use]
    pub fn id(&self) -> Uuid {
        new_id(self.clock.now(), &*self.state.random)
    }

    /// The signed-in person of a role.
    pub async fn role(&self, company: Company, role: Role) -> Client<'_> {
        self.signed_in(company.member(role)).await
    }

    /// A person with a fresh session, without a device.
    pub async fn signed_in(&self, member: Member) -> Client<'_> {
        self.with_token(&self.session(member, None, TokenKind::Full).await)
    }

    /// A token of a fresh session; an upload-only token has none.
    ///
    /// # Panics
    /// If the token cannot be minted.
    pub async fn session(&self, member: Member, device: Option<DeviceId>, kind: TokenKind) -> String {
        let family = self.id();
        let session = (kind == TokenKind::Full).then_some(family);
        if session.is_some() {
            let now = self.clock.now();
            let row = RefreshFamilyRow {
                org_id: Txt(member.org),
                id: Txt(family),
                user_id: Txt(member.id),
                device_id: device.map(Txt),
                current_hash: RefreshToken::new(member.org, family, &*self.state.random).hash(),
                previous_hash: None,
                created_at_ms: now.0,
                last_used_at_ms: now.0,
                revoked_at_ms: None,
            };
            self.write(move |conn| sessions::insert_family(conn, &row)).await;
        }
        let subject = Subject { org: member.org, user: member.id, session, device, kind };
        self.mint(&subject)
    }

    /// A token for a subject, valid from now for the configured time.
    ///
    /// # Panics
    /// If the token cannot be minted.
    #[must_use]
    pub fn mint(&self, subject: &Subject) -> String {
        let config = &self.state.config;
        let life = config.auth.access_token_secs;
        token::mint(&self.state.keys(), &config.issuer(), subject, self.clock.now(), life, self.id())
            .expect("a token can be minted")
    }

    /// A device of a person, written straight into the database, with a fresh session.
    pub async fn device_of(&self, member: Member) -> Device<'_> {
        let (id, key, now) = (DeviceId(self.id()), DeviceKey::draw(self), self.clock.now());
        let row = DeviceRow {
            org_id: Txt(member.org),
            id: Txt(id),
            user_id: Txt(member.id),
            name: format!("Phone of {}", member.login),
            kid: key.public().thumbprint(),
            public_key: key.public().to_sec1(),
            state: "active".to_owned(),
            enrolled_at_ms: now.0,
            revoked_at_ms: None,
            last_seen_at_ms: None,
            unsent: 0,
            oldest_unsent_at_ms: None,
            free_bytes: None,
            clock_skew_ms: None,
            order_id: None,
            unsent_visits: None,
            receipts_kept_at_ms: None,
        };
        self.write(move |conn| devices::insert_device(conn, &row)).await;
        let access = self.session(member, Some(id), TokenKind::Full).await;
        Device { app: self, org: member.org, id, member, key, access, refresh: String::new() }
    }

    /// An enrolment code for a person, given by the administrator.
    ///
    /// # Panics
    /// If the server gives none.
    pub async fn enrolment_code(&self, company: Company, member: Member) -> String {
        let admin = self.role(company, Role::Admin).await;
        let answer = admin.post_empty(format!("/v1/users/{}/enrolment-codes", member.id)).await;
        answer.expect(201)["code"].as_str().expect("a code").to_owned()
    }

    /// Enrols a device of a person through the API.
    ///
    /// # Panics
    /// If the server refuses it.
    pub async fn enrol(&self, company: Company, member: Member) -> Device<'_> {
        let code = self.enrolment_code(company, member).await;
        let key = DeviceKey::draw(self);
        let body = json!({"organisation": company.code, "login": member.login, "code": code,
            "name": "Phone", "public_key": key.jwk()});
        let enrolled = self.anonymous().post("/v1/devices/enrol", body).await.expect(201);
        let session = &enrolled["session"];
        let id = session["device_id"].as_str().and_then(|id| id.parse().ok()).expect("a device id");
        let mut device =
            Device { app: self, org: company.org, id, member, key, access: String::new(), refresh: String::new() };
        device.keep(session);
        device
    }
}
