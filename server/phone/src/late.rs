//! Work that reached the server after the visit had changed there: it is kept as evidence, and the rep is told why.
//!
//! The note outlives the visit on the phone, which a reassigned visit leaves with the same answer. Knows nothing of
//! requests and answers.

use serde_json::{Value, json};
use sync_core::ids::VisitId;
use sync_core::plan::VisitPlan;
use sync_core::protocol::row::kind;
use sync_core::time::UnixMillis;

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
