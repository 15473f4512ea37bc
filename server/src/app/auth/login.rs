//! Signing in with a password, with growing delays after failures.

use doorstep_store::{Conn, organisations, users};
use sync_core::time::UnixMillis;

use super::session::{Holder, NewFamily, Session, issue};
use crate::app::{AppResult, AppState, ErrorCode, Refusal};
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

/// Longest login or organisation code that can exist; a longer one leaves no trace.
const MAX_LOGIN_BYTES: usize = 64;

/// Signs a person in.
///
/// An unknown organisation or login is answered like a wrong password, after the same work.
///
/// # Errors
/// `login_failed`, or `too_many_attempts` while the login must wait.
pub async fn login(state: &AppState, command: LoginCommand) -> AppResult<Session> {
    let now = state.clock.now();
    let LoginCommand { organisation, login, password } = command;
    if login.len() > MAX_LOGIN_BYTES || organisation.len() > MAX_LOGIN_BYTES {
        return Err(ErrorCode::LoginFailed.into());
    }
    let name = login.clone();
    let found = state.store.write(move |conn| admit(conn, &organisation, &name, now)).await?;
    let stored = found.as_ref().and_then(|found| found.password_hash.clone());
    let matches = password::verify(&state.hashing, password, stored).await?;
    let holder = found.and_then(|found| found.holder).filter(|_| matches).ok_or(ErrorCode::LoginFailed)?;
    let family = NewFamily::draw(state, holder, now);
    let refresh = family.refresh.clone();
    state
        .store
        .write(move |conn| {
            users::delete_login_delay(conn, holder.org, &login)?;
            family.insert(conn)
        })
        .await?;
    issue(state, holder, Some(&refresh), TokenKind::Full, now)
}

struct Found {
    holder: Option<Holder>,
    password_hash: Option<String>,
}

/// Finds whoever may sign in, and counts the try before the password is looked at: guesses at once must not share one
/// count. Success forgets it.
fn admit(conn: &mut Conn, organisation: &str, login: &str, now: UnixMillis) -> AppResult<Option<Found>> {
    let Some(org) = organisations::find_organisation_by_code(conn, organisation)? else { return Ok(None) };
    let org = org.id.0;
    let (tries, blocked_until_ms) = users::count_login_try(conn, org, login)?;
    if now.0 < blocked_until_ms {
        // The refusal rolls the count back: waiting costs nothing.
        let wait_s = (blocked_until_ms - now.0).div_euclid(1000) + 1;
        return Err(Refusal::new(ErrorCode::TooManyAttempts)
            .limit(FREE_FAILURES, tries - 1)
            .retry_after(wait_s)
            .into());
    }
    users::update_login_delay(conn, org, login, now.plus_ms(delay_ms(tries)).0)?;
    let user = users::find_user_by_login(conn, org, login)?.filter(|user| !user.is_disabled);
    Ok(Some(Found {
        holder: user.as_ref().map(|user| Holder { org, user: user.id.0, device: None }),
        password_hash: user.and_then(|user| user.password_hash),
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
