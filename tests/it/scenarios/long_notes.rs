//! Notes as long as the server takes them, from the phone to the office.

use integration_tests::play::Story;
use serde_json::json;

/// Everything a visit's notes may hold, of characters with three and four bytes.
const LIMIT: usize = 20_000;

#[test]
fn notes_as_long_as_they_may_be_reach_the_office_whole() {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    let phone = story.enrol("li.ming");
    phone.sync();
    let visit = phone.visit_of("王海");
    let (first, more) = ("户主要求走墙角。", "线");
    let _noted = phone.run(&["note", &visit.id, first]).done();
    // The paragraph before, and the line break after it, count as well.
    let rest = LIMIT - first.chars().count() - 2;
    let _noted = phone.run(&["note", &visit.id, &more.repeat(rest)]).done();
    phone.sync();
    let (shown, review) = (visit.shown(), story.office("dispatcher").review(&visit.id));
    assert_eq!(shown["heads"], review["heads"], "phone and server have the same history");
    assert_eq!(shown["notes"].as_str().map(|notes| notes.chars().count()), Some(LIMIT - 1));
    let refused = phone.run(&["note", &visit.id, "还有"]);
    assert_ne!(refused.code, Some(0), "more than the limit is refused before it is captured");
}

/// Characters that compress badly, others in each piece.
fn piece(number: u32) -> String {
    let scattered = (0..2_000u32).map(|at| 0x4E00 + (at * 7_919 + number * 104_729) % 20_000);
    scattered.filter_map(char::from_u32).collect()
}

#[test]
fn work_that_a_server_takes_only_in_small_requests_gets_there_all_the_same() {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    let phone = story.enrol("li.ming");
    phone.sync();
    let visit = phone.visit_of("王海");
    let note = |number| drop(phone.run(&["note", &visit.id, &piece(number)]).done());
    (0..4).for_each(note);
    // The phone learned no limits when it enrolled: it finds out by what is refused.
    story.reconfigure(&json!({"limits": {"sync_encoded_bytes": 16 * 1024}}));
    phone.sync();
    assert_eq!(phone.outstanding(), 0);
    assert_eq!(visit.shown()["heads"], story.office("dispatcher").review(&visit.id)["heads"]);

    // One that enrols now is told.
    let told = story.enrol("li.ming");
    let _all = story.network.take_passed();
    told.sync();
    let visit = told.visit_of("王海");
    (4..8).for_each(|number| drop(told.run(&["note", &visit.id, &piece(number)]).done()));
    let _first = story.network.take_passed();
    told.sync();
    assert_eq!(told.outstanding(), 0);
    let sent: Vec<usize> = story.network.take_passed().iter().map(|call| call.body.len()).collect();
    assert!(sent.iter().all(|bytes| *bytes <= 16 * 1024), "{sent:?}");
    assert!(sent.iter().sum::<usize>() > 16 * 1024, "more than one request can bring: {sent:?}");
}
