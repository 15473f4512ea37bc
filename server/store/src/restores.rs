//! The epoch of the data, and what phones spoke of after a restore that is not here.

use std::collections::BTreeSet;

use diesel::prelude::*;
use sync_core::bytes::Hash;
use sync_core::ids::{DeviceId, EpochId, OrgId, VisitId};

use crate::conn::Conn;
use crate::error::{StoreResult, expect_one};
use crate::schema::{devices, restore_gaps, store_epoch, visits};
use crate::text::Txt;

/// The identity of the data and where they come from.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = store_epoch)]
pub struct EpochRow {
    /// The epoch.
    pub id: Txt<EpochId>,
    /// When it began.
    pub created_at_ms: i64,
    /// The epoch of the backup it was restored from.
    pub previous_id: Option<Txt<EpochId>>,
    /// When that backup was made.
    pub backup_made_at_ms: Option<i64>,
}

/// The epoch of the data; `None` in a database that never served.
///
/// # Errors
/// Database errors only.
pub fn find_epoch(conn: &mut Conn) -> StoreResult<Option<EpochRow>> {
    Ok(per_backend!(conn, c => store_epoch::table.select(EpochRow::as_select()).first(c).optional())?)
}

/// The epoch that begins with restored data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewEpoch {
    /// The epoch.
    pub id: EpochId,
    /// When it begins.
    pub created_at_ms: i64,
    /// When the backup was made.
    pub backup_made_at_ms: i64,
}

impl NewEpoch {
    /// The statements by which it begins, in one text for both engines: PostgreSQL's are read by another program.
    #[must_use]
    pub fn statements(&self) -> [String; 2] {
        let Self { id, created_at_ms, backup_made_at_ms } = self;
        let passed = numbers_passed_over(*id, *created_at_ms, *backup_made_at_ms);
        [
            format!(
                "UPDATE store_epoch SET id = '{id}', created_at_ms = {created_at_ms}, previous_id = id, \
                 backup_made_at_ms = {backup_made_at_ms}"
            ),
            format!("UPDATE number_series SET next_value = next_value + {passed}"),
        ]
    }
}

/// Makes the data those of a restored backup: they get an epoch, and numbers go on where none can have been given.
///
/// # Errors
/// Stale if there is no epoch yet.
pub fn begin_epoch(conn: &mut Conn, epoch: &NewEpoch) -> StoreResult<()> {
    let [begin, pass_over] = epoch.statements();
    expect_one(per_backend!(conn, c => diesel::sql_query(begin).execute(c))?)?;
    per_backend!(conn, c => diesel::sql_query(pass_over).execute(c))?;
    Ok(())
}

/// Where a series begins that the data do not know; behind what may have been given before a restore, and else at 1.
///
/// # Errors
/// Database errors only.
pub(crate) fn first_number(conn: &mut Conn) -> StoreResult<i64> {
    let epoch = find_epoch(conn)?;
    let passed =
        epoch.and_then(|epoch| Some(numbers_passed_over(epoch.id.0, epoch.created_at_ms, epoch.backup_made_at_ms?)));
    Ok(passed.unwrap_or(0) + 1)
}

/// The fewest numbers of a series that a restore leaves out.
///
/// # Source
/// A hundred imports of the longest list that is taken at once, 10,000 rows each; a number keeps to eight digits.
const LEAST_PASSED_OVER: i64 = 1_000_000;

/// Up to so many more are left out, drawn anew at each restore.
const DRAWN: u64 = 9_000_000;

/// Numbers of a series that a restore leaves out. Since the backup some were given of which the data know nothing, and
/// papers in customers' hands show them. A later restore of the same backup must not lead to those that an earlier one
/// led to: where what it puts aside cannot be read, the draw is what keeps them apart. The epoch, drawn at random as it
/// is, says what was drawn, so that a series of which the data know nothing begins as far on.
fn numbers_passed_over(epoch: EpochId, restored_at_ms: i64, backup_made_at_ms: i64) -> i64 {
    let [.., a, b, c, d] = Hash::of(epoch.to_string().as_bytes()).0;
    let drawn = u64::from(u32::from_be_bytes([a, b, c, d])) % DRAWN;
    let seconds = restored_at_ms.saturating_sub(backup_made_at_ms).max(0) / 1_000;
    LEAST_PASSED_OVER.saturating_add(seconds).saturating_add(i64::try_from(drawn).unwrap_or_default())
}

/// Where a series of numbers goes on.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct NextNumber {
    /// Tenant.
    #[diesel(sql_type = diesel::sql_types::Text)]
    pub org_id: String,
    /// The series.
    #[diesel(sql_type = diesel::sql_types::Text)]
    pub series: String,
    /// The next number.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub next_value: i64,
}

/// Every series, in plain words for a database of whatever version.
pub(crate) const NEXT_NUMBERS: &str = "SELECT org_id, series, next_value FROM number_series";

impl NextNumber {
    /// Every series of a database.
    ///
    /// # Errors
    /// Database errors only.
    pub fn list(conn: &mut Conn) -> StoreResult<Vec<Self>> {
        Ok(per_backend!(conn, c => diesel::sql_query(NEXT_NUMBERS).load(c))?)
    }

    /// The statement, for both engines, by which a series of restored data goes on no earlier than this one does. Of a
    /// tenant that the data do not know nobody asks for numbers.
    #[must_use]
    pub fn statement(&self) -> String {
        let [org, series] = [&self.org_id, &self.series].map(|text| text.replace('\'', "''"));
        let next = self.next_value;
        format!(
            "INSERT INTO number_series (org_id, series, next_value) SELECT '{org}', '{series}', {next} \
             WHERE EXISTS (SELECT 1 FROM organisations WHERE id = '{org}') \
             ON CONFLICT (org_id, series) DO UPDATE SET next_value = excluded.next_value \
             WHERE excluded.next_value > number_series.next_value"
        )
    }
}

/// Lets series go on no earlier than those of the data that are put aside.
///
/// # Errors
/// Database errors only.
pub fn go_on_behind(conn: &mut Conn, numbers: &[NextNumber]) -> StoreResult<()> {
    for number in numbers {
        per_backend!(conn, c => diesel::sql_query(number.statement()).execute(c))?;
    }
    Ok(())
}

/// Something a phone spoke of that the server has not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Queryable, Selectable, Insertable)]
#[diesel(table_name = restore_gaps)]
pub struct GapRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// `visit`, `change` or `blob`.
    pub kind: String,
    /// The visit; empty where none is known.
    pub visit_id: String,
    /// Hash of the change or blob; empty for a visit.
    pub item: String,
    /// The device that spoke of it.
    pub device_id: Txt<DeviceId>,
    /// When it did so first.
    pub noted_at_ms: i64,
}

/// Notes what a device misses, as long as it has noted fewer than `most`; what is known stays as it was, and takes no
/// room again.
///
/// # Errors
/// Database errors only.
pub fn note_gaps(conn: &mut Conn, org: OrgId, device: DeviceId, rows: &[GapRow], most: i64) -> StoreResult<()> {
    let noted: Vec<(String, String, String)> = per_backend!(conn, c => restore_gaps::table
        .filter(restore_gaps::org_id.eq(Txt(org)).and(restore_gaps::device_id.eq(Txt(device))))
        .select((restore_gaps::kind, restore_gaps::visit_id, restore_gaps::item))
        .load(c))?;
    let mut known: BTreeSet<(&str, &str, &str)> =
        noted.iter().map(|(kind, visit, item)| (kind.as_str(), visit.as_str(), item.as_str())).collect();
    let room = usize::try_from(most).unwrap_or(0).saturating_sub(known.len());
    let new = rows.iter().filter(|row| known.insert((&row.kind, &row.visit_id, &row.item)));
    let new: Vec<GapRow> = new.take(room).cloned().collect();
    for_rows!(conn, new, part => diesel::insert_into(restore_gaps::table).values(part).on_conflict_do_nothing())?;
    Ok(())
}

/// Everything noted for a tenant, also what came meanwhile.
///
/// # Errors
/// Database errors only.
pub fn list_gaps(conn: &mut Conn, org: OrgId) -> StoreResult<Vec<GapRow>> {
    Ok(per_backend!(conn, c => restore_gaps::table
        .filter(restore_gaps::org_id.eq(Txt(org)))
        .order((restore_gaps::kind, restore_gaps::visit_id, restore_gaps::item, restore_gaps::device_id))
        .select(GapRow::as_select())
        .load(c))?)
}

/// Devices that may still bring work and were not heard of since an instant.
///
/// # Errors
/// Database errors only.
pub fn list_unheard(conn: &mut Conn, org: OrgId, since_ms: i64) -> StoreResult<Vec<DeviceId>> {
    let found: Vec<Txt<DeviceId>> = per_backend!(conn, c => devices::table
        .filter(devices::org_id.eq(Txt(org)).and(devices::state.ne("revoked")))
        .filter(devices::last_seen_at_ms.is_null().or(devices::last_seen_at_ms.lt(since_ms)))
        .order(devices::id)
        .select(devices::id)
        .load(c))?;
    Ok(found.into_iter().map(|device| device.0).collect())
}

/// Visits that were handed in and lack evidence.
///
/// # Errors
/// Database errors only.
pub fn list_incomplete(conn: &mut Conn, org: OrgId, states: &[&str]) -> StoreResult<Vec<VisitId>> {
    let found: Vec<Txt<VisitId>> = per_backend!(conn, c => visits::table
        .filter(visits::org_id.eq(Txt(org)).and(visits::evidence_complete_at_ms.is_null()))
        .filter(visits::state.eq_any(states))
        .order(visits::id)
        .select(visits::id)
        .load(c))?;
    Ok(found.into_iter().map(|visit| visit.0).collect())
}

/// A blob with its tenant and size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobEntry {
    /// Tenant.
    pub org: OrgId,
    /// Name.
    pub sha256: Hash,
    /// Size.
    pub bytes: i64,
}
