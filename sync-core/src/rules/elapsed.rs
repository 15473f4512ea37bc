//! How long passed between two stamps of a device, with bounds (design section 6).

use crate::time::{Stamp, UnixMillis};

/// Bounds of an elapsed time.
///
/// # Units
/// Milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elapsed {
    /// It was at least this long.
    pub at_least_ms: i64,
    /// It was at most this long, as far as the clocks say.
    pub at_most_ms: i64,
}

impl Elapsed {
    /// The bounds of the shorter of two times.
    #[must_use]
    pub fn shorter(self, other: Self) -> Self {
        Self { at_least_ms: self.at_least_ms.min(other.at_least_ms), at_most_ms: self.at_most_ms.min(other.at_most_ms) }
    }

    /// From an instant of the server's clock to a stamp.
    #[must_use]
    pub fn since(instant: UnixMillis, to: &Stamp) -> Self {
        let ms = to.corrected().since_ms(instant);
        let error = to.err_ms.unwrap_or(0);
        Self { at_least_ms: ms.saturating_sub(error), at_most_ms: ms.saturating_add(error) }
    }
}

/// The time between two stamps.
///
/// Within one boot the monotonic difference is the lower bound; a clock that stops while the phone
/// sleeps makes it too small, so the corrected wall clocks give the upper bound. Across boots the
/// corrected wall difference counts, widened by both errors.
#[must_use]
pub fn elapsed(from: &Stamp, to: &Stamp) -> Elapsed {
    let wall = to.corrected().since_ms(from.corrected());
    let error = from.err_ms.unwrap_or(0).saturating_add(to.err_ms.unwrap_or(0));
    if from.boot_id == to.boot_id {
        let monotonic = to.mono_ms.saturating_sub(from.mono_ms);
        Elapsed { at_least_ms: monotonic, at_most_ms: monotonic.max(wall) }
    } else {
        Elapsed { at_least_ms: wall.saturating_sub(error), at_most_ms: wall.saturating_add(error) }
    }
}
