//! What a rep captures on the phone: records of a visit, intents, signed forms.

use doorstep::ports::Clock as _;
use serde_json::{Value, json};
use sync_core::bytes::{Actor, Hash};
use sync_core::doc::{DocError, Edit, Map, NewChange};
use sync_core::ids::{IntentId, VisitId};
use sync_core::intent::{Intent, IntentBody};
use sync_core::template::Template;
use sync_core::time::Stamp;

use super::Phone;
use crate::builders::TEMPLATE;
use crate::form::{Form, Signing};

impl Phone<'_> {
    /// A stamp of now, or what a wrong clock shows.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        if let Some(wrong) = &self.wrong_clock {
            return wrong.clone();
        }
        let wall_ms = self.device.app.clock.now().0;
        Stamp { wall_ms, mono_ms: 5, boot_id: "0123ABCD".to_owned(), off_ms: Some(0), err_ms: Some(9) }
    }

    /// The actor this phone writes a document with.
    pub fn actor(&mut self, visit: VisitId) -> Actor {
        self.carried(visit).actor
    }

    /// Takes another actor for a document from now on.
    pub fn use_actor(&mut self, visit: VisitId, actor: Actor) {
        self.carried(visit).actor = actor;
    }

    /// Writes one change.
    ///
    /// # Panics
    /// If the edit is refused.
    pub fn write(
        &mut self,
        visit: VisitId,
        write: impl FnOnce(&mut Edit<'_, '_>) -> Result<(), DocError>,
    ) -> Option<NewChange> {
        let carried = self.carried(visit);
        carried.doc.edit(carried.actor, write).expect("the edit is allowed")
    }

    /// Writes one record under a key.
    pub fn put(&mut self, visit: VisitId, map: Map, key: &str, record: &Value) {
        self.write(visit, |edit| edit.put(map, key, record));
    }

    /// Writes one record under a new id, which it gives back.
    pub fn add(&mut self, visit: VisitId, map: Map, record: &Value) -> String {
        let key = self.device.app.id().to_string();
        self.put(visit, map, &key, record);
        key
    }

    /// Ticks a step.
    pub fn tick(&mut self, visit: VisitId, step: &str, done: bool) {
        let record = json!({"done": done, "at": self.stamp(), "by": self.device.member.id});
        self.put(visit, Map::Ticks, step, &record);
    }

    /// Writes a reading.
    pub fn measure(&mut self, visit: VisitId, code: &str, value: &str, unit: &str) {
        let record = json!({"code": code, "value": value, "unit": unit, "source": "typed",
            "at": self.stamp(), "by": self.device.member.id});
        self.add(visit, Map::Measures, &record);
    }

    /// Answers a question.
    pub fn answer(&mut self, visit: VisitId, question: &str, value: &Value) {
        let record = json!({"value": value, "at": self.stamp(), "by": self.device.member.id});
        self.put(visit, Map::Answers, question, &record);
    }

    /// Writes an event of the timeline.
    pub fn event(&mut self, visit: VisitId, event: &str) {
        let record = json!({"event": event, "at": self.stamp(), "by": self.device.member.id});
        self.add(visit, Map::Timeline, &record);
    }

    /// Does everything a visit asks for before the work: the call, the checklists, the way, the bell.
    pub fn come_to_the_door(&mut self, visit: VisitId) {
        self.come_to_the_bell(visit);
        self.event(visit, "enter");
    }

    /// The same up to the bell, which nobody has answered yet.
    pub fn come_to_the_bell(&mut self, visit: VisitId) {
        let (at, by) = (self.stamp(), self.device.member.id);
        let call = json!({"channel": "app_call", "started_at": at, "duration_s": 30, "result": "reached",
            "recording_ref": "rec-1", "by": by});
        self.add(visit, Map::Contacts, &call);
        let template = self.template(visit);
        for (key, _) in template.steps.iter().flat_map(|step| step.tick_keys()) {
            self.tick(visit, &key, true);
        }
        self.event(visit, "confirm_call");
        self.event(visit, "depart");
        let arrive = json!({"event": "arrive", "at": at, "by": by, "reason": "no position in the cellar"});
        self.add(visit, Map::Timeline, &arrive);
    }

    /// The template a visit is planned with.
    ///
    /// # Panics
    /// If the phone does not carry it.
    #[must_use]
    pub fn template(&self, visit: VisitId) -> Template {
        let version = self.row("visit", visit)["template_version"].clone();
        let row = self.row("template", format!("{TEMPLATE}/{version}"));
        serde_json::from_value(row).expect("the phone carries the template")
    }

    /// Declares a photo; its bytes are uploaded apart.
    pub fn photo(&mut self, visit: VisitId, slot: &str, bytes: &[u8]) -> Hash {
        let sha256 = Hash::of(bytes);
        let record = json!({"slot": slot, "sha256": sha256, "bytes": bytes.len(), "media_type": "image/jpeg",
            "taken_at": self.stamp(), "source": "camera", "by": self.device.member.id});
        self.add(visit, Map::Photos, &record);
        sha256
    }

    /// Writes an intent into the outbox.
    pub fn intend(&mut self, body: IntentBody) -> IntentId {
        let intent = self.intent(body);
        self.intents.push(intent.to_bytes().expect("an intent is plain JSON"));
        intent.id
    }

    /// An intent of this person and this moment.
    #[must_use]
    pub fn intent(&self, body: IntentBody) -> Intent {
        let id = IntentId(self.device.app.id());
        Intent { id, at: self.stamp(), by: self.device.member.id, base_version: None, body }
    }

    /// Composes the construction form of a visit, has the customer sign it, seals it.
    ///
    /// # Panics
    /// If the phone lacks what the form is made of.
    #[must_use]
    pub fn sign_form(&self, visit: VisitId) -> Form {
        let app = self.device.app;
        let plan = self.row("visit", visit);
        let (template, policy_version) = (self.template(visit), plan["policy_version"].as_i64());
        let signing = Signing {
            org: self.device.org,
            device: self.device.id,
            rep: self.device.member.id,
            key: &self.device.key,
            template: &template,
            policy_version: policy_version.expect("a policy version"),
            number: plan["number"].as_str(),
            view: &self.view(visit),
            at: self.stamp(),
        };
        signing.sign(&mut || app.state.random.bytes32())
    }
}
