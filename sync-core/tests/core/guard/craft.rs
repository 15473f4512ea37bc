//! Builds honest visits and hostile bytes.

use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{ActorId, Automerge, Change, ExpandedChange, ObjId, ReadDoc};
use serde_json::json;
use sync_core::bytes::{Actor, Hash};
use sync_core::doc::genesis::genesis;
use sync_core::doc::{Map, VisitDoc};
use sync_core::guard::{Accepted, Admission, ChangeIndex, Limits, Push, RefusalCode, Stored, admit};
use sync_core::ids::{UserId, VisitId};

pub const VISIT: VisitId = VisitId::from_bytes([0x42; 16]);
pub const BY: UserId = UserId::from_bytes([0x07; 16]);
pub const ME: Actor = Actor([0x11; 16]);
pub const OTHER: Actor = Actor([0x22; 16]);

/// What the server holds.
#[derive(Clone)]
pub struct Server {
    pub snapshot: Vec<u8>,
    pub index: ChangeIndex,
}

impl Server {
    pub fn of(doc: &VisitDoc) -> Self {
        Self { snapshot: doc.save(), index: ChangeIndex::of(doc) }
    }

    pub fn push(&self, chunks: &[Vec<u8>]) -> Admission {
        self.push_as(chunks, &|_| true)
    }

    pub fn push_as(&self, chunks: &[Vec<u8>], may_use_actor: &dyn Fn(&Actor) -> bool) -> Admission {
        let stored = Some(Stored { snapshot: &self.snapshot, loaded: None, index: &self.index });
        admit(Push { visit: VISIT, by: BY, chunks, stored, may_use_actor, limits: &Limits::DEFAULT }).unwrap()
    }

    /// Pushes and expects the whole push to be refused, with the stored document fine afterwards.
    #[track_caller]
    pub fn refuses(&self, chunk: &[u8], code: RefusalCode) {
        let (snapshot, heads) = (self.snapshot.clone(), VisitDoc::load(VISIT, &self.snapshot).unwrap().heads());
        let admission = self.push(&[chunk.to_vec()]);
        let refused = admission.refused.expect("the push is refused");
        assert_eq!(refused.code, code);
        assert_eq!(refused.chunks, [chunk], "quarantine keeps the exact bytes");
        assert!(admission.accepted.is_none() && admission.missing.is_empty() && admission.duplicates == 0);
        assert_eq!(self.snapshot, snapshot);
        assert_eq!(VisitDoc::load(VISIT, &self.snapshot).unwrap().heads(), heads);
    }

    #[track_caller]
    pub fn accepts(&self, chunks: &[Vec<u8>]) -> Accepted {
        let admission = self.push(chunks);
        assert_eq!(admission.refused, None);
        assert_eq!(admission.missing, []);
        check_accepted(admission.accepted.expect("the push is accepted"))
    }
}

/// What holds for every accepted push.
pub fn check_accepted(accepted: Accepted) -> Accepted {
    let reloaded = VisitDoc::load(VISIT, &accepted.snapshot).unwrap();
    assert_eq!(reloaded.heads(), accepted.heads);
    assert_eq!(accepted.doc.heads(), accepted.heads);
    assert_eq!(ChangeIndex::of(&reloaded), accepted.index);
    accepted
}

/// Pushes to a server that does not know the document.
pub fn first_push(chunks: &[Vec<u8>]) -> Admission {
    let push = Push { visit: VISIT, by: BY, chunks, stored: None, may_use_actor: &|_| true, limits: &Limits::DEFAULT };
    admit(push).unwrap()
}

/// A small believable visit of one writer.
pub fn visit() -> VisitDoc {
    let mut doc = VisitDoc::create(VISIT).unwrap();
    doc.edit(ME, |edit| edit.put(Map::Photos, "photo-1", &json!({"slot": "optical_box", "by": BY}))).unwrap();
    doc.edit(ME, |edit| edit.put(Map::Ticks, "step/a", &json!({"done": true, "by": BY}))).unwrap();
    doc.edit(ME, |edit| edit.put(Map::Ticks, "step/b", &json!({"done": false, "by": BY}))).unwrap();
    doc.edit(ME, |edit| edit.set_notes("到店后与张经理沟通")).unwrap();
    doc
}

/// The change that a transaction of Automerge itself makes on the visit, without our helpers.
pub fn raw_change(doc: &VisitDoc, actor: Actor, write: impl FnOnce(&mut Transaction<'_>)) -> Change {
    let mut raw = Automerge::load(&doc.save()).unwrap().with_actor(ActorId::from(&actor.0[..]));
    let mut transaction = raw.transaction();
    write(&mut transaction);
    let (hash, _) = transaction.commit_with(CommitOptions::default().with_time(0));
    raw.get_change_by_hash(&hash.unwrap()).unwrap()
}

/// An honest change of this writer: one more tick.
pub fn tick(doc: &VisitDoc, actor: Actor, key: &str) -> Change {
    let json = json!({"done": true, "by": BY}).to_string();
    raw_change(doc, actor, |transaction| transaction.put(map(Map::Ticks), key, json).unwrap())
}

/// The same change with something altered, hash and checksum right.
pub fn altered(change: &Change, alter: impl FnOnce(&mut ExpandedChange)) -> Vec<u8> {
    let mut expanded = change.decode();
    expanded.hash = None;
    alter(&mut expanded);
    Change::from(expanded).raw_bytes().to_vec()
}

/// The object of a root map.
pub fn map(map: Map) -> ObjId {
    object(Map::ALL.iter().position(|other| *other == map).unwrap() + 1)
}

/// The object of the notes.
pub fn notes() -> ObjId {
    object(16)
}

fn object(counter: usize) -> ObjId {
    ObjId::Id(u64::try_from(counter).unwrap(), ActorId::from(&VISIT.as_bytes()[..]), 0)
}

/// Puts a chunk header with the right checksum before a body; for type 2 over the inflated body.
pub fn chunk(kind: u8, body: &[u8], hashed_kind: u8, hashed_body: &[u8]) -> Vec<u8> {
    let mut hashed = vec![hashed_kind];
    uleb(&mut hashed, hashed_body.len());
    hashed.extend(hashed_body);
    let hash = Hash::of(&hashed);
    let mut bytes = vec![0x85, 0x6f, 0x4a, 0x83];
    bytes.extend(&hash.0[..4]);
    bytes.push(kind);
    uleb(&mut bytes, body.len());
    bytes.extend(body);
    bytes
}

/// A change chunk from hand-made columns, following the visit's heads as an honest change would.
pub fn change_of_columns(doc: &VisitDoc, columns: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let metas = doc.change_metas();
    let last = metas.last().unwrap();
    let mut body = vec![1];
    body.extend(last.hash.0);
    body.push(16);
    body.extend(ME.0);
    uleb(&mut body, usize::try_from(last.seq + 1).unwrap());
    uleb(&mut body, usize::try_from(last.max_op + 1).unwrap());
    body.extend([0, 0, 1, 16]);
    body.extend(VISIT.as_bytes());
    body.push(u8::try_from(columns.len()).unwrap());
    for (specification, data) in columns {
        uleb(&mut body, usize::from(*specification));
        uleb(&mut body, data.len());
    }
    columns.iter().for_each(|(_, data)| body.extend(data));
    chunk(1, &body, 1, &body)
}

/// A run of one value in a column of unsigned numbers.
pub fn run(len: usize, value: u8) -> Vec<u8> {
    let mut data = Vec::new();
    sleb(&mut data, len);
    data.push(value);
    data
}

pub fn uleb(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap());
}

fn sleb(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x40 {
        out.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap());
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

pub fn genesis_chunk() -> Vec<u8> {
    genesis(VISIT).bytes
}
