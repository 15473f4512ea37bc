//! S-05: a night repair put off for safety, done the next day, and the same fault twelve days later.

use integration_tests::play::{Office, Phone, Story};
use serde_json::{Value, json};

/// The repair itself, from the call at 08:40 to the hand-in.
const REPAIRED: &str = "
    08:35 start
          step kit_check
    08:40 contact --channel app_call --result reached --duration 40
          answer fault_reported 光猫无信号
          event confirm_call
          step confirm_call
          event depart
    08:52 event arrive --lat 30.501730 --lon 113.868090
          step arrive
          answer safe_to_work true
          step safety
          step enter
          event enter
          answer fault_found 分光箱内尾纤折断
          answer fault_cause splitter
          measure optical_before -31.20 --instrument PM-100-0042
          photo before
          step diagnose
          answer in_warranty true
          step quote
          answer work_done 更换尾纤并重新热熔
          photo after
    09:20 answer splitter_touched true";

/// After the label: measured again, cleaned up, signed.
const VERIFIED: &str = "
    step repair
    measure optical_after -19.80 --instrument PM-100-0042
    measure down_rate 201.3
    step verify
    step cleanup
    event finish_steps
    answer satisfied true
    answer rating 9
    step acceptance
    sign customer_repair=孙磊
    photo signed_form
    09:50 finish";

fn crew(office: &Office<'_>, visit: &str) -> Value {
    let seen = office.visit(visit);
    seen["crew"].as_array().expect("a crew").iter().map(|member| member["id"].clone()).collect()
}

fn repairs(phone: &Phone<'_>, visit: &str) {
    let visit = phone.visit(visit, "孙磊");
    visit.plays(REPAIRED);
    let unshown = visit.tries("event finish_steps");
    assert_ne!(unshown.code, Some(0), "the box was touched: {}", unshown.json);
    visit.plays("photo splitter_label");
    visit.plays(VERIFIED);
}

/// The findings about the rule of repeated repairs.
fn repeats(office: &Office<'_>, visit: &str) -> usize {
    office.visit(visit)["findings"].to_string().matches("repeat_repair").count()
}

// Rules: INS-45, INS-48, INS-49
#[test]
fn s05_a_night_repair_is_put_off_for_safety_comes_first_and_its_return_is_seen() {
    let story = Story::begin("2025-03-03");
    story.at("22:50");
    let xu = story.enrol("xu.nuo");
    xu.sync();
    let night = xu.visit_of("孙磊");
    night.plays(
        "22:55 start
               step kit_check
         23:00 contact --channel app_call --result reached --duration 35
               answer fault_reported 光猫无信号
               event confirm_call
               step confirm_call
               event depart
         23:24 event arrive --lat 30.501730 --lon 113.868090
               step arrive
               answer safe_to_work false
               answer hazards at_height,night",
    );
    // On a ladder in the rain at night: work cannot be begun, only put off, and that needs its reason.
    let refused = night.tries("finish");
    assert_ne!(refused.code, Some(0), "{}", refused.json);
    night.plays(
        "outcome deferred_safety --reason 雨夜登高无法保证安全
         23:31 event end_without_work",
    );
    assert_eq!(night.shown()["state"], "ended_without_work");
    story.at("23:35");
    xu.sync();
    let dispatcher = story.office("dispatcher");
    assert_eq!(dispatcher.visit(&night.id)["outcome"], "deferred_safety");

    // Another first appointment of the rep is earlier that day; what was put off for safety still comes first.
    let start = |at: &str| json!({"start": at, "proposed_by": "customer"});
    let again = json!({"crew": crew(&dispatcher, &night.id), "appointment": start("2025-03-04T09:00:00+08:00")});
    let next = dispatcher.post(&format!("/v1/visits/{}/next-attempt", night.id), &again).expect(201);
    let day = next["id"].as_str().expect("an id");
    let order = dispatcher.get(&format!("/v1/work-orders/{}", next["work_order_id"].as_str().expect("an order")));
    let another = |reference: &str| {
        let order = json!({"customer_id": order["customer_id"], "site_id": order["site_id"], "type": "repair",
            "channel": "hotline", "external_ref": reference});
        dispatcher.post("/v1/work-orders", &order).expect(201)["id"].clone()
    };
    let planned = |order: &Value, at: &str| {
        let visit = json!({"work_order_id": order, "template": "broadband_repair",
            "crew": crew(&dispatcher, &night.id), "appointment": start(at)});
        dispatcher.post("/v1/visits", &visit).expect(201)["id"].as_str().expect("an id").to_owned()
    };
    let earlier = planned(&another("S-05-other"), "2025-03-04T08:00:00+08:00");
    story.on("2025-03-04");
    story.at("08:00");
    xu.sync();
    let board = dispatcher.get("/v1/day-board?date=2025-03-04");
    let line = board["lines"].as_array().expect("lines").iter().find(|line| line["visits"].to_string().contains(day));
    let visits = line.expect("the line of the rep")["visits"].as_array().expect("visits").clone();
    let place =
        |id: &str| visits.iter().position(|visit| visit["visit"]["id"] == id).unwrap_or_else(|| panic!("{visits:?}"));
    assert_eq!((place(day), place(&earlier)), (0, 1), "{visits:?}");

    repairs(&xu, day);
    story.at("10:00");
    xu.sync();
    story.office("reviewer1").approve(day);
    assert_eq!(dispatcher.visit(day)["state"], "approved");
    assert_eq!(repeats(&dispatcher, day), 0, "the night's attempt repaired nothing");

    // Twelve days later the same fault again.
    let repeated = planned(&another("S-05-again"), "2025-03-16T09:00:00+08:00");
    story.on("2025-03-16");
    story.at("08:30");
    xu.sync();
    repairs(&xu, &repeated);
    story.at("10:00");
    xu.sync();
    assert_eq!(repeats(&dispatcher, &repeated), 1);
    let review = story.office("reviewer1").review(&repeated);
    assert_eq!(super::scripts::trace(&review, "CMP-13")["inputs"]["days"], "12");
}
