//! Mutated changes by the ten thousand against the running server: each is refused whole or good, and nobody else notices.
//!
//! The mutants are those that the guard alone is tried with (`tests/fuzz/targets`), a change for each document of a
//! request. Each run has others; `DOORSTEP_HOSTILE_SEED` replays the seed that a run tells.

use std::collections::BTreeMap;
use std::thread;

use doorstep_store::documents::list_doc_changes;
use doorstep_store::evidence::{find_quarantined, quarantine_size};
use fuzz_targets::mutants::{Random, STEPS, Tally, mutated, write_step};
use integration_tests::company::{HAOYU, PASSWORD, YUNZE};
use integration_tests::db::with_conn;
use integration_tests::drawn::seed;
use integration_tests::effort;
use integration_tests::remote::RemotePhone;
use integration_tests::server::TestServer;
use integration_tests::told::tell;
use sync_core::bytes::{Actor, Hash};
use sync_core::doc::VisitDoc;
use sync_core::guard::RefusalCode;
use sync_core::protocol::{Ack, AckItem, Outcome};

use super::bystander::Bystander;
use super::{check_process, pushed, roomy};

/// Mutants of a usual run, and of a long one.
const MUTANTS: [usize; 2] = [20_000, 1_000_000];

/// Documents of a phone; each brings one mutant with a request.
const DOCS: usize = 250;

/// Requests of a phone. By then its quarantine may hold 10,000 items, which is all that it takes.
const ROUNDS: usize = 40;

/// One phone that sends mutants, until its quarantine is nearly full.
struct Attacker<'a> {
    server: &'a TestServer,
    phone: RemotePhone,
    docs: Vec<VisitDoc>,
    /// The honest next change of each document, of which its mutants are made.
    next: Vec<Vec<u8>>,
    /// What each document was pushed as.
    stored: Vec<Vec<Vec<u8>>>,
    /// What must lie in quarantine, by name.
    refused: BTreeMap<String, Vec<u8>>,
}

impl<'a> Attacker<'a> {
    /// A phone whose documents hold histories of every length up to one with every kind of operation.
    fn begin(server: &'a TestServer, number: usize) -> Self {
        let name = format!("attacker {number}");
        let phone = RemotePhone::enrol_further(server, YUNZE, YUNZE.rep(), PASSWORD, &name);
        let names: Vec<String> = (0..DOCS).map(|doc| format!("{name}, visit {doc}")).collect();
        let grown = |(at, name): (usize, &String)| {
            let mut doc = VisitDoc::create(RemotePhone::visit(name)).expect("a document");
            let writers = writers(&doc);
            (0..1 + at % STEPS).for_each(|step| drop(write_step(&mut doc, step, writers, phone.user())));
            doc
        };
        let docs: Vec<VisitDoc> = names.iter().enumerate().map(grown).collect();
        let stored: Vec<Vec<Vec<u8>>> = docs.iter().map(|doc| vec![doc.save()]).collect();
        let intents = names.iter().map(|name| phone.create_visit(name)).collect();
        let pushes = docs.iter().zip(&stored).map(|(doc, chunks)| pushed(doc, chunks.clone())).collect();
        let answer = phone.sync(server, &phone.pushing(pushes, intents)).expect("the server lives");
        assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Stored), "{:?}", answer.acks);
        let mut attacker = Self { server, phone, docs, next: vec![Vec::new(); DOCS], stored, refused: BTreeMap::new() };
        (0..DOCS).for_each(|at| attacker.think(at));
        attacker
    }

    /// Writes the honest next change of a document, which is not sent.
    fn think(&mut self, at: usize) {
        let doc = &self.docs[at];
        let (step, writers) = (at % STEPS + self.stored[at].len(), writers(doc));
        self.next[at] = write_step(&mut doc.clone(), step, writers, self.phone.user());
    }

    /// One mutant of each document's next change in one request.
    fn round(&mut self, random: &mut Random, tally: &mut Tally) {
        let mutants: Vec<Vec<u8>> = self.next.iter().map(|honest| mutated(honest, random)).collect();
        let pushes = self.docs.iter().zip(&mutants).map(|(doc, mutant)| pushed(doc, vec![mutant.clone()])).collect();
        let answer = self.phone.sync(self.server, &self.phone.pushing(pushes, Vec::new())).expect("the server lives");
        assert_eq!(answer.acks.len(), DOCS, "every item has its answer");
        assert_eq!(answer.receipts.len(), 1);
        for (at, (mutant, ack)) in mutants.into_iter().zip(&answer.acks).enumerate() {
            self.take(at, mutant, ack, tally);
        }
    }

    /// What the server says became of a mutant: good, of an unknown past, or refused whole.
    fn take(&mut self, at: usize, mutant: Vec<u8>, ack: &Ack, tally: &mut Tally) {
        let doc = &mut self.docs[at];
        assert_eq!(ack.item, AckItem::Doc(doc.visit()));
        tally.mutants += 1;
        match ack.outcome {
            Outcome::Stored => {
                tally.accepted += 1;
                doc.apply_trusted(std::slice::from_ref(&mutant), &ack.heads).expect("what the server stored applies");
                self.stored[at].push(mutant);
            }
            Outcome::NeedFull => {
                tally.missing += 1;
                assert!(!ack.missing.is_empty(), "{ack:?}");
            }
            Outcome::NeedReplay | Outcome::Quarantined => {
                let code = RefusalCode::ALL.into_iter().find(|code| Some(code.as_str()) == ack.code.as_deref());
                let code = code.unwrap_or_else(|| panic!("no reason of the guard: {ack:?}"));
                *tally.refused.entry(code.as_str()).or_insert(0) += 1;
                self.refused.insert(ack.hash.expect("refused bytes have a name").to_string(), mutant);
            }
            Outcome::Duplicate | Outcome::Late | Outcome::NotFound => panic!("{ack:?}"),
        }
        assert_eq!(doc.heads(), ack.heads, "the server's document is that of the phone: {ack:?}");
        if ack.outcome == Outcome::Stored {
            self.think(at);
        }
    }

    /// What was accepted and what was refused lies there byte for byte, and nothing else.
    fn check(&self) {
        with_conn(self.server.database_url(), |conn| {
            for (doc, sent) in self.docs.iter().zip(&self.stored) {
                let rows = list_doc_changes(conn, YUNZE.org, doc.visit()).expect("the pushes can be read");
                assert_eq!(&rows.into_iter().map(|row| row.bytes).collect::<Vec<_>>(), sent);
            }
            let device = self.phone.device();
            for (name, bytes) in &self.refused {
                let kept = find_quarantined(conn, YUNZE.org, name, device).expect("a query");
                assert_eq!(kept.as_ref(), Some(bytes), "{name}");
            }
            let [(items, _), _] = quarantine_size(conn, YUNZE.org, device).expect("a query");
            assert_eq!(usize::try_from(items).ok(), Some(self.refused.len()));
        });
    }
}

/// The two writers of a document, the same in each run: a seed gives the same mutants again.
fn writers(doc: &VisitDoc) -> [Actor; 2] {
    [1, 2].map(|writer| {
        let hash = Hash::of(format!("writer {writer} of {}", doc.visit()).as_bytes());
        Actor::try_from(&hash.0[..16]).expect("16 bytes")
    })
}

#[test]
fn mutated_changes_harm_neither_the_server_nor_anybody_else() {
    let seed = seed("DOORSTEP_HOSTILE_SEED");
    let count = MUTANTS[usize::from(effort::is_long())];
    tell(format_args!("seed {seed}: {count} mutants against the running server"));
    let server = TestServer::configured(&roomy());
    let process = server.process_id();
    let mut colleague = Bystander::begin(&server, YUNZE, YUNZE.colleague());
    let mut stranger = Bystander::begin(&server, HAOYU, HAOYU.rep());
    let (mut random, mut tally) = (Random::new(seed), Tally::default());
    for number in 0..count / (DOCS * ROUNDS) {
        let mut attacker = Attacker::begin(&server, number);
        for _ in 0..ROUNDS {
            thread::scope(|scope| {
                scope.spawn(|| colleague.work());
                scope.spawn(|| stranger.work());
                attacker.round(&mut random, &mut tally);
            });
        }
        attacker.check();
    }
    tell(format_args!("{}", tally.line(seed)));
    assert!(tally.accepted > 0 && tally.missing > 0 && tally.refused.len() > 4, "past the first checks");
    let syncs = colleague.check() + stranger.check();
    check_process(&server, process);
    tell(format_args!("{syncs} syncs of two bystanders; what they have is byte for byte theirs"));
}
