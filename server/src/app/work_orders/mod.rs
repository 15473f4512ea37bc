//! Work orders: creating, showing, listing, importing.

pub(crate) mod hold;
mod import;
mod judge;
mod keep;
mod overdue;
mod refuse;
mod sheet;

use std::collections::BTreeMap;

use doorstep_store::order_holds::{OrderHoldRow, list_holds};
use doorstep_store::order_refusals::{OrderRefusalRow, list_order_refusals};
use doorstep_store::outages::OutageRow;
use doorstep_store::work_orders::{self, WorkOrderFilter, WorkOrderRecord};
use doorstep_store::{Conn, Txt, customers, sites, visits};
use serde_json::json;
use sync_core::ids::{CustomerId, SiteId, VisitId, WorkOrderId};
use sync_core::plain_json;

pub(crate) use hold::require_not_held;
pub use hold::{NewHold, hold_work_order, resume_work_order};
pub use import::{
    ImportMode, ImportOptions, ImportOutcome, ImportReport, ImportRow, ImportRows, Likely, LikelyWhat, Party, Reuse,
    RowReport, RowResult, import_work_orders,
};
pub(crate) use overdue::source_of_outage;
pub use overdue::tell_overdue;
pub(crate) use refuse::require_open;
pub use refuse::{NewRefusal, REFUSAL_REASONS, refuse_work_order};
pub use sheet::{SheetFormat, read_sheet, template};

use crate::app::customers::is_text;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit, deadlines, numbers, outages, reach};

/// Types of work orders.
///
/// # Source
/// Rulebook 1.2.
pub const KINDS: [&str; 10] =
    ["install", "remove", "move", "repair", "return_visit", "retention", "survey", "call", "complaint", "inspection"];

/// Channels of work orders.
///
/// # Source
/// Rulebook 1.2; `integrator` for what an external system sends on its own account (rulebook 1.1).
pub const CHANNELS: [&str; 6] = ["hotline", "store", "web", "app", "online_marketing", "integrator"];

/// Most order fields of one work order.
const MAX_FIELDS: usize = 50;

/// What a work order says beside customer and site.
#[derive(Debug, Clone)]
pub struct OrderData {
    /// Number in the ordering system.
    pub external_ref: Option<String>,
    /// The 209 number.
    pub number_209: Option<String>,
    /// Type.
    pub kind: String,
    /// Channel.
    pub channel: String,
    /// Order fields: code → text.
    pub fields: BTreeMap<String, String>,
    /// Higher goes first.
    pub priority: i64,
}

/// A work order with its visits.
#[derive(Debug, Clone)]
pub struct WorkOrder {
    /// The row.
    pub row: WorkOrderRecord,
    /// Order fields.
    pub fields: BTreeMap<String, String>,
    /// Its visits within the asker's reach, by attempt.
    pub visits: Vec<VisitId>,
    /// What was answered, if it was not accepted.
    pub refusal: Option<OrderRefusalRow>,
    /// Why nobody works on it for the time being.
    pub hold: Option<OrderHoldRow>,
    /// Whether that lasts longer than it said.
    pub is_hold_overdue: bool,
    /// Open outages where it is, told to whoever adds a repair.
    pub likely_outages: Vec<OutageRow>,
}

/// Adds a work order and gives it a number.
///
/// # Errors
/// `invalid` naming the field, `conflict` if `external_ref` is taken.
// Rule: APT-10
pub async fn create_work_order(
    state: &AppState,
    ctx: Ctx,
    customer: CustomerId,
    site: SiteId,
    data: OrderData,
) -> AppResult<WorkOrder> {
    check("", &data, Refusal::new(ErrorCode::Invalid)).into_result()?;
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            check_place(conn, &ctx, customer, site)?;
            let row = insert(conn, &app, &ctx, (customer, site), &data)?;
            let likely_outages = outages::likely_for(conn, &row)?;
            let (fields, visits, is_hold_overdue) = (data.fields.clone(), Vec::new(), false);
            let (refusal, hold) = (None, None);
            Ok::<_, AppError>(WorkOrder { row, fields, visits, refusal, hold, is_hold_overdue, likely_outages })
        })
        .await
}

/// Customer and site exist and belong together.
fn check_place(conn: &mut Conn, ctx: &Ctx, customer: CustomerId, site: SiteId) -> AppResult<()> {
    let refusal = Refusal::new(ErrorCode::Invalid);
    if customers::find_customer(conn, ctx.actor.org, customer)?.is_none() {
        return Err(refusal.field("customer_id", "an existing customer").into());
    }
    match sites::find_site(conn, ctx.actor.org, site)? {
        Some(site) if site.customer_id.0 == customer => Ok(()),
        _ => Err(refusal.field("site_id", "an existing site of this customer").into()),
    }
}

/// Adds faults of an order to a refusal; `at` is the path of the order in the request.
pub(crate) fn check(at: &str, data: &OrderData, mut refusal: Refusal) -> Refusal {
    if !KINDS.contains(&data.kind.as_str()) {
        refusal = refusal.both(format!("{at}type"), one_of(&KINDS), one_of_zh(&KINDS));
    }
    if !CHANNELS.contains(&data.channel.as_str()) {
        refusal = refusal.both(format!("{at}channel"), one_of(&CHANNELS), one_of_zh(&CHANNELS));
    }
    for (name, text) in [("external_ref", &data.external_ref), ("number_209", &data.number_209)] {
        if text.as_ref().is_some_and(|text| !is_text(text, 64)) {
            refusal = refusal.both(format!("{at}{name}"), "1 to 64 characters", "1 至 64 个字符");
        }
    }
    let is_code = |key: &String| key.len() <= 64 && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if data.fields.len() > MAX_FIELDS || data.fields.iter().any(|(key, text)| !is_code(key) || text.len() > 500) {
        refusal = refusal.both(
            format!("{at}fields"),
            "at most 50 codes with texts of at most 500 bytes",
            "最多 50 个字段代码，每个文本不超过 500 字节",
        );
    }
    if !(-1000..=1000).contains(&data.priority) {
        refusal = refusal.both(format!("{at}priority"), "-1000 to 1000", "-1000 至 1000");
    }
    refusal
}

fn one_of(words: &[&str]) -> String {
    format!("one of {}", words.join(", "))
}

fn one_of_zh(words: &[&str]) -> String {
    format!("下列之一：{}", words.join("、"))
}

/// Writes a checked work order with the next number.
pub(crate) fn insert(
    conn: &mut Conn,
    app: &AppState,
    ctx: &Ctx,
    place: (CustomerId, SiteId),
    data: &OrderData,
) -> AppResult<WorkOrderRecord> {
    let number = Some(numbers::take(conn, ctx.actor.org, "WO", ctx.now)?);
    let row = row_of(ctx, WorkOrderId(app.id()), number, place, data)?;
    work_orders::insert_work_order(conn, &row)?;
    deadlines::open_for_orders(conn, row.org_id.0, std::slice::from_ref(&row), ctx.now)?;
    audit::record(conn, app, ctx, "work_order.created", row.id, &json!({ "number": row.number }))?;
    Ok(row)
}

/// The row of a checked work order.
fn row_of(
    ctx: &Ctx,
    id: WorkOrderId,
    number: Option<String>,
    place: (CustomerId, SiteId),
    data: &OrderData,
) -> AppResult<WorkOrderRecord> {
    let fields = plain_json::to_string(&data.fields).map_err(|error| AppError::Internal(error.to_string()))?;
    Ok(WorkOrderRecord {
        org_id: Txt(ctx.actor.org),
        id: Txt(id),
        number,
        external_ref: data.external_ref.clone(),
        number_209: data.number_209.clone(),
        kind: data.kind.clone(),
        channel: data.channel.clone(),
        customer_id: Txt(place.0),
        site_id: Txt(place.1),
        fields,
        priority: data.priority,
        version: 1,
        created_at_ms: ctx.now.0,
    })
}

/// The work order of this id with its visits.
///
/// # Errors
/// `not_found` if absent or out of reach.
pub async fn show_work_order(state: &AppState, ctx: Ctx, id: WorkOrderId) -> AppResult<WorkOrder> {
    state
        .store
        .read(move |conn| {
            let reach = reach::of(conn, &ctx)?;
            let filter = WorkOrderFilter { id: Some(id), reps: reach.people, ..Default::default() };
            let mut found = list_loaded(conn, &ctx, &filter, reach.visits.as_ref(), "", 1)?;
            found.pop().ok_or_else(|| ErrorCode::NotFound.into())
        })
        .await
}

/// Lists work orders in id order, as far as the asker may see them.
///
/// # Errors
/// Database errors only.
pub async fn list_work_orders(
    state: &AppState,
    ctx: Ctx,
    mut filter: WorkOrderFilter,
    after: String,
    size: i64,
) -> AppResult<Vec<WorkOrder>> {
    state
        .store
        .read(move |conn| {
            let reach = reach::of(conn, &ctx)?;
            filter.reps = reach.people;
            list_loaded(conn, &ctx, &filter, reach.visits.as_ref(), &after, size)
        })
        .await
}

pub(crate) fn list_loaded(
    conn: &mut Conn,
    ctx: &Ctx,
    filter: &WorkOrderFilter,
    reach: Option<&visits::VisitReach>,
    after: &str,
    size: i64,
) -> AppResult<Vec<WorkOrder>> {
    let rows = work_orders::list_work_orders(conn, ctx.actor.org, filter, after, size)?;
    let ids: Vec<WorkOrderId> = rows.iter().map(|row| row.id.0).collect();
    let refused = list_order_refusals(conn, ctx.actor.org, &ids)?;
    let mut refused: BTreeMap<WorkOrderId, _> = refused.into_iter().map(|row| (row.work_order_id.0, row)).collect();
    let held = list_holds(conn, ctx.actor.org, &ids)?;
    let mut held: BTreeMap<WorkOrderId, _> = held.into_iter().map(|row| (row.work_order_id.0, row)).collect();
    rows.into_iter()
        .map(|row| {
            let seen = visits::VisitFilter { work_order: Some(row.id.0), reach: reach.cloned(), ..Default::default() };
            let visits = visits::list_visits(conn, ctx.actor.org, &seen, "", MAX_VISITS)?;
            let fields = crate::app::rows::read("work_orders", row.id, &row.fields)?;
            let visits = visits.into_iter().map(|visit| visit.id.0).collect();
            let (refusal, hold): (_, Option<OrderHoldRow>) = (refused.remove(&row.id.0), held.remove(&row.id.0));
            let is_hold_overdue = hold.as_ref().is_some_and(|hold| hold.is_overdue(ctx.now.0));
            Ok(WorkOrder { fields, visits, refusal, hold, is_hold_overdue, likely_outages: Vec::new(), row })
        })
        .collect()
}

/// Visits listed with a work order; more attempts than this are found in the list of visits.
const MAX_VISITS: i64 = 50;
