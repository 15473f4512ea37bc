//! From what a person types to a visit: full id, number, short code or the beginning of one of them.

use sync_core::ids::VisitId;
use sync_core::plan::VisitPlan;
use sync_core::protocol::row::kind;

use crate::error::{PhoneResult, usage};
use crate::store::Tx;

/// Every visit the phone knows, planned or made here, with its number.
pub(crate) fn visits(tx: &Tx) -> PhoneResult<Vec<(VisitId, Option<VisitPlan>)>> {
    let mut found: Vec<(VisitId, Option<VisitPlan>)> =
        tx.rows_as::<VisitPlan>(kind::VISIT)?.into_iter().map(|plan| (plan.id, Some(plan))).collect();
    for visit in tx.doc_ids()? {
        if found.iter().all(|(known, _)| *known != visit) {
            found.push((visit, None));
        }
    }
    Ok(found)
}

/// Finds the one visit a text names.
pub(crate) fn visit(tx: &Tx, text: &str) -> PhoneResult<VisitId> {
    let all = visits(tx)?;
    let wanted = text.trim();
    let code = plain(wanted);
    let exact: Vec<VisitId> = all
        .iter()
        .filter(|(id, plan)| is_name_of(wanted, *id, plan.as_ref().and_then(|plan| plan.number.as_deref())))
        .map(|(id, _)| *id)
        .collect();
    let begins = |id: &VisitId| id.to_string().starts_with(wanted) || plain(&id.short_code()).starts_with(&code);
    let found = if exact.is_empty() && !code.is_empty() {
        all.iter().map(|(id, _)| *id).filter(begins).collect()
    } else {
        exact
    };
    match found.as_slice() {
        [visit] => Ok(*visit),
        [] => usage(format!("no visit is named {wanted}; `list --all` shows them")),
        several => {
            let names: Vec<String> = several.iter().map(ToString::to_string).collect();
            usage(format!("{wanted} names several visits: {}", names.join(", ")))
        }
    }
}

/// Whether a text is the id, the number or the short code of a visit.
pub(crate) fn is_name_of(text: &str, visit: VisitId, number: Option<&str>) -> bool {
    visit.to_string() == text || number == Some(text) || plain(&visit.short_code()) == plain(text)
}

fn plain(code: &str) -> String {
    code.chars().filter(|character| *character != '-').collect::<String>().to_ascii_uppercase()
}
