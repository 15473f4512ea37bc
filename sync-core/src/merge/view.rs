//! The merged view of a visit document: equal heads give equal views on every device.
//!
//! Owns the types only; they know neither Automerge nor how they were read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::held::{HeldRecord, SetApart};
use super::settle::Overlay;
use crate::bytes::{Actor, Hash};
use crate::doc::Map;
use crate::doc::record::{
    Answer, Contact, Material, Measure, Outcome, Photo, Pin, Remark, StatementRef, Tick, TimelineEvent,
};
use crate::doc::schema::MergePolicy;
use crate::ids::{ChoiceId, UserId, VisitId};
use crate::time::Stamp;

/// An Automerge operation id. Its order extends causal order: a later write has a higher counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpId {
    /// Lamport counter.
    pub counter: u64,
    /// Who wrote the operation; decides between equal counters.
    pub actor: Actor,
}

/// A record with its key and where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry<T> {
    /// Key in its map.
    pub key: String,
    /// The record.
    pub value: T,
    /// The operation that wrote it.
    pub op: OpId,
}

impl Entry<RawRecord> {
    /// Who wrote it, as the record says.
    #[must_use]
    pub fn by(&self) -> Option<UserId> {
        UserId::deserialize(self.value.get("by")?).ok()
    }

    /// When it was written, as well as the device knew.
    #[must_use]
    pub fn at(&self) -> Option<Stamp> {
        let at = ["at", "taken_at", "started_at"].into_iter().find_map(|name| self.value.get(name))?;
        Stamp::deserialize(at).ok()
    }
}

/// A record kept as JSON because this version does not know its type.
pub type RawRecord = serde_json::Value;

/// Concurrent values of one thing, all kept: one of them counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// Root key of the map.
    pub map: String,
    /// Key in the map, or the code several records share (readings of one measurement).
    pub key: String,
    /// Every concurrent value, in operation order.
    pub candidates: Vec<Entry<RawRecord>>,
    /// The policy of the key.
    pub policy: MergePolicy,
    /// The operation whose value counts.
    pub chosen: OpId,
    /// The office's choice that says so; absent where the policy does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<ChoiceId>,
}

impl Conflict {
    /// Whether it waits for a person: `chosen` only stands in.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.policy == MergePolicy::Ask && self.choice.is_none()
    }

    /// Whether rules must hold for every candidate: neither a person nor a policy by content has settled it.
    #[must_use]
    pub fn is_contested(&self) -> bool {
        self.choice.is_none() && !self.policy.settles()
    }

    /// `map/key`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.map, self.key)
    }

    /// Whether it is about this key of this map.
    #[must_use]
    pub fn is_about(&self, map: Map, key: &str) -> bool {
        self.map == map.key() && self.key == key
    }
}

/// The value that stood under a key when the first statement that covers the key was sealed; another stands today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// Root key of the map.
    pub map: String,
    /// Key in the map, or the code several records share.
    pub key: String,
    /// The value.
    pub value: Entry<RawRecord>,
}

/// One write of a key that holds one value at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// The operation that wrote it.
    pub op: OpId,
    /// The record as written.
    pub value: RawRecord,
    /// The writes it replaced: what its writer saw under the key. Not read for what stood there before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaces: Vec<OpId>,
}

/// A key written after a hand-in, with what stood there before: one of these values counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rewritten {
    /// Root key of the map.
    pub map: String,
    /// Key in the map.
    pub key: String,
    /// The values at the first hand-in and all later writes, in operation order.
    pub writes: Vec<Write>,
}

/// Something a person should look at; never a reason to refuse.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// Stable code, `snake_case`.
    pub code: String,
    /// What it is about: `map/key`, a slot, a rule id.
    pub subject: String,
    /// Plain detail without personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Everything a visit document says, merged.
///
/// Lists are in operation order, which extends causal order (design section 13, State).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// The visit.
    pub visit: VisitId,
    /// Sorted heads of the document.
    pub heads: Vec<Hash>,
    /// All pins; the causally first counts.
    pub pins: Vec<Entry<Pin>>,
    /// All events.
    pub timeline: Vec<Entry<TimelineEvent>>,
    /// All contact attempts.
    pub contacts: Vec<Entry<Contact>>,
    /// The tick that counts per `step/item`.
    pub ticks: BTreeMap<String, Entry<Tick>>,
    /// All readings; the newest of a code counts.
    pub measures: Vec<Entry<Measure>>,
    /// The answer that counts per question.
    pub answers: BTreeMap<String, Entry<Answer>>,
    /// All photos and other blobs, also withdrawn and replaced ones.
    pub photos: Vec<Entry<Photo>>,
    /// Captions by photo id.
    pub captions: BTreeMap<String, Entry<Remark>>,
    /// Withdrawals by photo id.
    pub withdrawn: BTreeMap<String, Entry<Remark>>,
    /// All materials.
    pub materials: Vec<Entry<Material>>,
    /// All open points.
    pub open_points: Vec<Entry<RawRecord>>,
    /// All proposed corrections of office data.
    pub corrections: Vec<Entry<RawRecord>>,
    /// Records of later schemas by `<kind>/<id>`.
    pub more: BTreeMap<String, Entry<RawRecord>>,
    /// Sealed statements; the key is the digest.
    pub statements: Vec<Entry<StatementRef>>,
    /// All outcomes; the newest counts.
    pub outcomes: Vec<Entry<Outcome>>,
    /// The shared notes.
    pub notes: String,
    /// Keys of `ticks`, `answers`, `captions`, `withdrawn` and `more` written after the first hand-in,
    /// by map and key; empty while nothing came later, and only then is no history read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rewritten: Vec<Rewritten>,
    /// Answers and readings that were signed for and written again since, or concurrently.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signed: Vec<Signed>,
    /// Values that were written concurrently.
    pub conflicts: Vec<Conflict>,
    /// What is held out until the office accepts it; no other part of the view knows of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldRecord>,
    /// What was written to the notes, came held out and counts since the office accepted it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub released_notes: Vec<HeldRecord>,
    /// The changes that came held out; empty where none did.
    #[serde(default, skip_serializing_if = "SetApart::is_empty")]
    pub set_apart: SetApart,
    /// Unknown, unreadable or odd data, all of it preserved.
    pub findings: Vec<Finding>,
    /// What [`settle`](super::settle()) laid over the document, so that a part of this view settles alike.
    #[serde(skip)]
    pub overlay: Overlay,
}

impl View {
    /// Whether only one value competes for each thing, so that neither policy nor choice can change it.
    #[must_use]
    pub fn is_uncontested(&self) -> bool {
        self.conflicts.is_empty() && self.signed.is_empty() && self.rewritten.is_empty()
    }

    /// The pin that counts: the causally first.
    #[must_use]
    pub fn pin(&self) -> Option<&Pin> {
        self.pins.first().map(|entry| &entry.value)
    }

    /// The outcome that counts: the newest, or the one chosen among concurrent ones.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        let chosen = self.chosen(Map::Outcomes, Map::Outcomes.key());
        let chosen = self.outcomes.iter().find(|entry| Some(entry.op) == chosen);
        chosen.or(self.outcomes.last()).map(|entry| &entry.value)
    }

    /// The reading of a measurement that counts: the newest, or the one chosen among concurrent ones.
    #[must_use]
    pub fn measure(&self, code: &str) -> Option<&Entry<Measure>> {
        let chosen = self.chosen(Map::Measures, code);
        let mut newest_first = self.measures.iter().rev().filter(|entry| entry.value.code == code);
        newest_first.clone().find(|entry| Some(entry.op) == chosen).or_else(|| newest_first.next())
    }

    /// The conflict about a key, if there is one.
    #[must_use]
    pub fn conflict(&self, map: Map, key: &str) -> Option<&Conflict> {
        self.conflicts.iter().find(|conflict| conflict.is_about(map, key))
    }

    fn chosen(&self, map: Map, key: &str) -> Option<OpId> {
        self.conflict(map, key).map(|conflict| conflict.chosen)
    }

    /// The value of an answer.
    #[must_use]
    pub fn answer(&self, question: &str) -> Option<&serde_json::Value> {
        self.answers.get(question).map(|entry| &entry.value.value)
    }

    /// The photos of a slot that count: neither withdrawn nor replaced. A document in the slot is no photo of it.
    pub fn photos_of<'a>(&'a self, slot: &'a str) -> impl Iterator<Item = &'a Entry<Photo>> {
        self.current_photos().filter(move |entry| entry.value.slot == slot && entry.value.is_photo())
    }

    /// All photos and other blobs that are neither withdrawn nor replaced.
    pub fn current_photos(&self) -> impl Iterator<Item = &Entry<Photo>> {
        self.photos.iter().filter(|entry| !self.withdrawn.contains_key(&entry.key) && !self.is_replaced(&entry.key))
    }

    fn is_replaced(&self, photo: &str) -> bool {
        self.photos.iter().any(|other| other.value.replaces.as_deref() == Some(photo))
    }
}
