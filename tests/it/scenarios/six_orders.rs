//! Two reps and the office, offline for three days, meet in every order: the end is the same.

use integration_tests::call::Call;
use integration_tests::play::{Phone, Story, Visit, record};
use serde_json::{Value, json};

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

/// Names of what hangs on random ids or on the moment of arrival, and of nothing else.
const OWN: [&str; 14] = [
    "actor",
    "at_error_ms",
    "blob",
    "content_hash",
    "deps",
    "device_id",
    "hash",
    "heads",
    "key",
    "op",
    "received_at",
    "record",
    "seq",
    "version",
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

/// Everything that the API answers of the visit.
fn answered(story: &Story, id: &str) -> Value {
    let dispatcher = story.office("dispatcher");
    let history = dispatcher.get(&format!("/v1/visits/{id}/history?page_size=200"));
    assert!(history["next_page_token"].is_null(), "the history fits one page");
    let mut changes: Vec<String> =
        bare(history["items"].clone()).as_array().expect("changes").iter().map(Value::to_string).collect();
    changes.sort();
    let of_visit = |path: &str| -> Vec<Value> {
        let items = dispatcher.list(path).into_iter();
        items.filter(|item| item["id"] == id || item["visit_id"] == id).map(bare).collect()
    };
    let mut review = bare(dispatcher.review(id));
    // The phone draws the id of a photo.
    review["photos"].as_array_mut().expect("photos").iter_mut().for_each(|photo| drop(photo["id"].take()));
    json!({
        "visit": bare(dispatcher.visit(id)),
        "review": review,
        "conflicts": told(&dispatcher.get(&format!("/v1/visits/{id}/conflicts"))),
        "late": bare(dispatcher.get(&format!("/v1/visits/{id}/late-work"))),
        "missing": bare(dispatcher.get(&format!("/v1/visits/{id}/missing-blobs"))),
        "history": changes,
        "listed": [of_visit("/v1/visits?page_size=200"), of_visit("/v1/conflicts"), of_visit("/v1/late-work?state=all")],
        "board": bare(dispatcher.get("/v1/day-board?date=2025-03-08")),
    })
}

/// What a phone shows but for its own outbox.
fn agreed(visit: &Visit<'_>) -> Value {
    let mut shown = visit.shown();
    let own = ["unsent_changes", "unsent_blobs", "server_heads"];
    shown.as_object_mut().expect("an object").retain(|name, _| !own.contains(&name.as_str()));
    shown
}

/// Conflicts by key: policy, every value, the one that counts.
fn told(conflicts: &Value) -> Vec<Value> {
    let value = |one: &Value| one["value"].clone();
    let conflict = |one: &Value| {
        let candidates = one["candidates"].as_array().expect("candidates");
        let counts = candidates.iter().find(|one| one["counts"] == true).map(value);
        json!([
            one["map"],
            one["key"],
            one["policy"],
            one["is_open"],
            candidates.iter().map(value).collect::<Vec<_>>(),
            counts
        ])
    };
    conflicts["conflicts"].as_array().expect("conflicts").iter().map(conflict).collect()
}

/// Three days without a network on both phones; the office has its own plans.
fn days_apart(phones: [&Phone<'_>; 2], story: &Story, id: &str) {
    // Each value that both write stands at another place of its phone's history, so that which is the newest does
    // not hang on the random ids of the installs.
    story.on("2025-03-04");
    phones[0].visit(id, "王海").plays(
        "09:00 start
               step kit_check
         09:10 contact --channel app_call --result reached
               answer contact_result confirmed
               event confirm_call
         10:00 answer cable_kind bow_drop
               measure optical_power -18.30
               answer rating 9",
    );
    story.on("2025-03-06");
    phones[1].visit(id, "王海").plays(
        "09:00 start
         10:00 answer rating 4
               answer cable_kind bow_self_supporting
               measure optical_power -21.40
               step splice/no_leak
               photo outdoor_route",
    );
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
fn play(order: [Party; 3]) -> Value {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    let [li, ma] = [story.enrol("li.ming"), story.enrol("ma.jun")];
    let phones = [&li, &ma];
    let dispatcher = story.office("dispatcher");
    li.sync();
    let id = li.visit_of("王海").id;
    let crew = json!({"crew": users(&story, &["li.ming", "ma.jun"])});
    dispatcher.change(&id, "assign", &crew).expect(200);
    phones.iter().for_each(|phone| drop(phone.sync()));

    days_apart(phones, &story, &id);
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

    let [one, two] = [li.visit(&id, "王海"), ma.visit(&id, "王海")].map(|visit| agreed(&visit));
    assert_eq!(one, two, "{order:?}: both phones show the same");
    assert_eq!(one["heads"], story.heads(&id), "{order:?}: phones and server hold the same document");
    let (office, after) = (dispatcher.visit(&id), dispatcher.get(&path));
    assert_eq!(office["state"], one["state"]);
    json!({
        "deeds": record(&li.visit(&id, "王海").shown()),
        "rating": one["answers"]["rating"]["value"]["value"],
        "before": told(&before), "after": told(&after),
        "state": office["state"], "outcome": office["outcome"], "planned": office["planned_start"],
        "answered": answered(&story, &id),
        "rows": story.rows(&["visit_answers", "visit_readings", "visit_photos", "visit_events", "visit_conflicts",
            "conflict_choices", "blobs"]),
    })
}

#[test]
fn two_reps_and_the_office_end_alike_in_all_six_orders() {
    let ends = ORDERS.map(|order| (order, play(order)));
    let (_, expected) = &ends[0];
    for (order, end) in &ends {
        for (name, value) in end.as_object().expect("an object") {
            if name == "answered" {
                for (name, value) in value.as_object().expect("an object") {
                    assert_eq!(value, &expected["answered"][name], "{order:?}: {name}");
                }
            }
            assert_eq!(value, &expected[name], "{order:?}: {name}");
        }
    }
    assert_eq!(expected["rating"], 4, "the restored loser counts on the phones");
    let keys: Vec<&Value> = expected["after"].as_array().expect("conflicts").iter().map(|one| &one[1]).collect();
    assert_eq!(keys, ["cable_kind", "rating", "optical_power"]);
}
