//! The opening that scenarios around a hand-in share: one rep, one installation, ever further on.

use integration_tests::play::{Phone, Story, Visit};

use super::scripts::{ACCEPTED, CONFIRMED_AT_0910, INSTRUCTED, LET_IN, line_test, work};

/// The phone of a rep who has synced in the morning.
pub fn enrolled(story: &Story) -> Phone<'_> {
    story.at("08:30");
    let phone = story.enrol("li.ming");
    phone.sync();
    phone
}

/// An installation up to the sealed form.
pub fn signed<'p>(phone: &'p Phone<'_>) -> Visit<'p> {
    let visit = phone.visit_of("王海");
    visit.plays(CONFIRMED_AT_0910);
    visit.plays(
        "09:25 event depart
         09:52 event arrive --lat 30.512340 --lon 113.901220",
    );
    visit.plays(LET_IN);
    visit.plays(&work("bow_drop"));
    visit.plays(&line_test("-18.30", "512.4"));
    visit.plays(INSTRUCTED);
    visit.plays(ACCEPTED);
    visit
}

/// The same, handed in and received at 11:30.
pub fn handed_in<'p>(story: &Story, phone: &'p Phone<'_>) -> Visit<'p> {
    let visit = signed(phone);
    visit.plays("11:20 finish");
    story.at("11:30");
    phone.sync();
    visit
}

/// The same, with two answers that the rep wrote anew afterwards.
pub fn answered_late<'p>(story: &Story, phone: &'p Phone<'_>) -> Visit<'p> {
    let visit = handed_in(story, phone);
    visit.plays("12:00 answer rating 2\nanswer satisfied false");
    story.at("12:10");
    phone.sync();
    visit
}
