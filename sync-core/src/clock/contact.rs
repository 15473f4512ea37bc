//! The device's side: what it may claim about the server's time since it last heard from it.

use serde::{Deserialize, Serialize};

use crate::time::{Stamp, UnixMillis};

/// How far a monotonic clock may run from the server's.
///
/// # Units
/// Parts per million.
///
/// # Source
/// The most by which Linux and Android slew a clock (`adjtimex`, RFC 5905 section 11.3); quartz alone strays less
/// than a fifth of it.
const DRIFT_PPM: i64 = 500;

/// How far two clocks may have run apart after `elapsed_ms`, rounded up.
#[must_use]
pub fn drift_ms(elapsed_ms: i64) -> i64 {
    let elapsed = elapsed_ms.checked_abs().unwrap_or(i64::MAX);
    elapsed.saturating_mul(DRIFT_PPM).saturating_add(999_999) / 1_000_000
}

/// The last time the device heard the server's clock, on all of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The server's clock at that moment, as well as the round trip tells.
    pub server_ms: UnixMillis,
    /// Half the round trip.
    pub err_ms: i64,
    /// The device's wall clock then.
    pub wall_ms: i64,
    /// Its monotonic clock then.
    pub mono_ms: i64,
    /// The boot of that monotonic clock.
    pub boot_id: String,
}

impl Contact {
    /// A contact whose answer is read at `received`, so long after the request was sent; the server's clock was read
    /// somewhere in between.
    #[must_use]
    pub fn heard(round_trip_ms: i64, received: &Stamp, server_time: UnixMillis) -> Self {
        let half = round_trip_ms.max(0).saturating_add(1) / 2;
        Self {
            server_ms: server_time.plus_ms(half),
            err_ms: half,
            wall_ms: received.wall_ms,
            mono_ms: received.mono_ms,
            boot_id: received.boot_id.clone(),
        }
    }

    /// Offset and error that a stamp made now may carry.
    ///
    /// In the boot of the contact the monotonic clock carries the server's time on, so that a wall clock set by hand
    /// shifts the offset and proves nothing; the error grows with the drift. A clock that `sleeps` bounds only while the
    /// wall clock kept its pace. In a later boot the offset is a memory without bound.
    #[must_use]
    pub fn offset(&self, wall_ms: i64, mono_ms: i64, boot_id: &str, sleeps: bool) -> (i64, Option<i64>) {
        if boot_id != self.boot_id {
            return (self.server_ms.0.saturating_sub(self.wall_ms), None);
        }
        let awake = mono_ms.saturating_sub(self.mono_ms);
        let on_wall = wall_ms.saturating_sub(self.wall_ms);
        let error = self.err_ms.saturating_add(drift_ms(awake));
        let off = self.server_ms.0.saturating_add(awake).saturating_sub(wall_ms);
        if !sleeps || (on_wall.saturating_sub(awake)).abs() <= drift_ms(awake) {
            return (off, Some(error));
        }
        // The clock stopped, or somebody set the wall clock, or both: nothing bounds how late it is.
        (off, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact() -> Contact {
        Contact {
            server_ms: UnixMillis(1_000_000),
            err_ms: 40,
            wall_ms: 900_000,
            mono_ms: 50,
            boot_id: "BOOT0001".to_owned(),
        }
    }

    #[test]
    fn the_error_grows_by_500_millionths_of_the_time_since_the_contact() {
        assert_eq!(contact().offset(900_000, 50, "BOOT0001", false), (100_000, Some(40)));
        let hour = 3_600_000;
        assert_eq!(contact().offset(900_000 + hour, 50 + hour, "BOOT0001", false), (100_000, Some(1_840)));
        assert_eq!(drift_ms(1), 1, "rounded up");
        assert_eq!(drift_ms(i64::MIN), i64::MAX / 1_000_000);
    }

    #[test]
    fn a_wall_clock_set_by_hand_shifts_the_offset_and_not_the_instant() {
        let (off, err) = contact().offset(900_000 + 10_000 + 7_200_000, 50 + 10_000, "BOOT0001", false);
        assert_eq!((off, err), (100_000 - 7_200_000, Some(45)));
    }

    #[test]
    fn another_boot_and_a_clock_that_slept_claim_no_error() {
        assert_eq!(contact().offset(950_000, 3, "BOOT0002", false), (100_000, None));
        assert_eq!(contact().offset(900_000 + 90_000, 50 + 30_000, "BOOT0001", true).1, None);
    }
}
