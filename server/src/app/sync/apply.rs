//! Writing a judged push in one transaction: items, projections, feed.

mod docs;

use std::collections::{BTreeMap, BTreeSet};

use doorstep_store::evidence::{self, QuarantineRow};
use doorstep_store::feed::{FeedBatch, FeedKind};
use doorstep_store::seals::{self, BatchSealPartRow, BatchSealRow};
use doorstep_store::{Conn, StoreError, Txt, blobs, device_orders, devices, documents, presence};
use sync_core::bytes::Hash;
use sync_core::ids::VisitId;
use sync_core::plan::LateReason;
use sync_core::protocol::seal::BatchSeal;
use sync_core::protocol::{Ack, AckItem, Outcome};

use super::access::{Access, Standing};
use super::doc::JudgedDoc;
use super::intents;
use super::judge::Judged;
use super::receipt::Held;
use super::redrive::{conclude_driven, require_still_drivable};
use super::replayed::note_replays;
use super::statement::JudgedStatement;
use super::writers::settle_known;
use super::{Pushed, Round};
use crate::app::blobs::update_evidence;
use crate::app::quarantine::item_key;
use crate::app::reviews::on_resubmission;
use crate::app::scope::audience_of_user;
use crate::app::visits::reproject;
use crate::app::{AppResult, AppState, ErrorCode};

/// What a device may keep in quarantine, items and bytes: what is open, and with it what the phone settled by itself.
///
/// Room comes back as somebody settles what waits. The second bound is for a phone that only says it wrote things anew:
/// nothing is ever deleted, so it could fill the disk without anybody having looked.
///
/// # Source
/// limits-and-threats section 5 for what is open; the other four times as much.
const QUARANTINE_LIMITS: [(i64, i64); 2] = [(10_000, 64 << 20), (40_000, 256 << 20)];

/// Writes the push. Re-runnable: everything random or slow was done before.
pub(super) fn apply(conn: &mut Conn, state: &AppState, round: &Round, judged: &Judged) -> AppResult<Pushed> {
    still_as_judged(conn, round, judged)?;
    require_still_drivable(conn, round)?;
    let org = round.ctx.actor.org;
    let mut batch = FeedBatch::new();
    let mut pushed = Pushed::default();
    let changed: Vec<VisitId> = judged.docs.iter().filter(|doc| doc.adds_to_known()).map(|doc| doc.visit).collect();
    let told = blobs::list_missing_of(conn, org, &changed)?;
    intents::apply(conn, state, round, &judged.intents, &mut batch, &mut pushed)?;
    let late_reasons = docs::write(conn, round, &judged.docs, &mut batch)?;
    // Only who may write a visit learns which of its blobs are missing.
    let may_learn = |doc: &&JudgedDoc| doc.access != Access::None && !round.is_revoked();
    let mut touched: BTreeSet<VisitId> = judged.docs.iter().filter(may_learn).map(|doc| doc.visit).collect();
    for doc in &judged.docs {
        let reason = late_reasons.get(&doc.visit).copied();
        record_doc(conn, round, doc, reason, &mut batch, &mut pushed)?;
    }
    for statement in &judged.statements {
        let late = statement.late(conn, round)?;
        if let Some(visit) = statement.write(conn, round, late)? {
            let now = round.ctx.now;
            if update_evidence(conn, &mut batch, org, visit, now)? {
                let projected = reproject(conn, org, visit, now)?;
                // A form that came after its document may be the last that a resubmission lacked.
                on_resubmission(conn, &mut batch, org, visit, &projected, now)?;
            }
            touched.insert(visit);
        }
        record_statement(conn, round, statement, late, &mut batch, &mut pushed)?;
    }
    seal(conn, round, &pushed.held)?;
    note_replays(conn, round, &judged.docs, &mut batch)?;
    settle_known(conn, round, &judged.docs, &mut batch)?;
    let counts = judged.docs.iter().any(|doc| doc.view().is_some());
    conclude_driven(conn, state, round, (&pushed, counts), &mut batch)?;
    pushed.wants.extend(wants(conn, round, touched, &told)?);
    if !round.is_from_office && !round.is_carried {
        let beat = round.heartbeat(pushed.untaken());
        devices::update_heartbeat(conn, org, round.device.id.0, &beat)?;
    }
    let positions = batch.publish(conn, org)?;
    let changes: Vec<_> = judged.docs.iter().filter_map(|doc| doc.change_row(round, &positions)).collect();
    documents::insert_doc_changes(conn, &changes)?;
    if round.is_suspended() {
        let mark = device_orders::marker(org, round.device.id.0, "device_suspended", round.ctx.now.0);
        device_orders::mark_items(conn, &pushed.held.marks(&mark))?;
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
    let visits: BTreeSet<VisitId> = judged_by.iter().map(|(visit, _)| *visit).collect();
    let visits = Vec::from_iter(visits);
    presence::lock_visits(conn, round.ctx.actor.org, &visits)?;
    let standing = Standing::load(conn, round, &visits)?;
    if judged_by.into_iter().all(|(visit, known)| standing.access(round, visit, &judged.created) == known) {
        Ok(())
    } else {
        Err(StoreError::Stale.into())
    }
}

/// Keeps the list the batch seal covers, with the seal and what of it is durable now; one of a revoked device is marked.
///
/// Of what the server has nothing of it keeps no list either: a phone could fill the disk with them.
fn seal(conn: &mut Conn, round: &Round, held: &Held) -> AppResult<()> {
    let Some(BatchSeal { list, jws }) = &round.sealed else { return Ok(()) };
    if held.is_empty() {
        return Ok(());
    }
    let (org, device, now) = (round.ctx.actor.org, round.device.id.0, round.ctx.now.0);
    let digest = Hash::of(list.as_bytes()).to_string();
    if round.is_revoked() {
        let mark = device_orders::marker(org, device, "device_revoked", now);
        device_orders::mark_items(conn, &[mark("seal", digest.clone())])?;
    }
    let row = BatchSealRow {
        org_id: Txt(org),
        device_id: Txt(device),
        digest,
        list: list.clone(),
        seal: jws.clone(),
        received_at_ms: now,
        held: Some(held.to_json()?),
    };
    if seals::insert_batch_seal(conn, &row)? { Ok(()) } else { seal_part(conn, row, held) }
}

/// Names what is durable of a list beside what was named with its seal: the request came in parts, or once more.
///
/// Each row names something new, an item of the list or heads that a document of it had not when it was sent before, so a
/// request that is repeated as it was adds none.
fn seal_part(conn: &mut Conn, of: BatchSealRow, held: &Held) -> AppResult<()> {
    let named = seals::list_held(conn, of.org_id.0, of.device_id.0, &of.digest)?;
    let known = named.iter().flatten().map(|json| Held::from_json(json));
    let news = known.fold(held.clone(), |news, known| news.without(&known));
    if news.is_empty() {
        return Ok(());
    }
    let row = BatchSealPartRow {
        org_id: of.org_id,
        device_id: of.device_id,
        digest: of.digest,
        part: i64::try_from(named.len()).unwrap_or(i64::MAX),
        held: news.to_json()?,
        received_at_ms: of.received_at_ms,
    };
    // Another transaction with a part of the same list was faster: judged again, this one comes after it.
    if seals::insert_seal_part(conn, &row)? { Ok(()) } else { Err(StoreError::Stale.into()) }
}

/// Keeps refused bytes within the device's share and names them in the receipt; gives the name they are kept under, or
/// none if the share is used up and the phone must keep its copy.
pub(super) fn quarantine(
    conn: &mut Conn,
    round: &Round,
    mut row: QuarantineRow,
    batch: &mut FeedBatch,
    held: &mut Held,
) -> AppResult<Option<String>> {
    let (org, device) = (round.ctx.actor.org, round.device.id.0);
    let name = (row.id.clone(), row.code.clone());
    if let Some(known) = evidence::find_quarantined(conn, org, &row.id, device)?
        && known != row.bytes
    {
        // The same offender with more that depends on it: what came before stays, this goes beside it.
        row.id = Hash::of(&row.bytes).to_string();
    }
    if evidence::find_quarantined(conn, org, &row.id, device)?.is_none() {
        let kept = match held.kept {
            Some(kept) => kept,
            None => evidence::quarantine_size(conn, org, device)?,
        };
        held.kept = Some(kept);
        let Some(with) = with_another(kept, row.bytes.len()) else { return Ok(None) };
        if !evidence::keep_in_quarantine(conn, &row)? {
            // Another push of the device was faster: what it kept under this name may be other bytes.
            row.id = name.0;
            return quarantine(conn, round, row, batch, held);
        }
        held.kept = Some(with);
        batch.put(audience_of_user(round.ctx.actor.user), FeedKind::Quarantine, item_key(device, &row.id));
    }
    if row.id != name.0 {
        held.quarantined.push((row.id.clone(), row.code));
    }
    held.quarantined.push(name);
    Ok(Some(row.id))
}

/// What a device has in quarantine with one item more, of so many bytes; `None` if there is no room for it.
fn with_another(kept: [(i64, i64); 2], bytes: usize) -> Option<[(i64, i64); 2]> {
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    let with = kept.map(|(items, size)| (items.saturating_add(1), size.saturating_add(bytes)));
    let fits = |(with, limit): (&(i64, i64), &(i64, i64))| with.0 <= limit.0 && with.1 <= limit.1;
    with.iter().zip(&QUARANTINE_LIMITS).all(fits).then_some(with)
}

/// What the server refuses and has no room to keep stays on the phone, which must not write it anew: nobody else has it.
pub(super) fn not_kept(ack: &mut Ack) {
    (ack.outcome, ack.code) = (Outcome::Quarantined, Some("quarantine_full".to_owned()));
}

fn record_doc(
    conn: &mut Conn,
    round: &Round,
    doc: &JudgedDoc,
    late: Option<LateReason>,
    batch: &mut FeedBatch,
    pushed: &mut Pushed,
) -> AppResult<()> {
    let mut ack = doc.ack(late);
    if let Some(row) = doc.quarantine(round) {
        match quarantine(conn, round, row, batch, &mut pushed.held)? {
            Some(kept_as) => ack.kept_as = kept_as.parse().ok().filter(|kept_as| ack.hash != Some(*kept_as)),
            None => not_kept(&mut ack),
        }
    }
    if doc.access != Access::None && !doc.heads().is_empty() {
        pushed.held.docs.push((doc.visit, doc.held_heads()));
    }
    pushed.docs.push(ack);
    Ok(())
}

fn record_statement(
    conn: &mut Conn,
    round: &Round,
    statement: &JudgedStatement,
    late: Option<LateReason>,
    batch: &mut FeedBatch,
    pushed: &mut Pushed,
) -> AppResult<()> {
    let mut ack = statement.ack(late);
    if let Some(row) = statement.quarantine(round)
        && quarantine(conn, round, row, batch, &mut pushed.held)?.is_none()
    {
        not_kept(&mut ack);
    }
    if let (AckItem::Statement(digest), Outcome::Stored | Outcome::Duplicate | Outcome::Late) = (ack.item, ack.outcome)
    {
        pushed.held.statements.push(digest);
    }
    pushed.statements.push(ack);
    Ok(())
}

/// Blobs the touched visits name and the server lacks, without those that were told before: a phone that goes on with a
/// visit knows what of it is unsent. Of what came before, and is offered again, all are told again.
fn wants(
    conn: &mut Conn,
    round: &Round,
    touched: BTreeSet<VisitId>,
    told: &BTreeMap<VisitId, BTreeSet<Hash>>,
) -> AppResult<BTreeSet<Hash>> {
    let missing = blobs::list_missing_of(conn, round.ctx.actor.org, &Vec::from_iter(touched))?;
    let of_visit = |(visit, missing): (VisitId, BTreeSet<Hash>)| match told.get(&visit) {
        Some(told) => &missing - told,
        None => missing,
    };
    Ok(missing.into_iter().flat_map(of_visit).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_item_more_fits_below_both_bounds_only() {
        let [open, unsettled] = QUARANTINE_LIMITS;
        let less = |(items, bytes): (i64, i64), by: (i64, i64)| (items - by.0, bytes - by.1);
        assert_eq!(with_another([less(open, (1, 7)), less(unsettled, (1, 7))], 7), Some(QUARANTINE_LIMITS));
        for kept in [
            [less(open, (0, 7)), (0, 0)],
            [less(open, (1, 6)), (0, 0)],
            [(0, 0), less(unsettled, (0, 7))],
            [(0, 0), less(unsettled, (1, 6))],
        ] {
            assert_eq!(with_another(kept, 7), None, "{kept:?}");
        }
    }
}
