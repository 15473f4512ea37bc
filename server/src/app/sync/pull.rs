//! What changed for a phone since its cursor: rows and documents, oldest first, within its budget.

mod ahead;
mod item;
mod lost;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use doorstep_store::feed::{self, FeedKind, FeedOp, FeedRow};
use doorstep_store::{Conn, StoreError, Txt, documents};
use sync_core::bytes::Hash;
use sync_core::ids::{EpochId, VisitId};
use sync_core::protocol::{Ack, Audience, Cursor, DocUpdate, MAX_OWED, Row, SyncRequest};

use self::ahead::Ahead;
use self::item::{Item, Sender};
use super::Round;
use crate::app::installation::read_own;
use crate::app::{AppError, AppResult, AppState, scope};

/// Feed rows read at once from one audience, and their items with them; what is read in vain where the budget ends is
/// less than that.
const READ_AT_ONCE: usize = 400;

/// Least and most bytes of one answer, before compression; an answer takes several times its bytes of memory.
const BUDGET: (usize, usize) = (16 << 10, 2 << 20);

/// Most bytes of what comes ahead of its place as today's: thirty visits of 8 KiB, more than anybody does in a day. It
/// comes again at its place.
const TODAY_BYTES: usize = 256 << 10;

/// Most visits of today that are looked at for that.
const TODAY_VISITS: i64 = 100;

/// What a phone gets.
#[derive(Debug, Default)]
pub(super) struct Pulled {
    pub(super) cursor: String,
    pub(super) more: bool,
    pub(super) docs: Vec<DocUpdate>,
    pub(super) rows: BTreeMap<String, Vec<Row>>,
    /// Acks of documents asked for.
    pub(super) acks: Vec<Ack>,
    /// Visits with news, also such as the phone brought itself.
    pub(super) visits: BTreeSet<VisitId>,
}

/// Reads the news of a round on one consistent snapshot, which must be of the data that the answer speaks of.
pub(super) async fn pull(state: &AppState, round: &Arc<Round>) -> AppResult<Pulled> {
    let (round, epoch) = (Arc::clone(round), state.epoch);
    read_own(state, move |conn| Reader::new(conn, &round, epoch).read()).await
}

/// No news, at the cursor the phone has.
pub(super) fn nothing(state: &AppState, round: &Round) -> AppResult<Pulled> {
    let cursor = match &round.request.cursor {
        Some(cursor) => cursor.clone(),
        None => encode(&Cursor::start(state.epoch))?,
    };
    Ok(Pulled { cursor, ..Pulled::default() })
}

/// The phone's cursor; positions of another epoch say nothing here: the phone starts anew.
pub(super) fn known_cursor(request: &SyncRequest, epoch: EpochId) -> Option<Cursor> {
    let known = request.cursor.as_deref().and_then(|text| Cursor::decode(text).ok());
    known.filter(|cursor| cursor.epoch == epoch)
}

fn encode(cursor: &Cursor) -> AppResult<String> {
    cursor.encode().map_err(|error| AppError::Internal(format!("cursor: {error}")))
}

/// Items of an answer by kind.
#[derive(Debug, Default)]
struct Sent(BTreeMap<FeedKind, HashSet<String>>);

impl Sent {
    fn contains(&self, kind: FeedKind, id: &str) -> bool {
        self.0.get(&kind).is_some_and(|ids| ids.contains(id))
    }

    /// Whether it was not there before.
    fn insert(&mut self, kind: FeedKind, id: &str) -> bool {
        self.0.entry(kind).or_default().insert(id.to_owned())
    }
}

struct Reader<'a> {
    conn: &'a mut Conn,
    round: &'a Round,
    cursor: Cursor,
    granted: BTreeSet<Audience>,
    budget: usize,
    used: usize,
    ahead: Ahead,
    /// Documents that this very request brings.
    brought: BTreeSet<String>,
    /// Those of them that the phone has as they are stored.
    known: BTreeSet<String>,
    /// Items already in this answer: a second audience adds nothing.
    sent: Sent,
    /// Whether the cursor moved: an item larger than the budget must not stop it for ever.
    has_moved: bool,
    out: Pulled,
}

impl<'a> Reader<'a> {
    fn new(conn: &'a mut Conn, round: &'a Round, epoch: EpochId) -> Self {
        let granted = granted(round);
        let mut cursor = known_cursor(&round.request, epoch).unwrap_or_else(|| Cursor::start(epoch));
        // Who has an audience again while it was taken back starts anew in it.
        cursor.positions.retain(|audience, number| !(granted.contains(audience) && lost::is_mark(*number)));
        let wanted = usize::try_from(round.request.max_bytes).unwrap_or(usize::MAX);
        Self {
            conn,
            round,
            cursor,
            granted,
            budget: wanted.clamp(BUDGET.0, BUDGET.1),
            used: 0,
            ahead: Ahead::default(),
            brought: round.request.pushed().map(|doc| doc.id.to_string()).collect(),
            known: BTreeSet::new(),
            sent: Sent::default(),
            has_moved: false,
            out: Pulled::default(),
        }
    }

    fn read(mut self) -> AppResult<Pulled> {
        if self.round.may_read() {
            self.find_known()?;
            self.drop_lost_audiences()?;
            self.answer_asked()?;
            self.pay_owed()?;
            if self.cursor.positions.is_empty() {
                self.send_today_first()?;
            }
            self.read_audiences()?;
        } else {
            for doc in self.round.request.asked() {
                self.out.acks.push(item::not_found(doc.id));
            }
        }
        self.out.cursor = encode(&self.cursor)?;
        Ok(self.out)
    }

    /// A document with the heads that the phone names for what it just brought is the same in both places.
    fn find_known(&mut self) -> AppResult<()> {
        if self.brought.is_empty() {
            return Ok(());
        }
        let pushed: BTreeMap<VisitId, &[Hash]> =
            self.round.request.pushed().map(|doc| (doc.id, doc.heads.as_slice())).collect();
        let visits = Vec::from_iter(pushed.keys().copied());
        let stored = match documents::list_heads(self.conn, self.round.ctx.actor.org, &visits) {
            // Nothing is known then: what comes back costs bytes only.
            Err(StoreError::Corrupt { .. }) => return Ok(()),
            stored => stored?,
        };
        let known = stored.into_iter().filter(|(visit, heads)| pushed.get(visit) == Some(&heads.as_slice()));
        self.known = known.map(|(visit, _)| visit.to_string()).collect();
        Ok(())
    }

    /// Documents asked for by an item without chunks.
    fn answer_asked(&mut self) -> AppResult<()> {
        for asked in self.round.request.asked() {
            let ack = match self.answer_one(asked.id) {
                Err(AppError::Store(error @ StoreError::Corrupt { .. })) => {
                    let (org, visit) = (self.round.ctx.actor.org, asked.id);
                    tracing::error!(%org, %visit, %error, "a document asked for cannot be read");
                    item::unreadable(visit)
                }
                ack => ack?,
            };
            self.out.acks.push(ack);
        }
        Ok(())
    }

    fn answer_one(&mut self, visit: VisitId) -> AppResult<Ack> {
        let id = visit.to_string();
        let held = self.is_held(FeedKind::Doc, &id)?;
        let (ack, update) = item::asked(self.conn, self.round, visit, held)?;
        // What does not fit is asked for again: its heads in the ack still differ.
        if let Some(update) = update.filter(|_| !self.sent.contains(FeedKind::Doc, &id) && self.used < self.budget) {
            for (kind, id) in scope::late_items(self.conn, self.round.ctx.actor.org, visit)? {
                self.send("", &entering(kind, id), 0)?;
            }
            self.sent.insert(FeedKind::Doc, &id);
            self.used += update.bytes.0.len();
            self.out.docs.push(update);
        }
        Ok(ack)
    }

    /// The news of every audience, also where one of them cannot be read on.
    fn read_audiences(&mut self) -> AppResult<()> {
        let mut stuck = None;
        for audience in self.granted.clone() {
            match self.read_audience(&audience) {
                // More than can be owed: only who could be told nothing else hears of it alone.
                Err(error @ AppError::Store(StoreError::Corrupt { .. })) => stuck = Some(error),
                read => read?,
            }
        }
        let Some(error) = stuck else { return Ok(()) };
        let is_silent = self.out.docs.is_empty() && self.out.rows.is_empty() && self.out.acks.is_empty();
        if is_silent && !self.has_moved {
            return Err(error);
        }
        self.out.more = true;
        Ok(())
    }

    fn read_audience(&mut self, audience: &Audience) -> AppResult<()> {
        let (org, name) = (self.round.ctx.actor.org, audience.to_string());
        let mut position = self.cursor.position(audience);
        let since = position;
        if position >= feed::audience_head(self.conn, org, &name)? {
            if matches!(audience, Audience::User(_)) {
                // Read, be it empty: nothing of a first sync is left.
                self.cursor.positions.insert(*audience, position);
            }
            return Ok(());
        }
        loop {
            let rows = feed::list_feed(self.conn, org, &name, position, READ_AT_ONCE)?;
            if self.has_room() {
                self.read_ahead(&rows, since);
            }
            for row in &rows {
                if !self.has_room() {
                    self.out.more = true;
                    return Ok(());
                }
                self.send(&name, row, since)?;
                position = row.pos;
                self.cursor.positions.insert(*audience, position);
                self.has_moved = true;
            }
            if rows.len() < READ_AT_ONCE {
                return Ok(());
            }
        }
    }

    /// Whether the answer takes one more item.
    const fn has_room(&self) -> bool {
        self.used < self.budget || !self.has_moved
    }

    /// Reads at once what these rows name, as far as it will be sent.
    fn read_ahead(&mut self, rows: &[FeedRow], since: i64) {
        let (brought, sent) = (&self.brought, &self.sent);
        let next = rows.iter().filter(|row| !sent.contains(row.kind.0, &row.item));
        // What has been in the audience before may have little news, and what comes from the phone none.
        let comes_whole = |row: &FeedRow| row.entered_pos > since && !brought.contains(&row.item);
        self.ahead = Ahead::read(self.conn, self.round.ctx.actor.org, next, comes_whole);
    }

    /// First sync: what the rep needs today comes in the first answer, wherever it stands in the feed.
    /// That it comes again at its place costs bytes only where the first sync takes several answers.
    fn send_today_first(&mut self) -> AppResult<()> {
        let audience = Audience::User(self.round.ctx.actor.user).to_string();
        let items = match item::of_today(self.conn, self.round, &audience, TODAY_VISITS) {
            // All of it comes at its place.
            Err(AppError::Store(StoreError::Corrupt { .. })) => return Ok(()),
            items => items?,
        };
        let rows = items.into_iter().map(|(kind, id)| entering(kind, id));
        for rows in Vec::from_iter(rows).chunks(READ_AT_ONCE) {
            self.read_ahead(rows, 0);
            for row in rows {
                if self.used >= TODAY_BYTES.min(self.budget / 2) {
                    return Ok(());
                }
                match self.send(&audience, row, 0) {
                    // At its place it keeps back nothing of another audience.
                    Err(AppError::Store(StoreError::Corrupt { .. })) => return Ok(()),
                    sent => sent?,
                }
            }
        }
        Ok(())
    }

    /// Tries again what could not be read before.
    fn pay_owed(&mut self) -> AppResult<()> {
        for (kind, id) in std::mem::take(&mut self.cursor.owed) {
            let Ok(kind) = kind.parse::<FeedKind>() else { continue };
            if self.is_held(kind, &id)? {
                // As to a phone that has nothing of it: a document comes whole.
                self.send("", &entering(kind, id), 0)?;
            }
        }
        Ok(())
    }

    /// Puts an item into the answer; one that cannot be read is owed, so that it does not keep back all that follows.
    fn send(&mut self, audience: &str, row: &FeedRow, since: i64) -> AppResult<()> {
        match self.try_send(audience, row, since) {
            Err(AppError::Store(error @ StoreError::Corrupt { .. })) if self.may_owe(row) => {
                let (org, kind, item) = (self.round.ctx.actor.org, row.kind.0, &row.item);
                tracing::error!(%org, %kind, %item, %error, "an item of the feed cannot be read");
                self.cursor.owed.insert((kind.to_string(), item.clone()));
                Ok(())
            }
            other => other,
        }
    }

    /// Whether the cursor has room for one more item that is owed, wherever the answer ends; some ids are long.
    fn may_owe(&self, row: &FeedRow) -> bool {
        let mut longest = self.cursor.clone();
        longest.positions.extend(self.granted.iter().map(|audience| (*audience, i64::MAX)));
        longest.owed.insert((row.kind.0.to_string(), row.item.clone()));
        longest.owed.len() <= MAX_OWED && longest.encode().is_ok()
    }

    fn try_send(&mut self, audience: &str, row: &FeedRow, since: i64) -> AppResult<()> {
        let kind = row.kind.0;
        if self.sent.contains(kind, &row.item) {
            return Ok(());
        }
        if row.op.0 == FeedOp::Gone {
            return self.send_gone(kind, &row.item);
        }
        if matches!(kind, FeedKind::Doc | FeedKind::Visit) {
            self.out.visits.extend(row.item.parse::<VisitId>());
        }
        if kind == FeedKind::Doc && self.known.contains(&row.item) {
            return Ok(());
        }
        let is_brought = kind == FeedKind::Doc && self.brought.contains(&row.item);
        let sender = Sender { round: self.round, audience, since, entered: row.entered_pos, is_brought };
        match item::load(self.conn, &sender, &mut self.ahead, kind, &row.item)? {
            Item::Nothing => {}
            Item::Doc(update) => {
                self.used += update.bytes.0.len() + 64;
                self.out.docs.push(update);
            }
            Item::Row { row, size } => {
                self.used += size;
                self.out.rows.entry(kind.as_str().to_owned()).or_default().push(row);
            }
        }
        self.sent.insert(kind, &row.item);
        Ok(())
    }

    /// Says that an item is gone, unless another audience of this phone still holds it.
    fn send_gone(&mut self, kind: FeedKind, id: &str) -> AppResult<()> {
        if self.is_held(kind, id)? || !self.sent.insert(kind, id) {
            return Ok(());
        }
        self.used += 64;
        match item::gone(kind, id)? {
            Item::Doc(update) => self.out.docs.push(update),
            Item::Row { row, .. } => self.out.rows.entry(kind.as_str().to_owned()).or_default().push(row),
            Item::Nothing => {}
        }
        Ok(())
    }

    fn is_held(&mut self, kind: FeedKind, id: &str) -> AppResult<bool> {
        let holders = feed::list_holders(self.conn, self.round.ctx.actor.org, kind, id)?;
        Ok(self.granted.iter().any(|audience| holders.contains(&audience.to_string())))
    }
}

/// An item as it stands in the feed for a phone that has nothing of it.
fn entering(kind: FeedKind, item: String) -> FeedRow {
    FeedRow { kind: Txt(kind), item, pos: i64::MAX, entered_pos: i64::MAX, op: Txt(FeedOp::Put) }
}

/// The audiences of the asker, from who he is now and never from the cursor.
pub(super) fn granted(round: &Round) -> BTreeSet<Audience> {
    scope::audiences_of(&round.ctx.actor)
}
