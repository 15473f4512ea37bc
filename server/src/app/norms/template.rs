//! A new version of a template: the next number, from when it counts, and what is wrong with it.

use doorstep_store::Conn;
use doorstep_store::feed::FeedBatch;
use doorstep_store::norms::{self, TemplateRow};
use serde_json::json;
use sync_core::template::{Template, TemplateFault};
use sync_core::time::UnixMillis;

use super::publish::{publish_template, template_row};
use super::{Purpose, after_newest, carry_out, within_reach};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, FieldFault, Refusal, audit};

/// Publishes a template version, or only tells whether it could be published.
///
/// # Errors
/// `conflict` if the version exists, `invalid` naming every fault.
pub async fn create_template(
    state: &AppState,
    ctx: Ctx,
    template: Template,
    purpose: Purpose,
) -> AppResult<TemplateRow> {
    let (app, asked) = (state.clone(), ctx.clone());
    let write = move |conn: &mut Conn| {
        let org = ctx.actor.org;
        let newest = norms::find_newest_template(conn, org, &template.code)?;
        let versions = norms::list_template_versions(conn, org)?.into_iter();
        let before = versions.filter(|(code, ..)| *code == template.code).map(|(.., from_ms)| from_ms).max();
        let effective_from = check(&template, newest.as_ref(), before, ctx.now)?;
        let row = template_row(org, &template, (effective_from, ctx.now))?;
        if purpose == Purpose::Publish {
            let mut batch = FeedBatch::new();
            publish_template(conn, &mut batch, &row)?;
            let detail = json!({ "version": row.version, "sha256": row.sha256.0, "effective_from_ms": effective_from });
            audit::record(conn, &app, &ctx, "template.published", &row.code, &detail)?;
            batch.publish(conn, org)?;
        }
        Ok::<_, AppError>(row)
    };
    carry_out(state, &asked, purpose, write).await
}

/// From when a template counts, if everything about it is right; the newest version that stands counts from `before`.
fn check(
    template: &Template,
    newest: Option<&TemplateRow>,
    before: Option<i64>,
    now: UnixMillis,
) -> AppResult<UnixMillis> {
    let faults = template.validate();
    let said = template.effective_from();
    let effective_from = said.unwrap_or(now);
    let mut refusal = within_reach(Refusal::new(ErrorCode::Invalid), effective_from, now);
    if let Some(newest) = newest.filter(|newest| template.version <= newest.version) {
        let en = format!("Version {} of {} is published; publish {}", newest.version, newest.code, newest.version + 1);
        let zh = format!("{} 版本 {} 已发布，请使用版本号 {}", newest.code, newest.version, newest.version + 1);
        return Err(Refusal::new(ErrorCode::Conflict).detail(en, zh).limit(newest.version, template.version).into());
    }
    if let Some(before) = before {
        refusal = after_newest(refusal, effective_from, UnixMillis(before));
    }
    let next = newest.map_or(1, |newest| newest.version + 1);
    if template.version > next {
        refusal = refusal.fault(FieldFault {
            limit: Some(next.to_string()),
            actual: Some(template.version.to_string()),
            ..FieldFault::both(
                "version",
                format!("{next}, the next version of this template"),
                format!("{next}，即该模板的下一个版本"),
            )
        });
    }
    faults.into_iter().fold(refusal, |refusal, fault| refusal.fault(field_fault(fault))).into_result()?;
    Ok(effective_from)
}

fn field_fault(fault: TemplateFault) -> FieldFault {
    FieldFault { expected_zh: Some(fault.message_zh), ..FieldFault::new(fault.path, fault.message) }
}
