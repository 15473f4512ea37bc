//! What rules and state say of a visit, for whoever looks at it: the office, a reviewer.
//!
//! A push derives the state alone ([`super::project`]); what is found is judged when somebody looks, by what is known then.

use doorstep_store::Conn;
use sync_core::ids::{OrgId, VisitId};
use sync_core::merge::View;
use sync_core::merge::view::Finding;
use sync_core::rules::handed_in_at;
use sync_core::statement::copies;
use sync_core::time::UnixMillis;
use sync_core::visit::{Derived, late};

use super::background;
use super::project::{LoadedFacts, load_facts, load_view};
use crate::app::{AppResult, installed_items};

/// A visit with what is said of it.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    /// Plan, norms, decisions, and what else stored rows tell.
    pub(crate) loaded: LoadedFacts,
    /// The whole document, with policies and choices.
    pub(crate) whole: View,
    /// The document without late records: what is judged.
    pub(crate) view: View,
    /// State, reopened slots, late records.
    pub(crate) derived: Derived,
    /// What a person should look at: of the rules, of the state and of the document.
    pub(crate) findings: Vec<Finding>,
}

/// Judges a visit by what is stored now.
///
/// # Errors
/// `not_found` if there is no such visit; corrupt rows.
pub(crate) fn judge(conn: &mut Conn, org: OrgId, visit: VisitId, now: UnixMillis) -> AppResult<Judged> {
    let whole = load_view(conn, org, visit)?;
    let mut loaded = load_facts(conn, org, &whole, now)?;
    let whole = loaded.settle(whole);
    let derived = sync_core::visit::state(&loaded.of(&whole), &loaded.review);
    let view = late::in_force(&whole, &derived.late);
    loaded.background = background::load(conn, org, &loaded, &view, derived.state)?;
    let mut findings = sync_core::rules::findings(&loaded.of(&view));
    findings.extend(derived.findings.iter().cloned());
    findings.extend(view.findings.iter().cloned());
    let is_handed_in = handed_in_at(&view).is_some();
    findings.extend(copies::findings(&view, &loaded.template, is_handed_in));
    findings.extend(installed_items::findings(conn, org, &view, loaded.plan.work_order.as_ref())?);
    findings.sort();
    findings.dedup();
    Ok(Judged { loaded, whole, view, derived, findings })
}
