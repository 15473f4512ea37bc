//! The merged view of a visit document: equal heads give equal views on every device.
//!
//! Owns the types only; they know neither Automerge nor how they were read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::bytes::{Actor, Hash};
use crate::doc::record::{
    Answer, Contact, Material, Measure, Outcome, Photo, Pin, Remark, StatementRef, Tick, TimelineEvent,
};
use crate::ids::VisitId;

/// An Automerge operation id. Its order extends causal order: a later write has a higher counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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

/// A record kept as JSON because this version does not know its type.
pub type RawRecord = serde_json::Value;

/// Concurrent values of one thing, all kept; one counts until a person chooses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// Root key of the map.
    pub map: String,
    /// Key in the map, or the code several records share (readings of one measurement).
    pub key: String,
    /// Every concurrent value, in operation order.
    pub candidates: Vec<Entry<RawRecord>>,
    /// The policy that chose.
    pub policy: String,
    /// The operation whose value counts.
    pub chosen: OpId,
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
    /// Values that were written concurrently.
    pub conflicts: Vec<Conflict>,
    /// Unknown, unreadable or odd data, all of it preserved.
    pub findings: Vec<Finding>,
}

impl View {
    /// The pin that counts: the causally first.
    #[must_use]
    pub fn pin(&self) -> Option<&Pin> {
        self.pins.first().map(|entry| &entry.value)
    }

    /// The outcome that counts: the newest.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcomes.last().map(|entry| &entry.value)
    }

    /// The newest reading of a measurement.
    #[must_use]
    pub fn measure(&self, code: &str) -> Option<&Entry<Measure>> {
        self.measures.iter().rev().find(|entry| entry.value.code == code)
    }

    /// The value of an answer.
    #[must_use]
    pub fn answer(&self, question: &str) -> Option<&serde_json::Value> {
        self.answers.get(question).map(|entry| &entry.value.value)
    }

    /// The photos of a slot that count: neither withdrawn nor replaced.
    pub fn photos_of<'a>(&'a self, slot: &'a str) -> impl Iterator<Item = &'a Entry<Photo>> {
        self.current_photos().filter(move |entry| entry.value.slot == slot)
    }

    /// All photos that are neither withdrawn nor replaced.
    pub fn current_photos(&self) -> impl Iterator<Item = &Entry<Photo>> {
        self.photos.iter().filter(|entry| !self.withdrawn.contains_key(&entry.key) && !self.is_replaced(&entry.key))
    }

    fn is_replaced(&self, photo: &str) -> bool {
        self.photos.iter().any(|other| other.value.replaces.as_deref() == Some(photo))
    }
}
