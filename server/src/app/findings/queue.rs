//! Wakes the job that looks at photos, and keeps for it what it has read of their prints.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sync_core::ids::OrgId;
use tokio::sync::Notify;

use super::prints::OrgPrints;

/// Wakes the job that looks at photos, and keeps their prints in memory for it.
#[derive(Debug)]
pub struct FindingsQueue {
    awake: Notify,
    prints: Mutex<Kept>,
}

/// Prints of organisations, as far as they were read: those that were used last, up to a number of bytes.
#[derive(Debug)]
struct Kept {
    most_bytes: usize,
    /// Counts what was kept so far.
    uses: u64,
    /// Each with its last use.
    of: HashMap<OrgId, (u64, OrgPrints)>,
}

impl Kept {
    /// Drops what was not used for longest, as long as there is too much; what was used last stays in any case, for the next
    /// look is likely to be at photos of the same organisation.
    fn make_room(&mut self) {
        let mut bytes: usize = self.of.values().map(|(_, prints)| prints.bytes()).sum();
        while bytes > self.most_bytes && self.of.len() > 1 {
            let oldest = self.of.iter().min_by_key(|(_, (used, _))| *used).map(|(org, _)| *org);
            let dropped = oldest.and_then(|org| self.of.remove(&org));
            bytes = bytes.saturating_sub(dropped.map_or(0, |(_, prints)| prints.bytes()));
        }
    }
}

impl FindingsQueue {
    /// A queue that keeps so many bytes of prints beside those that are in use, or those of one organisation.
    #[must_use]
    pub fn new(most_bytes: usize) -> Self {
        let prints = Mutex::new(Kept { most_bytes, uses: 0, of: HashMap::new() });
        Self { awake: Notify::new(), prints }
    }

    /// Says that photos of a visit may wait to be looked at.
    pub fn wake(&self) {
        self.awake.notify_one();
    }

    /// Waits until somebody says so.
    pub async fn woken(&self) {
        self.awake.notified().await;
    }

    /// Takes the prints of an organisation, as far as they were read and kept; nothing of them is left here.
    pub(super) fn take_prints(&self, org: OrgId) -> OrgPrints {
        let taken = self.kept().of.remove(&org);
        taken.map(|(_, prints)| prints).unwrap_or_default()
    }

    /// Keeps the prints of an organisation for the next look, perhaps in place of others: whoever needs those reads them
    /// anew.
    pub(super) fn keep_prints(&self, org: OrgId, prints: OrgPrints) {
        let mut kept = self.kept();
        kept.uses += 1;
        let used = kept.uses;
        kept.of.insert(org, (used, prints));
        kept.make_room();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.prints.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use doorstep_media::{Print, Prints};
    use sync_core::bytes::Hash;

    use super::*;

    fn org(n: u8) -> OrgId {
        OrgId::from_bytes([n; 16])
    }

    /// The prints of an organisation with a photo.
    fn some_prints() -> OrgPrints {
        let windows = [Some(Print::from_bytes([1; Print::BYTES])), None, None, None];
        let mut prints = OrgPrints::default();
        prints.put(7, Hash([1; 32]), &Prints { windows, detail_c: 0 });
        prints
    }

    /// Which of the first organisations are kept.
    fn kept(queue: &FindingsQueue) -> Vec<u8> {
        (1..=4).filter(|n| queue.kept().of.contains_key(&org(*n))).collect()
    }

    #[test]
    fn what_was_not_used_for_longest_makes_room() {
        let of_one = some_prints().bytes();
        let queue = FindingsQueue::new(2 * of_one);
        queue.keep_prints(org(1), some_prints());
        queue.keep_prints(org(2), some_prints());
        assert_eq!(kept(&queue), [1, 2]);
        let used = queue.take_prints(org(1));
        assert_eq!(used.bytes(), of_one, "what is kept is not read anew");
        queue.keep_prints(org(1), used);
        queue.keep_prints(org(3), some_prints());
        assert_eq!(kept(&queue), [1, 3]);
        assert_eq!(queue.take_prints(org(2)).bytes(), 0, "it is read anew");
    }

    #[test]
    fn what_is_larger_than_there_is_room_for_stays_until_another_is_used() {
        let queue = FindingsQueue::new(1);
        queue.keep_prints(org(1), some_prints());
        assert_eq!(kept(&queue), [1]);
        queue.keep_prints(org(2), some_prints());
        assert_eq!(kept(&queue), [2]);
    }
}
