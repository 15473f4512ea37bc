//! A visit that is written and pushed in parts.

use integration_tests::remote::RemotePhone;
use serde_json::{Value, json};
use sync_core::bytes::{Actor, Blob, Hash};
use sync_core::doc::{Map, VisitDoc};
use sync_core::protocol::{PushDoc, SyncRequest};

/// One visit being written: each batch carries one more tick.
pub(crate) struct Writer {
    doc: VisitDoc,
    actor: Actor,
    name: String,
    sent: usize,
    /// The heads of what goes with the batches so far.
    told: Vec<Hash>,
}

impl Writer {
    pub(crate) fn new(name: &str) -> Self {
        let visit = RemotePhone::visit(name);
        let actor = Actor::try_from(&Hash::of(name.as_bytes()).0[16..]).expect("16 bytes");
        Self {
            doc: VisitDoc::create(visit).expect("a document"),
            actor,
            name: name.to_owned(),
            sent: 0,
            told: Vec::new(),
        }
    }

    /// What was written so far.
    pub(crate) const fn doc(&self) -> &VisitDoc {
        &self.doc
    }

    /// Writes a record that goes with the next batch.
    pub(crate) fn put(&mut self, map: Map, key: &str, record: &Value) {
        self.doc.edit(self.actor, |edit| edit.put(map, key, record)).expect("an edit");
    }

    /// The next batch: the first makes the visit.
    pub(crate) fn next(&mut self, phone: &RemotePhone) -> SyncRequest {
        let record = json!({"done": true, "at": RemotePhone::stamp(), "by": phone.user()});
        self.doc
            .edit(self.actor, |edit| edit.put(Map::Ticks, &format!("step/{}", self.sent), &record))
            .expect("an edit");
        let (chunks, intents) = if self.sent == 0 {
            (vec![self.doc.save()], vec![phone.create_visit(&self.name)])
        } else {
            (self.doc.changes_since(&self.told).expect("known"), Vec::new())
        };
        self.sent += 1;
        self.told = self.doc.heads();
        let chunks = chunks.into_iter().map(Blob).collect();
        let doc = PushDoc { heads: self.doc.heads(), chunks, ..PushDoc::asking(self.doc.visit()) };
        phone.pushing(vec![doc], intents)
    }
}
