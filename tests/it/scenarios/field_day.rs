//! A rep's day from check-in to sign-off: the phone works offline and is heard of in the evening.

use integration_tests::play::{Office, Phone, Story, Visit};
use serde_json::{Value, json};

use super::scripts::{ACCEPTED, CONFIRMED_AT_0910, INSTRUCTED, LET_IN, line_test, work};

/// The team of somebody, as the admin sees it.
fn team_of(admin: &Office<'_>, login: &str) -> String {
    let users = admin.list("/v1/users?page_size=200");
    let user = users.iter().find(|user| user["login"] == login).expect("somebody of this login");
    user["team_id"].as_str().expect("a team").to_owned()
}

/// A whole installation of S-01 but for the hand-in.
fn installed(visit: &Visit<'_>) {
    visit.plays(CONFIRMED_AT_0910);
    visit.plays("09:25 event depart\n 09:52 event arrive --lat 30.512340 --lon 113.901220");
    visit.plays(LET_IN);
    visit.plays(&work("bow_drop"));
    visit.plays(
        "material CABLE-BOW 30.5 --unit m
         material CABLE-BOW 12 --unit m
         material ONT-GPON 1 --serial ont-7f21-0001 --scan",
    );
    visit.plays(&line_test("-18.30", "512.4"));
    visit.plays(INSTRUCTED);
    visit.plays(ACCEPTED);
}

fn day(phone: &Phone<'_>) -> (bool, Vec<String>) {
    let said = phone.run(&["day"]).done();
    let open = said["open"].as_array().expect("open").iter();
    let open = open.map(|one| one["reason"].as_str().expect("a reason").to_owned()).collect();
    (said["is_closed"] == true, open)
}

fn codes(findings: &Value) -> Vec<String> {
    let about = ["serial_", "material_", "copy_", "order_materials"];
    let codes = findings.as_array().expect("findings").iter().map(|one| one["code"].as_str().expect("a code"));
    codes.filter(|code| about.iter().any(|start| code.starts_with(start))).map(str::to_owned).collect()
}

// Rules: INS-09, INS-12, INS-53, INS-54
#[test]
fn a_day_from_check_in_to_sign_off_is_worked_offline_and_checked_in_the_evening() {
    let story = Story::begin("2025-03-04");
    story.at("08:20");
    let admin = story.office("admin");
    let team = team_of(&admin, "li.ming");
    let li = story.enrol("li.ming");
    li.sync();

    // From here on the phone is offline.
    story.at("08:30");
    let duty = story.draw_photo("ont_stb", "li.ming");
    let words = ["check-in", "--lat", "30.5123", "--lon", "113.9011", "--place", "城南站点", "--photo", &duty];
    let said = li.run(&[&words[..], &["--have", "shoe_covers", "--lack", "ladder"]].concat()).done();
    assert_eq!((&said["position"]["verdict"], &said["findings"]), (&json!("inside"), &json!([])));
    let visit = li.visit_of("王海");
    installed(&visit);
    assert_eq!(codes(&visit.shown()["findings"]), [""; 0]);
    visit.plays("11:20 finish");
    let (is_closed, open) = day(&li);
    assert_eq!((is_closed, open), (false, vec!["no_outcome".to_owned(), "unsent".to_owned()]), "S-04 is to be made");

    story.at("18:00");
    let dispatcher = story.office("dispatcher");
    let mornings = dispatcher.get(&format!("/v1/check-ins?day=2025-03-04&team_id={team}"));
    let of_li = |reps: &Value| reps.as_array().expect("reps").iter().find(|rep| rep["rep_name"] == "李明").cloned();
    assert_eq!(of_li(&mornings["reps"]).expect("he has visits")["is_checked_in"], false, "nobody has heard of it");
    li.sync();
    let mornings = dispatcher.get(&format!("/v1/check-ins?day=2025-03-04&team_id={team}"));
    let rep = of_li(&mornings["reps"]).expect("he has visits");
    let check_in = &rep["check_ins"][0];
    assert_eq!((&check_in["position"]["verdict"], &check_in["is_photo_held"]), (&json!("inside"), &json!(true)));
    assert_eq!(check_in["at"], "2025-03-04T00:30:00.000Z");
    assert_eq!(rep["kits"][0]["items"], json!({"ladder": false, "shoe_covers": true}));

    let closing = dispatcher.get(&format!("/v1/days/2025-03-04/closing?team_id={team}"));
    let rep = of_li(&closing["reps"]).expect("he has visits");
    let reasons: Vec<&Value> = rep["open"].as_array().expect("open").iter().map(|one| &one["reason"]).collect();
    assert_eq!(reasons, ["no_outcome"]);
    let sum = |sku: &str, unit: &str, quantity: &str| json!({"sku": sku, "unit": unit, "quantity": quantity});
    assert_eq!(rep["materials"], json!([sum("CABLE-BOW", "m", "42.5"), sum("ONT-GPON", "count", "1")]));
    assert_eq!(rep["serials"][0]["serial"], "ont-7f21-0001");

    // One signature, three copies.
    let copies = dispatcher.get(&format!("/v1/visits/{}/copies", visit.id));
    let form = &copies["items"][0];
    assert_eq!(form["digest"], visit.shown()["statements"][0]["key"]);
    let delivered: Vec<(&Value, &Value)> =
        form["copies"].as_array().expect("copies").iter().map(|copy| (&copy["copy"], &copy["is_delivered"])).collect();
    let yes = json!(true);
    assert_eq!(delivered, [(&json!("customer"), &yes), (&json!("installer"), &yes), (&json!("department"), &yes)]);
    assert_eq!(form["copies"][0]["how"], "paper");
    assert_eq!(form["copies"][2]["delivered_at"], "2025-03-04T10:00:00.000Z", "with the receipt");
    assert_eq!(codes(&story.office("reviewer1").review(&visit.id)["findings"]), [""; 0]);
    let seen = dispatcher.list("/v1/installed-items?serial=ONT%207F21%200001");
    let sources: Vec<&Value> = seen.iter().map(|one| &one["source"]).collect();
    assert_eq!((sources, &seen[0]["visit_id"]), (vec![&json!("material"), &json!("answer")], &json!(visit.id)));
}

// Rules: INS-09, INS-12
#[test]
fn a_serial_installed_elsewhere_other_materials_and_a_copy_that_nobody_handed_over_are_found() {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    let li = story.enrol("li.ming");
    li.sync();
    let first = li.visit_of("王海");
    installed(&first);
    first.plays("11:20 finish");
    story.at("11:30");
    li.sync();

    // Another order, which names other equipment, for a customer of another house.
    let dispatcher = story.office("dispatcher");
    let known = dispatcher.visit(&li.visit_of("赵敏").id);
    let order = dispatcher.get(&format!("/v1/work-orders/{}", known["work_order_id"].as_str().expect("an order")));
    let new = json!({"customer_id": order["customer_id"], "site_id": order["site_id"], "type": "install",
        "channel": "store", "fields": {"contracted_mbps": "500", "ont_serial": "ONT-9", "materials": "ONT-GPON=1; CLIP=10"}});
    let order = dispatcher.post("/v1/work-orders", &new).expect(201);
    let crew: Vec<&Value> = known["crew"].as_array().expect("a crew").iter().map(|member| &member["id"]).collect();
    let planned = json!({"work_order_id": order["id"], "template": "broadband_install", "crew": crew,
        "appointment": {"start": "2025-03-04T12:00:00+08:00", "proposed_by": "customer"}});
    let planned = dispatcher.post("/v1/visits", &planned).expect(201);
    li.sync();
    let second = li.visit(planned["id"].as_str().expect("an id"), "赵敏");
    second.plays(&CONFIRMED_AT_0910.replace("09:05", "11:35").replace("09:10", "11:36"));
    second.plays("11:40 event depart\n 11:52 event arrive --lat 30.498260 --lon 113.872540");
    second.plays(LET_IN);
    second.plays(&work("bow_drop"));
    second.plays("material CLIP 4");
    second.plays(&line_test("-18.30", "512.4"));
    second.plays(INSTRUCTED);
    second.plays(&ACCEPTED.replace("copy --how paper", ""));
    second.plays("13:00 finish");
    assert_eq!(codes(&second.shown()["findings"]), ["copy_not_recorded"]);
    story.at("13:10");
    li.sync();
    let reviewer = story.office("reviewer1");
    let found = codes(&reviewer.review(&second.id)["findings"]);
    let expected =
        ["copy_not_recorded", "material_quantity", "material_quantity", "serial_differs", "serial_elsewhere"];
    assert_eq!(found, expected);
    assert_eq!(codes(&reviewer.review(&first.id)["findings"]), [""; 0], "it was there first");
    let path = format!("/v1/visits/{}/copies", second.id);
    assert_eq!(dispatcher.get(&path)["items"][0]["copies"][0]["is_delivered"], false);

    // The rep remembers the copy afterwards: it is not late.
    second.plays("13:20 copy --how qr");
    story.at("13:30");
    li.sync();
    let review = reviewer.review(&second.id);
    assert_eq!(
        (&codes(&review["findings"])[..1], &review["late_records"]),
        (&["material_quantity".to_owned()][..], &json!(0))
    );
    let copy = dispatcher.get(&path)["items"][0]["copies"][0].clone();
    assert_eq!((&copy["how"], &copy["delivered_at"]), (&json!("qr"), &json!("2025-03-04T05:20:00.000Z")));
    let other = second.tries(&format!("copy --how link --statement {}", "0".repeat(64)));
    assert_eq!(other.code, Some(0), "{other:?}");
    li.sync();
    assert_eq!(codes(&reviewer.review(&second.id)["findings"])[0], "copy_of_other_form");
}
