//! GET `/v1/visits/{visit_id}/review`

use std::collections::BTreeMap;

use actix_web::web;
use serde::Serialize;
use sync_core::bytes::Hash;
use sync_core::clock::Clocks;
use sync_core::doc::record::{Answer, TimelineEvent};
use sync_core::ids::{DecisionId, UserId, VisitId};
use sync_core::merge::View;
use sync_core::merge::view::{Entry, Finding};
use sync_core::rules::{Blocker, Reading, Trace, reading};
use sync_core::template::model::Measurement;
use utoipa::ToSchema;

use super::late::LateRecordOut;
use super::photo::ReviewPhotoOut;
use super::plan::ReviewPlanOut;
use super::{ReviewClaimOut, ReworkOut, TextOut};
use crate::app::reviews::{self, Case, ReviewStatement, VisitReview};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// A reading that the template asks for.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewReadingOut {
    /// Measurement code.
    #[schema(example = "optical_power_dbm")]
    pub code: String,
    /// Name.
    pub title: TextOut,
    /// Newest value, as typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "-21.5")]
    pub value: Option<String>,
    /// Unit of that value.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "dBm")]
    pub unit: Option<String>,
    /// `pass`, `fail`, `not_judged`, `unreadable` or `missing`.
    #[schema(example = "pass")]
    pub judgement: String,
}

/// An answer of the rep.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewAnswerOut {
    /// Question code.
    pub question: String,
    /// Name; absent for a question the template does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<TextOut>,
    /// Boolean, option code, codes, integer, decimal string or text.
    #[schema(value_type = Value, example = json!("satisfied"))]
    pub value: serde_json::Value,
}

/// A sealed statement.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewStatementOut {
    /// Its digest.
    pub digest: Hash,
    /// Document kind.
    #[schema(example = "acceptance")]
    pub kind: String,
    /// When it arrived.
    pub received_at: Instant,
    /// Rule → verdict, as the rep saw them when the customer signed.
    #[schema(example = json!({ "INS-28": "pass" }))]
    pub verdicts: BTreeMap<String, String>,
}

impl From<ReviewStatement> for ReviewStatementOut {
    fn from(statement: ReviewStatement) -> Self {
        Self {
            digest: statement.digest,
            kind: statement.kind,
            received_at: statement.received_at.into(),
            verdicts: statement.verdicts.into_iter().map(|item| (item.rule, item.verdict)).collect(),
        }
    }
}

/// What a rule says.
#[derive(Debug, Serialize, ToSchema)]
pub struct TraceOut {
    /// Rulebook id.
    #[schema(example = "INS-28")]
    pub rule: String,
    /// Name of the check.
    pub check: String,
    /// `block`, `warn` or `info`.
    #[schema(value_type = String, example = "block")]
    pub severity: sync_core::template::model::Severity,
    /// `pass`, `fail`, `not_applicable`, `undetermined`, `needs_choice` or `not_evaluated`.
    #[schema(value_type = String, example = "pass")]
    pub verdict: sync_core::rules::Verdict,
    /// What it read.
    pub inputs: BTreeMap<String, String>,
    /// Why.
    pub text: TextOut,
}

impl From<Trace> for TraceOut {
    fn from(trace: Trace) -> Self {
        Self {
            text: TextOut::from(&trace.text),
            rule: trace.rule,
            check: trace.check,
            severity: trace.severity,
            verdict: trace.verdict,
            inputs: trace.inputs,
        }
    }
}

/// What stands against the outcome.
#[derive(Debug, Serialize, ToSchema)]
pub struct BlockerOut {
    /// Stable code.
    #[schema(example = "missing_photo")]
    pub code: String,
    /// What it is about.
    pub subject: String,
    /// Why.
    pub text: TextOut,
}

impl From<Blocker> for BlockerOut {
    fn from(blocker: Blocker) -> Self {
        Self { text: TextOut::from(&blocker.text), code: blocker.code, subject: blocker.subject }
    }
}

/// An event of the visit.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewEventOut {
    /// Name of the event.
    #[schema(example = "arrive")]
    pub event: String,
    /// When it happened, on the server's clock as well as all clocks of the visit tell.
    pub at: Instant,
    /// By how much that may be wrong, in milliseconds; absent where the clocks do not bound it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 140)]
    pub err_ms: Option<i64>,
    /// Who did it.
    pub by: UserId,
}

fn timeline(view: &View) -> Vec<ReviewEventOut> {
    let clocks = Clocks::of(view);
    let shown = |entry: &Entry<TimelineEvent>| {
        let (at, err_ms) = clocks.corrected(entry.value.by, &entry.value.at);
        ReviewEventOut { event: entry.value.event.clone(), at: at.into(), err_ms, by: entry.value.by }
    };
    view.timeline.iter().map(shown).collect()
}

/// A visit as a reviewer sees it; records that came too late are listed and otherwise left out.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisitReviewOut {
    /// The visit.
    pub visit_id: VisitId,
    /// The code people read to each other.
    #[schema(example = "0000-0001")]
    pub short_code: String,
    /// State.
    #[schema(example = "under_review")]
    pub state: String,
    /// Outcome it is judged for.
    #[schema(example = "completed")]
    pub outcome: String,
    /// Heads of the document: a verdict on the visit names them.
    pub heads: Vec<Hash>,
    /// The newest decision that changed what counts, a choice or one about late work: a verdict on the visit names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_decision: Option<DecisionId>,
    /// Pinned template.
    #[schema(example = "broadband_install")]
    pub template: String,
    /// Its version.
    pub template_version: i64,
    /// Version of the pinned policy.
    pub policy_version: i64,
    /// Version of the calendar by which days are counted.
    pub calendar_version: i64,
    /// What the office planned.
    pub plan: ReviewPlanOut,
    /// When the crew handed it in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submitted_at: Option<Instant>,
    /// Events in the order in which they count.
    pub timeline: Vec<ReviewEventOut>,
    /// Current photos in template order, each with its ticks and verdict.
    pub photos: Vec<ReviewPhotoOut>,
    /// Readings in template order.
    pub readings: Vec<ReviewReadingOut>,
    /// Answers.
    pub answers: Vec<ReviewAnswerOut>,
    /// Sealed statements, oldest first.
    pub statements: Vec<ReviewStatementOut>,
    /// What every rule says about the visit as it was handed in.
    pub traces: Vec<TraceOut>,
    /// What stands against the outcome.
    pub blockers: Vec<BlockerOut>,
    /// What a person should look at.
    pub findings: Vec<Finding>,
    /// Number of records that came too late.
    pub late_records: usize,
    /// These records by map and key; a key written several times after hand-in is listed as often.
    pub late: Vec<LateRecordOut>,
    /// Number of declared blobs that have not arrived.
    pub missing_blobs: usize,
    /// Rework tickets, oldest first.
    pub reworks: Vec<ReworkOut>,
    /// Who is reviewing it now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<ReviewClaimOut>,
}

impl From<VisitReview> for VisitReviewOut {
    fn from(review: VisitReview) -> Self {
        let photos = ReviewPhotoOut::list(&review);
        let case = review.case;
        Self {
            visit_id: case.row.id.0,
            short_code: case.row.id.0.short_code(),
            state: case.derived.state.code().to_owned(),
            outcome: review.outcome,
            heads: case.view.heads.clone(),
            last_decision: case.loaded.review.last_decision(),
            template: case.loaded.template.code.clone(),
            template_version: case.loaded.template.version,
            policy_version: case.loaded.policy.version,
            calendar_version: case.loaded.calendar.version,
            plan: ReviewPlanOut::from(&case.loaded.plan),
            submitted_at: case.row.submitted_at_ms.map(Instant::from),
            timeline: timeline(&case.view),
            photos,
            readings: readings(&case),
            answers: answers(&case),
            statements: review.statements.into_iter().map(ReviewStatementOut::from).collect(),
            traces: review.traces.into_iter().map(TraceOut::from).collect(),
            blockers: review.blockers.into_iter().map(BlockerOut::from).collect(),
            findings: case.findings,
            late_records: case.derived.late.len(),
            late: case.derived.late.into_iter().map(LateRecordOut::from).collect(),
            missing_blobs: case.missing.len(),
            reworks: case.loaded.review.reworks.into_iter().map(ReworkOut::from).collect(),
            claim: review.claim.map(ReviewClaimOut::from),
        }
    }
}

fn readings(case: &Case) -> Vec<ReviewReadingOut> {
    let facts = case.facts();
    let shown = |item: &Measurement| {
        let newest = case.view.measure(&item.code).map(|entry| &entry.value);
        let judgement = match reading(&facts, item) {
            Reading::Missing => "missing",
            Reading::Unreadable => "unreadable",
            Reading::NotJudged => "not_judged",
            Reading::Pass => "pass",
            Reading::Fail => "fail",
        };
        ReviewReadingOut {
            code: item.code.clone(),
            title: TextOut::from(&item.title),
            value: newest.map(|measure| measure.value.clone()),
            unit: newest.map(|measure| measure.unit.clone()),
            judgement: judgement.to_owned(),
        }
    };
    case.loaded.template.measurements.iter().map(shown).collect()
}

fn answers(case: &Case) -> Vec<ReviewAnswerOut> {
    let shown = |(question, entry): (&String, &Entry<Answer>)| {
        let known = case.loaded.template.question(question);
        ReviewAnswerOut {
            question: question.clone(),
            title: known.map(|known| TextOut::from(&known.title)),
            value: entry.value.value.clone(),
        }
    };
    case.view.answers.iter().map(shown).collect()
}

/// Shows a visit with everything needed to judge it
///
/// Plan, photos with slot, ticks and current verdict, readings with their limits, answers, sealed form, rules.
///
/// # Errors
/// `not_found`.
#[utoipa::path(get, path = "/v1/visits/{visit_id}/review", operation_id = "show_review", tag = "reviews",
    params(("visit_id" = VisitId, Path, description = "The visit")),
    responses((status = 200, description = "The visit", body = VisitReviewOut), Problems), security(("bearer" = [])))]
pub async fn show_review(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(visit): Path<VisitId>,
) -> Result<web::Json<VisitReviewOut>, ApiError> {
    Ok(web::Json(reviews::show_review(&state, ctx, visit).await?.into()))
}
