//! Everything that stops an outcome now.

use serde::{Deserialize, Serialize};

use super::catalogue::Moment;
use super::eval::evaluate_for;
use super::facts::Facts;
use super::requirements::{Need, NeedKind, requirements_for};
use super::threshold::{self, Reading};
use super::trace::{Trace, Verdict, text};
use crate::template::model::{Measurement, OnFail, Text};
use crate::template::vocabulary::OUTCOMES;

/// One thing that stops an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocker {
    /// Stable code: `missing_tick`, `missing_question`, `missing_measurement`, `missing_photo`,
    /// `missing_signature`, `threshold_failed`, `unreadable_measurement`, `rule_failed`,
    /// `needs_choice`, `missing_reason` or `unknown_outcome`; `missing_rework` of a returned visit
    /// ([`crate::visit::rework_blockers`]).
    pub code: String,
    /// What it is about: `step/item`, a code, or a rule id.
    pub subject: String,
    /// Why, for people.
    pub text: Text,
}

fn blocker(code: &str, subject: impl Into<String>, text: Text) -> Blocker {
    Blocker { code: code.to_owned(), subject: subject.into(), text }
}

/// Everything that stops the visit from ending with `outcome` now; empty if it may.
///
/// In order: a missing reason, what is missing in the order of the steps, readings outside a
/// blocking threshold, blocking rules that guard the outcome.
#[must_use]
pub fn blocking(facts: &Facts<'_>, outcome: &str) -> Vec<Blocker> {
    if !OUTCOMES.contains(&outcome) {
        let text = text(format!("unknown outcome {outcome}"), format!("未知结果 {outcome}"));
        return vec![blocker("unknown_outcome", outcome, text)];
    }
    let mut blockers: Vec<Blocker> = missing_reason(facts, outcome).into_iter().collect();
    let steps = requirements_for(facts, outcome);
    blockers.extend(steps.iter().flat_map(|step| &step.needs).filter(|need| need.is_missing()).map(missing));
    if outcome == "completed" {
        blockers.extend(failed_readings(facts));
    }
    let rules =
        [Moment::Start, Moment::Finish].into_iter().flat_map(|moment| evaluate_for(facts, moment, Some(outcome)));
    blockers.extend(rules.filter(|trace| trace.blocks(outcome)).map(|trace| refused(facts, trace)));
    blockers
}

/// Every outcome but `completed` needs a reason (rulebook 1.4).
fn missing_reason(facts: &Facts<'_>, outcome: &str) -> Option<Blocker> {
    let has_reason = facts.view.outcome().is_some_and(|recorded| {
        recorded.code == outcome && recorded.reason.as_deref().is_some_and(|reason| !reason.trim().is_empty())
    });
    if outcome == "completed" || has_reason {
        return None;
    }
    Some(blocker("missing_reason", outcome, text(format!("{outcome} needs a reason"), format!("{outcome} 须填写原因"))))
}

fn missing(need: &Need) -> Blocker {
    let code = match need.kind {
        NeedKind::Tick => "missing_tick",
        NeedKind::Question => "missing_question",
        NeedKind::Measurement => "missing_measurement",
        NeedKind::Photo => "missing_photo",
        NeedKind::Signature => "missing_signature",
    };
    let count = if need.need > 1 { format!(" ({} of {})", need.have, need.need) } else { String::new() };
    blocker(
        code,
        &need.code,
        text(format!("missing: {}{count}", need.title.en), format!("缺少：{}{count}", need.title.zh_cn)),
    )
}

/// Readings outside a threshold whose failure blocks, readings nobody can judge, and those of which some would do.
fn failed_readings(facts: &Facts<'_>) -> Vec<Blocker> {
    let blocks = facts.template.measurements.iter().filter(|item| item.on_fail == OnFail::Block);
    blocks.filter_map(|item| failed_reading(facts, item)).collect()
}

fn failed_reading(facts: &Facts<'_>, item: &Measurement) -> Option<Blocker> {
    let (en, zh) = (&item.title.en, &item.title.zh_cn);
    let (code, text) = match threshold::reading(facts, item) {
        reading if threshold::is_mixed(facts, item, reading) => (
            "needs_choice",
            text(
                format!("concurrent readings, of which some are outside the limit: choose one: {en}"),
                format!("存在多个并发读数且部分未达标，请先选择其一：{zh}"),
            ),
        ),
        Reading::Fail => ("threshold_failed", text(format!("outside its limit: {en}"), format!("未达标：{zh}"))),
        Reading::Unreadable => (
            "unreadable_measurement",
            text(format!("no number in {}: {en}", item.unit), format!("读数不是以 {} 为单位的数值：{zh}", item.unit)),
        ),
        Reading::Missing | Reading::NotJudged | Reading::Pass => return None,
    };
    Some(blocker(code, &item.code, text))
}

fn refused(facts: &Facts<'_>, trace: Trace) -> Blocker {
    let code = if trace.verdict == Verdict::NeedsChoice { "needs_choice" } else { "rule_failed" };
    let rule = facts.template.rules.iter().find(|rule| rule.id == trace.rule && rule.check == trace.check);
    let title = |pick: fn(&Text) -> &String| rule.map_or_else(String::new, |rule| format!("{}: ", pick(&rule.title)));
    let en = format!("{}{}", title(|text| &text.en), trace.text.en);
    let zh = format!("{}{}", title(|text| &text.zh_cn), trace.text.zh_cn);
    blocker(code, trace.rule, text(en, zh))
}
