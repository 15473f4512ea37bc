//! A phone that works while another one attacks: what it and its office have is compared byte for byte.

use std::collections::BTreeMap;

use doorstep_store::documents::{find_document, list_doc_changes};
use integration_tests::call::Call;
use integration_tests::company::{Company, Member, PASSWORD};
use integration_tests::db::with_conn;
use integration_tests::remote::{RemotePhone, sign_in};
use integration_tests::server::TestServer;
use sync_core::doc::VisitDoc;
use sync_core::ids::VisitId;
use sync_core::merge::view;
use sync_core::protocol::{Outcome, Row};

use crate::sync::writer::Writer;

/// Pushes of one visit; then another is begun, so that a long siege makes no long document.
const PUSHES: usize = 200;

/// Pages of news at most; more of them are a defect.
const PAGES: usize = 1_000;

/// A visit that the bystander writes during the siege, with the bytes of its pushes in order.
struct Work {
    writer: Writer,
    pushed: Vec<Vec<u8>>,
}

/// An honest phone, with one visit that rests and one that is written.
pub(super) struct Bystander<'a> {
    server: &'a TestServer,
    company: Company,
    phone: RemotePhone,
    dispatcher: String,
    resting: VisitId,
    before: BTreeMap<String, Vec<u8>>,
    works: Vec<Work>,
}

impl<'a> Bystander<'a> {
    pub(super) fn begin(server: &'a TestServer, company: Company, member: Member) -> Self {
        let name = format!("bystander {} of {}", member.login, company.code);
        let phone = RemotePhone::enrol_named(server, company, member, PASSWORD, &name);
        let dispatcher = sign_in(server, company, "dispatcher", PASSWORD);
        let mut resting = Writer::new(&format!("resting visit, {name}"));
        for _ in 0..3 {
            push(&phone, server, &mut resting);
        }
        let resting = resting.doc().visit();
        let mut bystander =
            Self { server, company, phone, dispatcher, resting, before: BTreeMap::new(), works: Vec::new() };
        bystander.work();
        bystander.before = bystander.seen();
        bystander
    }

    /// The visit that an attacker would like to reach.
    pub(super) const fn resting(&self) -> VisitId {
        self.resting
    }

    /// Captures one thing and syncs it.
    pub(super) fn work(&mut self) {
        if self.works.last().is_none_or(|work| work.pushed.len() == PUSHES) {
            let name = format!("work {} of {}", self.works.len(), self.phone.device());
            self.works.push(Work { writer: Writer::new(&name), pushed: Vec::new() });
        }
        let work = self.works.last_mut().expect("a visit to write");
        work.pushed.push(push(&self.phone, self.server, &mut work.writer));
    }

    /// Everything that the siege must leave alone: all that the phone is told, but for what it writes itself, and what
    /// the office reads of the resting visit.
    fn seen(&self) -> BTreeMap<String, Vec<u8>> {
        let mut seen = BTreeMap::new();
        let mut cursor = None;
        for page in 0.. {
            assert!(page < PAGES, "the news have an end");
            let answer = self.phone.sync(self.server, &self.phone.empty_request(cursor)).expect("an answer");
            for doc in answer.docs {
                seen.insert(format!("document {}", doc.id), doc.bytes.0);
            }
            for (kind, rows) in answer.rows {
                for row in rows {
                    let Row::Put { id, version, body } = row else { panic!("{kind}: {row:?} left the phone") };
                    seen.insert(format!("{kind} {id}"), format!("{version} {body}").into_bytes());
                }
            }
            cursor = Some(answer.cursor);
            if !answer.more {
                break;
            }
        }
        seen.retain(|name, bytes| {
            let text = String::from_utf8_lossy(bytes);
            let is_own = |work: &Work| {
                let id = work.writer.doc().visit().to_string();
                name.contains(&id) || text.contains(&id)
            };
            !self.works.iter().any(is_own)
        });
        for path in ["", "/review", "/history", "/verdicts"] {
            let path = format!("/v1/visits/{}{path}", self.resting);
            let answer = self.server.send(&Call::get(&path).bearer(&self.dispatcher));
            seen.insert(path, [answer.status.to_string().as_bytes(), &answer.body].concat());
        }
        seen
    }

    /// Everything is as it was, and what was pushed meanwhile lies there byte for byte.
    pub(super) fn check(&self) -> usize {
        let (before, after) = (&self.before, self.seen());
        assert!(before.contains_key(&format!("document {}", self.resting)), "{:?}", before.keys());
        assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
        for (name, bytes) in before {
            let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            assert!(after[name] == *bytes, "{name} was {} and is {}", shown(bytes), shown(&after[name]));
        }
        with_conn(self.server.database_url(), |conn| {
            for work in &self.works {
                let (doc, org) = (work.writer.doc(), self.company.org);
                let pushes = list_doc_changes(conn, org, doc.visit()).expect("the pushes can be read");
                let stored: Vec<&[u8]> = pushes.iter().map(|push| push.bytes.as_slice()).collect();
                assert_eq!(stored, work.pushed, "every push, exactly as sent");
                let row = find_document(conn, org, doc.visit()).expect("a query").expect("the document");
                let held = VisitDoc::load(doc.visit(), &row.snapshot).expect("it loads");
                assert_eq!(held.heads(), doc.heads());
                assert_eq!(view(&held), view(doc));
            }
        });
        self.works.iter().map(|work| work.pushed.len()).sum()
    }
}

/// Pushes one more record; gives the bytes that the document was sent as.
fn push(phone: &RemotePhone, server: &TestServer, writer: &mut Writer) -> Vec<u8> {
    let request = writer.next(phone);
    let answer = phone.sync(server, &request).expect("the server lives");
    assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Stored), "{:?}", answer.acks);
    assert_eq!(answer.receipts.len(), 1, "it is held");
    request.docs[0].chunks.iter().flat_map(|chunk| chunk.0.clone()).collect()
}
