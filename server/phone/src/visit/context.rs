//! Everything sync-core reads to judge a visit, gathered from the store.

use serde_json::Value;
use sync_core::bytes::Hash;
use sync_core::calendar::Zone;
use sync_core::doc::VisitDoc;
use sync_core::ids::VisitId;
use sync_core::merge::view::Finding;
use sync_core::merge::{self, View};
use sync_core::plain_json;
use sync_core::plan::{
    AppointmentRow, CalendarRow, ChoiceRow, CustomerRow, LateWorkRow, PlanSnapshot, PolicyRow, Review, ReworkRow,
    VerdictRow, VisitPlan, WorkOrderRow, calendar_in_force,
};
use sync_core::protocol::row::kind;
use sync_core::rules::{Background, Facts, handed_in_at};
use sync_core::statement::{Body, changed_after_signing, newest_first};
use sync_core::template::Template;
use sync_core::time::{Stamp, UnixMillis};
use sync_core::visit::{Derived, late as late_records, state};

use crate::error::{PhoneResult, usage};
use crate::late;
use crate::store::Tx;

/// Zone of an organisation that names none (design section 6).
const DEFAULT_ZONE: &str = "Asia/Shanghai";

/// A visit with its plan, norms and review.
#[derive(Debug, Clone)]
pub(crate) struct VisitContext {
    pub view: View,
    pub plan: PlanSnapshot,
    pub template: Template,
    pub template_sha256: Hash,
    pub policy: PolicyRow,
    pub customer: Option<CustomerRow>,
    pub review: Review,
    pub time_zone: String,
    /// What its plan rows say. A phone is told no more; roles that it heard at its enrolment may be others by now.
    background: Background,
    calendar: CalendarRow,
    zone_offset_ms: i64,
    now: Stamp,
}

impl VisitContext {
    /// Gathers everything about a visit; one that was not begun has an empty document.
    pub(crate) fn load(tx: &Tx, visit: VisitId, now: &Stamp) -> PhoneResult<Self> {
        let doc = match tx.doc(visit)? {
            Some(doc) => doc,
            None => VisitDoc::create(visit)?,
        };
        Self::of(tx, &doc, now)
    }

    /// Gathers everything about a document that is loaded already.
    pub(crate) fn of(tx: &Tx, doc: &VisitDoc, now: &Stamp) -> PhoneResult<Self> {
        let visit = doc.visit();
        let review = review_of(tx, visit)?;
        let view = merge::view_without(doc, &review.held());
        let state = tx.doc_state(visit)?;
        let mut plan = plan_of(tx, &view)?;
        if doc.heads().iter().any(|head| !state.server_heads.contains(head)) {
            // What the server said of the evidence was about what it had then.
            plan.evidence_complete_at_ms = None;
        }
        let (code, version, policy_version) = view.pin().map_or_else(
            || (plan.template.clone(), plan.template_version, plan.policy_version),
            |pin| (pin.template.clone(), pin.template_version, pin.policy_version),
        );
        let (template, template_sha256) = template_of(tx, &code, version)?;
        let view = merge::settle(view, &template, &review.choices);
        let policies = tx.rows_as::<PolicyRow>(kind::POLICY)?;
        let policy = policies.into_iter().find(|policy| policy.version == policy_version);
        let policy = policy.unwrap_or_else(|| PolicyRow {
            version: policy_version,
            effective_from_ms: UnixMillis(0),
            parameters: std::collections::BTreeMap::new(),
        });
        let calendars = tx.rows_as::<CalendarRow>(kind::CALENDAR)?;
        let versions = Vec::from_iter(calendars.iter().map(|one| (one.version, one.published_at_ms)));
        let in_force = calendar_in_force(&versions, handed_in_at(&view));
        let calendar = calendars.into_iter().find(|one| Some(one.version) == in_force).unwrap_or_default();
        let work_order: Option<WorkOrderRow> = find(tx, kind::WORK_ORDER, plan.work_order_id)?;
        let site = find(tx, kind::SITE, work_order.as_ref().map(|order| order.site_id).or(state.site))?;
        let customer = find(tx, kind::CUSTOMER, work_order.as_ref().map(|order| order.customer_id).or(state.customer))?;
        let appointment: Option<AppointmentRow> = find(tx, kind::APPOINTMENT, plan.appointment_id)?;
        let time_zone = time_zone(tx)?;
        let plan = PlanSnapshot { visit: plan, work_order, site, appointment };
        let zone_offset_ms = zone_offset_ms(&time_zone, now.corrected());
        let zone = Zone::at_offset_ms(zone_offset_ms).unwrap_or_default();
        Ok(Self {
            zone_offset_ms,
            background: Background::of_plan(&plan, &zone),
            plan,
            review,
            now: now.clone(),
            view,
            template,
            template_sha256,
            policy,
            customer,
            time_zone,
            calendar,
        })
    }

    /// The arguments of every rule.
    pub(crate) const fn facts(&self) -> Facts<'_> {
        Facts {
            view: &self.view,
            plan: &self.plan,
            background: &self.background,
            template: &self.template,
            policy: &self.policy,
            calendar: &self.calendar,
            zone_offset_ms: self.zone_offset_ms,
            now: UnixMillis(self.now.wall_ms.saturating_add(match self.now.off_ms {
                Some(offset) => offset,
                None => 0,
            })),
            device_now: Some(&self.now),
        }
    }

    /// This visit without what came late: what rules judge, as the office does.
    pub(crate) fn in_force(&self) -> Self {
        let view = late_records::in_force(&self.view, &self.derived().late);
        Self { view, ..self.clone() }
    }

    /// What differs from the newest form, if this phone sealed it.
    pub(crate) fn changed_after_signing(&self, tx: &Tx) -> PhoneResult<Vec<Finding>> {
        let Some((digest, named)) = newest_first(&self.view).next() else { return Ok(Vec::new()) };
        let own = tx.statements()?.into_iter().find(|(own, _)| *own == digest.to_string());
        let Some((_, own)) = own else { return Ok(Vec::new()) };
        let body: Body = plain_json::parse_as(&own.body.0)?;
        Ok(changed_after_signing(&self.view, &self.template, &body, named))
    }

    /// The state of the visit.
    pub(crate) fn derived(&self) -> Derived {
        state(&self.facts(), &self.review)
    }
}

fn find<T: serde::de::DeserializeOwned>(tx: &Tx, kind: &str, id: Option<impl ToString>) -> PhoneResult<Option<T>> {
    id.map_or(Ok(None), |id| tx.row(kind, &id.to_string()))
}

/// The plan of a visit; for one whose row has left the phone, what its pin says.
fn plan_of(tx: &Tx, view: &View) -> PhoneResult<VisitPlan> {
    if let Some(plan) = tx.row(kind::VISIT, &view.visit.to_string())? {
        return Ok(plan);
    }
    let Some(pin) = view.pin() else { return usage(format!("visit {} is not planned on this phone", view.visit)) };
    Ok(local_plan(view.visit, &pin.template, pin.template_version, pin.policy_version, tx.enrolment()?.user))
}

/// The plan of a visit that the office has not planned.
pub(crate) fn local_plan(
    id: VisitId,
    template: &str,
    template_version: i64,
    policy_version: i64,
    user: sync_core::ids::UserId,
) -> VisitPlan {
    VisitPlan {
        id,
        number: None,
        work_order_id: None,
        template: template.to_owned(),
        template_version,
        policy_version,
        crew: vec![user],
        assignment_epoch: 0,
        appointment_id: None,
        planned_start_ms: None,
        attempt: 1,
        previous_visit_id: None,
        priority: 0,
        cancelled_at_ms: None,
        closed_at_ms: None,
        cancel_reason: None,
        evidence_complete_at_ms: None,
    }
}

/// A template version with the SHA-256 of its bytes as served.
pub(crate) fn template_of(tx: &Tx, code: &str, version: i64) -> PhoneResult<(Template, Hash)> {
    let rows = tx.rows(kind::TEMPLATE)?;
    let is_it = |body: &Value| body.get("code") == Some(&code.into()) && body.get("version") == Some(&version.into());
    let Some((_, row)) = rows.into_iter().find(|(_, row)| is_it(&row.body)) else {
        return usage(format!("template {code} version {version} is not on this phone: sync first"));
    };
    let sha256 = Hash::of(&plain_json::to_vec(&row.body)?);
    Ok((serde_json::from_value(row.body)?, sha256))
}

/// What the office decided about a visit, oldest first.
pub(crate) fn review_of(tx: &Tx, visit: VisitId) -> PhoneResult<Review> {
    let mut verdicts = tx.rows_as::<VerdictRow>(kind::VERDICT)?;
    let mut reworks = tx.rows_as::<ReworkRow>(kind::REWORK)?;
    verdicts.retain(|verdict| verdict.visit_id == visit);
    reworks.retain(|rework| rework.visit_id == visit);
    verdicts.sort_by_key(|verdict| (verdict.at_ms, verdict.id));
    reworks.sort_by_key(|rework| (rework.opened_at_ms, rework.id));
    let mut choices = tx.rows_as::<ChoiceRow>(kind::CONFLICT)?;
    choices.retain(|choice| choice.visit_id == visit);
    choices.sort_by_key(|choice| (choice.at_ms, choice.id));
    let mut late_work = tx.rows_as::<LateWorkRow>(kind::LATE_WORK)?;
    late_work.retain(|work| work.visit_id == visit);
    late_work.sort_by_key(|work| work.seq);
    let late_decisions = late::decisions(tx, visit)?;
    Ok(Review { verdicts, reworks, choices, late_work, late_decisions })
}

/// What the organisation's reference row says, where the server sends one.
pub(crate) fn organisation(tx: &Tx, field: &str) -> PhoneResult<Option<String>> {
    let rows = tx.rows(kind::REFERENCE)?;
    let texts = rows.iter().filter(|(id, _)| id == "organisation").filter_map(|(_, row)| row.body.get(field)?.as_str());
    Ok(texts.map(str::to_owned).next())
}

/// The organisation's zone.
pub(crate) fn time_zone(tx: &Tx) -> PhoneResult<String> {
    Ok(organisation(tx, "time_zone")?.unwrap_or_else(|| DEFAULT_ZONE.to_owned()))
}

fn zone_offset_ms(zone: &str, at: UnixMillis) -> i64 {
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let instant = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    i64::from(zone.to_offset(instant).seconds()).saturating_mul(1000)
}

/// An instant as people of the organisation read it.
pub(crate) fn local_time(zone: &str, at: UnixMillis, format: &str) -> String {
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let instant = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    instant.to_zoned(zone).strftime(format).to_string()
}
