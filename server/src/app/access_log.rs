//! Who read what: each look of the office at records of people is an audit event, written before the answer is sent.
//!
//! One event covers what the same person reads again at the same place for as long as an access token lives; each process
//! remembers that for itself, so that a restart or a second node writes more events, never fewer.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use doorstep_store::audit::insert_audit_event;
use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::ids::{DeviceId, UserId};
use sync_core::time::UnixMillis;

use crate::app::audit::event_of;
use crate::app::{AppError, AppResult, AppState};
use crate::domain::{Actor, Operation};

/// Kind of the events.
pub const READ: &str = "record.read";

/// How long an event covers further looks, in milliseconds.
const COVERED_MS: i64 = 15 * 60 * 1000;

/// Looks that are remembered at once; beyond them they are forgotten, which costs events that say the same again.
const REMEMBERED: usize = 20_000;

/// What somebody looked at: person, device, and the hash of the place with its query, which may be long.
type Look = (UserId, Option<DeviceId>, Hash);

/// The looks that an event covers.
#[derive(Debug, Default)]
pub struct Looks(Mutex<HashMap<Look, UnixMillis>>);

impl Looks {
    fn covers(&self, look: &Look, now: UnixMillis) -> bool {
        let looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back covers nothing.
        looks.get(look).is_some_and(|at| (0..COVERED_MS).contains(&now.since_ms(*at)))
    }

    fn remember(&self, look: Look, now: UnixMillis) {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if looks.len() >= REMEMBERED {
            looks.retain(|_, at| (0..COVERED_MS).contains(&now.since_ms(*at)));
        }
        if looks.len() >= REMEMBERED {
            looks.clear();
        }
        looks.insert(look, now);
    }
}

/// A look at records.
#[derive(Debug)]
pub struct Seen {
    /// What was asked.
    pub operation: Operation,
    /// Of what: the id in the path, or the path of a list.
    pub subject: String,
    /// The path; it names no person.
    pub path: String,
    /// The query; it names no person either.
    pub query: String,
}

/// Writes down that somebody reads records, unless an event covers it: what is not recorded is not shown.
///
/// # Errors
/// If it cannot be written.
// Rule: DOC-08
pub async fn record_look(state: &AppState, actor: &Actor, now: UnixMillis, seen: Seen) -> AppResult<()> {
    let look = (actor.user, actor.device, Hash::of(format!("{}?{}", seen.path, seen.query).as_bytes()));
    if state.looks.covers(&look, now) {
        return Ok(());
    }
    let detail = json!({ "operation": seen.operation.row().id, "query": seen.query });
    let event = event_of(state, actor, now, READ, seen.subject, &detail);
    state.store.write(move |conn| Ok::<_, AppError>(insert_audit_event(conn, &event)?)).await?;
    state.looks.remember(look, now);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(path: &str) -> Look {
        (UserId::from_bytes([1; 16]), None, Hash::of(path.as_bytes()))
    }

    #[test]
    fn a_look_is_covered_for_a_while_and_at_its_place_only() {
        let (looks, at) = (Looks::default(), UnixMillis(1_000_000));
        looks.remember(look("/v1/a?"), at);
        for (path, now, expected) in [
            ("/v1/a?", at, true),
            ("/v1/a?", at.plus_ms(COVERED_MS - 1), true),
            ("/v1/a?", at.plus_ms(COVERED_MS), false),
            ("/v1/a?", at.plus_ms(-1), false),
            ("/v1/b?", at, false),
        ] {
            assert_eq!(looks.covers(&look(path), now), expected, "{path} {now:?}");
        }
        let (_, device, place) = look("/v1/a?");
        assert!(!looks.covers(&(UserId::from_bytes([2; 16]), device, place), at));
    }

    #[test]
    fn looks_are_remembered_within_bounds() {
        let (looks, at) = (Looks::default(), UnixMillis(1_000_000));
        for number in 0..REMEMBERED * 2 + 10 {
            looks.remember(look(&number.to_string()), at);
            assert!(looks.0.lock().unwrap().len() <= REMEMBERED);
        }
    }
}
