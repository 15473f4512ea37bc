//! One broadband installation, ready to be signed, with fixed keys and randomness.

use std::collections::BTreeMap;

use p256::ecdsa::signature::Signer as _;
use serde_json::{Value, json};
use sync_core::bytes::{Actor, Hash};
use sync_core::doc::record::{Answer, Measure, Photo, Remark};
use sync_core::ids::{CustomerId, DeviceId, OrgId, SiteId, UserId, VisitId, WorkOrderId};
use sync_core::jws::P256PublicKey;
use sync_core::merge::View;
use sync_core::merge::view::{Entry, OpId};
use sync_core::plain_json;
use sync_core::plan::{CustomerRow, SiteRow, WorkOrderRow};
use sync_core::statement::body::Beacon;
use sync_core::statement::seal::{Canvas, Signer, sign_ink};
use sync_core::statement::verify::Blobs;
use sync_core::statement::{
    ComposeError, ComposeInput, Draft, InkEntry, Language, SealPayload, SealedStatement, compose, verify,
};
use sync_core::template::Template;
use sync_core::time::{Geo, Stamp};

use crate::support::empty_view;

pub const ORG: OrgId = OrgId::from_bytes([1; 16]);
pub const DEVICE: DeviceId = DeviceId::from_bytes([2; 16]);
pub const REP: UserId = UserId::from_bytes([3; 16]);
pub const KIND: &str = "construction_confirmation";

pub fn template() -> Template {
    let yaml = include_str!("../../../data/templates/broadband_install.yaml");
    serde_saphyr::from_str(yaml).unwrap()
}

pub fn template_sha256() -> Hash {
    Hash::of(plain_json::to_string(&template()).unwrap().as_bytes())
}

pub fn stamp() -> Stamp {
    Stamp { wall_ms: 1_741_056_600_000, mono_ms: 5, boot_id: "0123ABCD".into(), off_ms: Some(0), err_ms: Some(9) }
}

pub fn entry<T>(key: &str, counter: u64, value: T) -> Entry<T> {
    Entry { key: key.into(), value, op: OpId { counter, actor: Actor([7; 16]) } }
}

pub fn photo(key: &str, slot: &str, replaces: Option<&str>) -> Entry<Photo> {
    let photo = json!({"slot": slot, "sha256": Hash::of(key.as_bytes()), "bytes": 9, "media_type": "image/jpeg",
        "taken_at": stamp(), "source": "camera", "replaces": replaces, "by": REP});
    entry(key, 1, serde_json::from_value(photo).unwrap())
}

pub fn answers(values: &[(&str, Value)]) -> BTreeMap<String, Entry<Answer>> {
    let answer = |value: &Value| Answer { value: value.clone(), at: stamp(), by: REP };
    values.iter().map(|(code, value)| ((*code).to_owned(), entry(code, 1, answer(value)))).collect()
}

pub fn measure(code: &str, counter: u64, value: &str, unit: &str) -> Entry<Measure> {
    let (code, value, unit) = (code.to_owned(), value.to_owned(), unit.to_owned());
    let measure = Measure { code, value, unit, instrument: None, source: "typed".into(), at: stamp(), by: REP };
    entry(&format!("m{counter}"), counter, measure)
}

pub fn view() -> View {
    let remark = Remark { text: None, reason: Some("wrong".into()), at: stamp(), by: REP };
    View {
        visit: VisitId::from_bytes([0xab; 16]),
        heads: vec![Hash([9; 32]), Hash([8; 32])],
        measures: vec![
            measure("optical_power", 1, "-26.10", "dBm"),
            measure("optical_power", 2, "-18.30", "dBm"),
            measure("down_rate", 3, "305.2", "Mbps"),
        ],
        answers: answers(&[
            ("location_agreed", json!("客厅电视柜")),
            ("cable_entry", json!("drilled")),
            ("satisfied", json!(true)),
            ("rating", json!(9)),
            ("contact_result", json!("not agreed, must stay out")),
            ("customer_remarks", Value::Null),
        ]),
        photos: vec![
            photo("p3", "ont_front", None),
            photo("p1", "ont_front", None),
            photo("p2", "ont_front", Some("p1")),
            photo("p0", "ont_front", None),
            photo("p9", "acceptance_form", None),
        ],
        withdrawn: [("p0".to_owned(), entry("p0", 1, remark))].into(),
        ..empty_view()
    }
}

pub fn customer() -> CustomerRow {
    CustomerRow {
        id: CustomerId::from_bytes([4; 16]),
        kind: "individual".into(),
        name: "陈梅".into(),
        phones: vec!["13800000001".into(), "13800000002".into()],
        address: "成都市一环路1号".into(),
    }
}

pub fn site() -> SiteRow {
    SiteRow {
        id: SiteId::from_bytes([5; 16]),
        customer_id: CustomerId::from_bytes([4; 16]),
        address: "成都市一环路1号3单元".into(),
        geo: None,
        scene: "urban_residential".into(),
        access_note: None,
    }
}

pub fn work_order() -> WorkOrderRow {
    WorkOrderRow {
        id: WorkOrderId::from_bytes([6; 16]),
        number: Some("WO-0001".into()),
        external_ref: Some("BB-77".into()),
        kind: "install".into(),
        channel: "hotline".into(),
        customer_id: CustomerId::from_bytes([4; 16]),
        site_id: SiteId::from_bytes([5; 16]),
        fields: BTreeMap::new(),
        priority: 0,
    }
}

/// Different bytes at each call, the same in each run.
pub fn randomness(seed: u8) -> impl FnMut() -> [u8; 32] {
    let mut number = 0u8;
    move || {
        number += 1;
        Hash::of(&[seed, number]).0
    }
}

/// Composes with a changed view or language.
pub fn draft_of(view: &View, language: Language, seed: u8) -> Result<Draft, ComposeError> {
    let geo = Geo { lat_udeg: 30_572_000, lon_udeg: 104_066_000, acc_m: 12, datum: "wgs84".into(), mock: None };
    let (template, customer, site, order) = (template(), customer(), site(), work_order());
    let input = ComposeInput {
        kind: KIND,
        org: ORG,
        org_name: "示范宽带",
        time_zone: "Asia/Shanghai",
        template: &template,
        template_sha256: template_sha256(),
        policy_version: 1,
        view,
        number: None,
        work_order: Some(&order),
        customer: Some(&customer),
        site: Some(&site),
        language,
        device: DEVICE,
        rep: REP,
        rep_name: "李强",
        at: stamp(),
        position: Some(&geo),
        beacon: Some(Beacon { receipt_sha256: Hash([4; 32]), server_ms: 1_741_050_000_000 }),
        previous: None,
        amends: None,
        verdicts: vec![("INS-22".into(), "pass".into())],
    };
    compose(&input, &mut randomness(seed))
}

pub fn draft() -> Draft {
    draft_of(&view(), Language::ZhCn, 1).unwrap()
}

pub fn key() -> (p256::ecdsa::SigningKey, P256PublicKey) {
    let key = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let public = P256PublicKey::from_sec1(&key.verifying_key().to_sec1_bytes()).unwrap();
    (key, public)
}

/// A sealed form with all its blobs.
pub struct Form {
    pub body: Vec<u8>,
    pub sealed: SealedStatement,
    pub blobs: Blobs,
}

pub fn seal(payload: &SealPayload) -> SealedStatement {
    let (key, public) = key();
    let unsigned = payload.prepare(&public.thumbprint()).unwrap();
    let signature: p256::ecdsa::Signature = key.sign(unsigned.input().as_bytes());
    unsigned.finish(&signature.to_bytes().into())
}

pub fn form(draft: &Draft, seed: u8) -> Form {
    let mut random = randomness(seed);
    let mut blobs: Blobs = draft.openings.iter().map(|opening| (opening.commit(), opening.bytes().to_vec())).collect();
    let canvas = Canvas { width: 600, height: 200, strokes: vec![vec![[1, 2, 0], [3, 4, 16]], vec![[5, 6, 40]]] };
    let signer = Signer { slot: "customer_confirmation", role: "customer", name: "陈梅", at: stamp() };
    let signature = sign_ink(&draft.body_bytes, signer, canvas, &mut random).unwrap();
    blobs.insert(Hash::of(&signature.ink_bytes), signature.ink_bytes);
    blobs.insert(signature.name.commit(), signature.name.bytes().to_vec());
    let refused = InkEntry::Refused { slot: "installer_confirmation".into(), reason: "broken screen".into() };
    let payload = SealPayload::new(draft.body_sha256, vec![signature.entry, refused]);
    Form { body: draft.body_bytes.clone(), sealed: seal(&payload), blobs }
}

pub fn good() -> Form {
    form(&draft(), 50)
}

pub fn verified(form: &Form) -> sync_core::statement::VerifiedStatement {
    verify(&form.body, &form.sealed.jws, &key().1).unwrap()
}
