//! Keeping the good rows of an import, table by table.

use doorstep_store::customers::{CustomerRecord, PhoneRecord, insert_customers};
use doorstep_store::sites::{SiteRecord, insert_sites};
use doorstep_store::work_orders::{WorkOrderRecord, insert_work_orders};
use doorstep_store::{Conn, audit as events};
use serde_json::json;
use sync_core::ids::WorkOrderId;

use super::import::{ImportRow, Party, RowResult};
use super::judge::Judged;
use super::row_of;
use crate::app::{AppResult, AppState, Ctx, audit, customers, deadlines, numbers, sites};

/// What the good rows add.
#[derive(Default)]
struct Added {
    customers: Vec<CustomerRecord>,
    phones: Vec<PhoneRecord>,
    sites: Vec<SiteRecord>,
    orders: Vec<WorkOrderRecord>,
    events: Vec<events::AuditEventRow>,
}

/// Writes the good rows, says so in their reports, and counts them.
///
/// A few statements for each table instead of a few for each row: thousands of orders come at once, and to PostgreSQL each
/// statement is a round trip.
pub(super) fn keep(
    conn: &mut Conn,
    app: &AppState,
    ctx: &Ctx,
    rows: &[ImportRow],
    judged: &mut [Judged],
) -> AppResult<usize> {
    let good = judged.iter().filter(|row| row.report.result == RowResult::Good).count();
    if good == 0 {
        return Ok(0);
    }
    let mut numbers = numbers::take_many(conn, ctx.actor.org, "WO", ctx.now, good)?.into_iter();
    let mut added = Added::default();
    for (row, judged) in rows.iter().zip(judged) {
        if judged.report.result == RowResult::Good {
            added.add(app, ctx, row, judged, numbers.next())?;
        }
    }
    insert_customers(conn, &added.customers, &added.phones)?;
    insert_sites(conn, &added.sites)?;
    insert_work_orders(conn, &added.orders)?;
    deadlines::open_for_orders(conn, ctx.actor.org, &added.orders, ctx.now)?;
    events::insert_audit_events(conn, &added.events)?;
    Ok(good)
}

impl Added {
    fn add(
        &mut self,
        app: &AppState,
        ctx: &Ctx,
        row: &ImportRow,
        judged: &mut Judged,
        number: Option<String>,
    ) -> AppResult<()> {
        let org = ctx.actor.org;
        let Some((customer, site)) = judged.report.parties else { return Ok(()) };
        if let (Party::Added(id), Some(new)) = (customer, &row.customer) {
            self.customers.push(customers::row_of(org, id, new, ctx.now));
            self.phones.extend(customers::phones_of(org, id, new));
        }
        if let (Party::Added(id), Some(new)) = (site, &row.site) {
            let row = sites::row_of(org, id, customer.id(), new, ctx.now);
            self.sites.push(SiteRecord { grid_id: judged.grid.map(doorstep_store::Txt), ..row });
        }
        let id = WorkOrderId(app.id());
        let order = row_of(ctx, id, number, (customer.id(), site.id()), &row.order)?;
        self.events.push(audit::event(app, ctx, "work_order.created", id, &json!({ "number": order.number })));
        judged.report.result = RowResult::Created(id, order.number.clone());
        self.orders.push(order);
        Ok(())
    }
}
