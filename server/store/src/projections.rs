//! What the visit documents say, as rows for lists and searches; rebuilt from the documents at any time.

use diesel::prelude::*;
use sync_core::bytes::Hash;
use sync_core::ids::{OrgId, UserId, VisitId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::installed_items::InstalledItemRow;
use crate::schema::{installed_items, visit_answers, visit_events, visit_photos, visit_readings};
use crate::text::Txt;

/// A photo or other blob record of a visit.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = visit_photos, treat_none_as_default_value = false)]
pub struct PhotoRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The visit.
    pub visit_id: Txt<VisitId>,
    /// Record id.
    pub photo_id: String,
    /// Place in operation order.
    pub ordinal: i64,
    /// `photo`, `document`, `audio` or `video`.
    pub kind: String,
    /// Template slot.
    pub slot: String,
    /// The blob.
    pub sha256: Txt<Hash>,
    /// Declared size.
    pub bytes: i64,
    /// Declared media type.
    pub media_type: String,
    /// When it was taken, on the server's clock as well as known.
    pub taken_at_ms: i64,
    /// `camera` or `gallery`.
    pub source: String,
    /// Who took it.
    pub taken_by: Txt<UserId>,
    /// Neither withdrawn nor replaced.
    pub is_current: bool,
}

/// A reading of a visit.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = visit_readings, treat_none_as_default_value = false)]
pub struct ReadingRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The visit.
    pub visit_id: Txt<VisitId>,
    /// Record id.
    pub reading_id: String,
    /// Place in operation order.
    pub ordinal: i64,
    /// Measurement code.
    pub code: String,
    /// Decimal string.
    pub value: String,
    /// Unit.
    pub unit: String,
    /// When.
    pub at_ms: i64,
    /// Who.
    pub taken_by: Txt<UserId>,
}

/// The answer that counts to a question of a visit.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = visit_answers, treat_none_as_default_value = false)]
pub struct AnswerRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The visit.
    pub visit_id: Txt<VisitId>,
    /// Question code.
    pub question: String,
    /// Value as JSON.
    pub value: String,
    /// When.
    pub at_ms: i64,
    /// Who.
    pub given_by: Txt<UserId>,
}

/// An event of a visit.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = visit_events, treat_none_as_default_value = false)]
pub struct EventRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The visit.
    pub visit_id: Txt<VisitId>,
    /// Record id.
    pub event_id: String,
    /// Place in operation order.
    pub ordinal: i64,
    /// Event name.
    pub event: String,
    /// When, on the server's clock as well as the clocks of the visit tell.
    pub at_ms: i64,
    /// Who.
    pub done_by: Txt<UserId>,
    /// Error of the instant; absent where the clocks do not bound it.
    pub err_ms: Option<i64>,
}

/// All projected rows of one visit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Projection {
    /// Photos.
    pub photos: Vec<PhotoRow>,
    /// Readings.
    pub readings: Vec<ReadingRow>,
    /// Answers.
    pub answers: Vec<AnswerRow>,
    /// Events.
    pub events: Vec<EventRow>,
    /// Materials and serial numbers.
    pub items: Vec<InstalledItemRow>,
}

impl Projection {
    /// Adds the rows of another visit.
    pub fn append(&mut self, other: Self) {
        self.photos.extend(other.photos);
        self.readings.extend(other.readings);
        self.answers.extend(other.answers);
        self.events.extend(other.events);
        self.items.extend(other.items);
    }
}

/// Writes the rows of visits; those that the visits in `known` had before are replaced.
///
/// # Errors
/// Database errors only.
pub fn replace_projections(conn: &mut Conn, org: OrgId, known: &[VisitId], projection: &Projection) -> StoreResult<()> {
    macro_rules! replace {
        ($table:ident, $rows:expr) => {
            for visit in known {
                per_backend!(conn, c => diesel::delete($table::table
                    .filter($table::org_id.eq(Txt(org)).and($table::visit_id.eq(Txt(*visit)))))
                    .execute(c))?;
            }
            insert_rows!(conn, $table::table, $rows)?;
        };
    }
    replace!(visit_photos, projection.photos);
    replace!(visit_readings, projection.readings);
    replace!(visit_answers, projection.answers);
    replace!(visit_events, projection.events);
    replace!(installed_items, projection.items);
    Ok(())
}

/// The photos of a visit in operation order.
///
/// # Errors
/// Database errors only.
pub fn list_photos(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Vec<PhotoRow>> {
    Ok(per_backend!(conn, c => visit_photos::table
        .filter(visit_photos::org_id.eq(Txt(org)).and(visit_photos::visit_id.eq(Txt(visit))))
        .order(visit_photos::ordinal)
        .select(PhotoRow::as_select())
        .load(c))?)
}

/// Every projected row of a visit, as it is stored.
///
/// # Errors
/// Database errors only.
pub fn load_projection(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Projection> {
    macro_rules! rows {
        ($table:ident, $row:ty, $order:ident) => {
            per_backend!(conn, c => $table::table
                .filter($table::org_id.eq(Txt(org)).and($table::visit_id.eq(Txt(visit))))
                .order($table::$order)
                .select(<$row>::as_select())
                .load(c))?
        };
    }
    Ok(Projection {
        photos: rows!(visit_photos, PhotoRow, ordinal),
        readings: rows!(visit_readings, ReadingRow, ordinal),
        answers: rows!(visit_answers, AnswerRow, question),
        events: rows!(visit_events, EventRow, ordinal),
        items: rows!(installed_items, InstalledItemRow, ordinal),
    })
}
