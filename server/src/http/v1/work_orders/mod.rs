//! Work orders: request and response types.

pub mod create;
pub mod hold;
pub mod import;
pub mod import_body;
pub mod import_out;
pub mod import_template;
pub mod list;
pub mod refuse;
pub mod show;

use std::collections::BTreeMap;

use doorstep_store::order_holds::OrderHoldRow;
use serde::{Deserialize, Serialize};
use sync_core::ids::{CustomerId, OutageId, SiteId, VisitId, WorkOrderId};
use utoipa::ToSchema;

use crate::app::work_orders::{OrderData, WorkOrder};
use crate::http::v1::outages::LikelyOutageOut;
use crate::http::wire::Instant;

/// What a work order says beside customer and site.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "external_ref": "CRM-88001", "number_209": "20900088001", "type": "install", "channel": "hotline",
    "fields": { "contracted_mbps": "500" }
}))]
pub struct OrderIn {
    /// Number in the ordering system, unique in the organisation.
    #[serde(default)]
    #[schema(example = "CRM-88001")]
    pub external_ref: Option<String>,
    /// The 209 number of broadband orders.
    #[serde(default)]
    #[schema(example = "20900088001")]
    pub number_209: Option<String>,
    /// `install`, `remove`, `move`, `repair`, `return_visit`, `retention`, `survey`, `call`, `complaint` or `inspection`.
    #[serde(rename = "type")]
    #[schema(example = "install")]
    pub kind: String,
    /// `hotline`, `store`, `web`, `app`, `online_marketing` or `integrator`.
    #[schema(example = "hotline")]
    pub channel: String,
    /// Facts that rules of templates read: code → text, decimals as decimal strings.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// Higher goes first.
    #[serde(default)]
    pub priority: i64,
}

impl From<OrderIn> for OrderData {
    fn from(body: OrderIn) -> Self {
        Self {
            external_ref: body.external_ref,
            number_209: body.number_209,
            kind: body.kind,
            channel: body.channel,
            fields: body.fields,
            priority: body.priority,
        }
    }
}

/// What was answered to a work order that was not accepted.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefusalOut {
    /// Why, as a code.
    #[schema(example = "out_of_area")]
    pub reason_code: String,
    /// Why, in words for the customer.
    #[schema(example = "该地址不在服务区域内")]
    pub reason: String,
    /// What the customer can do instead.
    #[schema(example = "请联系当地营业厅办理")]
    pub suggestion: String,
    /// When.
    pub refused_at: Instant,
}

/// Why nobody works on an order for the time being.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderHoldOut {
    /// Why.
    #[schema(example = "等待物业配合")]
    pub reason: String,
    /// Since when.
    pub since: Instant,
    /// When it will probably go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
    /// The outage that it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outage_id: Option<OutageId>,
}

impl From<OrderHoldRow> for OrderHoldOut {
    fn from(row: OrderHoldRow) -> Self {
        Self {
            reason: row.reason,
            since: row.held_at_ms.into(),
            until: row.until_ms.map(Instant::from),
            outage_id: row.outage_id.map(|id| id.0),
        }
    }
}

/// A work order.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkOrderOut {
    /// Id.
    pub id: WorkOrderId,
    /// Number in the organisation's series.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "WO-2025-000001")]
    pub number: Option<String>,
    /// Number in the ordering system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_ref: Option<String>,
    /// The 209 number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number_209: Option<String>,
    /// Type.
    #[serde(rename = "type")]
    #[schema(example = "install")]
    pub kind: String,
    /// Channel.
    #[schema(example = "hotline")]
    pub channel: String,
    /// Whose order.
    pub customer_id: CustomerId,
    /// Where.
    pub site_id: SiteId,
    /// Facts that rules read.
    #[schema(example = json!({ "contracted_mbps": "500" }))]
    pub fields: BTreeMap<String, String>,
    /// Higher goes first.
    pub priority: i64,
    /// Its visits that the asker may see, at most 50.
    pub visit_ids: Vec<VisitId>,
    /// What was answered, if it was not accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<RefusalOut>,
    /// Why nobody works on it for the time being.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<OrderHoldOut>,
    /// Whether that lasts longer than it said; it goes on once somebody says so.
    pub hold_overdue: bool,
    /// Open outages where it is, told to whoever adds a repair: it probably waits for one of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub likely_outages: Vec<LikelyOutageOut>,
    /// Version of the row.
    #[schema(example = 1)]
    pub version: i64,
    /// When it was added.
    pub created_at: Instant,
}

impl From<WorkOrder> for WorkOrderOut {
    fn from(order: WorkOrder) -> Self {
        let row = order.row;
        Self {
            id: row.id.0,
            number: row.number,
            external_ref: row.external_ref,
            number_209: row.number_209,
            kind: row.kind,
            channel: row.channel,
            customer_id: row.customer_id.0,
            site_id: row.site_id.0,
            fields: order.fields,
            priority: row.priority,
            visit_ids: order.visits,
            refusal: order.refusal.map(|refusal| RefusalOut {
                reason_code: refusal.reason_code,
                reason: refusal.reason,
                suggestion: refusal.suggestion,
                refused_at: refusal.refused_at_ms.into(),
            }),
            hold: order.hold.map(OrderHoldOut::from),
            hold_overdue: order.is_hold_overdue,
            likely_outages: order.likely_outages.into_iter().map(LikelyOutageOut::from).collect(),
            version: row.version,
            created_at: row.created_at_ms.into(),
        }
    }
}
