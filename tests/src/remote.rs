//! An enrolled phone of a server over TCP: only what kill tests need.
//!
//! Knows no store: tests keep the requests they sent.

use doorstep::app::norms;
use doorstep_store::feed::FeedBatch;
use doorstep_store::norms::find_policy;
use serde_json::{Value, json};
use sync_core::bundle::{BundleSeal, ItemKind, Manifest, Packer, Sealer};
use sync_core::bytes::{Blob, Hash};
use sync_core::doc::VisitDoc;
use sync_core::ids::{BatchId, BundleId, DeviceId, IntentId, OrgId, UserId, VisitId};
use sync_core::intent::body::{CreateVisit, DayNote};
use sync_core::intent::{Intent, IntentBody};
use sync_core::jws;
use sync_core::merge;
use sync_core::protocol::codec::{self, Encoding};
use sync_core::protocol::seal::{BatchContent, prepare_batch_seal};
use sync_core::protocol::{SyncRequest, SyncResponse};
use sync_core::time::Stamp;

use crate::actors::DeviceKey;
use crate::builders::TEMPLATE;
use crate::call::Call;
use crate::clock::START;
use crate::company::{Company, Member};
use crate::db::with_conn;
use crate::form::{Form, Signing};
use crate::phone::Wire;
use crate::server::{TestServer, send};

/// A phone of a server in another process.
#[derive(Debug, Clone)]
pub struct RemotePhone {
    org: OrgId,
    device: DeviceId,
    user: UserId,
    key: DeviceKey,
    access: String,
    refresh: String,
}

/// Sixteen bytes that a test can name again.
pub(crate) fn bytes16(name: &str) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Hash::of(name.as_bytes()).0[..16]);
    // Version and variant of a UUIDv7.
    bytes[6] = (bytes[6] & 0x0f) | 0x70;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    bytes
}

fn post(server: &TestServer, path: &str, token: Option<&str>, body: &Value) -> Value {
    let call = Call::post(path).json(body);
    let call = token.map_or_else(|| call.clone(), |token| call.clone().bearer(token));
    let answer = server.send(&call);
    assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
    answer.json()
}

/// Publishes the company's templates, policy and calendar, once.
fn publish_norms(server: &TestServer, company: Company) {
    with_conn(server.database_url(), |conn| {
        if find_policy(conn, company.org, 1).expect("the norms can be read").is_some() {
            return;
        }
        let mut batch = FeedBatch::new();
        norms::seed_norms(conn, &mut batch, company.org, START).expect("the norms are published");
        batch.publish(conn, company.org).expect("the feed moves");
    });
}

/// A code with which a person enrols a phone; the administrator gives it once the norms are published.
///
/// # Panics
/// If the server refuses.
#[must_use]
pub fn enrolment_code(server: &TestServer, company: Company, member: Member, password: &str) -> String {
    enrolment_codes(server, company, &[member], password).remove(0)
}

/// As [`enrolment_code`], for several people.
pub(crate) fn enrolment_codes(
    server: &TestServer,
    company: Company,
    members: &[Member],
    password: &str,
) -> Vec<String> {
    publish_norms(server, company);
    let admin = sign_in(server, company, "admin", password);
    members.iter().map(|member| further_code(server, &admin, member)).collect()
}

fn further_code(server: &TestServer, admin: &str, member: &Member) -> String {
    let path = format!("/v1/users/{}/enrolment-codes", member.id);
    let code = post(server, &path, Some(admin), &Value::Null);
    code["code"].as_str().expect("a code").to_owned()
}

/// The access token of somebody of the office who signs in with a password.
///
/// # Panics
/// If the server refuses.
#[must_use]
pub fn sign_in(server: &TestServer, company: Company, login: &str, password: &str) -> String {
    let body = json!({"organisation": company.code, "login": login, "password": password});
    post(server, "/v1/auth/login", None, &body)["access_token"].as_str().expect("a token").to_owned()
}

impl RemotePhone {
    /// Enrols a phone of a person, with a code that the administrator gives; the office has published its norms.
    ///
    /// # Panics
    /// If the server refuses.
    #[must_use]
    pub fn enrol(server: &TestServer, company: Company, member: Member, password: &str) -> Self {
        Self::enrol_named(server, company, member, password, "the key of a remote phone")
    }

    /// As [`Self::enrol`], for one of several phones; the name makes its key.
    ///
    /// # Panics
    /// If the server refuses.
    #[must_use]
    pub fn enrol_named(server: &TestServer, company: Company, member: Member, password: &str, name: &str) -> Self {
        let code = enrolment_code(server, company, member, password);
        Self::enrol_with(server, company, member, &code, name)
    }

    /// Enrols one more phone, with a name of its own.
    ///
    /// # Panics
    /// If the server refuses.
    #[must_use]
    pub fn enrol_further(server: &TestServer, company: Company, member: Member, password: &str, name: &str) -> Self {
        let code = further_code(server, &sign_in(server, company, "admin", password), &member);
        Self::enrol_with(server, company, member, &code, name)
    }

    fn enrol_with(server: &TestServer, company: Company, member: Member, code: &str, name: &str) -> Self {
        let key = DeviceKey::of(&Hash::of(name.as_bytes()).0);
        let enrol = json!({"organisation": company.code, "login": member.login, "code": code,
            "name": "Phone", "public_key": key.jwk()});
        let session = post(server, "/v1/devices/enrol", None, &enrol)["session"].clone();
        let text = |name: &str| session[name].as_str().expect("a text").to_owned();
        let device = text("device_id").parse().expect("a device id");
        let (access, refresh) = (text("access_token"), text("refresh_token"));
        Self { org: company.org, device, user: member.id, key, access, refresh }
    }

    /// Its id.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.device
    }

    /// Renews its session: the nonce from one server, the exchange at another.
    ///
    /// # Panics
    /// If a server refuses.
    pub fn renew(&mut self, nonces: &str, exchange: &str) {
        let ask = |url: &str, path: &str, body: &Value, status: u16| {
            send(url, &Call::post(path).json(body)).unwrap_or_else(|error| panic!("{error}")).expect(status)
        };
        let nonce = ask(nonces, "/v1/auth/nonces", &json!({"org_id": self.org}), 201)["nonce"].clone();
        let payload = json!({"nonce": nonce, "device": self.device, "purpose": "refresh"});
        let assertion = self.key.sign(jws::typ::ASSERTION, payload.to_string().as_bytes());
        let body = json!({"refresh_token": self.refresh, "assertion": assertion});
        let session = ask(exchange, "/v1/auth/refresh", &body, 200);
        session["access_token"].as_str().expect("an access token").clone_into(&mut self.access);
        session["refresh_token"].as_str().expect("a refresh token").clone_into(&mut self.refresh);
    }

    /// Its access token.
    #[must_use]
    pub fn access(&self) -> &str {
        &self.access
    }

    /// The bytes of an intent that makes a visit.
    ///
    /// # Panics
    /// Never: an intent is plain JSON.
    #[must_use]
    pub fn create_visit(&self, name: &str) -> Vec<u8> {
        let body = CreateVisit {
            visit_id: Self::visit(name),
            template: TEMPLATE.to_owned(),
            template_version: 1,
            policy_version: 1,
            work_order_id: None,
            customer_id: None,
            site_id: None,
            reason: "on the way".to_owned(),
        };
        let (id, at) = (Self::intent(name), Self::stamp());
        let intent = Intent { id, at, by: self.user, base_version: None, body: IntentBody::CreateVisit(body) };
        intent.to_bytes().expect("plain JSON")
    }

    /// The person.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// A visit id that a test can name again.
    #[must_use]
    pub fn visit(name: &str) -> VisitId {
        VisitId::from_bytes(bytes16(name))
    }

    /// An intent id that a test can name again.
    #[must_use]
    pub fn intent(name: &str) -> IntentId {
        IntentId::from_bytes(bytes16(name))
    }

    /// A stamp of the instant at which tests begin.
    #[must_use]
    pub fn stamp() -> Stamp {
        Stamp { wall_ms: START.0, mono_ms: 5, boot_id: "0123ABCD".to_owned(), off_ms: Some(0), err_ms: Some(9) }
    }

    /// A request with nothing in it.
    #[must_use]
    pub fn empty_request(&self, cursor: Option<String>) -> SyncRequest {
        SyncRequest {
            protocol: 1,
            device_id: self.device,
            batch_id: BatchId::from_bytes(bytes16("batch")),
            cursor,
            max_bytes: 1 << 20,
            docs: Vec::new(),
            intents: Vec::new(),
            statements: Vec::new(),
            blobs: Vec::new(),
            arrived: Vec::new(),
            receipts: Vec::new(),
            device_state: None,
            seal: None,
        }
    }

    /// The bytes of a note of the day.
    ///
    /// # Panics
    /// Never: an intent is plain JSON.
    #[must_use]
    pub fn day_note(&self, text: &str) -> Vec<u8> {
        let body = DayNote { date: "2025-03-04".to_owned(), visit_id: None, text: text.to_owned() };
        let (id, at) = (Self::intent(text), Self::stamp());
        let intent = Intent { id, at, by: self.user, base_version: None, body: IntentBody::DayNote(body) };
        intent.to_bytes().expect("plain JSON")
    }

    /// A form that the customer signs under what a document says; the name makes its random numbers.
    ///
    /// # Panics
    /// If the document lacks what the form is made of.
    #[must_use]
    pub fn sign_form(&self, doc: &VisitDoc, name: &str) -> Form {
        let template = norms::product_templates().find(|template| template.code == TEMPLATE).expect("a template");
        let signing = Signing {
            org: self.org,
            device: self.device,
            rep: self.user,
            key: &self.key,
            template: &template,
            policy_version: 1,
            number: None,
            view: &merge::view(doc),
            at: Self::stamp(),
        };
        let mut drawn = 0;
        signing.sign(&mut || {
            drawn += 1;
            Hash::of(format!("{drawn} of {name}").as_bytes()).0
        })
    }

    /// A sealed request that pushes documents and intents.
    ///
    /// # Panics
    /// Never: the sealed list is ids and hashes.
    #[must_use]
    pub fn pushing(&self, docs: Vec<sync_core::protocol::PushDoc>, intents: Vec<Vec<u8>>) -> SyncRequest {
        let intents = intents.into_iter().map(Blob).collect();
        self.sealed(SyncRequest { docs, intents, ..self.empty_request(None) })
    }

    /// Puts the phone's seal on a request.
    ///
    /// # Panics
    /// Never: the sealed list is ids and hashes.
    #[must_use]
    pub fn sealed(&self, mut request: SyncRequest) -> SyncRequest {
        let content = BatchContent::of_request(self.org, &request);
        let input = prepare_batch_seal(&content, &self.key.public().thumbprint()).expect("ids and hashes");
        request.seal = Some(self.key.finish(&input));
        request
    }

    /// A bundle of a request and a blob, sealed for the server.
    ///
    /// # Panics
    /// If the server does not tell its key.
    #[must_use]
    pub fn bundle(&self, server: &TestServer, name: &str, request: &SyncRequest, blob: &[u8]) -> Vec<u8> {
        let me = server.send(&Call::get("/v1/me").bearer(&self.access)).expect(200);
        let key = serde_json::from_value(me["bundle_key"].clone()).expect("the key of bundles");
        let request = codec::encode(request, Encoding::Cbor).expect("a request");
        let size = |bytes: &[u8]| u64::try_from(bytes.len()).expect("small");
        let manifest = Manifest::new(BundleId::from_bytes(bytes16(name)), self.org, self.device, None, START)
            .with_request(size(&request))
            .with_blob(size(blob));
        let (mut packer, mut plain) = Packer::new(&manifest).expect("a manifest");
        plain.extend(packer.item(ItemKind::Request, &request));
        plain.extend(packer.item(ItemKind::Blob, blob));
        let seal = BundleSeal::new(&manifest, packer.sha256()).prepare(&self.key.public().thumbprint());
        plain.extend(packer.finish(&self.key.finish(&seal.expect("plain JSON"))));
        let (mut sealer, mut file) = Sealer::new(&key, Hash::of(name.as_bytes()).0).expect("a key");
        sealer.write(&plain, &mut file).and_then(|()| sealer.finish(&mut file)).expect("a short file");
        file
    }

    /// A sync request as it is sent.
    ///
    /// # Panics
    /// Never: a request can be encoded.
    #[must_use]
    pub fn sync_call(&self, request: &SyncRequest) -> Call {
        Wire::CBOR.call(request).bearer(&self.access)
    }

    /// Sends a request; `None` if the server died before it answered.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn sync(&self, server: &TestServer, request: &SyncRequest) -> Option<SyncResponse> {
        self.sync_at(server.url(), request)
    }

    /// As [`Self::sync`], by address, so that another thread may kill the server meanwhile.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn sync_at(&self, url: &str, request: &SyncRequest) -> Option<SyncResponse> {
        let answer = send(url, &self.sync_call(request)).ok()?;
        assert_eq!(answer.status, 200, "{}", answer.text());
        Some(codec::decode_response(&answer.body, Encoding::Cbor, 1 << 28).expect("a sync response"))
    }
}
