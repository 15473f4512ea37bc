//! The phone compares what it has with what the server named, asks for what it lacks, and never for ever.

use serde_json::{Value, json};
use sync_core::bytes::{Actor, Hash};
use sync_core::doc::{Map, VisitDoc};
use sync_core::protocol::codec::Encoding;
use sync_core::protocol::{DocForm, DocUpdate, ProtocolLimits, Row, decode_request};

use crate::testing::server::{Fault, Server};
use crate::testing::{NUMBER, TestPhone, VISIT};

/// A phone whose visit is at the server, where a colleague then ticked something that no news told of.
fn drifted() -> (TestPhone, Server) {
    let phone = TestPhone::new();
    let mut server = Server::new(&phone);
    phone.run(&["start", NUMBER]);
    sync(&phone, &mut server);
    tick(server.docs.get_mut(&VISIT).unwrap());
    (phone, server)
}

/// What the colleague ticked, as the news that tells of it.
fn tick(doc: &mut VisitDoc) -> DocUpdate {
    let ticked = json!({"done": true});
    let change = doc.edit(Actor([77; 16]), |edit| edit.put(Map::Ticks, "talk/form_shown", &ticked)).unwrap().unwrap();
    DocUpdate { id: VISIT, form: DocForm::Delta, heads: doc.heads(), bytes: change.chunk.into() }
}

fn sync(phone: &TestPhone, server: &mut Server) -> Value {
    phone.sync(server).unwrap().json
}

/// How often the whole document was asked for.
fn asked(server: &Server) -> usize {
    let asks = |body: &Vec<u8>| {
        let request = decode_request(body, Encoding::Cbor, &ProtocolLimits::DEFAULT).unwrap();
        request.asked().count()
    };
    server.bodies.iter().map(asks).sum()
}

fn problem(phone: &TestPhone) -> Value {
    phone.run(&["status", NUMBER])["problem"].clone()
}

#[test]
fn a_change_the_server_names_and_the_phone_lacks_is_fetched_in_the_same_sync() {
    let (phone, mut server) = drifted();
    sync(&phone, &mut server);
    assert_eq!((asked(&server), phone.heads() == json!(server.docs[&VISIT].heads())), (0, false), "nothing was named");

    phone.run(&["note", NUMBER, "and on"]);
    let report = sync(&phone, &mut server);
    assert_eq!((&report["rounds"], &report["outstanding"]["total"]), (&json!(2), &json!(0)), "{report}");
    assert_eq!((asked(&server), &report["problems"]), (1, &json!([])));
    assert_eq!(json!(server.docs[&VISIT].heads()), phone.heads());

    phone.run(&["note", NUMBER, "once more"]);
    assert_eq!(sync(&phone, &mut server)["rounds"], 1, "what only the phone had is no difference");
    assert_eq!(asked(&server), 1);
}

#[test]
fn changes_of_others_that_come_with_the_answer_or_its_next_page_raise_no_alarm() {
    for is_paged in [false, true] {
        let phone = TestPhone::new();
        let mut server = Server::new(&phone);
        phone.run(&["start", NUMBER]);
        sync(&phone, &mut server);
        let update = tick(server.docs.get_mut(&VISIT).unwrap());
        phone.run(&["note", NUMBER, "at the same time"]);
        if is_paged { &mut server.docs_later } else { &mut server.docs_out }.push(update);
        let report = sync(&phone, &mut server);
        assert_eq!((&report["rounds"], asked(&server)), (&json!(if is_paged { 2 } else { 1 }), 0), "{report}");
        assert_eq!(json!(server.docs[&VISIT].heads()), phone.heads());
    }
}

#[test]
fn a_server_that_names_what_it_does_not_have_is_asked_once_a_sync() {
    let (phone, mut server) = drifted();
    server.ghosts = vec![Hash::of(b"a change that nobody made")];
    phone.run(&["note", NUMBER, "and on"]);
    let report = sync(&phone, &mut server);
    assert_eq!((&report["rounds"], asked(&server)), (&json!(2), 1), "{report}");
    assert_eq!(report["problems"].as_array().unwrap().len(), 1, "{report}");
    assert!(problem(&phone).is_string());
    assert_eq!(json!(server.docs[&VISIT].heads()), phone.heads(), "what there is was taken");

    sync(&phone, &mut server);
    assert_eq!(asked(&server), 2, "the next sync tries again");
    server.ghosts.clear();
    let report = sync(&phone, &mut server);
    assert_eq!((asked(&server), &report["problems"], problem(&phone)), (3, &json!([]), Value::Null));
    sync(&phone, &mut server);
    assert_eq!(asked(&server), 3, "all is well again");
}

#[test]
fn a_visit_that_leaves_the_phone_is_not_asked_for() {
    let (phone, mut server) = drifted();
    phone.run(&["note", NUMBER, "too late"]);
    server.rows_out.insert("visit".to_owned(), vec![Row::Gone { id: VISIT.to_string() }]);
    let report = sync(&phone, &mut server);
    assert_eq!((asked(&server), &report["problems"], &report["rounds"]), (0, &json!([]), &json!(1)), "{report}");
    assert!(phone.try_run(&["list", "--all"]).unwrap().json["visits"].as_array().unwrap().is_empty());
}

#[test]
fn a_sign_in_that_only_uploads_compares_once_it_may_read() {
    let (phone, mut server) = drifted();
    phone.run(&["note", NUMBER, "and on"]);
    server.refresh_works = false;
    server.faults.push_back(Fault::TokenInvalid);
    assert_eq!(sync(&phone, &mut server)["upload_only"], true);
    assert_eq!(asked(&server), 0, "it could not be answered");
    let store = phone.phone().store;
    let session = store.read(|tx| tx.meta::<crate::store::model::Session>("session")).unwrap().unwrap();
    store.write(|tx| tx.set_meta("session", &crate::store::model::Session { upload_only: false, ..session })).unwrap();
    drop(store);
    sync(&phone, &mut server);
    assert_eq!(asked(&server), 1);
    assert_eq!(json!(server.docs[&VISIT].heads()), phone.heads());
}
