//! What a return asks of the crew, and when it is done.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "the support code of tests may panic")]

use crate::support::{Story, at, install};
use sync_core::bytes::Hash;
use sync_core::visit::{reopened, rework_blockers, words};

/// The slots that still wait for new work.
fn unanswered(story: &Story) -> Vec<String> {
    let blockers = rework_blockers(&story.facts(), &story.review);
    assert!(blockers.iter().all(|blocker| blocker.code == "missing_rework"), "{blockers:?}");
    blockers.into_iter().map(|blocker| blocker.subject).collect()
}

/// A returned installation with one rejected photo; gives the photo too.
fn returned() -> (Story, String) {
    let mut story = install();
    story.arrives().works().hands_in();
    story.plan.visit.evidence_complete_at_ms = Some(at("11:30"));
    let bad = story.view.photos.iter().find(|photo| photo.value.slot == "splitter_label").unwrap().key.clone();
    story.verdict("12:00", "return", &["splitter_label"]);
    let ticket = story.review.reworks.last_mut().unwrap();
    ticket.slots[0].photos = vec![bad.clone()];
    ticket.slots[0].reasons = vec!["blurred".into(), "from_the_future".into()];
    story.review.verdicts.last_mut().unwrap().comment = Some("请靠近再拍".into());
    story.time("13:00");
    (story, bad)
}

#[test]
fn a_return_names_slot_reasons_and_comment_until_the_slot_has_new_work() {
    let (mut story, bad) = returned();
    assert_eq!(unanswered(&story), ["splitter_label"]);
    let text = rework_blockers(&story.facts(), &story.review).remove(0).text;
    assert!(
        text.zh_cn.contains("原因：模糊、from_the_future") && text.zh_cn.contains("审核意见：请靠近再拍"),
        "{text:?}"
    );
    assert!(text.en.contains("not sharp") && text.en.contains("The whole splitter"), "{text:?}");

    story.photo("ont_stb", None);
    assert_eq!(unanswered(&story), ["splitter_label"], "a photo of another slot is no answer");
    let same = story.photo("splitter_label", Some(&bad));
    let rejected = story.view.photos.iter().find(|photo| photo.key == bad).unwrap().value.sha256;
    story.view.photos.last_mut().unwrap().value.sha256 = rejected;
    assert_eq!(unanswered(&story), ["splitter_label"], "the same picture again is no answer");
    story.photo("splitter_label", Some(&same));
    assert!(unanswered(&story).is_empty());
    assert!(reopened(&story.facts(), &story.review)[0].answered);

    story.event("resubmit").verdict("14:00", "return", &["splitter_label"]);
    assert_eq!(unanswered(&story), ["splitter_label"], "a second return wants work of its own");
}

#[test]
fn taking_the_rejected_photo_back_answers_too_but_a_photo_that_was_judged_does_not() {
    let (mut story, bad) = returned();
    let mut beside = story.view.photos.iter().find(|photo| photo.key == bad).unwrap().clone();
    beside.key = "beside".into();
    beside.value.sha256 = Hash::of(b"approved");
    story.view.photos.insert(0, beside);
    assert_eq!(unanswered(&story), ["splitter_label"]);
    story.withdraw(&bad);
    assert!(unanswered(&story).is_empty());
}

#[test]
fn every_reason_of_a_finding_has_words_in_both_languages() {
    for code in ["guard_unmet", "position_or_reason", "gallery_source", "missing_content", "photos_rejected"] {
        let label = words::label(code);
        assert!(label.en != code && !label.zh_cn.is_ascii(), "{code}");
    }
    assert_eq!(words::label("from_the_future").en, "from_the_future");
}
