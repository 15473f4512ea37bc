//! One visit from hand-in to approval, with everything that may go wrong in between.

use std::collections::BTreeMap;

use doorstep_store::feed::FeedKind;
use sync_core::bytes::Hash;
use sync_core::ids::VerdictId;
use uuid::Uuid;

use super::fixture::{Office, REP, REVIEWER, VISIT, office};
use super::*;
use crate::app::rows::row_body;
use crate::app::{AppError, AppResult, Ctx, ErrorCode};
use crate::domain::Role;
use crate::domain::review::LEASE_MS;
use crate::domain::review_words::{PhotoDecision, RejectReason, ReturnReason, VisitDecision};

fn id(number: u16) -> VerdictId {
    let text = format!("01955f2c-3000-7000-8000-0000000{number:05}");
    VerdictId(Uuid::parse_str(&text).expect("id"))
}

fn verdict(number: u16, content: &[u8], decision: PhotoDecision, ticks: &[(&str, bool)]) -> PhotoVerdict {
    PhotoVerdict {
        id: id(number),
        sha256: Hash::of(content),
        decision,
        ticks: ticks.iter().map(|(code, shown)| ((*code).to_owned(), *shown)).collect(),
        reason: (decision == PhotoDecision::Reject).then_some(RejectReason::Illegible),
        comment: None,
    }
}

fn approve_one() -> PhotoVerdict {
    verdict(1, b"one", PhotoDecision::Approve, &[("box", true), ("route", true)])
}

async fn judge(office: &Office, ctx: Ctx, photo: &str, sent: PhotoVerdict) -> AppResult<sync_core::plan::VerdictRow> {
    judge_photo(&office.state, ctx, VISIT, photo.to_owned(), sent).await
}

async fn decide(
    office: &Office,
    ctx: Ctx,
    number: u16,
    heads: Vec<Hash>,
    decision: VisitDecision,
) -> AppResult<JudgedVisit> {
    let reason = (decision == VisitDecision::Return).then_some(ReturnReason::PhotosRejected);
    let sent = VisitVerdict { id: id(number), heads, last_decision: None, decision, reason, comment: None };
    judge_visit(&office.state, ctx, VISIT, sent).await
}

fn code<T: std::fmt::Debug>(result: AppResult<T>) -> ErrorCode {
    result.expect_err("a refusal").code()
}

#[tokio::test]
async fn a_visit_goes_back_with_its_bad_slot_and_is_approved_when_that_is_mended() {
    let office = office().await;
    let mut doc = office.under_review().await;
    let queue = list_queue(&office.state, office.reviewer(), None, 10).await.expect("queue");
    let entry = queue.first().expect("one visit");
    assert_eq!((queue.len(), entry.photos.pending, entry.case.missing.len()), (1, 2, 0));

    let top = office.feed_top().await;
    judge(&office, office.reviewer(), "p1", approve_one()).await.expect("approved");
    let refused = decide(&office, office.reviewer(), 90, doc.heads(), VisitDecision::Approve).await;
    match refused.expect_err("p2 awaits a verdict") {
        AppError::Refused(refusal) => {
            assert_eq!(refusal.code, ErrorCode::StateInvalid);
            let fields: Vec<_> = refusal.fields.into_iter().map(|field| field.path).collect();
            assert_eq!(fields, ["photos.p2"]);
        }
        other => panic!("{other}"),
    }
    let reject = verdict(2, b"two", PhotoDecision::Reject, &[("label", false)]);
    judge(&office, office.reviewer(), "p2", reject).await.expect("rejected");
    assert_eq!(office.news(FeedKind::Verdict, top).await, 2, "the phone hears of each verdict");

    let returned = decide(&office, office.reviewer(), 3, doc.heads(), VisitDecision::Return).await.expect("returned");
    let rework = returned.rework.expect("ticket");
    let slots: Vec<_> = rework.slots.iter().map(|slot| slot.slot.as_str()).collect();
    assert_eq!(slots, ["label"], "only the rejected slot");
    assert_eq!(rework.slots.first().map(|slot| slot.missing.clone()), Some(vec!["label".to_owned()]));
    assert_eq!(office.visit(VISIT).await.state, "returned");
    assert_eq!((office.news(FeedKind::Verdict, top).await, office.news(FeedKind::Rework, top).await), (3, 1));

    let top = office.feed_top().await;
    office.pass_ms(60_000);
    office.photo(&mut doc, "p3", "label", b"three", Some("p2"));
    office.event(&mut doc, "resubmit");
    office.push(&doc).await;
    assert_eq!(office.news(FeedKind::Rework, top).await, 1, "the ticket is answered");
    let early = verdict(4, b"three", PhotoDecision::Approve, &[("label", true)]);
    assert_eq!(code(judge(&office, office.reviewer(), "p3", early.clone()).await), ErrorCode::StateInvalid);
    office.upload(office.rep(), b"three").await.expect("upload");

    let old = verdict(5, b"two", PhotoDecision::Approve, &[("label", true)]);
    assert_eq!(code(judge(&office, office.reviewer(), "p2", old).await), ErrorCode::StaleContent);
    judge(&office, office.reviewer(), "p3", early).await.expect("approved");
    let stale = decide(&office, office.reviewer(), 6, vec![Hash([0; 32])], VisitDecision::Approve).await;
    assert_eq!(code(stale), ErrorCode::StaleContent);
    // Photo p1 was approved before and its content did not change.
    decide(&office, office.reviewer(), 7, doc.heads(), VisitDecision::Approve).await.expect("approved");
    assert_eq!(office.visit(VISIT).await.state, "approved");
    assert!(list_queue(&office.state, office.reviewer(), None, 10).await.expect("queue").is_empty());

    let history = list_verdicts(&office.state, office.rep(), VISIT).await.expect("the rep may read it");
    let told: Vec<_> = history.review.verdicts.iter().map(|verdict| (verdict.id, verdict.decision.as_str())).collect();
    let expected =
        [(1, "approve"), (2, "reject"), (3, "return"), (4, "approve"), (7, "approve")].map(|(n, told)| (id(n), told));
    assert_eq!(told, expected);
    assert!(history.review.reworks.first().is_some_and(|ticket| ticket.answered_at_ms.is_some()));
    assert_eq!(history.names.get(&REVIEWER).map(String::as_str), Some("reviewer"));
}

#[tokio::test]
async fn the_same_verdict_again_has_no_effect() {
    let office = office().await;
    let doc = office.under_review().await;
    let first = judge(&office, office.reviewer(), "p1", approve_one()).await.expect("approved");
    let top = office.feed_top().await;
    office.pass_ms(1_000);
    let again = judge(&office, office.reviewer(), "p1", approve_one()).await.expect("the same");
    assert_eq!(again, first);
    let other = PhotoVerdict { comment: Some("another".to_owned()), ..approve_one() };
    assert_eq!(code(judge(&office, office.reviewer(), "p1", other).await), ErrorCode::IdempotencyMismatch);
    assert_eq!(office.feed_top().await, top, "nothing was told twice");

    let reject = verdict(2, b"two", PhotoDecision::Reject, &[("label", false)]);
    judge(&office, office.reviewer(), "p2", reject).await.expect("rejected");
    let returned = decide(&office, office.reviewer(), 3, doc.heads(), VisitDecision::Return).await.expect("returned");
    let again = decide(&office, office.reviewer(), 3, doc.heads(), VisitDecision::Return).await.expect("the same");
    assert_eq!(again, returned);
    let history = list_verdicts(&office.state, office.reviewer(), VISIT).await.expect("history");
    assert_eq!((history.review.verdicts.len(), history.review.reworks.len()), (3, 1));
}

#[tokio::test]
async fn two_reviewers_never_judge_the_same_visit_at_once() {
    let office = office().await;
    office.under_review().await;
    let claim = claim_review(&office.state, office.reviewer(), VISIT).await.expect("claimed");
    assert_eq!(claim.reviewer, REVIEWER);
    let second = claim_review(&office.state, office.second_reviewer(), VISIT).await;
    assert_eq!(code(second), ErrorCode::ClaimedByOther);
    let second = judge(&office, office.second_reviewer(), "p1", approve_one()).await;
    assert_eq!(code(second), ErrorCode::ClaimedByOther);
    office.pass_ms(LEASE_MS - 1);
    judge(&office, office.reviewer(), "p1", approve_one()).await.expect("his verdict renews the claim");
    office.pass_ms(LEASE_MS - 1);
    let second = claim_review(&office.state, office.second_reviewer(), VISIT).await;
    assert_eq!(code(second), ErrorCode::ClaimedByOther);
    office.pass_ms(1);
    claim_review(&office.state, office.second_reviewer(), VISIT).await.expect("it ended");
}

#[tokio::test]
async fn who_executed_the_visit_cannot_judge_it() {
    let office = office().await;
    let doc = office.under_review().await;
    let both = || office.ctx(REP, Role::Reviewer, None);
    assert_eq!(code(claim_review(&office.state, both(), VISIT).await), ErrorCode::FourEyes);
    assert_eq!(code(judge(&office, both(), "p1", approve_one()).await), ErrorCode::FourEyes);
    let decided = decide(&office, both(), 3, doc.heads(), VisitDecision::Return).await;
    assert_eq!(code(decided), ErrorCode::FourEyes);
}

#[tokio::test]
async fn nothing_is_judged_before_everything_arrived() {
    let office = office().await;
    let doc = office.handed_in();
    office.push(&doc).await;
    assert_eq!(office.visit(VISIT).await.state, "submitted");
    assert_eq!(code(claim_review(&office.state, office.reviewer(), VISIT).await), ErrorCode::StateInvalid);
    assert_eq!(code(judge(&office, office.reviewer(), "p1", approve_one()).await), ErrorCode::StateInvalid);
    let decided = decide(&office, office.reviewer(), 3, doc.heads(), VisitDecision::Return).await;
    assert_eq!(code(decided), ErrorCode::StateInvalid);
    assert!(list_queue(&office.state, office.reviewer(), None, 10).await.expect("queue").is_empty());
}

#[tokio::test]
async fn a_late_photo_neither_counts_nor_hides_the_one_it_wants_to_replace() {
    let office = office().await;
    let mut doc = office.under_review().await;
    office.pass_ms(60_000);
    office.photo(&mut doc, "p9", "outdoor", b"late", Some("p1"));
    office.push(&doc).await;
    let review = show_review(&office.state, office.reviewer(), VISIT).await.expect("review");
    let photos: Vec<_> = review.case.view.current_photos().map(|photo| photo.key.clone()).collect();
    assert_eq!((photos, review.case.derived.late.len()), (vec!["p1".to_owned(), "p2".to_owned()], 1));
    assert!(review.case.missing.is_empty(), "nobody waits for its bytes");
}

#[tokio::test]
async fn the_phone_gets_the_rows_as_they_were_decided() {
    let office = office().await;
    let doc = office.under_review().await;
    let reject = verdict(2, b"two", PhotoDecision::Reject, &[("label", false)]);
    let verdict = judge(&office, office.reviewer(), "p2", reject).await.expect("rejected");
    let judged = decide(&office, office.reviewer(), 3, doc.heads(), VisitDecision::Return).await.expect("returned");
    let ticket = judged.rework.expect("ticket");
    let (verdict_item, ticket_item) = (verdict.id.to_string(), ticket.id.to_string());
    let (verdict_row, ticket_row) = office
        .write(move |conn| {
            let org = super::fixture::ORG;
            Ok((
                row_body(conn, org, FeedKind::Verdict, &verdict_item)?,
                row_body(conn, org, FeedKind::Rework, &ticket_item)?,
            ))
        })
        .await;
    assert_eq!(verdict_row, Some((1, serde_json::to_value(&verdict).expect("row"))));
    assert_eq!(ticket_row, Some((1, serde_json::to_value(&ticket).expect("row"))));
}

#[tokio::test]
async fn a_faulty_verdict_is_told_which_field_is_wrong() {
    let office = office().await;
    office.under_review().await;
    let fields = async |sent: PhotoVerdict| match judge(&office, office.reviewer(), "p1", sent).await {
        Err(AppError::Refused(refusal)) => refusal.fields.into_iter().map(|field| field.path).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let old_id = PhotoVerdict { id: VerdictId(Uuid::from_bytes([9; 16])), ..approve_one() };
    assert_eq!(fields(old_id).await, ["id"]);
    assert_eq!(fields(PhotoVerdict { comment: Some(" ".to_owned()), ..approve_one() }).await, ["comment"]);
    let half = PhotoVerdict { ticks: BTreeMap::from([("box".to_owned(), true)]), ..approve_one() };
    assert_eq!(fields(half).await, ["ticks.route"]);
    let mut silent = verdict(1, b"one", PhotoDecision::Reject, &[]);
    silent.reason = None;
    assert_eq!(fields(silent).await, ["reason"]);
}

#[tokio::test]
async fn the_queue_goes_on_behind_its_last_entry() {
    let office = office().await;
    office.under_review().await;
    let queue = list_queue(&office.state, office.reviewer(), None, 1).await.expect("queue");
    let last = &queue.first().expect("entry").case.row;
    let key = QueueKey { submitted_at_ms: last.submitted_at_ms.expect("handed in"), visit: VISIT };
    assert!(list_queue(&office.state, office.reviewer(), Some(key), 1).await.expect("queue").is_empty());
    let before = QueueKey { submitted_at_ms: key.submitted_at_ms - 1, ..key };
    assert_eq!(list_queue(&office.state, office.reviewer(), Some(before), 1).await.expect("queue").len(), 1);
}
