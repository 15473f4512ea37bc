//! Writing a judged push in one transaction: items, projections, feed.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_store::blobs::{self, ClaimSource};
use doorstep_store::evidence::{self, QuarantineRow};
use doorstep_store::feed::{FeedBatch, FeedKind};
use doorstep_store::{Conn, StoreError, devices, documents, presence, projections};
use sync_core::bytes::Hash;
use sync_core::ids::{OrgId, VisitId};
use sync_core::merge::View;
use sync_core::protocol::Outcome;

use super::doc::{Access, JudgedDoc, access};
use super::intents;
use super::judge::Judged;
use super::receipt::Held;
use super::replayed::note_replays;
use super::statement::JudgedStatement;
use super::{Pushed, Round, late, projection};
use crate::app::blobs::update_evidence;
use crate::app::quarantine::item_key;
use crate::app::reviews::on_resubmission;
use crate::app::scope::audience_of_user;
use crate::app::visits::{Norms, Reprojection, reproject, reproject_with};
use crate::app::{AppResult, AppState, ErrorCode};

/// What a device may keep in quarantine (limits-and-threats section 5): items, bytes.
const QUARANTINE_LIMIT: (i64, i64) = (10_000, 64 << 20);

/// Writes the push. Re-runnable: everything random or slow was done before.
pub(super) fn apply(conn: &mut Conn, state: &AppState, round: &Round, judged: &Judged) -> AppResult<Pushed> {
    still_as_judged(conn, round, judged)?;
    let mut batch = FeedBatch::new();
    let mut pushed = Pushed::default();
    intents::apply(conn, state, round, &judged.intents, &mut batch, &mut pushed)?;
    let mut touched = BTreeSet::new();
    let mut late_reasons = BTreeMap::new();
    let mut norms = Norms::new(round.ctx.actor.org, round.ctx.now);
    for doc in &judged.docs {
        if let Some(reason) = write_doc(conn, round, doc, &mut batch, &mut norms)? {
            late_reasons.insert(doc.visit, reason);
        }
        // Only who may write a visit learns which of its blobs are missing.
        if doc.access != Access::None && !round.is_revoked() {
            touched.insert(doc.visit);
        }
    }
    for statement in &judged.statements {
        if let Some(visit) = statement.write(conn, round)? {
            let (org, now) = (round.ctx.actor.org, round.ctx.now);
            if update_evidence(conn, &mut batch, org, visit, now)? {
                let projected = reproject(conn, org, visit, now)?;
                // A form that came after its document may be the last that a resubmission lacked.
                on_resubmission(conn, &mut batch, org, visit, &projected, now)?;
            }
            touched.insert(visit);
        }
    }
    seal(conn, round)?;
    for doc in &judged.docs {
        let reason = late_reasons.get(&doc.visit).copied();
        record_doc(conn, round, doc, reason, &mut batch, &mut pushed)?;
    }
    for statement in &judged.statements {
        record_statement(conn, round, statement, &mut batch, &mut pushed)?;
    }
    note_replays(conn, round, &judged.docs, &mut batch)?;
    pushed.wants.extend(wants(conn, round, &touched)?);
    let positions = batch.publish(conn, round.ctx.actor.org)?;
    for doc in &judged.docs {
        doc.write_bytes(conn, round, &positions)?;
    }
    Ok(pushed)
}

/// Judging and writing are two transactions: a revocation or reassignment between them counts.
fn still_as_judged(conn: &mut Conn, round: &Round, judged: &Judged) -> AppResult<()> {
    let device = devices::find_device(conn, round.ctx.actor.org, round.device.id.0)?;
    if !round.is_from_office && device.is_none_or(|device| device.state != round.device.state) {
        // The round began with other rights: the phone asks again and is judged by those it has now.
        return Err(ErrorCode::Busy.into());
    }
    let docs = judged.docs.iter().filter(|doc| doc.view().is_some()).map(|doc| (doc.visit, doc.access));
    let judged_by: Vec<_> = docs.chain(judged.statements.iter().filter_map(JudgedStatement::access)).collect();
    // In the order of their ids, as everybody who locks several.
    for visit in judged_by.iter().map(|(visit, _)| *visit).collect::<BTreeSet<_>>() {
        presence::lock_visit(conn, round.ctx.actor.org, visit)?;
    }
    for (visit, known) in judged_by {
        if access(conn, round, visit, &judged.created)? != known {
            return Err(StoreError::Stale.into());
        }
    }
    Ok(())
}

/// Writes one document with its projections; returns why its news does not count yet.
fn write_doc(
    conn: &mut Conn,
    round: &Round,
    doc: &JudgedDoc,
    batch: &mut FeedBatch,
    norms: &mut Norms,
) -> AppResult<Option<&'static str>> {
    let Some(view) = doc.view() else { return Ok(None) };
    let (org, visit, now) = (round.ctx.actor.org, doc.visit, round.ctx.now);
    doc.write(conn, round)?;
    projections::replace_projection(conn, org, visit, &projection::project(org, visit, view), doc.is_new())?;
    let reprojected = settle(conn, batch, org, view, norms)?;
    on_resubmission(conn, batch, org, visit, &reprojected, now)?;
    // A visit that an intent of this very push makes is held by those whom the batch will tell.
    let holders = batch.holders(conn, org, FeedKind::Visit, &visit.to_string())?;
    doc.tell(batch, &holders);
    Ok(match doc.access {
        Access::Late(reason) => Some(reason),
        _ if late::holds_late(&reprojected.derived.late, doc.changes()) => Some("submitted"),
        _ => None,
    })
}

/// Derives evidence and state from the new content.
///
/// What came after the visit was handed in is known only once the state is; then its blobs are no longer
/// waited for, so that a late photo cannot hold up the review.
fn settle(
    conn: &mut Conn,
    batch: &mut FeedBatch,
    org: OrgId,
    view: &View,
    norms: &mut Norms,
) -> AppResult<Reprojection> {
    let (visit, now) = (view.visit, norms.now());
    let claims = projection::claims(view, &[]);
    blobs::replace_claims(conn, org, visit, ClaimSource::Photo, &claims)?;
    presence::replace_named_statements(conn, org, visit, &projection::named_statements(view))?;
    update_evidence(conn, batch, org, visit, now)?;
    let projected = reproject_with(conn, norms, view)?;
    let in_time = projection::claims(view, &projected.derived.late);
    if in_time == claims {
        return Ok(projected);
    }
    blobs::replace_claims(conn, org, visit, ClaimSource::Photo, &in_time)?;
    if update_evidence(conn, batch, org, visit, now)? { reproject_with(conn, norms, view) } else { Ok(projected) }
}

/// Keeps the list the batch seal covers, with the seal.
fn seal(conn: &mut Conn, round: &Round) -> AppResult<()> {
    if let (Some(list), Some(seal)) = (&round.sealed, &round.request.seal) {
        let digest = Hash::of(list.as_bytes());
        let (org, device) = (round.ctx.actor.org, round.device.id.0);
        documents::insert_batch_seal(conn, org, device, digest, list, seal, round.ctx.now.0)?;
    }
    Ok(())
}

/// Keeps refused bytes within the device's share and names them in the receipt; false if the share is used up
/// and the phone must keep its copy.
pub(super) fn quarantine(
    conn: &mut Conn,
    round: &Round,
    mut row: QuarantineRow,
    batch: &mut FeedBatch,
    held: &mut Held,
) -> AppResult<bool> {
    let (org, device) = (round.ctx.actor.org, round.device.id.0);
    let name = (row.id.clone(), row.code.clone());
    if let Some(known) = evidence::find_quarantined(conn, org, &row.id, device)?
        && known != row.bytes
    {
        // The same offender with more that depends on it: what came before stays, this goes beside it.
        row.id = Hash::of(&row.bytes).to_string();
    }
    if evidence::find_quarantined(conn, org, &row.id, device)?.is_none() {
        let (items, bytes) = evidence::quarantine_size(conn, org, device)?;
        let adds = i64::try_from(row.bytes.len()).unwrap_or(i64::MAX);
        if items >= QUARANTINE_LIMIT.0 || bytes.saturating_add(adds) > QUARANTINE_LIMIT.1 {
            return Ok(false);
        }
        evidence::keep_in_quarantine(conn, &row)?;
        batch.put(audience_of_user(round.ctx.actor.user), FeedKind::Quarantine, item_key(device, &row.id));
    }
    if row.id != name.0 {
        held.quarantined.push((row.id, row.code));
    }
    held.quarantined.push(name);
    Ok(true)
}

fn record_doc(
    conn: &mut Conn,
    round: &Round,
    doc: &JudgedDoc,
    late: Option<&str>,
    batch: &mut FeedBatch,
    pushed: &mut Pushed,
) -> AppResult<()> {
    let mut ack = doc.ack(late);
    if let Some(row) = doc.quarantine(round)
        && !quarantine(conn, round, row, batch, &mut pushed.held)?
    {
        ack.code = Some("quarantine_full".to_owned());
    }
    if doc.access != Access::None && !doc.heads().is_empty() {
        pushed.held.docs.push((doc.visit, doc.heads().to_vec()));
    }
    pushed.docs.push(ack);
    Ok(())
}

fn record_statement(
    conn: &mut Conn,
    round: &Round,
    statement: &JudgedStatement,
    batch: &mut FeedBatch,
    pushed: &mut Pushed,
) -> AppResult<()> {
    let mut ack = statement.ack();
    if let Some(row) = statement.quarantine(round)
        && !quarantine(conn, round, row, batch, &mut pushed.held)?
    {
        ack.code = Some("quarantine_full".to_owned());
    }
    if let (sync_core::protocol::AckItem::Statement(digest), Outcome::Stored | Outcome::Duplicate | Outcome::Late) =
        (ack.item, ack.outcome)
    {
        pushed.held.statements.push(digest);
    }
    pushed.statements.push(ack);
    Ok(())
}

/// Blobs the touched visits name and the server lacks.
fn wants(conn: &mut Conn, round: &Round, touched: &BTreeSet<VisitId>) -> AppResult<BTreeSet<Hash>> {
    let mut wants = BTreeSet::new();
    for visit in touched {
        wants.extend(blobs::list_missing(conn, round.ctx.actor.org, *visit)?);
    }
    Ok(wants)
}
