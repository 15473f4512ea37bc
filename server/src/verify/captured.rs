//! Captured bytes besides documents and statements: intents with what follows from them, and what lies in quarantine.

use std::collections::BTreeSet;

use doorstep_store::audit::{AuditEventRow, list_audit_events_at};
use doorstep_store::blobs::find_blob;
use doorstep_store::day_sign_offs::DaySignOffRow;
use doorstep_store::evidence::{IntentRow, QuarantineRow};
use doorstep_store::{Conn, checks, day_records};
use serde_json::Value;
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;
use sync_core::intent::Intent;

use super::{PAGE, Report, Verifier};
use crate::app::{AppResult, check_ins, days};

/// Quarantined items read in one transaction: each may be as large as a request.
const QUARANTINE_PAGE: i64 = 16;

/// Behind every id.
const NO_END: &str = "~";

/// Verifies the intents of an organisation and the blobs they name.
pub(super) async fn intents(verifier: &Verifier, org: OrgId, report: &mut Report) -> AppResult<()> {
    let read_page = move |conn: &mut Conn, after: &String, page: &mut Report| {
        let rows = checks::list_intents_after(conn, org, after, PAGE)?;
        let last = rows.last().map(|row| row.id.to_string());
        let through = last.as_deref().unwrap_or(NO_END);
        let mut stored = checks::list_intent_claims(conn, org, after, through)?;
        let mut stored_days = day_records::list_between(conn, org, after, through)?;
        let (mut expected, mut days) = (BTreeSet::new(), BTreeSet::new());
        for row in &rows {
            page.count("intents");
            match read(row) {
                Ok(intent) => {
                    expected.extend(intent.blobs().into_iter().map(|blob| (intent.id, intent.by, blob)));
                    days.extend(check_ins::record_of(org, &intent));
                }
                Err(what) => {
                    page.differs(org, "intents", row.id, what);
                    stored.retain(|(intent, ..)| *intent != row.id.0);
                    stored_days.retain(|day| day.intent_id != row.id);
                }
            }
        }
        for day in days.symmetric_difference(&stored_days) {
            page.differs(org, "day_records", day.intent_id, "the day is not that of the intent");
        }
        for (intent, _, blob) in expected.symmetric_difference(&stored) {
            page.differs(org, "intent_blobs", intent, format!("the claim on {blob} is not that of the intent"));
        }
        Ok(last)
    };
    verifier.pages(report, read_page, |_| {}).await
}

/// A stored intent, or what is wrong with it.
fn read(row: &IntentRow) -> Result<Intent, &'static str> {
    if Hash::of(&row.bytes) != row.sha256.0 {
        return Err("its bytes are not those of its hash");
    }
    let intent = Intent::parse(&row.bytes).map_err(|_unreadable| "it cannot be read")?;
    if intent.id != row.id.0 || intent.by != row.user_id.0 || intent.kind().code() != row.kind {
        return Err("its columns are not those of the bytes");
    }
    Ok(intent)
}

/// Verifies that sign-offs of days are what was signed.
pub(super) async fn sign_offs(verifier: &Verifier, org: OrgId, report: &mut Report) -> AppResult<()> {
    let read = move |conn: &mut Conn, after: &(String, String, i64), page: &mut Report| {
        let rows = checks::list_sign_offs_after(conn, org, (&after.0, &after.1, after.2), PAGE)?;
        for row in &rows {
            page.count("sign_offs");
            if let Some(what) = fault_of_sign_off(conn, org, row)? {
                page.differs(org, "day_sign_offs", format!("{}/{}", days::audit_subject(row), row.number), what);
            }
        }
        Ok(rows.into_iter().last().map(|row| (row.team_id.to_string(), row.day, row.number)))
    };
    verifier.pages(report, read, |_| {}).await
}

/// What is wrong with a sign-off: what it covered, or that no audit event says of it who signed, when and why.
fn fault_of_sign_off(conn: &mut Conn, org: OrgId, row: &DaySignOffRow) -> AppResult<Option<String>> {
    if Hash::of(row.covered.as_bytes()) != row.covered_sha256.0 {
        return Ok(Some("what it covered is not that of its hash".to_owned()));
    }
    let detail = match days::audit_detail(row) {
        Ok(detail) => detail,
        Err(error) => return Ok(Some(error.to_string())),
    };
    let events = list_audit_events_at(conn, org, &days::audit_subject(row), row.signed_at_ms)?;
    let is_its = |event: &AuditEventRow| {
        let told = serde_json::from_str::<Value>(&event.detail);
        event.kind == days::AUDIT_KIND && event.actor_id == Some(row.signed_by) && told.is_ok_and(|told| told == detail)
    };
    Ok((!events.iter().any(is_its)).then(|| "no audit event says the same of it".to_owned()))
}

/// Verifies what an organisation has in quarantine.
pub(super) async fn quarantine(verifier: &Verifier, org: OrgId, report: &mut Report) -> AppResult<()> {
    let read = move |conn: &mut Conn, after: &(String, String), page: &mut Report| {
        let rows = checks::list_quarantine_after(conn, org, (&after.0, &after.1), QUARANTINE_PAGE)?;
        for (row, sha256) in &rows {
            page.count("quarantined");
            if !is_as_it_came(row, sha256.map(|sha256| sha256.0)) {
                let what = "its bytes are not those that came";
                page.differs(org, "quarantine", format!("{}/{}", row.device_id, row.id), what);
            }
            if row.kind == "blob" && !is_here(conn, org, &row.id)? {
                let what = "its blob is not here";
                page.differs(org, "quarantine.blobs", format!("{}/{}", row.device_id, row.id), what);
            }
        }
        Ok(rows.last().map(|(row, _)| (row.id.clone(), row.device_id.to_string())))
    };
    verifier.pages(report, read, |_| {}).await
}

fn is_here(conn: &mut Conn, org: OrgId, name: &str) -> AppResult<bool> {
    let Ok(sha256) = name.parse() else { return Ok(false) };
    Ok(find_blob(conn, org, sha256)?.is_some())
}

/// Whether the bytes are those of their hash. The id is that hash for intents; that of a document names its first change
/// and that of a statement its payload, so of them rows from before hashes were kept cannot be told.
fn is_as_it_came(row: &QuarantineRow, sha256: Option<Hash>) -> bool {
    let actual = Hash::of(&row.bytes);
    sha256.is_none_or(|sha256| sha256 == actual) && (row.kind != "intent" || row.id == actual.to_string())
}
