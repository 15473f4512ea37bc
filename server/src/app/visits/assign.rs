//! Assigning and reassigning a visit.

use std::collections::BTreeSet;

use doorstep_store::assignments::{AssignmentRecord, end_assignment, insert_assignments, list_assignments};
use doorstep_store::visits::VisitRecord;
use doorstep_store::{Conn, Txt, users};
use serde_json::json;
use sync_core::ids::{AssignmentId, UserId, VisitId};

use super::{Visit, load_decided, load_for_change, require, save_plan, state_of};
use crate::app::work_orders::require_not_held;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit, dispatch, reach};
use crate::domain::visit::{MAX_CREW, goes_out, may_assign};

/// Gives a visit to a crew; who is not named loses it. The same crew again changes nothing.
///
/// # Errors
/// `not_found`, `stale_version`, `state_invalid`, `order_on_hold`, `rep_not_certified`, `rep_absent`, `invalid` naming the
/// member.
pub async fn assign_visit(
    state: &AppState,
    ctx: Ctx,
    id: VisitId,
    seen_version: i64,
    crew: Vec<UserId>,
) -> AppResult<Visit> {
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let mut row = load_for_change(conn, &ctx, id, seen_version)?;
            let state = state_of(&row)?;
            require(may_assign(state), state)?;
            let Some(before) = change_crew(conn, &app, &ctx, &mut row, &crew)? else {
                return load_decided(conn, &ctx, id);
            };
            let wanted: BTreeSet<UserId> = crew.iter().copied().collect();
            let detail = json!({ "from": before, "to": wanted, "epoch": row.assignment_epoch });
            audit::record(conn, &app, &ctx, "visit.assigned", id, &detail)?;
            save_plan(conn, &app, row, ctx.now)?;
            load_decided(conn, &ctx, id)
        })
        .await
}

/// Gives a visit another crew, in its row and in the assignments, and tells who went before; `None` if it is the same.
/// What cannot be is refused before anything is written.
///
/// # Errors
/// As [`start`].
pub(crate) fn change_crew(
    conn: &mut Conn,
    app: &AppState,
    ctx: &Ctx,
    row: &mut VisitRecord,
    crew: &[UserId],
) -> AppResult<Option<BTreeSet<UserId>>> {
    match CrewChange::judge(conn, ctx, row, crew)? {
        Some(change) => change.write(conn, app, ctx, row).map(Some),
        None => Ok(None),
    }
}

/// Another crew of a visit: judged, and not written yet.
#[derive(Debug)]
pub(crate) struct CrewChange {
    in_force: Vec<AssignmentRecord>,
    wanted: BTreeSet<UserId>,
    joining: Vec<UserId>,
}

impl CrewChange {
    /// Judges whoever joins; `None` if the crew is the same.
    ///
    /// # Errors
    /// As [`start`].
    pub(crate) fn judge(conn: &mut Conn, ctx: &Ctx, row: &VisitRecord, crew: &[UserId]) -> AppResult<Option<Self>> {
        let wanted = BTreeSet::from_iter(crew.iter().copied());
        let mut in_force = list_assignments(conn, row.org_id.0, row.id.0)?;
        in_force.retain(|one| one.until_ms.is_none());
        let present: BTreeSet<UserId> = in_force.iter().map(|one| one.rep_id.0).collect();
        if wanted == present {
            return Ok(None);
        }
        check_size(crew)?;
        let joining: Vec<UserId> = wanted.difference(&present).copied().collect();
        require_sendable(conn, ctx, row, &joining)?;
        Ok(Some(Self { in_force, wanted, joining }))
    }

    /// Whether somebody joins with it.
    pub(crate) fn adds(&self, rep: UserId) -> bool {
        self.joining.contains(&rep)
    }

    /// Writes it, and tells who went before.
    ///
    /// # Errors
    /// Database errors only.
    pub(crate) fn write(
        self,
        conn: &mut Conn,
        app: &AppState,
        ctx: &Ctx,
        row: &mut VisitRecord,
    ) -> AppResult<BTreeSet<UserId>> {
        row.assignment_epoch += 1;
        for ended in self.in_force.iter().filter(|one| !self.wanted.contains(&one.rep_id.0)) {
            end_assignment(conn, row.org_id.0, ended.id.0, ctx.now.0)?;
        }
        insert(conn, app, ctx, row, &self.joining)?;
        Ok(self.in_force.iter().map(|one| one.rep_id.0).collect())
    }
}

fn check_size(crew: &[UserId]) -> AppResult<()> {
    let limit = i64::try_from(MAX_CREW).unwrap_or(i64::MAX);
    if crew.len() <= MAX_CREW {
        return Ok(());
    }
    let actual = i64::try_from(crew.len()).unwrap_or(i64::MAX);
    Err(Refusal::new(ErrorCode::Invalid).limit(limit, actual).field("crew", "at most 10 people").into())
}

/// Begins assignments of people who can go.
///
/// # Errors
/// `invalid` naming the member; `rep_not_certified`, `rep_absent`, `order_on_hold`.
pub(super) fn start(
    conn: &mut Conn,
    app: &AppState,
    ctx: &Ctx,
    row: &VisitRecord,
    joining: &[UserId],
) -> AppResult<()> {
    check_size(joining)?;
    require_sendable(conn, ctx, row, joining)?;
    let mut known = BTreeSet::new();
    let joining: Vec<UserId> = joining.iter().copied().filter(|rep| known.insert(*rep)).collect();
    insert(conn, app, ctx, row, &joining)
}

/// Refuses who may not be sent: the one place where that is decided.
///
/// # Errors
/// As [`start`].
// Rule: APT-11
fn require_sendable(conn: &mut Conn, ctx: &Ctx, row: &VisitRecord, joining: &[UserId]) -> AppResult<()> {
    if joining.is_empty() {
        return Ok(());
    }
    let within = reach::of(conn, ctx)?.people;
    for (index, rep) in joining.iter().enumerate() {
        let person = users::find_user(conn, ctx.actor.org, *rep)?.filter(|person| !person.is_disabled);
        let roles = users::list_roles(conn, ctx.actor.org, *rep)?;
        let reachable = within.as_ref().is_none_or(|within| within.contains(rep));
        if person.is_none() || !roles.iter().any(|role| goes_out(role)) || !reachable {
            let refusal = Refusal::new(ErrorCode::Invalid);
            return Err(refusal
                .field(format!("crew[{index}]"), "an active field rep or team lead you may assign")
                .into());
        }
    }
    if let Some(order) = row.work_order_id {
        require_not_held(conn, row.org_id.0, order.0)?;
    }
    dispatch::require_fit(conn, row, joining, ctx.now, |index| format!("crew[{index}]"))
}

fn insert(conn: &mut Conn, app: &AppState, ctx: &Ctx, row: &VisitRecord, joining: &[UserId]) -> AppResult<()> {
    let begun = |rep: &UserId| AssignmentRecord {
        org_id: row.org_id,
        id: Txt(AssignmentId(app.id())),
        visit_id: row.id,
        rep_id: Txt(*rep),
        epoch: row.assignment_epoch,
        from_ms: ctx.now.0,
        until_ms: None,
    };
    let rows: Vec<AssignmentRecord> = joining.iter().map(begun).collect();
    Ok::<_, AppError>(insert_assignments(conn, &rows)?)
}
