//! Two reps and the office, offline for three days, meet in every order: the end is the same.

mod names;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use integration_tests::call::Call;
use integration_tests::play::{Phone, Story, Visit};
use serde_json::{Value, json};

use self::names::Names;
use super::scene::{enrolled, handed_in};

/// Who meets the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Party {
    Li,
    Ma,
    Office,
}

use Party::{Li, Ma, Office};

/// All orders of arrival.
const ORDERS: [[Party; 3]; 6] =
    [[Li, Ma, Office], [Li, Office, Ma], [Ma, Li, Office], [Ma, Office, Li], [Office, Li, Ma], [Office, Ma, Li]];

/// The arrival after which the server dies: each party is before it in one order and behind it in another.
fn killed_after(order: [Party; 3]) -> Option<usize> {
    match order {
        [Li, Ma, Office] | [Office, Ma, Li] => Some(0),
        [Ma, Office, Li] | [Office, Li, Ma] => Some(1),
        _ => None,
    }
}

/// The customer of the visit that both work on.
const APART: &str = "赵敏";

/// The customer of the visit that was handed in before.
const HANDED_IN: &str = "王海";

/// Members that cannot be equal.
const OWN: [&str; 3] = [
    // How often the server wrote the row of a visit: once more where two parties meet it apart.
    "version", // The number of a push at the server: the order of arrival itself.
    "push",    // The signed receipt: its content is compared instead.
    "receipt",
];

/// An answer of the API without [`OWN`].
fn bare(mut answer: Value) -> Value {
    match &mut answer {
        Value::Object(members) => {
            members.retain(|name, _| !OWN.contains(&name.as_str()));
            members.values_mut().for_each(|value| *value = bare(value.take()));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = bare(item.take())),
        _ => {}
    }
    answer
}

/// What the server's signed receipt of a visit says. Of the parts of a form, which hold salts drawn at random, it tells
/// how many there are.
fn received(story: &Story, id: &str) -> Value {
    let dispatcher = story.office("dispatcher");
    let receipt = dispatcher.get(&format!("/v1/visits/{id}/receipt"))["receipt"].clone();
    let content = receipt.as_str().and_then(|jws| jws.split('.').nth(1)).expect("a signed receipt");
    let content = URL_SAFE_NO_PAD.decode(content).expect("base64url");
    let mut content: Value = serde_json::from_slice(&content).expect("JSON");
    let photos = dispatcher.review(id)["photos"].to_string();
    let blobs = content["blobs"].as_array_mut().expect("blobs");
    let all = blobs.len();
    blobs.retain(|blob| photos.contains(blob.as_str().expect("a hash")));
    let others = all - blobs.len();
    content["parts_of_forms"] = others.into();
    content
}

/// Late work comes in the order of arrival.
fn by_rep(mut late: Value) -> Value {
    for list in ["brought", "records"] {
        if let Some(items) = late.get_mut(list).and_then(Value::as_array_mut) {
            items.sort_by_key(|item| [&item["by"], &item["map"], &item["key"]].map(Value::to_string));
        }
    }
    late
}

/// Everything that the API answers of the visits.
fn answered(story: &Story, names: &Names, visits: [&str; 2]) -> BTreeMap<String, Value> {
    let dispatcher = story.office("dispatcher");
    let mut answers = BTreeMap::new();
    let mut put = |name: String, answer: Value| drop(answers.insert(name, bare(names.told(&answer))));
    for (id, customer) in visits.into_iter().zip([APART, HANDED_IN]) {
        let of_visit = |path: &str| -> Value {
            let items = dispatcher.list(path).into_iter();
            items.filter(|item| item["id"] == id || item["visit_id"] == id).collect()
        };
        put(format!("visit, {customer}"), dispatcher.visit(id));
        put(format!("listed, {customer}"), of_visit("/v1/visits?page_size=200"));
        put(format!("review, {customer}"), dispatcher.review(id));
        put(format!("receipt, {customer}"), received(story, id));
        if customer == HANDED_IN {
            put("late work".to_owned(), by_rep(dispatcher.get(&format!("/v1/visits/{id}/late-work"))));
            put("late work, listed".to_owned(), by_rep(of_visit("/v1/late-work?state=all")[0].clone()));
        } else {
            let conflicts = dispatcher.get(&format!("/v1/visits/{id}/conflicts"));
            for name in ["conflicts", "choices"] {
                put(name.to_owned(), conflicts[name].clone());
            }
        }
        let mut changes: Vec<Value> = history(story, id).iter().map(|change| bare(names.told(change))).collect();
        // Concurrent changes are told in the order of their hashes.
        changes.sort_by_key(Value::to_string);
        put(format!("history, {customer}"), changes.into());
    }
    put("board".to_owned(), dispatcher.get("/v1/day-board?date=2025-03-08"));
    put("devices".to_owned(), by_user(story.office("admin").list("/v1/devices")).into());
    answers
}

fn history(story: &Story, id: &str) -> Vec<Value> {
    story.office("dispatcher").list(&format!("/v1/visits/{id}/history?page_size=200"))
}

/// The list of devices comes in the order of their ids.
fn by_user(mut devices: Vec<Value>) -> Vec<Value> {
    devices.sort_by_key(|device| device["user_id"].to_string());
    devices
}

/// What a phone shows but for its own outbox.
fn agreed(visit: &Visit<'_>) -> Value {
    let mut shown = visit.shown();
    let own = ["unsent_changes", "unsent_blobs", "server_heads"];
    shown.as_object_mut().expect("an object").retain(|name, _| !own.contains(&name.as_str()));
    shown
}

/// Three days without a network on both phones; the office has its own plans.
fn days_apart(phones: [&Phone<'_>; 2], story: &Story, [id, handed_in]: [&str; 2]) {
    // Each value that both write stands at another place of its phone's history, so that which is the newest does
    // not hang on the random ids of the installs.
    story.on("2025-03-04");
    phones[0].visit(id, APART).plays(
        "13:00 start
               step kit_check
         13:10 contact --channel app_call --result reached
               answer contact_result confirmed
               event confirm_call
         14:00 answer cable_kind bow_drop
               measure optical_power -18.30
               answer rating 9",
    );
    phones[0].visit(handed_in, HANDED_IN).plays("15:00 answer satisfied false\nanswer rating 2");
    story.on("2025-03-06");
    phones[1].visit(id, APART).plays(
        "09:00 start
         10:00 answer rating 4
               answer cable_kind bow_self_supporting
               measure optical_power -21.40
               step splice/no_leak
               photo outdoor_route",
    );
    phones[1].visit(handed_in, HANDED_IN).plays("11:00 answer rating 5\nphoto outdoor_route");
    story.on("2025-03-07");
    story.at("18:00");
}

/// What the office plans meanwhile: another time, a third member of the crew, the site at another place.
fn plans(story: &Story, id: &str) {
    let dispatcher = story.office("dispatcher");
    let moved = json!({"start": "2025-03-08T10:00:00+08:00", "notified_at": "2025-03-07T12:00:00+08:00",
        "proposed_by": "customer", "reason": "用户出差"});
    dispatcher.change(id, "reschedule", &moved).expect(200);
    let crew = json!({"crew": users(story, &["li.ming", "ma.jun", "xu.nuo"])});
    dispatcher.change(id, "assign", &crew).expect(200);
    let order = dispatcher.visit(id)["work_order_id"].clone();
    let order = dispatcher.get(&format!("/v1/work-orders/{}", order.as_str().expect("an order")));
    let path = format!("/v1/sites/{}", order["site_id"].as_str().expect("a site"));
    let version = format!("\"{}\"", dispatcher.get(&path)["version"]);
    let place = json!({"geo": {"lat_udeg": 30_512_900, "lon_udeg": 113_901_800, "acc_m": 10, "datum": "wgs84"}});
    dispatcher.send(Call::post(format!("{path}/move")).header("if-match", version).json(&place)).expect(200);
}

/// The ids of people.
fn users(story: &Story, logins: &[&str]) -> Vec<Value> {
    let users = story.office("admin").list("/v1/users");
    let user = |login: &&str| users.iter().find(|user| user["login"] == *login).expect("a rep")["id"].clone();
    logins.iter().map(user).collect()
}

fn arrive(party: Party, phones: [&Phone<'_>; 2], story: &Story, id: &str) {
    match party {
        Li => drop(phones[0].sync()),
        Ma => drop(phones[1].sync()),
        Office => plans(story, id),
    }
}

/// Plays one order to its end; tells everything that must not depend on it.
fn play(order: [Party; 3]) -> BTreeMap<String, Value> {
    let story = Story::begin("2025-03-04");
    let li = enrolled(&story);
    let ma = story.enrol("ma.jun");
    let phones = [&li, &ma];
    let dispatcher = story.office("dispatcher");
    let (id, done) = (li.visit_of(APART).id, handed_in(&story, &li).id);
    let crew = json!({"crew": users(&story, &["li.ming", "ma.jun"])});
    for visit in [&id, &done] {
        dispatcher.change(visit, "assign", &crew).expect(200);
    }
    phones.iter().for_each(|phone| drop(phone.sync()));

    days_apart(phones, &story, [&id, &done]);
    for (number, party) in order.into_iter().enumerate() {
        arrive(party, phones, &story, &id);
        // In two orders of three the server dies between two arrivals.
        if killed_after(order) == Some(number) {
            story.kill_server();
            story.restart_server();
        }
    }
    phones.iter().chain(&phones).for_each(|phone| drop(phone.sync()));

    // The office chooses what the customer confirms: here the value that does not count by itself.
    let path = format!("/v1/visits/{id}/conflicts");
    let before = dispatcher.get(&path);
    assert!(dispatcher.list("/v1/conflicts").iter().any(|one| one["visit_id"] == id && one["open"] == 1));
    let conflicts = before["conflicts"].as_array().expect("conflicts");
    let rating = conflicts.iter().find(|one| one["key"] == "rating").expect("two ratings");
    let candidates = rating["candidates"].as_array().expect("candidates");
    let loser = candidates.iter().find(|one| one["counts"] == false).expect("a loser");
    let ops: Vec<&Value> = candidates.iter().map(|one| &one["op"]).collect();
    let choice = json!({"id": "01955f2c-3000-7000-8000-0000000000c1", "map": "answers", "key": "rating",
        "candidates": ops, "chosen": loser["op"]});
    dispatcher.post(&path, &choice).expect(201);
    assert!(dispatcher.list("/v1/conflicts").iter().all(|one| one["visit_id"] != id));
    phones.iter().for_each(|phone| drop(phone.sync()));

    let mut names = Names::default();
    names.devices(&story.office("admin").list("/v1/devices"));
    for (visit, customer) in [(&id, APART), (&done, HANDED_IN)] {
        names.history(customer, &history(&story, visit));
        phones.iter().for_each(|phone| names.boots(&phone.visit(visit, customer).shown()));
    }
    let mut end = answered(&story, &names, [&id, &done]);
    end.insert("conflicts before the choice".to_owned(), names.told(&before["conflicts"]));
    for (visit, customer) in [(&id, APART), (&done, HANDED_IN)] {
        let [one, two] = phones.map(|phone| agreed(&phone.visit(visit, customer)));
        assert_eq!(one, two, "{order:?}: both phones show the same");
        assert_eq!(one["heads"], story.heads(visit), "{order:?}: phones and server hold the same document");
        assert_eq!(dispatcher.visit(visit)["state"], one["state"]);
        end.insert(format!("on the phones, {customer}"), bare(names.told(&one)));
    }
    end.insert("rows".to_owned(), json!(story.rows(&TABLES)));
    end
}

/// Tables that must have as many rows.
const TABLES: [&str; 8] = [
    "visit_answers",
    "visit_readings",
    "visit_photos",
    "visit_events",
    "visit_conflicts",
    "conflict_choices",
    "blobs",
    "statements",
];

/// Nothing that is compared may be empty.
fn check_filled(end: &BTreeMap<String, Value>) {
    for (name, value) in end {
        let parts = value.as_array().map(Vec::len).or_else(|| value.as_object().map(serde_json::Map::len));
        assert!(parts.is_some_and(|parts| parts > 0), "{name} is empty");
    }
    for (name, lists) in [
        ("review, 赵敏", &["answers", "findings", "heads", "photos", "readings", "timeline", "traces"][..]),
        ("review, 王海", &["answers", "late", "late_records", "photos", "readings", "statements", "timeline"]),
        ("late work", &["heads", "records"]),
        ("late work, listed", &["brought"]),
        ("receipt, 赵敏", &["blobs", "heads"]),
        ("receipt, 王海", &["blobs", "heads", "statements"]),
        ("on the phones, 赵敏", &["conflicts", "findings", "measures", "photos", "timeline"]),
        ("on the phones, 王海", &["late", "statements"]),
    ] {
        for list in lists {
            let found = end[name].pointer(&format!("/{list}")).unwrap_or_else(|| panic!("no {list} in {name}"));
            assert!(![json!([]), json!({}), json!(0), json!(null)].contains(found), "{list} of {name} is empty");
        }
    }
}

#[test]
fn two_reps_and_the_office_end_alike_in_all_six_orders() {
    let ends = ORDERS.map(|order| (order, play(order)));
    let (_, expected) = &ends[0];
    check_filled(expected);
    for (order, end) in &ends {
        for (name, value) in expected {
            assert_eq!(end.get(name), Some(value), "{order:?}: {name}");
        }
        assert_eq!(end.len(), expected.len());
    }
    let shown = &expected["on the phones, 赵敏"];
    assert_eq!(shown["answers"]["rating"]["value"]["value"], 4, "the restored loser counts on the phones");
    let conflicts = expected["conflicts"].as_array().expect("conflicts");
    let keys: Vec<&Value> = conflicts.iter().map(|one| &one["key"]).collect();
    assert_eq!(keys[..2], ["cable_kind", "rating"]);
    assert_eq!(conflicts.len(), 3);
}
