//! How a history reaches a server: through the guard, in one order or another, whole and in pieces.

use std::collections::BTreeSet;

use sync_core::bytes::Hash;
use sync_core::doc::{ChangeMeta, VisitDoc};
use sync_core::guard::{Accepted, Limits, Push, Stored, admit};

use super::history::{BY, Dice, VISIT};

/// A server with one document, behind the guard.
#[derive(Default)]
pub struct Server {
    stored: Option<Accepted>,
    /// Whether it loads what it stored for every push, as a server does that just started.
    is_cold: bool,
}

impl Server {
    /// One push; gives the dependencies that were missing: what follows them is not stored.
    fn takes(&mut self, chunks: &[Vec<u8>]) -> Vec<Hash> {
        let stored = self.stored.as_ref().map(|stored| Stored {
            snapshot: &stored.snapshot,
            loaded: (!self.is_cold).then_some(&stored.doc),
            index: &stored.index,
        });
        let push = Push {
            visit: VISIT,
            by: BY.parse().unwrap(),
            chunks,
            stored,
            may_use_actor: &|_| true,
            limits: &Limits::DEFAULT,
        };
        let admission = admit(push).unwrap();
        assert_eq!(admission.refused, None);
        self.stored = admission.accepted.or(self.stored.take());
        let has = |hash: &Hash| self.stored.as_ref().is_some_and(|stored| stored.doc.has_change(hash));
        assert!(!admission.missing.iter().any(has), "nothing is asked for that is here");
        admission.missing
    }

    /// One push that nothing is missing for.
    fn takes_all(&mut self, chunks: &[Vec<u8>]) {
        assert_eq!(self.takes(chunks), []);
    }

    fn heads(&self) -> &[Hash] {
        &self.stored.as_ref().unwrap().heads
    }

    /// The document in the end.
    pub fn doc(self) -> VisitDoc {
        self.stored.unwrap().doc
    }
}

/// Every order of up to three replicas, a random one of more.
pub fn orders(dice: &mut Dice, replicas: usize) -> Vec<Vec<usize>> {
    match replicas {
        2 => vec![vec![0, 1], vec![1, 0]],
        3 => [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]].map(Vec::from).into(),
        _ => {
            let mut order: Vec<usize> = (0..replicas).collect();
            dice.shuffle(&mut order);
            vec![order]
        }
    }
}

/// Everything arrives, replica by replica.
pub fn whole(order: &[usize], replicas: &[Vec<Vec<u8>>]) -> VisitDoc {
    let mut server = Server::default();
    order.iter().for_each(|replica| server.takes_all(&replicas[*replica]));
    server.doc()
}

/// Everything arrives in pieces, replica by replica, some of them twice and some not at all at first.
pub fn in_pieces(dice: &mut Dice, order: &[usize], replicas: &[Vec<Vec<u8>>]) -> VisitDoc {
    let mut server = Server { is_cold: true, ..Server::default() };
    for replica in order {
        let chunks = &replicas[*replica];
        // A cut somewhere; now and then the first piece is lost, and the second asks for it.
        let (first, second) = chunks.split_at(dice.below(chunks.len()));
        let is_lost = first.is_empty() || dice.once_in(4);
        if !is_lost {
            server.takes_all(first);
        }
        if !server.takes(second).is_empty() || is_lost {
            // What was missing comes with it.
            server.takes_all(chunks);
        }
        if dice.once_in(3) {
            let before = server.heads().to_vec();
            server.takes_all(chunks);
            assert_eq!(server.heads(), before, "doubles have no effect");
        }
    }
    server.doc()
}

/// Every replica brings only what it wrote itself, in pieces that come in any order and between those of the others: some
/// of them twice, some never. What the server says is missing comes later, with what had to wait for it, until nothing is.
///
/// Gives the document and how many answers said so.
pub fn scattered(dice: &mut Dice, changes: &[(ChangeMeta, &Vec<u8>)]) -> (VisitDoc, usize) {
    let bytes = |piece: &[(ChangeMeta, &Vec<u8>)]| piece.iter().map(|(_, chunk)| (*chunk).clone()).collect();
    let pieces: Vec<_> = changes.chunk_by(|(a, _), (b, _)| a.actor == b.actor && !dice.once_in(2)).collect();
    let mut coming: Vec<Vec<Vec<u8>>> = Vec::new();
    for piece in pieces {
        coming.extend(std::iter::repeat_n(bytes(piece), [0, 1, 1, 1, 2][dice.below(5)]));
    }
    // What nobody has acknowledged comes once more in the end: the last change of each.
    let by_writer = changes.chunk_by(|(a, _), (b, _)| a.actor == b.actor);
    let mut last = by_writer.map(|own| bytes(&own[own.len() - 1..])).collect();
    let (mut server, mut answers) = (Server::default(), 0);
    // Each round brings a change more, or makes one more known as missing; so does each after the last changes came.
    for _ in 0..4 * changes.len() + 4 {
        dice.shuffle(&mut coming);
        let (mut asked, mut waiting) = (BTreeSet::new(), Vec::new());
        for piece in coming {
            let missing = server.takes(&piece);
            if !missing.is_empty() {
                answers += 1;
                asked.extend(missing);
                waiting.push(piece);
            }
        }
        let named = changes.iter().filter(|(meta, _)| asked.contains(&meta.hash));
        coming = named.map(|(_, chunk)| vec![(*chunk).clone()]).chain(waiting).collect();
        if coming.is_empty() {
            coming = std::mem::take(&mut last);
        }
        if coming.is_empty() {
            return (server.doc(), answers);
        }
    }
    panic!("what is missing has no end")
}

/// Every change of some replicas once, by writer and number.
pub fn changes<'a>(docs: &[VisitDoc], replicas: &'a [Vec<Vec<u8>>]) -> Vec<(ChangeMeta, &'a Vec<u8>)> {
    let of_one = |(doc, chunks): (&VisitDoc, &'a Vec<Vec<u8>>)| doc.change_metas().into_iter().zip(chunks);
    let mut all: Vec<_> = docs.iter().zip(replicas).flat_map(of_one).collect();
    all.sort_by_key(|(meta, _)| (meta.actor, meta.seq));
    all.dedup_by_key(|(meta, _)| meta.hash);
    all
}
