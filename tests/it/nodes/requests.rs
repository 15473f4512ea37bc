//! Requests of one client on changing nodes.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc;

use integration_tests::call::{Answer, Call};
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::db::paused::{self, waiting};
use integration_tests::db::with_conn;
use integration_tests::live::LiveReader;
use integration_tests::patience::until;
use integration_tests::play::{Fate, Story};
use integration_tests::remote::{RemotePhone, sign_in};
use integration_tests::server::send;
use serde_json::{Value, json};
use sync_core::bytes::Hash;
use sync_core::doc::Map;
use sync_core::protocol::{Outcome, SyncResponse};

use super::{PATIENCE, Pair};
use crate::scenarios::scene;
use crate::sync::writer::Writer;

fn ask(url: &str, call: &Call) -> Answer {
    send(url, call).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_phone_that_changes_nodes_with_every_request_notices_nothing() {
    let pair = Pair::start();
    let urls = pair.urls();
    let mut phone = RemotePhone::enrol(&pair.server, YUNZE, YUNZE.rep(), PASSWORD);
    let mut writer = Writer::new("on two nodes");
    for round in 0..6 {
        let (here, there) = (urls[round % 2], urls[(round + 1) % 2]);
        let request = writer.next(&phone);
        let stored = phone.sync_at(here, &request).expect("an answer");
        assert!(stored.acks.iter().all(|ack| ack.outcome == Outcome::Stored), "{:?}", stored.acks);
        let again = phone.sync_at(there, &request).expect("an answer");
        assert!(again.acks.iter().all(|ack| ack.outcome == Outcome::Duplicate), "{:?}", again.acks);
        assert_eq!(stored.epoch, again.epoch, "one store");
        phone.renew(here, there);
    }
    // What is uploaded here is there.
    let photo = b"\xff\xd8\xff\xe0 a photo".to_vec();
    let path = format!("/v1/blobs/{}", Hash::of(&photo));
    for url in urls {
        let answer = ask(url, &Call::new("PUT", &path).bytes("image/jpeg", photo.clone()).bearer(phone.access()));
        assert!(answer.status < 300, "{}", answer.text());
    }
    for keys in ["/.well-known/jwks.json", "/.well-known/evidence-keys.json"] {
        let [here, there] = urls.map(|url| ask(url, &Call::get(keys)).expect(200));
        assert_eq!(here, there);
    }
}

#[test]
fn an_idempotency_key_counts_on_every_node() {
    let pair = Pair::start();
    let admin = sign_in(&pair.server, YUNZE, "admin", PASSWORD);
    let user =
        json!({"login": "new.one", "name": "New One", "password": "a long enough password", "roles": ["dispatcher"]});
    let call = |user: &Value| Call::post("/v1/users").json(user).bearer(&admin).header("idempotency-key", "the-key");
    let [here, there] = pair.urls().map(|url| ask(url, &call(&user)));
    assert_eq!((here.status, there.status), (201, 201), "{} {}", here.text(), there.text());
    assert_eq!(here.json(), there.json());
    assert_eq!(there.header("idempotency-replayed"), Some("true"));
    let other = json!({"login": "another", "name": "N", "password": "a long enough password", "roles": ["dispatcher"]});
    assert_eq!(ask(pair.other.url(), &call(&other)).outcome(), (422, "idempotency_mismatch".to_owned()));
}

#[test]
fn a_token_of_a_new_key_is_known_on_every_node() {
    let pair = Pair::start();
    let [here, there] = pair.urls();
    let mut phone = RemotePhone::enrol(&pair.server, YUNZE, YUNZE.rep(), PASSWORD);
    assert!(pair.server.run(&["admin", "rotate-key", "access"]).status.success());
    // This node hears of it by being asked, the other by what it is shown.
    let keys = ask(here, &Call::get("/.well-known/jwks.json")).expect(200);
    assert_eq!(keys["keys"].as_array().map(Vec::len), Some(2), "{keys}");
    phone.renew(here, here);
    phone.sync_at(there, &phone.empty_request(None)).expect("an answer");
}

#[test]
fn a_push_on_one_node_is_told_on_the_other() {
    let pair = Pair::start();
    let [here, there] = pair.urls();
    let phone = RemotePhone::enrol(&pair.server, YUNZE, YUNZE.rep(), PASSWORD);
    let mut live = LiveReader::open(there, phone.access());
    for text in ["one", "two", "three", "four", "five"] {
        let request = phone.pushing(Vec::new(), vec![phone.day_note(text)]);
        phone.sync_at(here, &request).expect("an answer");
        live.until_moved("u:");
    }
    // So is the end of a session.
    let admin = sign_in(&pair.server, YUNZE, "admin", PASSWORD);
    let path = format!("/v1/devices/{}/revoke", phone.device());
    assert!(ask(here, &Call::post(path).bearer(&admin)).status < 300);
    assert_eq!(live.end_reason(), "access_ended");
}

/// Sends a request of which only the first bytes of the body arrive; returns once the server has given it up.
fn cut_off(url: &str, call: &Call, bytes: usize) {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).expect("the server listens");
    let headers: String = call.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let (method, path, length) = (&call.method, &call.path, call.body.len());
    let head = format!("{method} {path} HTTP/1.1\r\nhost: test\r\n{headers}content-length: {length}\r\n\r\n");
    stream.write_all(&[head.as_bytes(), &call.body[..bytes]].concat()).expect("a part is sent");
    stream.shutdown(Shutdown::Write).expect("nothing more will come");
    // What it says to it, if anything, is of no use to anybody.
    let _ = stream.read_to_end(&mut Vec::new());
}

#[test]
fn an_upload_cut_off_on_one_node_goes_on_at_another_and_is_served_by_the_first() {
    let pair = Pair::start();
    let [here, there] = pair.urls();
    let phone = RemotePhone::enrol(&pair.server, YUNZE, YUNZE.rep(), PASSWORD);
    let (photo, half) = ([b"\xff\xd8\xff\xe0".as_slice(), &[7; 5_996]].concat(), 3_000);
    let (name, total) = (Hash::of(&photo), photo.len());
    let mut writer = Writer::new("photographed between two nodes");
    let record = json!({"slot": "ont_stb", "sha256": name, "bytes": total, "media_type": "image/jpeg",
        "taken_at": RemotePhone::stamp(), "source": "camera", "by": phone.user()});
    writer.put(Map::Photos, &RemotePhone::intent("photo between two nodes").to_string(), &record);
    phone.sync_at(here, &writer.next(&phone)).expect("an answer");

    let put = || Call::new("PUT", format!("/v1/blobs/{name}")).bearer(phone.access());
    cut_off(here, &put().bytes("application/octet-stream", photo.clone()), half);
    let question = put().header("content-range", format!("bytes */{total}"));
    // The node that gave it up may still be writing what had come.
    let is_half = |answer: Answer| answer.outcome().1 == "upload_incomplete" && answer.json()["actual"] == half;
    assert!((0..10_000).any(|_| is_half(ask(there, &question))), "{}", ask(there, &question).text());
    let rest = put().header("content-range", format!("bytes {half}-{}/{total}", total - 1));
    let stored = ask(there, &rest.bytes("application/octet-stream", &photo[half..])).expect(200);
    for url in [here, there] {
        assert_eq!(ask(url, &question).expect(200)["receipt"], stored["receipt"]);
        let served = ask(url, &Call::get(format!("/v1/blobs/{name}")).bearer(phone.access()));
        assert_eq!((served.status, served.body), (200, photo.clone()));
    }
}

#[test]
fn a_visit_of_which_each_step_is_taken_on_another_node_is_like_any_other() {
    let story = Story::begin("2025-03-04");
    let second = story.join();
    let [here, there] = [story.network.server(), second.url().to_owned()];
    story.at("08:30");
    let li = story.enrol("li.ming");
    story.network.lead_to(&there);
    li.sync();
    let visit = scene::signed(&li);
    visit.plays("11:20 finish");
    story.at("11:30");
    story.network.lead_to(&here);
    li.sync();

    let [first, other] = ["reviewer1", "reviewer2"].map(|login| story.office(login));
    let claim = format!("/v1/visits/{}/review/claim", visit.id);
    first.post(&claim, &json!({})).expect(200);
    story.network.lead_to(&there);
    assert_eq!(other.post(&claim, &json!({})).outcome(), (409, "claimed_by_other".to_owned()));
    assert!(first.approve(&visit.id) > 0);
    story.network.lead_to(&here);
    assert_eq!(other.visit(&visit.id)["state"], "approved");

    let admin = story.office("admin");
    let file = format!("/v1/devices/{}", li.run(&["status"]).done()["device"].as_str().expect("a device"));
    admin.post(&format!("{file}/wipe"), &json!({})).expect(202);
    story.network.lead_to(&there);
    let said = li.tries_to_sync(Fate::Deliver).done();
    assert_eq!((&said["wiped"], &said["unsent"]), (&json!(true), &json!(0)), "{said}");
    story.network.lead_to(&here);
    assert_eq!(admin.get(&file)["orders"][0]["receipt"], said["receipt"]);
}

fn rows_of(response: &SyncResponse) -> Vec<String> {
    response.rows.values().flatten().map(|row| row.id().to_owned()).collect()
}

#[test]
fn a_reader_skips_nothing_while_a_commit_on_one_node_is_paused_and_another_node_writes() {
    let pair = Pair::start();
    let [here, there] = pair.urls();
    let phone = RemotePhone::enrol(&pair.server, YUNZE, YUNZE.rep(), PASSWORD);
    let second = RemotePhone::enrol_further(&pair.server, YUNZE, YUNZE.rep(), PASSWORD, "the second");
    let reader = RemotePhone::enrol_further(&pair.server, YUNZE, YUNZE.rep(), PASSWORD, "the reader");
    let mut cursor = None;
    while {
        let answer = reader.sync_at(there, &reader.empty_request(cursor)).expect("an answer");
        cursor = Some(answer.cursor);
        answer.more
    } {}
    let [first, later] = ["first", "later"].map(RemotePhone::intent);
    with_conn(pair.server.database_url(), |conn| {
        let holder = paused::postgres(conn);
        paused::pause(holder, "INSERT ON intents", &format!("WHEN (NEW.id = '{first}')"));
        paused::hold(holder);
        let (sender, answered) = mpsc::channel();
        let push = |phone: &RemotePhone, url: &str, text: &str| {
            let answer = phone.sync_at(url, &phone.pushing(Vec::new(), vec![phone.day_note(text)]));
            assert_eq!(answer.expect("an answer").acks[0].outcome, Outcome::Stored);
            sender.send(text.to_owned()).expect("the test waits");
        };
        std::thread::scope(|scope| {
            scope.spawn(|| push(&phone, here, "first"));
            until_waiting(holder, 1);
            scope.spawn(|| push(&second, there, "later"));
            until_waiting(holder, 2);
            // Neither has been acknowledged, and a reader sees neither.
            let answer = reader.sync_at(there, &reader.empty_request(cursor.clone())).expect("an answer");
            assert_eq!(rows_of(&answer), Vec::<String>::new());
            assert!(answered.try_recv().is_err(), "nothing is acknowledged before its commit");
            cursor = Some(answer.cursor);
            paused::let_go(holder);
            for _ in 0..2 {
                answered.recv_timeout(PATIENCE).expect("an answer after the commit");
            }
        });
    });
    let answer = reader.sync_at(here, &reader.empty_request(cursor)).expect("an answer");
    let rows = rows_of(&answer);
    for id in [first, later] {
        assert!(rows.contains(&id.to_string()), "{id} was skipped: {rows:?}");
    }
}

/// Returns when so many sessions of this database wait for a lock.
pub(super) fn until_waiting(conn: &mut diesel::PgConnection, count: i64) {
    until("sessions wait for a lock", || waiting(conn) >= count);
}
