//! Visits as the office plans them.

mod assign;
mod background;
mod cancel;
pub mod copies;
mod door_note;
mod follow;
mod history;
mod judge;
mod next_attempt;
mod norms;
mod plan;
mod planned;
pub mod project;
mod recheck;
mod reschedule;
pub(crate) mod show;

use doorstep_store::feed::FeedBatch;
use doorstep_store::visits::{VisitRecord, update_plan};
use doorstep_store::{Conn, StoreError, presence};
use sync_core::ids::{OrgId, VisitId};
use sync_core::merge::view::Finding;
use sync_core::plan::PlanSnapshot;
use sync_core::time::UnixMillis;
use sync_core::visit::VisitState;

pub use assign::assign_visit;
pub(crate) use assign::{CrewChange, change_crew};
pub(crate) use background::{bridged, calls_of};
pub use cancel::{cancel_visit, close_visit};
pub use door_note::show_door_note;
pub use follow::follow_norms;
pub(crate) use follow::{begins_at, is_unbegun};
pub use history::{HistoryPage, Moment, PastChange, PastView, list_history};
pub(crate) use judge::{Judged, judge};
pub use next_attempt::create_next_attempt;
pub(crate) use next_attempt::plan_next_attempt;
pub use norms::Norms;
pub(crate) use plan::make_appointment;
pub use plan::{NewAppointment, NewVisit, PlannedTime, create_visit};
pub(crate) use planned::{Planned, load_planned};
pub use project::{Reprojection, derive_with, is_as_stored, reproject, reproject_view, reproject_with};
pub(crate) use project::{load_facts, load_view};
pub(crate) use recheck::plan_recheck;
pub use reschedule::{Notice, Rescheduled, Rescheduling, reschedule_visit};
pub(crate) use reschedule::{is_to_come, shift};
pub use show::{VisitListing, list_visits, show_visit};

use crate::app::dispatch::{Clash, clashes_of};
use crate::app::rows::corrupt;
use crate::app::scope::{load_window, refresh_visit};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, findings, reach};

/// A visit as the office sees it.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The row.
    pub row: VisitRecord,
    /// The plan.
    pub plan: PlanSnapshot,
    /// The projected state.
    pub state: VisitState,
    /// Who is assigned, with names.
    pub crew: Vec<doorstep_store::assignments::CrewMember>,
    /// What a person should look at.
    pub findings: Vec<Finding>,
    /// The norms that it is judged by: those its crew pinned, the planned ones until then.
    pub norms: JudgedBy,
    /// What else its crew has at that time, told to whoever decided when it is or who goes.
    pub clashes: Vec<Clash>,
}

/// Versions of the norms that a visit is judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedBy {
    /// Template.
    pub template: String,
    /// Its version.
    pub template_version: i64,
    /// Version of the policy.
    pub policy_version: i64,
    /// Version of the calendar.
    pub calendar_version: i64,
}

/// Loads a visit as the office sees it: after a change as whenever it is shown.
fn load(conn: &mut Conn, org: OrgId, id: VisitId, now: UnixMillis) -> AppResult<Visit> {
    let row = doorstep_store::visits::find_visit(conn, org, id)?.ok_or(ErrorCode::NotFound)?;
    let crew = doorstep_store::assignments::list_crew(conn, org, id)?;
    let judged = judge(conn, org, id, now)?;
    let loaded = judged.loaded;
    let norms = JudgedBy {
        template: loaded.template.code.clone(),
        template_version: loaded.template.version,
        policy_version: loaded.policy.version,
        calendar_version: loaded.calendar.version,
    };
    let (state, findings, clashes) = (state_of(&row)?, judged.findings, Vec::new());
    Ok(Visit { plan: loaded.plan, state, crew, findings, norms, clashes, row })
}

/// A visit after it was decided when it is or who goes, with what else its crew has at that time.
fn load_decided(conn: &mut Conn, ctx: &Ctx, id: VisitId) -> AppResult<Visit> {
    let visit = load(conn, ctx.actor.org, id, ctx.now)?;
    let crew: Vec<_> = visit.crew.iter().map(|member| member.rep).collect();
    let clashes = clashes_of(conn, ctx, &visit.row, &crew)?;
    Ok(Visit { clashes, ..visit })
}

/// The projected state of a row.
///
/// # Errors
/// A state no version knows.
pub fn state_of(row: &VisitRecord) -> AppResult<VisitState> {
    VisitState::from_code(&row.state).ok_or_else(|| corrupt("visits", row.id, "its state is unknown"))
}

/// Loads a visit within reach for a change, if it has the version the asker saw.
pub(crate) fn load_for_change(conn: &mut Conn, ctx: &Ctx, id: VisitId, seen_version: i64) -> AppResult<VisitRecord> {
    // A push that moves the state, which is no new version, waits, or came before and is seen.
    presence::lock_visit(conn, ctx.actor.org, id)?;
    let row = reach::load_visit(conn, ctx, id)?;
    if row.version == seen_version { Ok(row) } else { Err(StoreError::Stale.into()) }
}

/// Refuses what the state does not allow.
pub(crate) fn require(allowed: bool, state: VisitState) -> AppResult<()> {
    if allowed {
        return Ok(());
    }
    let en = format!("The visit is {}", state.code().replace('_', " "));
    Err(Refusal::new(ErrorCode::StateInvalid).detail(en, format!("工单状态为“{}”", state.label_zh())).into())
}

/// Writes a changed plan, projects the state, and tells every audience. The last step of each change.
fn save(conn: &mut Conn, app: &AppState, ctx: &Ctx, row: VisitRecord) -> AppResult<Visit> {
    let id = row.id.0;
    save_plan(conn, app, row, ctx.now)?;
    load(conn, ctx.actor.org, id, ctx.now)
}

/// As [`save`], whoever changed it.
///
/// # Errors
/// Stale if somebody else was faster; corrupt rows.
pub(crate) fn save_plan(conn: &mut Conn, app: &AppState, mut row: VisitRecord, now: UnixMillis) -> AppResult<()> {
    let mut batch = FeedBatch::new();
    put(conn, app, &mut row, &mut batch, now)?;
    batch.publish(conn, row.org_id.0)?;
    Ok(())
}

/// Writes a changed plan, projects the state, and says in the batch what audiences are to be told.
///
/// # Errors
/// Stale if somebody else was faster; corrupt rows.
pub(crate) fn put(
    conn: &mut Conn,
    app: &AppState,
    row: &mut VisitRecord,
    batch: &mut FeedBatch,
    now: UnixMillis,
) -> AppResult<()> {
    let (org, id) = (row.org_id.0, row.id.0);
    row.version += 1;
    update_plan(conn, row)?;
    reproject(conn, org, id, now)?;
    findings::look_again_at(conn, org, &[id], now)?;
    let window = load_window(conn, org, &app.config.sync, now)?;
    refresh_visit(conn, batch, org, id, window)
}

/// Tells every audience of a visit, in the last statements of the transaction.
fn publish(conn: &mut Conn, app: &AppState, org: OrgId, id: VisitId, now: UnixMillis) -> AppResult<()> {
    let window = load_window(conn, org, &app.config.sync, now)?;
    let mut batch = FeedBatch::new();
    refresh_visit(conn, &mut batch, org, id, window)?;
    batch.publish(conn, org)?;
    Ok::<_, AppError>(())
}

/// Refuses what needs a work order for a visit that waits for one.
pub(crate) fn without_order(row: &VisitRecord) -> AppError {
    let refusal = Refusal::new(ErrorCode::StateInvalid);
    refusal.detail(format!("Visit {} has no work order yet", row.id), "该工单尚未关联业务工单").into()
}
