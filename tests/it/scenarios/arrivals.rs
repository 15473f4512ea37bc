//! Arrivals that the clocks prove to be late, and one that they leave open.

use integration_tests::play::Story;
use serde_json::json;

use super::scene::enrolled;
use super::scripts::{CONFIRMED_AT_0910, CONFIRMED_AT_1305, trace};

// Rules: GEN-10, APT-03
#[test]
fn an_arrival_is_late_where_the_clocks_prove_it_and_open_where_they_do_not() {
    let story = Story::begin("2025-03-04");
    let li = enrolled(&story);
    let [late, sharp] = ["王海", "赵敏"].map(|customer| li.visit_of(customer));
    late.plays(CONFIRMED_AT_0910);
    late.plays(
        "09:25 event depart
         10:05 event arrive --lat 30.512340 --lon 113.901220",
    );
    sharp.plays(CONFIRMED_AT_1305);
    sharp.plays(
        "13:30 event depart
         14:00 event arrive --lat 30.498260 --lon 113.872540",
    );
    story.at("14:30");
    li.sync();

    // Five minutes are more than the clock of a phone can have drifted since the morning, an instant is not.
    let dispatcher = story.office("dispatcher");
    let judged = [&late, &sharp].map(|visit| {
        let review = dispatcher.review(&visit.id);
        let arrival = trace(&review, "APT-03").clone();
        let doubts = review["findings"].to_string().matches("rule_undetermined").count();
        (arrival["verdict"].clone(), arrival["inputs"]["deadline"].clone(), doubts)
    });
    assert_eq!(judged[0], (json!("fail"), json!("missed"), 0));
    assert_eq!(judged[1], (json!("undetermined"), json!("undetermined"), 1));
    // It stands in nobody's way: the visit goes on.
    sharp.plays("14:31 step arrive");
    assert_eq!(sharp.shown()["state"], "arrived");
}
