//! A deterministic sequence of numbers.

/// The sequence that follows from a seed (splitmix64).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `bound - 1`.
    pub(super) fn below(&mut self, bound: u32) -> i32 {
        i32::try_from(self.next() % u64::from(bound.max(1))).unwrap_or(0)
    }

    /// A number from `-spread` to `spread`.
    pub(super) fn around(&mut self, spread: u32) -> i32 {
        self.below(2 * spread + 1) - i32::try_from(spread).unwrap_or(0)
    }
}
