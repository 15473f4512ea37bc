//! The offline bundle: a phone's unsent work as one sealed file, brought to the office by whoever can.

mod carried;
mod crafted;
mod damaged;
mod kept;
#[cfg(target_os = "linux")]
mod kills;
mod leads;
mod phones;
mod stopped;

use std::fs;
use std::process::Output;

use integration_tests::call::{Answer, Call};
use integration_tests::play::{Phone, Story, Visit};
use serde_json::{Value, json};

use crate::scenarios::scripts::{ACCEPTED, CONFIRMED_AT_0910, INSTRUCTED, LET_IN, line_test, work};

/// Tables whose number of rows does not depend on how often work is brought.
const ONCE: [&str; 10] = [
    "documents",
    "doc_changes",
    "intents",
    "statements",
    "quarantine",
    "blobs",
    "blob_claims",
    "visit_photos",
    "visit_readings",
    "visit_events",
];

/// The whole of S-01: five photos, a signed form, the visit handed in.
fn script() -> String {
    let way = "
        09:25 event depart
        09:52 event arrive --lat 30.512340 --lon 113.901220";
    let (work, test) = (work("bow_drop"), line_test("-18.30", "512.4"));
    [CONFIRMED_AT_0910, way, LET_IN, &work, &test, INSTRUCTED, ACCEPTED, "11:20 finish"].join("\n")
}

/// A phone that has synced once, in the morning.
fn enrolled(story: &Story) -> Phone<'_> {
    story.at("08:30");
    let phone = story.enrol("li.ming");
    phone.sync();
    phone
}

/// A phone with a whole visit and a note that nobody has but it.
fn with_a_day(story: &Story) -> (Phone<'_>, String) {
    let phone = enrolled(story);
    let visit = phone.visit_of("王海");
    visit.plays(&script());
    let _noted = phone.run(&["intent", "day_note", "-f", "text=rain"]).done();
    let id = visit.id;
    story.at("11:30");
    (phone, id)
}

/// What `export` says and writes.
fn exported(story: &Story, phone: &Phone<'_>, name: &str) -> (Value, Vec<u8>) {
    let path = story.path(name);
    let said = phone.run(&["export", "--out", &path]).done();
    (said, fs::read(&path).expect("the bundle"))
}

fn call(bytes: &[u8]) -> Call {
    Call::post("/v1/bundles").bytes("application/octet-stream", bytes)
}

/// Uploads a bundle at the office.
fn upload(story: &Story, bytes: &[u8]) -> Answer {
    story.office("dispatcher").send(call(bytes))
}

/// Imports a bundle by the command, beside no server.
fn import(story: &Story, name: &str) -> Output {
    story.kill_server();
    let output = story.try_to_administer(&["import", "bundle", &story.path(name)]);
    story.restart_server();
    output
}

fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

/// Phone and office have the same history of a visit, with every photo and the signed form, once.
fn assert_all_there(story: &Story, visit: &Visit<'_>) {
    let review = story.office("reviewer1").review(&visit.id);
    let shown = visit.shown();
    assert_eq!(shown["heads"], review["heads"], "phone and server have the same history");
    assert_eq!((&review["state"], &review["missing_blobs"]), (&json!("under_review"), &json!(0)), "{review}");
    let hashes = |photos: &Value, hash: &dyn Fn(&Value) -> Value| {
        let mut hashes: Vec<String> =
            photos.as_array().expect("photos").iter().map(|photo| hash(photo).to_string()).collect();
        hashes.sort();
        hashes
    };
    let taken = hashes(&shown["photos"], &|photo| photo["value"]["sha256"].clone());
    assert_eq!(hashes(&review["photos"], &|photo| photo["sha256"].clone()), taken);
    assert_eq!(taken.len(), 4, "{taken:?}");
    assert!(review["photos"].as_array().expect("photos").iter().all(|photo| photo["is_received"] == true));
    assert_eq!(review["statements"].as_array().map(Vec::len), Some(1));
}

/// The phone finds its work safe, and sends nothing of it.
fn assert_safe_without_sending(story: &Story, phone: &Phone<'_>) {
    let _before = story.network.take_passed();
    let synced = phone.sync();
    let nothing = json!({"docs": 0, "intents": 0, "statements": 0, "blobs": 0});
    assert_eq!(synced["sent"], nothing, "{synced}");
    assert_eq!(phone.outstanding(), 0);
    let passed = story.network.take_passed();
    let uploads: Vec<&Call> = passed.iter().filter(|call| call.method == "PUT").collect();
    assert!(uploads.is_empty(), "{uploads:?}");
    let bytes: usize = passed.iter().map(|call| call.body.len()).sum();
    assert!(bytes < 4_096, "{bytes} bytes went out");
}
