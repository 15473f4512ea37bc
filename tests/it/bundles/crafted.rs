//! Bundles that no honest phone makes: sealed for this server, and yet not what they say.

use doorstep::domain::Role;
use integration_tests::actors::DeviceKey;
use integration_tests::app::TestApp;
use integration_tests::builders::HOUR_MS;
use integration_tests::call::{Answer, Call};
use integration_tests::company::{HAOYU, YUNZE};
use integration_tests::phone::Phone;
use sync_core::bundle::{BundleSeal, ItemKind, Manifest, Packer, Sealer};
use sync_core::bytes::Hash;
use sync_core::ids::BundleId;
use sync_core::protocol::codec::{self, Encoding};

/// A bundle that says what its maker wants.
pub(super) struct Craft<'a> {
    app: &'a TestApp,
    manifest: Manifest,
    requests: Vec<Vec<u8>>,
    blobs: Vec<Vec<u8>>,
}

impl<'a> Craft<'a> {
    /// An honest bundle of a phone's unsent work and a blob.
    pub(super) fn of(app: &'a TestApp, phone: &Phone<'_>) -> Self {
        let request = codec::encode(&phone.request(), Encoding::Cbor).expect("a request");
        let (requests, blobs) = (vec![request], vec![b"a photo".to_vec()]);
        let (id, now) = (BundleId(app.id()), app.now());
        let manifest = Manifest::new(id, phone.device.org, phone.device.id, Some(app.state.epoch), now);
        let size = |bytes: &Vec<u8>| u64::try_from(bytes.len()).expect("small");
        let manifest = manifest.with_request(size(&requests[0])).with_blob(size(&blobs[0]));
        Self { app, manifest, requests, blobs }
    }

    pub(super) fn seal(&self, key: &DeviceKey) -> Vec<u8> {
        let (mut packer, mut plain) = Packer::new(&self.manifest).expect("a manifest");
        plain.extend(self.requests.iter().flat_map(|request| packer.item(ItemKind::Request, request)));
        plain.extend(self.blobs.iter().flat_map(|blob| packer.item(ItemKind::Blob, blob)));
        let seal = BundleSeal::new(&self.manifest, packer.sha256()).prepare(&key.public().thumbprint());
        plain.extend(packer.finish(&key.finish(&seal.expect("plain JSON"))));
        sealed(self.app, &plain)
    }
}

fn sealed(app: &TestApp, plain: &[u8]) -> Vec<u8> {
    let (mut sealer, mut file) = Sealer::new(&app.state.keys().bundle, app.state.random.bytes32()).expect("a key");
    sealer.write(plain, &mut file).expect("written");
    sealer.finish(&mut file).expect("written");
    file
}

pub(super) async fn upload(app: &TestApp, bytes: Vec<u8>) -> Answer {
    let office = app.role(YUNZE, Role::Dispatcher).await;
    office.send(Call::post("/v1/bundles").bytes("application/octet-stream", bytes)).await
}

/// A phone with an unsent note.
pub(super) async fn busy_phone(app: &TestApp) -> Phone<'_> {
    let visit = app.office(YUNZE).await.plan_at(&[YUNZE.rep()], HOUR_MS).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    phone.come_to_the_door(visit);
    phone
}

#[actix_web::test]
async fn an_honest_bundle_is_taken_and_its_receipt_waits_for_the_phone() {
    let app = TestApp::new().await;
    let mut phone = busy_phone(&app).await;
    let bundle = Craft::of(&app, &phone).seal(&phone.device.key);
    let taken = upload(&app, bundle).await.expect(200);
    assert_eq!(taken["counts"], serde_json::json!({"stored": 2}), "{taken}");
    let answer = phone.exchange(&phone.empty_request()).await;
    phone.take_in(&answer);
    let named: Vec<_> = phone.receipts.iter().flat_map(|receipt| receipt.blobs.clone()).collect();
    assert_eq!(named, [Hash::of(b"a photo")]);
    assert!(phone.receipts.iter().any(|receipt| !receipt.docs.is_empty()));
    // They come again until the phone says that it has them.
    let again = phone.exchange(&phone.empty_request()).await;
    assert_eq!(again.receipts, answer.receipts);
    let arrived = answer.receipts.iter().map(|jws| Hash::of(jws.as_bytes())).collect();
    let told = sync_core::protocol::SyncRequest { arrived, ..phone.empty_request() };
    assert_eq!(phone.exchange(&told).await.receipts, [""; 0]);
    assert_eq!(phone.exchange(&phone.empty_request()).await.receipts, [""; 0]);
}

#[actix_web::test]
async fn a_bundle_that_lies_is_refused_and_has_no_effect() {
    let app = TestApp::new().await;
    let phone = busy_phone(&app).await;
    let honest = || Craft::of(&app, &phone);
    let key = &phone.device.key;
    let with = |change: fn(Manifest) -> Manifest| {
        let mut craft = honest();
        craft.manifest = change(craft.manifest);
        craft.seal(key)
    };
    let other = DeviceKey::of(&[5; 32]);
    let mut unreadable = honest();
    unreadable.manifest =
        Manifest::new(BundleId(app.id()), YUNZE.org, phone.device.id, None, app.now()).with_request(4);
    (unreadable.requests, unreadable.blobs) = (vec![b"what".to_vec()], Vec::new());
    let mut forged = honest();
    let mut request = phone.request();
    let cut = request.docs[0].heads.remove(0);
    request.docs[0].heads.push(Hash::of(cut.as_bytes()));
    forged.requests = vec![codec::encode(&request, Encoding::Cbor).expect("a request")];
    let cases = [
        ("a blob that is not there", with(|manifest| manifest.with_blob(0)), "bundle_malformed"),
        ("a request that is not there", with(|manifest| manifest.with_request(9)), "bundle_malformed"),
        ("signed by another key", honest().seal(&other), "bundle_seal_invalid"),
        ("a request that nobody can read", unreadable.seal(key), "bundle_malformed"),
        ("a request that the device did not seal", forged.seal(key), "bundle_seal_invalid"),
        ("nothing at all", sealed(&app, b""), "bundle_malformed"),
        ("noise", sealed(&app, &[7; 500]), "bundle_malformed"),
    ];
    for (name, bundle, code) in cases {
        assert_eq!(upload(&app, bundle).await.outcome(), (422, code.to_owned()), "{name}");
    }
    let visit = phone.request().docs[0].id;
    let stored = app.read(move |conn| doorstep_store::documents::find_heads(conn, YUNZE.org, visit)).await;
    assert_eq!(stored.unwrap_or_default(), []);
}

#[actix_web::test]
async fn another_organisation_takes_nothing_in() {
    let app = TestApp::new().await;
    let phone = busy_phone(&app).await;
    let bundle = Craft::of(&app, &phone).seal(&phone.device.key);
    let foreign = app.role(HAOYU, Role::Dispatcher).await;
    let call = Call::post("/v1/bundles").bytes("application/octet-stream", bundle.clone());
    assert_eq!(foreign.send(call).await.outcome(), (422, "bundle_foreign".to_owned()));
    upload(&app, bundle).await.expect(200);
}

#[actix_web::test]
async fn what_is_larger_than_configured_is_refused_with_both_numbers() {
    let app = TestApp::configured(|config| config.limits.bundle_bytes = 200).await;
    let phone = busy_phone(&app).await;
    let bundle = Craft::of(&app, &phone).seal(&phone.device.key);
    let size = bundle.len();
    let refused = upload(&app, bundle).await;
    assert_eq!(refused.outcome(), (413, "bundle_too_large".to_owned()));
    assert_eq!(refused.json()["limit"], 200);
    assert!(
        refused.json()["actual"]
            .as_u64()
            .is_some_and(|actual| (201..=u64::try_from(size).expect("small")).contains(&actual))
    );

    let app = TestApp::configured(|config| config.limits.bundle_items = 1).await;
    let phone = busy_phone(&app).await;
    let bundle = Craft::of(&app, &phone).seal(&phone.device.key);
    let refused = upload(&app, bundle).await;
    assert_eq!(refused.outcome(), (413, "bundle_too_large".to_owned()));
    assert_eq!((&refused.json()["limit"], &refused.json()["actual"]), (&1.into(), &2.into()));
}

#[actix_web::test]
async fn of_more_items_than_an_answer_lists_all_are_counted_and_those_told_that_somebody_must_see() {
    let app = TestApp::configured(|config| config.limits.bundle_items = 4).await;
    let mut phone = busy_phone(&app).await;
    phone.intents = (0..7).map(|number| vec![number]).collect();
    let bundle = Craft::of(&app, &phone).seal(&phone.device.key);
    let taken = upload(&app, bundle.clone()).await.expect(200);
    let counts = serde_json::json!({"stored": 2, "quarantined": 7});
    assert_eq!((&taken["counts"], &taken["unlisted"]), (&counts, &5.into()), "{taken}");
    let items = taken["items"].as_array().expect("items");
    assert!(items.len() == 4 && items.iter().all(|item| item["outcome"] == "quarantined"), "{taken}");
    assert_eq!(taken["is_duplicate"], false);

    let again = upload(&app, bundle).await.expect(200);
    let counts = serde_json::json!({"duplicate": 2, "quarantined": 7});
    assert_eq!((&again["counts"], &again["unlisted"], &again["is_duplicate"]), (&counts, &5.into(), &false.into()));
}
