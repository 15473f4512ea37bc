//! A new version of the policy: what differs from the newest, from when it counts, and what is wrong with it.

use std::collections::BTreeMap;

use doorstep_store::feed::FeedBatch;
use doorstep_store::{Conn, Store, norms};
use serde_json::json;
use sync_core::ids::OrgId;
use sync_core::plan::PolicyRow;
use sync_core::policy::{self, Changes, ParameterFault};
use sync_core::time::UnixMillis;

use super::publish::publish_policy;
use super::{Purpose, after_newest, carry_out, stale, within_reach};
use crate::app::rows::read;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, FieldFault, Refusal, audit};

/// A policy version to publish.
#[derive(Debug, Clone)]
pub struct NewPolicy {
    /// The newest version as its author saw it; 0 where there is none.
    pub base_version: i64,
    /// From when it counts, an RFC 3339 instant; at once if it says nothing.
    pub effective_from: Option<String>,
    /// What differs from that version.
    pub changes: Changes,
}

/// Publishes a policy version, or only tells whether it could be published.
///
/// # Errors
/// `stale_version` if another version was published meanwhile, `invalid` naming every faulty key.
pub async fn create_policy(state: &AppState, ctx: Ctx, new: NewPolicy, purpose: Purpose) -> AppResult<PolicyRow> {
    let (app, asked) = (state.clone(), ctx.clone());
    let write = move |conn: &mut Conn| {
        let org = ctx.actor.org;
        let newest = newest(conn, org)?;
        let number = next_number(conn, org)?;
        let next = next_version(&newest, number, &new, ctx.now)?;
        if purpose == Purpose::Publish {
            let mut batch = FeedBatch::new();
            publish_policy(conn, &mut batch, org, &next, ctx.now)?;
            let changed = changed_keys(&newest, &next);
            let detail = json!({ "effective_from_ms": next.effective_from_ms, "changed": changed });
            audit::record(conn, &app, &ctx, "policy.published", next.version, &detail)?;
            batch.publish(conn, org)?;
        }
        Ok::<_, AppError>(next)
    };
    carry_out(state, &asked, purpose, write).await
}

/// The number of the next version; a version that was withdrawn keeps its own.
fn next_number(conn: &mut Conn, org: OrgId) -> AppResult<i64> {
    Ok(norms::find_newest_policy_version(conn, org)?.unwrap_or(0) + 1)
}

/// The newest version that stands; one of number 0 that says nothing where none is published.
fn newest(conn: &mut Conn, org: OrgId) -> AppResult<PolicyRow> {
    let Some((version, _)) = norms::list_policy_versions(conn, org)?.pop() else { return Ok(PolicyRow::default()) };
    let row = norms::find_policy(conn, org, version)?.ok_or(ErrorCode::NotFound)?;
    read("policies", version, &row.body)
}

/// The version after the newest, of this number, if everything about it is right.
fn next_version(newest: &PolicyRow, number: i64, new: &NewPolicy, now: UnixMillis) -> AppResult<PolicyRow> {
    if new.base_version != newest.version {
        return Err(stale(newest.version, new.base_version));
    }
    let said = new.effective_from.as_deref().map(UnixMillis::from_rfc3339);
    let refusal = Refusal::new(ErrorCode::Invalid);
    let (effective_from, refusal) = match said {
        None => (now, refusal),
        Some(Ok(instant)) => (instant, within_reach(refusal, instant, now)),
        Some(Err(_no_instant)) => (UnixMillis(i64::MAX), refusal.fault(no_instant())),
    };
    let refusal = after_newest(refusal, effective_from, newest.effective_from_ms);
    let (parameters, faults) = match policy::merged(&newest.parameters, &new.changes) {
        Ok(parameters) => (parameters, Vec::new()),
        Err(faults) => (BTreeMap::new(), faults),
    };
    faults.into_iter().fold(refusal, |refusal, fault| refusal.fault(field_fault(fault))).into_result()?;
    Ok(PolicyRow { version: number, effective_from_ms: effective_from, parameters })
}

fn no_instant() -> FieldFault {
    let expected_zh = Some("存在的时刻，如 2025-03-05T00:00:00+08:00".to_owned());
    FieldFault { expected_zh, ..FieldFault::new("effective_from", "an instant such as 2025-03-05T00:00:00+08:00") }
}

fn field_fault(fault: ParameterFault) -> FieldFault {
    FieldFault {
        limit: fault.limit,
        actual: fault.actual,
        ..FieldFault::both(format!("parameters.{}", nameable(&fault.key)), fault.expected.en, fault.expected.zh)
    }
}

/// A key as it can be shown: an unknown one comes from the sender and may be anything.
fn nameable(key: &str) -> &str {
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !key.is_empty() && key.len() <= 64 && key.bytes().all(is_name) { key } else { "?" }
}

fn changed_keys<'a>(before: &'a PolicyRow, after: &'a PolicyRow) -> Vec<&'a str> {
    let keys = before.parameters.keys().chain(after.parameters.keys());
    let mut changed: Vec<&str> =
        keys.filter(|key| before.parameters.get(*key) != after.parameters.get(*key)).map(String::as_str).collect();
    changed.sort_unstable();
    changed.dedup();
    changed
}

/// Publishes a policy version of an organisation that an operator has as a file; one whose date has passed counts at once.
///
/// # Errors
/// `conflict` if the version exists, `invalid` naming every faulty key.
pub async fn publish_new_policy(store: &Store, org: OrgId, policy: PolicyRow, now: UnixMillis) -> AppResult<()> {
    let publish = move |conn: &mut Conn| {
        let newest = newest(conn, org)?;
        let number = next_number(conn, org)?;
        if policy.version < number {
            return Err(ErrorCode::Conflict.into());
        }
        let changes: Changes = policy.parameters.iter().map(|(key, said)| (key.clone(), Some(said.clone()))).collect();
        let effective_from = Some(policy.effective_from_ms.max(now).to_rfc3339());
        // The file is the whole version, so that nothing of the one before is kept.
        let base = PolicyRow { parameters: BTreeMap::new(), ..newest };
        let next =
            next_version(&base, number, &NewPolicy { base_version: base.version, effective_from, changes }, now)?;
        if policy.version != next.version {
            return Err(Refusal::new(ErrorCode::Invalid).field("version", next.version.to_string()).into());
        }
        let mut batch = FeedBatch::new();
        publish_policy(conn, &mut batch, org, &next, now)?;
        batch.publish(conn, org)?;
        Ok::<_, AppError>(())
    };
    store.write(publish).await
}
