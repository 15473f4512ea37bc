//! The work of a phone: a visit of genesis and 32 changes with one user action each, always the same.
//!
//! Twelve ticks, ten readings, three photos, three answers, depart with the pin, arrive, enter, and notes; codes
//! of the template `broadband_install`, so that every rule has something to judge.

use serde_json::{Value, json};
use sync_core::bytes::{Actor, Blob, Hash};
use sync_core::doc::record::{Answer, Measure, Photo, Pin, Tick, TimelineEvent};
use sync_core::doc::{Edit, Map, VisitDoc};
use sync_core::ids::{UserId, VisitId};
use sync_core::template::Template;
use sync_core::time::{Geo, Stamp};
use uuid::Uuid;

use crate::job::Size;

const TEMPLATE: &str = include_str!("../../../sync-core/data/templates/broadband_install.yaml");

/// Code of the template all visits follow.
pub const TEMPLATE_CODE: &str = "broadband_install";

/// Changes of one visit beside genesis.
pub const CHANGES: usize = 32;

const NOTES: &str =
    "用户在家，光猫安装在电视柜旁，原有暗管可用。Customer asked for the cable to follow the skirting board.";

/// 32 bytes that only these names give.
fn bytes(what: &str, of: &str) -> [u8; 32] {
    Hash::of(format!("{what} {of}").as_bytes()).0
}

/// A `UUIDv7` of an instant that only these names give.
pub fn id(what: &str, of: &str, at_ms: i64) -> Uuid {
    let random = bytes(what, of).first_chunk::<10>().copied().expect("32 are more than 10");
    uuid::Builder::from_unix_timestamp_millis(u64::try_from(at_ms).expect("after 1970"), &random).into_uuid()
}

/// The key of a phone.
pub fn key(phone: &str) -> [u8; 32] {
    bytes("key", phone)
}

/// A time stamp as a phone writes it.
pub fn stamp(at_ms: i64) -> Stamp {
    let boot_id = "7ZK3QH9X".to_owned();
    Stamp { wall_ms: at_ms, mono_ms: at_ms % 86_400_000, boot_id, off_ms: Some(140), err_ms: Some(60) }
}

/// A phone at work on one visit.
struct Rep<'a> {
    doc: VisitDoc,
    actor: Actor,
    by: UserId,
    at_ms: i64,
    template: &'a Template,
}

/// Reads the template; once per client.
pub fn template() -> Template {
    serde_saphyr::from_str(TEMPLATE).expect("a template of the product")
}

/// Works through a visit.
pub fn visit(visit: VisitId, by: UserId, template: &Template, at_ms: i64, size: Size) -> VisitDoc {
    let mut rep = Rep { doc: VisitDoc::create(visit).unwrap(), actor: actor(visit), by, at_ms, template };
    rep.begin();
    if size == Size::Light {
        return rep.doc;
    }
    rep.tick(12);
    rep.measure(10);
    rep.answer();
    rep.photograph(3);
    rep.change(|edit, _, _| edit.set_notes(NOTES));
    assert_eq!(rep.doc.change_metas().len(), 1 + CHANGES);
    rep.doc
}

/// Ticks one more item and returns the change chunk.
pub fn edit(doc: &mut VisitDoc, by: UserId, at_ms: i64) -> Blob {
    let tick = Tick { done: true, at: stamp(at_ms), by };
    let change = doc.edit(actor(doc.visit()), |edit| edit.put(Map::Ticks, "cleanup/residue_removed", &tick));
    Blob(change.unwrap().expect("a new record").chunk)
}

/// The phone's actor of a visit.
pub fn actor(visit: VisitId) -> Actor {
    Actor(bytes("actor", &visit.to_string()).first_chunk().copied().expect("32 are more than 16"))
}

impl Rep<'_> {
    /// One user action, 40 seconds after the last one.
    fn change(&mut self, write: impl FnOnce(&mut Edit<'_, '_>, Stamp, &str) -> Result<(), sync_core::doc::DocError>) {
        self.at_ms += 40_000;
        let (at, id) = (stamp(self.at_ms), id("record", &self.doc.visit().to_string(), self.at_ms).to_string());
        let written = self.doc.edit(self.actor, |edit| write(edit, at, &id));
        written.unwrap().expect("a change");
    }

    fn begin(&mut self) {
        let (by, template, version) = (self.by, self.template.code.clone(), self.template.version);
        let geo = Geo { lat_udeg: 31_230_416, lon_udeg: 121_473_701, acc_m: 12, datum: "wgs84".to_owned(), mock: None };
        let event = move |event: &str, at, geo| TimelineEvent { event: event.to_owned(), at, geo, by, reason: None };
        self.change(|edit, at, id| {
            let pin = Pin { template, template_version: version, policy_version: 1, at: at.clone(), by };
            edit.put(Map::Pins, id, &pin)?;
            edit.put(Map::Timeline, id, &event("depart", at, None))
        });
        self.change(|edit, at, id| edit.put(Map::Timeline, id, &event("arrive", at, Some(geo))));
        self.change(|edit, at, id| edit.put(Map::Timeline, id, &event("enter", at, None)));
    }

    fn tick(&mut self, count: usize) {
        let (by, template) = (self.by, self.template);
        let items = template.steps.iter().flat_map(|step| step.items.iter().map(move |item| (step, item)));
        for (step, item) in items.take(count) {
            let key = format!("{}/{}", step.code, item.code);
            self.change(|edit, at, _| edit.put(Map::Ticks, &key, &Tick { done: true, at, by }));
        }
    }

    /// Reads every quantity again and again, as reps do until the line is good.
    fn measure(&mut self, count: usize) {
        let (by, template) = (self.by, self.template);
        for (turn, measurement) in template.measurements.iter().cycle().take(count).enumerate() {
            let value =
                if measurement.unit == "dBm" { format!("-{}.5{turn}", 18 + turn) } else { format!("30{turn}.5") };
            self.change(|edit, at, id| {
                let (code, unit) = (measurement.code.clone(), measurement.unit.clone());
                let (instrument, source) = (Some("OPM-20417".to_owned()), "instrument".to_owned());
                edit.put(Map::Measures, id, &Measure { code, value, unit, instrument, source, at, by })
            });
        }
    }

    fn answer(&mut self) {
        let by = self.by;
        let answers: [(&str, Value); 3] =
            [("safe_to_work", json!(true)), ("cable_kind", json!("bow_drop")), ("splitter_box", json!("FX-0417/2"))];
        for (question, value) in answers {
            self.change(|edit, at, _| edit.put(Map::Answers, question, &Answer { value, at, by }));
        }
    }

    fn photograph(&mut self, count: usize) {
        let (by, template) = (self.by, self.template);
        for slot in template.photos.iter().take(count) {
            self.change(|edit, taken_at, id| {
                let photo = Photo {
                    kind: None,
                    slot: slot.code.clone(),
                    sha256: Hash::of(photo(id)),
                    bytes: 412_345,
                    media_type: "image/jpeg".to_owned(),
                    width: Some(3000),
                    height: Some(4000),
                    taken_at,
                    geo: None,
                    source: "camera".to_owned(),
                    replaces: None,
                    by,
                };
                edit.put(Map::Photos, id, &photo)
            });
        }
    }
}

/// The content of a photo: what it is matters to nobody here.
pub fn photo(id: &str) -> &[u8] {
    id.as_bytes()
}
