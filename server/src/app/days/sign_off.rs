//! Signing the day of a team off.

use doorstep_store::Txt;
use doorstep_store::day_sign_offs::{DaySignOffRow, insert_sign_off};
use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::ids::TeamId;

use super::closing::{Closing, closing};
use crate::app::customers::is_text;
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

/// Signs a team's day off; an earlier sign-off stays beside it.
///
/// # Errors
/// `not_found` for another team, `stale_content` if something came since the lead looked, `day_open` naming who is open
/// unless there is a reason, `invalid` for a reason that says nothing, `conflict` if somebody signed at the same moment.
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
            if hash != seen {
                return Err(ErrorCode::StaleContent.into());
            }
            if despite.is_none() {
                refuse_open(&shown)?;
            }
            let open = shown.open();
            let last = shown.sign_offs.last().map_or(0, |sign_off| sign_off.row.number);
            let row = DaySignOffRow {
                org_id: Txt(ctx.actor.org),
                team_id: Txt(shown.team),
                day: day.clone(),
                number: last + 1,
                signed_by: Txt(ctx.actor.user),
                signed_at_ms: ctx.now.0,
                covered: covered.clone(),
                covered_sha256: Txt(*hash),
                open: serde_json::to_string(&open).map_err(|error| AppError::Internal(error.to_string()))?,
                // Of a day that is closed there is nothing to say.
                despite: despite.clone().filter(|_| !open.is_empty() || !shown.is_complete),
            };
            insert_sign_off(conn, &row)?;
            let detail = json!({
                "number": row.number, "covered_sha256": hash, "open": open.len(), "despite": row.despite.is_some(),
            });
            audit::record(conn, &app, &ctx, "day.signed_off", format!("{}/{day}", shown.team), &detail)?;
            closing(conn, &ctx, day, *team)
        })
        .await
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
