//! The office's plan in a review.

use std::collections::BTreeMap;

use serde::Serialize;
use sync_core::ids::UserId;
use sync_core::plan::PlanSnapshot;
use utoipa::ToSchema;

use crate::http::wire::Instant;

/// What the office planned.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewPlanOut {
    /// Number of the visit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Number of the work order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_order_number: Option<String>,
    /// The order's number in the ordering system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_ref: Option<String>,
    /// Channel of the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "store")]
    pub channel: Option<String>,
    /// Facts of the order that rules read.
    #[schema(example = json!({ "contracted_mbps": "500", "number_209": "209000123456" }))]
    pub fields: BTreeMap<String, String>,
    /// Agreed or planned start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Instant>,
    /// Address of the site, masked for who only judges.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Scene of the site.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "urban_residential")]
    pub scene: Option<String>,
    /// Number of the attempt.
    pub attempt: i64,
    /// Who executed the visit.
    pub crew: Vec<UserId>,
}

impl From<&PlanSnapshot> for ReviewPlanOut {
    fn from(plan: &PlanSnapshot) -> Self {
        let order = plan.work_order.as_ref();
        let agreed = plan.appointment.as_ref().map(|appointment| appointment.start_ms);
        Self {
            number: plan.visit.number.clone(),
            work_order_number: order.and_then(|order| order.number.clone()),
            external_ref: order.and_then(|order| order.external_ref.clone()),
            channel: order.map(|order| order.channel.clone()),
            fields: order.map(|order| order.fields.clone()).unwrap_or_default(),
            start: agreed.or(plan.visit.planned_start_ms).map(Instant::from),
            address: plan.site.as_ref().map(|site| site.address.clone()),
            scene: plan.site.as_ref().map(|site| site.scene.clone()),
            attempt: plan.visit.attempt,
            crew: plan.visit.crew.clone(),
        }
    }
}
