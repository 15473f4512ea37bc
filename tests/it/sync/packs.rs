//! Packing moves the bytes of pushes and changes nothing that anybody sees.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::connection::{Connection as _, InstrumentationEvent};
use doorstep::jobs::pack_documents;
use doorstep_store::documents::{DocChangeRow, list_doc_changes};
use doorstep_store::{StoreError, packs, per_backend};
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use serde_json::json;
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

/// Statements of an app with one connection for reading, and those among them that read a pack.
#[derive(Clone, Default)]
struct Heard {
    all: Arc<AtomicUsize>,
    of_packs: Arc<AtomicUsize>,
}

impl Heard {
    async fn of(app: &TestApp) -> Self {
        let heard = Self::default();
        let hearing = heard.clone();
        app.read(move |conn| {
            let hear = move |event: InstrumentationEvent<'_>| {
                if let InstrumentationEvent::StartQuery { query, .. } = event {
                    hearing.all.fetch_add(1, Ordering::Relaxed);
                    let is_of_packs = query.to_string().contains("doc_packs");
                    hearing.of_packs.fetch_add(usize::from(is_of_packs), Ordering::Relaxed);
                }
            };
            per_backend!(conn, c => c.set_instrumentation(hear));
            Ok(())
        })
        .await;
        heard
    }

    fn take(&self) -> (usize, usize) {
        (self.all.swap(0, Ordering::Relaxed), self.of_packs.swap(0, Ordering::Relaxed))
    }
}

#[actix_web::test]
async fn packed_pushes_are_the_same_bytes_for_proofs_replays_and_phones() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep(), YUNZE.colleague()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    phone.tick(visit, "safety", true);
    // So much that no delta of a few readings is more.
    phone.answer(visit, "cable_kind", &json!("x".repeat(4_000)));
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

#[actix_web::test]
async fn a_delta_of_many_packed_pushes_reads_their_pack_once() {
    let app = TestApp::configured(|config| config.database.connections = 1).await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep(), YUNZE.colleague()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    // So much that no delta of a few readings is more.
    for question in ["one", "two", "three", "four"] {
        phone.answer(visit, question, &json!("x".repeat(4_000)));
        phone.sync().await;
    }
    let (mut early, mut late) = (app.phone_of(YUNZE.colleague()).await, app.phone_of(YUNZE.colleague()).await);
    early.sync().await;
    push(&mut phone, visit, 2 * DUE).await;
    late.sync().await;
    push(&mut phone, visit, 2).await;
    assert_eq!(pack(&app).await, 1);

    let heard = Heard::of(&app).await;
    let mut asked = Vec::new();
    for behind in [&mut late, &mut early] {
        heard.take();
        let news = behind.round().await;
        assert_eq!((news.docs.len(), news.docs[0].form), (1, DocForm::Delta));
        assert_eq!(behind.heads(visit), phone.heads(visit));
        asked.push(heard.take());
    }
    // Behind by two pushes, and by sixteen times as many: the same statements, one of them for the pack.
    assert!(asked[0].0 > 0 && asked[0].1 == 1, "{asked:?}");
    assert_eq!(asked[0], asked[1]);
}

#[actix_web::test]
async fn who_lacks_more_than_the_document_has_gets_the_document_and_no_pack_is_read() {
    let app = TestApp::configured(|config| config.database.connections = 1).await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep(), YUNZE.colleague()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    phone.tick(visit, "safety", true);
    phone.sync().await;
    let mut behind = app.phone_of(YUNZE.colleague()).await;
    behind.sync().await;
    push(&mut phone, visit, 4 * DUE).await;
    assert_eq!(pack(&app).await, 1);
    let lacking: usize = pushes(&app, visit).await[1..].iter().map(|push| push.bytes.len()).sum();

    let heard = Heard::of(&app).await;
    let news = behind.round().await;
    assert_eq!((news.docs.len(), news.docs[0].form), (1, DocForm::Snapshot));
    assert!(news.docs[0].bytes.0.len() < lacking, "{} bytes for {lacking}", news.docs[0].bytes.0.len());
    assert_eq!(heard.take().1, 0);
    assert_eq!(behind.heads(visit), phone.heads(visit));
}
