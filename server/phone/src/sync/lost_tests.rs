//! A photo whose bytes are gone here and that the server lost, too: it is asked after, and keeps back nothing.

use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::ids::EpochId;

use super::order_tests::Meanwhile;
use super::tests::{begun, sync};
use crate::store::model::StoredBlob;
use crate::testing::server::Server;
use crate::testing::{NUMBER, TestPhone, VISIT, jpeg};

/// A phone with a photo that the server lost with its data, after its bytes had gone here.
fn lost(is_freed: bool) -> (TestPhone, Server, Hash) {
    let (phone, mut server) = begun();
    let (bytes, blob) = (jpeg(1), Hash::of(&jpeg(1)));
    let photo = phone.file("photo.jpg", &bytes);
    phone.run(&["photo", NUMBER, &photo, "--slot", "outdoor_route"]);
    sync(&phone, &mut server);
    if is_freed {
        phone.run(&["free"]);
    } else {
        std::fs::remove_file(phone.phone().store.blob_path(&blob)).unwrap();
    }
    let mut restored = Server::new(&phone);
    restored.epoch = EpochId::from_bytes([4; 16]);
    assert_eq!(sync(&phone, &mut restored)["outstanding"]["total"], 1);
    (phone, restored, blob)
}

#[test]
fn it_is_safe_once_somebody_else_brought_it() {
    for is_freed in [true, false] {
        let (phone, mut server, blob) = lost(is_freed);
        assert_eq!(sync(&phone, &mut server)["outstanding"]["blobs"], 1);
        server.blobs.insert(blob, jpeg(1));
        assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0, "freed: {is_freed}");
    }
}

#[test]
fn a_wipe_does_not_wait_for_it_and_its_receipt_counts_it() {
    for is_freed in [true, false] {
        let (phone, mut server, _) = lost(is_freed);
        server.order_wipe(phone.device, false, true);
        assert_eq!(sync(&phone, &mut server)["wiped"], json!(true), "freed: {is_freed}");
        assert_eq!(server.wiped.first().map(|receipt| receipt.unsent), Some(1));
    }
}

#[test]
fn a_visit_leaves_the_phone_without_it() {
    let (phone, mut server, _) = lost(true);
    let gone = sync_core::protocol::Row::Gone { id: crate::testing::VISIT.to_string() };
    server.rows_out.insert("visit".to_owned(), vec![gone]);
    assert_eq!(sync(&phone, &mut server)["outstanding"]["blobs"], 1, "it is asked after all the same");
    assert!(phone.try_run(&["status", NUMBER]).is_err());
}

/// As if receipts for the changes had come, but none for a photo.
fn settle_changes(phone: &TestPhone) {
    let settle = |tx: &crate::store::Tx| {
        let unsent = tx.unsent_changes(VISIT)?;
        unsent.iter().try_for_each(|(key, change)| tx.settle_change(VISIT, key, change))
    };
    phone.phone().store.write(settle).unwrap();
}

/// As after a kill of `free` before the file went, or a disk that did not let it go.
fn mark_freed(phone: &TestPhone) {
    let mark = |tx: &crate::store::Tx| {
        for (name, stored) in tx.blobs()? {
            tx.set_blob(&name.parse().unwrap(), &StoredBlob { is_freed: true, ..stored })?;
        }
        Ok(())
    };
    phone.phone().store.write(mark).unwrap();
}

#[test]
fn what_is_here_although_it_was_to_be_freed_goes_before_a_wipe() {
    for is_known_as_lost in [false, true] {
        let (phone, mut server) = begun();
        let photo = phone.file("photo.jpg", &jpeg(1));
        phone.run(&["photo", NUMBER, &photo, "--slot", "outdoor_route"]);
        sync(&phone, &mut server);
        let mut restored = Server::new(&phone);
        restored.epoch = EpochId::from_bytes([4; 16]);
        if is_known_as_lost {
            // A record of before: it has been asked after, and nothing was looked for here.
            restored.breaks_at = Some(Hash::of(&jpeg(1)));
            assert!(phone.sync(&mut restored).is_err());
            restored.breaks_at = None;
        }
        mark_freed(&phone);
        restored.order_wipe(phone.device, false, true);
        assert_eq!(sync(&phone, &mut restored)["wiped"], json!(true), "known as lost: {is_known_as_lost}");
        assert_eq!((restored.blobs.len(), restored.wiped[0].unsent), (1, 0), "known as lost: {is_known_as_lost}");
    }
}

#[test]
fn a_wipe_looks_for_what_the_record_gives_up() {
    let (phone, mut server) = begun();
    let mut meanwhile = Meanwhile::of(&mut server, &phone, |phone| {
        let photo = phone.file("photo.jpg", &jpeg(1));
        phone.run(&["photo", NUMBER, &photo, "--slot", "outdoor_route"]);
        settle_changes(phone);
        mark_freed(phone);
    });
    let report = crate::sync::run(&phone.phone(), &mut meanwhile, crate::sync::How::default()).unwrap().json;
    assert!(report["wiped"].is_null(), "its bytes are here: {report}");
    assert_eq!(sync(&phone, &mut server)["wiped"], json!(true));
    assert_eq!((server.blobs.len(), server.wiped[0].unsent), (1, 0));
}

#[test]
fn a_damaged_photo_that_is_taken_in_again_arrives() {
    let (phone, mut server) = begun();
    let (bytes, blob) = (jpeg(1), Hash::of(&jpeg(1)));
    let photo = phone.file("photo.jpg", &bytes);
    phone.run(&["photo", NUMBER, &photo, "--slot", "outdoor_route"]);
    let mut damaged = bytes.clone();
    damaged[9] ^= 1;
    std::fs::write(phone.phone().store.blob_path(&blob), damaged).unwrap();
    assert_eq!(sync(&phone, &mut server)["outstanding"]["blobs"], 1);
    phone.run(&["photo", NUMBER, &photo, "--slot", "outdoor_route"]);
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert_eq!(server.blobs[&blob], bytes);
}
