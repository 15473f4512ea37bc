//! What a reviewer may decide: about a photo, about a visit, and who may be a reviewer at all.
//!
//! Pure decisions on the merged view and the verdicts so far; they know neither rows nor requests.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::bytes::Hash;
use sync_core::doc::record::Photo;
use sync_core::ids::{DecisionId, UserId};
use sync_core::merge::View;
use sync_core::merge::view::{Conflict, Entry};
use sync_core::plan::{Review, ReworkSlot, VerdictRow};
use sync_core::rules::{Facts, NeedKind, requirements_for};
use sync_core::template::Template;
use sync_core::time::UnixMillis;
use sync_core::visit::VisitState;

use super::review_words::{PhotoDecision, RejectReason, ReturnReason, VisitDecision};

/// How long a reviewer's claim lasts; every verdict renews it.
///
/// # Units
/// Milliseconds (10 minutes).
/// # Source
/// Design section 7: a claim is a lease; long enough to judge a visit's photos with a call in between.
pub const LEASE_MS: i64 = 10 * 60 * 1000;

/// Why a decision is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReviewError {
    /// Who executed the visit cannot judge it.
    #[error("the reviewer executed the visit")]
    FourEyes,
    /// Somebody else holds the claim.
    #[error("another reviewer holds the claim")]
    ClaimedByOther {
        /// Until when.
        until: UnixMillis,
    },
    /// The visit is not under review.
    #[error("the visit is {state}")]
    State {
        /// What it is.
        state: VisitState,
    },
    /// The judged content is not the current one.
    #[error("the judged content is not current")]
    Stale,
    /// The content has not arrived, so nobody can have judged it.
    #[error("the content has not arrived")]
    NotArrived,
    /// The slot has no such tick.
    #[error("the slot has no tick {code}")]
    UnknownTick {
        /// The code.
        code: String,
    },
    /// An approval needs every tick.
    #[error("approval needs every tick")]
    TicksMissing {
        /// Codes that are absent or false.
        codes: Vec<String>,
    },
    /// A rejection or return says why.
    #[error("a reason is needed")]
    ReasonMissing,
    /// A visit is approved only when its photos are.
    #[error("photos await approval")]
    PhotosNotApproved {
        /// Records without an approving verdict on their content.
        photos: Vec<String>,
    },
    /// Concurrent values wait for a person.
    #[error("concurrent values wait for a choice")]
    Undecided {
        /// `map/key` of each.
        fields: Vec<String>,
    },
    /// A required slot has too few photos.
    #[error("required photos are missing")]
    PhotosMissing {
        /// Slots.
        slots: Vec<String>,
    },
}

/// Whether the person executed the visit: is in its crew, or wrote any record of it.
#[must_use]
pub fn executed(view: &View, crew: &[UserId], person: UserId) -> bool {
    crew.contains(&person) || authors(view).contains(&person)
}

/// Everybody who wrote a record of the visit.
fn authors(view: &View) -> BTreeSet<UserId> {
    let events = view.timeline.iter().map(|entry| entry.value.by);
    let contacts = view.contacts.iter().map(|entry| entry.value.by);
    let ticks = view.ticks.values().map(|entry| entry.value.by);
    let measures = view.measures.iter().map(|entry| entry.value.by);
    let answers = view.answers.values().map(|entry| entry.value.by);
    let photos = view.photos.iter().map(|entry| entry.value.by);
    let remarks = view.captions.values().chain(view.withdrawn.values()).map(|entry| entry.value.by);
    let materials = view.materials.iter().map(|entry| entry.value.by);
    let statements = view.statements.iter().filter_map(|entry| entry.value.by);
    let outcomes = view.outcomes.iter().map(|entry| entry.value.by);
    let crew = events.chain(contacts).chain(ticks).chain(measures).chain(answers);
    crew.chain(photos).chain(remarks).chain(materials).chain(statements).chain(outcomes).collect()
}

/// A reviewer's lease on a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Who.
    pub reviewer: UserId,
    /// Until when.
    pub until: UnixMillis,
}

/// Gives or renews the claim of a reviewer.
///
/// # Errors
/// [`ReviewError::ClaimedByOther`] while another reviewer's claim lasts.
pub fn claim(held: Option<Claim>, reviewer: UserId, now: UnixMillis) -> Result<Claim, ReviewError> {
    match held {
        Some(held) if held.reviewer != reviewer && held.until > now => {
            Err(ReviewError::ClaimedByOther { until: held.until })
        }
        _ => Ok(Claim { reviewer, until: now.plus_ms(LEASE_MS) }),
    }
}

/// Checks that the visit is under review.
///
/// # Errors
/// [`ReviewError::State`].
pub const fn expect_under_review(state: VisitState) -> Result<(), ReviewError> {
    if matches!(state, VisitState::UnderReview) { Ok(()) } else { Err(ReviewError::State { state }) }
}

/// What a reviewer says about a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoJudgement {
    /// The content that was looked at.
    pub sha256: Hash,
    /// The decision.
    pub decision: PhotoDecision,
    /// Tick code → whether the photo shows it.
    pub ticks: BTreeMap<String, bool>,
    /// Why it is rejected.
    pub reason: Option<RejectReason>,
}

/// Judges a verdict on a photo and returns the ticks it lacks, in template order.
///
/// An approval names every tick of the slot as true; a rejection names a reason or a missing tick
/// (INS-33).
///
/// # Errors
/// [`ReviewError`]; `Stale` if the record is no longer current or holds other content.
// Rule: INS-33
pub fn decide_photo(
    view: &View,
    template: &Template,
    missing_blobs: &BTreeSet<Hash>,
    photo: &str,
    judgement: &PhotoJudgement,
) -> Result<Vec<String>, ReviewError> {
    let record = view.current_photos().find(|entry| entry.key == photo).ok_or(ReviewError::Stale)?;
    if record.value.sha256 != judgement.sha256 {
        return Err(ReviewError::Stale);
    }
    if missing_blobs.contains(&judgement.sha256) {
        return Err(ReviewError::NotArrived);
    }
    let codes = must_show(template, &record.value.slot);
    if let Some(code) = judgement.ticks.keys().find(|code| !codes.contains(&code.as_str())) {
        return Err(ReviewError::UnknownTick { code: code.clone() });
    }
    let pick = |shown: Option<bool>| -> Vec<String> {
        let picked = codes.iter().filter(|code| judgement.ticks.get(**code).copied() == shown);
        picked.map(|code| (*code).to_owned()).collect()
    };
    let (missing, absent) = (pick(Some(false)), pick(None));
    match judgement.decision {
        PhotoDecision::Approve if !missing.is_empty() || !absent.is_empty() => {
            Err(ReviewError::TicksMissing { codes: [missing, absent].concat() })
        }
        PhotoDecision::Reject if missing.is_empty() && judgement.reason.is_none() => Err(ReviewError::ReasonMissing),
        PhotoDecision::Approve | PhotoDecision::Reject => Ok(missing),
    }
}

/// Codes a photo of the slot must show; none for a slot the template does not know.
fn must_show<'t>(template: &'t Template, slot: &str) -> Vec<&'t str> {
    let slot = template.slot(slot);
    slot.map(|slot| slot.must_show.iter().map(|tick| tick.code.as_str()).collect()).unwrap_or_default()
}

/// How a current photo stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'r> {
    /// No verdict on this content.
    Pending,
    /// The newest verdict on this content approves.
    Approved(&'r VerdictRow),
    /// The newest verdict on this content rejects.
    Rejected(&'r VerdictRow),
}

/// How a photo stands: by the newest verdict on it, if that judged this content.
#[must_use]
pub fn standing<'r>(verdicts: &'r [VerdictRow], photo: &str, sha256: Hash) -> Standing<'r> {
    let newest = verdicts.iter().rev().find(|verdict| verdict.photo_id.as_deref() == Some(photo));
    match newest.filter(|verdict| verdict.sha256 == Some(sha256)) {
        Some(verdict) if verdict.decision == PhotoDecision::Approve.code() => Standing::Approved(verdict),
        Some(verdict) => Standing::Rejected(verdict),
        None => Standing::Pending,
    }
}

/// What a reviewer says about a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitJudgement {
    /// The document heads that were looked at, sorted.
    pub heads: Vec<Hash>,
    /// The newest decision about what counts that was known.
    pub last_decision: Option<DecisionId>,
    /// The decision.
    pub decision: VisitDecision,
    /// Why it is returned.
    pub reason: Option<ReturnReason>,
}

/// Judges a verdict on a visit and returns the slots to do again, in template order; none for an approval.
///
/// # Errors
/// [`ReviewError`]; `Stale` if the document has other heads by now, or what counts of it was decided since.
pub fn decide_visit(
    facts: &Facts<'_>,
    review: &Review,
    missing_blobs: &BTreeSet<Hash>,
    judgement: &VisitJudgement,
) -> Result<Vec<ReworkSlot>, ReviewError> {
    if (&facts.view.heads, review.last_decision()) != (&judgement.heads, judgement.last_decision) {
        return Err(ReviewError::Stale);
    }
    let verdicts = &review.verdicts;
    match judgement.decision {
        VisitDecision::Approve => approve(facts, verdicts, missing_blobs).map(|()| Vec::new()),
        VisitDecision::Return => {
            let slots = rejected_slots(facts, verdicts);
            if slots.is_empty() && judgement.reason.is_none() { Err(ReviewError::ReasonMissing) } else { Ok(slots) }
        }
    }
}

/// Approval needs everything declared, no value that waits for a choice, enough photos of required slots, each approved, and none rejected.
fn approve(facts: &Facts<'_>, verdicts: &[VerdictRow], missing_blobs: &BTreeSet<Hash>) -> Result<(), ReviewError> {
    if !missing_blobs.is_empty() {
        return Err(ReviewError::NotArrived);
    }
    let undecided: Vec<String> = facts.view.conflicts.iter().filter(|one| one.is_open()).map(Conflict::name).collect();
    if !undecided.is_empty() {
        return Err(ReviewError::Undecided { fields: undecided });
    }
    let needs: Vec<_> = requirements_for(facts, &outcome(facts.view))
        .into_iter()
        .flat_map(|step| step.needs)
        .filter(|need| need.kind == NeedKind::Photo && need.required)
        .collect();
    let missing: Vec<String> = needs.iter().filter(|need| need.is_missing()).map(|need| need.code.clone()).collect();
    if !missing.is_empty() {
        return Err(ReviewError::PhotosMissing { slots: missing });
    }
    let is_open = |photo: &&Entry<Photo>| match standing(verdicts, &photo.key, photo.value.sha256) {
        Standing::Approved(_) => false,
        Standing::Rejected(_) => true,
        Standing::Pending => needs.iter().any(|need| need.code == photo.value.slot),
    };
    let open: Vec<String> = facts.view.current_photos().filter(is_open).map(|photo| photo.key.clone()).collect();
    if open.is_empty() { Ok(()) } else { Err(ReviewError::PhotosNotApproved { photos: open }) }
}

/// The outcome the crew named; leaving an absent customer names one too.
#[must_use]
pub fn outcome(view: &View) -> String {
    let gave_up = || view.timeline.iter().any(|entry| entry.value.event == "give_up");
    match view.outcome() {
        Some(outcome) => outcome.code.clone(),
        None if gave_up() => "no_show".to_owned(),
        None => "completed".to_owned(),
    }
}

/// Slots whose current photos stand rejected, in template order; slots of no template last, by code.
// Rule: INS-33
#[must_use]
pub fn rejected_slots(facts: &Facts<'_>, verdicts: &[VerdictRow]) -> Vec<ReworkSlot> {
    let mut by_slot: BTreeMap<&str, ReworkSlot> = BTreeMap::new();
    for photo in facts.view.current_photos() {
        let Standing::Rejected(verdict) = standing(verdicts, &photo.key, photo.value.sha256) else { continue };
        let code = photo.value.slot.as_str();
        let slot = by_slot.entry(code).or_insert_with(|| ReworkSlot {
            slot: code.to_owned(),
            photos: Vec::new(),
            missing: Vec::new(),
            reasons: Vec::new(),
        });
        slot.photos.push(photo.key.clone());
        add_new(&mut slot.missing, &verdict.missing);
        add_new(&mut slot.reasons, verdict.reason.as_slice());
    }
    let known: Vec<_> = facts.template.photos.iter().filter_map(|slot| by_slot.remove(slot.code.as_str())).collect();
    known.into_iter().chain(by_slot.into_values()).collect()
}

fn add_new(list: &mut Vec<String>, codes: &[String]) {
    for code in codes {
        if !list.contains(code) {
            list.push(code.clone());
        }
    }
}

/// The instant of a new verdict: now, but after every verdict before, so that their order is never in doubt.
#[must_use]
pub fn verdict_instant(verdicts: &[VerdictRow], now: UnixMillis) -> UnixMillis {
    verdicts.iter().map(|verdict| verdict.at_ms.plus_ms(1)).max().map_or(now, |next| next.max(now))
}

/// The instant of a new decision about what counts: now, but after every one before, of either kind.
#[must_use]
pub fn decision_instant(review: &Review, now: UnixMillis) -> UnixMillis {
    let choices = review.choices.iter().map(|choice| choice.at_ms);
    let before = choices.chain(review.late_decisions.iter().map(|decision| decision.at_ms)).max();
    before.map_or(now, |before| now.max(before.plus_ms(1)))
}

/// Whether a verdict that came again under the same id says the same; its instant and the order of its
/// missing ticks are ours.
#[must_use]
pub fn is_repeat(stored: &VerdictRow, sent: &VerdictRow) -> bool {
    let codes = |verdict: &VerdictRow| verdict.missing.iter().cloned().collect::<BTreeSet<_>>();
    let same = VerdictRow { at_ms: stored.at_ms, missing: stored.missing.clone(), ..sent.clone() } == *stored;
    same && codes(stored) == codes(sent)
}

#[cfg(test)]
#[path = "review_tests.rs"]
mod tests;
