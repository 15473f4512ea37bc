//! Teams and who leads them.

use doorstep_store::teams::{self as store, TeamRow};
use doorstep_store::{Conn, StoreError, Txt, users};
use serde_json::json;
use sync_core::ids::{OrgId, TeamId, UserId};

use super::areas::{NewArea, check_code_is_free, check_name};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit};
use crate::domain::Role;

/// Lists teams in id order.
///
/// # Errors
/// Database errors only.
pub async fn list_teams(state: &AppState, ctx: Ctx, after: String, size: i64) -> AppResult<Vec<TeamRow>> {
    Ok(state.store.read(move |conn| store::list_teams(conn, ctx.actor.org, &after, size)).await?)
}

/// Adds a team that nobody leads yet.
///
/// # Errors
/// `invalid` naming the field, `conflict` if the code is taken.
pub async fn create_team(state: &AppState, ctx: Ctx, new: NewArea) -> AppResult<TeamRow> {
    new.check()?;
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let (org, id) = (ctx.actor.org, TeamId(app.id()));
            check_code_is_free(store::find_by_code(conn, org, &new.code)?.is_none())?;
            users::insert_team(conn, org, id, Some(&new.code), new.name.trim())?;
            audit::record(conn, &app, &ctx, "team.created", id, &json!({ "code": new.code }))?;
            Ok(store::find_team(conn, org, id)?.ok_or(ErrorCode::NotFound)?)
        })
        .await
}

/// What becomes of a team; what is not said stays.
#[derive(Debug, Clone, Default)]
pub struct TeamChange {
    /// Its name.
    pub name: Option<String>,
    /// Who leads it, or that nobody does.
    pub lead: Option<Option<UserId>>,
}

/// Gives a team another name or lead; what is as it was changes nothing.
///
/// # Errors
/// `not_found`, `stale_version`, `invalid` naming the field.
pub async fn change_team(
    state: &AppState,
    ctx: Ctx,
    id: TeamId,
    seen_version: i64,
    change: TeamChange,
) -> AppResult<TeamRow> {
    check_name(change.name.as_deref(), Refusal::new(ErrorCode::Invalid)).into_result()?;
    let app = state.clone();
    let write = move |conn: &mut Conn| {
        let org = ctx.actor.org;
        let before = store::find_team(conn, org, id)?.ok_or(ErrorCode::NotFound)?;
        if before.version != seen_version {
            return Err(StoreError::Stale.into());
        }
        let name = change.name.as_deref().map_or_else(|| before.name.clone(), |name| name.trim().to_owned());
        let lead_id = change.lead.map_or(before.lead_id, |lead| lead.map(Txt));
        let row = TeamRow { name, lead_id, ..before.clone() };
        if row == before {
            return Ok(before);
        }
        if let Some(lead) = lead_id.filter(|_| lead_id != before.lead_id) {
            require_lead(conn, org, id, lead.0)?;
        }
        let row = TeamRow { version: seen_version + 1, ..row };
        store::update_team(conn, &row)?;
        let lead = |row: &TeamRow| row.lead_id.map(|lead| lead.0);
        let detail = json!({ "name": [before.name, row.name], "lead": [lead(&before), lead(&row)] });
        audit::record(conn, &app, &ctx, "team.changed", id, &detail)?;
        Ok::<_, AppError>(row)
    };
    state.store.write(write).await
}

fn require_lead(conn: &mut Conn, org: OrgId, team: TeamId, lead: UserId) -> AppResult<()> {
    let person = users::find_user(conn, org, lead)?;
    let is_member = person.is_some_and(|person| !person.is_disabled && person.team_id == Some(Txt(team)));
    if is_member && users::list_roles(conn, org, lead)?.iter().any(|role| role == Role::TeamLead.code()) {
        return Ok(());
    }
    let refusal = Refusal::new(ErrorCode::Invalid);
    Err(refusal.both("lead_id", "an active team lead who belongs to this team", "属于本班组且在用的班组长").into())
}
