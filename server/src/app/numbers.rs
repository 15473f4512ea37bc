//! Numbers people read to each other: one series per prefix and year of the organisation's zone.

use doorstep_store::{Conn, organisations};
use sync_core::ids::OrgId;
use sync_core::time::UnixMillis;

use crate::app::scope::load_zone;
use crate::app::{AppError, AppResult};

/// Takes the next number of a series, such as `WO-2025-000001`.
///
/// # Concurrency
/// Takes the lock of the series until the transaction ends; numbers have no doubles, and no gaps but
/// those of a restore.
///
/// # Errors
/// Database errors only.
pub fn take(conn: &mut Conn, org: OrgId, prefix: &str, now: UnixMillis) -> AppResult<String> {
    let taken = take_many(conn, org, prefix, now, 1)?;
    taken.into_iter().next().ok_or_else(|| AppError::Internal("no number was taken".to_owned()))
}

/// Waits until nobody else takes numbers of a series, and lets nobody do so until the transaction ends.
///
/// # Errors
/// Database errors only.
pub fn lock(conn: &mut Conn, org: OrgId, prefix: &str, now: UnixMillis) -> AppResult<()> {
    take_many(conn, org, prefix, now, 0).map(drop)
}

/// Takes the next `count` numbers of a series.
///
/// # Concurrency
/// As [`take`].
///
/// # Errors
/// Database errors only.
pub fn take_many(conn: &mut Conn, org: OrgId, prefix: &str, now: UnixMillis, count: usize) -> AppResult<Vec<String>> {
    let year = load_zone(conn, org)?.year(now).map_err(|error| AppError::Internal(error.to_string()))?;
    let series = format!("{prefix}-{year}");
    let first = organisations::take_numbers(conn, org, &series, i64::try_from(count).unwrap_or(i64::MAX))?;
    Ok((first..).take(count).map(|number| format!("{series}-{number:06}")).collect())
}
