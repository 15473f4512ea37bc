//! The projected state of a visit: what `sync_core::visit::state` says of document, plan and review.
//!
//! Office, sync and review call the same function after anything changed.

use std::sync::Arc;

use doorstep_store::conflicts::list_choice_bodies;
use doorstep_store::late_work::{CountsByReason, list_late_counts};
use doorstep_store::scope::{find_snapshot, list_rework_bodies, list_verdict_bodies};
use doorstep_store::visits::Projected;
use doorstep_store::{Conn, visits};
use sync_core::calendar::Zone;
use sync_core::doc::VisitDoc;
use sync_core::doc::record::Pin;
use sync_core::ids::{ChoiceId, OrgId, ReworkId, VerdictId, VisitId};
use sync_core::merge::view::{Conflict, View};
use sync_core::plan::{CalendarRow, PlanSnapshot, PolicyRow, Review};
use sync_core::rules::{Background, Facts, handed_in_at};
use sync_core::template::Template;
use sync_core::time::UnixMillis;
use sync_core::visit::{Derived, VisitState, late};

use super::norms::Norms;
use crate::app::deadlines::{self, Obligations};
use crate::app::late_work::{self, LateRows};
use crate::app::rows::{corrupt, load_plan_snapshot, read};
use crate::app::{AppError, AppResult, ErrorCode, archive, conflicts, findings, sync};

/// What a visit is now, and why.
#[derive(Debug, Clone)]
pub struct Reprojection {
    /// The state.
    pub state: VisitState,
    /// The outcome the crew named in time.
    pub outcome: Option<String>,
    /// When the crew handed it in, on the server's clock.
    pub submitted_at: Option<UnixMillis>,
    /// The norms that the crew pinned.
    pub pin: Option<Pin>,
    /// State, waiting times, reopened slots, late records.
    pub derived: Derived,
    /// Concurrent values among what counts.
    pub conflicts: Vec<Conflict>,
    /// How many records came late, by reason.
    pub late: CountsByReason,
    /// What counts, where that is not all that the document says.
    pub counting: Option<View>,
    /// Deadlines and tasks that follow from what counts.
    pub asks: Obligations,
}

impl Reprojection {
    /// Whether what is left of the visit is to be archived.
    #[must_use]
    pub fn is_to_be_kept(&self) -> bool {
        self.state.is_handed_in() || self.state.is_past_hand_in() || self.state.is_final()
    }

    /// What the visit's row says of it.
    #[must_use]
    pub fn row(&self) -> Projected {
        // PostgreSQL holds no U+0000; the document keeps what was written.
        let template = |pin: &Pin| format!("{}/{}", pin.template.replace('\0', "\u{fffd}"), pin.template_version);
        Projected {
            state: self.state.code().to_owned(),
            outcome: self.outcome.clone(),
            submitted_at_ms: self.submitted_at.map(|at| at.0),
            pinned_template: self.pin.as_ref().map(template),
            pinned_policy_version: self.pin.as_ref().map(|pin| pin.policy_version),
        }
    }
}

/// Everything rules read about one visit, loaded once.
#[derive(Debug, Clone)]
pub struct LoadedFacts {
    /// The office's rows.
    pub plan: PlanSnapshot,
    /// What is known beyond them: what the plan says, and the rest where the visit is judged (`super::judge`).
    pub background: Background,
    /// The template the crew pinned, else the planned one.
    pub template: Arc<Template>,
    /// SHA-256 of the template as served.
    pub template_sha256: sync_core::bytes::Hash,
    /// The pinned policy.
    pub policy: Arc<PolicyRow>,
    /// The calendar in force when it was handed in, the newest while it is not.
    pub calendar: Arc<CalendarRow>,
    /// What reviewers decided.
    pub review: Review,
    /// Offset of the organisation's zone, in milliseconds.
    pub zone_offset_ms: i64,
    /// Now.
    pub now: UnixMillis,
}

impl LoadedFacts {
    /// The facts about a view.
    #[must_use]
    pub fn of<'a>(&'a self, view: &'a View) -> Facts<'a> {
        Facts {
            view,
            plan: &self.plan,
            background: &self.background,
            template: &self.template,
            policy: &self.policy,
            calendar: &self.calendar,
            zone_offset_ms: self.zone_offset_ms,
            now: self.now,
            device_now: None,
        }
    }

    /// A view with the policies of the pinned template and the office's choices.
    #[must_use]
    pub fn settle(&self, view: View) -> View {
        sync_core::merge::settle(view, &self.template, &self.review.choices)
    }

    /// What the visit of a view is now; writes nothing.
    #[must_use]
    pub fn project(&self, view: &View) -> Reprojection {
        let settled = (!view.is_uncontested()).then(|| self.settle(view.clone()));
        let view = settled.as_ref().unwrap_or(view);
        let derived = sync_core::visit::state(&self.of(view), &self.review);
        // Neither rules nor the outcome read what came after the hand-in.
        let in_time = (!derived.late.is_empty()).then(|| late::in_force(view, &derived.late));
        let counting = in_time.as_ref().unwrap_or(view);
        let outcome = outcome_of(counting, derived.state);
        let submitted_at = submitted_at(view, derived.state);
        let conflicts = counting.conflicts.clone();
        let late = late_work::counts(&derived, &self.review);
        let pin = view.pin().cloned();
        let asks = Obligations::of(&self.of(counting), &self.review, derived.state);
        let counting = in_time.or(settled);
        Reprojection { state: derived.state, outcome, submitted_at, pin, derived, conflicts, late, counting, asks }
    }
}

/// Projects the state of a visit from what is stored, and writes it.
///
/// # Errors
/// `not_found` if there is no such visit; corrupt rows.
pub fn reproject(conn: &mut Conn, org: OrgId, visit: VisitId, now: UnixMillis) -> AppResult<Reprojection> {
    let view = load_view(conn, org, visit)?;
    reproject_view(conn, org, &view, now)
}

/// Projects the state of a visit whose merged view is at hand, and writes it.
///
/// # Errors
/// `not_found` if there is no such visit; corrupt rows.
pub fn reproject_view(conn: &mut Conn, org: OrgId, view: &View, now: UnixMillis) -> AppResult<Reprojection> {
    reproject_with(conn, &mut Norms::new(org, now), view)
}

/// As [`reproject_view`], with norms that serve every visit of the transaction.
///
/// # Errors
/// As [`reproject_view`].
pub fn reproject_with(conn: &mut Conn, norms: &mut Norms, view: &View) -> AppResult<Reprojection> {
    let projected = derive_with(conn, norms, view)?;
    visits::update_projection(conn, norms.org(), view.visit, &projected.row())?;
    deadlines::keep(conn, norms.org(), &[(view.visit, projected.asks.clone())], norms.now())?;
    let had_conflicts = conflicts::project(conn, norms.org(), view.visit, &projected)?;
    let had_late_work = late_work::project(conn, norms.org(), view.visit, &projected)?;
    if had_conflicts || had_late_work || projected.counting.is_some() {
        sync::write_counting(conn, norms.org(), view, &projected)?;
        findings::look_again_at(conn, norms.org(), &[view.visit], norms.now())?;
    }
    if projected.is_to_be_kept() {
        archive::note_due(conn, norms.org(), &[view.visit], norms.now())?;
    }
    Ok(projected)
}

/// Whether a projection is what is stored: of what an earlier version of the rules derived another may follow by now.
///
/// # Errors
/// `not_found` if there is no such visit.
pub fn is_as_stored(conn: &mut Conn, org: OrgId, visit: VisitId, projected: &Reprojection) -> AppResult<bool> {
    let row = visits::find_visit(conn, org, visit)?.ok_or(ErrorCode::NotFound)?;
    let late = list_late_counts(conn, org, &[visit])?.remove(&visit).unwrap_or_default();
    Ok(projected.row().is_of(&row) && late == projected.late)
}

/// Derives the state of a visit and writes nothing.
///
/// # Errors
/// As [`reproject_view`].
pub fn derive_with(conn: &mut Conn, norms: &mut Norms, view: &View) -> AppResult<Reprojection> {
    Ok(load_facts_by(conn, norms, view)?.project(view))
}

/// The merged view of the stored document without what is held out, before policies and choices
/// ([`LoadedFacts::settle`]); an empty one where none is stored yet.
///
/// # Errors
/// A corrupt snapshot.
pub fn load_view(conn: &mut Conn, org: OrgId, visit: VisitId) -> AppResult<View> {
    let doc = match find_snapshot(conn, org, visit)? {
        Some(bytes) => VisitDoc::load(visit, &bytes).map_err(|error| corrupt("documents", visit, error))?,
        None => VisitDoc::create(visit).map_err(|error| AppError::Internal(error.to_string()))?,
    };
    let held = late_work::load(conn, org, visit)?.held();
    Ok(sync_core::merge::view_without(&doc, &held))
}

/// Loads what rules read beside the document.
///
/// # Errors
/// `not_found` if there is no such visit; corrupt rows.
pub fn load_facts(conn: &mut Conn, org: OrgId, view: &View, now: UnixMillis) -> AppResult<LoadedFacts> {
    load_facts_by(conn, &mut Norms::new(org, now), view)
}

fn load_facts_by(conn: &mut Conn, norms: &mut Norms, view: &View) -> AppResult<LoadedFacts> {
    let org = norms.org();
    let plan = load_plan_snapshot(conn, org, view.visit)?;
    let review = load_review(conn, org, view.visit)?;
    facts_of(conn, norms, view, plan, review)
}

/// The facts about a visit whose plan and review are at hand.
///
/// # Errors
/// Corrupt rows.
pub(crate) fn facts_of(
    conn: &mut Conn,
    norms: &mut Norms,
    view: &View,
    plan: PlanSnapshot,
    review: Review,
) -> AppResult<LoadedFacts> {
    let (template, template_sha256) = load_template(conn, norms, view, &plan)?;
    let pinned = view.pin().map(|pin| pin.policy_version);
    let policy = match pinned.map(|version| norms.policy(conn, version)).transpose()?.flatten() {
        Some(policy) => policy,
        None => norms
            .policy(conn, plan.visit.policy_version)?
            .ok_or_else(|| corrupt("visits", view.visit, "its policy does not exist"))?,
    };
    let zone_offset_ms = norms.zone_offset_ms(conn)?;
    let zone = Zone::at_offset_ms(zone_offset_ms).map_err(|error| AppError::Internal(error.to_string()))?;
    Ok(LoadedFacts {
        template,
        template_sha256,
        policy,
        calendar: norms.calendar(conn, handed_in_at(view))?,
        review,
        zone_offset_ms,
        background: Background::of_plan(&plan, &zone),
        plan,
        now: norms.now(),
    })
}

/// The template the crew pinned; the planned one where the pin names none of ours.
fn load_template(
    conn: &mut Conn,
    norms: &mut Norms,
    view: &View,
    plan: &PlanSnapshot,
) -> AppResult<(Arc<Template>, sync_core::bytes::Hash)> {
    let pinned = match view.pin() {
        Some(pin) => norms.template(conn, &pin.template, pin.template_version)?,
        None => None,
    };
    match pinned {
        Some(template) => Ok(template),
        None => norms
            .template(conn, &plan.visit.template, plan.visit.template_version)?
            .ok_or_else(|| corrupt("visits", view.visit, "its template does not exist")),
    }
}

/// Verdicts, rework tickets, choices and late work of a visit, oldest first.
///
/// # Errors
/// Corrupt rows.
pub fn load_review(conn: &mut Conn, org: OrgId, visit: VisitId) -> AppResult<Review> {
    let verdicts = list_verdict_bodies(conn, org, visit)?;
    let reworks = list_rework_bodies(conn, org, visit)?;
    let late = late_work::load(conn, org, visit)?;
    review_of(&verdicts, &reworks, &list_choice_bodies(conn, org, visit)?, late)
}

/// A review of stored bodies.
///
/// # Errors
/// Corrupt rows.
pub(super) fn review_of(
    verdicts: &[(VerdictId, String)],
    reworks: &[(ReworkId, String)],
    choices: &[(ChoiceId, String)],
    late: LateRows,
) -> AppResult<Review> {
    Ok(Review {
        verdicts: verdicts.iter().map(|(id, body)| read("verdicts", id, body)).collect::<AppResult<_>>()?,
        reworks: reworks.iter().map(|(id, body)| read("reworks", id, body)).collect::<AppResult<_>>()?,
        choices: choices.iter().map(|(id, body)| read("conflict_choices", id, body)).collect::<AppResult<_>>()?,
        late_work: late.work,
        late_decisions: late.decisions,
    })
}

/// The outcome of a visit that is over; a no-show is one also where the crew wrote no outcome.
fn outcome_of(view: &View, state: VisitState) -> Option<String> {
    // PostgreSQL holds no U+0000; the document keeps what was written.
    let named = view.outcome().map(|outcome| outcome.code.replace('\0', "\u{fffd}"));
    named.or_else(|| (state == VisitState::NoShow).then(|| "no_show".to_owned()))
}

/// When the crew handed the visit in: its last such event, once the state says that one counted.
fn submitted_at(view: &View, state: VisitState) -> Option<UnixMillis> {
    if !(state.is_handed_in() || state.is_past_hand_in()) {
        return None;
    }
    handed_in_at(view)
}
