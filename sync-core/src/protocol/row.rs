//! Rows of the feed: office data as phones receive it.
//!
//! The body stays JSON here (identifiers as text, also in CBOR); its types are in [`crate::plan`] and
//! [`crate::template`].

use serde::de::DeserializeOwned;
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::plain_json::{self, PlainJsonError};

/// The kinds of rows; a phone keeps kinds it does not know.
///
/// # Source
/// Design section 13, rows.
pub mod kind {
    /// [`crate::plan::VisitPlan`].
    pub const VISIT: &str = "visit";
    /// [`crate::plan::CustomerRow`].
    pub const CUSTOMER: &str = "customer";
    /// [`crate::plan::SiteRow`].
    pub const SITE: &str = "site";
    /// [`crate::plan::WorkOrderRow`].
    pub const WORK_ORDER: &str = "work_order";
    /// [`crate::plan::AppointmentRow`].
    pub const APPOINTMENT: &str = "appointment";
    /// [`crate::plan::AssignmentRow`].
    pub const ASSIGNMENT: &str = "assignment";
    /// [`crate::template::Template`], served verbatim.
    pub const TEMPLATE: &str = "template";
    /// [`crate::plan::PolicyRow`].
    pub const POLICY: &str = "policy";
    /// [`crate::plan::CalendarRow`].
    pub const CALENDAR: &str = "calendar";
    /// Reference lists.
    pub const REFERENCE: &str = "reference";
    /// [`crate::plan::IntentResultRow`].
    pub const INTENT_RESULT: &str = "intent_result";
    /// [`crate::plan::VerdictRow`].
    pub const VERDICT: &str = "verdict";
    /// [`crate::plan::ReworkRow`].
    pub const REWORK: &str = "rework";
    /// An office choice between concurrent values.
    pub const CONFLICT: &str = "conflict";
    /// [`crate::plan::LateWorkRow`]: work by a rep whom the visit no longer belonged to.
    pub const LATE_WORK: &str = "late_work";
    /// [`crate::plan::LateDecisionRow`].
    pub const LATE_DECISION: &str = "late_decision";
    /// What became of a quarantined item.
    pub const QUARANTINE: &str = "quarantine";
    /// An order to the device, such as wipe.
    pub const ORDER: &str = "order";

    /// All kinds of version 1.
    pub const ALL: [&str; 18] = [
        VISIT,
        CUSTOMER,
        SITE,
        WORK_ORDER,
        APPOINTMENT,
        ASSIGNMENT,
        TEMPLATE,
        POLICY,
        CALENDAR,
        REFERENCE,
        INTENT_RESULT,
        VERDICT,
        REWORK,
        CONFLICT,
        LATE_WORK,
        LATE_DECISION,
        QUARANTINE,
        ORDER,
    ];
}

/// One row of the feed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RowWire")]
pub enum Row {
    /// The row exists with this content.
    Put {
        /// Id of the thing, as text.
        id: String,
        /// Version of the thing, from 1.
        version: i64,
        /// The row as JSON.
        body: Value,
    },
    /// No audience of this phone holds the thing any more.
    Gone {
        /// Id of the thing, as text.
        id: String,
    },
}

#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct RowWire {
    id: String,
    version: Option<i64>,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    body: Option<Value>,
    #[serde(default)]
    gone: bool,
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Row {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        RowWire::schema()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Row {}

impl TryFrom<RowWire> for Row {
    type Error = &'static str;

    fn try_from(wire: RowWire) -> Result<Self, &'static str> {
        match (wire.gone, wire.version, wire.body) {
            (true, None, None) => Ok(Self::Gone { id: wire.id }),
            (false, Some(version), Some(body)) => Ok(Self::Put { id: wire.id, version, body }),
            _ => Err("expected a row with version and body, or with gone"),
        }
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Put { id, version, body } => {
                let mut row = serializer.serialize_struct("Row", 3)?;
                row.serialize_field("id", id)?;
                row.serialize_field("version", version)?;
                row.serialize_field("body", body)?;
                row.end()
            }
            Self::Gone { id } => {
                let mut row = serializer.serialize_struct("Row", 2)?;
                row.serialize_field("id", id)?;
                row.serialize_field("gone", &true)?;
                row.end()
            }
        }
    }
}

impl Row {
    /// The id of the thing.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Put { id, .. } | Self::Gone { id } => id,
        }
    }

    /// Reads the body as a type; `None` if the row is gone.
    ///
    /// # Errors
    /// [`PlainJsonError::Shape`] if the body is not of the type.
    pub fn body_as<T: DeserializeOwned>(&self) -> Result<Option<T>, PlainJsonError> {
        match self {
            Self::Put { body, .. } => plain_json::from_value(body.clone()).map(Some),
            Self::Gone { .. } => Ok(None),
        }
    }
}
