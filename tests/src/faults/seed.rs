//! Numbers that follow from a seed: the same on every machine.

use std::ops::Range;

/// A stream of numbers (splitmix64).
///
/// # Source
/// G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", 2014.
#[derive(Debug, Clone)]
pub struct Seed(u64);

impl Seed {
    /// The stream of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Another stream that follows from this one's seed and a number.
    #[must_use]
    pub fn branch(&self, number: u64) -> Self {
        let mut own = Self(self.0 ^ number.wrapping_mul(0xa076_1d64_78bd_642f));
        own.next();
        own
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number of a range that is not empty.
    pub const fn of(&mut self, range: &Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start)
    }

    /// Whether something happens that happens so many times in a thousand.
    pub const fn happens(&mut self, per_mille: u64) -> bool {
        self.next() % 1000 < per_mille
    }

    /// Fills bytes.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}
