//! Backup and restore: what was acknowledged after the backup comes back by itself, once.

use std::cell::{Cell, RefCell};
use std::process::Output;
use std::thread;

use doorstep::backup::{RestorePlan, restore};
use doorstep::boot;
use doorstep::config::{self, Config};
use doorstep_store::Store;
use doorstep_store::restores::find_epoch;
use integration_tests::clock::START;
use integration_tests::db::with_conn;
use integration_tests::play::{Fate, Phone, Story, Visit};
use integration_tests::server::TestServer;
use serde_json::{Value, json};
use sync_core::ids::EpochId;

use crate::scenarios::scripts::{ACCEPTED, CONFIRMED_AT_0910, INSTRUCTED, LET_IN, line_test, work};

/// Tables whose number of rows does not depend on how often work was sent.
const ONCE: [&str; 10] = [
    "documents",
    "intents",
    "statements",
    "quarantine",
    "visits",
    "blobs",
    "blob_claims",
    "visit_photos",
    "visit_readings",
    "visit_events",
];

/// What the office has of the visit, without what differs from run to run.
fn office(story: &Story, visit: &Visit<'_>) -> Value {
    let review = story.office("dispatcher").review(&visit.id);
    assert_eq!(visit.shown()["heads"], review["heads"], "phone and server have the same history");
    let photos = review["photos"].as_array().expect("photos").iter();
    let photos: Vec<Value> = photos.map(|one| json!([one["slot"], one["sha256"], one["is_received"]])).collect();
    json!({"state": review["state"], "photos": photos, "readings": review["readings"], "answers": review["answers"],
        "missing": review["missing_blobs"], "statements": review["statements"].as_array().map(Vec::len)})
}

fn text(output: &Output) -> String {
    let parts = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    parts.concat()
}

/// Two reps at work; between the morning and the rest of the day something happens, and something else at the end.
fn a_day<'s>(
    story: &'s Story,
    at_noon: impl FnOnce(&Phone<'s>),
    in_the_evening: impl FnOnce(),
) -> ([Value; 2], Value, [Value; 2]) {
    story.at("08:30");
    let [li, ma] = ["li.ming", "ma.jun"].map(|login| story.enrol(login));
    li.sync();
    ma.sync();
    let (first, second) = (li.visit_of("王海"), ma.visit_of("陈静"));
    first.plays(CONFIRMED_AT_0910);
    first.plays("09:25 event depart\n 09:52 event arrive --lat 30.512340 --lon 113.901220");
    first.plays(LET_IN);
    first.plays(&work("bow_drop"));
    li.sync();
    second.plays("09:30 start\n 09:31 photo outdoor_route");
    at_noon(&ma);

    // From here on the backup knows of nothing.
    first.plays(&[&line_test("-18.30", "512.4"), INSTRUCTED, ACCEPTED, "11:20 finish"].join("\n"));
    drop(li.run(&["intent", "day_note", "-f", "text=rain"]).done());
    story.at("11:30");
    li.sync();
    second.plays("11:40 photo splitter_label\n 11:41 step kit_check");
    ma.sync();
    assert_eq!((li.outstanding(), ma.outstanding()), (0, 0));
    in_the_evening();
    story.at("12:30");
    let reports = [li.sync(), ma.sync()];
    li.sync();
    ma.sync();
    assert!(first.shown()["complete"]["at"].is_string(), "the phone knows that the visit is complete");
    let seen = [office(story, &first), office(story, &second)];
    (seen, json!(story.rows(&ONCE)), reports)
}

#[test]
fn after_a_restore_every_phone_brings_back_what_the_backup_has_not() {
    let calm = Story::begin("2025-03-04");
    let (seen, rows, _) = a_day(&calm, |ma| drop(ma.sync()), || ());

    let story = Story::begin("2025-03-04");
    let (directory, backup) = (story.path("backups"), story.path("backups/noon"));
    std::fs::create_dir_all(&directory).expect("a directory for backups");
    let blobs_at_noon = Cell::new(0);
    let at_noon = |ma: &Phone<'_>| {
        // The server works while it is copied.
        let copying = story.spawn_admin(&["backup", &backup, "--copy"]);
        ma.sync();
        let copied = copying.wait_with_output().expect("the backup ends");
        assert!(copied.status.success(), "{}", text(&copied));
        let again = story.try_to_administer(&["backup", &backup]);
        assert!(!again.status.success() && text(&again).contains("is not empty"), "{}", text(&again));
    };
    let in_the_evening = || {
        story.kill_server();
        let refused = story.try_to_administer(&["restore", &backup]);
        assert!(!refused.status.success() && text(&refused).contains("--replace"), "{}", text(&refused));
        let told = text(&story.administer(&["restore", &backup, "--replace"]));
        assert!(told.contains("revoke it anew") && told.contains("再次吊销或停用"), "{told}");
        story.restart_server();
        story.sign_in_again("dispatcher");
        let out = text(&story.try_to_administer(&["verify"]));
        assert!(out.contains("everything is as the captured bytes say"), "{out}");
        assert!(out.contains("2 devices not heard of since"), "{out}");
        blobs_at_noon.set(story.rows(&["blobs"])["blobs"]);
    };
    let (seen_again, rows_again, reports) = a_day(&story, at_noon, in_the_evening);
    for report in &reports {
        assert_eq!((&report["epoch_changed"], &report["upload_only"]), (&json!(true), &json!(false)), "{report}");
    }
    // What the backup has is asked after, not sent again: two photos of the morning were there.
    let blobs = rows["blobs"].as_i64().expect("a number");
    let sent: i64 = reports.iter().filter_map(|report| report["sent"]["blobs"].as_i64()).sum();
    assert_eq!(sent, blobs - blobs_at_noon.get(), "{reports:?}");
    assert!(blobs_at_noon.get() >= 2 && sent >= 3, "{blobs} in all, {sent} sent again");
    assert_eq!(seen_again, seen);
    assert_eq!(rows_again, rows, "everything is there once");
    let verified = story.administer(&["verify"]);
    let out = text(&verified);
    assert!(out.contains("0 devices not heard of since") && out.contains("0 things named and not back"), "{out}");
}

#[test]
fn a_phone_enrolled_after_the_backup_brings_everything_under_another_name_with_the_same_key() {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    let backup = story.path("backup");
    story.administer(&["backup", &backup]);
    let li = story.enrol("li.ming");
    li.sync();
    let visit = li.visit_of("王海");
    visit.plays(CONFIRMED_AT_0910);
    visit.plays("09:25 event depart\n 09:52 event arrive --lat 30.512340 --lon 113.901220");
    visit.plays(LET_IN);
    visit.plays(&work("bow_drop"));
    visit.plays(&[&line_test("-18.30", "512.4"), INSTRUCTED, ACCEPTED, "11:20 finish"].join("\n"));
    drop(li.run(&["intent", "day_note", "-f", "text=rain"]).done());
    story.at("11:30");
    li.sync();
    let (seen, rows) = (office(&story, &visit), json!(story.rows(&ONCE)));
    story.kill_server();
    story.administer(&["restore", &backup, "--replace"]);
    story.restart_server();
    story.at("12:30");
    story.sign_in_again("admin");
    story.sign_in_again("dispatcher");
    assert_eq!(li.tries_to_sync(Fate::Deliver).json["error"]["code"], "assertion_invalid", "nobody knows the phone");

    // The code of another rep is not spent on it.
    let code = story.enrolment_code("ma.jun");
    let refused = li.tries_to_enrol("ma.jun", &code, Fate::Deliver);
    assert!(refused.code == Some(1) && refused.errors.contains("another rep's"), "{}", refused.errors);
    drop(story.new_phone().tries_to_enrol("ma.jun", &code, Fate::Deliver).done());
    // An answer that is lost costs another code.
    let lost = Fate::LoseAnswers("/v1/devices/enrol");
    assert_eq!(li.tries_to_enrol("li.ming", &story.enrolment_code("li.ming"), lost).code, Some(3));
    drop(li.tries_to_enrol("li.ming", &story.enrolment_code("li.ming"), Fate::Deliver).done());
    story.at("12:40");
    li.sync();
    let again = li.tries_to_enrol("li.ming", &story.enrolment_code("li.ming"), Fate::Deliver);
    assert!(again.code == Some(1) && again.errors.contains("only `sync` is needed"), "{}", again.errors);
    assert_eq!((office(&story, &visit), json!(story.rows(&ONCE))), (seen, rows), "all of it, the form too");
    let out = text(&story.administer(&["verify"]));
    assert!(out.contains("everything is as the captured bytes say"), "{out}");
    assert!(out.contains("0 things named and not back"), "{out}");
}

#[test]
fn a_phone_that_knows_no_login_takes_no_code_of_another_rep() {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    let backup = story.path("backup");
    story.administer(&["backup", &backup]);
    let li = story.enrol("li.ming");
    li.sync();
    li.visit_of("王海").plays("09:00 start");
    story.kill_server();
    story.administer(&["restore", &backup, "--replace"]);
    story.restart_server();
    story.at("12:30");
    story.sign_in_again("admin");
    li.forgets_login();

    let code = story.enrolment_code("ma.jun");
    let refused = li.tries_to_enrol("ma.jun", &code, Fate::Deliver);
    assert!(refused.code == Some(1) && refused.errors.contains("another rep's"), "{}", refused.errors);
    let ma = story.new_phone();
    drop(ma.tries_to_enrol("ma.jun", &code, Fate::Deliver).done());
    ma.sync();
    drop(li.tries_to_enrol("li.ming", &story.enrolment_code("li.ming"), Fate::Deliver).done());
    li.sync();
}

#[test]
fn a_damaged_backup_is_refused_before_anything_is_touched() {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    let li = story.enrol("li.ming");
    li.sync();
    li.visit_of("王海").plays("09:00 start\n 09:01 photo outdoor_route");
    li.sync();
    let backup = story.path("backup");
    story.administer(&["backup", &backup, "--copy"]);
    story.kill_server();
    let before = story.rows(&ONCE);
    let blob = find_file(&std::path::Path::new(&backup).join("blobs")).expect("the photo");
    let bytes = std::fs::read(&blob).expect("the photo");
    for (file, damaged) in [(blob.clone(), b"another".to_vec()), (blob.with_file_name("none"), Vec::new())] {
        std::fs::write(&file, &damaged).expect("damaged");
        if damaged.is_empty() {
            std::fs::remove_file(&blob).expect("removed");
        }
        let refused = story.try_to_administer(&["restore", &backup, "--replace"]);
        assert!(!refused.status.success(), "{}", text(&refused));
        let name = blob.file_name().and_then(|name| name.to_str()).expect("a hash");
        assert!(text(&refused).contains(name), "{}", text(&refused));
        assert_eq!(story.rows(&ONCE), before);
    }
    std::fs::write(&blob, bytes).expect("mended");
    std::fs::remove_file(std::path::Path::new(&backup).join("backup.json")).expect("unfinished");
    let refused = story.try_to_administer(&["restore", &backup, "--replace"]);
    assert!(text(&refused).contains("was not finished"), "{}", text(&refused));
    story.restart_server();
    li.sync();
    assert_eq!(li.outstanding(), 0);
}

/// Somebody who uses a database, for as long as this is kept.
fn guest(config: Config) -> Store {
    let opening = thread::spawn(move || boot::block_on(boot::open_store(&config)));
    opening.join().expect("no panic").expect("the database")
}

#[test]
fn who_begins_to_use_the_database_while_blobs_are_brought_back_stops_the_restore() {
    let mut server = TestServer::start();
    let directory = server.directory().join("backup");
    let made = server.run(&["backup", directory.to_str().expect("UTF-8")]);
    assert!(made.status.success(), "{}", text(&made));
    server.kill();
    let mut config = config::load(None).expect("the default configuration");
    config.database_url = server.database_url().to_owned();
    config.data_dir = server.directory().join("data");
    let epoch = EpochId::from_bytes([7; 16]);
    let plan = RestorePlan { config, directory, programs: None, replaces: true, epoch, now: START };
    let here = RefCell::new(None);
    let progress = |step: &str| {
        if step.starts_with("bringing back") && step.ends_with("blobs") {
            here.replace(Some(guest(plan.config.clone())));
        }
    };
    // PostgreSQL takes a moment to notice that the server is gone.
    let refused = loop {
        let ended = boot::block_on(restore(&plan, &progress));
        if here.borrow().is_some() {
            break ended.expect_err("somebody is there").to_string();
        }
    };
    assert!(refused.contains("other connections use the database") || refused.contains("locked"), "{refused}");
    let found = with_conn(server.database_url(), find_epoch).expect("read").expect("an epoch");
    assert_ne!(found.id.0, epoch, "the data are as they were");
}

fn find_file(directory: &std::path::Path) -> Option<std::path::PathBuf> {
    let mut entries = std::fs::read_dir(directory).ok()?.map_while(Result::ok).map(|entry| entry.path());
    entries.find_map(|path| if path.is_dir() { find_file(&path) } else { Some(path) })
}

/// Both phones of a crew on one visit, and work of the second on which the first builds, all after the backup.
fn crew<'s>(story: &'s Story, backup: &str) -> ([Phone<'s>; 2], String) {
    story.at("08:30");
    let phones = [story.enrol("li.ming"), story.enrol("ma.jun")];
    phones[0].sync();
    let id = phones[0].visit_of("王海").id;
    story.assign(&id, &["li.ming", "ma.jun"]);
    let turn = |at: usize, script: &str| {
        phones[at].sync();
        phones[at].visit(&id, "王海").plays(script);
        phones[at].sync();
    };
    turn(0, "09:00 start\n step kit_check");
    turn(1, "09:10 measure optical_power -18.30");
    story.administer(&["backup", backup]);
    turn(1, "09:20 measure optical_power -19.40\n 09:21 measure optical_power -19.60");
    turn(0, "09:30 answer cable_kind bow_drop");
    story.kill_server();
    story.administer(&["restore", backup, "--replace"]);
    story.restart_server();
    story.at("10:00");
    (phones, id)
}

fn powers(phone: &Phone<'_>, id: &str) -> usize {
    phone.visit(id, "王海").shown()["measures"].as_array().map_or(0, Vec::len)
}

#[test]
fn work_that_rests_on_a_colleagues_lost_work_waits_for_the_colleague() {
    let story = Story::begin("2025-03-04");
    let ([li, ma], id) = crew(&story, &story.path("backup"));
    let waits = li.tries_to_sync(Fate::Deliver);
    assert_eq!(waits.code, Some(3), "{}", waits.json);
    assert!(waits.json["problems"].to_string().contains("another phone of the crew"), "{}", waits.json);
    let out = text(&story.administer(&["verify"]));
    assert!(out.contains("1 things named and not back") && out.contains("awaited  change"), "{out}");
    ma.sync();
    li.sync();
    ma.sync();
    let [one, two] = [&li, &ma].map(|phone| phone.visit(&id, "王海").shown());
    assert_eq!((&one["heads"], &one["answers"]), (&two["heads"], &two["answers"]));
    assert_eq!((powers(&li, &id), one["answers"]["cable_kind"]["value"]["value"].as_str()), (3, Some("bow_drop")));
    assert!(text(&story.administer(&["verify"])).contains("0 things named and not back"));
}

#[test]
fn work_that_rests_on_lost_work_of_a_phone_that_will_not_come_back_is_written_anew() {
    let story = Story::begin("2025-03-04");
    let ([li, ma], id) = crew(&story, &story.path("backup"));
    story.network.next(Fate::Deliver);
    let relayed = li.run(&["sync", "--relay"]);
    story.network.next(Fate::Down);
    assert_eq!(relayed.json["outstanding"]["total"], 0, "{} {}", relayed.json, relayed.errors);
    let seen = li.visit(&id, "王海").shown();
    assert_eq!(seen["answers"]["cable_kind"]["value"]["value"], "bow_drop", "his own answer is there");
    assert_eq!(story.rows(&["quarantine"])["quarantine"], 1, "what the colleague wrote is kept, byte for byte");
    // Should the colleague come after all, nothing is doubled.
    ma.sync();
    drop(li.tries_to_sync(Fate::Deliver).done());
    assert_eq!((powers(&li, &id), powers(&ma, &id)), (3, 3));
}
