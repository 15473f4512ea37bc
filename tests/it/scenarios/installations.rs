//! Installs of the phone: restored from a backup, cloned, lost and replaced; suspended, revoked, wiped.

use integration_tests::play::{Fate, Phone, Story, Visit};
use serde_json::{Value, json};

const LOGIN: &str = "li.ming";
const CUSTOMER: &str = "王海";

/// A phone with its visits, at half past eight.
fn story() -> Story {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    story
}

fn enrol(story: &Story) -> Phone<'_> {
    let phone = story.enrol(LOGIN);
    phone.sync();
    phone
}

/// What a visit's notes and readings say, in an order of their own: what must be there once.
fn written(visit: &Visit<'_>) -> (Vec<String>, Vec<String>) {
    let shown = visit.shown();
    let mut notes: Vec<String> =
        shown["notes"].as_str().unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    let readings = shown["measures"].as_array().expect("measures");
    let mut readings: Vec<String> = readings.iter().map(|one| one["value"]["value"].to_string()).collect();
    notes.sort();
    readings.sort();
    (notes, readings)
}

fn id(phone: &Phone<'_>) -> String {
    phone.run(&["status"]).done()["device"].as_str().expect("a device").to_owned()
}

fn device_file(story: &Story, id: &str) -> Value {
    story.office("admin").get(&format!("/v1/devices/{id}"))
}

fn tell(story: &Story, id: &str, verb: &str, body: &Value) -> u16 {
    story.office("admin").post(&format!("/v1/devices/{id}/{verb}"), body).status
}

#[test]
fn a_phone_restored_from_its_backup_after_more_was_synced_loses_and_doubles_nothing() {
    let story = story();
    let li = enrol(&story);
    let visit = li.visit_of(CUSTOMER);
    visit.plays("09:00 start\n note first");
    li.sync();
    let backup = li.copy();
    visit.plays("09:10 note second\n measure optical_power -18.30 --instrument PM-1");
    li.sync();
    // The directory as the backup has it: nothing in it tells of the second note.
    li.restore(&backup);
    visit.plays("09:20 note third\n measure optical_power -19.10 --instrument PM-1");
    li.sync();
    let all = (vec!["first", "second", "third"], vec!["\"-18.30\"", "\"-19.10\""]);
    let all = (all.0.into_iter().map(str::to_owned).collect(), all.1.into_iter().map(str::to_owned).collect());
    assert_eq!(written(&visit), all);
    assert_eq!(visit.shown()["heads"], story.heads(&visit.id));
    assert_eq!(story.rows(&["quarantine"])["quarantine"], 0, "the copy was noticed before anything forked");
}

#[test]
fn a_backup_that_cannot_be_told_from_the_store_forks_and_is_written_anew() {
    let story = story();
    let li = enrol(&story);
    let visit = li.visit_of(CUSTOMER);
    visit.plays("09:00 start\n note first");
    li.sync();
    let backup = li.copy();
    visit.plays("09:10 note second");
    li.sync();
    // Written into the same file, as a snapshot of the file system restores it: the same actor goes on with the same
    // numbers, and only the server can see that.
    li.restore_in_place(&backup);
    visit.plays("09:20 note third");
    let said = li.tries_to_sync(Fate::Deliver).done();
    assert_eq!(said["outstanding"]["total"], 0, "{said}");
    assert!(said["problems"].to_string().contains("actor_forked"), "{said}");
    assert_eq!(written(&visit).0, ["first", "second", "third"]);
    assert_eq!(visit.shown()["heads"], story.heads(&visit.id));
}

#[test]
fn two_copies_of_one_phone_in_use_both_arrive() {
    let story = story();
    let li = enrol(&story);
    let visit = li.visit_of(CUSTOMER);
    visit.plays("09:00 start\n note first");
    let clone = li.copy();
    visit.plays("09:10 note original\n measure optical_power -18.30 --instrument PM-1");
    clone.visit_of(CUSTOMER).plays("09:10 note copy\n measure optical_power -19.10 --instrument PM-1");
    // Turn and turn about: each copy brings its own and what both had before.
    for phone in [&li, &clone, &li, &clone] {
        phone.sync();
        phone.visit_of(CUSTOMER).plays("09:30 note more");
    }
    li.sync();
    clone.sync();
    // By now the copies have spent each other's session: they bring everything in and read no more.
    for phone in [&li, &clone] {
        let own = phone.visit_of(CUSTOMER).shown()["heads"].clone();
        let heads = story.heads(&visit.id);
        let held = |head| heads.as_array().expect("heads").contains(head);
        assert!(own.as_array().expect("heads").iter().all(held), "the server has all that a copy wrote");
    }
    let all = written(&enrol(&story).visit_of(CUSTOMER));
    assert_eq!(all.0, ["copy", "first", "more", "more", "more", "more", "original"]);
    assert_eq!(all.1, ["\"-18.30\"", "\"-19.10\""]);
}

#[test]
fn copies_that_spend_each_others_session_still_upload() {
    let story = story();
    let li = enrol(&story);
    let visit = li.visit_of(CUSTOMER);
    // Paragraphs begin with a line break where there is one before.
    visit.plays("09:00 start\n note zero");
    li.sync();
    let clone = li.copy();
    // An hour later every access token has ended; both copies hold the same token for the next session.
    for (time, text) in [("10:00", "one"), ("11:00", "two"), ("12:00", "three")] {
        story.at(time);
        for phone in [&li, &clone] {
            phone.visit_of(CUSTOMER).plays(&format!("{time} note {text}"));
            let said = phone.tries_to_sync(Fate::Deliver).done();
            assert_eq!(said["outstanding"]["total"], 0, "{said}");
        }
    }
    // Reuse ends the session; what both captured is there, and a new enrolment of the rep reads it.
    let new = enrol(&story);
    assert_eq!(written(&new.visit_of(CUSTOMER)).0, ["one", "one", "three", "three", "two", "two", "zero"]);
}

#[test]
fn a_rep_goes_on_with_a_new_phone_and_what_only_the_lost_one_has_is_named() {
    let story = story();
    let lost = enrol(&story);
    let visit = lost.visit_of(CUSTOMER);
    visit.plays("09:00 start\n note first");
    lost.sync();
    visit.plays("09:30 note unsent\n photo outdoor_route");
    // The document arrives, the photo does not: the link breaks behind the first answer.
    let cut = lost.tries_to_sync(Fate::LoseAnswers("/v1/sync"));
    assert_eq!(cut.code, Some(3), "{cut:?}");
    let lost_id = id(&lost);

    let new = enrol(&story);
    let status = new.run(&["status"]).done();
    let elsewhere = status["elsewhere"].as_array().expect("what other phones have");
    assert_eq!(elsewhere.len(), 1, "{status}");
    assert_eq!(elsewhere[0]["device"], json!(lost_id));
    assert_eq!(elsewhere[0]["missing"][0]["visit_id"], json!(visit.id), "{status}");
    let file = device_file(&story, &lost_id);
    assert!(file["unsent"].as_i64().is_some_and(|unsent| unsent > 0), "{file}");
    assert_eq!(file["unsent_visits"], json!([visit.id]));
    assert_eq!((&file["missing"][0]["visit_id"], &file["missing"][0]["kind"]), (&json!(visit.id), &json!("blob")));

    let goes_on = new.visit_of(CUSTOMER);
    goes_on.plays("10:00 note new");
    new.sync();
    assert_eq!(written(&goes_on).0, ["first", "new", "unsent"]);
    // The lost phone turns up: nothing is double, and nothing is only there any more.
    lost.sync();
    // What it says of itself is from before what its request brought: the next one says that nothing is left.
    lost.sync();
    new.sync();
    assert_eq!(written(&goes_on).0, ["first", "new", "unsent"]);
    assert_eq!(device_file(&story, &lost_id)["missing"], json!([]));
    assert_eq!(new.run(&["status"]).done()["elsewhere"], json!([]));
}

#[test]
fn a_suspended_phone_sends_and_reads_nothing_until_it_is_reinstated() {
    let story = story();
    let li = enrol(&story);
    let device = id(&li);
    let visit = li.visit_of(CUSTOMER);
    assert_eq!(tell(&story, &device, "suspend", &json!({})), 204);
    visit.plays("09:00 start\n note suspended\n photo outdoor_route");
    let said = li.tries_to_sync(Fate::Deliver).done();
    assert_eq!((&said["upload_only"], &said["outstanding"]["total"]), (&json!(true), &json!(0)), "{said}");
    assert_eq!(said["received"], json!({"docs": 0, "rows": 0}), "{said}");
    let file = device_file(&story, &device);
    assert_eq!(file["state"], "suspended");
    let marks: Vec<&Value> = file["marks"].as_array().expect("marks").iter().map(|mark| &mark["kind"]).collect();
    assert!(marks.contains(&&json!("doc")) && marks.contains(&&json!("blob")), "{file}");
    assert_eq!(story.rows(&["quarantine"])["quarantine"], 0);

    assert_eq!(tell(&story, &device, "reinstate", &json!({})), 204);
    let said = li.sync();
    assert_eq!(said["upload_only"], json!(false), "the same sign-in is good again: {said}");
    assert_eq!(device_file(&story, &device)["state"], "active");
    assert_eq!(visit.shown()["heads"], story.heads(&visit.id));
}

#[test]
fn a_revoked_phone_is_never_reinstated_and_its_work_waits_in_quarantine() {
    let story = story();
    let li = enrol(&story);
    let device = id(&li);
    li.visit_of(CUSTOMER).plays("09:00 start\n note revoked");
    assert_eq!(tell(&story, &device, "revoke", &json!({})), 204);
    let said = li.tries_to_sync(Fate::Deliver).done();
    assert_eq!(said["outstanding"]["total"], 0, "what lies in quarantine is durable: {said}");
    assert_eq!(story.rows(&["quarantine"])["quarantine"], 1);
    assert_eq!(tell(&story, &device, "reinstate", &json!({})), 409);
    assert_eq!(tell(&story, &device, "suspend", &json!({})), 409);
    assert_eq!(device_file(&story, &device)["state"], "revoked");
}

#[test]
fn a_revoked_phone_drops_no_photo_and_the_office_completes_its_visit_from_quarantine() {
    let story = story();
    let li = enrol(&story);
    let device = id(&li);
    let visit = li.visit_of(CUSTOMER);
    visit.plays("09:00 start\n photo outdoor_route");
    assert_eq!(tell(&story, &device, "revoke", &json!({})), 204);
    let said = li.tries_to_sync(Fate::Deliver).done();
    assert_eq!((&said["outstanding"]["total"], &said["sent"]["blobs"]), (&json!(0), &json!(1)), "{said}");
    let freed = li.run(&["free"]).done();
    assert_eq!((&freed["freed"], &freed["kept"]), (&json!(0), &json!(1)), "the photo counts for nothing yet");

    let dispatcher = story.office("dispatcher");
    let items = dispatcher.list("/v1/quarantine?code=device_revoked&state=open");
    let mut kinds: Vec<&str> = items.iter().filter_map(|item| item["kind"].as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["blob", "doc"]);
    let redrive = |kind: &str| {
        let item = items.iter().find(|item| item["kind"] == kind).expect("an item")["id"].as_str().expect("an id");
        let path = format!("/v1/quarantine/{device}/{item}/redrive");
        assert_eq!(dispatcher.post(&path, &json!({})).expect(200)["outcome"], "stored");
    };
    redrive("doc");
    assert_eq!(dispatcher.visit(&visit.id)["missing_blobs"], 1);
    redrive("blob");
    assert_eq!(dispatcher.visit(&visit.id)["missing_blobs"], 0);
    assert!(dispatcher.get(&format!("/v1/visits/{}/receipt", visit.id))["receipt"].is_string());
}

#[test]
fn a_phone_ordered_to_wipe_uploads_first_then_leaves_nothing_but_its_receipt() {
    let story = story();
    let li = enrol(&story);
    let device = id(&li);
    let visit = li.visit_of(CUSTOMER);
    visit.plays("09:00 start\n note last\n photo outdoor_route");
    assert_eq!(tell(&story, &device, "wipe", &json!({})), 202);
    assert_eq!(tell(&story, &device, "wipe", &json!({})), 202, "the same again changes nothing");
    // The upload breaks off: the phone keeps what it has.
    let cut = li.tries_to_sync(Fate::LoseAnswers("/v1/sync"));
    assert_eq!(cut.code, Some(3), "{cut:?}");
    assert!(li.outstanding() > 0);

    let said = li.tries_to_sync(Fate::Deliver).done();
    assert_eq!((&said["wiped"], &said["unsent"]), (&json!(true), &json!(0)), "{said}");
    assert_eq!(li.files(), ["lock", "sync.lock", "wiped.json"]);
    let file = device_file(&story, &device);
    assert_eq!(file["orders"].as_array().map(Vec::len), Some(1), "{file}");
    assert_eq!(file["orders"][0]["receipt"], said["receipt"]);
    assert!(file["orders"][0]["done_at"].is_string() && file["pending_order"].is_null(), "{file}");
    assert_eq!(file["missing"], json!([]), "the photo came before the wipe");
    assert_ne!(li.run(&["list"]).code, Some(0));

    let new = enrol(&story);
    assert_eq!(written(&new.visit_of(CUSTOMER)).0, ["last"]);
}

#[test]
fn wipe_now_gives_up_what_is_unsent_and_the_receipt_says_how_much() {
    let story = story();
    let li = enrol(&story);
    let device = id(&li);
    li.visit_of(CUSTOMER).plays("09:00 start\n photo outdoor_route");
    assert_eq!(tell(&story, &device, "wipe", &json!({"wipe_now": true})), 202);
    // The receipt does not get through at first; the wipe does.
    let cut = li.tries_to_sync(Fate::LoseAnswers("/v1/devices/wipe-receipts"));
    assert_eq!(cut.code, Some(3), "{cut:?}");
    assert_eq!(li.files(), ["lock", "sync.lock", "wiped.json"]);
    let said = li.tries_to_sync(Fate::Deliver).done();
    assert!(said["unsent"].as_i64().is_some_and(|unsent| unsent > 0), "{said}");
    let file = device_file(&story, &device);
    assert_eq!(file["orders"][0]["receipt"], said["receipt"]);
    assert_eq!(file["state"], "signed_out");
}

#[test]
fn an_order_withdrawn_in_time_is_not_obeyed() {
    let story = story();
    let li = enrol(&story);
    let device = id(&li);
    li.visit_of(CUSTOMER).plays("09:00 start\n photo outdoor_route");
    assert_eq!(tell(&story, &device, "wipe", &json!({})), 202);
    assert_eq!(li.tries_to_sync(Fate::LoseAnswers("/v1/sync")).code, Some(3));
    assert_eq!(tell(&story, &device, "reinstate", &json!({})), 204);
    li.sync();
    assert!(!li.visits(&["list", "--all"]).is_empty(), "the phone is as it was");
    assert!(device_file(&story, &device)["orders"][0]["withdrawn_at"].is_string());
}
