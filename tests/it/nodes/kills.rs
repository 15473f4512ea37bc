//! `kill -9` of one node after the other under load: its phones go on at the other one.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, mpsc};

use integration_tests::call::Call;
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::db::count;
use integration_tests::effort;
use integration_tests::remote::RemotePhone;
use integration_tests::server::send;
use integration_tests::told::tell;
use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::doc::Map;
use sync_core::protocol::{Outcome, SyncRequest};

use super::{PATIENCE, Pair};
use crate::sync::writer::Writer;

/// Kills of a usual run, and of a long one; the nodes take turns.
const KILLS: [usize; 2] = [4, 100];

const PHONES: usize = 4;

/// After how many rounds of all phones the next node dies.
const KILL_AFTER: usize = 10;

/// Rounds that the phones may be ahead while a node starts again.
const AHEAD: usize = 2 * PHONES;

/// What one phone saw.
#[derive(Default)]
struct Seen {
    acknowledged: Vec<(SyncRequest, Vec<u8>)>,
    unanswered: usize,
}

/// One phone and the node that it speaks with.
struct Player<'a> {
    phone: &'a RemotePhone,
    urls: &'a RwLock<[String; 2]>,
    node: usize,
    seen: Seen,
}

impl Player<'_> {
    /// Pushes and uploads round by round, until nobody counts the rounds any more.
    fn play(mut self, name: &str, done: &mpsc::SyncSender<()>) -> Seen {
        let mut writer = Writer::new(name);
        loop {
            let photo = format!("photo {} of {name}", self.seen.acknowledged.len()).into_bytes();
            let record = json!({"slot": "ont_stb", "sha256": Hash::of(&photo), "bytes": photo.len(),
                "media_type": "image/jpeg", "taken_at": RemotePhone::stamp(), "source": "camera",
                "by": self.phone.user()});
            let key = RemotePhone::intent(&String::from_utf8_lossy(&photo)).to_string();
            writer.put(Map::Photos, &key, &record);
            let request = writer.next(self.phone);
            let answer = self.insist(|phone, url| phone.sync_at(url, &request));
            // What was committed before its answer was lost comes again as a duplicate.
            let is_safe = |outcome| matches!(outcome, Outcome::Stored | Outcome::Duplicate);
            assert!(answer.acks.iter().all(|ack| is_safe(ack.outcome)), "{:?}", answer.acks);
            let call = Call::new("PUT", format!("/v1/blobs/{}", Hash::of(&photo)));
            let call = call.bearer(self.phone.access()).bytes("application/octet-stream", photo.clone());
            let stored = self.insist(|_, url| send(url, &call).ok());
            assert_eq!(stored.status, 200, "{}", stored.text());
            self.seen.acknowledged.push((request, photo));
            if done.send(()).is_err() {
                return self.seen;
            }
        }
    }

    /// Asks until there is an answer; where none comes, it asks the other node the same.
    fn insist<T>(&mut self, ask: impl Fn(&RemotePhone, &str) -> Option<T>) -> T {
        loop {
            let url = self.urls.read().unwrap_or_else(PoisonError::into_inner)[self.node].clone();
            match ask(self.phone, &url) {
                Some(answer) => return answer,
                None => {
                    self.seen.unanswered += 1;
                    self.node = 1 - self.node;
                }
            }
        }
    }
}

#[test]
fn a_node_killed_under_load_loses_and_repeats_nothing_and_its_phones_go_on_elsewhere() {
    let kills = KILLS[usize::from(effort::is_long())];
    let Pair { mut server, other } = Pair::start();
    let mut other = Some(other);
    let mut phones = vec![RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD)];
    phones.extend(
        (1..PHONES).map(|number| {
            RemotePhone::enrol_further(&server, YUNZE, YUNZE.rep(), PASSWORD, &format!("phone {number}"))
        }),
    );
    let second = other.as_ref().expect("it runs").url().to_owned();
    let urls = RwLock::new([server.url().to_owned(), second]);
    let (sender, rounds) = mpsc::sync_channel(AHEAD);
    let seen: Vec<Seen> = std::thread::scope(|scope| {
        let players: Vec<_> = phones
            .iter()
            .enumerate()
            .map(|(number, phone)| {
                let player = Player { phone, urls: &urls, node: number % 2, seen: Seen::default() };
                let sender = sender.clone();
                scope.spawn(move || player.play(&format!("visit of phone {number}"), &sender))
            })
            .collect();
        for kill in 0..kills {
            (0..KILL_AFTER).for_each(|_| rounds.recv_timeout(PATIENCE).expect("the phones work"));
            let url = if kill % 2 == 0 {
                server.kill();
                server.restart();
                server.url().to_owned()
            } else {
                drop(other.take());
                other.insert(server.join()).url().to_owned()
            };
            urls.write().unwrap_or_else(PoisonError::into_inner)[kill % 2] = url;
        }
        (0..KILL_AFTER).for_each(|_| rounds.recv_timeout(PATIENCE).expect("the phones go on"));
        drop(rounds);
        players.into_iter().map(|player| player.join().expect("no panic")).collect()
    });
    let unanswered: usize = seen.iter().map(|one| one.unanswered).sum();
    assert!(unanswered > 0, "nodes died under load");
    let mut items = 0;
    for (phone, one) in phones.iter().zip(&seen) {
        for (request, photo) in &one.acknowledged {
            let again = phone.sync_at(server.url(), request).expect("an answer");
            assert!(again.acks.iter().all(|ack| ack.outcome == Outcome::Duplicate), "{:?}", again.acks);
            assert_eq!(server.blob(YUNZE.org, Hash::of(photo)), *photo);
            items += again.acks.len() + 1;
        }
    }
    // Each visit was made once, and each batch and each photo written once.
    let rounds: usize = seen.iter().map(|one| one.acknowledged.len()).sum();
    let of_rounds = ["doc_changes", "visit_photos", "blobs"].map(|table| (table, rounds));
    let of_phones = ["documents", "intents", "visits"].map(|table| (table, PHONES));
    let expected = of_rounds.into_iter().chain(of_phones);
    let expected: BTreeMap<&'static str, i64> =
        expected.map(|(table, rows)| (table, i64::try_from(rows).expect("few"))).collect();
    let tables: Vec<&'static str> = expected.keys().copied().collect();
    assert_eq!(count(server.database_url(), &tables), expected);
    let verified = server.run(&["verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    tell(format_args!(
        "{kills} kills of two nodes in turn: {items} acknowledged items, {unanswered} sent again, 0 lost"
    ));
}
