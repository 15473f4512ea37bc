//! A photo whose bytes are gone here and that the server lost, too: it is asked after, and keeps back nothing.

use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::ids::EpochId;

use super::tests::{begun, sync};
use crate::testing::server::Server;
use crate::testing::{NUMBER, TestPhone, jpeg};

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
