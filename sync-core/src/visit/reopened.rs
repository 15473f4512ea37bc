//! What a return asks of the crew: the reopened slots, why, and which of them still wait for new work.
//!
//! The state machine takes any resubmission; this is what a phone asks before it writes one, and what the office sees.

use serde::{Deserialize, Serialize};

use super::rework;
use super::words;
use crate::bytes::Hash;
use crate::merge::view::{Entry, OpId};
use crate::plan::{Review, ReworkSlot, VerdictRow};
use crate::rules::{Blocker, Facts};
use crate::template::model::Text;

/// One slot that a return reopened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reopened {
    /// Template slot.
    pub slot: String,
    /// Its name.
    pub title: Text,
    /// Whether it holds work that came after what was judged.
    pub answered: bool,
    /// Records of the rejected photos.
    pub photos: Vec<String>,
    /// Reason codes.
    pub reasons: Vec<String>,
    /// What the photos must show and do not, by name.
    pub missing: Vec<Text>,
    /// What reviewers wrote, on the photos first.
    pub comments: Vec<String>,
}

/// The slots the return in force reopened, in the order of its ticket.
///
/// To be asked of a visit that is `returned`. A slot is answered by a photo taken after the visit was handed in, with
/// other content than the rejected ones, or by taking every rejected photo back.
#[must_use]
pub fn reopened(facts: &Facts<'_>, review: &Review) -> Vec<Reopened> {
    let verdict = rework::on_visit(review).filter(|verdict| verdict.decision == "return").last();
    let ticket = verdict.and_then(|verdict| review.reworks.iter().find(|ticket| ticket.verdict_id == verdict.id));
    let (Some(verdict), Some(ticket)) = (verdict, ticket) else { return Vec::new() };
    let handed_in = last_hand_in(facts);
    ticket.slots.iter().map(|slot| describe(facts, review, verdict, slot, handed_in)).collect()
}

/// What stops a returned visit from being handed in again: the slots without new work.
#[must_use]
pub fn rework_blockers(facts: &Facts<'_>, review: &Review) -> Vec<Blocker> {
    let open = reopened(facts, review).into_iter().filter(|slot| !slot.answered);
    open.map(|slot| {
        let why = slot.why();
        let text = Text {
            en: format!("rejected and not taken anew: {}{}", slot.title.en, why.en),
            zh_cn: format!("被退回且尚未重拍：{}{}", slot.title.zh_cn, why.zh_cn),
        };
        Blocker { code: "missing_rework".to_owned(), subject: slot.slot, text }
    })
    .collect()
}

impl Reopened {
    /// Reasons, what is missing, and comments in one line, each part after its separator; empty if none was given.
    #[must_use]
    pub fn why(&self) -> Text {
        let reasons = self.reasons.iter().map(|code| words::label(code));
        let (reasons_en, reasons_zh): (Vec<_>, Vec<_>) = reasons.map(|text| (text.en, text.zh_cn)).unzip();
        let missing_en: Vec<&str> = self.missing.iter().map(|text| text.en.as_str()).collect();
        let missing_zh: Vec<&str> = self.missing.iter().map(|text| text.zh_cn.as_str()).collect();
        let part = |name: &str, words: String| if words.is_empty() { words } else { format!("{name}{words}") };
        let comments = self.comments.join(" / ");
        Text {
            en: [
                part("; reason: ", reasons_en.join(", ")),
                part("; must show: ", missing_en.join(", ")),
                part("; the reviewer says: ", comments.clone()),
            ]
            .concat(),
            zh_cn: [
                part("；原因：", reasons_zh.join("、")),
                part("；须拍到：", missing_zh.join("、")),
                part("；审核意见：", comments),
            ]
            .concat(),
        }
    }
}

/// The last event with which the crew handed the visit in: what came before was judged.
fn last_hand_in(facts: &Facts<'_>) -> Option<OpId> {
    let hands_in = ["submit", "give_up", "end_without_work", "resubmit"];
    let mut events = facts.view.timeline.iter().rev();
    events.find(|entry| hands_in.contains(&entry.value.event.as_str())).map(|entry| entry.op)
}

fn describe(
    facts: &Facts<'_>,
    review: &Review,
    verdict: &VerdictRow,
    slot: &ReworkSlot,
    handed_in: Option<OpId>,
) -> Reopened {
    let known = facts.template.slot(&slot.slot);
    let plain = |code: &String| Text { en: code.clone(), zh_cn: code.clone() };
    let must_show = |code: &String| {
        let mut shown = known.into_iter().flat_map(|known| &known.must_show);
        shown.find(|tick| tick.code == *code).map_or_else(|| plain(code), |tick| tick.title.clone())
    };
    Reopened {
        slot: slot.slot.clone(),
        title: known.map_or_else(|| plain(&slot.slot), |known| known.title.clone()),
        answered: is_answered(facts, slot, handed_in),
        photos: slot.photos.clone(),
        reasons: slot.reasons.clone(),
        missing: slot.missing.iter().map(must_show).collect(),
        comments: comments(review, verdict, slot),
    }
}

fn is_answered(facts: &Facts<'_>, slot: &ReworkSlot, handed_in: Option<OpId>) -> bool {
    let rejected: Vec<Hash> = facts
        .view
        .photos
        .iter()
        .filter(|photo| slot.photos.contains(&photo.key))
        .map(|photo| photo.value.sha256)
        .collect();
    let is_rejected = |photo: &Entry<crate::doc::record::Photo>| rejected.contains(&photo.value.sha256);
    let is_new = facts.view.photos_of(&slot.slot).any(|photo| Some(photo.op) > handed_in && !is_rejected(photo));
    let is_taken_back = !rejected.is_empty() && !facts.view.photos_of(&slot.slot).any(is_rejected);
    is_new || is_taken_back
}

/// The newest comment on each rejected photo, then the one on the visit.
fn comments(review: &Review, verdict: &VerdictRow, slot: &ReworkSlot) -> Vec<String> {
    let on_photo = |photo: &String| {
        let newest = review.verdicts.iter().rev().find(|verdict| verdict.photo_id.as_ref() == Some(photo));
        newest.and_then(|verdict| verdict.comment.clone())
    };
    let mut comments: Vec<String> = slot.photos.iter().filter_map(on_photo).chain(verdict.comment.clone()).collect();
    comments.retain(|comment| !comment.trim().is_empty());
    comments.dedup();
    comments
}
