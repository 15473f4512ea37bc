//! Uploads, what they complete, who may read them, their previews.

use doorstep_media::draw::{DemoPhoto, draw};
use doorstep_media::sniff;
use doorstep_store::audit::list_audit_events;
use doorstep_store::blob_facts::find_facts;
use doorstep_store::blobs::{begin_ingest, find_blob};
use doorstep_store::devices::revoke_device;
use doorstep_store::feed::FeedKind;
use doorstep_store::reviews::list_reworks;
use sync_core::bytes::Hash;
use sync_core::doc::VisitDoc;
use sync_core::ids::VerdictId;
use sync_core::jws::Ed25519PublicKey;
use sync_core::receipt::verify_held;

use super::*;
use crate::app::reviews::fixture::{ORG, OTHER_PHONE, OTHER_VISIT, Office, PHONE, Parts, VISIT, office};
use crate::app::reviews::{PhotoVerdict, VisitVerdict, judge_photo, judge_visit};
use crate::app::{AppError, AppResult, ErrorCode};
use crate::domain::review_words::{PhotoDecision, RejectReason, ReturnReason, VisitDecision};
use crate::jobs::ingest::run_due;

#[path = "tests_memory.rs"]
mod memory;
#[path = "tests_resume.rs"]
mod resume;

fn code<T: std::fmt::Debug>(result: AppResult<T>) -> ErrorCode {
    result.expect_err("a refusal").code()
}

fn jpeg() -> Vec<u8> {
    draw(&DemoPhoto { seed: 7, width: 640, height: 480, title: "probe", lines: &[] }).expect("photo")
}

/// Where the blob's file is, if it is durable.
async fn exists(office: &Office, bytes: &[u8]) -> bool {
    office.state.blobs.exists(ORG, Hash::of(bytes)).await.expect("storage")
}

async fn row(office: &Office, bytes: &[u8]) -> Option<doorstep_store::blobs::BlobRow> {
    let sha256 = Hash::of(bytes);
    office.write(move |conn| Ok(find_blob(conn, ORG, sha256)?)).await
}

#[tokio::test]
async fn an_upload_is_answered_with_a_receipt_for_exactly_this_blob() {
    let office = office().await;
    let stored = office.upload(office.rep(), b"bytes of a photo").await.expect("stored");
    assert_eq!((stored.sha256, stored.bytes), (Hash::of(b"bytes of a photo"), 16));
    let key = Ed25519PublicKey::from_bytes(&office.state.keys().evidence_signer().public_bytes()).expect("key");
    let receipt = verify_held(&stored.receipt, &[key], ORG, PHONE).expect("receipt");
    let receipt = receipt.receipt();
    assert_eq!(receipt.blobs, [stored.sha256]);
    assert!(receipt.docs.is_empty() && receipt.statements.is_empty() && receipt.intents.is_empty());
    assert_eq!((receipt.epoch, receipt.batch_id), (office.state.epoch, None));
    let again = office.upload(office.rep(), b"bytes of a photo").await.expect("stored again");
    assert_eq!(again.receipt, stored.receipt, "same instant, same answer");
}

#[tokio::test]
async fn wrong_broken_and_oversized_bodies_leave_nothing() {
    let office = office().await;
    let name = Hash::of(b"what it should be");
    let put = async |declared, parts| {
        store_blob(&office.state, office.rep(), name, Portion::Whole, declared, Parts(parts)).await
    };
    assert_eq!(code(put(None, vec![Ok(b"something else".to_vec())]).await), ErrorCode::ChecksumMismatch);
    assert_eq!(
        code(put(None, vec![Ok(b"what it".to_vec()), Err(ErrorCode::BodyInvalid)]).await),
        ErrorCode::BodyInvalid
    );
    let limits = |result: AppResult<StoredBlob>| match result {
        Err(AppError::Refused(refusal)) => (refusal.code, refusal.limit, refusal.actual),
        other => panic!("{other:?}"),
    };
    let too_large = |actual| (ErrorCode::PhotoTooLarge, Some(100_000), Some(actual));
    assert_eq!(limits(put(Some(100_001), vec![]).await), too_large(100_001), "refused by its announced length");
    let parts = vec![Ok(vec![0; 60_000]), Ok(vec![0; 60_000]), Ok(vec![0; 60_000])];
    assert_eq!(limits(put(None, parts).await), too_large(120_000), "counted on the way");
    assert!(!exists(&office, b"what it should be").await);
    assert_eq!(row(&office, b"what it should be").await, None);
    assert_eq!(resume::unfinished(&office), 1, "what broke off may go on, nothing else stays");
}

#[tokio::test]
async fn a_visit_is_complete_when_its_last_blob_arrives() {
    let office = office().await;
    office.push(&office.handed_in()).await;
    let missing = list_missing_blobs(&office.state, office.rep(), VISIT).await.expect("list");
    let told: Vec<_> = missing.iter().map(|blob| (blob.slot.clone().unwrap_or_default(), blob.bytes)).collect();
    assert_eq!(told, [("outdoor".to_owned(), Some(3)), ("label".to_owned(), Some(3))]);
    let top = office.feed_top().await;
    office.upload(office.rep(), b"one").await.expect("stored");
    let visit = office.visit(VISIT).await;
    assert_eq!((visit.missing_blobs, visit.evidence_complete_at_ms, visit.state.as_str()), (1, None, "submitted"));
    assert_eq!(office.feed_top().await, top, "the plan did not change");
    office.upload(office.rep(), b"two").await.expect("stored");
    let visit = office.visit(VISIT).await;
    let now = office.state.clock.now().0;
    assert_eq!((visit.missing_blobs, visit.evidence_complete_at_ms), (0, Some(now)));
    assert_eq!((visit.state.as_str(), visit.version), ("under_review", 2));
    assert_eq!(office.news(FeedKind::Visit, top).await, 1, "the phone hears that its evidence is complete");
    assert!(list_missing_blobs(&office.state, office.rep(), VISIT).await.expect("list").is_empty());
    let foreign = list_missing_blobs(&office.state, office.other_rep(), VISIT).await;
    assert_eq!(code(foreign), ErrorCode::NotFound);
}

#[tokio::test]
async fn blobs_that_come_before_the_document_count_too() {
    let office = office().await;
    office.upload(office.rep(), b"one").await.expect("stored");
    office.upload(office.rep(), b"two").await.expect("stored");
    office.push(&office.handed_in()).await;
    assert_eq!(office.visit(VISIT).await.state, "under_review");
}

#[tokio::test]
async fn document_and_blobs_at_once_leave_nothing_waiting() {
    for _ in 0..5 {
        let office = office().await;
        let doc = office.handed_in();
        let uploads = async { tokio::join!(office.upload(office.rep(), b"one"), office.upload(office.rep(), b"two")) };
        let ((), (one, two)) = tokio::join!(office.push(&doc), uploads);
        assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
        let visit = office.visit(VISIT).await;
        assert_eq!((visit.missing_blobs, visit.state.as_str()), (0, "under_review"));
    }
}

#[tokio::test]
async fn new_content_makes_a_complete_visit_incomplete() {
    let office = office().await;
    let mut doc = office.under_review().await;
    office.photo(&mut doc, "p3", "label", b"three", None);
    office.push(&doc).await;
    let visit = office.visit(VISIT).await;
    assert_eq!((visit.missing_blobs, visit.evidence_complete_at_ms), (1, None));
}

#[tokio::test]
async fn a_resubmission_is_ready_for_review_when_its_last_photo_arrives() {
    let office = office().await;
    let mut doc = office.under_review().await;
    let reject = PhotoVerdict {
        id: VerdictId(office.state.id()),
        sha256: Hash::of(b"two"),
        decision: PhotoDecision::Reject,
        ticks: [("label".to_owned(), false)].into(),
        reason: Some(RejectReason::Illegible),
        comment: None,
    };
    judge_photo(&office.state, office.reviewer(), VISIT, "p2".to_owned(), reject).await.expect("rejected");
    let back = VisitVerdict {
        id: VerdictId(office.state.id()),
        heads: doc.heads(),
        last_decision: None,
        decision: VisitDecision::Return,
        reason: Some(ReturnReason::PhotosRejected),
        comment: None,
    };
    judge_visit(&office.state, office.reviewer(), VISIT, back).await.expect("returned");
    assert_eq!(office.visit(VISIT).await.state, "returned");

    office.pass_ms(60_000);
    office.photo(&mut doc, "p3", "label", b"three", Some("p2"));
    office.event(&mut doc, "resubmit");
    office.push(&doc).await;
    let open = async || {
        let tickets = office.write(|conn| Ok(list_reworks(conn, ORG, VISIT)?)).await;
        tickets.iter().filter(|ticket| ticket.answered_at_ms.is_none()).count()
    };
    let approve = async || {
        let verdict = PhotoVerdict {
            id: VerdictId(office.state.id()),
            sha256: Hash::of(b"three"),
            decision: PhotoDecision::Approve,
            ticks: [("label".to_owned(), true)].into(),
            reason: None,
            comment: None,
        };
        judge_photo(&office.state, office.reviewer(), VISIT, "p3".to_owned(), verdict).await
    };
    assert_eq!(office.visit(VISIT).await.evidence_complete_at_ms, None);
    assert_eq!(code(approve().await), ErrorCode::StateInvalid, "the new photo is on the way");
    office.upload(office.rep(), b"three").await.expect("stored");
    let visit = office.visit(VISIT).await;
    let complete_at = office.state.clock.now().0;
    assert_eq!((visit.state.as_str(), visit.evidence_complete_at_ms), ("under_review", Some(complete_at)));
    assert_eq!(open().await, 0, "the ticket is answered");
    approve().await.expect("ready to be judged");
}

#[tokio::test]
async fn a_revoked_phone_completes_nothing_on_its_own() {
    let office = office().await;
    office.push(&office.handed_in()).await;
    office.upload(office.rep(), b"one").await.expect("stored");
    let now = office.state.clock.now().0;
    office.write(move |conn| Ok(revoke_device(conn, ORG, PHONE, now)?)).await;
    office.pass_ms(1_000);
    let stored = office.upload(office.rep(), b"two").await.expect("stored all the same");
    assert!(stored.is_quarantined);
    assert!(exists(&office, b"two").await);
    let visit = office.visit(VISIT).await;
    // The photo that came before goes on to count: its receipt said so.
    assert_eq!((visit.missing_blobs, visit.evidence_complete_at_ms), (1, None));
    office.upload(office.other_rep(), b"two").await.expect("a colleague sends the same bytes");
    assert_eq!(office.visit(VISIT).await.missing_blobs, 0);
    assert_eq!(row(&office, b"two").await.map(|row| row.device_id.0), Some(OTHER_PHONE));
}

#[tokio::test]
async fn only_a_claim_of_ones_own_visit_opens_a_blob() {
    let office = office().await;
    office.upload(office.rep(), b"one").await.expect("stored");
    let unclaimed = read_original(&office.state, office.reviewer(), Hash::of(b"one")).await;
    assert_eq!(code(unclaimed), ErrorCode::NotFound, "nobody reads what no visit names");
    office.push(&office.handed_in()).await;
    let content = read_original(&office.state, office.rep(), Hash::of(b"one")).await.expect("his own");
    assert_eq!((content.bytes.as_slice(), content.media_type.as_str()), (&b"one"[..], "application/octet-stream"));
    read_original(&office.state, office.reviewer(), Hash::of(b"one")).await.expect("a reviewer");
    let foreign = read_original(&office.state, office.other_rep(), Hash::of(b"one")).await;
    assert_eq!(code(foreign), ErrorCode::NotFound);

    let mut thief = VisitDoc::create(OTHER_VISIT).expect("document");
    office.photo(&mut thief, "p1", "outdoor", b"one", None);
    office.push(&thief).await;
    let foreign = read_original(&office.state, office.other_rep(), Hash::of(b"one")).await;
    assert_eq!(code(foreign), ErrorCode::NotFound, "knowing a hash never grants access");

    let subject = Hash::of(b"one").to_string();
    let events = office.write(move |conn| Ok(list_audit_events(conn, ORG, &subject, 10)?)).await;
    assert_eq!(events.len(), 2, "each reading, and no refused one");

    // Who brings the same bytes as somebody before him has them.
    let brought = office.upload(office.other_rep(), b"one").await.expect("stored already");
    let content = read_original(&office.state, office.other_rep(), Hash::of(b"one")).await.expect("his own, too");
    assert_eq!(content.bytes, b"one");
    read_original(&office.state, office.rep(), Hash::of(b"one")).await.expect("as before");
    let asked = store_blob(&office.state, office.other_rep(), Hash::of(b"one"), Portion::Nothing, None, Parts(vec![]));
    assert_eq!(asked.await.expect("all of it is here"), brought);
}

#[tokio::test]
async fn damaged_evidence_is_never_shown_and_a_new_upload_mends_it() {
    let office = office().await;
    office.under_review().await;
    let sha256 = Hash::of(b"one");
    let hex = sha256.to_string();
    let folder = office.root.join("blobs").join("o").join(ORG.to_string()).join("sha256");
    let file = folder.join(&hex[..2]).join(&hex[2..4]).join(&hex);
    std::fs::write(file, b"0ne").expect("damage");
    assert_eq!(code(read_original(&office.state, office.reviewer(), sha256).await), ErrorCode::Internal);
    office.upload(office.rep(), b"one").await.expect("stored again");
    let content = read_original(&office.state, office.reviewer(), sha256).await.expect("mended");
    assert_eq!(content.bytes, b"one");
}

#[tokio::test]
async fn previews_are_made_after_the_upload() {
    let office = office().await;
    let photo = jpeg();
    let mut doc = office.handed_in();
    office.photo(&mut doc, "p3", "label", &photo, None);
    office.photo(&mut doc, "p4", "label", b"\xFF\xD8\xFFbroken", None);
    office.push(&doc).await;
    for bytes in [photo.as_slice(), b"\xFF\xD8\xFFbroken", b"one"] {
        office.upload(office.rep(), bytes).await.expect("stored");
    }
    let show = async |bytes: &[u8], size| read_derived(&office.state, office.reviewer(), Hash::of(bytes), size).await;
    assert_eq!(code(show(&photo, DerivedSize::Preview).await), ErrorCode::PreviewPending);
    assert_eq!(code(show(b"one", DerivedSize::Preview).await), ErrorCode::NoPreview, "no picture");
    assert_eq!(run_due(&office.state).await.expect("job"), 2);
    assert_eq!(run_due(&office.state).await.expect("job"), 0, "nothing is made twice");
    let preview = show(&photo, DerivedSize::Preview).await.expect("preview");
    assert_eq!(sniff(&preview.bytes).dimensions, Some((640, 480)));
    let thumbnail = show(&photo, DerivedSize::Thumbnail).await.expect("thumbnail");
    assert_eq!(sniff(&thumbnail.bytes).dimensions, Some((320, 240)));
    assert_eq!(code(show(b"\xFF\xD8\xFFbroken", DerivedSize::Preview).await), ErrorCode::NoPreview);
    let foreign = read_derived(&office.state, office.other_rep(), Hash::of(&photo), DerivedSize::Thumbnail).await;
    assert_eq!(code(foreign), ErrorCode::NotFound);
    let facts = async |bytes: &[u8]| {
        let sha256 = Hash::of(bytes);
        office.write(move |conn| Ok(find_facts(conn, ORG, sha256)?)).await
    };
    let known = facts(&photo).await.expect("of a picture");
    assert_eq!((known.width, known.height, known.prints.len()), (640, 480, 128));
    assert!(known.mean_luma_c > 0);
    assert_eq!((facts(b"\xFF\xD8\xFFbroken").await, facts(b"one").await), (None, None));
}

#[tokio::test]
async fn a_picture_that_ended_the_process_twice_is_parked_and_its_original_is_untouched() {
    let office = office().await;
    let photo = jpeg();
    let sha256 = Hash::of(&photo);
    let mut doc = office.handed_in();
    office.photo(&mut doc, "p3", "label", &photo, None);
    office.push(&doc).await;
    office.upload(office.rep(), &photo).await.expect("stored");
    let begin = async || office.write(move |conn| Ok(begin_ingest(conn, ORG, sha256, 1, 0)?)).await;
    assert_eq!((begin().await, begin().await), (Some(0), Some(1)));
    assert_eq!(run_due(&office.state).await.expect("job"), 1);
    let row = row(&office, &photo).await.expect("a blob");
    assert_eq!((row.preview_state.as_str(), row.preview_reason.as_deref()), ("no_preview", Some("crashed")));
    assert_eq!(begin().await, None);
    let content = read_original(&office.state, office.reviewer(), sha256).await.expect("the original");
    assert_eq!(content.bytes, photo);
}

#[tokio::test]
async fn lost_previews_are_made_again() {
    let office = office().await;
    let photo = jpeg();
    let mut doc = office.handed_in();
    office.photo(&mut doc, "p3", "label", &photo, None);
    office.push(&doc).await;
    office.upload(office.rep(), &photo).await.expect("stored");
    run_due(&office.state).await.expect("job");
    std::fs::remove_dir_all(office.root.join("blobs").join("o").join(ORG.to_string()).join("derived")).expect("loss");
    let show = async || read_derived(&office.state, office.reviewer(), Hash::of(&photo), DerivedSize::Thumbnail).await;
    assert_eq!(code(show().await), ErrorCode::PreviewPending);
    assert_eq!(run_due(&office.state).await.expect("job"), 1);
    show().await.expect("made again");
}
