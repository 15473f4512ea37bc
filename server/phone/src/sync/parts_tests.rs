//! Photos in parts: what arrived is not sent again, and what does not go on keeps nothing else back.

use sync_core::bytes::Hash;

use super::tests::{begun, sync};
use crate::error::PhoneError;
use crate::testing::server::{Server, UploadFault as Fault};
use crate::testing::{NUMBER, TestPhone, VISIT, jpeg};

/// Bytes of a large photo: two parts of the first size, and some more.
const LARGE: usize = 2_300_000;

/// A photo with comments up to a size.
fn photo(salt: u8, bytes: usize) -> Vec<u8> {
    let drawn = jpeg(salt);
    let (start, rest) = drawn.split_at(2);
    let noise: Vec<u8> = (0..bytes - drawn.len()).map(|at| u8::try_from(at * at % 251).unwrap()).collect();
    let mut photo = start.to_vec();
    for comment in noise.chunks(65_533) {
        photo.extend([0xFF, 0xFE]);
        photo.extend(u16::try_from(comment.len() + 2).unwrap().to_be_bytes());
        photo.extend(comment);
    }
    photo.extend(rest);
    photo
}

fn taken(phone: &TestPhone, slot: &str, bytes: &[u8]) -> Hash {
    let file = phone.file("photo.jpg", bytes);
    phone.run(&["photo", NUMBER, &file, "--slot", slot]);
    Hash::of(bytes)
}

/// A phone with a large photo, and the server.
fn with_large() -> (TestPhone, Server, Hash) {
    let (phone, server) = begun();
    let large = taken(&phone, "outdoor_route", &photo(1, LARGE));
    (phone, server, large)
}

/// Bytes that parts brought.
fn sent(server: &Server) -> usize {
    server.parts.iter().map(|(_, bytes)| bytes).sum()
}

#[test]
fn a_large_photo_goes_in_parts_and_a_small_one_in_one_request() {
    let (phone, mut server, large) = with_large();
    let size = server_bytes(&phone, &large);
    let small = taken(&phone, "splitter_label", &photo(2, 200_000));
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert_eq!(server.parts.iter().map(|(from, _)| *from).collect::<Vec<_>>(), [0, 1 << 20, 2 << 20]);
    assert_eq!(sent(&server), size);
    assert_eq!(server.blobs.keys().filter(|blob| [large, small].contains(blob)).count(), 2);
}

/// The size of a blob as the phone keeps it.
fn server_bytes(phone: &TestPhone, blob: &Hash) -> usize {
    phone.phone().store.read_blob(blob).unwrap().len()
}

#[test]
fn what_arrived_before_a_cut_is_not_sent_again() {
    let (phone, mut server, large) = with_large();
    server.upload_faults.extend([Fault::Nothing, Fault::Cut(300_000), Fault::Nothing, Fault::Cut(10_000)]);
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert!(server.blobs.contains_key(&large));
    let from: Vec<usize> = server.parts.iter().map(|(from, _)| *from).collect();
    assert_eq!(from[..3], [0, 300_000, 310_000], "each where the one before broke off");
    assert!(server.parts[2].1 < server.parts[1].1, "twice in a row: the line may carry less");
}

#[test]
fn the_answer_to_the_last_part_may_be_lost() {
    let (phone, mut server, large) = with_large();
    let size = server_bytes(&phone, &large);
    server.upload_faults.extend([Fault::Nothing, Fault::Nothing, Fault::Nothing, Fault::LostAnswer]);
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert_eq!(sent(&server), size);
}

#[test]
fn parts_become_as_small_as_what_is_on_the_way_lets_through() {
    let (phone, mut server, _) = with_large();
    taken(&phone, "splitter_label", &photo(2, 200_000));
    server.passes_bytes = 64 << 10;
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    let refused: Vec<usize> = server.parts.iter().map(|part| part.1).filter(|bytes| *bytes > 64 << 10).collect();
    assert_eq!(refused.len(), 4, "learned once: {refused:?}");
    // A way that lets nothing through is no reason to ask for ever.
    let other = taken(&phone, "ont_stb", &photo(3, 300_000));
    server.passes_bytes = 1_000;
    sync_fails(&phone, &mut server);
    assert!(!server.blobs.contains_key(&other));
    server.passes_bytes = usize::MAX;
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
}

fn sync_fails(phone: &TestPhone, server: &mut Server) {
    match phone.sync(server) {
        Ok(output) => assert_ne!(output.json["outstanding"]["total"], 0),
        Err(error) => assert!(matches!(error, PhoneError::Refused { .. } | PhoneError::Network(_)), "{error}"),
    }
}

#[test]
fn an_upload_that_is_taken_waits_and_keeps_back_neither_photo_nor_document() {
    let (phone, mut server, large) = with_large();
    let small = taken(&phone, "splitter_label", &photo(2, 1_000));
    server.upload_faults.extend([Fault::Nothing, Fault::Taken, Fault::Taken, Fault::Taken, Fault::Taken]);
    let error = phone.sync(&mut server).expect_err("it waits");
    assert_eq!((error.code(), error.exit_code()), ("upload_locked", 3));
    assert!(!server.blobs.contains_key(&large) && server.blobs.contains_key(&small));
    assert_eq!(serde_json::json!(server.docs[&VISIT].heads()), phone.heads());
    server.upload_faults.clear();
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
}

#[test]
fn an_upload_that_the_server_lost_is_begun_anew() {
    let (phone, mut server, large) = with_large();
    server.upload_faults.extend([Fault::Nothing, Fault::Nothing, Fault::Gone]);
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert!(server.blobs.contains_key(&large));
    let from: Vec<usize> = server.parts.iter().map(|(from, _)| *from).collect();
    assert_eq!(from, [0, 0, 1 << 20, 2 << 20]);
}

#[test]
fn a_part_that_belongs_elsewhere_goes_where_the_server_says() {
    let (phone, mut server, _) = with_large();
    server.upload_faults.extend([Fault::Nothing, Fault::Nothing, Fault::Elsewhere]);
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    let from: Vec<usize> = server.parts.iter().map(|(from, _)| *from).collect();
    assert_eq!(from, [0, 1 << 20, 1 << 20, 2 << 20]);
}

#[test]
fn a_limit_of_the_server_is_told_and_keeps_back_no_other_photo() {
    for (status, code) in [(507, "storage_quota"), (413, "photo_too_large")] {
        let (phone, mut server, large) = with_large();
        let small = taken(&phone, "splitter_label", &photo(2, 1_000));
        server.upload_faults.push_back(Fault::Refused(status, code));
        sync_fails(&phone, &mut server);
        assert!(!server.blobs.contains_key(&large) && server.blobs.contains_key(&small), "{code}");
        let stored = phone.phone().store.read(|tx| tx.blob(&large)).unwrap().unwrap();
        assert!(stored.problem.is_some_and(|problem| problem.contains(code)), "{code}");
        assert_eq!(server.parts, [], "nothing of it is sent: {code}");
        assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    }
}

#[test]
fn where_no_parts_come_through_a_photo_goes_whole() {
    let on_a_part = [404, 405].map(|status| vec![Fault::Nothing, Fault::Refused(status, "")]);
    for faults in on_a_part.into_iter().chain([vec![Fault::Refused(404, "")]]) {
        let (phone, mut server, large) = with_large();
        server.upload_faults.extend(faults);
        assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
        assert!(server.blobs.contains_key(&large));
        assert_eq!(server.parts, [], "no part arrived");
    }
}

#[test]
fn a_small_rest_that_breaks_off_again_and_again_goes_on_in_the_same_sync() {
    let (phone, mut server) = begun();
    let large = taken(&phone, "outdoor_route", &photo(1, (1 << 20) + 10_000));
    let breaks = [Fault::Cut(1_000), Fault::Nothing].into_iter().cycle().take(8);
    server.upload_faults.extend([Fault::Nothing, Fault::Nothing].into_iter().chain(breaks));
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert!(server.blobs.contains_key(&large));
}

#[test]
fn an_empty_part_that_broke_off_is_made_no_smaller() {
    let (phone, _server) = begun();
    assert!(!phone.phone().store.write(|tx| super::parts::halve(tx, 0)).unwrap());
}
