//! Rows of the office after a restore: what the server lost goes here too, what the phone works with stays.

use std::collections::BTreeMap;

use serde_json::json;
use sync_core::ids::EpochId;
use sync_core::protocol::{DocForm, DocUpdate, Row};

use super::tests::{begun, sync};
use crate::testing::server::{Fault, Server};
use crate::testing::{NUMBER, TestPhone, VISIT};

/// Rows as the server sends them: kind and id.
fn rows(named: &[(&str, &str)]) -> BTreeMap<String, Vec<Row>> {
    let mut rows: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for (kind, id) in named {
        let row = Row::Put { id: (*id).to_owned(), version: 1, body: json!({}) };
        rows.entry((*kind).to_owned()).or_default().push(row);
    }
    rows
}

/// What the office decided and planned, as `kind/id`, that is here.
fn here(phone: &TestPhone, named: &[(&str, &str)]) -> Vec<String> {
    let all = phone.phone().store.read(|tx| tx.all_rows()).unwrap();
    let is_named = |key: &String| named.iter().any(|(kind, id)| *key == format!("{kind}/{id}"));
    all.into_iter().map(|(key, _)| key).filter(is_named).collect()
}

const DECIDED: [(&str, &str); 9] = [
    ("assignment", "a1"),
    ("conflict", "c1"),
    ("intent_result", "i1"),
    ("late_decision", "d1"),
    ("late_work", "l1"),
    ("novel", "n1"),
    ("quarantine", "q1"),
    ("rework", "r1"),
    ("verdict", "v1"),
];

/// A phone that knows what the office decided, and the server with other data.
fn restored() -> (TestPhone, Server) {
    let (phone, mut server) = begun();
    server.rows_out = rows(&DECIDED);
    sync(&phone, &mut server);
    assert_eq!(here(&phone, &DECIDED).len(), DECIDED.len());
    let mut restored = Server::new(&phone);
    restored.epoch = EpochId::from_bytes([4; 16]);
    (phone, restored)
}

/// The row of the planned visit, as the server has it again.
fn planned(phone: &TestPhone) -> Row {
    let id = VISIT.to_string();
    let body = phone.phone().store.read(|tx| tx.row("visit", &id)).unwrap().unwrap();
    Row::Put { id, version: 1, body }
}

fn gone() -> DocUpdate {
    DocUpdate {
        id: sync_core::ids::VisitId::from_bytes([77; 16]),
        form: DocForm::Gone,
        heads: vec![],
        bytes: vec![].into(),
    }
}

#[test]
fn what_the_server_lost_goes_once_all_that_it_has_is_here() {
    let (phone, mut server) = restored();
    server.rows_out = rows(&[("conflict", "c1"), ("template", "other@1")]);
    server.rows_out.insert("visit".to_owned(), vec![planned(&phone)]);
    server.docs_later = vec![gone()];
    // The first answer says that there is more; the phone hears no second one.
    server.faults.extend([Fault::Nothing, Fault::Unreachable]);
    assert!(phone.sync(&mut server).is_err());
    assert_eq!(here(&phone, &DECIDED).len(), DECIDED.len());
    sync(&phone, &mut server);
    assert_eq!(here(&phone, &DECIDED), ["conflict/c1"]);
    let kept = [("template", "other@1"), ("template", "broadband_install@1"), ("policy", "1")];
    assert_eq!(here(&phone, &kept).len(), 3, "the visit is worked by them");
    assert_eq!(phone.run(&["show", NUMBER])["answers"]["contact_result"]["value"]["value"], "confirmed");
}

#[test]
fn an_answer_that_brings_nothing_ends_nothing() {
    let (phone, mut server) = restored();
    sync(&phone, &mut server);
    assert_eq!(here(&phone, &DECIDED).len(), DECIDED.len());
}

#[test]
fn a_visit_stays_until_the_server_has_all_of_it_and_calls_it_nobodys_here() {
    let (phone, mut server) = restored();
    (server.rows_out, server.docs_out) = (rows(&[("policy", "2")]), vec![gone()]);
    server.unknown.insert(VISIT);
    sync(&phone, &mut server);
    assert_eq!(here(&phone, &DECIDED), [""; 0]);
    let plan =
        [("visit", "09090909-0909-0909-0909-090909090909"), ("customer", "05050505-0505-0505-0505-050505050505")];
    assert_eq!(here(&phone, &plan).len(), 2, "nobody else has its record");
    server.unknown.clear();
    sync(&phone, &mut server);
    assert_eq!(here(&phone, &plan).len(), 2, "no news came");
    server.rows_out = rows(&[("policy", "3")]);
    sync(&phone, &mut server);
    assert_eq!(here(&phone, &plan), [""; 0]);
    assert_eq!(phone.outstanding(), 0);
}

#[test]
fn what_was_made_at_the_door_stays_until_it_was_offered_again() {
    let (phone, mut server) = begun();
    let made = phone.run(&[
        "intent",
        "create_customer",
        "-f",
        "kind=individual",
        "-f",
        "name=王",
        "-f",
        "address=示例路 1 号",
    ]);
    let id = made["body"]["customer_id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    server.rows_out = rows(&[("customer", &id), ("customer", "lost")]);
    sync(&phone, &mut server);
    let mut server = Server::new(&phone);
    server.epoch = EpochId::from_bytes([4; 16]);
    server.rows_out = rows(&[("policy", "1")]);
    server.faults.extend([Fault::Nothing, Fault::Unreachable]);
    assert!(phone.sync(&mut server).is_err());
    assert_eq!(here(&phone, &[("customer", &id), ("customer", "lost")]), [format!("customer/{id}")]);
}

#[test]
fn a_withdrawn_version_serves_no_new_visit_and_stays_for_those_that_began_by_it() {
    let (phone, mut server) = begun();
    let policy = |version: i64| Row::Put {
        id: version.to_string(),
        version,
        body: json!({"version": version, "effective_from_ms": 0, "parameters": {}}),
    };
    let chosen = || {
        let made = phone.run(&["intent", "create_visit", "-f", "template=broadband_install", "-f", "reason=邻居"]);
        made["body"]["policy_version"].clone()
    };
    server.rows_out = BTreeMap::from([("policy".to_owned(), vec![policy(1), policy(2)])]);
    sync(&phone, &mut server);
    assert_eq!(chosen(), 2);
    server.rows_out = BTreeMap::from([("policy".to_owned(), vec![Row::Gone { id: "2".to_owned() }])]);
    sync(&phone, &mut server);
    assert_eq!((chosen(), here(&phone, &[("policy", "2")]).len()), (json!(1), 1));
    // One that never came leaves nothing behind.
    server.rows_out = BTreeMap::from([("policy".to_owned(), vec![Row::Gone { id: "3".to_owned() }])]);
    sync(&phone, &mut server);
    assert_eq!(here(&phone, &[("policy", "3")]), [""; 0]);
}
