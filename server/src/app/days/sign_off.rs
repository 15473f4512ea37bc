//! Signing the day of a team off.

use std::collections::BTreeMap;

use doorstep_store::Txt;
use doorstep_store::day_sign_offs::{DaySignOffRow, insert_sign_off};
use serde_json::{Value, json};
use sync_core::bytes::Hash;
use sync_core::day::closing::Open;
use sync_core::ids::{TeamId, UserId};
use sync_core::plain_json;

use super::closing::{Closing, closing};
use super::covered::Covered;
use crate::app::customers::is_text;
use crate::app::rows::read;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit};

/// What a team lead signs.
#[derive(Debug, Clone)]
pub struct SigningOff {
    /// The day.
    pub day: String,
    /// The team; the lead's own if absent.
    pub team: Option<TeamId>,
    /// Hash of what the lead saw.
    pub seen: Hash,
    /// Why it is signed although somebody's day is open.
    pub despite: Option<String>,
}

/// Signs a team's day off; an earlier sign-off stays beside it. Who says the same again is answered with what he said.
///
/// # Errors
/// `not_found` for another team, `state_invalid` before the day has begun, `stale_content` if something came since the lead
/// looked, `day_open` naming who is open unless there is a reason, `invalid` for a reason that says nothing, `conflict` if somebody signed at the same moment.
pub async fn sign_day_off(state: &AppState, ctx: Ctx, signing: SigningOff) -> AppResult<Closing> {
    if signing.despite.as_ref().is_some_and(|reason| !is_text(reason, 500)) {
        let (en, zh) = ("1 to 500 characters, none of them a control character", "1 至 500 个字符，不含控制字符");
        return Err(Refusal::new(ErrorCode::Invalid).both("despite", en, zh).into());
    }
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let SigningOff { day, team, seen, despite } = &signing;
            let shown = closing(conn, &ctx, day, *team)?;
            let Some((covered, hash)) = &shown.covered else { return Err(ErrorCode::NotFound.into()) };
            if !shown.has_begun {
                let (en, zh) = ("a day that has begun", "已开始的日期");
                return Err(Refusal::new(ErrorCode::StateInvalid).both("day", en, zh).into());
            }
            if hash != seen {
                return Err(ErrorCode::StaleContent.into());
            }
            if despite.is_none() {
                refuse_open(&shown)?;
            }
            let open = shown.open();
            let last = shown.sign_off.as_ref().map(|sign_off| &sign_off.row);
            let row = DaySignOffRow {
                org_id: Txt(ctx.actor.org),
                team_id: Txt(shown.team),
                day: day.clone(),
                number: last.map_or(1, |last| last.number + 1),
                signed_by: Txt(ctx.actor.user),
                signed_at_ms: ctx.now.0,
                covered: covered.clone(),
                covered_sha256: Txt(*hash),
                open: serde_json::to_string(&open).map_err(|error| AppError::Internal(error.to_string()))?,
                // Of a day that is closed there is nothing to say.
                despite: despite.clone().filter(|_| !open.is_empty() || !shown.is_complete),
            };
            if last.is_some_and(|last| says_the_same(last, &row)) {
                return Ok(shown);
            }
            insert_sign_off(conn, &row)?;
            audit::record(conn, &app, &ctx, AUDIT_KIND, audit_subject(&row), &audit_detail(&row)?)?;
            closing(conn, &ctx, day, *team)
        })
        .await
}

/// Whether a sign-off says nothing but what the one that stands does.
fn says_the_same(last: &DaySignOffRow, row: &DaySignOffRow) -> bool {
    *last == DaySignOffRow { number: last.number, signed_at_ms: last.signed_at_ms, ..row.clone() }
}

/// The kind of the audit event of a sign-off.
pub(crate) const AUDIT_KIND: &str = "day.signed_off";

/// What the audit event of a sign-off is about.
pub(crate) fn audit_subject(row: &DaySignOffRow) -> String {
    format!("{}/{}", row.team_id, row.day)
}

/// What the audit event of a sign-off says of it: with `said_sha256`, which is over the whole of it, since sign-offs name
/// the records that they cover.
///
/// # Errors
/// A corrupt row.
pub(crate) fn audit_detail(row: &DaySignOffRow) -> AppResult<Value> {
    let open: BTreeMap<UserId, Vec<Open>> = read("day_sign_offs", row.number, &row.open)?;
    let mut detail = json!({
        "number": row.number, "covered_sha256": row.covered_sha256.0, "open": open.len(), "despite": row.despite.is_some(),
    });
    // The first form says nothing of it.
    if let (Some(_), Some(entries)) = (Covered::read(row)?.records, detail.as_object_mut()) {
        entries.insert("said_sha256".to_owned(), json!(said_sha256(row)?));
    }
    Ok(detail)
}

/// The hash over the whole of a sign-off.
fn said_sha256(row: &DaySignOffRow) -> AppResult<Hash> {
    let said = json!([
        "doorstep-sign-off-1",
        row.org_id.0,
        row.team_id.0,
        row.day,
        row.number,
        row.signed_by.0,
        row.signed_at_ms,
        row.covered_sha256.0,
        row.open,
        row.despite,
    ]);
    let said = plain_json::to_string(&said).map_err(|error| AppError::Internal(error.to_string()))?;
    Ok(Hash::of(said.as_bytes()))
}

/// Refuses where somebody's day is open, naming each with the reasons.
fn refuse_open(shown: &Closing) -> AppResult<()> {
    let mut refusal = Refusal::new(ErrorCode::DayOpen);
    if !shown.is_complete {
        let (en, zh) = ("a day of which all can be looked at", "可完整核对的当日内容");
        refusal = refusal.both("is_complete", en, zh);
    }
    for (at, rep) in shown.reps.iter().enumerate().filter(|(_, rep)| !rep.open.is_empty()) {
        let en: Vec<String> = rep.open.iter().map(|one| format!("{} ({})", one.reason.label_en(), one.count)).collect();
        let zh: Vec<String> =
            rep.open.iter().map(|one| format!("{}（{}）", one.reason.label_zh(), one.count)).collect();
        let mut fault = crate::app::FieldFault::both(
            format!("reps[{at}]"),
            format!("a closed day, not: {}", en.join("; ")),
            format!("当日已结清，现有：{}", zh.join("；")),
        );
        fault.actual = Some(rep.rep.to_string());
        refusal = refusal.fault(fault);
    }
    refusal.into_result()
}
