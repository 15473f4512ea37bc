//! One item of the feed as a phone receives it.

use doorstep_store::documents::{self, PushRow};
use doorstep_store::feed::FeedKind;
use doorstep_store::{Conn, StoreError, agenda, packs};
use serde_json::Value;
use sync_core::bytes::Blob;
use sync_core::ids::{OrgId, VisitId};
use sync_core::protocol::{Ack, AckItem, DocForm, DocUpdate, Outcome, Row};

use super::ahead::Ahead;
use crate::app::rows::row_body;
use crate::app::scope::{late_items_of, load_zone};
use crate::app::sync::Round;
use crate::app::{AppError, AppResult, late_work};

/// What an item becomes.
pub(super) enum Item {
    /// The phone has it already.
    Nothing,
    /// A document.
    Doc(DocUpdate),
    /// A row and about how many bytes it takes.
    Row {
        /// The row.
        row: Row,
        /// Its size.
        size: usize,
    },
}

/// Where the phone stands in the audience the item comes from.
pub(super) struct Sender<'a> {
    pub(super) round: &'a Round,
    pub(super) audience: &'a str,
    /// The phone's position before this round.
    pub(super) since: i64,
    /// Position at which the item entered the audience.
    pub(super) entered: i64,
    /// Whether this very request brings it.
    pub(super) is_brought: bool,
}

/// Loads an item that the phone should have.
pub(super) fn load(
    conn: &mut Conn,
    sender: &Sender<'_>,
    ahead: &mut Ahead,
    kind: FeedKind,
    id: &str,
) -> AppResult<Item> {
    if kind == FeedKind::Doc {
        let visit = id.parse().map_err(|_not_an_id| corrupt(id, "a document item is no visit id"))?;
        if let Some((heads, bytes)) = ahead.take_doc(conn, sender.round.ctx.actor.org, visit) {
            return Ok(Item::Doc(snapshot(visit, heads, bytes)));
        }
        return Ok(document(conn, sender, visit)?.map_or(Item::Nothing, Item::Doc));
    }
    let found = match ahead.take_body(kind, id) {
        Some(found) => Some(found),
        None => row_body(conn, sender.round.ctx.actor.org, kind, id)?,
    };
    let Some((version, body)) = found else { return Ok(Item::Nothing) };
    let size = size_of(&body) + id.len() + 24;
    Ok(Item::Row { row: Row::Put { id: id.to_owned(), version, body }, size })
}

/// About how many bytes a body takes on the way.
fn size_of(body: &Value) -> usize {
    match body {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 10,
        Value::String(text) => text.len() + 3,
        Value::Array(values) => values.iter().map(size_of).sum::<usize>() + 3,
        Value::Object(fields) => fields.iter().map(|(key, value)| key.len() + 3 + size_of(value)).sum::<usize>() + 3,
    }
}

/// An item the phone should drop.
pub(super) fn gone(kind: FeedKind, id: &str) -> AppResult<Item> {
    if kind != FeedKind::Doc {
        return Ok(Item::Row { row: Row::Gone { id: id.to_owned() }, size: id.len() + 16 });
    }
    let id = id.parse().map_err(|_not_an_id| corrupt(id, "a document item is no visit id"))?;
    Ok(Item::Doc(DocUpdate { id, form: DocForm::Gone, heads: Vec::new(), bytes: Blob::default() }))
}

/// The news of a document: what was written since the phone's position, or the whole document if it is
/// new to the phone. What this very request brought does not come back; what the device wrote before may be a copy's of
/// it, which the asker never saw.
fn document(conn: &mut Conn, sender: &Sender<'_>, visit: VisitId) -> AppResult<Option<DocUpdate>> {
    let org = sender.round.ctx.actor.org;
    if sender.since == 0 {
        return whole(conn, org, visit);
    }
    // Most often the asker is the one who pushed, so the bytes are read last.
    let pushes = documents::list_pushes(conn, org, visit)?;
    let newest = pushes.last().map(|push| push.seq).filter(|_| sender.is_brought);
    let mine = |push: &PushRow| Some(push.seq) == newest && push.device_id == sender.round.device.id;
    let position = |push: &PushRow| push.positions.0.0.get(sender.audience).copied();
    if sender.entered > sender.since {
        // A document that came back after `gone` was dropped by the phone, whoever wrote it.
        let since_entered = |push: &PushRow| position(push).is_some_and(|pos| pos >= sender.entered);
        let is_known = pushes.iter().all(|push| mine(push) && since_entered(push));
        return if is_known { Ok(None) } else { whole(conn, org, visit) };
    }
    // A push without a position came before the audience had the document, and with it as it entered.
    let is_news = |push: &&PushRow| position(push).is_some_and(|pos| pos > sender.since);
    let lacking: Vec<&PushRow> = pushes.iter().filter(is_news).filter(|push| !mine(push)).collect();
    if lacking.is_empty() {
        return Ok(None);
    }
    if lacking.iter().any(|push| push.is_document_chunk) {
        return whole(conn, org, visit);
    }
    let Some((heads, whole_bytes)) = documents::find_heads_and_size(conn, org, visit)? else { return Ok(None) };
    // Who was away for long lacks more than the document has: what was overwritten, and a head for each push.
    if lacking.iter().map(|push| push.bytes()).sum::<usize>() > whole_bytes {
        return whole(conn, org, visit);
    }
    let bytes = packs::load_pushes(conn, org, visit, &lacking.iter().map(|push| push.seq).collect())?;
    Ok(Some(DocUpdate { id: visit, form: DocForm::Delta, heads, bytes: Blob(bytes) }))
}

/// The document as it is now.
fn whole(conn: &mut Conn, org: OrgId, visit: VisitId) -> AppResult<Option<DocUpdate>> {
    Ok(documents::find_current(conn, org, visit)?.map(|(heads, bytes)| snapshot(visit, heads, bytes)))
}

fn snapshot(id: VisitId, heads: Vec<sync_core::bytes::Hash>, bytes: Vec<u8>) -> DocUpdate {
    DocUpdate { id, form: DocForm::Snapshot, heads, bytes: Blob(bytes) }
}

/// The ack of a document the phone does not hold, or no longer.
pub(super) const fn not_found(visit: VisitId) -> Ack {
    Ack::new(AckItem::Doc(visit), Outcome::NotFound)
}

/// The ack of a document that is here and cannot be read: the phone has heard nothing that it lacks, and goes on asking.
pub(super) const fn unreadable(visit: VisitId) -> Ack {
    Ack::new(AckItem::Doc(visit), Outcome::Stored)
}

/// Answers an item that asks for the snapshot of a document.
pub(super) fn asked(conn: &mut Conn, round: &Round, visit: VisitId, held: bool) -> AppResult<(Ack, Option<DocUpdate>)> {
    let current = if held { documents::find_current(conn, round.ctx.actor.org, visit)? } else { None };
    let Some((heads, bytes)) = current else { return Ok((not_found(visit), None)) };
    let mut ack = Ack::new(AckItem::Doc(visit), Outcome::Stored);
    ack.heads.clone_from(&heads);
    Ok((ack, Some(snapshot(visit, heads, bytes))))
}

/// The rep's visits of today with what they need, in the order of the day; the first `most` of them.
pub(super) fn of_today(
    conn: &mut Conn,
    round: &Round,
    audience: &str,
    most: i64,
) -> AppResult<Vec<(FeedKind, String)>> {
    let (org, now) = (round.ctx.actor.org, round.ctx.now);
    let today = load_zone(conn, org)?.around(now, 0, 0).map_err(|error| AppError::Internal(error.to_string()))?;
    let mut items = Vec::new();
    let visits = agenda::list_held_between(conn, org, audience, (today.from.0, today.to.0), most)?;
    let mut late = late_work::load_of(conn, org, &Vec::from_iter(visits.iter().map(|visit| visit.id.0)))?;
    for visit in visits {
        items.push((FeedKind::Visit, visit.id.to_string()));
        if let Some(order) = visit.work_order_id {
            items.push((FeedKind::WorkOrder, order.to_string()));
        }
        // Before the document: the answer may end in between.
        items.extend(late.remove(&visit.id.0).iter().flat_map(late_items_of));
        items.push((FeedKind::Doc, visit.id.to_string()));
    }
    Ok(items)
}

fn corrupt(id: &str, what: &str) -> AppError {
    StoreError::Corrupt { table: "feed", id: id.to_owned(), what: what.to_owned() }.into()
}
