//! Orders: only genuine ones for this very phone are obeyed, and a kill at any instant leaves the phone or its receipt.

use serde_json::json;
use sync_core::ids::DeviceId;

use crate::error::PhoneError;
use crate::testing::server::{Fault, Server};
use crate::testing::{NUMBER, TestPhone};
use crate::wipe::Tombstone;

fn phone() -> (TestPhone, Server) {
    let phone = TestPhone::new();
    let server = Server::new(&phone);
    phone.run(&["start", NUMBER]);
    (phone, server)
}

fn exists(phone: &TestPhone) -> bool {
    phone.dir.join("store/phone.redb").exists()
}

#[test]
fn orders_of_others_and_for_others_are_named_and_never_obeyed() {
    let (phone, mut server) = phone();
    for (device, is_genuine) in [(phone.device, false), (DeviceId::from_bytes([250; 16]), true)] {
        server.order_wipe(device, true, is_genuine);
        let report = phone.sync(&mut server).unwrap().json;
        assert!(report["problems"].to_string().contains("is not obeyed"), "{report}");
        assert!(exists(&phone));
    }
    assert!(server.wiped.is_empty());
}

#[test]
fn a_phone_uploads_before_it_obeys_and_waits_while_it_cannot() {
    let (phone, mut server) = phone();
    server.order_wipe(phone.device, false, true);
    server.faults.push_back(Fault::NoReceipt);
    while phone.outstanding() > 0 {
        let report = phone.sync(&mut server).unwrap().json;
        if report["wiped"] == json!(true) {
            break;
        }
        assert!(exists(&phone), "nothing goes before it is safe");
        server.order_wipe(phone.device, false, true);
    }
    assert!(!exists(&phone));
    assert_eq!((server.wiped.len(), server.wiped[0].unsent), (1, 0));
}

#[test]
fn wipe_now_goes_before_what_is_unsent_and_the_receipt_is_brought_until_it_arrives() {
    let (phone, mut server) = phone();
    let photo = phone.file("photo.jpg", &crate::testing::jpeg(1));
    phone.run(&["photo", NUMBER, &photo, "--slot", "outdoor_route"]);
    server.order_wipe(phone.device, true, true);
    server.loses_receipts = true;
    assert!(matches!(phone.sync(&mut server), Err(PhoneError::Network(_))));
    assert!(!exists(&phone), "the receipt is durable, so the wipe is done");

    let store = phone.dir.join("store");
    let line = ["--dir", store.to_str().unwrap(), "list"];
    assert!(matches!(TestPhone::execute(&line), Err(PhoneError::Wiped)));
    server.loses_receipts = false;
    let tombstone = Tombstone::read(&store).unwrap().unwrap();
    let said = tombstone.deliver(&store, &mut server).unwrap().json;
    assert_eq!((&said["wiped"], said["unsent"].as_u64()), (&json!(true), Some(1)), "the photo was given up");
    assert_eq!(server.wiped.len(), 1);
    let again = Tombstone::read(&store).unwrap().unwrap().deliver(&store, &mut server).unwrap().json;
    assert_eq!((again, server.wiped.len()), (said, 1), "it is brought once");
}

#[test]
fn a_kill_between_receipt_and_wipe_is_finished_by_the_next_command() {
    let (phone, mut server) = phone();
    server.order_wipe(phone.device, true, true);
    let copy = phone.dir.join("copy.redb");
    std::fs::copy(phone.dir.join("store/phone.redb"), &copy).unwrap();
    phone.sync(&mut server).unwrap();
    // As after a kill: the receipt is there, and so is everything else.
    std::fs::copy(&copy, phone.dir.join("store/phone.redb")).unwrap();
    let store = phone.dir.join("store");
    let line = ["--dir", store.to_str().unwrap(), "list"];
    assert!(matches!(TestPhone::execute(&line), Err(PhoneError::Wiped)));
    assert!(!exists(&phone));
}
