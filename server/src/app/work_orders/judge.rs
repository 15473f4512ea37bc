//! Judging the rows of an import against each other and what is stored.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_store::{Conn, customers as people, sites as places, users, work_orders};
use sync_core::ids::{CustomerId, GridId, SiteId, WorkOrderId};

use super::check;
use super::import::{ImportRow, Likely, LikelyWhat, Party, Reuse, RowReport, RowResult};
use crate::app::duplicates::{Index, Signs, Why, the_same};
use crate::app::{AppResult, AppState, Ctx, ErrorCode, FieldFault, Refusal, customers, sites};
use crate::domain::fold::fold;

/// Most likely duplicates that a row lists of customers, and as many of sites.
const MAX_LIKELY: usize = 5;

/// A row with what is known of it.
#[derive(Clone)]
pub(super) struct Judged {
    /// What is said of it.
    pub(super) report: RowReport,
    /// The grid of its site.
    pub(super) grid: Option<GridId>,
}

/// Checks every row against the others and what is stored.
pub(super) fn judge(
    conn: &mut Conn,
    app: &AppState,
    ctx: &Ctx,
    rows: &[ImportRow],
    reuse: Reuse,
) -> AppResult<Vec<Judged>> {
    let known = Known::load(conn, ctx, rows)?;
    let mut judge =
        Judge { app, known, reuse, seen: BTreeSet::new(), made: BTreeMap::new(), made_sites: BTreeMap::new() };
    Ok((0..).zip(rows).map(|(index, row)| judge.row(index, row)).collect())
}

/// Whether what a good row would add may have come meanwhile: its order, or a customer or site that is to be taken instead.
pub(super) fn is_stale(
    conn: &mut Conn,
    ctx: &Ctx,
    rows: &[ImportRow],
    reuse: Reuse,
    judged: &[Judged],
) -> AppResult<bool> {
    let good = rows.iter().zip(judged).filter(|(_, judged)| judged.report.result == RowResult::Good);
    let adds = |judged: &Judged| {
        let parties = judged.report.parties.as_ref();
        parties.is_some_and(|(who, place)| matches!(who, Party::Added(_)) || matches!(place, Party::Added(_)))
    };
    if reuse == Reuse::Exact && good.clone().any(|(_, judged)| adds(judged)) {
        return Ok(true);
    }
    let references: BTreeSet<&str> = good.filter_map(|(row, _)| row.order.external_ref.as_deref()).collect();
    Ok(!work_orders::list_by_external_ref(conn, ctx.actor.org, &references)?.is_empty())
}

/// What is stored and any row asks for.
struct Known {
    references: BTreeMap<String, WorkOrderId>,
    customers: BTreeSet<CustomerId>,
    sites: BTreeMap<SiteId, CustomerId>,
    grids: Vec<(GridId, String)>,
    alike: Index,
}

impl Known {
    fn load(conn: &mut Conn, ctx: &Ctx, rows: &[ImportRow]) -> AppResult<Self> {
        let org = ctx.actor.org;
        let references: BTreeSet<&str> = rows.iter().filter_map(|row| row.order.external_ref.as_deref()).collect();
        let customers: Vec<CustomerId> = rows.iter().filter_map(|row| row.customer_id).collect();
        let sites: Vec<SiteId> = rows.iter().filter_map(|row| row.site_id).collect();
        let mut signs = Signs::default();
        for customer in rows.iter().filter_map(|row| row.customer.as_ref()) {
            signs.add(&customer.phones, &customer.address);
        }
        for site in rows.iter().filter_map(|row| row.site.as_ref()) {
            signs.add_address(&site.address);
        }
        Ok(Self {
            references: work_orders::list_by_external_ref(conn, org, &references)?.into_iter().collect(),
            customers: people::list_by_id(conn, org, &customers)?.into_iter().map(|row| row.id.0).collect(),
            sites: places::list_by_id(conn, org, &sites)?
                .into_iter()
                .map(|row| (row.id.0, row.customer_id.0))
                .collect(),
            grids: users::list_grids(conn, org)?,
            alike: Index::load(conn, org, &signs)?,
        })
    }

    /// The grid of a row: by id, else by the only grid of its name.
    fn grid(&self, row: &ImportRow) -> Result<Option<GridId>, ()> {
        if let Some(grid) = row.site.as_ref().and_then(|site| site.grid) {
            return if self.grids.iter().any(|(id, _)| *id == grid) { Ok(Some(grid)) } else { Err(()) };
        }
        let Some(name) = row.grid_name.as_deref().map(fold) else { return Ok(None) };
        let mut named = self.grids.iter().filter(|(id, known)| fold(known) == name || id.to_string() == name);
        let found = named.next().map(|(id, _)| *id).ok_or(())?;
        if named.next().is_some() { Err(()) } else { Ok(Some(found)) }
    }
}

struct Judge<'a> {
    app: &'a AppState,
    known: Known,
    reuse: Reuse,
    /// Numbers of the ordering system in earlier rows.
    seen: BTreeSet<&'a str>,
    /// Customers and sites of earlier rows, by the index of the row that adds them.
    made: BTreeMap<CustomerId, usize>,
    made_sites: BTreeMap<SiteId, usize>,
}

impl<'a> Judge<'a> {
    fn row(&mut self, index: usize, row: &'a ImportRow) -> Judged {
        let at = format!("rows[{index}].");
        let number = row.origin.as_ref().map(|origin| origin.number);
        let notes = row.notes.iter().map(|note| placed(&at, note.clone(), row)).collect();
        let without = |result| Judged {
            report: RowReport { result, parties: None, likely: Vec::new(), notes, number },
            grid: None,
        };
        let grid = self.known.grid(row);
        let faults = self.faults(&at, row, grid.is_err());
        if !faults.is_empty() {
            return without(RowResult::Faulty(faults));
        }
        if let Some(reference) = row.order.external_ref.as_deref() {
            let known = self.known.references.get(reference).copied();
            if !self.seen.insert(reference) || known.is_some() {
                return without(RowResult::Duplicate(known));
            }
        }
        let mut judged = without(RowResult::Good);
        if let Some((customer, likely)) = self.customer(row, index) {
            judged.report.likely = likely;
            if let Some((site, likely)) = self.site(row, customer, index) {
                judged.report.likely.extend(likely);
                judged.report.parties = Some((customer, site));
            }
        }
        judged.grid = grid.unwrap_or_default();
        judged
    }

    /// Everything that is wrong with a row, each fault once and with its cell.
    fn faults(&self, at: &str, row: &ImportRow, is_grid_unknown: bool) -> Vec<FieldFault> {
        let mut refusal = Refusal::new(ErrorCode::Invalid);
        refusal = match (&row.customer, row.customer_id) {
            (Some(customer), None) => customers::check(&format!("{at}customer."), customer, refusal),
            (None, Some(id)) if self.known.customers.contains(&id) => refusal,
            (None, Some(_)) => refusal.both(format!("{at}customer_id"), "an existing customer", "已有客户的编号"),
            _ => refusal.both(
                format!("{at}customer"),
                "either a customer or the id of one",
                "客户信息与客户编号二者填写其一",
            ),
        };
        refusal = match (&row.site, row.site_id) {
            (Some(site), None) => sites::check(&format!("{at}site."), site, refusal),
            (None, Some(id)) if row.customer_id.is_some() && self.known.sites.get(&id) == row.customer_id.as_ref() => {
                refusal
            }
            (None, Some(_)) => refusal.both(
                format!("{at}site_id"),
                "an existing site of the customer that customer_id names",
                "客户编号所指客户的已有地点编号",
            ),
            _ => refusal.both(format!("{at}site"), "either a site or the id of one", "地点信息与地点编号二者填写其一"),
        };
        if is_grid_unknown {
            refusal = refusal.both(format!("{at}site.grid_id"), "an existing grid", "已有的网格");
        }
        refusal = check(&format!("{at}order."), &row.order, refusal);
        // What could not be read is not missing besides.
        let is_told = |path: &str| {
            row.faults.iter().any(|fault| fault.path == path || fault.path.strip_suffix("_id") == Some(path))
        };
        refusal.fields.retain(|fault| !is_told(&fault.path));
        row.faults.iter().cloned().chain(refusal.fields).map(|fault| placed(at, fault, row)).collect()
    }

    /// The customer of a good row, and who is likely the same; none if the row names none, which is a fault.
    fn customer(&mut self, row: &ImportRow, index: usize) -> Option<(Party<CustomerId>, Vec<Likely>)> {
        if let Some(known) = row.customer_id {
            return Some((Party::Known(known), Vec::new()));
        }
        let new = row.customer.as_ref()?;
        let alike = self.known.alike.like_customer(&new.name, &new.phones, &new.address);
        let what =
            |id: CustomerId| self.made.get(&id).map_or(LikelyWhat::Customer(id), |row| LikelyWhat::CustomerOfRow(*row));
        let likely = alike.iter().take(MAX_LIKELY).map(|(id, why)| Likely { what: what(*id), why: why.clone() });
        let likely = likely.collect();
        if self.reuse == Reuse::Exact
            && let Some(same) = the_same(&alike)
        {
            return Some((party(same, &self.made), likely));
        }
        let id = CustomerId(self.app.id());
        self.known.alike.add_customer(id, new);
        self.made.insert(id, index);
        Some((Party::Added(id), likely))
    }

    /// The site of a good row, and which are likely the same; none if the row names none, which is a fault.
    fn site(
        &mut self,
        row: &ImportRow,
        customer: Party<CustomerId>,
        index: usize,
    ) -> Option<(Party<SiteId>, Vec<Likely>)> {
        if let Some(known) = row.site_id {
            return Some((Party::Known(known), Vec::new()));
        }
        let new = row.site.as_ref()?;
        let alike: Vec<(SiteId, CustomerId)> = self.known.alike.like_site(&new.address).collect();
        let what = |id: SiteId, of: CustomerId| {
            self.made_sites.get(&id).map_or(LikelyWhat::Site(id, of), |row| LikelyWhat::SiteOfRow(*row))
        };
        let likely = |(id, of): &(SiteId, CustomerId)| Likely { what: what(*id, *of), why: vec![Why::Address] };
        let likely = alike.iter().take(MAX_LIKELY).map(likely).collect();
        let mut same = alike.iter().filter(|(_, of)| *of == customer.id()).map(|(id, _)| *id);
        if self.reuse == Reuse::Exact
            && let (Some(only), None) = (same.next(), same.next())
        {
            return Some((party(only, &self.made_sites), likely));
        }
        let id = SiteId(self.app.id());
        self.known.alike.add_site(id, customer.id(), &new.address);
        self.made_sites.insert(id, index);
        Some((Party::Added(id), likely))
    }
}

/// What is reused: of an earlier row, or known before.
fn party<T: Ord + Copy>(id: T, made: &BTreeMap<T, usize>) -> Party<T> {
    made.get(&id).map_or(Party::Known(id), |row| Party::OfRow(id, *row))
}

/// A fault with the cell that it is about, if the row stands in a sheet that has such a column.
fn placed(at: &str, fault: FieldFault, row: &ImportRow) -> FieldFault {
    let place = fault.path.strip_prefix(at).unwrap_or(&fault.path);
    let mut cells = row.origin.iter().flat_map(|origin| &origin.cells);
    match cells.find(|(_, column)| column.holds(place)) {
        Some((cell, column)) => FieldFault { cell: Some(cell.clone()), column: Some(column.name.clone()), ..fault },
        None => fault,
    }
}
