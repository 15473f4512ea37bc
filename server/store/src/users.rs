//! People, roles, teams, login delays.

use std::collections::BTreeSet;

use diesel::prelude::*;
use sync_core::ids::{GridId, OrgId, TeamId, UserId};

use crate::conn::Conn;
use crate::error::{StoreResult, expect_one};
use crate::one_of::one_of;
use crate::schema::{grids, login_delays, teams, user_roles, users};
use crate::text::Txt;

/// A person or service account.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = users)]
pub struct UserRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Id.
    pub id: Txt<UserId>,
    /// Name to sign in with, unique in the organisation.
    pub login: String,
    /// Name.
    pub name: String,
    /// Staff number shown on the badge.
    pub staff_number: Option<String>,
    /// Team.
    pub team_id: Option<Txt<TeamId>>,
    /// argon2id hash; absent where no password is set.
    pub password_hash: Option<String>,
    /// Whether signing in is off.
    pub is_disabled: bool,
    /// Version of the row.
    pub version: i64,
    /// When it was made.
    pub created_at_ms: i64,
    /// Number under which customers reach the person.
    pub phone: Option<String>,
}

/// Adds a person with roles.
///
/// # Errors
/// Conflict if the login is taken.
pub fn insert_user(conn: &mut Conn, row: &UserRow, roles: &[&str]) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(users::table).values(row).execute(c))?;
    for role in roles {
        per_backend!(conn, c => diesel::insert_into(user_roles::table)
            .values((user_roles::org_id.eq(row.org_id), user_roles::user_id.eq(row.id), user_roles::role.eq(*role)))
            .execute(c))?;
    }
    Ok(())
}

/// The person of this id.
///
/// # Errors
/// Database errors only.
pub fn find_user(conn: &mut Conn, org: OrgId, id: UserId) -> StoreResult<Option<UserRow>> {
    Ok(per_backend!(conn, c => users::table
        .find((Txt(org), Txt(id)))
        .select(UserRow::as_select())
        .first(c)
        .optional())?)
}

/// The people of these ids, as far as there are any.
///
/// # Errors
/// Database errors only.
pub fn list_by_id(conn: &mut Conn, org: OrgId, ids: &[UserId]) -> StoreResult<Vec<UserRow>> {
    Ok(per_backend!(conn, c => users::table
        .filter(users::org_id.eq(Txt(org)).and(one_of(users::id, ids)))
        .select(UserRow::as_select())
        .load(c))?)
}

/// Writes the number of a person; absent for none.
///
/// # Errors
/// Stale if there is no such person.
pub fn update_phone(conn: &mut Conn, org: OrgId, id: UserId, phone: Option<&str>) -> StoreResult<()> {
    expect_one(per_backend!(conn, c => diesel::update(users::table.find((Txt(org), Txt(id))))
        .set((users::phone.eq(phone), users::version.eq(users::version + 1)))
        .execute(c))?)
}

/// The person of this login.
///
/// # Errors
/// Database errors only.
pub fn find_user_by_login(conn: &mut Conn, org: OrgId, login: &str) -> StoreResult<Option<UserRow>> {
    Ok(per_backend!(conn, c => users::table
        .filter(users::org_id.eq(Txt(org)).and(users::login.eq(login)))
        .select(UserRow::as_select())
        .first(c)
        .optional())?)
}

/// The roles of a person, sorted.
///
/// # Errors
/// Database errors only.
pub fn list_roles(conn: &mut Conn, org: OrgId, user: UserId) -> StoreResult<Vec<String>> {
    Ok(per_backend!(conn, c => user_roles::table
        .filter(user_roles::org_id.eq(Txt(org)).and(user_roles::user_id.eq(Txt(user))))
        .order(user_roles::role)
        .select(user_roles::role)
        .load(c))?)
}

/// Every role that one of these people has.
///
/// # Errors
/// Database errors only.
pub fn list_roles_of(conn: &mut Conn, org: OrgId, users: &[UserId]) -> StoreResult<BTreeSet<String>> {
    let roles: Vec<String> = per_backend!(conn, c => user_roles::table
        .filter(user_roles::org_id.eq(Txt(org)).and(one_of(user_roles::user_id, users)))
        .select(user_roles::role)
        .load(c))?;
    Ok(roles.into_iter().collect())
}

/// People in login order, after `after`, of one team or all.
///
/// # Errors
/// Database errors only.
pub fn list_users(
    conn: &mut Conn,
    org: OrgId,
    team: Option<TeamId>,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<UserRow>> {
    Ok(per_backend!(conn, c => {
        let mut query = users::table
            .filter(users::org_id.eq(Txt(org)).and(users::login.gt(after)))
            .order(users::login)
            .limit(limit)
            .select(UserRow::as_select())
            .into_boxed();
        if let Some(team) = team {
            query = query.filter(users::team_id.eq(Txt(team)));
        }
        query.load(c)
    })?)
}

/// Every pair of person and role of the organisation.
///
/// # Errors
/// Database errors only.
pub fn list_all_roles(conn: &mut Conn, org: OrgId) -> StoreResult<Vec<(UserId, String)>> {
    let rows: Vec<(Txt<UserId>, String)> = per_backend!(conn, c => user_roles::table
        .filter(user_roles::org_id.eq(Txt(org)))
        .order((user_roles::user_id, user_roles::role))
        .select((user_roles::user_id, user_roles::role))
        .load(c))?;
    Ok(rows.into_iter().map(|(user, role)| (user.0, role)).collect())
}

/// Adds a team.
///
/// # Errors
/// Conflict if the code is taken.
pub fn insert_team(conn: &mut Conn, org: OrgId, id: TeamId, code: Option<&str>, name: &str) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(teams::table)
        .values((
            teams::org_id.eq(Txt(org)),
            teams::id.eq(Txt(id)),
            teams::code.eq(code),
            teams::name.eq(name),
            teams::version.eq(1i64),
        ))
        .execute(c))?;
    Ok(())
}

/// Adds a grid that no team serves yet.
///
/// # Errors
/// Conflict if the code is taken.
pub fn insert_grid(conn: &mut Conn, org: OrgId, id: GridId, code: Option<&str>, name: &str) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(grids::table)
        .values((
            grids::org_id.eq(Txt(org)),
            grids::id.eq(Txt(id)),
            grids::code.eq(code),
            grids::name.eq(name),
            grids::version.eq(0i64),
        ))
        .execute(c))?;
    Ok(())
}

/// Counts one more try of a login; returns the tries in a row with this one, and until when the login must wait.
///
/// # Concurrency
/// The row is locked until the transaction ends: tries at once are counted one by one.
///
/// # Errors
/// Database errors only.
pub fn count_login_try(conn: &mut Conn, org: OrgId, login: &str) -> StoreResult<(i64, i64)> {
    Ok(per_backend!(conn, c => diesel::insert_into(login_delays::table)
        .values((
            login_delays::org_id.eq(Txt(org)),
            login_delays::login.eq(login),
            login_delays::failures.eq(1i64),
            login_delays::blocked_until_ms.eq(0i64),
        ))
        .on_conflict((login_delays::org_id, login_delays::login))
        .do_update()
        .set(login_delays::failures.eq(login_delays::failures + 1))
        .returning((login_delays::failures, login_delays::blocked_until_ms))
        .get_result(c))?)
}

/// Lets a login wait until an instant.
///
/// # Errors
/// Stale if no try was counted.
pub fn update_login_delay(conn: &mut Conn, org: OrgId, login: &str, blocked_until_ms: i64) -> StoreResult<()> {
    expect_one(per_backend!(conn, c => diesel::update(login_delays::table.find((Txt(org), login)))
        .set(login_delays::blocked_until_ms.eq(blocked_until_ms))
        .execute(c))?)
}

/// Forgets the tries of a login.
///
/// # Errors
/// Database errors only.
pub fn delete_login_delay(conn: &mut Conn, org: OrgId, login: &str) -> StoreResult<()> {
    per_backend!(conn, c => diesel::delete(login_delays::table.find((Txt(org), login))).execute(c))?;
    Ok(())
}

/// Every grid with its name, oldest first.
///
/// # Errors
/// Database errors only.
pub fn list_grids(conn: &mut Conn, org: OrgId) -> StoreResult<Vec<(GridId, String)>> {
    let rows: Vec<(Txt<GridId>, String)> = per_backend!(conn, c => grids::table
        .filter(grids::org_id.eq(Txt(org)))
        .order(grids::id)
        .select((grids::id, grids::name))
        .load(c))?;
    Ok(rows.into_iter().map(|(id, name)| (id.0, name)).collect())
}
