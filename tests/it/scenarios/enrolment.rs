//! Enrolling over a network that loses answers, with a phone that is killed: one device, one key.

use std::sync::mpsc;

use integration_tests::play::{Fate, Story};
use serde_json::Value;

const LOGIN: &str = "li.ming";

/// The devices the office knows.
fn devices(story: &Story) -> Vec<Value> {
    story.office("admin").list("/v1/devices")
}

#[test]
fn a_phone_killed_before_it_hears_that_it_is_enrolled_enrols_again_with_the_same_code() {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    let before = devices(&story).len();
    let (code, phone) = (story.enrolment_code(LOGIN), story.new_phone());
    let (announce, answered) = mpsc::channel();
    story.network.next(Fate::WithholdAnswers(announce));
    let mut process = phone.spawn_enrol(LOGIN, &code);
    let withheld = answered.recv().expect("the server answers");
    process.kill().expect("the phone can be killed");
    process.wait().expect("the phone is reaped");
    drop(withheld);
    assert_eq!(phone.run(&["list"]).code.map(|code| code == 0), Some(false), "the phone heard nothing");
    assert_eq!(devices(&story).len(), before + 1, "the server has enrolled it");

    let enrolled = phone.tries_to_enrol(LOGIN, &code, Fate::Deliver).done();
    assert_eq!(devices(&story).len(), before + 1, "still one device");
    assert!(devices(&story).iter().any(|device| device["id"] == enrolled["device"]), "{enrolled}");
    phone.sync();
}

#[test]
fn a_new_code_after_a_lost_answer_finishes_what_the_first_began() {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    let before = devices(&story).len();
    let (code, phone) = (story.enrolment_code(LOGIN), story.new_phone());
    let lost = phone.tries_to_enrol(LOGIN, &code, Fate::LoseAnswers("/v1/devices/enrol"));
    assert_ne!(lost.code, Some(0), "{lost:?}");
    // The code has ended; its device has the key of the phone, and was never heard of.
    story.at("08:50");
    let next = story.enrolment_code(LOGIN);
    let _enrolled = phone.tries_to_enrol(LOGIN, &next, Fate::Deliver).done();
    assert_eq!(devices(&story).len(), before + 1, "still one device");
    phone.sync();
}
