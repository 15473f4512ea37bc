//! The morning on the phone, without a network.

use serde_json::json;
use sync_core::day::MeetingPlaces;
use sync_core::protocol::row::kind;

use super::tests::work;
use crate::store::model::StoredRow;
use crate::testing::{NUMBER, TEAM, TestPhone, jpeg};

#[test]
fn a_check_in_says_at_once_where_it_was_made_and_is_kept_with_photo_and_kit() {
    let phone = TestPhone::new();
    let nobody_knows = phone.run(&["check-in", "--lat", "30.572", "--lon", "104.066"]);
    assert_eq!(nobody_knows["position"]["doubt"], "no_place");
    let geo = json!({"lat_udeg": 30_572_000, "lon_udeg": 104_066_000, "acc_m": 10, "datum": "wgs84"});
    let places = json!({"team_id": TEAM, "places": [{"name": "城南站点", "geo": geo}]});
    let row = StoredRow::new(1, places);
    phone.phone().store.write(|tx| tx.set_row(kind::REFERENCE, &MeetingPlaces::item_of(TEAM), &row)).unwrap();

    let photo = phone.file("duty.jpg", &jpeg(7));
    let line = ["check-in", "--lat", "30.5725", "--lon", "104.066", "--photo", &photo, "--have", "shoe_covers"];
    let said = phone.run(&[&line[..], &["--lack", "ladder", "--note", "借用中"]].concat());
    assert_eq!((&said["position"]["verdict"], &said["position"]["place"]), (&json!("inside"), &json!("城南站点")));
    assert_eq!((&said["body"]["date"], &said["findings"]), (&json!("2025-03-04"), &json!([])));
    assert_eq!(said["kit"]["body"]["items"], json!({"ladder": false, "shoe_covers": true}));
    // Three intents and the photo.
    assert_eq!(phone.outstanding(), 4);

    let mock = phone.run(&["check-in", "--lat", "30.5725", "--lon", "104.066", "--mock-position"]);
    assert_eq!((&mock["position"]["doubt"], &mock["findings"]), (&json!("simulated"), &json!(["mock_position"])));
    let far = phone.run(&["check-in", "--lat", "30.6", "--lon", "104.066", "--place", "城南站点"]);
    assert_eq!(far["position"]["verdict"], "outside");
}

#[test]
fn the_day_says_offline_what_is_open_and_what_was_used() {
    let phone = TestPhone::new();
    let reasons = |said: &serde_json::Value| -> Vec<String> {
        let open = said["open"].as_array().unwrap().iter();
        open.map(|one| format!("{} {}", one["reason"].as_str().unwrap(), one["count"])).collect()
    };
    let morning = phone.run(&["day"]);
    assert_eq!((&morning["date"], &morning["is_closed"]), (&json!("2025-03-04"), &json!(false)));
    assert_eq!(reasons(&morning), ["no_outcome 1"]);
    assert_eq!(phone.run(&["day", "--date", "2025-03-05"])["is_closed"], true);
    // Of a day in another spelling nothing would be found, and the day be called closed.
    for other in ["2025-3-4", "20250304", "2025-03-04T00:00", "2025-02-30", "today", ""] {
        assert_eq!(phone.try_run(&["day", "--date", other]).unwrap_err().code(), "usage", "{other}");
    }

    phone.run(&["material", NUMBER, "CABLE-BOW", "30.5", "--unit", "m"]);
    phone.run(&["material", NUMBER, "CABLE-BOW", "12", "--unit", "m"]);
    phone.run(&["material", NUMBER, "ONT-GPON", "1", "--serial", "ont-1"]);
    work(&phone);
    phone.run(&["outcome", NUMBER, "resource_missing", "--reason", "no free port"]);
    phone.run(&["event", NUMBER, "end_without_work", "--reason", "x"]);
    let evening = phone.run(&["day"]);
    let unsent = phone.outstanding();
    assert_eq!(reasons(&evening), [format!("unsent {unsent}")]);
    let sum = |sku: &str, unit: &str, quantity: &str| json!({"sku": sku, "unit": unit, "quantity": quantity});
    assert_eq!(evening["materials"], json!([sum("CABLE-BOW", "m", "42.5"), sum("ONT-GPON", "count", "1")]));
    assert_eq!(evening["serials"][0]["serial"], "ONT1");
}
