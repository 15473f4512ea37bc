//! Causal order of a push: each change after what it depends on, otherwise as sent.

use std::collections::{BTreeSet, HashMap};

use crate::bytes::Hash;

/// Orders changes, given as (hash, dependencies), and returns their positions.
///
/// Hashes make cycles impossible; dependencies outside the list do not hold a change back.
pub(super) fn causal_order(changes: &[(Hash, &[Hash])]) -> Vec<usize> {
    let positions: HashMap<Hash, usize> = changes.iter().enumerate().map(|(at, (hash, _))| (*hash, at)).collect();
    let mut waiting_for = vec![0usize; changes.len()];
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); changes.len()];
    for (at, (_, deps)) in changes.iter().enumerate() {
        for dep in deps.iter().filter_map(|dep| positions.get(dep)) {
            if let (Some(followers), Some(waiting)) = (followers.get_mut(*dep), waiting_for.get_mut(at)) {
                followers.push(at);
                *waiting += 1;
            }
        }
    }
    let mut ready: BTreeSet<usize> =
        waiting_for.iter().enumerate().filter(|(_, waiting)| **waiting == 0).map(|(at, _)| at).collect();
    let mut order = Vec::with_capacity(changes.len());
    while let Some(next) = ready.pop_first() {
        order.push(next);
        for follower in followers.get(next).into_iter().flatten() {
            if let Some(waiting) = waiting_for.get_mut(*follower) {
                *waiting -= 1;
                if *waiting == 0 {
                    ready.insert(*follower);
                }
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_come_first_and_the_rest_stays_as_sent() {
        let hash = |byte: u8| Hash([byte; 32]);
        let (on_two, on_three, on_none) = ([hash(2)], [hash(3), hash(99)], []);
        let changes =
            [(hash(1), &on_two[..]), (hash(2), &on_three[..]), (hash(3), &on_none[..]), (hash(4), &on_none[..])];
        assert_eq!(causal_order(&changes), [2, 1, 0, 3]);
    }
}
