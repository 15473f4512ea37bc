//! Whose turn it is: of the organisations that have work, one after the other, each with a little of it.
//!
//! Whoever brings much at once waits for himself and keeps no other organisation waiting. Knows nothing of the work.

use std::collections::BTreeMap;

use sync_core::ids::OrgId;

/// One look at all work that is due, at each piece once: in turns by organisation, and in the order of each.
#[derive(Debug, Clone)]
pub(crate) struct Turns<R> {
    /// Who had the last turn.
    last: Option<OrgId>,
    /// The last piece so far of each organisation.
    places: BTreeMap<OrgId, R>,
}

impl<R> Default for Turns<R> {
    fn default() -> Self {
        Self { last: None, places: BTreeMap::new() }
    }
}

impl<R: Clone> Turns<R> {
    /// The next pieces of the next organisation that has any; none once every piece was looked at.
    ///
    /// `find` gives the first organisation with work behind one, `list` its pieces behind one: both look for a place in an
    /// index, so a turn costs the same however much waits.
    ///
    /// # Errors
    /// Those of `find` and `list`.
    pub fn next<C, E>(
        &mut self,
        conn: &mut C,
        find: impl Fn(&mut C, Option<OrgId>) -> Result<Option<OrgId>, E>,
        list: impl Fn(&mut C, OrgId, Option<&R>) -> Result<Vec<R>, E>,
    ) -> Result<Vec<R>, E> {
        let begin = self.last;
        let (mut behind, mut is_behind_begin) = (begin, true);
        loop {
            let found = find(conn, behind)?;
            let org = match found {
                // Not around for a second time.
                Some(org) if is_behind_begin || Some(org) <= begin => org,
                // From the first one on to where it began.
                None if is_behind_begin && begin.is_some() => {
                    (behind, is_behind_begin) = (None, false);
                    continue;
                }
                _ => return Ok(Vec::new()),
            };
            let pieces = list(conn, org, self.places.get(&org))?;
            if let Some(last) = pieces.last() {
                self.places.insert(org, last.clone());
                self.last = Some(org);
                return Ok(pieces);
            }
            behind = Some(org);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    type Work = BTreeMap<OrgId, Vec<u32>>;

    fn org(n: u8) -> OrgId {
        OrgId::from_bytes([n; 16])
    }

    /// Pieces of the next turn, at most two.
    fn next(turns: &mut Turns<u32>, work: &mut Work) -> Vec<u32> {
        let find = |work: &mut Work, after: Option<OrgId>| {
            let found = work.iter().find(|(org, pieces)| !pieces.is_empty() && after.is_none_or(|after| **org > after));
            Ok::<_, Infallible>(found.map(|(org, _)| *org))
        };
        let list = |work: &mut Work, org: OrgId, after: Option<&u32>| {
            let behind = work[&org].iter().copied().filter(|piece| after.is_none_or(|after| piece > after));
            Ok(behind.take(2).collect())
        };
        let Ok(pieces) = turns.next(work, find, list);
        pieces
    }

    #[test]
    fn each_organisation_has_its_turn_and_each_piece_is_looked_at_once() {
        let mut work: Work = [(org(1), (10..15).collect()), (org(2), vec![20]), (org(3), vec![30, 31, 32])].into();
        let mut turns = Turns::default();
        let mut looked_at = Vec::new();
        loop {
            let pieces = next(&mut turns, &mut work);
            if pieces.is_empty() {
                break;
            }
            looked_at.push(pieces);
        }
        assert_eq!(looked_at, [vec![10, 11], vec![20], vec![30, 31], vec![12, 13], vec![32], vec![14]]);
        assert_eq!(next(&mut turns, &mut work), [0; 0]);
    }

    #[test]
    fn who_comes_later_has_the_next_turn_whatever_waits() {
        let mut work: Work = [(org(2), (0..100).collect())].into();
        let mut turns = Turns::default();
        assert_eq!(next(&mut turns, &mut work), [0, 1]);
        work.extend([(org(1), vec![7]), (org(3), vec![8])]);
        assert_eq!(next(&mut turns, &mut work), [8]);
        assert_eq!(next(&mut turns, &mut work), [7]);
        assert_eq!(next(&mut turns, &mut work), [2, 3]);
        // What is settled is not there any more.
        work.insert(org(2), (50..60).collect());
        assert_eq!(next(&mut turns, &mut work), [50, 51]);
        work.clear();
        assert_eq!(next(&mut turns, &mut work), [0; 0]);
    }
}
