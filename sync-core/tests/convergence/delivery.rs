//! How a history reaches a server: through the guard, in one order or another, whole and in pieces.

use std::collections::{BTreeSet, HashMap};

use sync_core::bytes::Hash;
use sync_core::doc::{ChangeMeta, VisitDoc};
use sync_core::guard::{Accepted, Admission, Limits, Push, Stored, admit};
use sync_core::plan::LateWorkRow;

use super::history::{BY, Dice, VISIT};
use super::late::Lost;

/// Judges a push; whatever a replica brings is taken or waits for what is missing.
fn push(chunks: &[Vec<u8>], stored: Option<Stored<'_>>) -> Admission {
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
    admission
}

/// A server with one document, behind the guard.
pub struct Server<'a> {
    stored: Option<Accepted>,
    /// Whether it loads what it stored for every push, as a server does that just started.
    is_cold: bool,
    lost: &'a Lost,
    late: Vec<LateWorkRow>,
}

impl<'a> Server<'a> {
    const fn new(lost: &'a Lost, is_cold: bool) -> Self {
        Self { stored: None, is_cold, lost, late: Vec::new() }
    }

    /// One push; gives the dependencies that were missing: what follows them is not stored.
    fn takes(&mut self, chunks: &[Vec<u8>]) -> Vec<Hash> {
        let stored = self.stored.as_ref().map(|stored| Stored {
            snapshot: &stored.snapshot,
            loaded: (!self.is_cold).then_some(&stored.doc),
            index: &stored.index,
        });
        let admission = push(chunks, stored);
        if let Some(accepted) = &admission.accepted {
            self.lost.note(&accepted.changes, &mut self.late);
        }
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

    /// The document in the end, and what the server noted as late.
    fn end(self) -> (VisitDoc, Vec<LateWorkRow>) {
        (self.stored.unwrap().doc, self.late)
    }
}

/// Documents in the end, and what those who hold them know of late work.
pub struct Ends {
    /// All of them.
    pub docs: Vec<VisitDoc>,
    /// Place of a document, and what its holder knows; only of histories with late work.
    pub late: Vec<(usize, Vec<LateWorkRow>)>,
}

impl Ends {
    /// One more.
    pub fn push(&mut self, (doc, late): (VisitDoc, Vec<LateWorkRow>)) {
        if !late.is_empty() {
            self.late.push((self.docs.len(), late));
        }
        self.docs.push(doc);
    }
}

/// The orders in which replicas are brought whole: all of two and three; of four all 24 in one of four histories, of five
/// all 120 in one of sixteen; of the others one at random.
pub fn orders(dice: &mut Dice, replicas: usize) -> Vec<Vec<usize>> {
    let plays_all = match replicas {
        ..=3 => true,
        4 => dice.once_in(4),
        _ => dice.once_in(16),
    };
    let mut order: Vec<usize> = (0..replicas).collect();
    if plays_all {
        return permutations(&order);
    }
    dice.shuffle(&mut order);
    vec![order]
}

/// Every order of some replicas.
fn permutations(of: &[usize]) -> Vec<Vec<usize>> {
    if of.is_empty() {
        return vec![Vec::new()];
    }
    let beginning_with = |first: &usize| {
        let rest: Vec<usize> = of.iter().copied().filter(|one| one != first).collect();
        permutations(&rest).into_iter().map(|order| [vec![*first], order].concat()).collect::<Vec<_>>()
    };
    of.iter().flat_map(beginning_with).collect()
}

/// What a push does to a server.
struct Step {
    /// The server after it, by its place.
    to: usize,
    /// What was new to it.
    brought: Vec<ChangeMeta>,
}

/// Everything arrives, replica by replica, in each of these orders.
///
/// A push is played once where several orders begin alike. So it is where different ones led to a server that stores the
/// same bytes: for what comes, it knows nothing else.
pub fn whole(orders: &[Vec<usize>], replicas: &[Vec<Vec<u8>>], lost: &Lost) -> Ends {
    let mut servers: Vec<Accepted> = Vec::new();
    let mut steps: HashMap<(Option<usize>, usize), Step> = HashMap::new();
    let mut ends: Vec<(usize, Vec<LateWorkRow>)> = Vec::new();
    for order in orders {
        let (mut at, mut late) = (None, Vec::new());
        for replica in order {
            let step = steps.entry((at, *replica)).or_insert_with(|| step(&mut servers, at, &replicas[*replica]));
            lost.note(&step.brought, &mut late);
            at = Some(step.to);
        }
        let end = (at.unwrap(), late);
        if !ends.contains(&end) {
            ends.push(end);
        }
    }
    let mut places: Vec<usize> = ends.iter().map(|(at, _)| *at).collect();
    places.sort_unstable();
    places.dedup();
    let place = |at: usize| places.binary_search(&at).unwrap();
    let late = ends.iter().filter(|(_, late)| !late.is_empty());
    let late = late.map(|(at, late)| (place(*at), late.clone())).collect();
    let is_end = |at: &usize| places.binary_search(at).is_ok();
    let docs = (0..).zip(servers).filter(|(at, _)| is_end(at)).map(|(_, server)| server.doc).collect();
    Ends { docs, late }
}

/// One push, to a server that may be a new one.
fn step(servers: &mut Vec<Accepted>, at: Option<usize>, chunks: &[Vec<u8>]) -> Step {
    let stored = at.map(|at| &servers[at]);
    let stored = stored.map(|it| Stored { snapshot: &it.snapshot, loaded: Some(&it.doc), index: &it.index });
    let admission = push(chunks, stored);
    assert_eq!(admission.missing, []);
    let Some(mut accepted) = admission.accepted else { return Step { to: at.unwrap(), brought: Vec::new() } };
    let brought = std::mem::take(&mut accepted.changes);
    let known = servers.iter().position(|server| server.snapshot == accepted.snapshot);
    if let Some(known) = known {
        assert_eq!(servers[known].index, accepted.index);
    } else {
        servers.push(accepted);
    }
    Step { to: known.unwrap_or(servers.len() - 1), brought }
}

/// Everything arrives in pieces, replica by replica, some of them twice and some not at all at first.
pub fn in_pieces(
    dice: &mut Dice,
    order: &[usize],
    replicas: &[Vec<Vec<u8>>],
    lost: &Lost,
) -> (VisitDoc, Vec<LateWorkRow>) {
    let mut server = Server::new(lost, true);
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
    server.end()
}

/// Every replica brings only what it wrote itself, in pieces that come in any order and between those of the others: some
/// of them twice, some never. What the server says is missing comes later, with what had to wait for it, until nothing is.
///
/// Gives the server and how many answers said so.
pub fn scattered(
    dice: &mut Dice,
    changes: &[(ChangeMeta, &Vec<u8>)],
    lost: &Lost,
) -> ((VisitDoc, Vec<LateWorkRow>), usize) {
    let bytes = |piece: &[(ChangeMeta, &Vec<u8>)]| piece.iter().map(|(_, chunk)| (*chunk).clone()).collect();
    let pieces: Vec<_> = changes.chunk_by(|(a, _), (b, _)| a.actor == b.actor && !dice.once_in(2)).collect();
    let mut coming: Vec<Vec<Vec<u8>>> = Vec::new();
    for piece in pieces {
        coming.extend(std::iter::repeat_n(bytes(piece), [0, 1, 1, 1, 2][dice.below(5)]));
    }
    // What nobody has acknowledged comes once more in the end: the last change of each.
    let by_writer = changes.chunk_by(|(a, _), (b, _)| a.actor == b.actor);
    let mut last = by_writer.map(|own| bytes(&own[own.len() - 1..])).collect();
    let (mut server, mut answers) = (Server::new(lost, false), 0);
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
            return (server.end(), answers);
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
