//! A small request that makes the server read much: one tick for each of many large visits.

use integration_tests::remote::RemotePhone;
use serde_json::json;
use sync_core::doc::{Map, VisitDoc};
use sync_core::protocol::{AckItem, Outcome};

use super::{Scene, actor, check_process, heads, pushed, tick};

/// Large visits of the phone: judged together they would take more than the server may.
const LARGE: usize = 50;

/// Large visits that one request brings for the first time: it may have four mebibytes.
const AT_ONCE: usize = 2;

/// A visit of nearly the two mebibytes that are allowed, in changes and records of the size that is allowed.
fn large(phone: &RemotePhone, name: &str) -> VisitDoc {
    let mut doc = VisitDoc::create(RemotePhone::visit(name)).expect("a document");
    let actor = actor(&doc);
    let remark = "a".repeat(15 << 10);
    let record = json!({"done": true, "at": RemotePhone::stamp(), "by": phone.user(), "remark": remark});
    for change in 0..9 {
        let key = |number: usize| format!("step/{change}-{number}");
        doc.edit(actor, |edit| (0..14).try_for_each(|number| edit.put(Map::Ticks, &key(number), &record)))
            .expect("an edit");
    }
    doc
}

#[test]
fn a_tick_for_each_of_many_large_visits_takes_no_more_memory_than_few_of_them() {
    let mut scene = Scene::begin();
    let (phone, process) = (scene.phone.clone(), scene.server.process_id());
    let names: Vec<String> = (0..LARGE).map(|number| format!("large {number}")).collect();
    let mut docs: Vec<VisitDoc> = names.iter().map(|name| large(&phone, name)).collect();
    for (names, docs) in names.chunks(AT_ONCE).zip(docs.chunks(AT_ONCE)) {
        let intents = names.iter().map(|name| phone.create_visit(name)).collect();
        let request = phone.pushing(docs.iter().map(|doc| pushed(doc, vec![doc.save()])).collect(), intents);
        let answer = phone.sync(&scene.server, &request).expect("the server lives");
        assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Stored), "{:?}", answer.acks);
    }
    check_process(&scene.server, process);
    let small = std::mem::take(&mut scene.docs);
    docs.extend(small);
    let pushes = docs.iter_mut().map(|doc| {
        let before = doc.heads();
        tick(doc, &phone, "kit_check/ladder");
        pushed(doc, doc.changes_since(&before).expect("known heads"))
    });
    let pushes: Vec<_> = pushes.collect();
    let bytes: usize = pushes.iter().flat_map(|doc| &doc.chunks).map(|chunk| chunk.0.len()).sum();
    assert!(bytes < 64 << 10, "{bytes} bytes are little");
    let answer = scene.push(pushes);
    assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Stored), "{:?}", answer.acks);
    assert_eq!(answer.acks.len(), docs.len(), "each is told of, in order");
    for (doc, ack) in docs.iter().zip(&answer.acks) {
        assert_eq!(ack.item, AckItem::Doc(doc.visit()));
        assert_eq!(heads(&scene.server, doc.visit()), doc.heads());
    }
    check_process(&scene.server, process);
}
