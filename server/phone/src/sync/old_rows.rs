//! Office rows of data that are no more: after a restore they go, once all that the server has now is here.
//!
//! Knows which rows the phone still needs; not how rows arrive.

use std::collections::BTreeSet;
use std::fmt::Display;

use serde_json::Value;
use sync_core::ids::VisitId;
use sync_core::intent::{Intent, IntentBody};
use sync_core::merge;
use sync_core::plan::{VisitPlan, WorkOrderRow};
use sync_core::protocol::SyncResponse;
use sync_core::protocol::row::kind;

use super::documents::drop_gone;
use super::history::History;
use super::request::known_heads;
use crate::error::PhoneResult;
use crate::store::Tx;
use crate::store::model::{Safety, StoredRow};
use crate::store::tx::META;

/// Where it stands that there are old rows, and whether all that the server has is here.
const OLD_ROWS: &str = "old_rows_are_all_there_is";

/// Marks everything that came from the server.
pub(super) fn mark(tx: &Tx) -> PhoneResult<()> {
    for (key, row) in tx.all_rows()?.into_iter().filter(|(_, row)| row.version > 0) {
        tx.set_row_at(&key, &StoredRow { is_old: true, ..row })?;
    }
    tx.set_meta(OLD_ROWS, &false)
}

/// Drops what the server did not send anew, once it has no more to send, but for what the phone works with.
///
/// An answer that says nothing of what is in the feed ends nothing: so says a server whose news could not be read, or
/// that tells this device nothing at the moment.
///
/// Once all was read, an answer counts that goes on in the feed, with news or without.
pub(super) fn settle(tx: &Tx, response: &SyncResponse, goes_on: bool) -> PhoneResult<()> {
    let Some(was_read) = tx.meta::<bool>(OLD_ROWS)? else { return Ok(()) };
    let is_news = !response.docs.is_empty() || response.rows.keys().any(|kind| kind != kind::ORDER);
    if response.more || !(is_news || was_read && goes_on) {
        return Ok(());
    }
    let old: Vec<(String, StoredRow)> = tx.all_rows()?.into_iter().filter(|(_, row)| row.is_old).collect();
    if old.is_empty() {
        return tx.remove(META, OLD_ROWS);
    }
    leave_known(tx)?;
    drop_gone(tx)?;
    let needed = Needed::of(tx)?;
    for (key, row) in old {
        if !needed.holds(&key, &row) {
            tx.drop_row_at(&key)?;
        }
    }
    tx.set_meta(OLD_ROWS, &true)
}

/// A visit that the server knows in full and did not send has left this phone's scope.
fn leave_known(tx: &Tx) -> PhoneResult<()> {
    for (id, _) in tx.rows(kind::VISIT)?.into_iter().filter(|(_, row)| row.is_old) {
        let Ok(visit) = id.parse() else { continue };
        let Some(doc) = tx.doc(visit)? else { continue };
        let (mut state, history) = (tx.doc_state(visit)?, History::of(&doc)?);
        if state.is_at_server && history.below(&known_heads(&doc, &state)).len() == history.changes.len() {
            state.is_gone = true;
            tx.set_doc_state(visit, &state)?;
        }
    }
    Ok(())
}

/// What the phone works with, whether the server has it or not.
#[derive(Debug, Default)]
struct Needed {
    /// Rows as `kind/id`.
    keys: BTreeSet<String>,
    /// Templates by code and version.
    templates: BTreeSet<(String, i64)>,
    /// Policies by version.
    policies: BTreeSet<i64>,
}

impl Needed {
    /// A visit with a document stays with the plan it is worked by, and what was made here stays until it has been
    /// offered again. What the office decided does not: a decision that is lost is none.
    fn of(tx: &Tx) -> PhoneResult<Self> {
        let mut needed = Self::default();
        for visit in tx.doc_ids()? {
            needed.add_visit(tx, visit)?;
        }
        for (_, intent) in tx.intents()?.into_iter().filter(|(_, intent)| intent.safety == Safety::Unsent) {
            match Intent::parse(&intent.bytes.0).map(|intent| intent.body) {
                Ok(IntentBody::CreateVisit(made)) => {
                    needed.add(kind::CUSTOMER, made.customer_id);
                    needed.add(kind::SITE, made.site_id);
                }
                Ok(IntentBody::CreateCustomer(made)) => needed.add(kind::CUSTOMER, Some(made.customer_id)),
                Ok(IntentBody::CreateSite(made)) => needed.add(kind::SITE, Some(made.site_id)),
                _ => {}
            }
        }
        Ok(needed)
    }

    fn add_visit(&mut self, tx: &Tx, visit: VisitId) -> PhoneResult<()> {
        self.add(kind::VISIT, Some(visit));
        let state = tx.doc_state(visit)?;
        self.add(kind::CUSTOMER, state.customer);
        self.add(kind::SITE, state.site);
        if let Some(pin) = tx.doc(visit)?.as_ref().map(merge::view).as_ref().and_then(merge::View::pin) {
            self.templates.insert((pin.template.clone(), pin.template_version));
            self.policies.insert(pin.policy_version);
        }
        let Some(plan) = tx.row::<VisitPlan>(kind::VISIT, &visit.to_string())? else { return Ok(()) };
        self.templates.insert((plan.template, plan.template_version));
        self.policies.insert(plan.policy_version);
        self.add(kind::APPOINTMENT, plan.appointment_id);
        self.add(kind::WORK_ORDER, plan.work_order_id);
        let Some(order) = plan.work_order_id else { return Ok(()) };
        if let Some(order) = tx.row::<WorkOrderRow>(kind::WORK_ORDER, &order.to_string())? {
            self.add(kind::CUSTOMER, Some(order.customer_id));
            self.add(kind::SITE, Some(order.site_id));
        }
        Ok(())
    }

    fn add(&mut self, kind: &str, id: Option<impl Display>) {
        self.keys.extend(id.map(|id| format!("{kind}/{id}")));
    }

    fn holds(&self, key: &str, row: &StoredRow) -> bool {
        let version = row.body.get("version").and_then(Value::as_i64).unwrap_or_default();
        match key.split_once('/') {
            Some((kind::TEMPLATE, _)) => {
                let code = row.body.get("code").and_then(Value::as_str).unwrap_or_default();
                self.templates.contains(&(code.to_owned(), version))
            }
            Some((kind::POLICY, _)) => self.policies.contains(&version),
            _ => self.keys.contains(key),
        }
    }
}
