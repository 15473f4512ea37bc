//! Check-ins of working days: response types and handlers.

pub mod list;

use std::collections::BTreeMap;

use serde::Serialize;
use sync_core::bytes::Hash;
use sync_core::day::{CheckInFinding, Placed};
use sync_core::ids::{IntentId, TeamId, UserId, VisitId};
use sync_core::intent::body::{DayKit, DayNote};
use sync_core::photo::Evidence;
use sync_core::time::Geo;
use utoipa::ToSchema;

use crate::app::check_ins::{CheckIn, Morning, Mornings, Noted};
use crate::http::wire::Instant;

/// Where a check-in was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlacedOut {
    /// `inside`, `outside` or `unknown`.
    #[schema(example = "inside")]
    pub verdict: String,
    /// The verdict in English.
    #[schema(example = "At the meeting place")]
    pub label_en: String,
    /// The verdict in Chinese.
    #[schema(example = "在集合点范围内")]
    pub label_zh: String,
    /// Why it is unknown: `no_position`, `no_place`, `inaccurate` or `simulated`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "inaccurate")]
    pub doubt: Option<String>,
    /// The meeting place it was compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "城南站点")]
    pub place: Option<String>,
    /// How far from it the position lies, in metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 35)]
    pub distance_m: Option<i64>,
}

impl From<Placed> for PlacedOut {
    fn from(placed: Placed) -> Self {
        Self {
            verdict: placed.verdict.code().to_owned(),
            label_en: placed.verdict.label_en().to_owned(),
            label_zh: placed.verdict.label_zh().to_owned(),
            doubt: placed.doubt.map(|doubt| doubt.code().to_owned()),
            place: placed.place,
            distance_m: placed.distance_m,
        }
    }
}

/// What a person should look at about a check-in.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckInFindingOut {
    /// `mock_position`, `other_day`, `unknown_place` or `clock_inconsistent`.
    #[schema(example = "mock_position")]
    pub code: String,
    /// In English.
    #[schema(example = "The position of the check-in is simulated")]
    pub label_en: String,
    /// In Chinese.
    #[schema(example = "签到位置为模拟位置")]
    pub label_zh: String,
    /// Of a clock: `reason` and by how much, as of photos.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value, example = json!({ "reason": "set_back", "by_min": 12, "by_s": "720" }))]
    pub evidence: Option<Evidence>,
}

impl CheckInFindingOut {
    fn of(finding: CheckInFinding, clock: Option<&Evidence>) -> Self {
        Self {
            code: finding.code().to_owned(),
            label_en: finding.label_en().to_owned(),
            label_zh: finding.label_zh().to_owned(),
            evidence: clock.filter(|_| finding == CheckInFinding::ClockInconsistent).cloned(),
        }
    }
}

/// When a record of a day was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotedOut {
    /// Its intent.
    pub intent_id: IntentId,
    /// When it was made, on the server's clock as well as the phone knew it.
    pub at: Instant,
    /// When it came.
    pub received_at: Instant,
}

impl From<Noted> for NotedOut {
    fn from(noted: Noted) -> Self {
        Self { intent_id: noted.intent, at: noted.at.into(), received_at: noted.received_at.into() }
    }
}

/// A check-in.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckInOut {
    /// When.
    #[serde(flatten)]
    pub noted: NotedOut,
    /// The place that it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "城南站点")]
    pub place: Option<String>,
    /// Where the phone was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geo: Option<Geo>,
    /// What that means.
    pub position: PlacedOut,
    /// Its photo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photo: Option<Hash>,
    /// Whether that is here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = true)]
    pub is_photo_held: Option<bool>,
    /// What a person should look at.
    pub findings: Vec<CheckInFindingOut>,
}

impl From<CheckIn> for CheckInOut {
    fn from(check_in: CheckIn) -> Self {
        let out = |finding: &CheckInFinding| CheckInFindingOut::of(*finding, check_in.clock.as_ref());
        let findings = check_in.findings.iter().map(out).collect();
        Self {
            photo: check_in.photo(),
            noted: check_in.noted.into(),
            place: check_in.said.place,
            geo: check_in.said.geo,
            position: check_in.placed.into(),
            is_photo_held: check_in.is_photo_held,
            findings,
        }
    }
}

/// A check of the kit (INS-08, INS-09).
#[derive(Debug, Serialize, ToSchema)]
pub struct KitOut {
    /// When.
    #[serde(flatten)]
    pub noted: NotedOut,
    /// Item code → whether it is there.
    #[schema(example = json!({ "shoe_covers": true, "ladder": false }))]
    pub items: BTreeMap<String, bool>,
    /// What is said of what is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl From<(Noted, DayKit)> for KitOut {
    fn from((noted, kit): (Noted, DayKit)) -> Self {
        Self { noted: noted.into(), items: kit.items, note: kit.note }
    }
}

/// A note of the day.
#[derive(Debug, Serialize, ToSchema)]
pub struct DayNoteOut {
    /// When.
    #[serde(flatten)]
    pub noted: NotedOut,
    /// The visit it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visit_id: Option<VisitId>,
    /// The note.
    #[schema(example = "下午有雨，高空作业改期")]
    pub text: String,
}

impl From<(Noted, DayNote)> for DayNoteOut {
    fn from((noted, note): (Noted, DayNote)) -> Self {
        Self { noted: noted.into(), visit_id: note.visit_id, text: note.text }
    }
}

/// A rep's morning.
#[derive(Debug, Serialize, ToSchema)]
pub struct MorningOut {
    /// The rep.
    pub rep_id: UserId,
    /// Name.
    #[schema(example = "李明")]
    pub rep_name: String,
    /// Team.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_id: Option<TeamId>,
    /// Whether there is a check-in of that day.
    #[schema(example = true)]
    pub is_checked_in: bool,
    /// Visits of that day that are the rep's and that nobody cancelled.
    pub visit_ids: Vec<VisitId>,
    /// Check-ins, oldest first.
    pub check_ins: Vec<CheckInOut>,
    /// Checks of the kit, oldest first.
    pub kits: Vec<KitOut>,
    /// Notes, oldest first.
    pub notes: Vec<DayNoteOut>,
}

impl From<Morning> for MorningOut {
    fn from(morning: Morning) -> Self {
        Self {
            rep_id: morning.rep,
            rep_name: morning.name,
            team_id: morning.team,
            is_checked_in: !morning.check_ins.is_empty(),
            visit_ids: morning.visits,
            check_ins: morning.check_ins.into_iter().map(CheckInOut::from).collect(),
            kits: morning.kits.into_iter().map(KitOut::from).collect(),
            notes: morning.notes.into_iter().map(DayNoteOut::from).collect(),
        }
    }
}

/// Everybody's morning of one day.
#[derive(Debug, Serialize, ToSchema)]
pub struct MorningsOut {
    /// The day.
    #[schema(example = "2025-03-04")]
    pub day: String,
    /// Those with a visit or a record of that day, by name.
    pub reps: Vec<MorningOut>,
    /// False if the day has more than 2000 visits or records; ask for a team then.
    pub is_complete: bool,
}

impl From<Mornings> for MorningsOut {
    fn from(mornings: Mornings) -> Self {
        let reps = mornings.reps.into_iter().map(MorningOut::from).collect();
        Self { day: mornings.day, reps, is_complete: mornings.is_complete }
    }
}
