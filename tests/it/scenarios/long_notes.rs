//! Notes as long as the server takes them, from the phone to the office.

use integration_tests::play::Story;

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
