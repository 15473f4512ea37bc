//! The self-check: every head the server named must be in the phone's document, or the whole document is asked for.
//!
//! Knows nothing of how news is applied. Compares only once the server has no more news: until then the changes of
//! others may still be on their way. What only the phone has is no difference.

use std::collections::BTreeSet;

use sync_core::ids::VisitId;

use super::Report;
use crate::error::PhoneResult;
use crate::store::Tx;

/// Compares every document the server named heads of since it was last found complete.
///
/// `whole` are the documents that were asked for and came in this sync: where even that does not help, a person is
/// told and the next sync asks again.
///
/// # Source
/// Design section 3, point 6.
pub(super) fn compare(tx: &Tx, whole: &BTreeSet<VisitId>, report: &mut Report) -> PhoneResult<()> {
    for (visit, mut state) in tx.doc_states()?.into_iter().filter(|(_, state)| !state.named.is_empty()) {
        if state.is_gone {
            // It leaves the phone: what others write from now on is none of its business.
            state.named.clear();
        } else if let Some(doc) = tx.doc(visit)? {
            state.named.retain(|head| !doc.has_change(head));
        }
        let is_asked_for = state.wants_snapshot || state.hold.is_some();
        if !state.named.is_empty() && !is_asked_for {
            if whole.contains(&visit) {
                let problem = "the server names changes that its own document does not bring";
                state.problem = Some(problem.to_owned());
                report.problems.push(format!("visit {visit}: {problem}"));
            } else {
                state.wants_snapshot = true;
            }
        }
        tx.set_doc_state(visit, &state)?;
    }
    Ok(())
}
