//! The visits of the workload as files for the drivers of the peers: the same documents for everybody.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;

use serde_json::{Map, Value, json};
use sync_core::ids::{UserId, VisitId};
use sync_core::merge;

use crate::job::Size;
use crate::workload;

/// When the visits were worked on: 2025-03-04, 09:52 in Shanghai. Fixtures are the same in every run.
const AT_MS: i64 = 1_741_053_120_000;

/// Writes `visits.bin`, documents each preceded by its length (four bytes, little endian), and `visits.json`, what
/// they say, for peers without history.
pub fn write(directory: &Path, visits: usize) {
    fs::create_dir_all(directory).expect("a directory for the fixtures");
    let mut documents = BufWriter::new(File::create(directory.join("visits.bin")).expect("a file"));
    let mut contents = Vec::with_capacity(visits);
    let template = workload::template();
    let by = UserId(workload::id("rep", "fixtures", AT_MS));
    let mut bytes = 0;
    for number in 0..visits {
        let id = VisitId(workload::id("visit", &format!("{number} of fixtures"), AT_MS));
        let doc = workload::visit(id, by, &template, AT_MS, Size::Full);
        let saved = doc.save();
        bytes += saved.len();
        documents.write_all(&u32::try_from(saved.len()).expect("a small document").to_le_bytes()).expect("written");
        documents.write_all(&saved).expect("written");
        contents.push(content(id, &doc));
    }
    documents.flush().expect("written");
    fs::write(directory.join("visits.json"), serde_json::to_vec(&contents).unwrap()).expect("written");
    println!("{}", json!({"visits": visits, "document_bytes": bytes}));
}

/// The records of a visit without its history.
fn content(id: VisitId, doc: &sync_core::doc::VisitDoc) -> Value {
    let Value::Object(view) = serde_json::to_value(merge::view(doc)).unwrap() else { panic!("a view is an object") };
    let mut content = Map::new();
    content.insert("visit_id".to_owned(), id.to_string().into());
    let kept = ["pins", "timeline", "ticks", "measures", "answers", "photos", "notes"];
    content.extend(view.into_iter().filter(|(key, _)| kept.contains(&key.as_str())));
    Value::Object(content)
}
