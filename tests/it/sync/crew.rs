//! Two phones, one visit: both orders of arrival lead to the same document on every side.

use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use serde_json::json;
use sync_core::ids::VisitId;
use sync_core::plain_json;
use sync_core::protocol::{DocForm, Outcome, SyncRequest};

/// The merged view as bytes, the way an export writes it.
fn view_bytes(phone: &Phone<'_>, visit: VisitId) -> String {
    serde_json::to_string(&phone.view(visit)).expect("a view is JSON")
}

/// Both phones offline on the same visit: the same reading, the same tick, the same answer.
async fn two_phones<'a>(app: &'a TestApp, visit: VisitId) -> [Phone<'a>; 2] {
    let mut phones = [app.phone_of(YUNZE.rep()).await, app.phone_of(YUNZE.colleague()).await];
    let said = [("-18.30", true, 9), ("-21.00", false, 4)];
    for (phone, (power, done, rating)) in phones.iter_mut().zip(said) {
        phone.sync().await;
        phone.measure(visit, "optical_power", power, "dBm");
        phone.tick(visit, "safety", done);
        phone.answer(visit, "rating", &json!(rating));
    }
    phones
}

#[actix_web::test]
async fn in_both_orders_everybody_ends_with_the_same_view_and_sees_every_conflict() {
    for first in [0, 1] {
        let app = TestApp::new().await;
        let visit = app.office(YUNZE).await.plan(&[YUNZE.rep(), YUNZE.colleague()]).await.visit;
        let mut phones = two_phones(&app, visit).await;
        phones[first].sync().await;
        let second = phones[1 - first].sync().await;
        // The server had the document: it asks for the changes, gets them, and gives the other's.
        assert_eq!(second[0].acks[0].outcome, Outcome::NeedFull);
        assert_eq!(second[1].acks[0].outcome, Outcome::Stored);
        phones[first].sync().await;

        let [one, two] = &phones;
        assert_eq!(one.heads(visit), two.heads(visit));
        assert_eq!(view_bytes(one, visit), view_bytes(two, visit));
        let view = one.view(visit);
        let both = |map: &str, key: &str| {
            let found = view.conflicts.iter().find(|conflict| conflict.map == map && conflict.key == key);
            found.unwrap_or_else(|| panic!("{map}/{key} in {:?}", view.conflicts)).candidates.len()
        };
        assert_eq!((both("ticks", "safety"), both("answers", "rating"), both("measures", "optical_power")), (2, 2, 2));
        assert_eq!(view.measures.len(), 2, "no reading is hidden");
    }
}

#[actix_web::test]
async fn edits_of_both_phones_keep_crossing_until_the_heads_agree() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep(), YUNZE.colleague()]).await.visit;
    let [mut one, mut two] = two_phones(&app, visit).await;
    one.sync().await;
    two.sync().await;
    one.sync().await;
    for round in 0..5 {
        one.tick(visit, &format!("step/{round}"), true);
        two.tick(visit, &format!("step/{round}"), false);
        two.measure(visit, "down_rate", &format!("30{round}"), "Mbps");
        let (mine, theirs) = if round % 2 == 0 { (&mut one, &mut two) } else { (&mut two, &mut one) };
        assert_eq!(mine.round().await.docs, []);
        let answer = theirs.round().await;
        let [update] = answer.docs.as_slice() else { panic!("one delta, not {:?}", answer.docs) };
        assert_eq!(update.form, DocForm::Delta);
        mine.round().await;
        assert_eq!(one.heads(visit), two.heads(visit));
    }
    assert_eq!(plain_json::to_string(&one.view(visit).ticks), plain_json::to_string(&two.view(visit).ticks));
}

#[actix_web::test]
async fn what_a_phone_brings_does_not_come_back_also_where_it_asks_for_everything() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep(), YUNZE.colleague()]).await.visit;
    let [mut one, mut two] = two_phones(&app, visit).await;
    let everything = |phone: &Phone<'_>| phone.sealed(SyncRequest { cursor: None, ..phone.request() });

    let answer = one.exchange(&everything(&one)).await;
    assert_eq!((answer.acks[0].outcome, &answer.docs), (Outcome::Stored, &vec![]));
    assert!(answer.rows.contains_key("visit"), "all else comes");
    one.take_in(&answer);

    // The same request with what another phone wrote in between: then the document comes, whole.
    one.tick(visit, "wiring", true);
    two.sync().await;
    let answer = one.exchange(&everything(&one)).await;
    let [update] = answer.docs.as_slice() else { panic!("one document, not {:?}", answer.docs) };
    assert_eq!((answer.acks[0].outcome, update.form), (Outcome::Stored, DocForm::Snapshot));
    one.take_in(&answer);
    assert!(!one.view(visit).conflicts.is_empty());
}

#[actix_web::test]
async fn another_phone_of_the_same_rep_continues_where_the_first_one_was() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut old = app.phone_of(YUNZE.rep()).await;
    old.sync().await;
    old.tick(visit, "safety", true);
    old.sync().await;

    let mut new = app.phone_of(YUNZE.rep()).await;
    new.sync().await;
    assert_eq!(new.heads(visit), old.heads(visit));
    new.tick(visit, "wiring", true);
    assert_eq!(new.round().await.acks[0].outcome, Outcome::Stored);

    let answer = old.round().await;
    assert_eq!(answer.docs[0].form, DocForm::Delta);
    assert_eq!(old.heads(visit), new.heads(visit));
}

#[actix_web::test]
async fn whoever_asks_for_a_whole_document_gets_it_once_and_none_of_others() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let (visit, foreign) = (office.plan(&[YUNZE.rep()]).await.visit, office.plan(&[YUNZE.stranger()]).await.visit);
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    phone.tick(visit, "safety", true);
    phone.sync().await;
    let mut request = phone.empty_request();
    let ask = sync_core::protocol::PushDoc::asking;
    request.docs = vec![ask(visit), ask(foreign), ask(visit)];
    let answer = phone.exchange(&request).await;
    let outcomes: Vec<Outcome> = answer.acks.iter().map(|ack| ack.outcome).collect();
    assert_eq!(outcomes, [Outcome::Stored, Outcome::NotFound, Outcome::Stored]);
    let [update] = answer.docs.as_slice() else { panic!("the document once, not {:?}", answer.docs.len()) };
    assert_eq!((update.form, &update.heads), (DocForm::Snapshot, &phone.heads(visit)));
    assert!(answer.receipts.is_empty(), "asking makes nothing durable");
}

#[actix_web::test]
async fn who_joined_later_gets_of_each_push_that_push_alone() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let visit = office.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.tick(visit, "safety", true);
    phone.sync().await;
    phone.tick(visit, "wiring", true);
    phone.sync().await;
    office.assign(visit, &[YUNZE.rep(), YUNZE.colleague()]).await;
    let mut mate = app.phone_of(YUNZE.colleague()).await;
    mate.sync().await;
    assert_eq!(mate.heads(visit), phone.heads(visit));

    phone.tick(visit, "cleanup", true);
    let pushed = phone.unsent_chunks(visit).concat();
    phone.sync().await;
    let answer = mate.round().await;
    let [update] = answer.docs.as_slice() else { panic!("one delta, not {:?}", answer.docs) };
    assert_eq!((update.form, &update.bytes.0), (DocForm::Delta, &pushed));
    assert_eq!(mate.heads(visit), phone.heads(visit));
}
