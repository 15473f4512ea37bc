//! Signed forms: from the customer's ink to complete evidence.

use doorstep_store::evidence::list_statements;
use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::company::YUNZE;
use integration_tests::phone::{Form, Phone};
use serde_json::json;
use sync_core::bytes::{Blob, Hash};
use sync_core::doc::Map;
use sync_core::ids::VisitId;
use sync_core::protocol::{Outcome, PushStatement};

use super::helpers::{contents_of, counts, quarantined, receipt_of};

/// Offline at the customer's: the work, a photo, the signature.
pub(crate) async fn signed_visit(app: &TestApp) -> (Phone<'_>, VisitId, Form, Vec<Vec<u8>>) {
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let (phone, form, blobs) = signed(app, visit).await;
    (phone, visit, form, blobs)
}

/// The same of a visit that is planned.
pub(crate) async fn signed(app: &TestApp, visit: VisitId) -> (Phone<'_>, Form, Vec<Vec<u8>>) {
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    phone.come_to_the_door(visit);
    phone.measure(visit, "optical_power", "-18.30", "dBm");
    let photo = b"bytes of a photo".to_vec();
    phone.photo(visit, "ont_front", &photo);
    let form = phone.sign_form(visit);
    let (digest, at, by) = (form.statement.digest(), phone.stamp(), phone.device.member.id);
    let event = phone.device.app.id().to_string();
    phone.write(visit, |edit| {
        edit.put(
            Map::Statements,
            &digest.to_string(),
            &json!({"kind": "construction_confirmation", "at": at, "by": by}),
        )?;
        edit.put(Map::Timeline, &event, &json!({"event": "sign", "at": at, "by": by}))
    });
    let outcome = json!({"code": "resource_missing", "reason": "no free port", "at": at, "by": by});
    phone.add(visit, Map::Outcomes, &outcome);
    phone.event(visit, "end_without_work");
    phone.statements.push(form.statement.clone());
    let mut blobs = form.blobs.clone();
    blobs.push(photo);
    (phone, form, blobs)
}

pub(crate) async fn upload(phone: &Phone<'_>, bytes: &[u8]) {
    let path = format!("/v1/blobs/{}", Hash::of(bytes));
    let call = Call::new("PUT", path).bytes("application/octet-stream", bytes);
    let answer = phone.device.client().send(call).await;
    assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
}

#[actix_web::test]
async fn a_form_that_the_document_names_and_that_never_came_keeps_the_evidence_incomplete() {
    let app = TestApp::new().await;
    let (mut phone, visit, form, blobs) = signed_visit(&app).await;
    let photo = blobs.last().expect("the photo").clone();
    let waiting = std::mem::take(&mut phone.statements);
    phone.round().await;
    upload(&phone, &photo).await;
    let office = app.office_again(YUNZE);
    let row = office.row(visit).await;
    assert_eq!((row.missing_blobs, row.evidence_complete_at_ms), (0, None), "every photo is here, the form is not");
    assert_eq!(row.state, "ended_without_work");

    // The openings come first this time, so that the form itself is the last piece.
    for bytes in &form.blobs {
        upload(&phone, bytes).await;
    }
    assert_eq!(office.row(visit).await.evidence_complete_at_ms, None);
    phone.statements = waiting;
    phone.round().await;
    let row = office.row(visit).await;
    assert_eq!((row.evidence_complete_at_ms, row.state.as_str()), (Some(app.now().0), "under_review"));
}

#[actix_web::test]
async fn a_form_that_was_named_by_mistake_can_be_withdrawn() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let (at, by) = (phone.stamp(), phone.device.member.id);
    let never_sealed = Hash::of(b"never sealed").to_string();
    phone.put(visit, Map::Statements, &never_sealed, &json!({"kind": "construction_confirmation", "at": at, "by": by}));
    phone.round().await;
    let office = app.office_again(YUNZE);
    assert_eq!(office.row(visit).await.evidence_complete_at_ms, None);
    phone.put(visit, Map::Withdrawn, &never_sealed, &json!({"reason": "wrong", "at": at, "by": by}));
    phone.round().await;
    assert_eq!(office.row(visit).await.evidence_complete_at_ms, Some(app.now().0));
}

#[actix_web::test]
async fn a_signed_form_travels_from_the_ink_to_the_review() {
    let app = TestApp::new().await;
    let (mut phone, visit, form, blobs) = signed_visit(&app).await;
    let answer = phone.round().await;
    assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Stored), "{:?}", answer.acks);
    assert!(phone.receipts.last().expect("one").names_statement(&form.statement.digest()));
    assert!(phone.is_all_sent());

    let stored = app.read(move |conn| list_statements(conn, YUNZE.org, visit)).await;
    assert_eq!((&stored[0].body, &stored[0].seal), (&form.statement.body.0, &form.statement.seal), "byte for byte");

    // Every opening, the ink and the photo are wanted, and nothing else.
    let mut wanted: Vec<Hash> = blobs.iter().map(|bytes| Hash::of(bytes)).collect();
    wanted.sort();
    assert_eq!(phone.wants.iter().copied().collect::<Vec<_>>(), wanted);
    let office = app.office_again(YUNZE);
    for (position, bytes) in blobs.iter().enumerate() {
        let row = office.row(visit).await;
        assert_eq!(row.missing_blobs, i64::try_from(blobs.len() - position).expect("few"));
        assert_eq!((row.state.as_str(), row.evidence_complete_at_ms), ("ended_without_work", None));
        upload(&phone, bytes).await;
    }
    let row = office.row(visit).await;
    assert_eq!((row.missing_blobs, row.evidence_complete_at_ms), (0, Some(app.now().0)));
    assert_eq!(row.state, "under_review");
}

#[actix_web::test]
async fn what_is_missing_is_told_once_and_again_only_to_who_brings_the_same_again() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    let wanted_of = async |phone: &mut Phone<'_>| {
        let request = phone.request();
        let [first, again] = [phone.exchange(&request).await.wants, phone.round().await.wants];
        (first, again)
    };
    let mut wanted = vec![phone.photo(visit, "outdoor_route", b"one")];
    assert_eq!(wanted_of(&mut phone).await, (wanted.clone(), wanted.clone()));
    wanted.push(phone.photo(visit, "splitter_label", b"two"));
    let of_two = vec![wanted[1]];
    wanted.sort();
    assert_eq!(wanted_of(&mut phone).await, (of_two, wanted.clone()));
    phone.tick(visit, "kit/a", true);
    assert_eq!(wanted_of(&mut phone).await, (Vec::new(), wanted));
}

#[actix_web::test]
async fn the_same_form_again_is_a_duplicate_and_cannot_be_changed() {
    let app = TestApp::new().await;
    let (phone, _, form, _) = signed_visit(&app).await;
    let request = phone.request();
    let first = phone.exchange(&request).await;
    let before = counts(&app).await;
    let again = phone.exchange(&request).await;
    assert!(again.acks.iter().all(|ack| ack.outcome == Outcome::Duplicate), "{:?}", again.acks);
    assert_eq!(contents_of(&app, &phone, &again), contents_of(&app, &phone, &first));
    assert_eq!((&again.wants, counts(&app).await), (&first.wants, before));
    let twice = phone.sealed(sync_core::protocol::SyncRequest {
        statements: vec![form.statement.clone(), form.statement],
        ..phone.empty_request()
    });
    let answer = phone.exchange(&twice).await;
    assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Duplicate));
}

#[actix_web::test]
async fn a_form_that_does_not_hold_together_is_kept_apart_with_its_reason() {
    let app = TestApp::new().await;
    let (phone, visit, form, _) = signed_visit(&app).await;
    let mut other_body = form.statement.clone();
    other_body.body.0.push(b' ');
    let mut other = app.phone_of(YUNZE.colleague()).await;
    other.sync().await;
    let foreign_seal = PushStatement { seal: other.device.key.sign("doorstep-seal", b"{}"), ..form.statement.clone() };
    let no_seal = PushStatement { seal: "no seal at all".to_owned(), ..form.statement.clone() };
    let no_body = PushStatement { body: Blob(b"not even JSON".to_vec()), ..form.statement.clone() };
    for statement in [other_body, foreign_seal, no_seal, no_body] {
        let request = phone
            .sealed(sync_core::protocol::SyncRequest { statements: vec![statement.clone()], ..phone.empty_request() });
        let answer = phone.exchange(&request).await;
        let ack = &answer.acks[0];
        assert_eq!(ack.outcome, Outcome::Quarantined, "{ack:?}");
        let code = ack.code.clone().expect("a stable code");
        let receipt = receipt_of(&app, &phone, &answer);
        assert_eq!(receipt.quarantine_code(&statement.digest().to_string()), Some(code.as_str()));
        let bytes = [statement.body.0.as_slice(), b"\n", statement.seal.as_bytes()].concat();
        assert!(quarantined(&app, YUNZE).await.iter().any(|row| row.bytes == bytes && row.code == code), "{code}");
    }
    assert!(app.read(move |conn| list_statements(conn, YUNZE.org, visit)).await.is_empty());
    // The genuine one is not harmed by the forgeries that came first under its name.
    assert_eq!(phone.exchange(&phone.request()).await.acks[1].outcome, Outcome::Stored);
}

#[actix_web::test]
async fn a_form_of_a_cancelled_visit_is_late_evidence() {
    let app = TestApp::new().await;
    let (phone, visit, form, _) = signed_visit(&app).await;
    app.office_again(YUNZE).cancel(visit).await;
    let answer = phone.exchange(&phone.request()).await;
    for ack in &answer.acks {
        assert_eq!((ack.outcome, ack.reason.as_deref()), (Outcome::Late, Some("cancelled")), "{ack:?}");
    }
    assert!(receipt_of(&app, &phone, &answer).names_statement(&form.statement.digest()));
}

#[actix_web::test]
async fn a_form_that_comes_again_is_late_as_it_was_whatever_the_office_does_in_the_same_instant() {
    for was_late in [false, true] {
        let app = TestApp::new().await;
        let (phone, visit, ..) = signed_visit(&app).await;
        let office = app.office_again(YUNZE);
        let statements = phone.statements.clone();
        let form = phone.sealed(sync_core::protocol::SyncRequest { statements, ..phone.empty_request() });
        if was_late {
            office.assign(visit, &[YUNZE.colleague()]).await;
        }
        let first = phone.exchange(&form).await.acks.remove(0);
        assert_eq!(first.outcome, if was_late { Outcome::Late } else { Outcome::Stored });
        office.assign(visit, &[if was_late { YUNZE.rep() } else { YUNZE.colleague() }]).await;
        let again = phone.exchange(&form).await.acks.remove(0);
        assert_eq!((again.outcome, again.reason.as_deref()), (Outcome::Duplicate, was_late.then_some("reassigned")));
    }
}
