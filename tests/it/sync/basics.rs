//! Pushing and pulling: what arrives, what is stored, and that saying it twice changes nothing.

use doorstep_store::documents::{find_document, list_doc_changes};
use integration_tests::app::TestApp;
use integration_tests::builders::TEMPLATE;
use integration_tests::company::YUNZE;
use integration_tests::phone::{Coding, Wire};
use integration_tests::together::all;
use sync_core::protocol::codec::Encoding;
use sync_core::protocol::{DocForm, Outcome};

use super::helpers::{contents_of, counts};

#[actix_web::test]
async fn a_planned_visit_reaches_the_phone_with_everything_it_needs() {
    let app = TestApp::new().await;
    let planned = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;

    assert_eq!(phone.row("visit", planned.visit)["crew"][0], YUNZE.rep().id.to_string());
    assert_eq!(phone.row("customer", planned.customer)["name"], "陈梅");
    assert_eq!(phone.row("site", planned.site)["scene"], "urban_residential");
    assert_eq!(phone.row("work_order", planned.order)["type"], "install");
    assert_eq!(phone.rows["appointment"].len(), 1);
    assert_eq!(phone.rows["assignment"].len(), 1);
    assert!(phone.has("template", format!("{TEMPLATE}/1")));
    assert!(phone.has("policy", 1) && phone.has("calendar", 1));
    assert!(!phone.carries(planned.visit), "a document exists after its first push only");

    // Somebody without this visit gets the reference data and nothing else.
    let mut other = app.phone_of(YUNZE.stranger()).await;
    other.sync().await;
    assert_eq!(other.rows.keys().collect::<Vec<_>>(), ["calendar", "policy", "template"]);
}

#[actix_web::test]
async fn what_is_captured_is_stored_and_named_by_a_receipt() {
    let app = TestApp::new().await;
    let planned = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    phone.tick(planned.visit, "safety", true);
    phone.measure(planned.visit, "optical_power", "-18.30", "dBm");
    let answer = phone.round().await;

    assert_eq!(answer.acks[0].outcome, Outcome::Stored);
    assert_eq!(answer.acks[0].heads, phone.heads(planned.visit));
    let receipt = phone.receipts.last().expect("a receipt");
    assert_eq!(receipt.heads_of(&planned.visit), Some(phone.heads(planned.visit).as_slice()));
    assert!(answer.docs.is_empty(), "a phone never gets its own changes back");
    let stored = app.read(move |conn| find_document(conn, YUNZE.org, planned.visit)).await.expect("a document");
    assert_eq!(stored.heads.0.0, phone.heads(planned.visit));

    phone.tick(planned.visit, "wiring", true);
    let chunks = phone.unsent_chunks(planned.visit);
    phone.sync().await;
    let pushes = app.read(move |conn| list_doc_changes(conn, YUNZE.org, planned.visit)).await;
    assert_eq!((pushes.len(), &pushes[1].bytes), (2, &chunks.concat()), "byte for byte");
    assert!(phone.is_all_sent());
}

#[actix_web::test]
async fn the_same_body_again_is_a_duplicate_and_changes_nothing() {
    let app = TestApp::new().await;
    let planned = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    phone.tick(planned.visit, "safety", true);
    phone.intend(super::helpers::day_note("bring a ladder"));

    // The first answer is lost, for a whole document as for single changes.
    for outcome in [Outcome::Stored, Outcome::Stored] {
        let request = phone.request();
        let lost = phone.exchange(&request).await;
        assert_eq!(lost.acks[0].outcome, outcome);
        let before = counts(&app).await;
        let again = phone.exchange(&request).await;
        assert!(again.acks.iter().all(|ack| ack.outcome == Outcome::Duplicate), "{:?}", again.acks);
        assert_eq!(again.acks[0].heads, lost.acks[0].heads);
        assert_eq!(contents_of(&app, &phone, &again), contents_of(&app, &phone, &lost));
        assert_eq!(counts(&app).await, before);
        phone.take_in(&again);
        assert!(phone.is_all_sent());
        phone.tick(planned.visit, "wiring", true);
        phone.intend(super::helpers::day_note("bring a drill"));
    }
}

#[actix_web::test]
async fn eight_parallel_replays_have_one_effect() {
    let app = TestApp::new().await;
    let planned = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    for round in ["whole document", "single changes"] {
        phone.tick(planned.visit, round, true);
        phone.intend(super::helpers::day_note(round));
        let request = phone.request();
        let before = counts(&app).await;
        let answers = all((0..8).map(|_| phone.exchange(&request))).await;
        let stored =
            |position: usize| answers.iter().filter(|answer| answer.acks[position].outcome == Outcome::Stored).count();
        assert_eq!((stored(0), stored(1)), (1, 1), "{round}");
        let is_held = |outcome| matches!(outcome, Outcome::Stored | Outcome::Duplicate);
        assert!(answers.iter().flat_map(|answer| &answer.acks).all(|ack| is_held(ack.outcome)), "{round}");
        let after = counts(&app).await;
        assert_eq!(after["doc_changes"], before["doc_changes"] + 1);
        assert_eq!(after["intents"], before["intents"] + 1);
        assert_eq!(after["batch_seals"], before["batch_seals"] + 1);
        phone.take_in(&answers[7]);
    }
}

#[actix_web::test]
async fn cbor_and_json_plain_and_compressed_say_the_same() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let mut writer = app.phone_of(YUNZE.rep()).await;
    for _ in 0..8 {
        let visit = office.plan(&[YUNZE.rep()]).await.visit;
        writer.tick(visit, "safety", true);
    }
    writer.sync().await;
    let mut told = Vec::new();
    for encoding in [Encoding::Cbor, Encoding::Json] {
        for coding in [Coding::Identity, Coding::Gzip, Coding::Zstd] {
            let mut phone = app.phone_of(YUNZE.rep()).await;
            phone.wire = Wire { encoding, coding };
            let visit = office.plan(&[YUNZE.stranger()]).await.visit;
            let mut answers = phone.sync().await;
            let answer = answers.remove(0);
            assert!(answer.docs.iter().all(|doc| doc.form == DocForm::Snapshot));
            told.push((answer.rows, answer.docs));
            phone.tick(visit, "x", true);
            assert_eq!(phone.round().await.acks[0].outcome, Outcome::NotFound);
        }
    }
    assert!(told.iter().all(|other| *other == told[0]));
    assert_eq!(told[0].1.len(), 8);
}
