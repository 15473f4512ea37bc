//! Work that reached the server after the visit had changed there: it is kept as evidence, and the rep is told why.
//!
//! The note outlives the visit on the phone, which a reassigned visit leaves with the same answer. Knows nothing of
//! requests and answers.

use serde_json::{Value, json};
use sync_core::ids::VisitId;
use sync_core::plan::{LateDecisionRow, LateVerdict, VisitPlan};
use sync_core::protocol::row::kind;
use sync_core::time::UnixMillis;
use sync_core::visit::{Derived, LateRecord};

use crate::error::PhoneResult;
use crate::store::Tx;
use crate::store::model::LateWork;
use crate::visit::resolve::is_name_of;

/// Chinese and English words for a reason; a newer server's reason stands in general words beside its code.
fn labels(reason: &str) -> (&'static str, &'static str) {
    match reason {
        "reassigned" => ("任务已改派他人", "the visit was given to somebody else"),
        "cancelled" => ("任务已取消", "the visit was cancelled"),
        "closed" => ("任务已关闭", "the visit was closed"),
        "submitted" => ("任务已提交", "the visit was handed in before"),
        _ => ("送达过晚", "it came too late"),
    }
}

/// Notes that work of a visit arrived late.
pub(crate) fn note(tx: &Tx, visit: VisitId, reason: &str, at: UnixMillis) -> PhoneResult<()> {
    let plan: Option<VisitPlan> = tx.row(kind::VISIT, &visit.to_string())?;
    let known = tx.late_work_of(visit)?.and_then(|known| known.number);
    let number = plan.and_then(|plan| plan.number).or(known);
    tx.set_late_work(visit, &LateWork { number, reason: reason.to_owned(), at_ms: at.0 })
}

/// The late work of the visit that a text names in full: also of one that has left the phone.
pub(crate) fn find(tx: &Tx, name: &str) -> PhoneResult<Option<(VisitId, LateWork)>> {
    let all = tx.late_work()?;
    Ok(all.into_iter().find(|(visit, work)| is_name_of(name.trim(), *visit, work.number.as_deref())))
}

/// What the office decided about late work of a visit, oldest first; also of a visit that has left the phone.
pub(crate) fn decisions(tx: &Tx, visit: VisitId) -> PhoneResult<Vec<LateDecisionRow>> {
    let mut decisions = tx.rows_as::<LateDecisionRow>(kind::LATE_DECISION)?;
    decisions.retain(|decision| decision.visit_id == visit);
    decisions.sort_by_key(|decision| (decision.at_ms, decision.id));
    Ok(decisions)
}

/// A note with what the office decided since, for machines and for people.
pub(crate) fn told(tx: &Tx, visit: VisitId, work: &LateWork) -> PhoneResult<(Value, String)> {
    let decisions = decisions(tx, visit)?;
    let (mut json, mut text) = (work.json(), work.text());
    if decisions.is_empty() {
        text.push_str("；等待办公室决定 / waits for the office");
    }
    for decision in &decisions {
        text.push_str(&format!("\n    {}", decision_text(decision)));
    }
    if let Some(json) = json.as_object_mut() {
        json.insert("decisions".to_owned(), decisions.iter().map(decision_json).collect());
    }
    Ok((json, text))
}

/// Chinese and English words for a decision.
const fn verdict(decision: LateVerdict) -> (&'static str, &'static str) {
    match decision {
        LateVerdict::Accept => ("办公室已采纳", "the office accepted"),
        LateVerdict::Decline => ("办公室不予采纳", "the office declined"),
    }
}

fn decision_text(decision: &LateDecisionRow) -> String {
    let (zh_cn, en) = verdict(decision.decision);
    let (records, reason) = (decision.ops.len(), &decision.reason);
    format!("{zh_cn} {records} 条 / {en} {records} records: {reason}")
}

fn decision_json(decision: &LateDecisionRow) -> Value {
    let (zh_cn, en) = verdict(decision.decision);
    json!({"id": decision.id, "decision": decision.decision, "title": {"zh_cn": zh_cn, "en": en},
        "reason": decision.reason, "records": decision.ops.len(), "at": decision.at_ms.to_rfc3339()})
}

/// Late records of a visit as lines of `status`: what came, why it is late, and whether it counts.
pub(crate) fn lines(derived: &Derived) -> Vec<String> {
    let line = |record: &LateRecord, (zh_cn, en): (&str, &str)| {
        let (why_zh, why_en) = labels(record.reason.code());
        let value = record.value.as_ref().map(|value| format!(" {value}")).unwrap_or_default();
        format!("  late 迟到 {}/{}{value}: {why_zh}，{zh_cn} / {why_en}, {en}", record.map, record.key)
    };
    let stands = |record: &LateRecord| match record.decision {
        Some(_) => ("办公室不予采纳", "the office declined it"),
        None => ("等待办公室决定", "it waits for the office"),
    };
    let late = derived.late.iter().map(|record| line(record, stands(record)));
    late.chain(derived.accepted.iter().map(|record| line(record, ("办公室已采纳", "the office accepted it")))).collect()
}

impl LateWork {
    /// The note for machines.
    pub(crate) fn json(&self) -> Value {
        let (zh_cn, en) = labels(&self.reason);
        json!({"reason": self.reason, "title": {"zh_cn": zh_cn, "en": en}, "at": UnixMillis(self.at_ms).to_rfc3339()})
    }

    /// The note for people.
    pub(crate) fn text(&self) -> String {
        let (zh_cn, en) = labels(&self.reason);
        format!("{zh_cn}，内容已留存 / {en}; what was sent is kept ({})", self.reason)
    }
}

/// The name of a visit in lines for people.
pub(crate) fn name_of(visit: VisitId, work: &LateWork) -> String {
    work.number.clone().unwrap_or_else(|| visit.short_code())
}

#[cfg(test)]
mod tests {
    use sync_core::ids::{LateDecisionId, UserId};

    use super::*;

    #[test]
    fn a_decision_is_told_in_both_languages_with_its_reason() {
        let mut decision = LateDecisionRow {
            id: LateDecisionId::from_bytes([1; 16]),
            visit_id: VisitId::from_bytes([2; 16]),
            ops: Vec::new(),
            decision: LateVerdict::Accept,
            by: UserId::from_bytes([3; 16]),
            reason: "交接前完成".to_owned(),
            at_ms: UnixMillis(0),
        };
        assert_eq!(decision_text(&decision), "办公室已采纳 0 条 / the office accepted 0 records: 交接前完成");
        decision.decision = LateVerdict::Decline;
        assert_eq!(decision_text(&decision), "办公室不予采纳 0 条 / the office declined 0 records: 交接前完成");
    }
}
