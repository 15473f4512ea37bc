//! The typed bodies of intents.
//!
//! # Units
//! Names ending in `_ms` are milliseconds UTC; `date` is `YYYY-MM-DD` in the organisation's zone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fields::Fields;
use super::{IntentError, IntentKind};
use crate::bytes::Hash;
use crate::ids::{AppointmentId, CustomerId, SiteId, VisitId, WorkOrderId};
use crate::plain_json::{PlainJsonError, to_string};
use crate::time::{Geo, UnixMillis};

/// Longest name or phone number in characters.
const NAME: usize = 200;
/// Longest address, reason or note in characters.
const TEXT: usize = 2_000;

/// What an intent asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntentBody {
    /// Make an unplanned visit.
    CreateVisit(CreateVisit),
    /// Make a customer.
    CreateCustomer(CreateCustomer),
    /// Make a customer's location.
    CreateSite(CreateSite),
    /// Propose an appointment.
    ProposeAppointment(ProposeAppointment),
    /// Move an appointment.
    ChangeAppointment(ChangeAppointment),
    /// Begin the working day.
    DayCheckIn(DayCheckIn),
    /// Check the kit.
    DayKit(DayKit),
    /// Note something of the day.
    DayNote(DayNote),
    /// One of [`IntentKind::UNTYPED`] with its body as it came.
    Generic(IntentKind, Map<String, Value>),
}

/// Makes a visit the office never planned; its crew is the author.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateVisit {
    /// The new visit, which names its document.
    pub visit_id: VisitId,
    /// Template to follow.
    pub template: String,
    /// Version of the template.
    pub template_version: i64,
    /// Version of the policy.
    pub policy_version: i64,
    /// Work order it serves, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_order_id: Option<WorkOrderId>,
    /// Customer, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<CustomerId>,
    /// Site, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site_id: Option<SiteId>,
    /// Why the visit is made.
    pub reason: String,
}

/// Makes a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateCustomer {
    /// The new customer.
    pub customer_id: CustomerId,
    /// `individual` or `institution`.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Phone numbers.
    pub phones: Vec<String>,
    /// Postal address.
    pub address: String,
}

/// Makes a customer's location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateSite {
    /// The new site.
    pub site_id: SiteId,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// Address.
    pub address: String,
    /// `urban_residential`, `rural` or `business`.
    pub scene: String,
    /// Position, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geo: Option<Geo>,
    /// How to get in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_note: Option<String>,
}

/// Proposes an appointment of a work order, for instance the second one after nobody was at home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposeAppointment {
    /// The new appointment.
    pub appointment_id: AppointmentId,
    /// Its work order.
    pub work_order_id: WorkOrderId,
    /// The visit at which it was proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit_id: Option<VisitId>,
    /// Proposed start.
    pub start_ms: UnixMillis,
    /// Proposed end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_ms: Option<UnixMillis>,
    /// Whether the customer has agreed already.
    pub agreed: bool,
    /// Note for the dispatcher.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Moves an appointment (APT-04); `base_version` of the intent is the version the rep saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeAppointment {
    /// The appointment.
    pub appointment_id: AppointmentId,
    /// New start.
    pub start_ms: UnixMillis,
    /// New end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_ms: Option<UnixMillis>,
    /// Whether we asked for it; false if the customer did.
    pub proposed_by_us: bool,
    /// When the customer was told.
    pub notified_at_ms: UnixMillis,
    /// Why.
    pub reason: String,
}

/// A blob an intent declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobRef {
    /// Name of the blob.
    pub sha256: Hash,
    /// Size.
    pub bytes: i64,
    /// Media type by content.
    pub media_type: String,
}

/// Begins the working day (INS-53, INS-54).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayCheckIn {
    /// The day.
    pub date: String,
    /// Named place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geo: Option<Geo>,
    /// On-duty photo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<BlobRef>,
}

/// Checks the kit (INS-08, INS-09).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayKit {
    /// The day.
    pub date: String,
    /// Item code → whether it is there.
    pub items: BTreeMap<String, bool>,
    /// Note on what is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Notes something of the day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayNote {
    /// The day.
    pub date: String,
    /// The visit it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit_id: Option<VisitId>,
    /// The note.
    pub text: String,
}

impl IntentBody {
    /// What is asked for.
    #[must_use]
    pub const fn kind(&self) -> IntentKind {
        match self {
            Self::CreateVisit(_) => IntentKind::CreateVisit,
            Self::CreateCustomer(_) => IntentKind::CreateCustomer,
            Self::CreateSite(_) => IntentKind::CreateSite,
            Self::ProposeAppointment(_) => IntentKind::ProposeAppointment,
            Self::ChangeAppointment(_) => IntentKind::ChangeAppointment,
            Self::DayCheckIn(_) => IntentKind::DayCheckIn,
            Self::DayKit(_) => IntentKind::DayKit,
            Self::DayNote(_) => IntentKind::DayNote,
            Self::Generic(kind, _) => *kind,
        }
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// [`PlainJsonError`] for a generic body that is not plain JSON.
    pub fn to_value(&self) -> Result<Value, PlainJsonError> {
        let text = match self {
            Self::CreateVisit(body) => to_string(body),
            Self::CreateCustomer(body) => to_string(body),
            Self::CreateSite(body) => to_string(body),
            Self::ProposeAppointment(body) => to_string(body),
            Self::ChangeAppointment(body) => to_string(body),
            Self::DayCheckIn(body) => to_string(body),
            Self::DayKit(body) => to_string(body),
            Self::DayNote(body) => to_string(body),
            Self::Generic(_, body) => to_string(body),
        }?;
        crate::plain_json::parse(text.as_bytes(), crate::plain_json::MAX_DEPTH)
    }

    /// Reads the body of a kind.
    pub(super) fn read(kind: IntentKind, body: Map<String, Value>) -> Result<Self, IntentError> {
        let fields = Fields::new("body.", &body);
        Ok(match kind {
            IntentKind::CreateVisit => Self::CreateVisit(read_create_visit(&fields)?),
            IntentKind::CreateCustomer => Self::CreateCustomer(read_create_customer(&fields)?),
            IntentKind::CreateSite => Self::CreateSite(read_create_site(&fields)?),
            IntentKind::ProposeAppointment => Self::ProposeAppointment(read_propose(&fields)?),
            IntentKind::ChangeAppointment => Self::ChangeAppointment(read_change(&fields)?),
            IntentKind::DayCheckIn => Self::DayCheckIn(DayCheckIn {
                date: fields.day("date")?,
                place: fields.optional("place")?,
                geo: fields.optional("geo")?,
                photo: fields.optional("photo")?,
            }),
            IntentKind::DayKit => Self::DayKit(DayKit {
                date: fields.day("date")?,
                items: fields.required("items")?,
                note: fields.optional("note")?,
            }),
            IntentKind::DayNote => Self::DayNote(DayNote {
                date: fields.day("date")?,
                visit_id: fields.optional("visit_id")?,
                text: fields.text("text", TEXT)?,
            }),
            IntentKind::OpenComplaint | IntentKind::DraftLiaison | IntentKind::ScopeRequest => {
                Self::Generic(kind, body)
            }
        })
    }
}

fn read_create_visit(fields: &Fields<'_>) -> Result<CreateVisit, IntentError> {
    Ok(CreateVisit {
        visit_id: fields.required("visit_id")?,
        template: fields.text("template", NAME)?,
        template_version: fields.required("template_version")?,
        policy_version: fields.required("policy_version")?,
        work_order_id: fields.optional("work_order_id")?,
        customer_id: fields.optional("customer_id")?,
        site_id: fields.optional("site_id")?,
        reason: fields.text("reason", TEXT)?,
    })
}

fn read_create_customer(fields: &Fields<'_>) -> Result<CreateCustomer, IntentError> {
    let customer = CreateCustomer {
        customer_id: fields.required("customer_id")?,
        kind: fields.text("kind", NAME)?,
        name: fields.text("name", NAME)?,
        phones: fields.required("phones")?,
        address: fields.text("address", TEXT)?,
    };
    let kind_is_known = matches!(customer.kind.as_str(), "individual" | "institution");
    fields.ensure(kind_is_known, "kind", "expected individual or institution")?;
    let phones_fit = customer.phones.len() <= 10 && customer.phones.iter().all(|phone| phone.chars().count() <= NAME);
    fields.ensure(phones_fit, "phones", "expected at most 10 phone numbers")?;
    Ok(customer)
}

fn read_create_site(fields: &Fields<'_>) -> Result<CreateSite, IntentError> {
    Ok(CreateSite {
        site_id: fields.required("site_id")?,
        customer_id: fields.required("customer_id")?,
        address: fields.text("address", TEXT)?,
        scene: fields.text("scene", NAME)?,
        geo: fields.optional("geo")?,
        access_note: fields.optional("access_note")?,
    })
}

fn ends_after(start: UnixMillis, end: Option<UnixMillis>) -> bool {
    end.is_none_or(|end| end > start)
}

fn read_propose(fields: &Fields<'_>) -> Result<ProposeAppointment, IntentError> {
    let proposal = ProposeAppointment {
        appointment_id: fields.required("appointment_id")?,
        work_order_id: fields.required("work_order_id")?,
        visit_id: fields.optional("visit_id")?,
        start_ms: fields.required("start_ms")?,
        end_ms: fields.optional("end_ms")?,
        agreed: fields.required("agreed")?,
        note: fields.optional("note")?,
    };
    fields.ensure(ends_after(proposal.start_ms, proposal.end_ms), "end_ms", "expected an end after the start")?;
    Ok(proposal)
}

fn read_change(fields: &Fields<'_>) -> Result<ChangeAppointment, IntentError> {
    let change = ChangeAppointment {
        appointment_id: fields.required("appointment_id")?,
        start_ms: fields.required("start_ms")?,
        end_ms: fields.optional("end_ms")?,
        proposed_by_us: fields.required("proposed_by_us")?,
        notified_at_ms: fields.required("notified_at_ms")?,
        reason: fields.text("reason", TEXT)?,
    };
    fields.ensure(ends_after(change.start_ms, change.end_ms), "end_ms", "expected an end after the start")?;
    Ok(change)
}
