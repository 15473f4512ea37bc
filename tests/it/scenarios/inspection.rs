//! S-12: an inspection that finds defects, what the shop rectifies, the inspection after it, and the warranty.

use integration_tests::call::Call;
use integration_tests::patience::until_some;
use integration_tests::play::{Office, Story};
use serde_json::{Value, json};

/// From the documents to the measured items, with an overview of the rooms.
const INSPECTED: &str = "
    09:05 start
          step documents
    09:10 contact --channel app_call --result reached
          event confirm_call
          event depart
    09:24 event arrive --reason 工地门口
          step arrive
          event enter
          answer structure pass
          answer water_electricity pass
          answer wall_floor fail
          answer doors_windows pass
          answer safety pass
          answer cleanliness pass
          photo overview
          step check_items";

/// The result, signed by all three.
fn concluded(major: u8, minor: u8, result: &str) -> String {
    format!(
        "answer defect_count_major {major}
         answer defect_count_minor {minor}
         step defects
         answer result {result}
         step conclusion
         event finish_steps
         step sign
         sign inspector=rep works_supervisor=周工 customer_pre_acceptance=黎晨
         finish"
    )
}

fn task(office: &Office<'_>, kind: &str, state: &str) -> Vec<Value> {
    office.list(&format!("/v1/tasks?kind={kind}&state={state}"))
}

fn close(office: &Office<'_>, task: &Value, body: &Value) -> integration_tests::call::Answer {
    let call = Call::post(format!("/v1/tasks/{}/close", task["id"].as_str().expect("an id")));
    office.send(call.header("if-match", format!("\"{}\"", task["version"])).json(body))
}

fn due(task: &Value) -> &str {
    task["due_at"].as_str().expect("an instant")
}

// Rules: PRE-01, PRE-03, PRE-04, PRE-05
#[test]
fn s12_what_failed_is_rectified_inspected_again_and_put_under_warranty() {
    let story = Story::begin("2025-03-24");
    story.at("08:00");
    let lead = story.enrol("lead1");
    let dispatcher = story.office("dispatcher");
    // The server began three weeks ago; one that begins now rolls the window at once, and the visit reaches the phone.
    story.kill_server();
    story.restart_server();
    let mut minutes = 0..60;
    let planned = until_some("the inspection is on the phone", || {
        minutes.next().into_iter().for_each(|minute| story.at(&format!("08:{minute:02}")));
        lead.sync();
        let visits = lead.visits(&["list", "--all"]);
        visits.into_iter().find(|visit| visit["template"] == "pre_acceptance_inspection")
    });
    let visit = lead.visit(planned["visit"].as_str().expect("an id"), "晨光总包工程公司");
    visit.plays(INSPECTED);
    visit.plays(
        "answer defects_found true
         answer defect_text 卫生间防水高度不足；踢脚线两处空鼓
         answer responsible_party 总包施工班组
         answer rectify_by 2025-03-27T18:00:00+08:00
         photo defect",
    );
    visit.plays(&concluded(1, 2, "fail"));
    assert_eq!(task(&dispatcher, "rectification", "open").len(), 0, "the phone is offline");
    story.at("12:00");
    lead.sync();

    // The shop is asked to rectify by the agreed time; nothing else follows from a failed inspection.
    let open = task(&dispatcher, "rectification", "open");
    let [rectify] = open.as_slice() else { panic!("{open:?}") };
    assert_eq!((due(rectify), &rectify["rule"]), ("2025-03-27T10:00:00.000Z", &json!("PRE-01")));
    story.office("reviewer1").approve(&visit.id);
    assert_eq!(task(&dispatcher, "warranty_registration", "open"), Vec::<Value>::new());
    let order = dispatcher.visit(&visit.id)["work_order_id"].as_str().expect("an order").to_owned();
    let order = dispatcher.get(&format!("/v1/work-orders/{order}"));

    // Rectified: the answer plans the inspection after it, under an order of its own.
    let next = json!({"note": "已重做防水并更换踢脚线", "next_visit": {
        "crew": [lead_id(&dispatcher, &visit.id)],
        "appointment": {"start": "2025-03-28T09:30:00+08:00", "proposed_by": "customer"}
    }});
    let silent = close(&dispatcher, rectify, &json!({"note": "已整改"}));
    assert_eq!(
        (silent.outcome(), &silent.json()["fields"][0]["path"]),
        ((422, "invalid".to_owned()), &json!("next_visit"))
    );
    let mut both = next.clone();
    both["no_next_visit"] = json!("order_cancelled");
    assert_eq!(close(&dispatcher, rectify, &both).outcome(), (422, "invalid".to_owned()), "either, not both");
    let closed = close(&dispatcher, rectify, &next).expect(200);
    assert_eq!((&closed["state"], &closed["kind"]), (&json!("done"), &json!("rectification")));
    let recheck = closed["next_visit_id"].as_str().expect("a visit").to_owned();
    let planned = dispatcher.visit(&recheck);
    assert_eq!((&planned["template"], &planned["attempt"]), (&json!("pre_acceptance_inspection"), &json!(1)));
    let again = planned["work_order_id"].as_str().expect("an order");
    let again = dispatcher.get(&format!("/v1/work-orders/{again}"));
    assert_eq!(again["fields"]["inspection_phase"], "recheck");
    assert_eq!(again["fields"]["recheck_of"], order["number"]);
    assert_eq!(order["fields"]["inspection_phase"], "pre", "what was asked of the first visit stays as it was");

    story.on("2025-03-28");
    story.at("08:30");
    lead.sync();
    let recheck = lead.visit(&recheck, "晨光总包工程公司");
    recheck.plays(&INSPECTED.replace("wall_floor fail", "wall_floor pass"));
    recheck.plays("answer defects_found false");
    let unshown = recheck.tries("event finish_steps");
    assert_ne!(unshown.code, Some(0), "no photo after rectification: {}", unshown.json);
    recheck.plays("photo rectified\n step recheck");
    recheck.plays(&concluded(0, 0, "pass"));
    story.at("12:00");
    lead.sync();
    assert_eq!(task(&dispatcher, "rectification", "open"), Vec::<Value>::new());
    story.office("reviewer1").approve(&recheck.id);
    let open = task(&dispatcher, "warranty_registration", "open");
    let [warranty] = open.as_slice() else { panic!("{open:?}") };
    // A Friday: until the end of the third working day after it.
    assert_eq!(due(warranty), "2025-04-02T16:00:00.000Z");
    let refused = close(&dispatcher, warranty, &next).expect(422);
    assert_eq!(refused["fields"][0]["path"], "next_visit");
    close(&dispatcher, warranty, &json!({"note": "保修卡已登记"})).expect(200);
}

fn lead_id(office: &Office<'_>, visit: &str) -> Value {
    office.visit(visit)["crew"][0]["id"].clone()
}
