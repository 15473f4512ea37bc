//! A visit the office never planned, made on the road.

use integration_tests::play::Story;
use serde_json::json;

#[test]
fn an_unplanned_visit_made_offline_arrives_whole() {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    let li = story.enrol("li.ming");
    li.sync();
    let dispatcher = story.office("dispatcher");
    let before = dispatcher.list("/v1/visits").len();

    story.at("11:40");
    let say = |kind: &str, fields: &[&str]| {
        let fields = fields.iter().flat_map(|field| ["-f", field]);
        li.run(&["intent", kind].into_iter().chain(fields).collect::<Vec<_>>()).done()
    };
    let customer = say("create_customer", &["kind=individual", "name=方舟", "address=云泽市虚构区示例路18号3栋503"]);
    let customer_id = customer["customer_id"].as_str().expect("an id");
    let of_customer = format!("customer_id={customer_id}");
    let site = say("create_site", &[&of_customer, "address=云泽市虚构区示例路18号3栋503", "scene=urban_residential"]);
    let of_site = format!("site_id={}", site["site_id"].as_str().expect("an id"));
    let template = "template=broadband_install";
    let made = say("create_visit", &[template, &of_customer, &of_site, "reason=邻居当场要求检查线路"]);
    let visit = li.visit(made["visit"].as_str().expect("an id"), "方舟");
    visit.plays(
        "11:41 start
               step kit_check
               contact --channel app_call --result reached
               answer contact_result confirmed
               event confirm_call
               step confirm_call
         11:42 event depart
         11:43 event arrive --reason 同楼层
               step arrive
               answer safe_to_work true
               photo outdoor_route
               outcome resource_missing --reason 分光箱无空闲端口
         11:50 event end_without_work",
    );
    let captured = visit.record();
    assert_eq!(captured["state"], "ended_without_work");

    story.at("13:00");
    li.sync();
    let status = li.run(&["status"]).done();
    let intents = status["intents"].as_array().expect("intents");
    assert!(intents.len() == 3 && intents.iter().all(|intent| intent["result"] == "accepted"), "{intents:?}");
    let all = dispatcher.list("/v1/visits");
    assert_eq!(all.len(), before + 1);
    let listed = all.iter().find(|listed| listed["id"] == json!(visit.id)).expect("it is in the office's list");
    assert_eq!((&listed["state"], &listed["outcome"]), (&json!("under_review"), &json!("resource_missing")));
    let seen = dispatcher.visit(&visit.id);
    assert_eq!((&seen["origin"], &seen["missing_blobs"]), (&json!("device"), &json!(0)));
    assert_eq!(dispatcher.get(&format!("/v1/customers/{customer_id}"))["name"], "方舟");
    let review = story.office("reviewer1").review(&visit.id);
    assert_eq!(review["heads"], visit.shown()["heads"]);
    assert_eq!(review["photos"][0]["is_received"], true);
    let mut arrived = visit.record();
    arrived["state"] = captured["state"].clone();
    arrived["unsent"] = captured["unsent"].clone();
    assert_eq!(arrived, captured, "nothing changed but its way to the office");
}
