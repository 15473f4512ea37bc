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

#[actix_web::test]
async fn every_series_goes_on_behind_what_was_given_since_the_backup() {
    let app = TestApp::new().await;
    app.write(|conn| take_number(conn, YUNZE.org, "V-2025")).await;
    let restored = app.write(|conn| {
        let created_at_ms = START.0 + HOUR_MS;
        begin_epoch(conn, &NewEpoch { id: EpochId::from_bytes([7; 16]), created_at_ms, backup_made_at_ms: START.0 })?;
        next(conn)
    });
    let [known, unknown] = restored.await;
    assert_eq!([known, unknown], [13_602, 13_601], "ten thousand, and one for each second");
    assert_eq!(app.write(next).await, [known + 1, unknown + 1], "from there on without gaps");
}
