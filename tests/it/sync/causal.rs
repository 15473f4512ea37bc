//! Changes travel with their past or wait for it; nothing is parked.

use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use sync_core::bytes::Hash;
use sync_core::doc::genesis::genesis;
use sync_core::ids::VisitId;
use sync_core::protocol::Outcome;

use super::helpers::counts;

/// A phone with ten unsent changes on a document that the server knows.
async fn ten_changes(app: &TestApp) -> (Phone<'_>, VisitId, Vec<Vec<u8>>) {
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.tick(visit, "first", true);
    phone.sync().await;
    for step in 0..10 {
        phone.tick(visit, &format!("step/{step}"), true);
    }
    let chunks = phone.unsent_chunks(visit);
    assert_eq!(chunks.len(), 10);
    (phone, visit, chunks)
}

/// The hash of a change chunk: of everything behind magic and checksum.
fn hash_of(chunk: &[u8]) -> Hash {
    Hash::of(&chunk[8..])
}

#[actix_web::test]
async fn a_history_may_come_in_several_batches_and_in_any_order_inside_one() {
    let app = TestApp::new().await;
    let (mut phone, visit, chunks) = ten_changes(&app).await;
    for part in chunks.chunks(4) {
        let backwards = part.iter().rev().cloned().collect();
        let answer = phone.exchange(&phone.pushing(visit, backwards)).await;
        assert_eq!(answer.acks[0].outcome, Outcome::Stored);
        phone.take_in(&answer);
    }
    assert!(phone.is_all_sent());
}

#[actix_web::test]
async fn changes_without_their_past_are_not_parked_and_the_answer_names_what_is_missing() {
    let app = TestApp::new().await;
    let (mut phone, visit, chunks) = ten_changes(&app).await;
    let before = counts(&app).await;
    let answer = phone.exchange(&phone.pushing(visit, chunks[3..].to_vec())).await;
    assert_eq!(answer.acks[0].outcome, Outcome::NeedFull);
    assert_eq!(answer.acks[0].missing, [hash_of(&chunks[2])]);
    let mut after = counts(&app).await;
    *after.get_mut("batch_seals").expect("the table") -= 1;
    assert_eq!(after, before);

    // What has its past is taken, the rest is asked for again.
    let holed: Vec<Vec<u8>> = chunks.iter().take(2).chain(&chunks[3..]).cloned().collect();
    let answer = phone.exchange(&phone.pushing(visit, holed)).await;
    assert_eq!(answer.acks[0].outcome, Outcome::NeedFull);
    assert_eq!(answer.acks[0].heads, [hash_of(&chunks[1])]);
    phone.take_in(&answer);
    assert_eq!(phone.unsent_chunks(visit), chunks[2..]);
    assert_eq!(phone.round().await.acks[0].outcome, Outcome::Stored);
    assert!(phone.is_all_sent());
}

#[actix_web::test]
async fn a_first_push_may_be_single_changes_if_the_genesis_is_among_them() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.tick(visit, "safety", true);
    let mut chunks = phone.unsent_chunks(visit);
    assert_eq!(chunks[0], genesis(visit).bytes);
    let without_genesis = chunks.split_off(1);
    let answer = phone.exchange(&phone.pushing(visit, without_genesis.clone())).await;
    assert_eq!((answer.acks[0].outcome, &answer.acks[0].missing), (Outcome::NeedFull, &vec![genesis(visit).hash]));
    chunks.extend(without_genesis);
    assert_eq!(phone.exchange(&phone.pushing(visit, chunks)).await.acks[0].outcome, Outcome::Stored);
}
