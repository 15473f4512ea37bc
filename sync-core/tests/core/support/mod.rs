//! A visit told record by record: hand-made views, plans and reviews for rule and state tests.

#![expect(clippy::unwrap_used, reason = "the support code of tests may panic")]

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use sync_core::bytes::{Actor, Hash};
use sync_core::doc::record::{Answer, Contact, Measure, Outcome, Photo, Remark, StatementRef, Tick, TimelineEvent};
use sync_core::ids::{AppointmentId, CustomerId, ReworkId, SiteId, UserId, VerdictId, VisitId, WorkOrderId};
use sync_core::merge::view::{Entry, OpId, Rewritten, Write};
use sync_core::merge::{Overlay, View};
use sync_core::plan::{
    AppointmentRow, CalendarRow, PlanSnapshot, PolicyRow, Review, ReworkRow, ReworkSlot, SiteRow, VerdictRow,
    VisitPlan, WorkOrderRow,
};
use sync_core::rules::{Background, Blocker, Facts, Moment, Trace, Verdict, blocking, evaluate_for};
use sync_core::template::Template;
use sync_core::time::{Geo, Stamp, UnixMillis};
use sync_core::visit::{Derived, state};

/// Who goes.
pub const REP: UserId = UserId::from_bytes([7; 16]);

/// Local time on the day of the visit, or a full local time.
pub fn at(time: &str) -> UnixMillis {
    let text = if time.contains('T') { format!("{time}:00+08:00") } else { format!("2025-03-04T{time}:00+08:00") };
    UnixMillis::from_rfc3339(&text).unwrap()
}

pub struct Story {
    pub view: View,
    pub plan: PlanSnapshot,
    pub background: Background,
    pub template: Template,
    pub policy: PolicyRow,
    pub calendar: CalendarRow,
    pub review: Review,
    pub clock: Stamp,
    ops: u64,
}

/// An urban installation of 500 Mbps, agreed for 10:00.
pub fn install() -> Story {
    let mut story = Story {
        view: empty_view(),
        plan: plan(),
        background: Background::default(),
        template: serde_saphyr::from_str(include_str!("../../../data/templates/broadband_install.yaml")).unwrap(),
        policy: PolicyRow {
            version: 1,
            effective_from_ms: UnixMillis(0),
            parameters: BTreeMap::from([("min_rate_ratio".into(), "1.00".into())]),
        },
        calendar: CalendarRow { version: 1, ..CalendarRow::default() },
        review: Review::default(),
        clock: Stamp { wall_ms: 0, mono_ms: 0, boot_id: "BOOT0001".into(), off_ms: Some(0), err_ms: Some(0) },
        ops: 100,
    };
    story.time("09:00");
    story
}

/// A view of a visit about which nothing was written.
pub fn empty_view() -> View {
    View {
        visit: VisitId::from_bytes([1; 16]),
        heads: vec![Hash::of(b"empty")],
        pins: vec![],
        timeline: vec![],
        contacts: vec![],
        ticks: BTreeMap::new(),
        measures: vec![],
        answers: BTreeMap::new(),
        photos: vec![],
        captions: BTreeMap::new(),
        withdrawn: BTreeMap::new(),
        materials: vec![],
        open_points: vec![],
        corrections: vec![],
        more: BTreeMap::new(),
        statements: vec![],
        outcomes: vec![],
        notes: String::new(),
        rewritten: vec![],
        signed: vec![],
        conflicts: vec![],
        held: vec![],
        released_notes: Vec::new(),
        set_apart: sync_core::merge::SetApart::default(),
        findings: vec![],
        overlay: Overlay::default(),
    }
}

fn plan() -> PlanSnapshot {
    let (order, customer) = (WorkOrderId::from_bytes([2; 16]), CustomerId::from_bytes([3; 16]));
    let (site, appointment) = (SiteId::from_bytes([4; 16]), AppointmentId::from_bytes([5; 16]));
    PlanSnapshot {
        visit: VisitPlan {
            id: VisitId::from_bytes([1; 16]),
            number: None,
            work_order_id: Some(order),
            template: "broadband_install".into(),
            template_version: 1,
            policy_version: 1,
            crew: vec![REP],
            assignment_epoch: 1,
            appointment_id: Some(appointment),
            planned_start_ms: Some(at("10:00")),
            attempt: 1,
            previous_visit_id: None,
            priority: 0,
            cancelled_at_ms: None,
            closed_at_ms: None,
            cancel_reason: None,
            evidence_complete_at_ms: None,
        },
        work_order: Some(WorkOrderRow {
            id: order,
            number: None,
            external_ref: None,
            kind: "install".into(),
            channel: "store".into(),
            customer_id: customer,
            site_id: site,
            fields: BTreeMap::from([("contracted_mbps".into(), "500".into())]),
            priority: 0,
        }),
        site: Some(SiteRow {
            id: site,
            customer_id: customer,
            address: "invented".into(),
            geo: None,
            scene: "urban_residential".into(),
            access_note: None,
        }),
        appointment: Some(AppointmentRow {
            id: appointment,
            work_order_id: order,
            attempt: 1,
            start_ms: at("10:00"),
            end_ms: None,
            proposed_by: "customer".into(),
            state: "agreed".into(),
            agreed_at_ms: None,
            changes: vec![],
        }),
    }
}

impl Story {
    /// Sets the phone's clocks.
    pub fn time(&mut self, time: &str) -> &mut Self {
        self.clock.wall_ms = at(time).0;
        self.clock.mono_ms = at(time).0 - at("00:00").0;
        self
    }

    fn entry<T>(&mut self, key: Option<&str>, value: T) -> Entry<T> {
        self.ops += 1;
        self.view.heads = vec![Hash::of(&self.ops.to_be_bytes())];
        let key = key.map_or_else(|| format!("r{}", self.ops), str::to_owned);
        Entry { key, value, op: OpId { counter: self.ops, actor: Actor([9; 16]) } }
    }

    /// Keeps what a key said before, as the view does once the visit was handed in.
    fn again<T: Serialize>(&mut self, map: &str, old: Option<&Entry<T>>, new: &Entry<T>) {
        if !self.view.timeline.iter().any(|entry| entry.value.hands_in()) {
            return;
        }
        let write = |entry: &Entry<T>, replaces: Vec<OpId>| Write {
            op: entry.op,
            value: serde_json::to_value(&entry.value).unwrap(),
            replaces,
        };
        let all = &mut self.view.rewritten;
        let key = (map, new.key.as_str());
        let at = all.binary_search_by(|one| (one.map.as_str(), one.key.as_str()).cmp(&key)).unwrap_or_else(|at| {
            let writes = old.iter().map(|old| write(old, vec![])).collect();
            all.insert(at, Rewritten { map: map.into(), key: new.key.clone(), writes });
            at
        });
        all.get_mut(at).unwrap().writes.push(write(new, old.iter().map(|old| old.op).collect()));
    }

    pub fn event(&mut self, event: &str) -> &mut Self {
        let geo = Geo { lat_udeg: 31_000_000, lon_udeg: 121_000_000, acc_m: 10, datum: "wgs84".into(), mock: None };
        self.event_with(event, Some(geo), None)
    }

    pub fn event_with(&mut self, event: &str, geo: Option<Geo>, reason: Option<&str>) -> &mut Self {
        let value = TimelineEvent {
            event: event.into(),
            at: self.clock.clone(),
            geo,
            by: REP,
            reason: reason.map(str::to_owned),
        };
        let entry = self.entry(None, value);
        self.view.timeline.push(entry);
        self
    }

    /// Ticks every item of a step.
    pub fn step(&mut self, step: &str) -> &mut Self {
        for (key, _) in self.template.step(step).unwrap().tick_keys().collect::<Vec<_>>() {
            self.tick(&key, true);
        }
        self
    }

    pub fn tick(&mut self, key: &str, done: bool) -> &mut Self {
        let value = Tick { done, at: self.clock.clone(), by: REP };
        let entry = self.entry(Some(key), value);
        let old = self.view.ticks.insert(key.into(), entry.clone());
        self.again("ticks", old.as_ref(), &entry);
        self
    }

    pub fn answer(&mut self, question: &str, value: impl Into<Value>) -> &mut Self {
        let value = Answer { value: value.into(), at: self.clock.clone(), by: REP };
        let entry = self.entry(Some(question), value);
        let old = self.view.answers.insert(question.into(), entry.clone());
        self.again("answers", old.as_ref(), &entry);
        self
    }

    pub fn measure(&mut self, code: &str, value: &str, unit: &str) -> &mut Self {
        let value = Measure {
            code: code.into(),
            value: value.into(),
            unit: unit.into(),
            instrument: None,
            source: "typed".into(),
            at: self.clock.clone(),
            by: REP,
        };
        let entry = self.entry(None, value);
        self.view.measures.push(entry);
        self
    }

    /// Takes a photo, perhaps instead of another; gives its id.
    pub fn photo(&mut self, slot: &str, replaces: Option<&str>) -> String {
        let value = Photo {
            kind: None,
            slot: slot.into(),
            sha256: Hash::of(&self.ops.to_le_bytes()),
            bytes: 1,
            media_type: "image/jpeg".into(),
            width: None,
            height: None,
            taken_at: self.clock.clone(),
            geo: None,
            source: "camera".into(),
            replaces: replaces.map(str::to_owned),
            by: REP,
        };
        let entry = self.entry(None, value);
        let key = entry.key.clone();
        self.view.photos.push(entry);
        key
    }

    pub fn withdraw(&mut self, photo: &str) -> &mut Self {
        let value = Remark { text: None, reason: Some("wrong".into()), at: self.clock.clone(), by: REP };
        let entry = self.entry(Some(photo), value);
        let old = self.view.withdrawn.insert(photo.into(), entry.clone());
        self.again("withdrawn", old.as_ref(), &entry);
        self
    }

    pub fn contact(&mut self, channel: &str, result: &str) -> &mut Self {
        let value = Contact {
            channel: channel.into(),
            started_at: self.clock.clone(),
            duration_s: 30,
            result: result.into(),
            recording_ref: None,
            reason: None,
            by: REP,
        };
        let entry = self.entry(None, value);
        self.view.contacts.push(entry);
        self
    }

    pub fn seal(&mut self) -> &mut Self {
        let value = StatementRef { kind: "construction_confirmation".into(), at: self.clock.clone(), by: Some(REP) };
        let entry = self.entry(None, value);
        self.view.statements.push(entry);
        self
    }

    pub fn outcome(&mut self, code: &str, reason: Option<&str>) -> &mut Self {
        let value = Outcome { code: code.into(), reason: reason.map(str::to_owned), at: self.clock.clone(), by: REP };
        let entry = self.entry(None, value);
        self.view.outcomes.push(entry);
        self
    }

    /// From the kit check to the arrival at 09:52, as in S-01.
    pub fn arrives(&mut self) -> &mut Self {
        self.step("kit_check").time("09:10").contact("app_call", "reached").answer("contact_result", "confirmed");
        self.step("confirm_call").event("confirm_call");
        self.time("09:20").event("depart").time("09:52").event("arrive")
    }

    /// Everything between the door and the satisfied customer, as in S-01.
    pub fn works(&mut self) -> &mut Self {
        self.time("09:55").answer("safe_to_work", true).step("safety").step("enter").event("enter");
        self.time("10:00")
            .step("talk")
            .answer("location_agreed", "study")
            .answer("route_note", "duct")
            .step("location");
        self.time("10:20").answer("cable_kind", "bow_drop").answer("cable_entry", "duct");
        self.answer("indoor_method", "existing_duct").step("cabling").photo("outdoor_route", None);
        self.time("10:40").step("splice");
        self.time("10:50").answer("splitter_box", "B1").answer("splitter_port", "3").step("label");
        self.answer("label_customer_end", true).answer("label_splitter_end", true).photo("splitter_label", None);
        self.time("11:00").answer("ont_serial", "ONT1").step("activate");
        self.answer("resource_ok", true).answer("aaa_sync_ok", true).step("line_test");
        self.measure("optical_power", "-18.30", "dBm").measure("down_rate", "512.4", "Mbps");
        self.time("11:05").step("demo").photo("ont_stb", None);
        self.time("11:10").step("cleanup").event("finish_steps")
    }

    /// Satisfaction, signature, the picture of the form, and handing in at 11:20.
    pub fn hands_in(&mut self) -> &mut Self {
        self.time("11:15").answer("satisfied", true).answer("rating", 9).step("acceptance").seal().event("sign");
        self.photo("acceptance_form", None);
        self.time("11:20").outcome("completed", None).event("submit")
    }

    /// A verdict on the whole visit as it is now; a return reopens these slots.
    pub fn verdict(&mut self, time: &str, decision: &str, slots: &[&str]) -> &mut Self {
        let number = u8::try_from(self.review.verdicts.len()).unwrap();
        let id = VerdictId::from_bytes([number; 16]);
        let heads = self.view.heads.clone();
        let last_decision = self.review.last_decision();
        self.review.verdicts.push(VerdictRow {
            id,
            visit_id: self.view.visit,
            photo_id: None,
            sha256: None,
            heads: heads.clone(),
            last_decision,
            decision: decision.into(),
            reason: None,
            missing: vec![],
            comment: None,
            by: REP,
            at_ms: at(time),
        });
        if !slots.is_empty() {
            let slots = slots.iter().map(|slot| ReworkSlot {
                slot: (*slot).into(),
                photos: vec![],
                missing: vec!["whole_splitter".into()],
                reasons: vec!["incomplete".into()],
            });
            self.review.reworks.push(ReworkRow {
                id: ReworkId::from_bytes([number; 16]),
                visit_id: self.view.visit,
                slots: slots.collect(),
                verdict_id: id,
                heads,
                opened_at_ms: at(time),
                answered_at_ms: None,
            });
        }
        self
    }

    pub fn facts(&self) -> Facts<'_> {
        Facts {
            view: &self.view,
            plan: &self.plan,
            background: &self.background,
            template: &self.template,
            policy: &self.policy,
            calendar: &self.calendar,
            zone_offset_ms: 8 * 3_600_000,
            now: self.clock.corrected(),
            device_now: Some(&self.clock),
        }
    }

    pub fn derived(&self) -> Derived {
        state(&self.facts(), &self.review)
    }

    pub fn blockers(&self, outcome: &str) -> Vec<Blocker> {
        blocking(&self.facts(), outcome)
    }

    /// The trace of a rule, judged for an outcome.
    pub fn trace(&self, rule: &str, outcome: &str) -> Trace {
        let moments = [Moment::Start, Moment::Finish, Moment::Server];
        let mut traces = moments.into_iter().flat_map(|moment| evaluate_for(&self.facts(), moment, Some(outcome)));
        traces.find(|trace| trace.rule == rule).unwrap()
    }

    pub fn verdict_of(&self, rule: &str) -> Verdict {
        self.trace(rule, "completed").verdict
    }
}
