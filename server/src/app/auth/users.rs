//! People of the organisation, and their devices, as far as the asker may see them.

use std::collections::BTreeMap;

use doorstep_store::devices::DeviceRow;
use doorstep_store::users::UserRow;
use doorstep_store::{Conn, Txt, devices, organisations, users};
use serde_json::json;
use sync_core::ids::{TeamId, UserId};
use sync_core::policy::is_phone_number;

use crate::app::customers::is_text;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit, reach};
use crate::auth::password;
use crate::domain::{Role, Scope};

/// Shortest password, in characters (NIST SP 800-63B section 3.1.1).
const MIN_PASSWORD_CHARS: usize = 8;

/// A person with roles.
#[derive(Debug, Clone)]
pub struct Person {
    /// The row.
    pub user: UserRow,
    /// Roles, sorted.
    pub roles: Vec<Role>,
}

/// Who is signed in, and where.
///
/// # Errors
/// Database errors only.
pub async fn describe_me(state: &AppState, ctx: Ctx) -> AppResult<(Person, String)> {
    state
        .store
        .read(move |conn| {
            let org = organisations::load_organisation(conn, ctx.actor.org)?;
            let user = users::find_user(conn, ctx.actor.org, ctx.actor.user)?.ok_or(ErrorCode::NotFound)?;
            Ok::<_, AppError>((Person { user, roles: ctx.actor.roles.clone() }, org.name))
        })
        .await
}

/// Lists people in login order.
///
/// # Errors
/// Database errors only.
pub async fn list_users(state: &AppState, ctx: Ctx, after: String, size: i64) -> AppResult<Vec<Person>> {
    state
        .store
        .read(move |conn| {
            let org = ctx.actor.org;
            let team = match ctx.scope {
                Scope::Organisation => None,
                Scope::Team | Scope::Own => Some(ctx.actor.team.ok_or(ErrorCode::NotFound)?),
            };
            let rows = users::list_users(conn, org, team, &after, size)?;
            let mut roles = roles_by_user(conn, &ctx)?;
            let people =
                rows.into_iter().map(|user| Person { roles: roles.remove(&user.id.0).unwrap_or_default(), user });
            Ok::<_, AppError>(people.collect())
        })
        .await
}

fn roles_by_user(conn: &mut Conn, ctx: &Ctx) -> AppResult<BTreeMap<UserId, Vec<Role>>> {
    let mut roles: BTreeMap<UserId, Vec<Role>> = BTreeMap::new();
    for (user, role) in users::list_all_roles(conn, ctx.actor.org)? {
        if let Ok(role) = role.parse() {
            roles.entry(user).or_default().push(role);
        }
    }
    Ok(roles)
}

/// A person to add.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Login, unique in the organisation.
    pub login: String,
    /// Name.
    pub name: String,
    /// Staff number.
    pub staff_number: Option<String>,
    /// Roles.
    pub roles: Vec<Role>,
    /// Team.
    pub team: Option<TeamId>,
    /// Password; absent for people who only use an enrolled phone.
    pub password: Option<String>,
    /// Number under which customers reach the person.
    pub phone: Option<String>,
}

/// Adds a person.
///
/// # Errors
/// `invalid` for a faulty login or password, `conflict` if the login is taken or the team unknown.
pub async fn create_user(state: &AppState, ctx: Ctx, new: NewUser) -> AppResult<Person> {
    check(&new)?;
    let password_hash = match new.password.clone() {
        Some(password) => Some(password::hash(&state.hashing, password, state.random.bytes32()).await?),
        None => None,
    };
    let user = UserRow {
        org_id: Txt(ctx.actor.org),
        id: Txt(UserId(state.id())),
        login: new.login,
        name: new.name,
        staff_number: new.staff_number,
        team_id: new.team.map(Txt),
        password_hash,
        is_disabled: false,
        version: 1,
        created_at_ms: ctx.now.0,
        phone: new.phone,
    };
    let roles = new.roles;
    ctx.once()
        .write(&state.store, move |conn| {
            let codes: Vec<&str> = roles.iter().map(|role| role.code()).collect();
            users::insert_user(conn, &user, &codes)?;
            Ok::<_, AppError>(Person { user: user.clone(), roles: roles.clone() })
        })
        .await
}

/// Whether a text can be a login or the code of an organisation.
pub(crate) fn is_login(text: &str) -> bool {
    let may_be = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_');
    (1..=64).contains(&text.len()) && text.chars().all(may_be)
}

fn check(new: &NewUser) -> AppResult<()> {
    let mut refusal = Refusal::new(ErrorCode::Invalid);
    if !is_login(&new.login) {
        refusal = refusal.field("login", "1 to 64 of a-z, 0-9, dot, hyphen, underscore");
    }
    if !is_text(&new.name, 100) {
        refusal = refusal.field("name", "1 to 100 characters, none of them a control character");
    }
    if new.password.as_ref().is_some_and(|password| !(MIN_PASSWORD_CHARS..=200).contains(&password.chars().count())) {
        refusal = refusal.field("password", "8 to 200 characters");
    }
    if new.phone.as_deref().is_some_and(|phone| !is_phone_number(phone)) {
        refusal = no_phone_number(refusal);
    }
    refusal.into_result()
}

fn no_phone_number(refusal: Refusal) -> Refusal {
    refusal.both("phone", "3 to 20 digits, single spaces or hyphens between", "3 至 20 位数字，可含空格或连字符")
}

/// Writes the number under which customers reach a person, or takes it away.
///
/// # Errors
/// `not_found` if absent or out of reach, `invalid` for what is no phone number.
pub async fn set_phone(state: &AppState, ctx: Ctx, id: UserId, phone: Option<String>) -> AppResult<Person> {
    if phone.as_deref().is_some_and(|phone| !is_phone_number(phone)) {
        return Err(no_phone_number(Refusal::new(ErrorCode::Invalid)).into());
    }
    let app = state.clone();
    let write = move |conn: &mut Conn| {
        let org = ctx.actor.org;
        let within = reach::of(conn, &ctx)?.people.is_none_or(|people| people.contains(&id));
        let known = users::find_user(conn, org, id)?.filter(|_| within).ok_or(ErrorCode::NotFound)?;
        if known.phone != phone {
            users::update_phone(conn, org, id, phone.as_deref())?;
            audit::record(conn, &app, &ctx, "user.phone_set", id, &json!({ "is_set": phone.is_some() }))?;
        }
        let user = users::find_user(conn, org, id)?.ok_or(ErrorCode::NotFound)?;
        let roles = users::list_roles(conn, org, id)?.iter().filter_map(|role| role.parse().ok()).collect();
        Ok::<_, AppError>(Person { user, roles })
    };
    state.store.write(write).await
}

/// Lists devices in id order, as far as the asker may see them.
///
/// # Errors
/// Database errors only.
pub async fn list_devices(state: &AppState, ctx: Ctx, after: String, size: i64) -> AppResult<Vec<DeviceRow>> {
    state
        .store
        .read(move |conn| {
            let holders = match ctx.scope {
                Scope::Organisation => None,
                Scope::Own => Some(vec![ctx.actor.user]),
                Scope::Team => {
                    let team = ctx.actor.team.ok_or(ErrorCode::NotFound)?;
                    let members = users::list_users(conn, ctx.actor.org, Some(team), "", i64::MAX)?;
                    Some(members.into_iter().map(|user| user.id.0).collect())
                }
            };
            Ok::<_, AppError>(devices::list_devices(conn, ctx.actor.org, holders.as_deref(), &after, size)?)
        })
        .await
}
