//! The stored corpus: one small seed for each form of honest and hostile bytes, made anew by `cargo run -p fuzz-targets`.

use automerge::transaction::{CommitOptions, Transactable as _, Transaction};
use automerge::{ActorId, Automerge, Change, ExpandedChange, ObjId, ObjType, ROOT, ReadDoc as _};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sync_core::bundle::{BundleSeal, BundleSecretKey, ItemKind, Manifest, Packer, Sealer};
use sync_core::bytes::{Blob, Hash};
use sync_core::doc::{Map, VisitDoc};
use sync_core::ids::{BatchId, BundleId, DeviceId, EpochId, OrgId};
use sync_core::jws::{self, Alg, Header, P256PublicKey};
use sync_core::protocol::codec::{self, Encoding};
use sync_core::protocol::{Cursor, PushDoc, PushStatement, SyncRequest, SyncResponse};
use sync_core::time::UnixMillis;

use crate::{BY, ME, VISIT, mutants};

/// One file of the corpus.
#[derive(Debug, Clone)]
pub struct Seed {
    /// `guard`, `batch`, `statement` or `bundle`.
    pub target: &'static str,
    /// Name of the file.
    pub name: String,
    /// What the target gets.
    pub data: Vec<u8>,
}

/// A small believable visit of one writer.
///
/// # Panics
/// Never: the edits are honest.
#[must_use]
pub fn visit() -> VisitDoc {
    let mut doc = VisitDoc::create(VISIT).expect("a document");
    doc.edit(ME, |edit| edit.put(Map::Photos, "photo-1", &json!({"slot": "optical_box", "by": BY}))).expect("a photo");
    doc.edit(ME, |edit| edit.put(Map::Ticks, "step/a", &json!({"done": true, "by": BY}))).expect("a tick");
    doc.edit(ME, |edit| edit.set_notes("到店后与张经理沟通")).expect("a note");
    doc
}

/// Secret bytes of the device that sealed the statement of the corpus.
#[must_use]
pub const fn device_key() -> [u8; 32] {
    [0x2a; 32]
}

/// The public half of a device key.
///
/// # Panics
/// For the few bytes that are no key.
#[must_use]
pub fn key_of(secret: &[u8; 32]) -> P256PublicKey {
    let key = SigningKey::from_slice(secret).expect("a key");
    P256PublicKey::from_sec1(&key.verifying_key().to_sec1_bytes()).expect("a public key")
}

/// Every seed, the same each time.
#[must_use]
pub fn all() -> Vec<Seed> {
    guard().into_iter().chain(batch()).chain(statement()).chain(bundle()).collect()
}

fn seed(target: &'static str, name: &str, kind: Option<u8>, bytes: &[u8]) -> Seed {
    let data = kind.iter().chain(bytes).copied().collect();
    Seed { target, name: name.to_owned(), data }
}

/// A change that a transaction of Automerge itself makes, without our helpers.
fn raw(doc: &VisitDoc, write: impl FnOnce(&mut Transaction<'_>)) -> Change {
    let mut raw = Automerge::load(&doc.save()).expect("a document").with_actor(ActorId::from(&ME.0[..]));
    let mut transaction = raw.transaction();
    write(&mut transaction);
    let (hash, _) = transaction.commit_with(CommitOptions::default().with_time(0));
    raw.get_change_by_hash(&hash.expect("a change")).expect("a change")
}

fn altered(change: &Change, alter: impl FnOnce(&mut ExpandedChange)) -> Vec<u8> {
    let mut expanded = change.decode();
    expanded.hash = None;
    alter(&mut expanded);
    Change::from(expanded).raw_bytes().to_vec()
}

fn ticks() -> ObjId {
    let position = Map::ALL.iter().position(|map| *map == Map::Ticks).unwrap_or_default() + 1;
    ObjId::Id(u64::try_from(position).unwrap_or(1), ActorId::from(&VISIT.as_bytes()[..]), 0)
}

fn guard() -> Vec<Seed> {
    let doc = visit();
    let record = json!({"done": false, "by": BY}).to_string();
    let honest = raw(&doc, |edit| edit.put(ticks(), "step/b", record.clone()).expect("a put"));
    let bytes = honest.raw_bytes().to_vec();
    let nested = raw(&doc, |edit| {
        let mut object = ticks();
        for _ in 0..200 {
            object = edit.put_object(&object, "m", ObjType::Map).expect("a map");
        }
    });
    let list = raw(&doc, |edit| {
        let list = edit.put_object(ROOT, "list", ObjType::List).expect("a list");
        (0..2_000).for_each(|at| edit.insert(&list, at, ()).expect("a null"));
    });
    let mut huge = raw(&doc, |edit| edit.put(ticks(), "huge", "a".repeat(4 << 20)).expect("a put"));
    let rewritten = raw(&doc, |edit| edit.put(ticks(), "step/a", record.clone()).expect("a put"));
    let deleted = raw(&doc, |edit| edit.delete(ticks(), "step/a").expect("a delete"));
    let mut flipped = bytes.clone();
    if let Some(last) = flipped.last_mut() {
        *last ^= 1;
    }
    let counter = |at: u64| altered(&honest, |change| change.start_op = at.try_into().expect("a counter"));
    let history: Vec<u8> = doc.changes_since(&[]).expect("all changes").concat();
    let mut seeds = vec![
        seed("guard", "honest", Some(0), &bytes),
        seed("guard", "honest_document", Some(1), &doc.save()),
        seed("guard", "honest_history", Some(1), &history),
        seed("guard", "a2_huge_text_deflated", Some(0), &huge.bytes()),
        seed("guard", "a3_list_of_nulls", Some(0), list.raw_bytes()),
        seed("guard", "a4_nested", Some(0), nested.raw_bytes()),
        seed("guard", "a5_counter", Some(0), &counter(4_294_967_294)),
        seed("guard", "a6_flipped", Some(0), &flipped),
        seed("guard", "a7_forked", Some(0), &altered(&honest, |change| change.seq = 1)),
        seed("guard", "a8_no_past", Some(0), &altered(&honest, |change| change.deps = vec![honest.hash()])),
        seed("guard", "a9_time", Some(0), &altered(&honest, |change| change.time = i64::MAX)),
        seed("guard", "negative_time", Some(0), &altered(&honest, |change| change.time = i64::MIN)),
        seed("guard", "gap_in_seq", Some(0), &altered(&honest, |change| change.seq += 7)),
        seed("guard", "no_deps", Some(0), &altered(&honest, |change| change.deps.clear())),
        seed("guard", "rewritten", Some(0), rewritten.raw_bytes()),
        seed("guard", "deleted", Some(0), deleted.raw_bytes()),
        seed("guard", "truncated", Some(0), &bytes[..bytes.len() - 9]),
        seed("guard", "truncated_and_repaired", Some(2), &bytes[..bytes.len() - 9]),
        seed("guard", "two_changes", Some(0), &[bytes.as_slice(), nested.raw_bytes()].concat()),
        seed("guard", "no_chunk", Some(0), b"hello"),
    ];
    let mut random = mutants::Random::new(6);
    for (at, (_, change)) in mutants::history().iter().enumerate().take(8) {
        seeds.push(seed("guard", &format!("mutant_{at}"), Some(2), &mutants::mutated(change, &mut random)));
    }
    seeds
}

fn request() -> SyncRequest {
    let doc = visit();
    let chunks = doc.changes_since(&[]).expect("all changes").into_iter().map(Blob).collect();
    let (body, seal) = sealed();
    let actors = Some(doc.change_metas().into_iter().skip(1).map(|change| change.actor).collect());
    SyncRequest {
        protocol: 1,
        device_id: DeviceId::from_bytes([3; 16]),
        batch_id: BatchId::from_bytes([4; 16]),
        cursor: Cursor::start(EpochId::from_bytes([5; 16])).encode().ok(),
        max_bytes: 65_536,
        docs: vec![PushDoc { heads: doc.heads(), chunks, actors, ..PushDoc::asking(VISIT) }],
        intents: vec![Blob(b"{}".to_vec())],
        statements: vec![PushStatement { body: Blob(body), seal: seal.clone() }],
        blobs: Vec::new(),
        arrived: Vec::new(),
        receipts: Vec::new(),
        device_state: None,
        seal: Some(seal),
    }
}

fn batch() -> Vec<Seed> {
    let answer = SyncResponse::nothing_new(EpochId::from_bytes([5; 16]), "cursor".to_owned(), UnixMillis(1));
    let cbor = codec::encode(&request(), Encoding::Cbor).expect("CBOR");
    let json = codec::encode(&request(), Encoding::Json).expect("JSON");
    let deep = [b"[".repeat(20_000), b"]".repeat(20_000)].concat();
    vec![
        seed("batch", "request_cbor", Some(0), &cbor),
        seed("batch", "request_json", Some(1), &json),
        seed("batch", "answer_cbor", Some(0), &codec::encode(&answer, Encoding::Cbor).expect("CBOR")),
        seed("batch", "answer_json", Some(1), &codec::encode(&answer, Encoding::Json).expect("JSON")),
        seed("batch", "truncated_cbor", Some(0), &cbor[..cbor.len() / 2]),
        seed("batch", "truncated_json", Some(1), &json[..json.len() / 2]),
        seed("batch", "deep_json", Some(1), &deep),
        seed("batch", "deep_cbor", Some(0), &[0x81; 20_000]),
        seed("batch", "huge_claim_cbor", Some(0), &[0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        seed("batch", "huge_bytes_cbor", Some(0), &[0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        seed("batch", "indefinite_cbor", Some(0), &[0xbf, 0x61, 0x61, 0x9f, 0xff, 0xff]),
        seed("batch", "float_cbor", Some(0), &[0xa1, 0x61, 0x61, 0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]),
        seed("batch", "twice_json", Some(1), br#"{"protocol":1,"protocol":1}"#),
        seed(
            "batch",
            "cursor",
            Some(1),
            Cursor::start(EpochId::from_bytes([5; 16])).encode().expect("text").as_bytes(),
        ),
    ]
}

/// A body and its seal, by the device of the corpus.
fn sealed() -> (Vec<u8>, String) {
    let hash = Hash::of(b"a commitment");
    let body = json!({
        "v": 1, "kind": "construction_confirmation", "org": DeviceId::from_bytes([1; 16]), "visit": VISIT,
        "short_code": VISIT.short_code(), "number": null,
        "template": {"code": "broadband_install", "version": 1, "sha256": hash}, "policy_version": 1,
        "language": "zh-CN", "text_template": {"code": "acceptance", "version": 1, "sha256": hash},
        "values": [{"code": "rx", "value": "-18.30", "unit": "dBm"}, {"code": "name", "commit": hash}],
        "photos": [], "heads": [hash], "verdicts": [{"rule": "APT-03", "verdict": "pass"}], "consent_version": 1,
        "device": DeviceId::from_bytes([3; 16]), "rep": BY,
        "at": {"wall_ms": 1, "mono_ms": 1, "boot_id": "0123ABCD"}, "position": null, "beacon": null,
        "previous": null, "amends": null, "shown_sha256": hash,
    });
    let body = body.to_string().into_bytes();
    let payload = json!({"v": 1, "body_sha256": Hash::of(&body),
        "inks": [{"slot": "customer", "refused": true, "reason": "not_at_home"}]});
    (body, sign(&payload))
}

fn sign(payload: &Value) -> String {
    let key = SigningKey::from_slice(&device_key()).expect("a key");
    let header =
        Header { alg: Alg::Es256, kid: key_of(&device_key()).thumbprint(), typ: jws::typ::STATEMENT.to_owned() };
    let input = jws::prepare(&header, payload.to_string().as_bytes());
    let signature: Signature = key.sign(input.as_bytes());
    jws::finish(&input, &signature.to_bytes().into())
}

fn statement() -> Vec<Seed> {
    let (body, seal) = sealed();
    let whole = [body.as_slice(), b"\n", seal.as_bytes()].concat();
    let mut flipped = whole.clone();
    flipped[20] ^= 1;
    let ink =
        json!({"v": 1, "challenge": Hash::of(b"x"), "width": 640, "height": 240, "strokes": [[[1, 2, 3], [4, 5, 6]]]});
    let none = format!("{}.{}.", "eyJhbGciOiJub25lIn0", "e30");
    vec![
        seed("statement", "sealed", None, &whole),
        seed("statement", "flipped", None, &flipped),
        seed("statement", "cut", None, &whole[..whole.len() - 30]),
        seed("statement", "no_algorithm", None, &[body.as_slice(), b"\n", none.as_bytes()].concat()),
        seed(
            "statement",
            "payload",
            None,
            &[b"\n".as_slice(), json!({"v": 1, "body_sha256": Hash::of(b""), "inks": []}).to_string().as_bytes()]
                .concat(),
        ),
        seed("statement", "ink", None, ink.to_string().as_bytes()),
        seed("statement", "deep", None, &[b"[".repeat(9_000), b"]".repeat(9_000)].concat()),
        seed("statement", "dots", None, b"\n.........."),
        seed("statement", "keys_twice", None, br#"{"v":1,"v":2}"#),
    ]
}

/// The key that sealed bundles of the corpus are for.
#[must_use]
pub fn bundle_key() -> BundleSecretKey {
    BundleSecretKey::from_seed(&[0x2b; 32])
}

/// The contents of a bundle that says this of itself, with one request and one blob.
fn packed(manifest: &Manifest) -> Vec<u8> {
    let (mut packer, mut bytes) = Packer::new(manifest).expect("a manifest");
    bytes.extend(packer.item(ItemKind::Request, b"a request"));
    bytes.extend(packer.item(ItemKind::Blob, b"a blob"));
    let input = BundleSeal::new(manifest, packer.sha256()).prepare(&key_of(&device_key()).thumbprint());
    let input = input.expect("plain JSON");
    let signature: Signature = SigningKey::from_slice(&device_key()).expect("a key").sign(input.as_bytes());
    bytes.extend(packer.finish(&jws::finish(&input, &signature.to_bytes().into())));
    bytes
}

fn bundle() -> Vec<Seed> {
    let (id, org, device) = (BundleId::from_bytes([9; 16]), OrgId::from_bytes([1; 16]), DeviceId::from_bytes([3; 16]));
    let empty = Manifest::new(id, org, device, Some(EpochId::from_bytes([8; 16])), UnixMillis(1_741_053_120_000));
    let honest = packed(&empty.clone().with_request(9).with_blob(6));
    let mut flipped = honest.clone();
    flipped[60] ^= 1;
    let huge = [&[2_u8][..], &u64::MAX.to_be_bytes(), &[0; 32]].concat();
    let (mut sealer, mut file) = Sealer::new(bundle_key().public(), [4; 32]).expect("a key");
    sealer.write(&honest, &mut file).expect("written");
    sealer.finish(&mut file).expect("written");
    let [whole, pieces, sealed] = [254, 2, 255].map(Some);
    vec![
        seed("bundle", "honest", whole, &honest),
        seed("bundle", "in_pieces", pieces, &honest),
        seed("bundle", "flipped", whole, &flipped),
        seed("bundle", "cut", whole, &honest[..honest.len() - 9]),
        seed("bundle", "twice", whole, &honest.repeat(2)),
        seed("bundle", "lying", whole, &packed(&empty.clone().with_request(9))),
        seed("bundle", "huge_claim", whole, &[Packer::new(&empty).expect("a manifest").1, huge].concat()),
        seed("bundle", "unknown_kind", whole, &[0xff; 82]),
        seed("bundle", "sealed", sealed, &file),
        seed("bundle", "sealed_and_cut", sealed, &file[..file.len() - 1]),
    ]
}
