//! What changes claim of their writers, read within the limits before anything is judged.

use serde::Deserialize;

use super::budget::Limits;
use super::document::check_document;
use super::header::{Chunk, read_change, read_chunk};
use super::refusal::RefusalCode;
use super::unpack::changes_in;
use super::written::{Written, written};
use crate::bytes::{Actor, Hash};
use crate::ids::{UserId, VisitId};
use crate::time::Stamp;

/// Times of changes above this are milliseconds, those up to it seconds: libraries write either.
///
/// # Source
/// In seconds it is the year 5138, in milliseconds March 1973.
const LAST_SECOND: u64 = 100_000_000_000;

/// What one change claims of its writer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The change.
    pub change: Hash,
    /// Who wrote it.
    pub writer: Actor,
    /// Whether nothing came from this writer before.
    pub is_first: bool,
    /// The newest instant it names as that of its writing, in UTC milliseconds: its own time, or that of a record in the
    /// name of the user; absent where it names none.
    pub at_ms: Option<i64>,
    /// Whether it holds a record in the name of the user.
    pub names_user: bool,
}

/// What the readable changes of a push claim of their writers; `by` is the user who brings them.
#[must_use]
pub fn claims(visit: VisitId, by: UserId, chunks: &[impl AsRef<[u8]>], limits: &Limits) -> Vec<Claim> {
    let limits = limits.within_ceiling();
    let mut found = Vec::new();
    for bytes in chunks {
        // What cannot be read claims nothing.
        let _unreadable = read(visit, by, bytes.as_ref(), &limits, &mut found);
    }
    found
}

fn read(visit: VisitId, by: UserId, bytes: &[u8], limits: &Limits, found: &mut Vec<Claim>) -> Result<(), RefusalCode> {
    match read_chunk(bytes, limits)? {
        Chunk::Change { hash, chunk } => found.push(read_one(visit, by, hash, &chunk, limits)?),
        Chunk::Document { body } => {
            check_document(body, limits)?;
            for change in changes_in(bytes)? {
                found.push(read_one(visit, by, Hash(change.hash().0), change.raw_bytes(), limits)?);
            }
        }
    }
    Ok(())
}

fn read_one(visit: VisitId, by: UserId, change: Hash, chunk: &[u8], limits: &Limits) -> Result<Claim, RefusalCode> {
    let header = read_change(chunk, limits)?;
    let time = if header.time > LAST_SECOND { header.time } else { header.time.saturating_mul(1_000) };
    let mut at_ms = i64::try_from(time).ok().filter(|at| *at > 0);
    let mut names_user = false;
    written(&header, visit, by, limits, &mut |one| {
        if let Written::Record { text, refused: None, .. } = one
            && let Ok(signed) = serde_json::from_str::<Signed>(text)
            && signed.by == Some(by)
        {
            names_user = true;
            at_ms = at_ms.max(signed.at.map(|at| at.corrected().0));
        }
    })?;
    Ok(Claim { change, writer: header.writer(), is_first: header.seq == 1, at_ms, names_user })
}

/// Of a record, who wrote it and when.
#[derive(Deserialize)]
struct Signed {
    #[serde(default)]
    by: Option<UserId>,
    #[serde(default)]
    at: Option<Stamp>,
}

#[cfg(test)]
mod tests {
    use automerge::transaction::{CommitOptions, Transactable as _};
    use automerge::{ActorId, AutoCommit, ROOT, ReadDoc as _};
    use serde_json::json;

    use super::*;
    use crate::doc::{Map, VisitDoc};

    const VISIT: VisitId = VisitId::from_bytes([7; 16]);
    const BY: UserId = UserId::from_bytes([2; 16]);
    const WRITER: Actor = Actor([9; 16]);

    fn claimed(chunks: &[Vec<u8>]) -> Vec<(Actor, Option<i64>, bool)> {
        let found = claims(VISIT, BY, chunks, &Limits::DEFAULT).into_iter();
        found.map(|claim| (claim.writer, claim.at_ms, claim.names_user)).collect()
    }

    #[test]
    fn records_of_the_user_claim_him_and_their_newest_instant_and_those_of_others_nothing() {
        let mut doc = VisitDoc::create(VISIT).expect("a document");
        let base = doc.heads();
        let other = UserId::from_bytes([3; 16]);
        for (step, by) in [("a", Some(BY)), ("b", Some(other)), ("c", None)] {
            let at = json!({"wall_ms": 5_000, "mono_ms": 1, "boot_id": "0123ABCD", "off_ms": -1_000});
            let tick = match by {
                Some(by) => json!({"done": true, "at": at, "by": by}),
                None => json!({"done": true, "at": at}),
            };
            doc.edit(WRITER, |edit| edit.put(Map::Ticks, step, &tick)).expect("an edit");
        }
        doc.edit(WRITER, |edit| edit.set_notes("second floor")).expect("an edit");
        let expected =
            [(WRITER, Some(4_000), true), (WRITER, None, false), (WRITER, None, false), (WRITER, None, false)];
        assert_eq!(claimed(&doc.changes_since(&base).expect("changes")), expected);
        assert_eq!(claimed(&[doc.save()])[1..], expected, "of a whole document, behind genesis");
        assert_eq!(claimed(&[b"no chunk".to_vec()]), []);
    }

    #[test]
    fn the_time_of_a_change_is_read_in_seconds_and_in_milliseconds() {
        for (time, at_ms) in [(1_700_000_000, 1_700_000_000_000), (1_700_000_000_123, 1_700_000_000_123)] {
            let bytes = VisitDoc::create(VISIT).expect("a document").save();
            let mut doc = AutoCommit::load(&bytes).expect("a document").with_actor(ActorId::from(WRITER.0));
            let (_, notes) = doc.get(ROOT, "notes").expect("a document").expect("notes");
            doc.splice_text(&notes, 0, 0, "second floor").expect("an edit");
            doc.commit_with(CommitOptions::default().with_time(time));
            let change = doc.get_last_local_change().expect("a change").raw_bytes().to_vec();
            assert_eq!(claimed(&[change]), [(WRITER, Some(at_ms), false)]);
        }
    }
}
