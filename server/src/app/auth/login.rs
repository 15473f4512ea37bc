//! Signing in with a password, with growing delays after failures.

use doorstep_store::{Conn, organisations, users};
use sync_core::time::UnixMillis;

use super::session::{Holder, NewFamily, Session, issue};
use crate::app::{AppError, AppResult, AppState, ErrorCode, Refusal};
use crate::auth::password;
use crate::domain::TokenKind;

/// What a person types.
#[derive(Debug)]
pub struct LoginCommand {
    /// Code of the organisation.
    pub organisation: String,
    /// Login name.
    pub login: String,
    /// Password.
    pub password: String,
}

/// Wrong passwords without delay (limits-and-threats section 4.4).
const FREE_FAILURES: i64 = 5;

/// Longest delay, in minutes (limits-and-threats section 4.4).
const MAX_DELAY_MINUTES: i64 = 15;

/// Signs a person in.
///
/// An unknown organisation or login is answered like a wrong password, after the same work.
///
/// # Errors
/// `login_failed`, or `too_many_attempts` while the login must wait.
pub async fn login(state: &AppState, command: LoginCommand) -> AppResult<Session> {
    let now = state.clock.now();
    let LoginCommand { organisation, login, password } = command;
    let name = login.clone();
    let found = state.store.read(move |conn| find(conn, &organisation, &name, now)).await?;
    let stored = found.as_ref().and_then(|found| found.password_hash.clone());
    let matches = password::verify(&state.hashing, password, stored).await?;
    let Some(found) = found else { return Err(ErrorCode::LoginFailed.into()) };
    let holder = found.holder.filter(|_| matches);
    let Some(holder) = holder else {
        let (org, failures) = (found.org, found.failures.saturating_add(1));
        let until = now.plus_ms(delay_ms(failures)).0;
        state
            .store
            .write(move |conn| Ok::<_, AppError>(users::set_login_delay(conn, org, &login, failures, until)?))
            .await?;
        return Err(ErrorCode::LoginFailed.into());
    };
    let family = NewFamily::draw(state, holder, now);
    let refresh = family.refresh.clone();
    state
        .store
        .write(move |conn| {
            users::set_login_delay(conn, holder.org, &login, 0, 0)?;
            family.insert(conn)
        })
        .await?;
    issue(state, holder, Some(&refresh), TokenKind::Full, now)
}

struct Found {
    org: sync_core::ids::OrgId,
    holder: Option<Holder>,
    password_hash: Option<String>,
    failures: i64,
}

fn find(conn: &mut Conn, organisation: &str, login: &str, now: UnixMillis) -> AppResult<Option<Found>> {
    let Some(org) = organisations::find_organisation_by_code(conn, organisation)? else { return Ok(None) };
    let org = org.id.0;
    let (failures, blocked_until_ms) = users::find_login_delay(conn, org, login)?;
    if now.0 < blocked_until_ms {
        let wait_s = (blocked_until_ms - now.0).div_euclid(1000) + 1;
        return Err(Refusal::new(ErrorCode::TooManyAttempts).limit(FREE_FAILURES, failures).retry_after(wait_s).into());
    }
    let user = users::find_user_by_login(conn, org, login)?.filter(|user| !user.is_disabled);
    Ok(Some(Found {
        org,
        holder: user.as_ref().map(|user| Holder { org, user: user.id.0, device: None }),
        password_hash: user.and_then(|user| user.password_hash),
        failures,
    }))
}

/// 1, 2, 4, 8, then 15 minutes once the free failures are used up.
fn delay_ms(failures: i64) -> i64 {
    if failures < FREE_FAILURES {
        return 0;
    }
    let doublings = u32::try_from(failures - FREE_FAILURES).unwrap_or(u32::MAX).min(4);
    (1i64 << doublings).min(MAX_DELAY_MINUTES) * 60_000
}

#[cfg(test)]
mod tests {
    use super::delay_ms;

    #[test]
    fn delays_grow_to_fifteen_minutes() {
        let minutes: Vec<i64> = (4..=10).map(|failures| delay_ms(failures) / 60_000).collect();
        assert_eq!(minutes, [0, 1, 2, 4, 8, 15, 15]);
    }
}
