//! Rows that cannot be read cost what they are about, and nothing else of an answer.

use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use sync_core::ids::VisitId;
use sync_core::protocol::{DocForm, Outcome, PushDoc, SyncRequest};

use super::helpers::{accept_again, refuse, run};
use crate::custody::{hand_in, upload};

/// A phone that brought the documents of two visits.
async fn two_visits(app: &TestApp) -> (Phone<'_>, [VisitId; 2]) {
    let office = app.office(YUNZE).await;
    let visits = [office.plan(&[YUNZE.rep()]).await.visit, office.plan(&[YUNZE.rep()]).await.visit];
    let mut phone = app.phone_of(YUNZE.rep()).await;
    visits.iter().for_each(|visit| phone.tick(*visit, "safety", true));
    phone.sync().await;
    (phone, visits)
}

async fn set_heads(app: &TestApp, visit: VisitId, heads: &str) {
    run(app, format!("UPDATE documents SET heads = '{heads}' WHERE visit_id = '{visit}'")).await;
}

#[actix_web::test]
async fn a_document_whose_row_cannot_be_read_is_owed_and_keeps_back_nothing_else() {
    let app = TestApp::new().await;
    let (mut phone, [damaged, visit]) = two_visits(&app).await;
    let heads = phone.heads(damaged)[0].to_string();
    set_heads(&app, damaged, "damaged").await;
    let mut second = app.phone_of(YUNZE.rep()).await;
    second.sync().await;
    assert!(second.carries(visit) && second.has("visit", damaged) && !second.carries(damaged));

    // Who brings more to both is told his news, too.
    let planned = app.office_again(YUNZE).plan(&[YUNZE.rep()]).await.visit;
    [damaged, visit].iter().for_each(|visit| phone.tick(*visit, "wiring", true));
    let outcomes: Vec<Outcome> = phone.round().await.acks.iter().map(|ack| ack.outcome).collect();
    assert!(phone.has("visit", planned) && outcomes.contains(&Outcome::Stored), "{outcomes:?}");

    set_heads(&app, damaged, &heads).await;
    second.sync().await;
    assert!(second.carries(damaged), "it comes by itself once it is mended");
}

#[actix_web::test]
async fn a_question_that_cannot_be_answered_is_no_not_found_and_keeps_back_no_other() {
    let app = TestApp::new().await;
    let (phone, visits) = two_visits(&app).await;
    set_heads(&app, visits[0], "damaged").await;
    let docs = visits.iter().map(|visit| PushDoc::asking(*visit)).collect();
    let answer = phone.exchange(&SyncRequest { docs, ..phone.empty_request() }).await;
    let acks: Vec<_> = answer.acks.iter().map(|ack| (ack.outcome, ack.heads.len())).collect();
    assert_eq!(acks, [(Outcome::Stored, 0), (Outcome::Stored, 1)], "the phone goes on asking");
    let docs: Vec<_> = answer.docs.iter().map(|doc| (doc.id, doc.form)).collect();
    assert_eq!(docs, [(visits[1], DocForm::Snapshot)]);
}

#[actix_web::test]
async fn a_first_sync_goes_without_what_comes_first_where_that_cannot_be_told() {
    let app = TestApp::new().await;
    let (_, visits) = two_visits(&app).await;
    let (org, visit) = (YUNZE.org, visits[0]);
    run(&app, format!("INSERT INTO late_work (org_id, visit_id, seq, body) VALUES ('{org}', '{visit}', 1, '')")).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    assert!(visits.iter().all(|visit| phone.carries(*visit)));
}

#[actix_web::test]
async fn a_complete_receipt_that_cannot_be_given_keeps_back_neither_news_nor_another() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let handed = [hand_in(&app, &mut phone).await, hand_in(&app, &mut phone).await];
    phone.sync().await;
    for of in &handed {
        for bytes in of.parts.iter().chain(of.photos.iter().map(|(_, bytes)| bytes)) {
            upload(&phone, bytes).await;
        }
    }
    let [faulty, visit] = [handed[0].visit, handed[1].visit];
    // Who only asks: one receipt cannot be written, the other is issued.
    refuse(&app, "complete_receipts", "visit_id", faulty).await;
    let mut mate = app.phone_of(YUNZE.colleague()).await;
    mate.sync().await;
    assert_eq!(mate.complete.keys().collect::<Vec<_>>(), [&visit]);
    assert!(mate.carries(faulty) && mate.carries(visit));

    // One cannot be looked up, the other is known.
    accept_again(&app).await;
    set_heads(&app, faulty, "damaged").await;
    let mut mate = app.phone_of(YUNZE.colleague()).await;
    mate.sync().await;
    assert_eq!(mate.complete.keys().collect::<Vec<_>>(), [&visit]);
    assert!(mate.carries(visit) && !mate.carries(faulty));
}
