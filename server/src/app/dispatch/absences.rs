//! When somebody falls ill or leaves: what he has must be taken over by others.

use doorstep_store::absences::{Absence, AbsenceEndRow, AbsenceFilter, AbsenceRow};
use doorstep_store::agenda::list_open;
use doorstep_store::visits::VisitRecord;
use doorstep_store::{Conn, Txt, absences as store, presence};
use serde_json::json;
use sync_core::dispatch::AbsenceReason;
use sync_core::ids::{AbsenceId, UserId};
use sync_core::time::UnixMillis;
use sync_core::visit::VisitState;

use super::desk::Desk;
use super::{listed_people, load_person};
use crate::app::visits::{is_unbegun, state_of};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit, reach};
use crate::domain::visit::open_states;

/// Most visits that one answer names.
const MAX_VISITS: i64 = 500;

/// An absence to note.
#[derive(Debug, Clone)]
pub struct NewAbsence {
    /// From when.
    pub from: UnixMillis,
    /// Before when; for good if it says nothing.
    pub until: Option<UnixMillis>,
    /// Why.
    pub reason: AbsenceReason,
}

/// A visit that somebody else must see to.
#[derive(Debug, Clone)]
pub struct HandoverVisit {
    /// The visit.
    pub row: VisitRecord,
    /// Its state.
    pub state: VisitState,
    /// Whether work on it has begun: that stays, and is evidence.
    pub is_begun: bool,
}

/// An absence with what it leaves to others.
#[derive(Debug, Clone)]
pub struct Handover {
    /// The absence.
    pub absence: Absence,
    /// Open visits of that time, by start.
    pub visits: Vec<HandoverVisit>,
    /// False if there are more visits than one answer names.
    pub is_complete: bool,
}

/// Notes that somebody does not work, and tells which visits others must take over.
///
/// # Errors
/// `not_found` for a person out of reach, `invalid` naming the field.
pub async fn create_absence(state: &AppState, ctx: Ctx, user: UserId, new: NewAbsence) -> AppResult<Handover> {
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let person = load_person(conn, &ctx, user)?;
            check(&new).into_result()?;
            // Whoever sends the person somewhere waits, or came before and is seen.
            presence::lock_people(conn, ctx.actor.org, &[user])?;
            let row = AbsenceRow {
                org_id: person.org_id,
                id: Txt(AbsenceId(app.id())),
                user_id: person.id,
                from_ms: new.from.0,
                until_ms: new.until.map(|until| until.0),
                reason: new.reason.code().to_owned(),
                noted_by: Txt(ctx.actor.user),
                noted_at_ms: ctx.now.0,
            };
            store::insert_absence(conn, &row)?;
            // Why somebody does not work is kept with the absence alone.
            let detail = json!({ "user": user, "from_ms": row.from_ms, "until_ms": row.until_ms });
            audit::record(conn, &app, &ctx, "absence.noted", row.id, &detail)?;
            let absence = Absence { row, end: None };
            let (visits, is_complete) = left_to_others(conn, &ctx, &absence)?;
            Ok::<_, AppError>(Handover { absence, visits, is_complete })
        })
        .await
}

fn check(new: &NewAbsence) -> Refusal {
    let mut refusal = Refusal::new(ErrorCode::Invalid);
    if !new.from.is_plausible() {
        refusal = refusal.both("from", "an instant of our time", "合理的时刻");
    }
    if new.until.is_some_and(|until| until <= new.from || !until.is_plausible()) {
        refusal = refusal.both("until", "an instant after from", "晚于 from 的时刻");
    }
    if new.reason == AbsenceReason::Left && new.until.is_some() {
        refusal = refusal.both("until", "absent for somebody who left", "离职不填写结束时间");
    }
    if new.reason == AbsenceReason::Leave && new.until.is_none() {
        refusal = refusal.both("until", "the end of the leave", "休假须填写结束时间");
    }
    refusal
}

/// The open visits of the time of an absence. What was planned before it and is not done is left to others, too, once it
/// has begun.
fn left_to_others(conn: &mut Conn, ctx: &Ctx, absence: &Absence) -> AppResult<(Vec<HandoverVisit>, bool)> {
    let (from, until) = (absence.row.from_ms, absence.until_ms());
    let states = open_states();
    let before = until.unwrap_or(i64::MAX);
    let rows = list_open(conn, ctx.actor.org, absence.row.user_id.0, &states, before, MAX_VISITS + 1)?;
    let is_complete = i64::try_from(rows.len()).unwrap_or(i64::MAX) <= MAX_VISITS;
    let mut desk = Desk::load(conn, ctx)?;
    let mut visits = Vec::with_capacity(rows.len());
    for row in rows {
        let is_of_that_time = match desk.slot(conn, &row)?.times() {
            Some((_, end)) => end.0 > from || from <= ctx.now.0,
            None => until.is_none(),
        };
        if is_of_that_time {
            let (state, is_begun) = (state_of(&row)?, !is_unbegun(conn, &row)?);
            visits.push(HandoverVisit { row, state, is_begun });
        }
    }
    visits.sort_by_key(|visit| (visit.row.planned_start_ms.unwrap_or(i64::MAX), visit.row.id.0));
    visits.truncate(usize::try_from(MAX_VISITS).unwrap_or(usize::MAX));
    Ok((visits, is_complete))
}

/// Lists absences in id order, as far as the asker may see the people.
///
/// # Errors
/// Database errors only.
pub async fn list_absences(
    state: &AppState,
    ctx: Ctx,
    user: Option<UserId>,
    after: String,
    size: i64,
) -> AppResult<Vec<Absence>> {
    let read = move |conn: &mut Conn| {
        let people = listed_people(conn, &ctx, user)?;
        let filter = AbsenceFilter { people, ..AbsenceFilter::default() };
        Ok::<_, AppError>(store::list_absences(conn, ctx.actor.org, &filter, &after, size)?)
    };
    state.store.read(read).await
}

/// Says when an absence ends: earlier than was noted, or at all. It may be said again until it is over; what was said last
/// counts. Tells which visits of the time until then others must take over: some may have been given out since.
///
/// # Errors
/// `not_found`, `state_invalid` if it is over, `invalid` for an instant behind the end that was noted, or the one that it
/// has already.
pub async fn end_absence(state: &AppState, ctx: Ctx, id: AbsenceId, at: Option<UnixMillis>) -> AppResult<Handover> {
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let absence = load_locked(conn, &ctx, id)?;
            if absence.until_ms().is_some_and(|until| until <= ctx.now.0) {
                let refusal = Refusal::new(ErrorCode::StateInvalid);
                return Err(refusal.detail("The absence is over", "该请假已结束").into());
            }
            // One that has not begun ends before it begins: it never was.
            let at = at.unwrap_or(ctx.now).max(UnixMillis(absence.row.from_ms));
            let is_beyond = absence.row.until_ms.is_some_and(|until| at.0 > until);
            if is_beyond || absence.until_ms() == Some(at.0) || !at.is_plausible() {
                let refusal = Refusal::new(ErrorCode::Invalid);
                let expected = "an instant other than its end, and not behind the end first noted";
                return Err(refusal.both("at", expected, "不同于现结束时间，且不晚于最初登记的结束时间").into());
            }
            let end = AbsenceEndRow {
                org_id: absence.row.org_id,
                absence_id: absence.row.id,
                seq: absence.end.as_ref().map_or(0, |said| said.seq) + 1,
                until_ms: at.0,
                ended_by: Txt(ctx.actor.user),
                ended_at_ms: ctx.now.0,
            };
            store::insert_absence_end(conn, &end)?;
            let detail =
                json!({ "user": absence.row.user_id.0, "before_ms": absence.until_ms(), "until_ms": end.until_ms });
            audit::record(conn, &app, &ctx, "absence.ended", id, &detail)?;
            let absence = Absence { end: Some(end), ..absence };
            let (visits, is_complete) = left_to_others(conn, &ctx, &absence)?;
            Ok::<_, AppError>(Handover { absence, visits, is_complete })
        })
        .await
}

/// An absence of somebody within reach, whom nobody else sends or ends meanwhile.
fn load_locked(conn: &mut Conn, ctx: &Ctx, id: AbsenceId) -> AppResult<Absence> {
    let org = ctx.actor.org;
    let filter = AbsenceFilter { id: Some(id), people: reach::of(conn, ctx)?.people, ..AbsenceFilter::default() };
    let known = store::list_absences(conn, org, &filter, "", 1)?.pop().ok_or(ErrorCode::NotFound)?;
    presence::lock_people(conn, org, &[known.row.user_id.0])?;
    Ok(store::list_absences(conn, org, &filter, "", 1)?.pop().ok_or(ErrorCode::NotFound)?)
}
