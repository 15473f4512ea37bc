//! The end of working days: response types and handlers.

pub mod closing;
pub mod list_sign_offs;
pub mod sign_off;

use doorstep_store::day_sign_offs::DaySignOffRow;
use serde::Serialize;
use sync_core::bytes::Hash;
use sync_core::day::closing::Open;
use sync_core::ids::{IntentId, TeamId, UserId, VisitId};
use utoipa::ToSchema;

use crate::app::days::{AfterSignOff, Closing, RepClosing, SerialUsed, SignOff};
use crate::http::wire::Instant;

/// One thing that keeps a day open.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenOut {
    /// `no_outcome`, `unsent`, `missing_blobs`, `quarantined` or `materials_missing`.
    #[schema(example = "no_outcome")]
    pub reason: String,
    /// In English.
    #[schema(example = "The visit has no outcome")]
    pub label_en: String,
    /// In Chinese.
    #[schema(example = "上门尚无结果")]
    pub label_zh: String,
    /// The visit it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visit_id: Option<VisitId>,
    /// How many.
    #[schema(example = 1)]
    pub count: i64,
}

impl From<Open> for OpenOut {
    fn from(open: Open) -> Self {
        Self {
            reason: open.reason.code().to_owned(),
            label_en: open.reason.label_en().to_owned(),
            label_zh: open.reason.label_zh().to_owned(),
            visit_id: open.visit,
            count: open.count,
        }
    }
}

/// A visit of a rep's day.
#[derive(Debug, Serialize, ToSchema)]
pub struct DayVisitOut {
    /// The visit.
    pub id: VisitId,
    /// Its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "V-2025-0001")]
    pub number: Option<String>,
    /// Its state.
    #[schema(example = "under_review")]
    pub state: String,
    /// The outcome that its crew named.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "completed")]
    pub outcome: Option<String>,
}

/// The sum of a material.
#[derive(Debug, Serialize, ToSchema)]
pub struct MaterialSumOut {
    /// Stock code.
    #[schema(example = "CABLE-BOW")]
    pub sku: String,
    /// Unit.
    #[schema(example = "m")]
    pub unit: String,
    /// Sum as a decimal string; absent where one of the quantities is no number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "42.5")]
    pub quantity: Option<String>,
}

/// A serial number that was used.
#[derive(Debug, Serialize, ToSchema)]
pub struct SerialUsedOut {
    /// Where.
    pub visit_id: VisitId,
    /// Stock code; absent where only the form names the serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ONT-GPON")]
    pub sku: Option<String>,
    /// The serial number.
    #[schema(example = "ONT-7F21-0001")]
    pub serial: String,
}

impl From<SerialUsed> for SerialUsedOut {
    fn from(used: SerialUsed) -> Self {
        Self { visit_id: used.visit, sku: used.sku, serial: used.serial }
    }
}

/// A rep's day.
#[derive(Debug, Serialize, ToSchema)]
pub struct RepClosingOut {
    /// The rep.
    pub rep_id: UserId,
    /// Name.
    #[schema(example = "李明")]
    pub rep_name: String,
    /// Whether nothing keeps the day open.
    pub is_closed: bool,
    /// What does.
    pub open: Vec<OpenOut>,
    /// The visits of the day that are the rep's now; what was moved or given to others is not among them.
    pub visits: Vec<DayVisitOut>,
    /// Last contact of one of the rep's phones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_contact_at: Option<Instant>,
    /// Items that the phones said then they have not sent.
    #[schema(example = 0)]
    pub unsent: i64,
    /// Sums of the materials that were used.
    pub materials: Vec<MaterialSumOut>,
    /// Serial numbers.
    pub serials: Vec<SerialUsedOut>,
}

impl From<RepClosing> for RepClosingOut {
    fn from(rep: RepClosing) -> Self {
        let visit = |(id, number, state, outcome)| DayVisitOut { id, number, state, outcome };
        let sum = |((sku, unit), sum): ((String, String), Option<sync_core::decimal::Decimal>)| MaterialSumOut {
            sku,
            unit,
            quantity: sum.map(|sum| sum.to_string()),
        };
        Self {
            rep_id: rep.rep,
            rep_name: rep.name,
            is_closed: rep.open.is_empty(),
            open: rep.open.into_iter().map(OpenOut::from).collect(),
            visits: rep.visits.into_iter().map(visit).collect(),
            last_contact_at: rep.last_contact.map(Instant::from),
            unsent: rep.unsent,
            materials: rep.materials.into_iter().map(sum).collect(),
            serials: rep.serials.into_iter().map(SerialUsedOut::from).collect(),
        }
    }
}

/// Whose day was open at a sign-off.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenRepOut {
    /// The rep.
    pub rep_id: UserId,
    /// Why.
    pub open: Vec<OpenOut>,
}

/// A sign-off.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignOffOut {
    /// Number of the sign-off of this day, from 1.
    #[schema(example = 1)]
    pub number: i64,
    /// Who signed.
    pub signed_by: UserId,
    /// When.
    pub signed_at: Instant,
    /// Hash of what it covered: the visits with their states and the heads of their documents, and the records of the day.
    pub covered_sha256: Hash,
    /// Whose day was open then.
    pub open: Vec<OpenRepOut>,
    /// Why it was signed nevertheless.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "客户改约明日，已告知调度")]
    pub despite: Option<String>,
    /// The sign-off that took its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<i64>,
}

impl From<SignOff> for SignOffOut {
    fn from(sign_off: SignOff) -> Self {
        let SignOff { row: DaySignOffRow { number, signed_by, signed_at_ms, covered_sha256, despite, .. }, .. } =
            sign_off;
        let open = sign_off.open.into_iter();
        let open_rep = |(rep_id, open): (UserId, Vec<Open>)| OpenRepOut {
            rep_id,
            open: open.into_iter().map(OpenOut::from).collect(),
        };
        Self {
            number,
            signed_by: signed_by.0,
            signed_at: signed_at_ms.into(),
            covered_sha256: covered_sha256.0,
            open: open.map(open_rep).collect(),
            despite,
            superseded_by: sign_off.superseded_by,
        }
    }
}

/// Something that came after the sign-off that stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct AfterSignOffOut {
    /// `visit_changed`, `visit_added`, `visit_removed` or `record`.
    #[schema(example = "visit_changed")]
    pub what: String,
    /// The visit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visit_id: Option<VisitId>,
    /// The intent of a check-in, kit check or note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent_id: Option<IntentId>,
}

impl From<AfterSignOff> for AfterSignOffOut {
    fn from(after: AfterSignOff) -> Self {
        let (what, visit_id, intent_id) = match after {
            AfterSignOff::Changed(visit) => ("visit_changed", Some(visit), None),
            AfterSignOff::Added(visit) => ("visit_added", Some(visit), None),
            AfterSignOff::Removed(visit) => ("visit_removed", Some(visit), None),
            AfterSignOff::Record(intent) => ("record", None, Some(intent)),
        };
        Self { what: what.to_owned(), visit_id, intent_id }
    }
}

/// How the day of a team stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClosingOut {
    /// The day.
    #[schema(example = "2025-03-04")]
    pub day: String,
    /// The team.
    pub team_id: TeamId,
    /// Whether nobody's day is open, of those whom the asker sees.
    pub is_closed: bool,
    /// Everybody with a visit or a record of the day, by name.
    pub reps: Vec<RepClosingOut>,
    /// Hash of what a sign-off would cover now; absent for who does not see the whole team.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub covered_sha256: Option<Hash>,
    /// Whether the day has begun in the organisation's zone; it is not signed off before. What comes after a sign-off is told
    /// beside it.
    pub has_begun: bool,
    /// The sign-off that stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_off: Option<SignOffOut>,
    /// What came after it.
    pub after_sign_off: Vec<AfterSignOffOut>,
    /// False if the day has more than 1000 visits, records, phones or refused items; it is then signed off with a reason only.
    pub is_complete: bool,
}

impl From<Closing> for ClosingOut {
    fn from(closing: Closing) -> Self {
        Self {
            is_closed: closing.is_complete && closing.open().is_empty(),
            is_complete: closing.is_complete,
            day: closing.day,
            team_id: closing.team,
            reps: closing.reps.into_iter().map(RepClosingOut::from).collect(),
            covered_sha256: closing.covered.map(|(_, hash)| hash),
            has_begun: closing.has_begun,
            sign_off: closing.sign_off.map(SignOffOut::from),
            after_sign_off: closing.after_sign_off.into_iter().map(AfterSignOffOut::from).collect(),
        }
    }
}
