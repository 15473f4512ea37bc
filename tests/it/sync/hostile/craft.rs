//! Makes changes that no honest phone would.

use automerge::transaction::{CommitOptions, Transactable as _, Transaction};
use automerge::{ActorId, Automerge, Change, ChangeHash, ExpandedChange, ObjId, ObjType, ReadDoc as _};
use serde_json::json;
use sync_core::bytes::{Actor, Hash};
use sync_core::doc::{Map, VisitDoc};
use sync_core::ids::VisitId;

/// The change that a transaction of Automerge itself makes on a document, without our helpers.
pub fn raw_change(doc: &VisitDoc, actor: Actor, write: impl FnOnce(&mut Transaction<'_>)) -> Change {
    let mut raw = Automerge::load(&doc.save()).expect("a document").with_actor(ActorId::from(&actor.0[..]));
    let mut transaction = raw.transaction();
    write(&mut transaction);
    let (hash, _) = transaction.commit_with(CommitOptions::default().with_time(0));
    raw.get_change_by_hash(&hash.expect("a change")).expect("a change")
}

/// Puts a text under a key of a root map.
pub fn put(transaction: &mut Transaction<'_>, visit: VisitId, map: Map, key: &str, text: &str) {
    transaction.put(object(visit, map), key, text).expect("put");
}

/// An honest tick.
pub fn tick(doc: &VisitDoc, actor: Actor, key: &str) -> Change {
    let record = json!({"done": true}).to_string();
    raw_change(doc, actor, |transaction| put(transaction, doc.visit(), Map::Ticks, key, &record))
}

/// A change that nests maps.
pub fn nested(doc: &VisitDoc, actor: Actor, depth: usize) -> Vec<u8> {
    let change = raw_change(doc, actor, |transaction| {
        let mut object = object(doc.visit(), Map::Ticks);
        for _ in 0..depth {
            object = transaction.put_object(&object, "m", ObjType::Map).expect("a map");
        }
    });
    change.raw_bytes().to_vec()
}

/// A change that no visit may have, with good work beside the nested map: a reading and a line of the notes.
pub fn mixed(doc: &VisitDoc, actor: Actor, key: &str, reading: &str, note: &str) -> Vec<u8> {
    let visit = doc.visit();
    let change = raw_change(doc, actor, |transaction| {
        put(transaction, visit, Map::Measures, key, reading);
        transaction.put_object(object(visit, Map::Ticks), "nested", ObjType::Map).expect("a map");
        transaction.splice_text(notes(visit), 0, 0, note).expect("a text");
    });
    change.raw_bytes().to_vec()
}

/// The same change with something altered, hash and checksum right.
pub fn altered(change: &Change, alter: impl FnOnce(&mut ExpandedChange)) -> Vec<u8> {
    let mut expanded = change.decode();
    expanded.hash = None;
    alter(&mut expanded);
    Change::from(expanded).raw_bytes().to_vec()
}

/// The same change behind another one of its writer.
pub fn after(change: &Change, previous: &[u8]) -> Vec<u8> {
    altered(change, |change| {
        change.seq += 1;
        change.start_op = (change.start_op.get() + 20).try_into().expect("a counter");
        change.deps = vec![ChangeHash(hash_of(previous).0)];
    })
}

/// Changes that follow a change which is not among them.
pub fn chain_after(root: &Change, len: usize) -> Vec<Vec<u8>> {
    let mut previous = root.clone();
    let mut chunks = Vec::with_capacity(len);
    for _ in 0..len {
        let next = altered(&previous, |change| {
            change.deps = vec![previous.hash()];
            change.seq += 1;
            change.start_op = (change.start_op.get() + 1).try_into().expect("a counter");
        });
        previous = Change::from_bytes(next.clone()).expect("a change");
        chunks.push(next);
    }
    chunks
}

fn notes(visit: VisitId) -> ObjId {
    ObjId::Id(16, ActorId::from(&visit.as_bytes()[..]), 0)
}

/// The object of a root map.
pub fn object(visit: VisitId, map: Map) -> ObjId {
    let position = Map::ALL.iter().position(|other| *other == map).expect("a root map") + 1;
    ObjId::Id(u64::try_from(position).expect("small"), ActorId::from(&visit.as_bytes()[..]), 0)
}

/// The hash of a change chunk: of everything behind magic and checksum.
pub fn hash_of(chunk: &[u8]) -> Hash {
    Hash::of(&chunk[8..])
}

/// The change of a chunk.
pub fn change_of(chunk: Vec<u8>) -> Change {
    Change::from_bytes(chunk).expect("a change")
}

/// Puts a chunk header with a right checksum before a body.
pub fn chunk(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut hashed = vec![kind];
    uleb(&mut hashed, body.len());
    hashed.extend(body);
    [[0x85, 0x6f, 0x4a, 0x83].as_slice(), &Hash::of(&hashed).0[..4], &hashed].concat()
}

/// A change of hand-made columns that follows the document's only writer as an honest one would.
pub fn change_of_columns(doc: &VisitDoc, actor: Actor, columns: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let metas = doc.change_metas();
    let last = metas.last().expect("a change");
    let mut body = [[1].as_slice(), &last.hash.0, &[16], &actor.0].concat();
    uleb(&mut body, usize::try_from(last.seq + 1).expect("small"));
    uleb(&mut body, usize::try_from(last.max_op + 1).expect("small"));
    body.extend([0, 0, 1, 16]);
    body.extend(doc.visit().as_bytes());
    body.push(u8::try_from(columns.len()).expect("few"));
    for (specification, data) in columns {
        uleb(&mut body, usize::from(*specification));
        uleb(&mut body, data.len());
    }
    columns.iter().for_each(|(_, data)| body.extend(data));
    chunk(1, &body)
}

/// A list under a root map that is said to hold so many nulls, run-length coded.
pub fn list_of_nulls(doc: &VisitDoc, actor: Actor, len: usize) -> Vec<u8> {
    let mut inserts = vec![0];
    uleb(&mut inserts, len);
    let columns = [(0x01, 1), (0x02, 16), (0x13, 0), (0x42, 1), (0x56, 6), (0x70, 0)];
    let mut columns: Vec<(u8, Vec<u8>)> = columns.map(|(specification, value)| (specification, run(len, value))).into();
    columns.insert(3, (0x34, inserts));
    change_of_columns(doc, actor, &columns)
}

/// A run of one value in a column of unsigned numbers.
fn run(mut len: usize, value: u8) -> Vec<u8> {
    let mut data = Vec::new();
    while len >= 0x40 {
        data.push(u8::try_from(len & 0x7f).expect("seven bits") | 0x80);
        len >>= 7;
    }
    data.extend([u8::try_from(len).expect("six bits"), value]);
    data
}

fn uleb(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).expect("seven bits") | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).expect("seven bits"));
}

/// A deflate stream of that many zero bytes at least: one literal, then copies of 258.
pub fn zeros_deflated(len: usize) -> Vec<u8> {
    let mut bits: Vec<bool> = vec![true, true, false]; // last block, fixed Huffman codes
    bits.extend([false, false, true, true, false, false, false, false]); // literal 0
    for _ in 0..len.div_ceil(258) {
        bits.extend([true, true, false, false, false, true, false, true]); // length 258
        bits.extend([false; 5]); // distance 1
    }
    bits.extend([false; 7]); // end
    bits.chunks(8).map(|byte| byte.iter().enumerate().fold(0, |sum, (at, bit)| sum | u8::from(*bit) << at)).collect()
}
