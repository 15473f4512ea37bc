//! `finish`: hands the visit in, or says what is missing.

use serde_json::json;
use sync_core::bytes::Actor;
use sync_core::doc::Map;
use sync_core::rules::{Blocker, blocking};
use sync_core::template::model::Text;
use sync_core::visit::VisitState;

use super::{Phone, Scene, finding_text, line, merge_members, summary};
use crate::error::PhoneResult;
use crate::keys;
use crate::output::Output;
use crate::store::model::Edit;
use crate::visit::{VisitContext, edit};

/// Exit code of a visit that may not be handed in yet.
const BLOCKED: u8 = 2;

/// `finish`: outcome `completed` and event `submit`, or `resubmit` after a return.
pub(crate) fn finish(phone: &Phone, visit: &str) -> PhoneResult<Output> {
    phone.store.write(|tx| {
        let scene = Scene::open(phone, tx, visit)?;
        let state = scene.context.derived().state;
        if state != VisitState::Returned && is_past_submit(state) {
            let mut answer = summary(tx, &scene.context, state.code())?;
            merge_members(&mut answer, json!({"finished": true, "blockers": []}));
            return Ok(Output::done(answer, format!("handed in already\n{}", line(&scene.context, state.code()))));
        }
        let mut blockers = blocking(&scene.context.in_force().facts(), "completed");
        let edits = hand_in(&scene, state == VisitState::Returned)?;
        if blockers.is_empty() {
            blockers = without_effect(&scene, &edits)?;
        }
        if !blockers.is_empty() {
            return blocked(&scene, state, &blockers);
        }
        let doc = edit::write(tx, scene.visit, &scene.at, edits)?;
        let context = VisitContext::of(tx, &doc, &scene.at)?;
        let after = context.derived().state;
        let warnings = context.in_force().changed_after_signing(tx)?;
        let mut answer = summary(tx, &context, after.code())?;
        merge_members(&mut answer, json!({"finished": true, "blockers": [], "warnings": warnings}));
        let mut text = format!("handed in\n{}", line(&context, after.code()));
        for warning in &warnings {
            text.push_str(&format!("\n  note: {}", finding_text(warning)));
        }
        Ok(Output::done(answer, text))
    })
}

const fn is_past_submit(state: VisitState) -> bool {
    state.is_handed_in()
        || matches!(state, VisitState::UnderReview | VisitState::Approved | VisitState::Returned | VisitState::Closed)
}

fn hand_in(scene: &Scene<'_>, is_returned: bool) -> PhoneResult<Vec<Edit>> {
    let event = if is_returned { "resubmit" } else { "submit" };
    let mut edits = vec![edit::record(Map::Timeline, &scene.at, scene.user, json!({"event": event}))?];
    if scene.context.view.outcome().is_none_or(|outcome| outcome.code != "completed") {
        edits.insert(0, edit::record(Map::Outcomes, &scene.at, scene.user, json!({"code": "completed"}))?);
    }
    Ok(edits)
}

/// Tries the edits on a copy: an event that changes nothing must not be written as if the visit were handed in.
fn without_effect(scene: &Scene<'_>, edits: &[Edit]) -> PhoneResult<Vec<Blocker>> {
    let Some(mut trial) = scene.tx.doc(scene.visit)? else { return Ok(vec![not_begun()]) };
    edit::apply(&mut trial, Actor(keys::random()?), edits)?;
    let before = scene.context.derived();
    let after = VisitContext::of(scene.tx, &trial, &scene.at)?.derived();
    if is_past_submit(after.state) && after.state != VisitState::Returned {
        return Ok(Vec::new());
    }
    let new = after.findings.into_iter().filter(|finding| !before.findings.contains(finding));
    let blockers = new.map(|finding| {
        let detail = finding.detail.unwrap_or_default();
        Blocker {
            text: Text {
                en: format!("cannot be handed in while {}: {detail}", before.state),
                zh_cn: format!("当前状态为“{}”,不能提交:{detail}", before.state.label_zh()),
            },
            code: finding.code,
            subject: before.state.code().to_owned(),
        }
    });
    Ok(blockers.collect())
}

fn not_begun() -> Blocker {
    let text = Text { en: "the visit has not begun".to_owned(), zh_cn: "尚未开始上门".to_owned() };
    Blocker { code: "not_begun".to_owned(), subject: "visit".to_owned(), text }
}

fn blocked(scene: &Scene<'_>, state: VisitState, blockers: &[Blocker]) -> PhoneResult<Output> {
    let mut answer = summary(scene.tx, &scene.context, state.code())?;
    merge_members(&mut answer, json!({"finished": false, "blockers": blockers}));
    let lines: Vec<String> = blockers
        .iter()
        .map(|blocker| format!("  {} {}: {} / {}", blocker.code, blocker.subject, blocker.text.zh_cn, blocker.text.en))
        .collect();
    let text = format!("not handed in, {} things are in the way:\n{}", blockers.len(), lines.join("\n"));
    Ok(Output::done(answer, text).with_code(BLOCKED))
}
