//! A visit that leaves the phone and comes back: what this phone wrote is its own still.

use serde_json::json;
use sync_core::doc::VisitDoc;
use sync_core::ids::EpochId;
use sync_core::protocol::Row;
use sync_core::protocol::row::kind;

use super::tests::{begun, sync};
use crate::testing::server::Server;
use crate::testing::{NUMBER, TestPhone, VISIT};

/// A phone whose visit left it with everything safe, and came back.
fn came_back() -> (TestPhone, Server) {
    let (phone, mut server) = begun();
    let row = phone.phone().store.read(|tx| tx.rows(kind::VISIT)).unwrap().remove(0).1;
    server.rows_out.insert(kind::VISIT.to_owned(), vec![Row::Gone { id: VISIT.to_string() }]);
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert!(phone.try_run(&["status", NUMBER]).is_err(), "it is gone");
    let back = Row::Put { id: VISIT.to_string(), version: 2, body: row.body };
    server.rows_out.insert(kind::VISIT.to_owned(), vec![back]);
    server.docs_out.push(server.snapshot(VISIT));
    sync(&phone, &mut server);
    assert_eq!(json!(server.docs[&VISIT].heads()), phone.heads());
    (phone, server)
}

#[test]
fn its_own_work_is_offered_to_a_server_that_lost_it() {
    let (phone, _) = came_back();
    let mut restored = Server::new(&phone);
    restored.epoch = EpochId::from_bytes([4; 16]);
    let report = sync(&phone, &mut restored);
    assert_eq!((&report["epoch_changed"], &report["outstanding"]["total"]), (&json!(true), &json!(0)));
    assert_eq!(restored.docs.get(&VISIT).map(|doc| json!(doc.heads())), Some(phone.heads()));
}

#[test]
fn what_is_missing_of_its_own_work_is_not_waited_for() {
    let (phone, mut server) = came_back();
    server.docs.insert(VISIT, VisitDoc::create(VISIT).unwrap());
    phone.run(&["note", NUMBER, "on top"]);
    let report = sync(&phone, &mut server);
    assert_eq!((&report["outstanding"]["total"], &report["problems"]), (&json!(0), &json!([])), "{report}");
    assert_eq!(json!(server.docs[&VISIT].heads()), phone.heads());
}
