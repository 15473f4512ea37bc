//! A phone that has its position from an app, and says so.

use integration_tests::play::Story;
use serde_json::{Value, json};

use super::scene::enrolled;
use super::scripts::{ACCEPTED, CONFIRMED_AT_0910, INSTRUCTED, LET_IN, line_test, work};

#[test]
fn a_photo_whose_position_is_simulated_says_so_up_to_the_reviewer() {
    let story = Story::begin("2025-03-04");
    let phone = enrolled(&story);
    let visit = phone.visit_of("王海");
    visit.plays(CONFIRMED_AT_0910);
    visit.plays("09:25 event depart\n 09:52 event arrive --lat 30.512340 --lon 113.901220");
    visit.plays(LET_IN);
    let refused = visit.tries("photo outdoor_route --mock-position");
    assert_ne!(refused.code, Some(0), "there is no position to be simulated");
    let [here, simulated] = ["", " --mock-position"].map(|flag| format!("--lat 30.512340 --lon 113.901220{flag}"));
    let cabled = work("bow_drop");
    let cabled = cabled.replace("photo outdoor_route", &format!("photo outdoor_route {simulated}"));
    let cabled = cabled.replace("photo splitter_label", &format!("photo splitter_label {here}"));
    visit.plays(&[&cabled, &line_test("-18.30", "512.4"), INSTRUCTED, ACCEPTED, "11:20 finish"].join("\n"));
    story.at("11:30");
    phone.sync();

    let review = story.office("reviewer1").review(&visit.id);
    let said = |slot: &str| {
        let photo = review["photos"].as_array().expect("photos").iter().find(|photo| photo["slot"] == slot);
        photo.map(|photo| photo["geo"].get("mock").cloned()).expect("a photo")
    };
    assert_eq!((said("outdoor_route"), said("splitter_label")), (Some(json!(true)), None::<Value>));
}
