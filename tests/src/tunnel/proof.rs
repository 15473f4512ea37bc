//! What is at the server in the evening, held against what every phone captured.

use std::collections::BTreeSet;
use std::fs;

use doorstep_store::documents::find_heads;
use doorstep_store::projections::list_photos;
use doorstep_store::{Conn, StoreResult};
use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::ids::{IntentId, VisitId};

use super::Time;
use super::rep::{Captured, Rep};
use super::visit::SLOTS;
use crate::company::YUNZE;
use crate::db::{check_integrity, count, number, with_conn};
use crate::server::TestServer;

/// Everything is here, exactly once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// Visits with all their changes.
    pub visits: usize,
    /// Photos whose bytes are those that were taken.
    pub photos: usize,
    /// Signed forms.
    pub statements: usize,
    /// Intents.
    pub intents: usize,
    /// Blobs: photos, openings and ink.
    pub blobs: usize,
    /// Bytes of all of it, each once: changes, blobs, statements, intents.
    pub unique_bytes: u64,
}

impl Proof {
    /// Holds the server against the phones.
    ///
    /// # Panics
    /// At the first difference.
    pub(super) fn of(server: &TestServer, reps: &mut [Rep], clock: &Time) -> Self {
        let url = server.database_url();
        let mut proof =
            Self { visits: 0, photos: 0, statements: 0, intents: 0, blobs: 0, unique_bytes: unique_bytes(url) };
        for rep in reps.iter() {
            let status = rep.does(clock, &["status"]);
            assert_eq!(status["outstanding"]["total"], 0, "{status}");
            assert_eq!(status["troubles"], json!([]), "{status}");
            let intents = status["intents"].as_array().expect("intents");
            assert!(intents.iter().all(|intent| intent["result"] == "accepted"), "{status}");
            let ids = intents.iter().map(|intent| intent["id"].as_str().expect("an id").parse::<IntentId>());
            proof.intents += ids.collect::<Result<BTreeSet<_>, _>>().expect("ids").len();
            for visit in &rep.visits {
                proof.add(rep, visit, url, clock);
            }
        }
        proof.blobs = check_files(server);
        let rows = count(url, &["documents", "visit_photos", "statements", "intents", "blobs", "quarantine"]);
        let expected = [proof.visits, proof.photos, proof.statements, proof.intents, proof.blobs, 0];
        let found = ["documents", "visit_photos", "statements", "intents", "blobs", "quarantine"].map(|one| rows[one]);
        assert_eq!(found.map(|rows| usize::try_from(rows).expect("not negative")), expected, "nothing twice");
        assert_eq!(number(url, "SELECT count(*) AS count FROM visits WHERE origin = 'device'"), rows["documents"]);
        let complete = "SELECT count(*) AS count FROM visits WHERE state = 'under_review'";
        assert_eq!(number(url, complete), rows["documents"], "all evidence is complete");
        with_conn(url, check_integrity);
        proof
    }

    fn add(&mut self, rep: &Rep, visit: &Captured, url: &str, clock: &Time) {
        let shown = rep.does(clock, &["show", &visit.id]);
        let id: VisitId = visit.id.parse().expect("the id of a visit");
        let (heads, photos) = with_conn(url, |conn| stored(conn, id)).unwrap_or_else(|error| panic!("{id}: {error}"));
        assert_eq!(json!(heads), shown["heads"], "{id}: phone and server have the same history");
        assert_eq!(photos, visit.photos, "{id}: the photos that were taken, each once");
        assert_eq!((photos.len(), shown["conflicts"].clone()), (SLOTS.len(), json!([])));
        let statements = shown["statements"].as_array().expect("statements").len();
        assert_eq!(statements, 1, "{id}: {shown}");
        self.visits += 1;
        self.photos += photos.len();
        self.statements += statements;
    }
}

fn stored(conn: &mut Conn, visit: VisitId) -> StoreResult<(Vec<Hash>, Vec<Hash>)> {
    let heads = find_heads(conn, YUNZE.org, visit)?.unwrap_or_default();
    let photos = list_photos(conn, YUNZE.org, visit)?;
    Ok((heads, photos.iter().map(|photo| photo.sha256.0).collect()))
}

/// Hashes every file of the blob storage; tells how many there are.
fn check_files(server: &TestServer) -> usize {
    let root = server.directory().join("data/blobs/o").join(YUNZE.org.to_string()).join("sha256");
    let folders = |path| fs::read_dir(path).expect("a folder of blobs").map(|entry| entry.expect("an entry").path());
    let files = folders(root).flat_map(folders).flat_map(folders);
    files
        .map(|file| {
            let name = file.file_name().expect("a name").to_string_lossy().into_owned();
            assert_eq!(Hash::of(&fs::read(&file).expect("a blob")).to_string(), name);
        })
        .count()
}

fn unique_bytes(url: &str) -> u64 {
    let sums = [
        ("length(bytes)", "doc_changes"),
        ("bytes", "blobs"),
        ("length(body) + length(seal)", "statements"),
        ("length(bytes)", "intents"),
    ];
    let sums = sums.map(|(size, table)| {
        number(url, &format!("SELECT CAST(COALESCE(SUM({size}), 0) AS BIGINT) AS count FROM {table}"))
    });
    sums.iter().map(|bytes| u64::try_from(*bytes).expect("not negative")).sum()
}
