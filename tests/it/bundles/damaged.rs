//! A bundle that is damaged, cut off, sealed for somebody else or of an unknown phone has no effect at all.

use std::fs;

use integration_tests::play::Story;
use sync_core::bundle::HEADER_BYTES;

use super::{ONCE, call, enrolled, exported, import, text, upload, with_a_day};

/// Bytes of a chunk in the file.
const CHUNK: usize = 64 * 1024 + 16;

/// Uploads each of these; none may be taken, and nothing may change.
fn assert_refused(story: &Story, faulty: &[(String, Vec<u8>)], codes: &[&str]) {
    let rows = story.rows(&ONCE);
    for (name, bytes) in faulty {
        let answer = upload(story, bytes);
        let (status, code) = answer.outcome();
        assert!(status == 422 && codes.contains(&code.as_str()), "{name}: {}", answer.text());
        let texts = &answer.json()["texts"];
        assert!(texts["en"]["title"].is_string() && texts["zh-CN"]["title"].is_string(), "{name}");
    }
    assert_eq!(story.rows(&ONCE), rows, "nothing of them was taken");
    assert_eq!(story.rows(&["kept_receipts"])["kept_receipts"], 0);
}

fn changed(bytes: &[u8], at: usize) -> (String, Vec<u8>) {
    let mut changed = bytes.to_vec();
    changed[at] ^= 0x10;
    (format!("byte {at} of {}", bytes.len()), changed)
}

#[test]
fn every_change_cut_and_exchange_is_found_before_anything_is_taken() {
    let story = Story::begin("2025-03-04");
    let (phone, _) = with_a_day(&story);
    let (_, bytes) = exported(&story, &phone, "work.bundle");
    let chunks: Vec<&[u8]> = bytes[HEADER_BYTES..].chunks(CHUNK).collect();
    assert!(chunks.len() >= 3, "{} bytes are {} chunks", bytes.len(), chunks.len());

    let header = [0, 7, 8, 39, 40, 71].map(|at| changed(&bytes, at));
    assert_refused(&story, &header, &["bundle_malformed", "bundle_key_unknown", "bundle_damaged"]);

    let starts = (0..chunks.len()).map(|chunk| HEADER_BYTES + chunk * CHUNK);
    let ends = chunks.iter().scan(HEADER_BYTES, |end, chunk| {
        *end += chunk.len();
        Some(*end - 1)
    });
    let inside: Vec<_> = starts.clone().chain(ends).chain(starts.clone().map(|at| at + 17)).collect();
    let damaged: Vec<_> = inside.into_iter().map(|at| changed(&bytes, at)).collect();
    assert_refused(&story, &damaged, &["bundle_damaged"]);

    let lengths = starts.chain([bytes.len() - 1, bytes.len() - 16, bytes.len() / 2, HEADER_BYTES + 1]);
    let cut: Vec<_> = lengths.map(|length| (format!("the first {length} bytes"), bytes[..length].to_vec())).collect();
    assert_refused(&story, &cut, &["bundle_damaged"]);
    let short: Vec<_> =
        [0, 1, HEADER_BYTES - 1].map(|length| (format!("{length} bytes"), bytes[..length].to_vec())).into();
    assert_refused(&story, &short, &["bundle_malformed"]);

    let put = |order: &[usize]| {
        let moved: Vec<&[u8]> = order.iter().map(|at| chunks[*at]).collect();
        (format!("chunks {order:?}"), [&bytes[..HEADER_BYTES], &moved.concat()].concat())
    };
    let all: Vec<usize> = (0..chunks.len()).collect();
    let (mut exchanged, mut repeated, mut left_out) = (all.clone(), all.clone(), all);
    exchanged.swap(0, 1);
    repeated.insert(1, 0);
    left_out.remove(1);
    assert_refused(&story, &[put(&exchanged), put(&repeated), put(&left_out)], &["bundle_damaged"]);

    upload(&story, &bytes).expect(200);
}

#[test]
fn the_command_refuses_what_the_office_may_not_upload_and_says_why_in_both_languages() {
    let story = Story::begin("2025-03-04");
    let (phone, _) = with_a_day(&story);
    let (_, mut bytes) = exported(&story, &phone, "work.bundle");
    let rows = story.rows(&ONCE);
    *bytes.last_mut().expect("bytes") ^= 1;
    fs::write(story.path("damaged.bundle"), &bytes).expect("written");
    let refused = import(&story, "damaged.bundle");
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
    assert!(text(&refused).contains("bundle_damaged") && text(&refused).contains("离线包"), "{}", text(&refused));
    assert_eq!(story.rows(&ONCE), rows);
}

#[test]
fn a_bundle_opens_with_the_key_it_was_sealed_for_also_after_a_rotation() {
    let story = Story::begin("2025-03-04");
    let phone = enrolled(&story);
    let visit = phone.visit_of("王海");
    visit.plays("09:00 start\n 09:01 photo outdoor_route");
    let (_, old) = exported(&story, &phone, "old.bundle");
    story.kill_server();
    story.administer(&["admin", "rotate-key", "bundle"]);
    story.restart_server();
    visit.plays("09:10 photo splitter_label");
    let (_, old_again) = exported(&story, &phone, "old_again.bundle");
    let key = |bundle: &[u8]| bundle[8..40].to_vec();
    assert_eq!(key(&old), key(&old_again), "the phone has not heard of the new key");
    upload(&story, &old).expect(200);
    upload(&story, &old_again).expect(200);
    story.on("2025-03-05");
    story.at("10:00");
    phone.sync();
    visit.plays("10:10 photo ont_stb");
    let (_, new) = exported(&story, &phone, "new.bundle");
    assert_ne!(key(&new), key(&old), "a day later it has");
    upload(&story, &new).expect(200);
    assert_eq!(visit.shown()["heads"], story.heads(&visit.id));
}

#[test]
fn a_phone_that_the_server_forgot_brings_nothing() {
    let story = Story::begin("2025-03-04");
    story.at("08:00");
    let backup = story.path("backup");
    story.administer(&["backup", &backup]);
    let (phone, _) = with_a_day(&story);
    let (_, bytes) = exported(&story, &phone, "work.bundle");
    story.kill_server();
    story.administer(&["restore", &backup, "--replace"]);
    story.restart_server();
    story.sign_in_again("dispatcher");
    assert_refused(&story, &[("of an unknown phone".to_owned(), bytes)], &["bundle_device_unknown"]);
}

#[test]
fn only_bytes_within_the_limit_are_taken() {
    let story = Story::begin("2025-03-04");
    let json = call(b"{}").headers.into_iter().filter(|(name, _)| name != "content-type").collect();
    let mut call = call(b"{}");
    call.headers = json;
    let answer = story.office("dispatcher").send(call.header("content-type", "application/json"));
    assert_eq!(answer.outcome(), (415, "media_type_unsupported".to_owned()));
}
