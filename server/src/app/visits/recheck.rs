//! Planning the inspection that follows the rectification of what an earlier one found (PRE-01).

use std::collections::BTreeMap;

use doorstep_store::{Conn, presence};
use sync_core::ids::{UserId, VisitId};

use super::next_attempt::order_of;
use super::plan::{NewVisit, PlannedTime, plan};
use super::{Visit, require, state_of};
use crate::app::rows::read;
use crate::app::work_orders::{self, OrderData, require_open};
use crate::app::{AppResult, AppState, Ctx, reach};

/// The field of an order that tells which inspection it is, and its value for one after rectification.
///
/// # Source
/// Rulebook 17, `phase`.
const PHASE: (&str, &str) = ("inspection_phase", "recheck");

/// The field that names the order whose defects were rectified.
const RECHECK_OF: &str = "recheck_of";

/// Plans an inspection of the same site by the same template, under an order of its own that names the earlier one: what was
/// asked of the earlier visit stays as it was.
///
/// # Errors
/// `not_found`, `state_invalid` while the inspection is not handed in, `invalid` naming the field.
// Rule: PRE-01
pub(crate) fn plan_recheck(
    conn: &mut Conn,
    app: &AppState,
    ctx: &Ctx,
    id: VisitId,
    (crew, time): (&[UserId], &PlannedTime),
) -> AppResult<Visit> {
    presence::lock_visit(conn, ctx.actor.org, id)?;
    let inspected = reach::load_visit(conn, ctx, id)?;
    let state = state_of(&inspected)?;
    require(reach::handed_in().contains(&state.code()), state)?;
    let before = order_of(conn, &inspected)?;
    require_open(conn, &before)?;
    let mut fields: BTreeMap<String, String> = read("work_orders", before.id, &before.fields)?;
    fields.insert(PHASE.0.to_owned(), PHASE.1.to_owned());
    fields.insert(RECHECK_OF.to_owned(), before.number.clone().unwrap_or_else(|| before.id.to_string()));
    let data = OrderData {
        external_ref: None,
        number_209: before.number_209.clone(),
        kind: before.kind.clone(),
        channel: before.channel.clone(),
        fields,
        priority: before.priority,
    };
    let order = work_orders::insert(conn, app, ctx, (before.customer_id.0, before.site_id.0), &data)?;
    let (template, time) = (inspected.template.clone(), time.clone());
    let new = NewVisit { work_order: order.id.0, template, crew: crew.to_vec(), time };
    plan(conn, app, ctx, &order, None, &new)
}
