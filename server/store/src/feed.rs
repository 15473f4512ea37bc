//! The feed per audience: what changed for whom, in commit order (design section 3, point 4).

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::upsert::excluded;
use sync_core::ids::OrgId;

use crate::conn::{Conn, EngineConn};
use crate::error::StoreResult;
use crate::hints::Topic;
use crate::one_of::one_of;
use crate::prepared::StaysPrepared as _;
use crate::schema::{audience_heads, feed};
use crate::text::Txt;

/// What a feed row is about; documents travel as change chunks, everything else as JSON rows.
///
/// A batch is published in this order and an answer may end anywhere in it: what says which of a document counts stands
/// before the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FeedKind {
    /// What a rep brought after the visit was given to others; the item is `visit/number of the push`.
    LateWork,
    /// An office decision about work that came late.
    LateDecision,
    /// A visit document.
    Doc,
    /// The office's side of a visit.
    Visit,
    /// A customer.
    Customer,
    /// A site.
    Site,
    /// A work order.
    WorkOrder,
    /// An appointment.
    Appointment,
    /// An assignment.
    Assignment,
    /// A template version; the item is `code/version`.
    Template,
    /// A policy version.
    Policy,
    /// A calendar version.
    Calendar,
    /// What an organisation keeps for its phones to look up, such as the meeting places of a team.
    Reference,
    /// What became of an intent.
    IntentResult,
    /// A reviewer's decision.
    Verdict,
    /// A rework ticket.
    Rework,
    /// An office choice among concurrent values.
    Conflict,
    /// What became of refused bytes; the item is `device/id`.
    Quarantine,
}

impl FeedKind {
    /// Every kind.
    pub const ALL: [Self; 18] = [
        Self::LateWork,
        Self::LateDecision,
        Self::Doc,
        Self::Visit,
        Self::Customer,
        Self::Site,
        Self::WorkOrder,
        Self::Appointment,
        Self::Assignment,
        Self::Template,
        Self::Policy,
        Self::Calendar,
        Self::Reference,
        Self::IntentResult,
        Self::Verdict,
        Self::Rework,
        Self::Conflict,
        Self::Quarantine,
    ];

    /// The kind's name in rows and messages (design section 13).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Doc => "doc",
            Self::Visit => "visit",
            Self::Customer => "customer",
            Self::Site => "site",
            Self::WorkOrder => "work_order",
            Self::Appointment => "appointment",
            Self::Assignment => "assignment",
            Self::Template => "template",
            Self::Policy => "policy",
            Self::Calendar => "calendar",
            Self::Reference => "reference",
            Self::IntentResult => "intent_result",
            Self::Verdict => "verdict",
            Self::Rework => "rework",
            Self::Conflict => "conflict",
            Self::LateWork => "late_work",
            Self::LateDecision => "late_decision",
            Self::Quarantine => "quarantine",
        }
    }
}

impl std::fmt::Display for FeedKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reports text that names no feed kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown feed kind")]
pub struct FeedKindError;

impl std::str::FromStr for FeedKind {
    type Err = FeedKindError;

    fn from_str(text: &str) -> Result<Self, FeedKindError> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(FeedKindError)
    }
}

/// Whether an item entered or left an audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FeedOp {
    /// The audience has it; it is new or changed.
    Put,
    /// The audience no longer has it.
    Gone,
}

impl std::fmt::Display for FeedOp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Put => "put",
            Self::Gone => "gone",
        })
    }
}

impl std::str::FromStr for FeedOp {
    type Err = FeedKindError;

    fn from_str(text: &str) -> Result<Self, FeedKindError> {
        match text {
            "put" => Ok(Self::Put),
            "gone" => Ok(Self::Gone),
            _ => Err(FeedKindError),
        }
    }
}

/// Everything one transaction has to tell; collected while it runs, published at its end.
#[derive(Debug, Clone, Default)]
pub struct FeedBatch {
    entries: BTreeMap<(String, FeedKind, String), FeedOp>,
    audiences: BTreeSet<String>,
}

impl FeedBatch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells an audience that it has this item, new or changed.
    pub fn put(&mut self, audience: impl Into<String>, kind: FeedKind, item: impl ToString) {
        self.tell(audience.into(), kind, item.to_string(), FeedOp::Put);
    }

    /// Tells an audience that it no longer has this item.
    pub fn gone(&mut self, audience: impl Into<String>, kind: FeedKind, item: impl ToString) {
        self.tell(audience.into(), kind, item.to_string(), FeedOp::Gone);
    }

    /// What this batch tells an audience about an item so far.
    #[must_use]
    pub fn told(&self, audience: &str, kind: FeedKind, item: &str) -> Option<FeedOp> {
        self.entries.get(&(audience.to_owned(), kind, item.to_owned())).copied()
    }

    fn tell(&mut self, audience: String, kind: FeedKind, item: String, op: FeedOp) {
        self.audiences.insert(audience.clone());
        self.entries.insert((audience, kind, item), op);
    }

    /// The audiences that will hold an item once this batch is published.
    ///
    /// # Errors
    /// Database errors only.
    pub fn holders(&self, conn: &mut Conn, org: OrgId, kind: FeedKind, item: &str) -> StoreResult<BTreeSet<String>> {
        let mut holders = list_holders(conn, org, kind, item)?;
        self.tell_holders(kind, item, &mut holders);
        Ok(holders)
    }

    /// As [`Self::holders`] for several items of one kind.
    ///
    /// # Errors
    /// Database errors only.
    pub fn holders_of(&self, conn: &mut Conn, org: OrgId, kind: FeedKind, items: &[String]) -> StoreResult<Holders> {
        let mut holders = list_holders_of(conn, org, kind, items)?;
        for item in items {
            self.tell_holders(kind, item, holders.entry(item.clone()).or_default());
        }
        Ok(holders)
    }

    /// Makes a list of holders right by what this batch says of the item.
    fn tell_holders(&self, kind: FeedKind, item: &str, holders: &mut BTreeSet<String>) {
        for audience in &self.audiences {
            match self.told(audience, kind, item) {
                Some(FeedOp::Put) => holders.insert(audience.clone()),
                Some(FeedOp::Gone) => holders.remove(audience),
                None => false,
            };
        }
    }

    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Writes the batch at new positions and returns the position of every entry.
    ///
    /// # Concurrency
    /// Must be among the last statements of the transaction: it locks the head of each audience in
    /// sorted order until the commit, so that commit order equals feed order and no two transactions
    /// wait for each other in a circle.
    ///
    /// # Errors
    /// Database errors only.
    pub fn publish(&self, conn: &mut Conn, org: OrgId) -> StoreResult<Positions> {
        let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
        for (audience, _, _) in self.entries.keys() {
            *counts.entry(audience).or_default() += 1;
        }
        let mut next: BTreeMap<&str, i64> = BTreeMap::new();
        for (audience, count) in counts {
            let head = advance_head(conn, org, audience, count)?;
            next.insert(audience, head - count + 1);
        }
        let mut rows = Vec::with_capacity(self.entries.len());
        let mut positions = Positions::default();
        for ((audience, kind, item), op) in &self.entries {
            let pos = next.get_mut(audience.as_str()).map_or(0, |next| {
                *next += 1;
                *next - 1
            });
            positions.0.entry((*kind, item.clone())).or_default().insert(audience.clone(), pos);
            rows.push(NewFeedRow {
                org_id: Txt(org),
                audience: audience.clone(),
                kind: Txt(*kind),
                item: item.clone(),
                pos,
                entered_pos: pos,
                op: Txt(*op),
            });
        }
        upsert(conn, rows)?;
        for audience in &self.audiences {
            conn.tell(Topic::audience(org, audience));
        }
        Ok(positions)
    }
}

/// Where the entries of a batch went.
#[derive(Debug, Clone, Default)]
pub struct Positions(BTreeMap<(FeedKind, String), BTreeMap<String, i64>>);

impl Positions {
    /// The position of an item per audience.
    #[must_use]
    pub fn of(&self, kind: FeedKind, item: &str) -> BTreeMap<String, i64> {
        self.0.get(&(kind, item.to_owned())).cloned().unwrap_or_default()
    }
}

#[derive(Insertable)]
#[diesel(table_name = feed, treat_none_as_default_value = false)]
struct NewFeedRow {
    org_id: Txt<OrgId>,
    audience: String,
    kind: Txt<FeedKind>,
    item: String,
    pos: i64,
    entered_pos: i64,
    op: Txt<FeedOp>,
}

/// Takes `count` positions of an audience and returns the last of them.
fn advance_head(conn: &mut Conn, org: OrgId, audience: &str, count: i64) -> StoreResult<i64> {
    Ok(per_backend!(conn, c => diesel::insert_into(audience_heads::table)
        .values((
            audience_heads::org_id.eq(Txt(org)),
            audience_heads::audience.eq(audience),
            audience_heads::pos.eq(count),
        ))
        .on_conflict((audience_heads::org_id, audience_heads::audience))
        .do_update()
        .set(audience_heads::pos.eq(audience_heads::pos + count))
        .returning(audience_heads::pos)
        .stays_prepared().get_result(c))?)
}

/// Writes the rows. An item enters anew when it was gone before; else it keeps the position where it entered.
fn upsert(conn: &mut Conn, mut rows: Vec<NewFeedRow>) -> StoreResult<()> {
    if matches!(conn.engine, EngineConn::Sqlite(_)) {
        // An upsert's text would be built and prepared anew for each row. SQLite has one writer: what is read now stays
        // true, and a position that is taken is still an error.
        take_out_known(conn, &mut rows)?;
        return Ok(insert_rows!(conn, feed::table, rows)?);
    }
    for_rows!(conn, rows, part => diesel::insert_into(feed::table)
    .values(part)
    .on_conflict((feed::org_id, feed::audience, feed::kind, feed::item))
    .do_update()
    .set((
        feed::pos.eq(excluded(feed::pos)),
        feed::entered_pos.eq(diesel::dsl::case_when(feed::op.eq("gone"), excluded(feed::entered_pos))
            .otherwise(feed::entered_pos)),
        feed::op.eq(excluded(feed::op)),
    )))?;
    Ok(())
}

/// Removes what the feed says of these items so far; those that an audience holds keep the position where they entered.
fn take_out_known(conn: &mut Conn, rows: &mut [NewFeedRow]) -> StoreResult<()> {
    let Some(org) = rows.first().map(|row| row.org_id) else { return Ok(()) };
    let mut items: BTreeMap<FeedKind, BTreeSet<&str>> = BTreeMap::new();
    for row in &*rows {
        items.entry(row.kind.0).or_default().insert(&row.item);
    }
    let mut known: BTreeMap<(String, FeedKind, String), (i64, FeedOp)> = BTreeMap::new();
    for (kind, items) in items {
        let found: Vec<(String, String, i64, Txt<FeedOp>)> = per_backend!(conn, c => feed::table
            .filter(feed::org_id.eq(org).and(feed::kind.eq(Txt(kind))).and(one_of(feed::item, items)))
            .select((feed::audience, feed::item, feed::entered_pos, feed::op))
            .load(c))?;
        known.extend(found.into_iter().map(|(audience, item, pos, op)| ((audience, kind, item), (pos, op.0))));
    }
    if known.is_empty() {
        return Ok(());
    }
    for row in rows {
        let Some((pos, op)) = known.get(&(row.audience.clone(), row.kind.0, row.item.clone())) else { continue };
        if *op == FeedOp::Put {
            row.entered_pos = *pos;
        }
        per_backend!(conn, c => diesel::delete(feed::table.find((org, &row.audience, row.kind, &row.item))).execute(c))?;
    }
    Ok(())
}

/// One row of an audience's feed.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = feed)]
pub struct FeedRow {
    /// What it is about.
    pub kind: Txt<FeedKind>,
    /// Which one.
    pub item: String,
    /// Position.
    pub pos: i64,
    /// Position at which the item last entered the audience.
    pub entered_pos: i64,
    /// Entered or left.
    pub op: Txt<FeedOp>,
}

/// Rows of an audience after a position, in order.
///
/// # Errors
/// Database errors only.
pub fn list_feed(conn: &mut Conn, org: OrgId, audience: &str, after: i64, limit: usize) -> StoreResult<Vec<FeedRow>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Ok(per_backend!(conn, c => feed::table
        .filter(feed::org_id.eq(Txt(org)).and(feed::audience.eq(audience)).and(feed::pos.gt(after)))
        .order(feed::pos)
        .limit(limit)
        .select(FeedRow::as_select())
        .load(c))?)
}

/// The highest position of an audience; 0 if nothing was ever told.
///
/// # Errors
/// Database errors only.
pub fn audience_head(conn: &mut Conn, org: OrgId, audience: &str) -> StoreResult<i64> {
    let found: Option<i64> = per_backend!(conn, c => audience_heads::table
        .find((Txt(org), audience))
        .select(audience_heads::pos)
        .first(c)
        .optional())?;
    Ok(found.unwrap_or(0))
}

/// Every audience that was ever told something, in order.
///
/// # Errors
/// Database errors only.
pub fn list_audiences(conn: &mut Conn, org: OrgId) -> StoreResult<Vec<String>> {
    Ok(per_backend!(conn, c => audience_heads::table
        .filter(audience_heads::org_id.eq(Txt(org)))
        .order(audience_heads::audience)
        .select(audience_heads::audience)
        .load(c))?)
}

/// Makes other transactions that tell this audience something wait for the end of this one.
///
/// # Concurrency
/// For transactions that tell one audience only: two that lock several could wait for each other.
///
/// # Errors
/// Database errors only.
pub fn lock_audience(conn: &mut Conn, org: OrgId, audience: &str) -> StoreResult<()> {
    advance_head(conn, org, audience, 0).map(drop)
}

/// The audiences that hold an item now.
///
/// # Errors
/// Database errors only.
pub fn list_holders(conn: &mut Conn, org: OrgId, kind: FeedKind, item: &str) -> StoreResult<BTreeSet<String>> {
    let holders: Vec<String> = per_backend!(conn, c => feed::table
        .filter(feed::org_id.eq(Txt(org))
            .and(feed::kind.eq(Txt(kind)))
            .and(feed::item.eq(item))
            .and(feed::op.eq("put")))
        .select(feed::audience)
        .load(c))?;
    Ok(holders.into_iter().collect())
}

/// The audiences that hold items of one kind now; items that nobody holds are left out.
///
/// # Errors
/// Database errors only.
pub fn list_holders_of(conn: &mut Conn, org: OrgId, kind: FeedKind, items: &[String]) -> StoreResult<Holders> {
    let mut holders = Holders::new();
    let rows: Vec<(String, String)> = per_backend!(conn, c => feed::table
        .filter(feed::org_id.eq(Txt(org))
            .and(feed::kind.eq(Txt(kind)))
            .and(one_of(feed::item, items))
            .and(feed::op.eq("put")))
        .select((feed::item, feed::audience))
        .load(c))?;
    for (item, audience) in rows {
        holders.entry(item).or_default().insert(audience);
    }
    Ok(holders)
}

/// Audiences by item.
pub type Holders = BTreeMap<String, BTreeSet<String>>;
