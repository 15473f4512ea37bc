//! What judging a full install visit costs: every rule, what is required, what blocks, and the state, in this process.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sync_core::bytes::Hash;
use sync_core::doc::record::{Answer, Contact, Measure, Outcome, Photo, Pin, StatementRef, Tick, TimelineEvent};
use sync_core::doc::{Map, VisitDoc};
use sync_core::ids::{AppointmentId, CustomerId, SiteId, UserId, VisitId, WorkOrderId};
use sync_core::merge;
use sync_core::plan::{AppointmentRow, CalendarRow, PlanSnapshot, PolicyRow, Review, SiteRow, VisitPlan, WorkOrderRow};
use sync_core::rules::{Background, Facts, Moment, blocking, evaluate, requirements};
use sync_core::template::Template;
use sync_core::time::{Geo, UnixMillis};
use sync_core::visit::{VisitState, state};

use crate::{wire, workload};

/// 10:00 on 4 March 2025 in Shanghai, for which the visit is agreed.
const AGREED_MS: i64 = 1_741_053_600_000;

const MINUTE_MS: i64 = 60_000;

/// Times that everything is judged in one turn.
const ROUNDS: u32 = 2_000;

/// Prints microseconds of one thread for one visit, the best of several turns of each part.
pub fn measure(runs: usize) {
    let template = workload::template();
    let by = UserId(workload::id("rep", "evaluation", AGREED_MS));
    let visit = VisitId(workload::id("visit", "evaluation", AGREED_MS));
    let doc = Rep { doc: VisitDoc::create(visit).unwrap(), by, at_ms: AGREED_MS - 60 * MINUTE_MS }.work(&template);
    let view = merge::view(&doc);
    let (plan, background) = (plan(visit, by), Background::default());
    let policy = PolicyRow { version: 1, effective_from_ms: UnixMillis(0), parameters: sync_core::policy::defaults() };
    let calendar = CalendarRow { version: 1, ..CalendarRow::default() };
    let facts = Facts {
        view: &view,
        plan: &plan,
        background: &background,
        template: &template,
        policy: &policy,
        calendar: &calendar,
        zone_offset_ms: 8 * 60 * MINUTE_MS,
        now: UnixMillis(AGREED_MS + 120 * MINUTE_MS),
        device_now: None,
    };
    let review = Review::default();
    // It is a whole visit: nothing stands in its way, and it was handed in.
    assert_eq!(blocking(&facts, "completed"), [], "nothing is missing");
    assert_eq!(state(&facts, &review).state, VisitState::Submitted);
    let moments = [Moment::Start, Moment::Finish, Moment::Server];
    let rules = || moments.iter().map(|moment| evaluate(&facts, *moment).len()).sum::<usize>();
    assert_eq!(rules(), template.rules.len(), "every rule is judged");
    let best = |run: &dyn Fn()| {
        let took = (0..runs).map(|_| {
            let started = wire::start();
            (0..ROUNDS).for_each(|_| run());
            wire::since(started) * 1_000.0 / f64::from(ROUNDS)
        });
        took.fold(f64::INFINITY, f64::min)
    };
    println!("| part, an install visit of {} changes | µs |\n|---|---|", doc.change_metas().len());
    let row = |name: &str, us: f64| println!("| {name} | {us:.0} |");
    row("every rule of the template, with its trace", best(&|| assert!(rules() > 0)));
    row("what is required", best(&|| drop(requirements(&facts))));
    row("what stops it from being completed", best(&|| drop(blocking(&facts, "completed"))));
    row("its state", best(&|| drop(state(&facts, &review))));
}

fn plan(visit: VisitId, by: UserId) -> PlanSnapshot {
    let id = |what: &str| workload::id(what, "evaluation", AGREED_MS);
    let (order, site) = (WorkOrderId(id("order")), SiteId(id("site")));
    let (customer, appointment) = (CustomerId(id("customer")), AppointmentId(id("appointment")));
    PlanSnapshot {
        visit: VisitPlan {
            id: visit,
            number: None,
            work_order_id: Some(order),
            template: workload::TEMPLATE_CODE.to_owned(),
            template_version: 1,
            policy_version: 1,
            crew: vec![by],
            assignment_epoch: 1,
            appointment_id: Some(appointment),
            planned_start_ms: Some(UnixMillis(AGREED_MS)),
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
            kind: "install".to_owned(),
            channel: "store".to_owned(),
            customer_id: customer,
            site_id: site,
            fields: BTreeMap::from([("contracted_mbps".to_owned(), "500".to_owned())]),
            priority: 0,
        }),
        site: Some(SiteRow {
            id: site,
            customer_id: customer,
            address: "invented".to_owned(),
            geo: None,
            scene: "urban_residential".to_owned(),
            access_note: None,
        }),
        appointment: Some(AppointmentRow {
            id: appointment,
            work_order_id: order,
            attempt: 1,
            start_ms: UnixMillis(AGREED_MS),
            end_ms: None,
            proposed_by: "customer".to_owned(),
            state: "agreed".to_owned(),
            agreed_at_ms: None,
            changes: Vec::new(),
        }),
    }
}

/// A rep at work, one change after the other.
struct Rep {
    doc: VisitDoc,
    by: UserId,
    at_ms: i64,
}

impl Rep {
    fn put(&mut self, map: Map, key: Option<&str>, record: &Value) {
        self.at_ms += 10_000;
        let id = workload::id("record", &self.doc.visit().to_string(), self.at_ms).to_string();
        let actor = workload::actor(self.doc.visit());
        let written = self.doc.edit(actor, |edit| edit.put(map, key.unwrap_or(&id), record));
        written.unwrap().expect("a change");
    }

    fn event(&mut self, event: &str) {
        let geo = Geo { lat_udeg: 31_000_000, lon_udeg: 121_000_000, acc_m: 10, datum: "wgs84".to_owned(), mock: None };
        let (at, by) = (workload::stamp(self.at_ms), self.by);
        let event = TimelineEvent { event: event.to_owned(), at, geo: Some(geo), by, reason: None };
        self.put(Map::Timeline, None, &json!(event));
    }

    /// Everything that the template asks for, in the order of a visit.
    fn work(mut self, template: &Template) -> VisitDoc {
        self.prepare(template);
        for (question, value) in [
            ("contact_result", json!("confirmed")),
            ("safe_to_work", json!(true)),
            ("location_agreed", json!("客厅电视柜")),
            ("route_note", json!("沿踢脚线")),
            ("cable_kind", json!("bow_drop")),
            ("cable_entry", json!("duct")),
            ("indoor_method", json!("existing_duct")),
            ("splitter_box", json!("FG-0217")),
            ("splitter_port", json!("1/2/7")),
            ("label_customer_end", json!(true)),
            ("label_splitter_end", json!(true)),
            ("ont_serial", json!("ONT-7F21-0001")),
            ("resource_ok", json!(true)),
            ("aaa_sync_ok", json!(true)),
        ] {
            self.answer(question, value);
        }
        for (code, value, unit) in [("optical_power", "-18.30", "dBm"), ("down_rate", "512.4", "Mbps")] {
            let (source, at, by) = ("instrument".to_owned(), workload::stamp(self.at_ms), self.by);
            let (code, value, unit) = (code.to_owned(), value.to_owned(), unit.to_owned());
            let instrument = Some("PM-100-0042".to_owned());
            self.put(Map::Measures, None, &json!(Measure { code, value, unit, instrument, source, at, by }));
        }
        for slot in ["outdoor_route", "splitter_label", "ont_stb", "acceptance_form"] {
            self.photograph(slot);
        }
        self.event("finish_steps");
        self.answer("satisfied", json!(true));
        self.answer("rating", json!(9));
        self.hand_in();
        self.doc
    }

    fn prepare(&mut self, template: &Template) {
        let (at, by) = (workload::stamp(self.at_ms), self.by);
        let pin = Pin {
            template: template.code.clone(),
            template_version: template.version,
            policy_version: 1,
            at: at.clone(),
            by,
        };
        self.put(Map::Pins, None, &json!(pin));
        let (channel, result) = ("app_call".to_owned(), "reached".to_owned());
        let call = Contact { channel, started_at: at, duration_s: 48, result, recording_ref: None, reason: None, by };
        self.put(Map::Contacts, None, &json!(call));
        for (key, _) in template.steps.iter().flat_map(|step| step.tick_keys()) {
            let tick = Tick { done: true, at: workload::stamp(self.at_ms), by };
            self.put(Map::Ticks, Some(&key), &json!(tick));
        }
        self.event("confirm_call");
        self.event("depart");
        self.at_ms = AGREED_MS - 8 * MINUTE_MS;
        self.event("arrive");
        self.event("enter");
    }

    fn answer(&mut self, question: &str, value: Value) {
        let answer = Answer { value, at: workload::stamp(self.at_ms), by: self.by };
        self.put(Map::Answers, Some(question), &json!(answer));
    }

    fn photograph(&mut self, slot: &str) {
        let photo = Photo {
            kind: None,
            slot: slot.to_owned(),
            sha256: Hash::of(slot.as_bytes()),
            bytes: 412_345,
            media_type: "image/jpeg".to_owned(),
            width: Some(3000),
            height: Some(4000),
            taken_at: workload::stamp(self.at_ms),
            geo: None,
            source: "camera".to_owned(),
            replaces: None,
            by: self.by,
        };
        self.put(Map::Photos, None, &json!(photo));
    }

    fn hand_in(&mut self) {
        let (at, by) = (workload::stamp(self.at_ms), self.by);
        let statement = StatementRef { kind: "construction_confirmation".to_owned(), at: at.clone(), by: Some(by) };
        self.put(Map::Statements, Some(&Hash::of(b"sealed").to_string()), &json!(statement));
        self.event("sign");
        let outcome = Outcome { code: "completed".to_owned(), reason: None, at, by };
        self.put(Map::Outcomes, None, &json!(outcome));
        self.event("submit");
    }
}
