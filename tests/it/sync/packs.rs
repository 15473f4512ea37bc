//! Packing moves the bytes of pushes and changes nothing that anybody sees.

use doorstep::jobs::pack_documents;
use doorstep_store::documents::{DocChangeRow, list_doc_changes};
use doorstep_store::{StoreError, packs};
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use sync_core::ids::VisitId;
use sync_core::protocol::{DocForm, Outcome, SyncRequest};

/// Pushes from which a document is due.
const DUE: usize = 16;

/// Pushes one edit at a time; returns the last request.
async fn push(phone: &mut Phone<'_>, visit: VisitId, count: usize) -> SyncRequest {
    let mut last = phone.empty_request();
    for number in 0..count {
        phone.measure(visit, "optical_power", &format!("-{number}.50"), "dBm");
        last = phone.request();
        let answer = phone.exchange(&last).await;
        assert_eq!(answer.acks[0].outcome, Outcome::Stored);
        phone.take_in(&answer);
    }
    last
}

async fn pushes(app: &TestApp, visit: VisitId) -> Vec<DocChangeRow> {
    app.read(move |conn| list_doc_changes(conn, YUNZE.org, visit)).await
}

async fn pack(app: &TestApp) -> u64 {
    pack_documents::run_due(&app.state).await.expect("the job")
}

#[actix_web::test]
async fn packed_pushes_are_the_same_bytes_for_proofs_replays_and_phones() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep(), YUNZE.colleague()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    phone.tick(visit, "safety", true);
    let first = phone.request();
    let answer = phone.exchange(&first).await;
    phone.take_in(&answer);
    let mut behind = app.phone_of(YUNZE.colleague()).await;
    behind.sync().await;

    push(&mut phone, visit, DUE - 2).await;
    assert_eq!(pack(&app).await, 0, "not yet due");
    let last = push(&mut phone, visit, 1).await;
    let before = pushes(&app, visit).await;
    assert_eq!(before.len(), DUE);
    assert_eq!((pack(&app).await, pack(&app).await), (1, 0), "once is enough");
    assert_eq!(pushes(&app, visit).await, before, "every push, byte for byte and in order");

    // Answers that were lost: the whole document of the first push and the change of the last.
    for request in [&first, &last] {
        assert_eq!(phone.exchange(request).await.acks[0].outcome, Outcome::Duplicate);
    }
    // A phone behind the pack gets what it lacks, cut out of it.
    let news = behind.round().await;
    assert_eq!((news.docs.len(), news.docs[0].form), (1, DocForm::Delta));
    assert_eq!(behind.heads(visit), phone.heads(visit));
    let mut new = app.phone_of(YUNZE.rep()).await;
    new.sync().await;
    assert_eq!(new.heads(visit), phone.heads(visit));

    // What comes later is packed behind what is.
    push(&mut phone, visit, DUE).await;
    let before = pushes(&app, visit).await;
    assert_eq!(pack(&app).await, 1);
    assert_eq!(pushes(&app, visit).await, before);
    assert_eq!(before.len(), 2 * DUE);
}

#[actix_web::test]
async fn a_push_during_packing_is_kept_and_a_second_packer_writes_nothing() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    push(&mut phone, visit, DUE).await;
    let prepare = || app.read(move |conn| packs::prepare(conn, YUNZE.org, visit));
    let (one, two) = (prepare().await.expect("a packing"), prepare().await.expect("another"));
    push(&mut phone, visit, 1).await;
    let before = pushes(&app, visit).await;

    app.write(move |conn| packs::write(conn, &one)).await;
    assert_eq!(pushes(&app, visit).await, before, "the push that came meanwhile stands beside the pack");
    let lost = app.state.store.write(move |conn| packs::write(conn, &two)).await;
    assert!(matches!(lost, Err(StoreError::Stale)), "{lost:?}");
    assert_eq!(pushes(&app, visit).await, before);
}

#[actix_web::test]
async fn the_document_of_a_visit_that_ended_is_packed_at_once() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    push(&mut phone, visit, 2).await;
    let before = pushes(&app, visit).await;
    app.write(move |conn| packs::pack_after_end(conn, YUNZE.org, visit)).await;
    assert_eq!(pack(&app).await, 1);
    assert_eq!(pushes(&app, visit).await, before);
    // Late work is stored as ever.
    push(&mut phone, visit, 1).await;
    assert_eq!(pushes(&app, visit).await.len(), before.len() + 1);
}

#[actix_web::test]
async fn a_visit_that_ends_during_packing_is_packed_to_its_end() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    push(&mut phone, visit, DUE).await;
    let prepared = app.read(move |conn| packs::prepare(conn, YUNZE.org, visit)).await.expect("a packing");
    push(&mut phone, visit, 1).await;
    app.write(move |conn| packs::pack_after_end(conn, YUNZE.org, visit)).await;
    let before = pushes(&app, visit).await;
    app.write(move |conn| packs::write(conn, &prepared)).await;

    // Nobody pushes any more: what came meanwhile is due by itself, and then nothing is.
    assert_eq!((pack(&app).await, pack(&app).await), (1, 0));
    assert_eq!(pushes(&app, visit).await, before);
    let left = app.read(move |conn| packs::prepare(conn, YUNZE.org, visit)).await;
    assert!(left.is_none(), "every push is packed");
}
