//! S-01 to S-03: installations that are done.

use integration_tests::call::Call;
use integration_tests::play::{Fate, Story, Visit};
use serde_json::{Value, json};
use sync_core::protocol::codec::{Encoding, decode_response};
use sync_core::protocol::{AckItem, Outcome};

use super::scene::{enrolled, signed};
use super::scripts::{ACCEPTED, CONFIRMED_AT_0910, INSTRUCTED, LET_IN, line_test, trace, work};

/// Whether a refused `finish` names this as being in the way.
fn names(refused: &Value, code: &str, subject: &str) -> bool {
    let mut blockers = refused["blockers"].as_array().expect("blockers").iter();
    blockers.any(|one| one["code"] == code && one["subject"] == subject)
}

fn count(list: &Value) -> usize {
    list.as_array().map_or(0, Vec::len)
}

#[test]
fn s01_an_installation_without_a_hitch_is_approved_the_first_time() {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    let li = story.enrol_as_printed("li.ming");
    li.sync();
    let visit = li.visit_of("王海");
    visit.plays(CONFIRMED_AT_0910);
    visit.plays(
        "09:25 event depart
         09:52 event arrive --lat 30.512340 --lon 113.901220",
    );
    visit.plays(LET_IN);
    story.at("10:25");
    visit.plays(&work("bow_drop"));
    visit.plays(&line_test("-18.30", "512.4"));
    visit.plays(INSTRUCTED);
    story.at("11:05");
    visit.plays(ACCEPTED);
    visit.plays("11:20 finish");
    assert_eq!(visit.shown()["state"], "submitted");

    story.at("11:30");
    let sent = li.sync();
    assert_eq!(li.outstanding(), 0, "{sent}");
    let reviewer = story.office("reviewer1");
    let seen = reviewer.visit(&visit.id);
    assert_eq!((&seen["state"], &seen["missing_blobs"]), (&json!("under_review"), &json!(0)));
    let queue = reviewer.list("/v1/reviews/queue");
    assert_eq!((queue.len(), &queue[0]["visit_id"]), (1, &json!(visit.id)));
    assert_eq!(queue[0]["photos"], json!({"pending": 4, "approved": 0, "rejected": 0}));

    let review = reviewer.review(&visit.id);
    let arrival = trace(&review, "APT-03");
    assert_eq!((&arrival["verdict"], &arrival["inputs"]["class"]), (&json!("pass"), &json!("in_window")));
    assert_eq!(trace(&review, "INS-22")["verdict"], "pass");
    assert_eq!((&review["blockers"], &review["late_records"]), (&json!([]), &json!(0)));
    assert_eq!((count(&review["photos"]), count(&review["statements"])), (4, 1));
    let readings: Vec<_> = review["readings"].as_array().expect("readings").iter().take(2).collect();
    assert_eq!((&readings[0]["value"], &readings[0]["judgement"]), (&json!("-18.30"), &json!("pass")));
    assert_eq!((&readings[1]["value"], &readings[1]["judgement"]), (&json!("512.4"), &json!("pass")));

    assert_eq!(reviewer.approve(&visit.id), 4);
    assert_eq!(reviewer.visit(&visit.id)["state"], "approved");
    li.sync();
    assert_eq!(visit.shown()["state"], "approved");
    assert_eq!(li.outstanding(), 0);
}

#[test]
fn s02_online_marketing_needs_the_photo_of_the_activation_form() {
    let story = Story::begin("2025-03-04");
    story.at("08:40");
    let ma = story.enrol("ma.jun");
    ma.sync();
    let visit = ma.visit_of("陈静");
    visit.plays(CONFIRMED_AT_0910);
    visit.plays(
        "09:50 event depart
         10:22 event arrive --lat 30.514870 --lon 113.906410",
    );
    visit.plays(LET_IN);
    visit.plays(&work("bow_drop"));
    visit.plays(&line_test("-19.05", "304.8"));
    visit.plays(INSTRUCTED);
    visit.plays(ACCEPTED);

    let blocked = visit.tries("11:40 finish");
    assert_eq!((blocked.code, &blocked.json["finished"]), (Some(2), &json!(false)));
    assert!(names(&blocked.json, "missing_photo", "activation_form"), "{}", blocked.json);
    assert_eq!(visit.shown()["state"], "signed", "nothing was handed in");

    visit.plays(
        "11:42 photo activation_form
         11:43 finish",
    );
    story.at("12:00");
    ma.sync();
    let reviewer = story.office("reviewer1");
    assert_eq!(reviewer.visit(&visit.id)["state"], "under_review");
    assert_eq!(reviewer.approve(&visit.id), 5);
    assert_eq!(reviewer.visit(&visit.id)["state"], "approved");
}

// Rule: INS-21
#[test]
fn an_activation_without_a_network_is_acknowledged_later() {
    let story = Story::begin("2025-03-04");
    let li = enrolled(&story);
    let visit = signed(&li);
    visit.plays("11:10 answer activation pending_activation\n11:20 finish");
    let dispatcher = story.office("dispatcher");
    let pending = |state: &str| dispatcher.list(&format!("/v1/tasks?kind=activation_pending&state={state}"));
    assert_eq!(pending("open"), Vec::<Value>::new(), "nobody knows of it yet");

    story.at("11:30");
    li.sync();
    let open = pending("open");
    assert_eq!(open.len(), 1, "{open:?}");
    let (task, due) = (&open[0], open[0]["due_at"].as_str().expect("an instant"));
    assert_eq!((&task["visit_id"], &task["rule"]), (&json!(visit.id), &json!("INS-21")));
    assert!(due.starts_with("2025-03-05T"), "the end of the next working day: {due}");
    li.sync();
    assert_eq!(pending("open").len(), 1, "it is opened once");

    let id = task["id"].as_str().expect("an id");
    let call = Call::post(format!("/v1/tasks/{id}/close")).header("if-match", format!("\"{}\"", task["version"]));
    dispatcher.send(call.json(&json!({"note": "网络侧已确认激活"}))).expect(200);
    assert_eq!((pending("open").len(), pending("done").len()), (0, 1));
}

/// S-03 up to the hand-in: the first reading is one hundredth too low.
fn play_s03(visit: &Visit<'_>) {
    visit.plays(
        "08:20 start
               step kit_check
         08:25 contact --channel app_call --result reached --duration 31
               answer contact_result confirmed
               event confirm_call
               step confirm_call
         08:30 event depart
         09:21 event arrive --lat 30.668150 --lon 113.720930",
    );
    visit.plays(LET_IN);
    visit.plays(&work("bow_self_supporting"));
    visit.plays(&line_test("-25.00", "101.2"));
    let blocked = visit.tries("10:05 finish");
    assert_eq!(blocked.code, Some(2));
    for (code, subject) in [("threshold_failed", "optical_power"), ("rule_failed", "INS-22")] {
        assert!(names(&blocked.json, code, subject), "{}", blocked.json);
    }
    visit.plays(
        "10:10 step splice/splice_in_box --undo
         10:25 step splice/splice_in_box
               measure optical_power -22.15 --instrument PM-100-0042",
    );
    visit.plays(INSTRUCTED);
    visit.plays("10:40 answer satisfied true");
    visit.plays(ACCEPTED);
    visit.plays("10:50 finish");
}

/// What a push may add to.
const STORED: [&str; 10] = [
    "documents",
    "doc_changes",
    "doc_actors",
    "batch_seals",
    "intents",
    "statements",
    "quarantine",
    "visits",
    "blobs",
    "blob_claims",
];

/// Sends a request of the phone once more, byte for byte; tells how many documents it pushed, all known by then.
fn repeat(story: &Story, call: &Call) -> usize {
    if call.path.starts_with("/v1/auth/") {
        return 0;
    }
    let answer = story.send_again(call);
    // An upload that is begun or ended again is told as it was.
    let expected: &[u16] = if call.path.starts_with("/v1/uploads") { &[200, 201, 204] } else { &[200] };
    assert!(expected.contains(&answer.status), "{}: {} {}", call.path, answer.status, answer.text());
    if call.path != "/v1/sync" {
        return 0;
    }
    let response = decode_response(&answer.body, Encoding::Cbor, 1 << 30).expect("an answer to a sync");
    assert!(response.acks.iter().all(|ack| ack.outcome == Outcome::Duplicate), "{:?}", response.acks);
    response.acks.iter().filter(|ack| matches!(ack.item, AckItem::Doc(_))).count()
}

// Rules: GEN-11, INS-14
#[test]
fn s03_a_rural_visit_uploaded_five_hours_later_and_twice_again_is_there_once() {
    let story = Story::begin("2025-03-04");
    story.at("08:00");
    let guo = story.enrol("guo.liang");
    guo.sync();
    let visit = guo.visit_of("刘洋");
    play_s03(&visit);
    let captured = visit.record();
    assert_eq!(captured["state"], "submitted");

    let dispatcher = story.office("dispatcher");
    let lists = || ["/v1/visits", "/v1/customers", "/v1/work-orders"].map(|path| dispatcher.list(path).len());
    let planned = lists();

    drop(story.network.take_passed());
    // Five hours later there is a network, which breaks off behind the first answer.
    story.at("15:50");
    let cut_off = guo.tries_to_sync(Fate::LoseAnswers("/v1/sync"));
    assert_eq!(cut_off.code, Some(3), "{} {}", cut_off.json, cut_off.errors);
    let reviewer = story.office("reviewer1");
    let seen = || {
        let review = reviewer.review(&visit.id);
        let photos: Vec<Value> =
            review["photos"].as_array().expect("photos").iter().map(|photo| photo["sha256"].clone()).collect();
        json!({"state": review["state"], "heads": review["heads"], "photos": photos, "readings": review["readings"],
            "answers": count(&review["answers"]), "statements": count(&review["statements"]),
            "missing": review["missing_blobs"]})
    };
    let heard = seen();
    let blobs = &guo.run(&["status"]).done()["outstanding"]["blobs"];
    assert_eq!((&heard["state"], &heard["missing"]), (&json!("submitted"), blobs), "only blobs are missing");
    guo.sync();
    let first = seen();
    assert_eq!(first["heads"], heard["heads"]);
    let stored = story.rows(&STORED);
    let sent = story.network.take_passed();
    for _retry in 0..2 {
        assert_eq!(
            sent.iter().map(|call| repeat(&story, call)).sum::<usize>(),
            2,
            "the cut off push and its repetition"
        );
        assert_eq!((seen(), story.rows(&STORED)), (first.clone(), stored.clone()));
    }
    guo.sync();
    assert_eq!(seen(), first);
    assert_eq!((&first["state"], &first["missing"]), (&json!("under_review"), &json!(0)));
    assert_eq!((count(&first["photos"]), &first["statements"]), (4, &json!(1)));
    assert_eq!(visit.shown()["heads"], first["heads"]);
    assert_eq!(lists(), planned, "nobody was added");

    let review = reviewer.review(&visit.id);
    for rule in ["INS-14", "INS-22"] {
        assert_eq!(trace(&review, rule)["verdict"], "pass", "{rule}");
    }
    assert_eq!(
        (&review["readings"][0]["value"], &review["readings"][0]["judgement"]),
        (&json!("-22.15"), &json!("pass"))
    );
    let readings: Vec<Value> = visit.shown()["measures"].as_array().expect("measures").clone();
    let powers: Vec<&Value> = readings.iter().filter(|one| one["value"]["code"] == "optical_power").collect();
    assert_eq!(powers.len(), 2, "the reading that failed is kept: {readings:?}");
    assert_eq!(reviewer.approve(&visit.id), 4);
}
