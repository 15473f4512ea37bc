//! Assigning and reassigning a visit.

use std::collections::BTreeSet;

use doorstep_store::assignments::{AssignmentRecord, end_assignment, insert_assignment, list_assignments};
use doorstep_store::{Conn, Txt, users};
use serde_json::json;
use sync_core::ids::{AssignmentId, UserId, VisitId};

use super::{Visit, load, load_for_change, require, save, state_of};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit, reach};
use crate::domain::visit::{MAX_CREW, may_assign};

/// Gives a visit to a crew; who is not named loses it. The same crew again changes nothing.
///
/// # Errors
/// `not_found`, `stale_version`, `state_invalid`, `invalid` naming the member.
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
            let org = ctx.actor.org;
            let mut row = load_for_change(conn, &ctx, id, seen_version)?;
            let state = state_of(&row)?;
            require(may_assign(state), state)?;
            let wanted: BTreeSet<UserId> = crew.iter().copied().collect();
            let in_force: Vec<_> =
                list_assignments(conn, org, id)?.into_iter().filter(|one| one.until_ms.is_none()).collect();
            let present: BTreeSet<UserId> = in_force.iter().map(|one| one.rep_id.0).collect();
            if wanted == present {
                return load(conn, org, id, ctx.now);
            }
            row.assignment_epoch += 1;
            for ended in in_force.iter().filter(|one| !wanted.contains(&one.rep_id.0)) {
                end_assignment(conn, org, ended.id.0, ctx.now.0)?;
            }
            let joining: Vec<UserId> = wanted.difference(&present).copied().collect();
            check_size(&crew)?;
            start(conn, &app, &ctx, id, row.assignment_epoch, &joining)?;
            let detail = json!({ "from": present, "to": wanted, "epoch": row.assignment_epoch });
            audit::record(conn, &app, &ctx, "visit.assigned", id, &detail)?;
            save(conn, &app, &ctx, row)
        })
        .await
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
pub(super) fn start(
    conn: &mut Conn,
    app: &AppState,
    ctx: &Ctx,
    visit: VisitId,
    epoch: i64,
    joining: &[UserId],
) -> AppResult<()> {
    check_size(joining)?;
    let within = reach::of(conn, ctx)?.people;
    let mut started = BTreeSet::new();
    for (index, rep) in joining.iter().enumerate() {
        let person = users::find_user(conn, ctx.actor.org, *rep)?.filter(|person| !person.is_disabled);
        let roles = users::list_roles(conn, ctx.actor.org, *rep)?;
        let goes_out = roles.iter().any(|role| matches!(role.as_str(), "field_rep" | "team_lead"));
        let reachable = within.as_ref().is_none_or(|within| within.contains(rep));
        if person.is_none() || !goes_out || !reachable {
            let refusal = Refusal::new(ErrorCode::Invalid);
            return Err(refusal
                .field(format!("crew[{index}]"), "an active field rep or team lead you may assign")
                .into());
        }
        if !started.insert(*rep) {
            continue;
        }
        let row = AssignmentRecord {
            org_id: Txt(ctx.actor.org),
            id: Txt(AssignmentId(app.id())),
            visit_id: Txt(visit),
            rep_id: Txt(*rep),
            epoch,
            from_ms: ctx.now.0,
            until_ms: None,
        };
        insert_assignment(conn, &row)?;
    }
    Ok::<_, AppError>(())
}
