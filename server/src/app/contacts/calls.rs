//! Calls that the bridge tells of.

use doorstep_store::calls::{self, CallRow};
use doorstep_store::visits::list_visits_of;
use doorstep_store::{Conn, Txt, presence, users, work_orders};
use serde_json::json;
use sync_core::formulas::minutes_ms;
use sync_core::ids::{OrgId, UserId, VisitId, WorkOrderId};
use sync_core::policy::keys;
use sync_core::time::UnixMillis;

use crate::app::customers::text_fault;
use crate::app::norms::policy_in_force;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, archive, audit, reach};

/// What can come of a call.
///
/// # Source
/// Rulebook section 3, `ContactAttempt`.
pub const RESULTS: [&str; 4] = ["reached", "no_answer", "refused", "wrong_number"];

/// Calls about one visit, or about one order: every judgement of the visit holds them against its contacts.
///
/// # Source
/// Ten attempts a day for a month, and as many again.
const MAX_CALLS: i64 = 500;

/// Longest call, in seconds: a day.
const MAX_DURATION_SECS: i64 = 24 * 60 * 60;

/// A call to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCall {
    /// The bridge's own name of the call.
    pub call_id: String,
    /// The visit that it was about.
    pub visit: Option<VisitId>,
    /// The order, where no visit is named.
    pub order: Option<WorkOrderId>,
    /// Who called.
    pub rep: UserId,
    /// When it began.
    pub started_at: UnixMillis,
    /// How long it lasted, in seconds.
    pub duration_secs: i64,
    /// What came of it.
    pub result: String,
    /// Reference of the recording.
    pub recording_ref: Option<String>,
}

impl NewCall {
    fn check(&self) -> AppResult<()> {
        let mut refusal = Refusal::new(ErrorCode::Invalid);
        if let Some([en, zh]) = text_fault(&self.call_id, 100) {
            refusal = refusal.both("call_id", en, zh);
        }
        if self.visit.is_some() == self.order.is_some() {
            refusal = refusal.both("visit_id", "either a visit or a work order", "工单或上门任务二者之一");
        }
        if !(0..=MAX_DURATION_SECS).contains(&self.duration_secs) {
            refusal = refusal.both("duration_s", "0 to 86400 seconds", "0 至 86400 秒");
        }
        if !RESULTS.contains(&self.result.as_str()) {
            refusal = refusal.both("result", format!("one of {}", RESULTS.join(", ")), RESULTS.join("、"));
        }
        if let Some([en, zh]) = self.recording_ref.as_deref().and_then(|name| text_fault(name, 300)) {
            refusal = refusal.both("recording_ref", en, zh);
        }
        refusal.into_result()
    }

    fn row(&self, ctx: &Ctx) -> CallRow {
        CallRow {
            org_id: Txt(ctx.actor.org),
            call_id: self.call_id.clone(),
            visit_id: self.visit.map(Txt),
            work_order_id: self.order.map(Txt),
            rep_id: Txt(self.rep),
            started_at_ms: self.started_at.0,
            duration_secs: self.duration_secs,
            result: self.result.clone(),
            recording_ref: self.recording_ref.clone(),
            told_by: Txt(ctx.actor.user),
            told_at_ms: ctx.now.0,
        }
    }
}

/// Keeps a call; told again with the same content it changes nothing.
///
/// # Errors
/// `invalid` naming the field, also for a visit, order or person that the asker does not see; `conflict` if the bridge told
/// something else under the same name; `too_many_calls` beyond 500 about one visit or order.
// Rule: INS-35
pub async fn keep_call(state: &AppState, ctx: Ctx, new: NewCall) -> AppResult<CallRow> {
    new.check()?;
    let app = state.clone();
    let write = move |conn: &mut Conn| {
        known(conn, &ctx, &new)?;
        let visits = about(conn, ctx.actor.org, &new)?;
        presence::lock_visits(conn, ctx.actor.org, &visits)?;
        let row = new.row(&ctx);
        calls::insert_new(conn, &row)?;
        let kept = calls::load_call(conn, ctx.actor.org, &row.call_id)?;
        let many = calls::count_calls(conn, ctx.actor.org, (new.visit, new.order))?;
        if kept == row && many > MAX_CALLS {
            return Err(Refusal::new(ErrorCode::TooManyCalls).limit(MAX_CALLS, many - 1).into());
        }
        let told = CallRow { told_by: kept.told_by, told_at_ms: kept.told_at_ms, ..row.clone() };
        if kept != told {
            let refusal = Refusal::new(ErrorCode::Conflict);
            return Err(refusal
                .both("call_id", "a name under which nothing else was told", "未用于其他通话的编号")
                .into());
        }
        if kept == row {
            let detail = json!({ "visit": new.visit, "work_order": new.order, "rep": new.rep });
            audit::record(conn, &app, &ctx, "call.told", &row.call_id, &detail)?;
            archive::note_due(conn, ctx.actor.org, &visits, ctx.now)?;
        }
        Ok::<_, AppError>(kept)
    };
    state.store.write(write).await
}

/// The visit that a call is about, or those of its order.
fn about(conn: &mut Conn, org: OrgId, new: &NewCall) -> AppResult<Vec<VisitId>> {
    let of_order = new.order.map(|order| list_visits_of(conn, org, order)).transpose()?.unwrap_or_default();
    Ok(new.visit.into_iter().chain(of_order.into_iter().map(|visit| visit.id.0)).collect())
}

/// Refuses what names a visit, an order or a person that is not there, or an instant that no clock within the skew shows yet.
// Rule: GEN-10
fn known(conn: &mut Conn, ctx: &Ctx, new: &NewCall) -> AppResult<()> {
    let org = ctx.actor.org;
    let mut refusal = Refusal::new(ErrorCode::Invalid);
    let skew_ms = minutes_ms(policy_in_force(conn, org, ctx.now)?.get(keys::CLOCK_SKEW));
    if !new.started_at.is_plausible() || new.started_at > ctx.now.plus_ms(skew_ms) {
        refusal = refusal.both("started_at", "an instant that has passed", "已过去的时间");
    }
    if let Some(visit) = new.visit {
        match reach::load_visit(conn, ctx, visit) {
            Err(error) if error.code() == ErrorCode::NotFound => {
                refusal = refusal.both("visit_id", "an existing visit", "已有的上门任务");
            }
            other => drop(other?),
        }
    }
    if let Some(order) = new.order
        && work_orders::find_work_order(conn, org, order)?.is_none()
    {
        refusal = refusal.both("work_order_id", "an existing work order", "已有的工单");
    }
    if users::find_user(conn, org, new.rep)?.is_none() {
        refusal = refusal.both("rep_id", "an existing person", "已有的人员");
    }
    refusal.into_result()
}
