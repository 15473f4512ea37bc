//! Requests that are too large, for the server or for the line, are made smaller until they pass.

use std::collections::BTreeMap;

use serde_json::json;
use sync_core::bytes::{Actor, Blob, Hash};
use sync_core::doc::VisitDoc;
use sync_core::ids::{EpochId, VisitId};
use sync_core::protocol::{DocForm, DocUpdate};

use super::tests::{begun, sync};
use crate::error::PhoneError;
use crate::store::model::{Edit, Safety, StoredBlob};
use crate::testing::{NUMBER, TestPhone, jpeg};
use crate::visit::edit;

/// Notes that compress badly, each of 6,000 bytes.
pub(super) fn long_notes(phone: &TestPhone, count: u32) {
    for number in 0..count {
        let scattered = (0..2_000u32).map(|at| 0x4E00 + (at * 7_919 + number * 104_729) % 20_000);
        phone.run(&["note", NUMBER, &scattered.filter_map(char::from_u32).collect::<String>()]);
    }
}

#[test]
fn requests_that_are_too_large_are_made_smaller_until_they_are_taken() {
    let (phone, mut server) = begun();
    long_notes(&phone, 4);
    server.takes_bytes = 10 * 1024;
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert!(server.bodies.iter().all(|body| body.len() <= server.takes_bytes));
    assert_eq!(json!(server.docs[&crate::testing::VISIT].heads()), phone.heads());
    // What was learned is learned anew.
    server.bodies.clear();
    long_notes(&phone, 2);
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert!(server.bodies.len() > 1);
    // And forgotten by the next sync: it may be of a better network.
    server.takes_bytes = usize::MAX;
    server.bodies.clear();
    long_notes(&phone, 3);
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert!(server.bodies[0].len() > 10 * 1024, "all of it goes at once");
}

#[test]
fn limits_that_the_server_names_are_kept() {
    let (phone, mut server) = begun();
    server.limits = BTreeMap::from([("sync_encoded_bytes".to_owned(), 24 * 1024)]);
    sync(&phone, &mut server);
    server.limits.clear();
    server.takes_bytes = 24 * 1024;
    long_notes(&phone, 4);
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert!(server.bodies.iter().all(|body| body.len() <= 24 * 1024));
}

#[test]
fn a_limit_of_data_that_are_no_more_is_forgotten() {
    let (phone, mut server) = begun();
    server.limits = BTreeMap::from([("sync_encoded_bytes".to_owned(), 24 * 1024)]);
    sync(&phone, &mut server);
    server.limits.clear();
    server.epoch = EpochId::from_bytes([4; 16]);
    sync(&phone, &mut server);
    server.bodies.clear();
    long_notes(&phone, 6);
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert!(server.bodies[0].len() > 30 * 1024, "all of it in one request");
}

#[test]
fn a_server_that_takes_no_request_at_all_is_not_asked_for_ever() {
    let (phone, mut server) = begun();
    let before = phone.outstanding();
    server.takes_bytes = 1;
    assert!(phone.sync(&mut server).is_err());
    assert_eq!(phone.outstanding(), before, "everything stays on the phone");
    server.takes_bytes = usize::MAX;
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
}

#[test]
fn questions_after_very_many_photos_leave_room_in_every_request() {
    let (phone, mut server) = begun();
    server.limits = BTreeMap::from([("sync_encoded_bytes".to_owned(), 16 * 1024)]);
    sync(&phone, &mut server);
    let blobs: Vec<Hash> = (0..600u32).map(|number| Hash::of(&number.to_be_bytes())).collect();
    phone
        .phone()
        .store
        .write(|tx| {
            let stored = StoredBlob {
                bytes: 4,
                media_type: "image/jpeg".to_owned(),
                at_ms: 0,
                safety: Safety::Unsent,
                problem: None,
                is_asked_after: true,
                is_freed: true,
                is_missing: false,
                is_begun: false,
                tries: 0,
            };
            blobs.iter().try_for_each(|blob| tx.set_blob(blob, &stored))
        })
        .unwrap();
    server.takes_bytes = 16 * 1024;
    server.blobs.extend(blobs.iter().map(|blob| (*blob, Vec::new())));
    long_notes(&phone, 3);
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0, "all are there, and named by receipts");
    assert!(server.bodies.iter().all(|body| body.len() <= 16 * 1024));
}

#[test]
fn what_a_weak_line_cannot_carry_goes_in_parts_and_keeps_back_no_photo() {
    let (phone, mut server) = begun();
    let photo = phone.file("photo.jpg", &jpeg(1));
    phone.run(&["photo", NUMBER, &photo, "--slot", "outdoor_route"]);
    long_notes(&phone, 6);
    server.carries_bytes = 10 * 1024;
    assert!(matches!(phone.sync(&mut server), Err(PhoneError::Network(_))), "once may be chance");
    assert_eq!((server.bodies.len(), server.blobs.len()), (0, 1), "what is small enough arrives meanwhile");
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert_eq!(json!(server.docs[&crate::testing::VISIT].heads()), phone.heads());
}

#[test]
fn a_line_that_carries_nothing_makes_no_request_smaller() {
    let (phone, mut server) = begun();
    long_notes(&phone, 6);
    server.carries_bytes = 0;
    server.is_down = true;
    for _ in 0..3 {
        assert!(phone.sync(&mut server).is_err());
    }
    (server.carries_bytes, server.is_down) = (usize::MAX, false);
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert!(server.bodies[0].len() > 30 * 1024, "all of it in one request");
}

/// Snapshots of other visits, each of about 6,000 bytes.
fn snapshots(count: u8) -> Vec<DocUpdate> {
    let snapshot = |number: u8| {
        let visit = VisitId::from_bytes([number; 16]);
        let mut doc = VisitDoc::create(visit).unwrap();
        let scattered = (0..2_000u32).map(|at| 0x4E00 + (at * 7_919 + u32::from(number) * 104_729) % 20_000);
        let text = scattered.filter_map(char::from_u32).collect();
        edit::apply(&mut doc, Actor([1; 16]), &[Edit::Note { text }]).unwrap();
        DocUpdate { id: visit, form: DocForm::Snapshot, heads: doc.heads(), bytes: Blob(doc.save()) }
    };
    (100..100 + count).map(snapshot).collect()
}

#[test]
fn answers_that_a_weak_line_cannot_carry_come_in_parts() {
    let (phone, mut server) = begun();
    sync(&phone, &mut server);
    let news = snapshots(20);
    server.docs_waiting.extend(news.clone());
    phone.run(&["note", NUMBER, "short"]);
    server.answers_bytes = 40 * 1024;
    for _ in 0..2 {
        assert!(matches!(phone.sync(&mut server), Err(PhoneError::Network(_))), "twice may be chance");
    }
    assert!(server.bodies.iter().all(|body| body.len() < 4 * 1024), "it is not for the requests");
    let report = sync(&phone, &mut server);
    assert_eq!((&report["outstanding"]["total"], server.docs_waiting.len()), (&json!(0), 0), "{report}");
    let here = phone.phone().store.read(|tx| tx.doc_ids()).unwrap();
    assert!(news.iter().all(|update| here.contains(&update.id)));
    // The next sync may be of a better network.
    server.answers_bytes = usize::MAX;
    server.bodies.clear();
    server.docs_waiting.extend(news);
    sync(&phone, &mut server);
    assert_eq!(server.bodies.len(), 1, "all of it comes at once");
}

#[test]
fn what_was_learned_of_a_line_is_kept_while_it_breaks() {
    let (phone, mut server) = begun();
    sync(&phone, &mut server);
    server.answers_bytes = 40 * 1024;
    server.docs_waiting.extend(snapshots(12));
    for _ in 0..2 {
        assert!(phone.sync(&mut server).is_err());
    }
    // Less gets through after the first parts did.
    server.then_answers_bytes = Some(25 * 1024);
    assert!(phone.sync(&mut server).is_err());
    let left = server.docs_waiting.len();
    assert!((1..12).contains(&left));
    assert!(phone.sync(&mut server).is_err());
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0, "the next one goes on from there");
    assert_eq!(server.docs_waiting.len(), 0);
}
