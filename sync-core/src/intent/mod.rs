//! Intents: what a rep asks the office for, made offline and never changed (design sections 2 and 13).
//!
//! Owns the bytes `{id, kind, at, by, base_version?, body}` and the typed bodies. Knows nothing of what
//! the office decides; results come back as rows.

pub mod body;
mod fields;

use serde_json::{Map, Value, json};

use crate::bytes::Hash;
use crate::ids::{IntentId, UserId};
use crate::plain_json::{self, PlainJsonError};
use crate::time::Stamp;

pub use body::IntentBody;
use fields::Fields;

/// Largest intent in bytes.
///
/// # Source
/// Limits section 5, record JSON.
pub const MAX_INTENT_BYTES: usize = 16 * 1024;

/// What a rep can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IntentKind {
    /// Make an unplanned visit.
    CreateVisit,
    /// Make a customer.
    CreateCustomer,
    /// Make a customer's location.
    CreateSite,
    /// Propose an appointment.
    ProposeAppointment,
    /// Move an appointment.
    ChangeAppointment,
    /// Open a complaint.
    OpenComplaint,
    /// Draft a liaison sheet.
    DraftLiaison,
    /// Begin the working day.
    DayCheckIn,
    /// Check the kit.
    DayKit,
    /// Note something of the day.
    DayNote,
    /// Ask for an item outside the scope.
    ScopeRequest,
}

impl IntentKind {
    /// All kinds.
    pub const ALL: [Self; 11] = [
        Self::CreateVisit,
        Self::CreateCustomer,
        Self::CreateSite,
        Self::ProposeAppointment,
        Self::ChangeAppointment,
        Self::OpenComplaint,
        Self::DraftLiaison,
        Self::DayCheckIn,
        Self::DayKit,
        Self::DayNote,
        Self::ScopeRequest,
    ];

    /// Kinds whose body is generic JSON in this version.
    pub const UNTYPED: [Self; 3] = [Self::OpenComplaint, Self::DraftLiaison, Self::ScopeRequest];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::CreateVisit => "create_visit",
            Self::CreateCustomer => "create_customer",
            Self::CreateSite => "create_site",
            Self::ProposeAppointment => "propose_appointment",
            Self::ChangeAppointment => "change_appointment",
            Self::OpenComplaint => "open_complaint",
            Self::DraftLiaison => "draft_liaison",
            Self::DayCheckIn => "day_check_in",
            Self::DayKit => "day_kit",
            Self::DayNote => "day_note",
            Self::ScopeRequest => "scope_request",
        }
    }

    /// The name in Simplified Chinese.
    #[must_use]
    pub const fn label_zh(self) -> &'static str {
        match self {
            Self::CreateVisit => "新建上门",
            Self::CreateCustomer => "新建客户",
            Self::CreateSite => "新建地址",
            Self::ProposeAppointment => "提议预约",
            Self::ChangeAppointment => "改约",
            Self::OpenComplaint => "登记投诉",
            Self::DraftLiaison => "起草联络单",
            Self::DayCheckIn => "签到",
            Self::DayKit => "工具包检查",
            Self::DayNote => "当日记事",
            Self::ScopeRequest => "申请查看资料",
        }
    }

    /// The name in English.
    #[must_use]
    pub const fn label_en(self) -> &'static str {
        match self {
            Self::CreateVisit => "New visit",
            Self::CreateCustomer => "New customer",
            Self::CreateSite => "New site",
            Self::ProposeAppointment => "Propose appointment",
            Self::ChangeAppointment => "Change appointment",
            Self::OpenComplaint => "Open complaint",
            Self::DraftLiaison => "Draft liaison sheet",
            Self::DayCheckIn => "Check in",
            Self::DayKit => "Kit check",
            Self::DayNote => "Day note",
            Self::ScopeRequest => "Request access",
        }
    }

    /// The kind of a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// One intent of a rep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Its id; the same id again is a duplicate.
    pub id: IntentId,
    /// When it was made.
    pub at: Stamp,
    /// Who made it.
    pub by: UserId,
    /// Version of the thing it changes, as the rep saw it.
    pub base_version: Option<i64>,
    /// What is asked for.
    pub body: IntentBody,
}

/// Reports bytes that are not an intent; the field is named, its content is not repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IntentError {
    /// More than 16 KiB.
    #[error("the intent has {actual} bytes, at most {MAX_INTENT_BYTES} are allowed")]
    TooLarge {
        /// The size.
        actual: usize,
    },
    /// Not plain JSON.
    #[error("the intent is not plain JSON: {0}")]
    Json(#[from] PlainJsonError),
    /// A field is missing or has another form.
    #[error("field {field}: {what}")]
    Field {
        /// Path of the field.
        field: String,
        /// What was expected.
        what: String,
    },
    /// A kind this version does not know.
    #[error("field kind: expected one of the intent kinds of version 1")]
    UnknownKind,
}

impl IntentError {
    /// The stable code of the error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "intent_too_large",
            Self::Json(_) | Self::Field { .. } => "intent_malformed",
            Self::UnknownKind => "intent_kind_unknown",
        }
    }
}

impl Intent {
    /// What is asked for.
    #[must_use]
    pub const fn kind(&self) -> IntentKind {
        self.body.kind()
    }

    /// Writes the intent as the bytes that are sealed, sent and stored.
    ///
    /// # Errors
    /// [`PlainJsonError`] for a generic body that is not plain JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, PlainJsonError> {
        let mut intent = json!({
            "id": self.id,
            "kind": self.kind().code(),
            "at": self.at,
            "by": self.by,
            "body": self.body.to_value()?,
        });
        if let (Some(version), Some(members)) = (self.base_version, intent.as_object_mut()) {
            members.insert("base_version".to_owned(), version.into());
        }
        plain_json::to_vec(&intent)
    }

    /// Reads an intent; unknown fields are ignored.
    ///
    /// # Errors
    /// [`IntentError`] names the first field that is missing or has another form.
    pub fn parse(bytes: &[u8]) -> Result<Self, IntentError> {
        if bytes.len() > MAX_INTENT_BYTES {
            return Err(IntentError::TooLarge { actual: bytes.len() });
        }
        let value = plain_json::parse(bytes, plain_json::MAX_DEPTH)?;
        if plain_json::holds_nul(&value) {
            let what = "texts without the character U+0000".to_owned();
            return Err(IntentError::Field { field: String::new(), what });
        }
        let empty = Map::new();
        let fields = Fields::new("", value.as_object().unwrap_or(&empty));
        let id = fields.required("id")?;
        let code: String = fields.required("kind")?;
        let kind = IntentKind::from_code(&code).ok_or(IntentError::UnknownKind)?;
        let (at, by) = (fields.required("at")?, fields.required("by")?);
        let base_version = fields.optional("base_version")?;
        let body: Map<String, Value> = fields.required("body")?;
        Ok(Self { id, at, by, base_version, body: IntentBody::read(kind, body)? })
    }

    /// The blobs the intent declares; they are claimed when the intent is stored.
    #[must_use]
    pub fn blobs(&self) -> Vec<Hash> {
        match &self.body {
            IntentBody::DayCheckIn(check_in) => check_in.photo.iter().map(|photo| photo.sha256).collect(),
            _ => Vec::new(),
        }
    }
}

/// The id of an intent's bytes, also where the rest is unreadable.
#[must_use]
pub fn id_of(bytes: &[u8]) -> Option<IntentId> {
    let value = plain_json::parse(bytes, plain_json::MAX_DEPTH).ok()?;
    value.get("id")?.as_str()?.parse().ok()
}

/// The entry of an intent in the batch seal: its id (or the hash of its bytes) and the hash of its bytes.
#[must_use]
pub fn seal_entry(bytes: &[u8]) -> (String, Hash) {
    let hash = Hash::of(bytes);
    (id_of(bytes).map_or_else(|| hash.to_string(), |id| id.to_string()), hash)
}

#[cfg(test)]
mod tests;
