//! Numbers after a restore: what stands on a customer's paper never becomes the number of another visit.

use std::collections::BTreeSet;

use doorstep_store::organisations::take_number;
use doorstep_store::restores::{NewEpoch, begin_epoch};
use doorstep_store::{Conn, StoreResult};
use integration_tests::app::TestApp;
use integration_tests::builders::HOUR_MS;
use integration_tests::clock::START;
use integration_tests::company::YUNZE;
use integration_tests::play::{Phone, Story, Visit};
use serde_json::{Value, json};
use sync_core::ids::EpochId;

use crate::scenarios::scripts::{ACCEPTED, CONFIRMED_AT_0910, INSTRUCTED, LET_IN, line_test, work};

fn made_at_the_door<'p>(phone: &'p Phone<'_>) -> Visit<'p> {
    let made = phone.run(&["intent", "create_visit", "-f", "template=broadband_install", "-f", "reason=邻居当场要求"]);
    phone.visit(made.done()["visit"].as_str().expect("an id"), "方舟")
}

/// Everything up to the signatures.
fn signed() -> String {
    let way = "09:25 event depart\n 09:52 event arrive --reason 同楼层";
    [CONFIRMED_AT_0910, way, LET_IN, &work("bow_drop"), &line_test("-18.30", "512.4"), INSTRUCTED, ACCEPTED].join("\n")
}

#[test]
fn a_number_given_after_the_backup_never_becomes_that_of_another_visit() {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    let phones = ["li.ming", "ma.jun"].map(|login| story.enrol(login));
    phones.iter().for_each(|phone| drop(phone.sync()));
    let backup = story.path("backup");
    story.administer(&["backup", &backup]);

    let visits = phones.each_ref().map(made_at_the_door);
    let number = |visit: &Visit<'_>| {
        let seen = story.office("dispatcher").visit(&visit.id);
        seen["number"].as_str().expect("a number").to_owned()
    };
    phones.iter().for_each(|phone| drop(phone.sync()));
    let given = visits.each_ref().map(number);
    visits[0].plays(&signed());
    let shown = phones[0].run(&["sign", &visits[0].id]).json.to_string();
    assert!(shown.contains(&given[0]), "the customer's form names the number: {shown}");
    phones[0].sync();

    story.kill_server();
    story.administer(&["restore", &backup, "--replace"]);
    story.restart_server();
    story.sign_in_again("dispatcher");
    phones.iter().rev().for_each(|phone| drop(phone.sync()));
    assert!(visits.iter().zip(&given).all(|(visit, old)| number(visit) != *old));
    let all = story.office("dispatcher").list("/v1/visits");
    let numbers: BTreeSet<&str> = all.iter().map(|visit| visit["number"].as_str().expect("a number")).collect();
    assert_eq!(numbers.len(), all.len(), "no number stands on two visits");
    assert!(given.iter().all(|old| !numbers.contains(old.as_str())), "{given:?} in {numbers:?}");
}

/// The next numbers of a series that the backup knows and of one that it does not.
fn next(conn: &mut Conn) -> StoreResult<[i64; 2]> {
    Ok([take_number(conn, YUNZE.org, "V-2025")?, take_number(conn, YUNZE.org, "V-2026")?])
}

/// Where both series go on after a restore an hour after the backup.
async fn after_restore(app: &TestApp, epoch: u8) -> [i64; 2] {
    let restored = app.write(move |conn| {
        let created_at_ms = START.0 + HOUR_MS;
        let id = EpochId::from_bytes([epoch; 16]);
        begin_epoch(conn, &NewEpoch { id, created_at_ms, backup_made_at_ms: START.0 })?;
        next(conn)
    });
    restored.await
}

#[actix_web::test]
async fn every_series_goes_on_behind_what_was_given_since_the_backup_and_each_restore_elsewhere() {
    let app = TestApp::new().await;
    app.write(|conn| take_number(conn, YUNZE.org, "V-2025")).await;
    let [known, unknown] = after_restore(&app, 7).await;
    assert!(known == unknown + 1 && unknown > 1_003_600, "a million, and one for each second: {unknown}");
    assert_eq!(app.write(next).await, [known + 1, unknown + 1], "from there on without gaps");
    let again = TestApp::new().await;
    let [_, other] = after_restore(&again, 8).await;
    assert!(other.abs_diff(unknown) > 10_000, "{other} is not {unknown}");
}

/// The numbers that a list of a hundred orders is given.
fn imported(story: &Story) -> Vec<i64> {
    let row = |number: usize| {
        let address = format!("云泽市虚构区样本街 {number} 号");
        json!({
            "customer": { "kind": "individual", "name": format!("客户{number}"), "address": address,
                "phones": [format!("000-0000-{number:04}")] },
            "site": { "address": address, "scene": "urban_residential" },
            "order": { "type": "install", "channel": "hotline", "external_ref": format!("X{number}"),
                "fields": { "contracted_mbps": "500" } },
        })
    };
    let rows: Vec<Value> = (0..100).map(row).collect();
    let answer = story.office("dispatcher").post("/v1/work-orders/import", &json!({ "rows": rows })).expect(200);
    let given = answer["rows"].as_array().expect("rows").iter();
    let number = |row: &Value| row["number"].as_str().and_then(|number| number.rsplit('-').next()?.parse().ok());
    given.map(|row| number(row).unwrap_or_else(|| panic!("{row}"))).collect()
}

#[test]
fn a_restore_of_the_same_backup_leads_behind_all_that_was_given_since_the_first() {
    let story = Story::begin("2025-03-04");
    let backup = story.path("backup");
    story.administer(&["backup", &backup]);
    let mut last = 0;
    // A minute passes, and more numbers are given than seconds.
    for time in ["08:30", "08:31", "08:32"] {
        story.at(time);
        story.kill_server();
        story.administer(&["restore", &backup, "--replace"]);
        story.restart_server();
        story.sign_in_again("dispatcher");
        let given = imported(&story);
        assert!(given.iter().all(|number| *number > last), "{given:?} after {last}");
        last = given.into_iter().max().expect("numbers");
    }
}
