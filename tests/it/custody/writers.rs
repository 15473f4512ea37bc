//! After a restore what each device wrote becomes its own again, whoever comes first and relays what others wrote.

use std::collections::BTreeMap;

use integration_tests::play::{Fate, Phone, Story};

/// Phones of a visit that all of them have.
fn phones<'s>(story: &'s Story, logins: [&'static str; 2]) -> ([Phone<'s>; 2], String) {
    story.at("08:30");
    let phones = logins.map(|login| story.enrol(login));
    phones[0].sync();
    let id = phones[0].visit_of("王海").id;
    story.assign(&id, &["li.ming", "ma.jun"]);
    phones[0].sync();
    phones[0].visit(&id, "王海").plays("09:00 start");
    for phone in [&phones[0], &phones[1], &phones[0]] {
        phone.sync();
    }
    (phones, id)
}

/// How many changes of the notes each device wrote.
fn writers(story: &Story, id: &str) -> BTreeMap<String, usize> {
    let changes = story.office("dispatcher").list(&format!("/v1/visits/{id}/history?page_size=200"));
    let mut writers = BTreeMap::new();
    for change in changes.iter().filter(|change| change["notes_added"].as_u64() != Some(0)) {
        *writers.entry(change["device_id"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    writers
}

fn device(phone: &Phone<'_>) -> String {
    phone.run(&["status"]).json["device"].as_str().expect("a device").to_owned()
}

/// The first phone writes on top of what the second wrote after the backup, and relays it to the restored server; the
/// second goes on before it hears of the restore.
fn relayed_by_the_first(logins: [&'static str; 2]) {
    let story = Story::begin("2025-03-04");
    let (phones, id) = phones(&story, logins);
    let [first, second] = &phones;
    let backup = story.path("backup");
    story.administer(&["backup", &backup]);
    second.visit(&id, "王海").plays("09:10 note SECOND");
    second.sync();
    first.sync();
    first.visit(&id, "王海").plays("09:20 note FIRST");
    first.sync();
    story.kill_server();
    story.administer(&["restore", &backup, "--replace"]);
    story.restart_server();
    story.at("10:00");
    assert_eq!(first.tries_to_sync(Fate::Deliver).code, Some(3), "it waits");
    story.network.next(Fate::Deliver);
    let relayed = first.run(&["sync", "--relay"]);
    story.network.next(Fate::Down);
    assert_eq!(relayed.json["outstanding"]["total"], 0, "{} {}", relayed.json, relayed.errors);
    second.visit(&id, "王海").plays("10:10 note LATER");
    for phone in [second, first, second, first] {
        phone.sync();
    }
    assert_eq!([first, second].map(Phone::outstanding), [0, 0]);
    let [one, two] = [first, second].map(|phone| phone.visit(&id, "王海").shown());
    assert_eq!(one["heads"], two["heads"]);
    let [mine, theirs] = [first, second].map(device);
    assert_eq!(writers(&story, &id), BTreeMap::from([(mine, 1), (theirs, 2)]));
    let notes = one["notes"].to_string();
    assert!(["FIRST", "SECOND", "LATER"].iter().all(|text| notes.matches(text).count() == 1), "{notes}");
    assert_eq!(story.rows(&["quarantine"])["quarantine"], 1, "what was relayed is kept");
}

#[test]
fn a_colleagues_note_that_a_phone_relays_stays_the_colleagues() {
    relayed_by_the_first(["li.ming", "ma.jun"]);
}

#[test]
fn what_a_rep_wrote_on_his_second_phone_stays_that_phones() {
    relayed_by_the_first(["li.ming", "li.ming"]);
}
