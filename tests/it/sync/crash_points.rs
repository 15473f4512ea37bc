//! The server killed at one system call after another of a push and of an upload: what was acknowledged is there, the
//! rest can be sent again, and nothing takes effect twice.
//!
//! A short run leaves calls out, others each time; `DOORSTEP_CRASH_SEED` plays the one again whose seed a run tells.

use std::cell::Cell;
use std::collections::BTreeMap;

use integration_tests::call::{Answer, Call};
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::db::{Engine, check_integrity, count, with_conn};
use integration_tests::drawn::seed;
use integration_tests::effort;
use integration_tests::faults::Seed;
use integration_tests::remote::RemotePhone;
use integration_tests::server::{TestServer, send};
use integration_tests::told::tell;
use integration_tests::trap::{ANSWER, DURABLE, TALK, Trap};
use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::doc::Map;
use sync_core::protocol::{Outcome, SyncRequest};

use super::writer::Writer;
use crate::uploads::{append, base64, creation, location, number};

/// Calls after which a path must have come to its end.
const LONGEST_PATH: usize = 10_000;

/// The sweep over the push of an edit and of a form: a document that is stored already, and proof that never changes.
const SIGNED: &str = "signed edit";

/// Tries at one call that came off without it: then the path has come to its end. One alone says little, for the calls are
/// counted for each thread, and the work is not always done by the same one.
const QUIET: usize = 3;

/// The call after this one at which the server is killed: each, or ever fewer where not all are asked for.
fn next_call(nth: usize, seed: &mut Seed) -> usize {
    let most = u64::try_from(2 * nth + 1).expect("few");
    let left_out = if effort::is_long() { 0 } else { seed.of(&(0..most)) };
    nth + 1 + usize::try_from(left_out).expect("few")
}

/// What a visit with one photo, pushed and uploaded, comes to one row of.
const TABLES: [&str; 5] = ["documents", "intents", "visits", "visit_photos", "blobs"];

/// A visit that is sent, and sent again.
struct Sent {
    /// What makes the visit, and an edit with a signed form where there is one.
    pushes: Vec<SyncRequest>,
    photo: Vec<u8>,
}

/// What a path came to.
#[derive(Debug, Default)]
struct Counted {
    points: usize,
    /// Killed before anything of it was durable.
    stored_again: usize,
    /// Killed after it was durable, before it was acknowledged.
    were_stored: usize,
    /// The last call at which the server was killed.
    calls: usize,
}

struct Bench {
    server: TestServer,
    phone: RemotePhone,
    calls: &'static str,
    acknowledged: Vec<Sent>,
    next: usize,
    seed: Seed,
    /// How far the newest photo has come, as the server told.
    told: Cell<usize>,
}

impl Bench {
    fn new() -> Self {
        let seed = Seed::new(seed("DOORSTEP_CRASH_SEED"));
        // The clock stands still, and one phone sends all of it.
        let server = TestServer::configured(&json!({"limits": {
            "sync_per_minute": 60_000, "sync_burst": 60_000, "user_per_minute": 60_000, "tenant_per_minute": 60_000,
        }}));
        let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
        // PostgreSQL makes things durable in processes of its own, which are left alone.
        let calls = match Engine::chosen() {
            Engine::Sqlite => DURABLE,
            Engine::Postgres => TALK,
        };
        Self { server, phone, calls, acknowledged: Vec::new(), next: 0, seed, told: Cell::new(0) }
    }

    /// A new visit with a photo, made at the door, and an edit of it that comes with what the customer signed.
    fn draw(&mut self, is_signed: bool) -> Sent {
        self.next += 1;
        self.told.set(0);
        let name = format!("point {}", self.next);
        let photo = format!("photo of {name}").into_bytes();
        let mut writer = Writer::new(&name);
        let record = json!({"slot": "ont_stb", "sha256": Hash::of(&photo), "bytes": photo.len(),
            "media_type": "image/jpeg", "taken_at": RemotePhone::stamp(), "source": "camera", "by": self.phone.user()});
        writer.put(Map::Photos, &RemotePhone::intent(&format!("photo of {name}")).to_string(), &record);
        let mut pushes = vec![writer.next(&self.phone)];
        if is_signed {
            let statement = self.phone.sign_form(writer.doc(), &name).statement;
            let named =
                json!({"kind": "construction_confirmation", "at": RemotePhone::stamp(), "by": self.phone.user()});
            writer.put(Map::Statements, &statement.digest().to_string(), &named);
            let edit = writer.next(&self.phone);
            pushes.push(self.phone.sealed(SyncRequest { statements: vec![statement], ..edit }));
        }
        Sent { pushes, photo }
    }

    /// Pushes what came last; the one outcome of all items, or nothing if the server died.
    fn push(&self, sent: &Sent) -> Option<Outcome> {
        self.push_one(sent.pushes.last().expect("a push"))
    }

    fn push_one(&self, request: &SyncRequest) -> Option<Outcome> {
        let answer = self.phone.sync_at(self.server.url(), request)?;
        let outcomes: Vec<Outcome> = answer.acks.iter().map(|ack| ack.outcome).collect();
        assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]), "all of it or nothing: {:?}", answer.acks);
        assert_eq!(answer.receipts.len(), 1, "what is acknowledged is held");
        Some(outcomes[0])
    }

    /// Uploads; the receipt, or nothing if the server died.
    fn upload(&self, sent: &Sent) -> Option<String> {
        let call = Call::new("PUT", format!("/v1/blobs/{}", Hash::of(&sent.photo)));
        let call = call.bearer(self.phone.access()).bytes("application/octet-stream", sent.photo.clone());
        let answer = send(self.server.url(), &call).ok()?.expect(200);
        Some(answer["receipt"].as_str().expect("a receipt").to_owned())
    }

    /// Uploads in two parts from where the upload stopped; the receipt, or nothing if the server died.
    fn resume(&self, sent: &Sent) -> Option<String> {
        let (whole, sha256) = (&sent.photo, base64(Hash::of(&sent.photo).to_string()));
        let metadata = format!("sha256 {sha256}");
        let mut answer = self.ask(creation(whole.len()).header("upload-metadata", metadata))?;
        let path = location(&answer);
        loop {
            let offset = number(&answer, "upload-offset").expect("an offset");
            let told = self.told.replace(offset);
            assert!(offset >= told, "{told} was told, not {offset}");
            if let Some(receipt) = answer.header("doorstep-receipt") {
                return Some(receipt.to_owned());
            }
            let end = if offset < whole.len() / 2 { whole.len() / 2 } else { whole.len() };
            answer = self.ask(append(&path, offset, &whole[offset..end]))?;
            assert_eq!(answer.status, 204, "{}", answer.text());
        }
    }

    /// Asks something of uploads; nothing if the server died.
    fn ask(&self, call: Call) -> Option<Answer> {
        send(self.server.url(), &call.bearer(self.phone.access())).ok()
    }

    fn lives(&self) -> bool {
        send(self.server.url(), &Call::get("/healthz")).is_ok()
    }

    /// Kills the server at one call after another of what is done to a new visit, until there is no such call any more;
    /// after each point it is all sent again.
    fn sweep(&mut self, what: &str, before: impl Fn(&Self, &Sent), does: impl Fn(&Self, &Sent) -> bool) -> Counted {
        let (mut counted, mut quiet, mut next) = (Counted::default(), 0, 1);
        while next < LONGEST_PATH {
            let nth = next;
            next = next_call(nth, &mut self.seed);
            let sent = self.draw(what == SIGNED);
            before(self, &sent);
            let trap = Trap::set(self.server.process_id(), self.calls, nth);
            let is_answered = does(self, &sent);
            drop(trap);
            // What goes on behind an answer may have made the call.
            if is_answered && self.lives() {
                self.settle(sent);
                quiet += 1;
                if quiet == QUIET {
                    assert!(counted.points > 0, "{what}: no call was met");
                    return counted;
                }
                // It may be another thread's the next time.
                next = nth;
                continue;
            }
            quiet = 0;
            counted.points += 1;
            counted.calls = nth;
            self.server.kill();
            self.server.restart();
            match self.push(&sent) {
                Some(Outcome::Stored) if !is_answered => counted.stored_again += 1,
                Some(Outcome::Duplicate) => counted.were_stored += 1,
                other => panic!("{what}, call {nth}: {other:?}; the log:\n{}", self.server.log()),
            }
            self.settle(sent);
        }
        panic!("{what}: no end after {LONGEST_PATH} calls");
    }

    /// Sends all of it once more, and once more: from now on it counts as acknowledged, and has one effect.
    fn settle(&mut self, sent: Sent) {
        if self.told.get() > 0 {
            self.resume(&sent).expect("the server lives");
        }
        self.upload(&sent).expect("the server lives");
        assert_eq!(self.push(&sent), Some(Outcome::Duplicate));
        self.acknowledged.push(sent);
        let number = |count: usize| i64::try_from(count).expect("few");
        let pushes = || self.acknowledged.iter().flat_map(|sent| &sent.pushes);
        let mut expected = BTreeMap::from(TABLES.map(|table| (table, number(self.acknowledged.len()))));
        expected.insert("doc_changes", number(pushes().count()));
        expected.insert("statements", number(pushes().map(|push| push.statements.len()).sum()));
        let tables: Vec<&'static str> = expected.keys().copied().collect();
        assert_eq!(count(self.server.database_url(), &tables), expected);
    }

    /// Everything that was ever acknowledged is here, and the database is whole.
    fn finish(mut self, counted: &[(&str, Counted)]) {
        for sent in &self.acknowledged {
            for push in &sent.pushes {
                assert_eq!(self.push_one(push), Some(Outcome::Duplicate));
            }
            let name = Hash::of(&sent.photo).to_string();
            let blobs = self.server.directory().join("data/blobs/o").join(YUNZE.org.to_string()).join("sha256");
            let file = blobs.join(&name[..2]).join(&name[2..4]).join(&name);
            assert_eq!(std::fs::read(file).expect("the blob"), sent.photo);
        }
        self.server.kill();
        with_conn(self.server.database_url(), check_integrity);
        let verified = self.server.run(&["verify"]);
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
        for (what, Counted { points, stored_again, were_stored, calls }) in counted {
            tell(format_args!(
                "{what}: {points} points over {calls} calls; {stored_again} times nothing was durable and all was \
                 stored again, {were_stored} times all was durable; 0 lost, 0 double"
            ));
        }
        tell(format_args!(
            "{} acknowledged visits and photos, all there; the database is whole",
            self.acknowledged.len()
        ));
    }
}

#[test]
fn a_server_killed_at_any_call_of_a_push_or_an_upload_loses_and_repeats_nothing() {
    let mut bench = Bench::new();
    let push = bench.sweep("push", |_, _| (), |bench, sent| bench.push(sent).is_some());
    assert!(push.stored_again > 0, "before the commit: {push:?}");
    let pushed = |bench: &Bench, sent: &Sent| assert_eq!(bench.push(sent), Some(Outcome::Stored));
    let upload = bench.sweep("upload", pushed, |bench, sent| bench.upload(sent).is_some());
    assert_eq!(upload.stored_again, 0, "what was acknowledged is not lost: {upload:?}");
    let resumed = bench.sweep("tus", pushed, |bench, sent| bench.resume(sent).is_some());
    assert_eq!(resumed.stored_again, 0, "what was acknowledged is not lost: {resumed:?}");
    let begun = |bench: &Bench, sent: &Sent| assert_eq!(bench.push_one(&sent.pushes[0]), Some(Outcome::Stored));
    let signed = bench.sweep(SIGNED, begun, |bench, sent| bench.push(sent).is_some());
    assert!(signed.stored_again > 0, "before the commit: {signed:?}");
    let mut counted = vec![("push", push), ("upload", upload), ("tus", resumed), (SIGNED, signed)];
    if Engine::chosen() == Engine::Sqlite {
        // Durable, but nobody was told.
        bench.calls = ANSWER;
        let answer = bench.sweep("answer", |_, _| (), |bench, sent| bench.push(sent).is_some());
        assert!(answer.were_stored > 0 && answer.stored_again == 0, "after the commit: {answer:?}");
        counted.push(("answer", answer));
    }
    bench.finish(&counted);
}
