//! The template and policy of an unplanned visit: those the phone used, or the nearest the office has.

use std::collections::BTreeMap;

use doorstep_store::{Conn, norms};
use sync_core::ids::OrgId;
use sync_core::intent::body::CreateVisit;
use sync_core::time::UnixMillis;

use crate::app::AppResult;

/// What an unplanned visit is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app::sync) struct StandIn {
    pub(super) template: String,
    pub(super) template_version: i64,
    pub(super) policy_version: i64,
    /// Whether the office has published what the phone used; if not, somebody should look.
    pub(super) is_as_asked: bool,
}

/// Finds stand-ins, each once for a push: its visits share a few templates.
#[derive(Debug)]
pub(in crate::app::sync) struct StandIns {
    org: OrgId,
    now: UnixMillis,
    known: BTreeMap<(String, i64, i64), Option<StandIn>>,
}

impl StandIns {
    /// Nothing found yet.
    pub(in crate::app::sync) const fn new(org: OrgId, now: UnixMillis) -> Self {
        Self { org, now, known: BTreeMap::new() }
    }

    /// The stand-in of an unplanned visit; `None` only where the office has published nothing at all.
    pub(in crate::app::sync) fn find(&mut self, conn: &mut Conn, body: &CreateVisit) -> AppResult<Option<StandIn>> {
        let asked = (body.template.clone(), body.template_version, body.policy_version);
        if let Some(known) = self.known.get(&asked) {
            return Ok(known.clone());
        }
        let found = find(conn, self.org, body, self.now)?;
        Ok(self.known.entry(asked).or_insert(found).clone())
    }
}

/// Finds template and policy for an unplanned visit. An unknown one must not lose the captured work: the one
/// of that code in force stands in, then any. `None` only where the office has published nothing at all.
fn find(conn: &mut Conn, org: OrgId, body: &CreateVisit, now: UnixMillis) -> AppResult<Option<StandIn>> {
    let asked = norms::find_template(conn, org, &body.template, body.template_version)?;
    let is_template_known = asked.is_some();
    let template = match asked {
        Some(row) => Some(row),
        None => match norms::find_template_at(conn, org, &body.template, now.0)? {
            Some(row) => Some(row),
            None => norms::list_templates(conn, org)?.pop(),
        },
    };
    let asked = norms::find_policy(conn, org, body.policy_version)?;
    let is_policy_known = asked.is_some();
    let policy = match asked {
        Some(row) => Some(row),
        None => norms::find_policy_at(conn, org, now.0)?,
    };
    Ok(template.zip(policy).map(|(template, policy)| StandIn {
        template: template.code,
        template_version: template.version,
        policy_version: policy.version,
        is_as_asked: is_template_known && is_policy_known,
    }))
}
