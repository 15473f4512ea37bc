//! Complete receipts: never too early, issued anew after later edits, for every phone of the crew.

use doorstep_store::blob_bringers::list_bringers;
use doorstep_store::org_storage::add_stored_bytes;
use doorstep_store::receipts::list_complete_receipts;
use doorstep_store::{Conn, blobs};
use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::doc::Map;
use sync_core::protocol::SyncRequest;
use sync_core::receipt::{CompleteReceipt, verify_complete};

use crate::sync::helpers::run;

use super::{Handed, hand_in, receipt_path, upload};

/// Orders that are played; each is another visit.
const ORDERS: u64 = 8;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }
}

/// The receipt that the rep is shown, verified; `None` while something is missing, which the refusal names.
async fn shown(app: &TestApp, phone: &Phone<'_>, of: &Handed) -> Result<CompleteReceipt, Vec<String>> {
    let answer = phone.device.client().get(receipt_path(of.visit)).await;
    if answer.status == 409 {
        let problem = answer.json();
        assert_eq!(problem["code"], "evidence_incomplete");
        let fields = problem["fields"].as_array().cloned().unwrap_or_default();
        return Err(fields.iter().map(|field| field["expected"].as_str().expect("a hash").to_owned()).collect());
    }
    let receipt = answer.expect(200);
    let jws = receipt["receipt"].as_str().expect("a JWS");
    Ok(verify_complete(jws, &app.evidence_keys(), YUNZE.org, of.visit).expect("a receipt of the server"))
}

/// What may come in any order.
#[derive(Debug, Clone, PartialEq)]
enum Piece {
    /// The document.
    Record,
    /// The signed form.
    Form,
    /// A photo or a part of the form.
    Blob(Vec<u8>),
}

#[actix_web::test]
async fn in_every_order_of_arrival_a_visit_is_complete_with_the_last_piece_and_not_before() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    for seed in 1..=ORDERS {
        let of = hand_in(&app, &mut phone).await;
        let request = phone.request();
        let mut pieces: Vec<Piece> = of.parts.iter().cloned().map(Piece::Blob).collect();
        pieces.extend(of.photos.iter().map(|(_, bytes)| Piece::Blob(bytes.clone())));
        pieces.extend([Piece::Record, Piece::Form]);
        let mut dice = Dice(seed);
        let mut missing = pieces.clone();
        while !missing.is_empty() {
            let is_first = missing.len() == pieces.len();
            let piece =
                if is_first && seed % 2 == 0 { Piece::Record } else { missing[dice.below(missing.len())].clone() };
            missing.retain(|other| *other != piece);
            let docs = request.docs.clone();
            let one = |docs, statements| sync_core::protocol::SyncRequest { docs, statements, ..phone.empty_request() };
            match &piece {
                Piece::Record => drop(phone.exchange(&phone.sealed(one(docs, Vec::new()))).await),
                Piece::Form => drop(phone.exchange(&phone.sealed(one(Vec::new(), request.statements.clone()))).await),
                Piece::Blob(bytes) => upload(&phone, bytes).await,
            }
            let said = shown(&app, &phone, &of).await;
            assert_eq!(said.is_ok(), missing.is_empty(), "order {seed}, {} missing: {said:?}", missing.len());
            if let Err(named) = said.as_ref() {
                // Every blob it names is one that did not come.
                let unsent: Vec<String> = missing.iter().filter_map(name).collect();
                assert!(named.iter().all(|one| unsent.contains(one) || one == &form_of(&request)), "{named:?}");
            }
        }
        let complete = shown(&app, &phone, &of).await.expect("everything is here");
        let mut blobs: Vec<Hash> =
            of.parts.iter().chain(of.photos.iter().map(|(_, bytes)| bytes)).map(|b| Hash::of(b)).collect();
        blobs.sort();
        assert_eq!((&complete.blobs, &complete.heads), (&blobs, &phone.heads(of.visit)));
        assert_eq!(complete.statements, [request.statements[0].digest()]);
        phone.statements.clear();
        phone.sync().await;
        assert_eq!(phone.complete[&of.visit], complete, "the news bring the same receipt");
    }
}

fn name(piece: &Piece) -> Option<String> {
    match piece {
        Piece::Blob(bytes) => Some(Hash::of(bytes).to_string()),
        _ => None,
    }
}

fn form_of(request: &sync_core::protocol::SyncRequest) -> String {
    request.statements[0].digest().to_string()
}

#[actix_web::test]
async fn a_receipt_is_issued_anew_after_an_edit_and_reaches_every_phone_of_the_crew() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let mut other = app.phone_of(YUNZE.colleague()).await;
    let of = hand_in(&app, &mut phone).await;
    phone.sync().await;
    for bytes in of.parts.iter().chain(of.photos.iter().skip(1).map(|(_, bytes)| bytes)) {
        upload(&phone, bytes).await;
    }
    phone.sync().await;
    assert!(phone.complete.is_empty(), "a photo is missing");
    // What will never come is withdrawn, and not waited for.
    let (lost, at, by) = (&of.photos[0].0, phone.stamp(), phone.device.member.id);
    phone.put(of.visit, Map::Withdrawn, lost, &json!({"reason": "lost", "at": at, "by": by}));
    phone.sync().await;
    let first = phone.complete[&of.visit].clone();
    assert_eq!((first.blobs.len(), &first.heads), (of.parts.len() + 1, &phone.heads(of.visit)));
    other.sync().await;
    assert_eq!(other.complete[&of.visit], first);

    phone.tick(of.visit, "cleanup/residue_removed", false);
    phone.sync().await;
    let second = phone.complete[&of.visit].clone();
    assert_eq!(second.heads, phone.heads(of.visit));
    assert_ne!(second, first);
    phone.sync().await;
    other.sync().await;
    assert_eq!(other.complete[&of.visit], second);
    assert_eq!(phone.device.client().get(receipt_path(of.visit)).await.expect(200)["number"], 2);
    let stored = app.read(move |conn| list_complete_receipts(conn, YUNZE.org, of.visit)).await;
    assert_eq!(stored.iter().map(|row| row.number).collect::<Vec<_>>(), [1, 2], "one row for each issue");
    let stranger = app.phone_of(YUNZE.stranger()).await;
    stranger.device.client().get(receipt_path(of.visit)).await.expect(404);
}

#[actix_web::test]
async fn a_phone_that_asks_after_blobs_is_told_of_its_own_and_its_visits_only() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let of = hand_in(&app, &mut phone).await;
    phone.sync().await;
    let photo = of.photos[0].1.clone();
    upload(&phone, &photo).await;
    let (here, away) = (Hash::of(&photo), Hash::of(&of.photos[1].1));
    let mut stranger = app.phone_of(YUNZE.stranger()).await;
    let mut mate = app.phone_of(YUNZE.colleague()).await;
    for (asking, told) in [(&mut phone, vec![here]), (&mut mate, vec![here]), (&mut stranger, Vec::new())] {
        let request = sync_core::protocol::SyncRequest { blobs: vec![here, away], ..asking.empty_request() };
        let answer = asking.exchange(&request).await;
        asking.receipts.clear();
        asking.take_in(&answer);
        let named: Vec<Hash> = asking.receipts.iter().flat_map(|receipt| receipt.blobs.clone()).collect();
        assert_eq!(named, told);
    }
}

/// What a phone is told that the server holds, if it asks after a blob and shows these receipts; and the receipts.
async fn told(asking: &mut Phone<'_>, blob: Hash, receipts: &[String]) -> (Vec<Hash>, Vec<String>) {
    let request = SyncRequest { blobs: vec![blob], receipts: receipts.to_vec(), ..asking.empty_request() };
    let answer = asking.exchange(&request).await;
    asking.receipts.clear();
    asking.take_in(&answer);
    (asking.receipts.iter().flat_map(|receipt| receipt.blobs.clone()).collect(), answer.receipts)
}

#[actix_web::test]
async fn a_blob_that_the_store_alone_knows_is_taken_in_anew_for_who_proves_to_have_brought_it() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let mut mate = app.phone_of(YUNZE.colleague()).await;
    let of = hand_in(&app, &mut phone).await;
    phone.sync().await;
    let photo = &of.photos[0].1;
    let blob = Hash::of(photo);
    let path = format!("/v1/blobs/{blob}");
    let call = Call::new("PUT", path.clone()).bytes("application/octet-stream", photo.as_slice());
    let stored = phone.device.client().send(call).await.expect(200);
    let proof = [stored["receipt"].as_str().expect("a JWS").to_owned()];
    let (held, hearsay) = told(&mut mate, blob, &[]).await;
    assert_eq!((held, hearsay.len()), (vec![blob], 1), "that it is here says nothing of who brought it");
    let row = move |conn: &mut Conn| {
        let row = blobs::find_blob(conn, YUNZE.org, blob)?;
        Ok((row.map(|row| (row.bytes, row.media_type, row.device_id)), list_bringers(conn, YUNZE.org, blob)?))
    };
    let before = app.read(row).await;
    for table in ["blob_bringers", "blobs"] {
        run(&app, format!("DELETE FROM {table} WHERE sha256 = '{blob}'")).await;
    }
    let bytes = i64::try_from(photo.len()).expect("a size");
    app.write(move |conn| add_stored_bytes(conn, YUNZE.org, -bytes)).await;
    for receipts in [&hearsay[..], &proof[..], &[]] {
        assert_eq!(told(&mut mate, blob, receipts).await.0, [], "he did not bring it");
    }
    assert_eq!(told(&mut phone, blob, &[]).await.0, []);
    assert_eq!(told(&mut phone, blob, &proof).await.0, [blob]);
    assert_eq!(app.read(row).await, before);
    assert_eq!(phone.device.client().send(Call::get(path)).await.status, 200, "he may open it, as before");
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn a_complete_receipt_of_a_revoked_key_is_followed_by_one_of_the_key_in_force() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let of = hand_in(&app, &mut phone).await;
    phone.sync().await;
    for bytes in of.parts.iter().chain(of.photos.iter().map(|(_, bytes)| bytes)) {
        upload(&phone, bytes).await;
    }
    let receipt = async || phone.device.client().get(receipt_path(of.visit)).await.expect(200)["receipt"].clone();
    let before = receipt().await;
    let kid = app.revoke_evidence_key().await;
    let after = receipt().await;
    let parsed = |text: &serde_json::Value| {
        let parsed = sync_core::jws::parse(text.as_str().expect("a text")).expect("a JWS");
        (parsed.header.kid, parsed.payload)
    };
    assert_eq!(parsed(&after), (kid, parsed(&before).1), "it says the same");
    assert_eq!(receipt().await, after, "and is issued once");
}
