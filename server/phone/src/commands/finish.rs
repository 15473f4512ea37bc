//! `finish`: hands the visit in, or says what is missing.

use serde_json::json;
use sync_core::doc::Map;
use sync_core::rules::Blocker;
use sync_core::template::model::Text;
use sync_core::visit::VisitState;

use super::{Phone, Scene, effect, finding_text, line, merge_members, summary};
use crate::error::PhoneResult;
use crate::output::Output;
use crate::store::model::Edit;
use crate::visit::{VisitContext, edit};

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
        let edits = hand_in(&scene, state == VisitState::Returned)?;
        let blockers = against(&scene, state, &edits)?;
        if !blockers.is_empty() {
            let json = json!({"finished": false});
            return effect::refused(&scene, "not handed in 未提交", json, &blockers);
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
    state.is_handed_in() || state.is_past_hand_in()
}

fn hand_in(scene: &Scene<'_>, is_returned: bool) -> PhoneResult<Vec<Edit>> {
    let event = if is_returned { "resubmit" } else { "submit" };
    let mut edits = vec![edit::record(Map::Timeline, &scene.at, scene.user, json!({"event": event}))?];
    let is_completed = scene.context.view.outcome().is_some_and(|outcome| outcome.code == "completed");
    if !is_returned && !is_completed {
        edits.insert(0, edit::record(Map::Outcomes, &scene.at, scene.user, json!({"code": "completed"}))?);
    }
    Ok(edits)
}

/// What is missing and which events still wait for something; else why the hand-in itself would have no effect.
fn against(scene: &Scene<'_>, state: VisitState, edits: &[Edit]) -> PhoneResult<Vec<Blocker>> {
    if scene.tx.doc(scene.visit)?.is_none() {
        return Ok(vec![not_begun()]);
    }
    let mut blockers = effect::hand_in_blockers(&scene.context, state);
    blockers.extend(effect::waiting_events(&scene.context.derived()));
    if blockers.is_empty() { effect::without_effect(scene, edits) } else { Ok(blockers) }
}

fn not_begun() -> Blocker {
    let text = Text { en: "the visit has not begun".to_owned(), zh_cn: "尚未开始上门".to_owned() };
    Blocker { code: "not_begun".to_owned(), subject: "visit".to_owned(), text }
}
