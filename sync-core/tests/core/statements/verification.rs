//! A good form holds in every layer; every kind of tampering is caught in its layer.

use serde_json::{Value, json};
use sync_core::bytes::{Hash, to_hex};
use sync_core::ids::{DeviceId, OrgId};
use sync_core::jws::P256PublicKey;
use sync_core::plain_json;
use sync_core::statement::ink::{Ink, InkError, MAX_POINTS, MAX_STROKES, challenge};
use sync_core::statement::verify::Blobs;
use sync_core::statement::{InkEntry, Language, SealPayload, StatementError, verify};

use super::fixture::*;

#[test]
fn a_good_form_holds_in_every_layer() {
    let form = good();
    let statement = verified(&form);
    assert_eq!(statement.digest(), form.sealed.digest);
    assert_eq!(statement.blobs().len(), form.blobs.len());
    assert!(statement.blobs().iter().all(|name| form.blobs.contains_key(name)));
    assert!(statement.expect_owner(ORG, DEVICE).is_ok());
    let openings = statement.verify_openings(&form.blobs).unwrap();
    assert_eq!((openings.intact, openings.absent), (10, 0));
    let inks = statement.verify_ink(&form.blobs).unwrap();
    assert_eq!((inks.intact, inks.absent), (1, 0));
    assert_eq!(statement.verify_shown(&template(), template_sha256(), &form.blobs).unwrap(), draft().shown_text);
}

#[test]
fn erased_blobs_leave_the_rest_intact() {
    let mut form = good();
    let statement = verified(&form);
    let name = statement.body().value("customer.name").unwrap().commit.unwrap();
    form.blobs.remove(&name);
    let openings = statement.verify_openings(&form.blobs).unwrap();
    assert_eq!((openings.intact, openings.absent), (9, 1));
    let shown = statement.verify_shown(&template(), template_sha256(), &form.blobs);
    assert_eq!(shown.unwrap_err().code(), "statement_text_unavailable");
    assert_eq!(statement.verify_ink(&Blobs::new()).unwrap().absent, 1);
}

#[test]
fn the_seal_payload_is_the_documented_one() {
    let form = good();
    let payload = sync_core::jws::parse(&form.sealed.jws).unwrap();
    assert_eq!(payload.header.typ, "doorstep-statement");
    assert_eq!(Hash::of(&payload.payload), form.sealed.digest);
    let payload: Value = serde_json::from_slice(&payload.payload).unwrap();
    assert_eq!(payload["v"], 1);
    assert_eq!(payload["body_sha256"], Hash::of(&form.body).to_string());
    let ink = payload["inks"][0].as_object().unwrap();
    let mut members: Vec<_> = ink.keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["at", "ink_sha256", "name_commit", "nonce", "role", "slot"]);
    let refused = json!({"slot": "installer_confirmation", "refused": true, "reason": "broken screen"});
    assert_eq!(payload["inks"][1], refused);
}

#[test]
fn every_bit_of_the_body_is_covered() {
    let form = good();
    for position in (0..form.body.len()).step_by(7) {
        let mut body = form.body.clone();
        body[position] ^= 1 << (position % 8);
        let error = verify(&body, &form.sealed.jws, &key().1).unwrap_err();
        assert_eq!(error, StatementError::BodyMismatch, "byte {position}");
    }
}

#[test]
fn every_bit_of_the_seal_is_covered() {
    let form = good();
    for position in (0..form.sealed.jws.len()).step_by(3) {
        let mut jws = form.sealed.jws.clone().into_bytes();
        jws[position] ^= 1 << (position % 7);
        let jws = String::from_utf8(jws).unwrap();
        let error = verify(&form.body, &jws, &key().1).unwrap_err();
        assert!(matches!(error, StatementError::Seal(_)), "byte {position}: {error}");
    }
    let other = p256::ecdsa::SigningKey::from_slice(&[8; 32]).unwrap();
    let other = P256PublicKey::from_sec1(&other.verifying_key().to_sec1_bytes()).unwrap();
    assert_eq!(verify(&form.body, &form.sealed.jws, &other).unwrap_err().code(), "signature_key_unknown");
}

#[test]
fn every_bit_of_the_blobs_is_covered() {
    let form = good();
    let statement = verified(&form);
    for (name, blob) in &form.blobs {
        for position in (0..blob.len()).step_by(7) {
            let mut blobs = form.blobs.clone();
            blobs.get_mut(name).unwrap()[position] ^= 1;
            let errors = [statement.verify_openings(&blobs).err(), statement.verify_ink(&blobs).err()];
            let codes: Vec<_> = errors.iter().flatten().map(StatementError::code).collect();
            let is_ink = blob.starts_with(b"{");
            let expected = if is_ink { "statement_ink_mismatch" } else { "statement_opening_mismatch" };
            assert_eq!(codes, [expected], "blob {name} byte {position}");
        }
    }
}

#[test]
fn parts_of_two_forms_cannot_be_swapped() {
    let first = good();
    let mut other_view = view();
    other_view.answers.extend(answers(&[("rating", json!(1))]));
    let second = form(&draft_of(&other_view, Language::ZhCn, 9).unwrap(), 60);
    let public = key().1;
    assert_eq!(verify(&first.body, &second.sealed.jws, &public), Err(StatementError::BodyMismatch));
    assert_eq!(verify(&second.body, &first.sealed.jws, &public), Err(StatementError::BodyMismatch));

    // A rep who seals the second body with the ink of the first: the challenge gives it away.
    let inks = verified(&first).seal().inks.clone();
    let pasted = seal(&SealPayload::new(Hash::of(&second.body), inks));
    let statement = verify(&second.body, &pasted.jws, &public).unwrap();
    let blobs: Blobs = first.blobs.into_iter().chain(second.blobs).collect();
    let slot = "customer_confirmation".to_owned();
    assert_eq!(statement.verify_ink(&blobs), Err(StatementError::InkChallenge { slot }));
}

#[test]
fn a_statement_of_another_organisation_or_device_is_not_accepted() {
    let statement = verified(&good());
    assert_eq!(statement.expect_owner(OrgId::from_bytes([9; 16]), DEVICE), Err(StatementError::Owner));
    assert_eq!(statement.expect_owner(ORG, DeviceId::from_bytes([9; 16])), Err(StatementError::Owner));
}

#[test]
fn a_text_that_does_not_follow_from_the_body_is_noticed() {
    let (other, mut form) = (draft_of(&view(), Language::En, 1).unwrap(), good());
    // A device that showed another text than it sealed: a body whose shown text is that of another language.
    let mut body: Value = serde_json::from_slice(&form.body).unwrap();
    let shown = other.openings.last().unwrap();
    body["shown_sha256"] = json!(shown.commit());
    form.body = plain_json::to_vec(&body).unwrap();
    form.blobs.insert(shown.commit(), shown.bytes().to_vec());
    let inks = verified(&good()).seal().inks.clone();
    let sealed = seal(&SealPayload::new(Hash::of(&form.body), inks));
    let statement = verify(&form.body, &sealed.jws, &key().1).unwrap();
    let shown = statement.verify_shown(&template(), template_sha256(), &form.blobs);
    assert_eq!(shown, Err(StatementError::ShownText));
    let wrong_template = statement.verify_shown(&template(), Hash([0; 32]), &form.blobs);
    assert_eq!(wrong_template, Err(StatementError::Template));
}

#[test]
fn signed_nonsense_is_refused_by_structure() {
    let inks = verified(&good()).seal().inks.clone();
    let good_body: Value = serde_json::from_slice(&good().body).unwrap();
    let body_code = |change: &dyn Fn(&mut Value)| {
        let mut body = good_body.clone();
        change(&mut body);
        let body = plain_json::to_vec(&body).unwrap();
        let sealed = seal(&SealPayload::new(Hash::of(&body), inks.clone()));
        verify(&body, &sealed.jws, &key().1).map_or_else(|error| error.to_string(), |_ok| "accepted".to_owned())
    };
    assert_eq!(body_code(&|body| body["unknown"] = json!(1)), "accepted", "unknown fields are ignored");
    assert_eq!(body_code(&|body| body["v"] = json!(2)), "the body is malformed: field v");
    assert_eq!(body_code(&|body| body["short_code"] = json!("0000-0000")), "the body is malformed: field short_code");
    assert_eq!(body_code(&|body| body["heads"] = json!([])), "the body is malformed: field heads");
    assert_eq!(
        body_code(&|body| body["photos"].as_array_mut().unwrap().reverse()),
        "the body is malformed: field photos"
    );
    assert_eq!(
        body_code(&|body| body["values"][0]["commit"] = json!("00".repeat(32))),
        "the body is malformed: field values"
    );
    assert!(body_code(&|body| body["at"] = json!("now")).starts_with("the body is malformed: invalid type: string"));

    let body = good().body;
    let seal_code = |payload: &SealPayload| {
        verify(&body, &seal(payload).jws, &key().1).map_or_else(|error| error.code(), |_ok| "accepted")
    };
    let hash = Hash::of(&body);
    assert_eq!(seal_code(&SealPayload::new(hash, vec![])), "statement_seal_malformed");
    assert_eq!(seal_code(&SealPayload::new(hash, vec![inks[0].clone(), inks[0].clone()])), "statement_seal_malformed");
    assert_eq!(seal_code(&SealPayload { v: 2, ..SealPayload::new(hash, inks.clone()) }), "statement_seal_malformed");
    let large = vec![b' '; sync_core::statement::MAX_FORM_BYTES + 1];
    assert_eq!(verify(&large, &good().sealed.jws, &key().1), Err(StatementError::TooLarge));
}

#[test]
fn ink_keeps_its_limits() {
    let ink = |strokes| Ink::new("c".into(), 10, 10, strokes);
    assert!(ink(vec![vec![[0, 0, 0]]; MAX_STROKES]).is_ok());
    assert_eq!(ink(vec![vec![[0, 0, 0]]; MAX_STROKES + 1]), Err(InkError::Limit));
    assert!(ink(vec![vec![[0, 0, 0]; MAX_POINTS]]).is_ok());
    assert_eq!(ink(vec![vec![[0, 0, 0]; MAX_POINTS + 1]]), Err(InkError::Limit));
    assert_eq!(ink(vec![]), Err(InkError::Limit));
    assert_eq!(ink(vec![vec![]]), Err(InkError::Limit), "no point is no ink");
    let bytes = ink(vec![vec![[0, 0, 0]; MAX_POINTS]]).unwrap().to_bytes().unwrap();
    assert!(Ink::parse(&bytes).is_ok(), "a full ink of {} bytes is read", bytes.len());
    for bad in [
        r#"{"v":2,"challenge":"c","width":1,"height":1,"strokes":[[[0,0,0]]]}"#,
        "{}",
        "[]",
        r#"{"v":1,"challenge":"c","width":1,"height":1,"strokes":[[[0.5,0,0]]]}"#,
        r#"{"v":1,"challenge":"c","width":1,"height":1,"strokes":[[[0,0]]]}"#,
    ] {
        assert!(Ink::parse(bad.as_bytes()).is_err(), "{bad}");
    }
    assert_eq!(challenge(b"body", b"nonce"), to_hex(Hash::of(b"bodynonce").as_bytes()));
}

#[test]
fn the_signers_are_those_of_the_template() {
    let form = good();
    let statement = verified(&form);
    assert_eq!(statement.expect_signers(&template()), Ok(()));
    let inks = statement.seal().inks.clone();
    let unfit = |inks: Vec<InkEntry>| {
        let sealed = seal(&SealPayload::new(Hash::of(&form.body), inks));
        match verify(&form.body, &sealed.jws, &key().1).unwrap().expect_signers(&template()) {
            Err(StatementError::Signers { slot }) => slot,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(unfit(vec![inks[0].clone()]), "installer_confirmation", "a required signer is missing");
    assert_eq!(unfit(vec![inks[1].clone()]), "customer_confirmation");
    assert_eq!(unfit(vec![inks[1].clone(), inks[0].clone()]), "customer_confirmation", "not in template order");
    let stranger = InkEntry::Refused { slot: "stranger".into(), reason: "x".into() };
    assert_eq!(unfit(vec![inks[0].clone(), inks[1].clone(), stranger]), "stranger");
    let InkEntry::Signed(mut ink) = inks[0].clone() else { panic!("the customer signed") };
    ink.role = "field_rep".into();
    assert_eq!(unfit(vec![InkEntry::Signed(ink), inks[1].clone()]), "customer_confirmation", "another role");
}
