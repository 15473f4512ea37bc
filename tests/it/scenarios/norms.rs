//! The norm changes overnight while a rep is offline: what he began goes on under the norm he had.

use integration_tests::play::{Phone, Story, Visit};
use serde_json::{Value, json};

use super::scripts::{ACCEPTED, CONFIRMED_AT_0910, INSTRUCTED, LET_IN, line_test, work};

/// A reading that passes version 1 (above -25 dBm) and fails version 2 (above -10 dBm).
const POWER: &str = "-18.30";

/// From the way to the line test.
fn tested() -> String {
    let way = "09:25 event depart\n 09:52 event arrive --lat 30.512340 --lon 113.901220";
    [CONFIRMED_AT_0910, way, LET_IN, &work("bow_drop"), &line_test(POWER, "512.4")].join("\n")
}

/// Version of the template, and whether its line test stands in the way of finishing.
fn judged_by(visit: &Visit<'_>) -> (Value, bool) {
    let shown = visit.shown();
    let blockers = shown["blockers"].to_string();
    (shown["template"]["version"].clone(), blockers.contains("INS-22"))
}

/// Asks for more light than [`POWER`].
fn stricter(template: &mut Value) {
    let measurements = template["measurements"].as_array_mut().expect("measurements");
    let power = measurements.iter_mut().find(|one| one["code"] == "optical_power").expect("the reading");
    power["threshold"] = json!({"op": "gt", "value": "-10.00"});
}

fn made_at_the_door<'p>(phone: &'p Phone<'_>) -> Visit<'p> {
    let made = phone.run(&["intent", "create_visit", "-f", "template=broadband_install", "-f", "reason=邻居当场要求"]);
    phone.visit(made.done()["visit"].as_str().expect("an id"), "方舟")
}

#[test]
fn a_norm_that_changed_overnight_judges_what_began_after_it() {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    let li = story.enrol("li.ming");
    li.sync();
    let [finished, draft] = ["王海", "赵敏"].map(|customer| li.visit_of(customer));
    // Offline under version 1: one job to the signature, one only begun.
    finished.plays(&[&tested(), INSTRUCTED, ACCEPTED, "11:20 finish"].join("\n"));
    draft.plays("11:30 start\n step kit_check");
    assert_eq!(judged_by(&finished), (json!(1), false));

    // Overnight the office asks for more.
    story.on("2025-03-05");
    story.at("00:10");
    story.publish_version_2("broadband_install", stricter, &[("min_rate_ratio", "1.00")], None);

    // Still offline in the morning: the phone knows nothing of it, and goes on.
    story.at("08:00");
    let offline = made_at_the_door(&li);
    offline.plays(&format!("08:05 start\n measure optical_power {POWER}"));
    assert_eq!(judged_by(&offline).0, json!(1));

    // All of it is taken under the norm it was made by.
    story.at("09:00");
    li.sync();
    li.sync();
    let reviewer = story.office("reviewer1");
    let seen = reviewer.visit(&finished.id);
    assert_eq!(
        (&seen["state"], &seen["template_version"]),
        (&json!("under_review"), &json!(1)),
        "what its crew pinned"
    );
    let review = reviewer.review(&finished.id);
    assert_eq!((&review["blockers"], &review["late_records"]), (&json!([]), &json!(0)), "{review}");
    assert_eq!(judged_by(&finished), (json!(1), false));
    assert_eq!(review["heads"], finished.shown()["heads"]);

    // The draft of yesterday goes on under version 1 as well, though the phone has version 2 by now.
    draft.plays(&format!("09:05 measure optical_power {POWER}"));
    let power = |visit: &Visit<'_>| visit.shown()["measures"][0]["value"]["value"].clone();
    assert_eq!((judged_by(&draft).0, power(&draft)), (json!(1), json!(POWER)));
    li.sync();
    assert_eq!(story.heads(&draft.id), draft.shown()["heads"]);
    assert_eq!(judged_by(&offline).0, json!(1));

    // What begins now is judged by version 2, on the phone and at the office.
    let fresh = made_at_the_door(&li);
    fresh.plays(&format!("09:10 start\n {}", line_test(POWER, "512.4")));
    assert_eq!(judged_by(&fresh), (json!(2), true), "{}", fresh.shown()["blockers"]);
    li.sync();
    let dispatcher = story.office("dispatcher");
    let seen = dispatcher.visit(&fresh.id);
    assert_eq!((&seen["template_version"], &seen["policy_version"]), (&json!(2), &json!(2)), "{seen}");
    for version in [1, 2] {
        let served = dispatcher.get(&format!("/v1/templates/broadband_install/{version}"));
        assert_eq!(served["version"], version, "no published version ever goes away");
    }
}

#[test]
fn a_planned_visit_follows_the_norm_of_its_day_unless_its_crew_began_before_it_heard() {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    let (ma, xu) = (story.enrol("ma.jun"), story.enrol("xu.nuo"));
    let dispatcher = story.office("dispatcher");
    ma.sync();
    xu.sync();
    let (offline, told) = (ma.visit_of("陈静"), xu.visit_of("周婷"));
    for visit in [&offline, &told] {
        let tomorrow = json!({"start": "2025-03-05T15:30:00+08:00", "notified_at": "2025-03-04T08:20:00+08:00",
            "proposed_by": "customer", "reason": "用户出差"});
        dispatcher.change(&visit.id, "reschedule", &tomorrow).expect(200);
    }
    ma.sync();
    xu.sync();

    // In the evening the office asks for more, from midnight on.
    story.at("20:00");
    let midnight = "2025-03-05T00:00:00+08:00";
    story.publish_version_2("broadband_install", stricter, &[("min_rate_ratio", "0.90")], Some(midnight));
    for visit in [&offline, &told] {
        let planned = dispatcher.visit(&visit.id);
        let versions = (&planned["template_version"], &planned["policy_version"]);
        assert_eq!(versions, (&json!(2), &json!(2)), "planned for a day on which version 2 counts");
    }
    assert_eq!(dispatcher.get("/v1/policies/current")["version"], 1, "not yet");

    // Next morning one phone has heard of it, the other was out of reach all night.
    story.on("2025-03-05");
    story.at("09:00");
    xu.sync();
    for visit in [&offline, &told] {
        visit.plays(&format!("09:05 start\n {}", line_test(POWER, "512.4")));
    }
    assert_eq!((judged_by(&offline), judged_by(&told)), ((json!(1), false), (json!(2), true)));

    // What began under version 1 ends under it, though the office has planned it by version 2.
    ma.sync();
    ma.sync();
    xu.sync();
    assert_eq!(judged_by(&offline), (json!(1), false));
    for visit in [&offline, &told] {
        assert_eq!(story.heads(&visit.id), visit.shown()["heads"]);
    }
}
