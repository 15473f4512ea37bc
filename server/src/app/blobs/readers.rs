//! How many originals each person reads at once, so that nobody holds the places of all.
//!
//! Owns the count alone; it must not know what is read, nor how fast.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sync_core::ids::{OrgId, UserId};

use crate::app::{AppResult, ErrorCode, Refusal};
use crate::config::LimitsConfig;

/// A person of an organisation, or a service account.
pub type Reader = (OrgId, UserId);

/// How many originals this process sends to each person.
#[derive(Debug)]
pub struct Readers {
    most: usize,
    reading: Mutex<HashMap<Reader, usize>>,
}

/// One original that a person reads; dropped, he may read another.
#[derive(Debug)]
pub struct Reading {
    readers: Arc<Readers>,
    reader: Reader,
}

impl Readers {
    /// Nobody reads yet, under these limits.
    #[must_use]
    pub fn new(limits: &LimitsConfig) -> Self {
        Self { most: limits.originals_per_person, reading: Mutex::default() }
    }

    /// Counts one more original of a person.
    ///
    /// # Errors
    /// `too_many_downloads` with the limit if he reads so many already.
    pub fn enter(self: &Arc<Self>, reader: Reader) -> AppResult<Reading> {
        let mut all = self.lock();
        let reading = all.get(&reader).copied().unwrap_or_default();
        if reading >= self.most {
            let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
            return Err(Refusal::new(ErrorCode::TooManyDownloads).limit(number(self.most), number(reading)).into());
        }
        all.insert(reader, reading.saturating_add(1));
        Ok(Reading { readers: Arc::clone(self), reader })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Reader, usize>> {
        // Each change is complete in itself.
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let mut all = self.readers.lock();
        match all.get_mut(&self.reader) {
            Some(reading) if *reading > 1 => *reading = reading.saturating_sub(1),
            _ => drop(all.remove(&self.reader)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_person_has_places_of_his_own_and_nothing_is_kept_of_who_reads_no_more() {
        let readers = Arc::new(Readers { most: 2, reading: Mutex::default() });
        let person = |org, user| (OrgId::from_bytes([org; 16]), UserId::from_bytes([user; 16]));
        let [first, second] = [(); 2].map(|()| readers.enter(person(1, 1)).expect("a place"));
        let refused = |reader| readers.enter(reader).expect_err("he reads two").code();
        assert_eq!(refused(person(1, 1)), ErrorCode::TooManyDownloads);
        let others = [person(1, 2), person(2, 1)].map(|other| readers.enter(other).expect("a place of another"));
        drop(first);
        let third = readers.enter(person(1, 1)).expect("a place that was given back");
        assert_eq!(refused(person(1, 1)), ErrorCode::TooManyDownloads);
        drop((second, third, others));
        assert!(readers.lock().is_empty());
    }
}
