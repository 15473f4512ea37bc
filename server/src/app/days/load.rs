//! What the rows say of the days of some people.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_store::assignments::list_crews;
use doorstep_store::day_records::{DayRecord, list_of_day};
use doorstep_store::devices::{self, DeviceRow};
use doorstep_store::installed_items::{self, InstalledItemRow, MATERIAL};
use doorstep_store::intent_blobs::list_missing_of_intents;
use doorstep_store::quarantine::{QuarantineFilter, QuarantineItem, list_items};
use doorstep_store::visits::{self, VisitFilter, VisitRecord};
use doorstep_store::{Conn, documents, work_orders};
use sync_core::bytes::Hash;
use sync_core::day::closing::{RepDay, VisitOfDay};
use sync_core::day::materials::ORDERED_MATERIALS;
use sync_core::ids::{OrgId, UserId, VisitId, WorkOrderId};
use sync_core::visit::VisitState;

use crate::app::AppResult;
use crate::app::rows::{corrupt, work_order_row};
use crate::domain::Window;

/// Most visits, records, phones and refused items of a team's day that are looked at.
const MOST: i64 = 1_000;

/// Everything about a day of some people.
#[derive(Debug)]
pub(super) struct Loaded {
    /// The visits of the day.
    pub visits: BTreeMap<VisitId, VisitRecord>,
    /// Whose they are.
    pub crews: Vec<(VisitId, UserId)>,
    /// Heads of their documents.
    pub heads: BTreeMap<VisitId, Vec<Hash>>,
    /// What they used.
    pub items: BTreeMap<VisitId, Vec<InstalledItemRow>>,
    /// Visits whose order lists materials.
    lists_materials: BTreeSet<VisitId>,
    /// Check-ins, kit checks and notes.
    pub records: Vec<DayRecord>,
    /// Blobs that check-ins lack, by rep.
    lacking: BTreeMap<UserId, i64>,
    /// Phones that were not revoked.
    pub devices: Vec<DeviceRow>,
    /// Refused items that nobody has seen to.
    quarantined: Vec<QuarantineItem>,
    bounds: Window,
    /// False if there is more of something than is looked at.
    pub is_complete: bool,
}

impl Loaded {
    /// Loads a day of these people.
    ///
    /// # Errors
    /// Corrupt rows.
    pub(super) fn of(conn: &mut Conn, org: OrgId, (day, bounds): (&str, Window), people: &[UserId]) -> AppResult<Self> {
        let filter = VisitFilter {
            from_ms: Some(bounds.from.0),
            to_ms: Some(bounds.to.0),
            reps: Some(people.to_vec()),
            ..Default::default()
        };
        let mut is_complete = true;
        let rows = first(visits::list_visits(conn, org, &filter, "", MOST + 1)?, &mut is_complete);
        let records = first(list_of_day(conn, org, day, Some(people), MOST + 1)?, &mut is_complete);
        let filter =
            QuarantineFilter { state: Some("open".to_owned()), people: Some(people.to_vec()), ..Default::default() };
        let quarantined = first(list_items(conn, org, &filter, None, MOST + 1)?, &mut is_complete);
        let mut devices = first(devices::list_devices(conn, org, Some(people), "", MOST + 1)?, &mut is_complete);
        devices.retain(|device| device.state != "revoked");
        let ids: Vec<VisitId> = rows.iter().map(|row| row.id.0).collect();
        let mut items: BTreeMap<VisitId, Vec<_>> = BTreeMap::new();
        for item in installed_items::list_of_visits(conn, org, &ids)? {
            items.entry(item.visit_id.0).or_default().push(item);
        }
        let of_team = |(_, rep): &(VisitId, UserId)| people.contains(rep);
        Ok(Self {
            crews: list_crews(conn, org, &ids)?.into_iter().filter(of_team).collect(),
            heads: documents::list_heads(conn, org, &ids)?,
            lists_materials: listing_materials(conn, org, &rows)?,
            lacking: lacking(conn, org, &records)?,
            visits: rows.into_iter().map(|row| (row.id.0, row)).collect(),
            items,
            records,
            devices,
            quarantined,
            bounds,
            is_complete,
        })
    }

    /// Whoever has a visit or a record of the day.
    pub(super) fn reps(&self) -> BTreeSet<UserId> {
        let of_records = self.records.iter().map(|record| record.user.0);
        self.crews.iter().map(|(_, rep)| *rep).chain(of_records).collect()
    }

    /// The visits of a rep.
    pub(super) fn visits_of(&self, rep: UserId) -> impl Iterator<Item = &VisitRecord> {
        let mine = self.crews.iter().filter(move |(_, one)| *one == rep);
        mine.filter_map(|(visit, _)| self.visits.get(visit))
    }

    /// What is known of a rep's day.
    ///
    /// # Errors
    /// A state no version knows.
    pub(super) fn day_of(&self, rep: UserId) -> AppResult<RepDay> {
        let visits = self.visits_of(rep).map(|row| self.visit(row, rep)).collect::<AppResult<_>>()?;
        let of_day = |item: &&QuarantineItem| {
            item.user_id.0 == rep && item.visit_id.is_none() && item.received_at_ms >= self.bounds.from.0
        };
        let phones = self.devices.iter().filter(|device| device.user_id.0 == rep && !self.is_later(device));
        Ok(RepDay {
            visits,
            unsent: phones.map(|device| device.unsent).sum(),
            missing_blobs: self.lacking.get(&rep).copied().unwrap_or(0),
            quarantined: count(self.quarantined.iter().filter(of_day)),
        })
    }

    /// Whether a phone said that all it has not sent was made after the day, at a time that had come when it said so.
    fn is_later(&self, device: &DeviceRow) -> bool {
        let oldest =
            device.oldest_unsent_at_ms.filter(|oldest| device.last_seen_at_ms.is_some_and(|seen| *oldest <= seen));
        oldest.is_some_and(|oldest| oldest >= self.bounds.to.0)
    }

    fn visit(&self, row: &VisitRecord, rep: UserId) -> AppResult<VisitOfDay> {
        let id = row.id.0;
        let about = |item: &&QuarantineItem| item.user_id.0 == rep && item.visit_id == Some(row.id);
        let items = self.items.get(&id).map(Vec::as_slice).unwrap_or_default();
        Ok(VisitOfDay {
            id,
            state: VisitState::from_code(&row.state).ok_or_else(|| corrupt("visits", id, "its state is unknown"))?,
            outcome: row.outcome.clone(),
            missing_blobs: row.missing_blobs,
            quarantined: count(self.quarantined.iter().filter(about)),
            lists_materials: self.lists_materials.contains(&id),
            materials: items.iter().filter(|item| item.source == MATERIAL).count(),
        })
    }
}

/// As many as are looked at.
fn first<T>(mut rows: Vec<T>, is_complete: &mut bool) -> Vec<T> {
    let most = usize::try_from(MOST).unwrap_or(usize::MAX);
    *is_complete &= rows.len() <= most;
    rows.truncate(most);
    rows
}

fn count(items: impl Iterator) -> i64 {
    i64::try_from(items.count()).unwrap_or(i64::MAX)
}

/// Visits whose order lists materials.
fn listing_materials(conn: &mut Conn, org: OrgId, rows: &[VisitRecord]) -> AppResult<BTreeSet<VisitId>> {
    let orders: BTreeSet<WorkOrderId> = rows.iter().filter_map(|row| row.work_order_id).map(|id| id.0).collect();
    let mut listing = BTreeSet::new();
    for order in work_orders::list_by_id(conn, org, &Vec::from_iter(orders))? {
        let fields = work_order_row(&order)?.fields;
        if fields.get(ORDERED_MATERIALS).is_some_and(|listed| !listed.trim().is_empty()) {
            listing.insert(order.id.0);
        }
    }
    let lists = |row: &&VisitRecord| row.work_order_id.is_some_and(|order| listing.contains(&order.0));
    Ok(rows.iter().filter(lists).map(|row| row.id.0).collect())
}

/// How many blobs the records of each rep lack.
fn lacking(conn: &mut Conn, org: OrgId, records: &[DayRecord]) -> AppResult<BTreeMap<UserId, i64>> {
    let mut by_rep: BTreeMap<UserId, Vec<_>> = BTreeMap::new();
    for record in records {
        by_rep.entry(record.user.0).or_default().push(record.intent.0);
    }
    let mut lacking = BTreeMap::new();
    for (rep, intents) in by_rep {
        let missing = list_missing_of_intents(conn, org, &intents)?;
        lacking.insert(rep, count(missing.into_iter()));
    }
    Ok(lacking)
}
