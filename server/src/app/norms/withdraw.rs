//! Taking back a version that has not taken effect, so that an urgent one can come before it.
//!
//! The version stays as it was published, and acceptable of a phone that began by it out of reach; nobody follows it any more.

use doorstep_store::feed::{FeedBatch, FeedKind};
use doorstep_store::withdrawals::{self, WithdrawalRow, insert_withdrawal, list_withdrawals};
use doorstep_store::{Conn, Txt, norms};
use serde_json::json;
use sync_core::ids::OrgId;
use sync_core::time::UnixMillis;

use super::visits_follow;
use crate::app::customers::is_text;
use crate::app::scope::EVERYBODY;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit};

/// Which version is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// Of a template.
    Template(String, i64),
    /// Of the policy.
    Policy(i64),
}

impl Version {
    /// Kind and code as rows have them, and the number.
    fn key(&self) -> (&'static str, &str, i64) {
        match self {
            Self::Template(code, version) => ("template", code, *version),
            Self::Policy(version) => ("policy", "", *version),
        }
    }

    /// From when it counts, if it is published.
    fn effective_from(&self, conn: &mut Conn, org: OrgId) -> AppResult<Option<UnixMillis>> {
        let found = match self {
            Self::Template(code, version) => {
                norms::find_template(conn, org, code, *version)?.map(|row| row.effective_from_ms)
            }
            Self::Policy(version) => norms::find_policy(conn, org, *version)?.map(|row| row.effective_from_ms),
        };
        Ok(found.map(UnixMillis))
    }

    /// Whether an earlier version stands, and whether a later one does.
    fn others(&self, conn: &mut Conn, org: OrgId) -> AppResult<(bool, bool)> {
        let (_, code, number) = self.key();
        let standing: Vec<i64> = match self {
            Self::Template(..) => {
                let versions = norms::list_template_versions(conn, org)?.into_iter();
                versions.filter(|(known, ..)| known == code).map(|(_, version, _)| version).collect()
            }
            Self::Policy(_) => {
                norms::list_policy_versions(conn, org)?.into_iter().map(|(version, _)| version).collect()
            }
        };
        Ok((standing.iter().any(|version| *version < number), standing.iter().any(|version| *version > number)))
    }

    fn is_pinned(&self, conn: &mut Conn, org: OrgId) -> AppResult<bool> {
        Ok(match self {
            Self::Template(code, version) => withdrawals::is_template_pinned(conn, org, &format!("{code}/{version}"))?,
            Self::Policy(version) => withdrawals::is_policy_pinned(conn, org, *version)?,
        })
    }

    /// How the feed names it.
    fn item(&self) -> (FeedKind, String) {
        match self {
            Self::Template(code, version) => (FeedKind::Template, format!("{code}/{version}")),
            Self::Policy(version) => (FeedKind::Policy, version.to_string()),
        }
    }
}

/// Takes a version back; visits that would have followed it follow what stands.
///
/// # Errors
/// `not_found`; `state_invalid` once it counts, once a crew began by it, or where it was taken back before; `invalid`
/// without a reason.
pub async fn withdraw(state: &AppState, ctx: Ctx, version: Version, reason: String) -> AppResult<WithdrawalRow> {
    if !is_text(&reason, 500) {
        return Err(Refusal::new(ErrorCode::Invalid).field("reason", "1 to 500 characters").into());
    }
    let (app, asked) = (state.clone(), ctx.clone());
    let write = move |conn: &mut Conn| {
        let org = ctx.actor.org;
        check(conn, org, &version, ctx.now)?;
        let (kind, code, number) = version.key();
        let row = WithdrawalRow {
            org_id: Txt(org),
            kind: kind.to_owned(),
            code: code.to_owned(),
            version: number,
            withdrawn_at_ms: ctx.now.0,
            withdrawn_by: Txt(ctx.actor.user),
            reason: reason.clone(),
        };
        insert_withdrawal(conn, &row)?;
        let (feed_kind, item) = version.item();
        let (event, subject) = match &version {
            Version::Template(code, _) => ("template.withdrawn", code.clone()),
            Version::Policy(number) => ("policy.withdrawn", number.to_string()),
        };
        audit::record(conn, &app, &ctx, event, subject, &json!({ "version": number, "reason": reason }))?;
        let mut batch = FeedBatch::new();
        batch.gone(EVERYBODY, feed_kind, item);
        batch.publish(conn, org)?;
        Ok::<_, AppError>(row)
    };
    let row = asked.once().write(&state.store, write).await?;
    visits_follow(state, &asked).await;
    Ok(row)
}

fn check(conn: &mut Conn, org: OrgId, version: &Version, now: UnixMillis) -> AppResult<()> {
    let effective_from = version.effective_from(conn, org)?.ok_or(ErrorCode::NotFound)?;
    let (kind, code, number) = version.key();
    let refused = |en: &str, zh: &str| Err(Refusal::new(ErrorCode::StateInvalid).detail(en, zh).into());
    if effective_from <= now {
        return refused("The version counts already: publish another one", "该版本已生效，请发布新版本");
    }
    let withdrawn = list_withdrawals(conn, org, kind)?;
    if withdrawn.iter().any(|row| row.code == code && row.version == number) {
        return refused("The version was withdrawn before", "该版本此前已撤回");
    }
    let (before, after) = version.others(conn, org)?;
    if after {
        return refused(
            "A later version builds on it: withdraw that one first",
            "其后版本以该版本为基础，请先撤回后续版本",
        );
    }
    if !before {
        return refused("No other version would count in its place", "撤回后没有可替代的版本");
    }
    if version.is_pinned(conn, org)? {
        return refused("A crew has begun a visit by this version", "已有上门工单按该版本开始");
    }
    Ok(())
}
