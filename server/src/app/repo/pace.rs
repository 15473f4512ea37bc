//! How fast one socket may talk.

use sync_core::time::UnixMillis;

/// A bucket that refills with time.
#[derive(Debug)]
pub(super) struct Pace {
    left: i64,
    most: i64,
    per_sec: i64,
    at: UnixMillis,
}

impl Pace {
    /// A full bucket of `most`, refilled by `per_sec` a second.
    pub(super) const fn new(most: i64, per_sec: i64, now: UnixMillis) -> Self {
        Self { left: most, most, per_sec, at: now }
    }

    /// Takes one out; false if the bucket is empty.
    pub(super) fn allows(&mut self, now: UnixMillis) -> bool {
        let refill = now.since_ms(self.at).max(0).saturating_mul(self.per_sec) / 1_000;
        if refill > 0 {
            self.left = self.left.saturating_add(refill).min(self.most);
            self.at = now;
        }
        self.left -= 1;
        if self.left < 0 {
            self.left = 0;
            return false;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_followed_by_the_steady_pace() {
        let mut pace = Pace::new(3, 2, UnixMillis(0));
        let allowed = |pace: &mut Pace, ms| (0..5).filter(|_| pace.allows(UnixMillis(ms))).count();
        assert_eq!(allowed(&mut pace, 0), 3);
        assert_eq!(allowed(&mut pace, 499), 0);
        assert_eq!(allowed(&mut pace, 1_000), 2);
        assert_eq!(allowed(&mut pace, 60_000), 3, "no more than the bucket holds");
    }
}
