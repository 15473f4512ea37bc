//! What became of the items of a bundle: every one is counted, and as many are listed as an answer holds.

use super::{Fate, ImportedItem};

/// Items of a bundle with their fates, in memory that does not grow with the bundle: its requests may hold millions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    counts: Vec<(Fate, usize)>,
    items: Vec<ImportedItem>,
    most: usize,
    /// Whether only items that somebody has to look at are listed.
    is_short: bool,
}

impl Report {
    /// Nothing yet; lists at most so many items.
    pub(super) const fn new(most: usize) -> Self {
        Self { counts: Vec::new(), items: Vec::new(), most, is_short: false }
    }

    /// Adds an item.
    pub(super) fn add(&mut self, item: ImportedItem) {
        match self.counts.iter_mut().find(|(fate, _)| *fate == item.fate) {
            Some((_, count)) => *count += 1,
            None => self.counts.push((item.fate, 1)),
        }
        if self.items.len() == self.most && !self.is_short {
            self.is_short = true;
            self.items.retain(|item| !item.fate.is_plain());
        }
        if self.items.len() < self.most && !(self.is_short && item.fate.is_plain()) {
            self.items.push(item);
        }
    }

    /// Number of items of each fate.
    #[must_use]
    pub fn counts(&self) -> &[(Fate, usize)] {
        &self.counts
    }

    /// Number of items that met any fate of this kind.
    pub fn count(&self, is_counted: impl Fn(Fate) -> bool) -> usize {
        self.counts.iter().filter(|(fate, _)| is_counted(*fate)).map(|(_, count)| count).sum()
    }

    /// Every item, blobs first. Of more than `limits.bundle_items` only those that somebody has to look at, which are
    /// neither stored nor duplicate; of these the first.
    #[must_use]
    pub fn items(&self) -> &[ImportedItem] {
        &self.items
    }

    /// Number of items that are counted and not listed.
    #[must_use]
    pub fn unlisted(&self) -> usize {
        self.count(|_| true) - self.items.len()
    }
}

#[cfg(test)]
mod tests {
    use sync_core::protocol::Outcome;

    use super::*;

    const STORED: Fate = Fate::Judged(Outcome::Stored);
    const LATE: Fate = Fate::Judged(Outcome::Late);

    /// What is listed of these fates, by place, and how many are not.
    fn listed(fates: &[Fate]) -> (Vec<String>, usize) {
        let mut report = Report::new(3);
        for (place, fate) in fates.iter().enumerate() {
            report.add(ImportedItem { kind: "doc", id: place.to_string(), fate: *fate, code: None });
        }
        assert_eq!(report.count(|_| true), fates.len(), "all are counted");
        (report.items().iter().map(|item| item.id.clone()).collect(), report.unlisted())
    }

    #[test]
    fn every_item_is_listed_up_to_the_bound_and_beyond_it_those_that_need_somebody() {
        let ids = |ids: &[&str]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(listed(&[STORED, LATE, STORED]), (ids(&["0", "1", "2"]), 0));
        assert_eq!(listed(&[STORED, LATE, STORED, STORED]), (ids(&["1"]), 3));
        assert_eq!(listed(&[STORED, LATE, STORED, Fate::Refused, STORED, LATE]), (ids(&["1", "3", "5"]), 3));
        assert_eq!(listed(&[Fate::Refused; 5]), (ids(&["0", "1", "2"]), 2));
        assert_eq!(listed(&[STORED; 5]), (Vec::new(), 5));
    }
}
