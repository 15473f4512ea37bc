//! `kill -9` of a node under load: its phones go on at the other one.

use std::collections::BTreeMap;
use std::sync::mpsc;

use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::db::count;
use integration_tests::remote::RemotePhone;
use sync_core::protocol::{Outcome, SyncRequest};

use super::{PATIENCE, Pair};
use crate::sync::writer::Writer;
use integration_tests::told::tell;

/// Batches that each phone gets through.
const BATCHES: usize = 12;

const PHONES: usize = 4;

/// After how many answers of all phones the first node dies.
const KILL_AFTER: usize = 10;

/// What one phone saw.
#[derive(Default)]
struct Seen {
    acknowledged: Vec<SyncRequest>,
    unanswered: usize,
}

/// Pushes all batches; where no answer comes, sends the same bytes to the other node.
fn play(phone: &RemotePhone, urls: [String; 2], name: &str, answered: &mpsc::Sender<()>) -> Seen {
    let mut writer = Writer::new(name);
    let mut seen = Seen::default();
    let mut node = 0;
    for _ in 0..BATCHES {
        let request = writer.next(phone);
        let answer = loop {
            match phone.sync_at(&urls[node], &request) {
                Some(answer) => break answer,
                None => {
                    seen.unanswered += 1;
                    node = 1 - node;
                }
            }
        };
        // What was committed before its answer was lost comes again as a duplicate.
        let is_safe = |outcome| matches!(outcome, Outcome::Stored | Outcome::Duplicate);
        assert!(answer.acks.iter().all(|ack| is_safe(ack.outcome)), "{:?}", answer.acks);
        seen.acknowledged.push(request);
        // The test may have seen enough.
        let _ = answered.send(());
    }
    seen
}

#[test]
fn a_node_killed_under_load_loses_and_repeats_nothing_and_its_phones_go_on_elsewhere() {
    let mut pair = Pair::start();
    let mut phones = vec![RemotePhone::enrol(&pair.server, YUNZE, YUNZE.rep(), PASSWORD)];
    phones.extend((1..PHONES).map(|number| {
        RemotePhone::enrol_further(&pair.server, YUNZE, YUNZE.rep(), PASSWORD, &format!("phone {number}"))
    }));
    let [dies, stays] = pair.urls().map(str::to_owned);
    let (sender, answers) = mpsc::channel();
    let seen: Vec<Seen> = std::thread::scope(|scope| {
        let players: Vec<_> = phones
            .iter()
            .enumerate()
            .map(|(number, phone)| {
                let (sender, urls) = (sender.clone(), [dies.clone(), stays.clone()]);
                scope.spawn(move || play(phone, urls, &format!("visit of phone {number}"), &sender))
            })
            .collect();
        for _ in 0..KILL_AFTER {
            answers.recv_timeout(PATIENCE).expect("the phones push");
        }
        pair.server.kill();
        players.into_iter().map(|player| player.join().expect("no panic")).collect()
    });
    let unanswered: usize = seen.iter().map(|one| one.unanswered).sum();
    assert!(unanswered > 0, "the node died under load");
    let mut items = 0;
    for (phone, one) in phones.iter().zip(&seen) {
        assert_eq!(one.acknowledged.len(), BATCHES);
        for request in &one.acknowledged {
            let again = phone.sync_at(&stays, request).expect("an answer");
            assert!(again.acks.iter().all(|ack| ack.outcome == Outcome::Duplicate), "{:?}", again.acks);
            items += again.acks.len();
        }
    }
    // Each visit was made once, and each batch written once.
    let expected = [("doc_changes", PHONES * BATCHES), ("documents", PHONES), ("intents", PHONES), ("visits", PHONES)];
    let expected = expected.map(|(table, rows)| (table, i64::try_from(rows).expect("few")));
    assert_eq!(count(pair.server.database_url(), &expected.map(|(table, _)| table)), BTreeMap::from(expected));
    tell(format_args!("kill -9 of a node: {items} acknowledged items, {unanswered} sent again, 0 lost"));
}
