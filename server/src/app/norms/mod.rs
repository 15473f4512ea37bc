//! Norms: templates, policies, calendars as immutable versions, for everybody in the organisation.
//!
//! Owns publishing and reading them. A version is checked as a whole before it is published, every fault at once; what was
//! published is never changed. Which of them a visit follows is decided in `app/visits/follow.rs`.

mod calendar;
mod policy;
mod publish;
mod read;
mod seed;
mod template;
mod withdraw;

pub use calendar::{NewCalendar, create_calendar};
pub use policy::{NewPolicy, create_policy, publish_new_policy};
pub use publish::{publish_calendar, publish_policy, publish_template};
pub(crate) use read::version_at;
pub use read::{
    PolicyListing, list_calendars, list_policies, list_templates, policy_in_force, show_calendar, show_policy,
    show_template,
};
pub use seed::{product_templates, seed_norms};
pub use template::create_template;
pub use withdraw::{Version, withdraw};

use doorstep_store::Conn;
use sync_core::time::UnixMillis;

use crate::app::visits::follow_norms;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, FieldFault, Refusal};

/// What becomes of a version that is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Nothing: its author wanted to know.
    Check,
    /// It is published.
    Publish,
}

/// Only tells what would be published, or publishes it and has visits follow.
async fn carry_out<T: Send + 'static>(
    state: &AppState,
    ctx: &Ctx,
    purpose: Purpose,
    write: impl FnMut(&mut Conn) -> AppResult<T> + Send + 'static,
) -> AppResult<T> {
    if purpose == Purpose::Check {
        return state.store.read(write).await;
    }
    let published = ctx.once().write(&state.store, write).await?;
    visits_follow(state, ctx).await;
    Ok(published)
}

/// Has visits follow what was published just now; that is published whatever comes of it, and the job does the rest.
async fn visits_follow(state: &AppState, ctx: &Ctx) {
    if let Err(error) = follow_norms(state, ctx.actor.org, ctx.now).await {
        tracing::warn!(org = %ctx.actor.org, %error, "visits do not follow what was published yet");
    }
}

/// How far ahead a version may be dated, in milliseconds: 400 days. Dates ascend, so none could come before one further away.
const AHEAD_MS: i64 = 400 * 24 * 60 * 60 * 1_000;

/// Adds the fault of a version that would have been in force before it was published, or would be for too long not.
fn within_reach(refusal: Refusal, effective_from: UnixMillis, now: UnixMillis) -> Refusal {
    let last = now.plus_ms(AHEAD_MS);
    let (limit, en, zh) = if effective_from < now {
        (now, "now or later: what was done cannot be judged by it", "不得早于当前时间")
    } else if effective_from > last {
        (last, "within 400 days: no version could take effect before it", "须在 400 天以内，否则其间无法再发布新版本")
    } else {
        return refusal;
    };
    refusal.fault(FieldFault {
        limit: Some(limit.to_rfc3339()),
        actual: Some(effective_from.to_rfc3339()),
        ..FieldFault::both("effective_from", en, zh)
    })
}

/// Adds the fault of a version that would be in force before the one it follows.
fn after_newest(refusal: Refusal, effective_from: UnixMillis, newest: UnixMillis) -> Refusal {
    if effective_from > newest {
        return refusal;
    }
    refusal.fault(FieldFault {
        limit: Some(newest.to_rfc3339()),
        actual: Some(effective_from.to_rfc3339()),
        ..FieldFault::both(
            "effective_from",
            "later than the newest version takes effect: dates ascend as versions do",
            "须晚于最新版本的生效时间",
        )
    })
}

/// What was published since the author read.
fn stale(newest: i64, base: i64) -> AppError {
    let en = format!("Version {newest} is the newest, not {base}: read it, and say what differs from it");
    let zh = format!("最新版本为 {newest}，而非 {base}，请重新读取后再提交");
    Refusal::new(ErrorCode::StaleVersion).detail(en, zh).limit(newest, base).into()
}
