//! Batch seals: each covers its list, and what the server said it held of the list is here.
//!
//! A list names more than is stored: documents of others, changes that rest on unknown ones, what a full quarantine had
//! no room for. So it is held against what the receipts of its parts named, which was written beside them.

use std::collections::BTreeSet;

use doorstep_store::evidence::list_intent_hashes;
use doorstep_store::seals::BatchSealRow;
use doorstep_store::{Conn, checks};
use sync_core::bytes::Hash;
use sync_core::guard::ChangeIndex;
use sync_core::ids::{OrgId, VisitId};
use sync_core::jws::{self, typ};
use sync_core::protocol::seal::BatchContent;

use super::evidence::key_of;
use super::{PAGE, Report, Verifier};
use crate::app::AppResult;
use crate::app::sync::Held;

/// Verifies the batch seals of an organisation.
pub(super) async fn verify(verifier: &Verifier, org: OrgId, report: &mut Report) -> AppResult<()> {
    let read = move |conn: &mut Conn, after: &(String, String), page: &mut Report| {
        let rows = checks::list_seals_after(conn, org, (&after.0, &after.1), PAGE)?;
        let mut parts = checks::list_seal_parts(conn, org, &rows)?;
        for row in &rows {
            page.count("seals");
            verify_seal(conn, row, page)?;
            let later = parts.remove(&(row.device_id.to_string(), row.digest.clone())).unwrap_or_default();
            for held in row.held.iter().chain(&later) {
                verify_held(conn, row, held, page)?;
            }
        }
        Ok(rows.last().map(|row| (row.device_id.to_string(), row.digest.clone())))
    };
    verifier.pages(report, read, |_| {}).await
}

fn verify_seal(conn: &mut Conn, row: &BatchSealRow, report: &mut Report) -> AppResult<()> {
    let org = row.org_id.0;
    let digest = Hash::of(row.list.as_bytes());
    let key = key_of(conn, org, row.device_id.0)?;
    let signed = key.and_then(|key| jws::verify_es256(&row.seal, &key, typ::BATCH).ok());
    if digest.to_string() != row.digest || signed.as_deref() != Some(digest.as_bytes().as_slice()) {
        report.differs(org, "batch_seals", &row.digest, "the seal does not cover its list");
    }
    Ok(())
}

/// What the server said it held of the list is here.
fn verify_held(conn: &mut Conn, row: &BatchSealRow, held: &str, report: &mut Report) -> AppResult<()> {
    let org = row.org_id.0;
    let Ok(held) = serde_json::from_str::<Held>(held) else {
        report.differs(org, "batch_seals.held", &row.digest, "what was held of it cannot be read");
        return Ok(());
    };
    documents(conn, row, &held.docs, report)?;
    intents(conn, row, &held, report)?;
    let known = checks::list_stored_statements(conn, org, &held.statements)?;
    for gone in held.statements.iter().filter(|digest| !known.contains(*digest)) {
        report.differs(org, "batch_seals.statements", &row.digest, format!("statement {gone} is not here"));
    }
    let names: Vec<String> = held.quarantined.into_iter().map(|(name, _)| name).collect();
    let known = checks::list_quarantined_of(conn, org, row.device_id.0, &names)?;
    for gone in names.iter().filter(|name| !known.contains(*name)) {
        report.differs(org, "batch_seals.quarantined", &row.digest, format!("{gone} is not in quarantine"));
    }
    Ok(())
}

/// The heads that documents had then are changes of them now.
fn documents(conn: &mut Conn, row: &BatchSealRow, docs: &[(VisitId, Vec<Hash>)], report: &mut Report) -> AppResult<()> {
    let org = row.org_id.0;
    let visits: Vec<VisitId> = docs.iter().map(|(visit, _)| *visit).collect();
    let indexes = checks::list_change_indexes(conn, org, &visits)?;
    for (visit, heads) in docs {
        let index = indexes.get(visit).and_then(|bytes| ChangeIndex::decode(bytes).ok()).unwrap_or_default();
        for gone in heads.iter().filter(|head| !index.contains(head)) {
            report.differs(org, "batch_seals.docs", &row.digest, format!("change {gone} of {visit} is not here"));
        }
    }
    Ok(())
}

/// The intents are here, with the bytes that were sealed.
fn intents(conn: &mut Conn, row: &BatchSealRow, held: &Held, report: &mut Report) -> AppResult<()> {
    let org = row.org_id.0;
    let stored = list_intent_hashes(conn, org, &held.intents)?;
    let sealed = BatchContent::from_list(&row.list).map(|content| BTreeSet::from_iter(content.intents));
    for id in &held.intents {
        let what = match stored.get(id) {
            None => "is not here",
            Some(hash) if sealed.as_ref().is_some_and(|sealed| !sealed.contains(&(id.to_string(), *hash))) => {
                "is not the one that was sealed"
            }
            Some(_) => continue,
        };
        report.differs(org, "batch_seals.intents", &row.digest, format!("intent {id} {what}"));
    }
    Ok(())
}
