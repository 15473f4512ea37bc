//! What lies below changes in the graph of a history.

use std::collections::{BTreeMap, BTreeSet};

use crate::bytes::Hash;

/// Changes with all they build on, as far as `deps` tells it.
#[must_use]
pub fn with_all_below(deps: &BTreeMap<Hash, Vec<Hash>>, changes: impl IntoIterator<Item = Hash>) -> BTreeSet<Hash> {
    let (mut found, mut open) = (BTreeSet::new(), Vec::from_iter(changes));
    while let Some(hash) = open.pop() {
        if found.insert(hash) {
            open.extend(deps.get(&hash).into_iter().flatten());
        }
    }
    found
}
