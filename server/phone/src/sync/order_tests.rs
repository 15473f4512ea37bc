//! Orders: only genuine ones for this very phone are obeyed, and a kill at any instant leaves the phone or its receipt.

use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use sync_core::bytes::Hash;
use sync_core::ids::DeviceId;
use sync_core::jws::Ed25519PublicKey;

use crate::client::{Content, Stands, Step, Transport, Uploaded};
use crate::error::{PhoneError, PhoneResult};
use crate::testing::server::{Fault, Server, evidence_key};
use crate::testing::{NUMBER, TestPhone};
use crate::wipe::Tombstone;

fn phone() -> (TestPhone, Server) {
    let phone = TestPhone::new();
    let server = Server::new(&phone);
    phone.run(&["start", NUMBER]);
    (phone, server)
}

fn exists(phone: &TestPhone) -> bool {
    phone.dir.join("store/phone.redb").exists()
}

#[test]
fn orders_of_others_and_for_others_are_named_and_never_obeyed() {
    let (phone, mut server) = phone();
    for (device, is_genuine) in [(phone.device, false), (DeviceId::from_bytes([250; 16]), true)] {
        server.order_wipe(device, true, is_genuine);
        let report = phone.sync(&mut server).unwrap().json;
        assert!(report["problems"].to_string().contains("is not obeyed"), "{report}");
        assert!(exists(&phone));
    }
    assert!(server.wiped.is_empty());
}

#[test]
fn a_phone_uploads_before_it_obeys_and_waits_while_it_cannot() {
    let (phone, mut server) = phone();
    server.order_wipe(phone.device, false, true);
    server.faults.push_back(Fault::NoReceipt);
    while phone.outstanding() > 0 {
        let report = phone.sync(&mut server).unwrap().json;
        if report["wiped"] == json!(true) {
            break;
        }
        assert!(exists(&phone), "nothing goes before it is safe");
        server.order_wipe(phone.device, false, true);
    }
    assert!(!exists(&phone));
    assert_eq!((server.wiped.len(), server.wiped[0].unsent), (1, 0));
}

#[test]
fn wipe_now_goes_before_what_is_unsent_and_the_receipt_is_brought_until_it_arrives() {
    let (phone, mut server) = phone();
    let photo = phone.file("photo.jpg", &crate::testing::jpeg(1));
    phone.run(&["photo", NUMBER, &photo, "--slot", "outdoor_route"]);
    server.order_wipe(phone.device, true, true);
    server.loses_receipts = true;
    assert!(matches!(phone.sync(&mut server), Err(PhoneError::Network(_))));
    assert!(!exists(&phone), "the receipt is durable, so the wipe is done");

    let store = phone.dir.join("store");
    let line = ["--dir", store.to_str().unwrap(), "list"];
    assert!(matches!(TestPhone::execute(&line), Err(PhoneError::Wiped)));
    server.loses_receipts = false;
    let tombstone = Tombstone::read(&store).unwrap().unwrap();
    let said = tombstone.deliver(&store, &mut server).unwrap().json;
    assert_eq!((&said["wiped"], said["unsent"].as_u64()), (&json!(true), Some(1)), "the photo was given up");
    assert_eq!(server.wiped.len(), 1);
    let again = Tombstone::read(&store).unwrap().unwrap().deliver(&store, &mut server).unwrap().json;
    assert_eq!((again, server.wiped.len()), (said, 1), "it is brought once");
}

#[test]
fn a_kill_between_receipt_and_wipe_is_finished_by_the_next_command() {
    let (phone, mut server) = phone();
    server.order_wipe(phone.device, true, true);
    let copy = phone.dir.join("copy.redb");
    std::fs::copy(phone.dir.join("store/phone.redb"), &copy).unwrap();
    phone.sync(&mut server).unwrap();
    // As after a kill: the receipt is there, and so is everything else.
    std::fs::copy(&copy, phone.dir.join("store/phone.redb")).unwrap();
    let store = phone.dir.join("store");
    let line = ["--dir", store.to_str().unwrap(), "list"];
    assert!(matches!(TestPhone::execute(&line), Err(PhoneError::Wiped)));
    assert!(!exists(&phone));
}

/// The server once its new evidence key is out: as the phone asks for it the second time, something happens to it.
pub(super) struct Meanwhile<'a> {
    server: &'a mut Server,
    phone: &'a TestPhone,
    key: Ed25519PublicKey,
    asked: usize,
    happens: fn(&TestPhone),
}

impl<'a> Meanwhile<'a> {
    /// A server that orders a wipe by the new key.
    pub(super) fn of(server: &'a mut Server, phone: &'a TestPhone, happens: fn(&TestPhone)) -> Self {
        let signing = SigningKey::from_bytes(&[43; 32]);
        let key = Ed25519PublicKey::from_bytes(&signing.verifying_key().to_bytes()).unwrap();
        server.order_wipe_by(&signing, &key.thumbprint(), phone.device, false);
        Self { server, phone, key, asked: 0, happens }
    }
}

impl Transport for Meanwhile<'_> {
    fn post(&mut self, path: &str, token: Option<&str>, body: &Value) -> PhoneResult<Value> {
        self.server.post(path, token, body)
    }

    fn fetch(&mut self, path: &str, token: Option<&str>) -> PhoneResult<Value> {
        if !path.ends_with("evidence-keys.json") {
            return self.server.fetch(path, token);
        }
        self.asked += 1;
        if self.asked < 2 {
            // A cache on the way still has the old answer.
            return self.server.fetch(path, token);
        }
        (self.happens)(self.phone);
        Ok(json!({"keys": [evidence_key(), self.key]}))
    }

    fn sync(&mut self, token: &str, body: &[u8]) -> PhoneResult<Vec<u8>> {
        self.server.sync(token, body)
    }

    fn put_blob(&mut self, token: &str, blob: &Hash, content: Content<'_>, media_type: &str) -> PhoneResult<Uploaded> {
        self.server.put_blob(token, blob, content, media_type)
    }

    fn upload(&mut self, token: &str, step: Step<'_>) -> PhoneResult<Stands> {
        self.server.upload(token, step)
    }
}

#[test]
fn what_is_captured_while_the_key_of_an_order_is_fetched_is_sent_before_the_order_is_obeyed() {
    let (phone, mut server) = phone();
    let mut meanwhile = Meanwhile::of(&mut server, &phone, |phone| {
        let photo = phone.file("photo.jpg", &crate::testing::jpeg(1));
        phone.run(&["photo", NUMBER, &photo, "--slot", "outdoor_route"]);
    });
    let report = crate::sync::run(&phone.phone(), &mut meanwhile, crate::sync::How::default()).unwrap().json;
    assert_eq!(meanwhile.asked, 2);
    assert!(exists(&phone), "the photo was seen as done: {report}");
    assert!(phone.outstanding() > 0 && report["problems"].to_string().contains("waits until everything is sent"));

    let report = phone.sync(&mut server).unwrap().json;
    assert_eq!((&report["wiped"], server.wiped[0].unsent, server.blobs.len()), (&json!(true), 0, 1));
}
