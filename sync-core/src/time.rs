//! Instants, stamps of devices, positions.
//!
//! Nothing here reads a clock: every instant is an argument (architecture invariant 1).

use serde::{Deserialize, Serialize};

/// An instant in integer milliseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMillis(pub i64);

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for UnixMillis {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        crate::openapi::integer("milliseconds since the Unix epoch, UTC", 1_741_053_120_000)
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for UnixMillis {}

/// 0000-01-01T00:00:00Z, the first instant that RFC 3339 can write.
const FIRST_SHOWN_MS: i64 = -62_167_219_200_000;

/// 9999-12-30T22:00:00.000Z, the last instant that has a calendar day in every zone.
const LAST_SHOWN_MS: i64 = 253_402_207_200_000;

/// 2000-01-01 and 2100-01-01: what a phone claims outside is not when it happened.
const PLAUSIBLE_MS: std::ops::Range<i64> = 946_684_800_000..4_102_444_800_000;

impl UnixMillis {
    /// Whether the instant can be one of our visits at all.
    #[must_use]
    pub fn is_plausible(self) -> bool {
        PLAUSIBLE_MS.contains(&self.0)
    }

    /// Reads an RFC 3339 text.
    ///
    /// # Errors
    /// [`TimeError`] if the text is no instant or lies outside years 1 to 9999.
    pub fn from_rfc3339(text: &str) -> Result<Self, TimeError> {
        text.parse::<jiff::Timestamp>().map(|instant| Self(instant.as_millisecond())).map_err(|_ignored| TimeError)
    }

    /// Writes RFC 3339 with milliseconds and `Z`, as REST shows instants.
    ///
    /// RFC 3339 knows the years 0 to 9999. A wild clock's instant outside is shown as the nearest inside; the
    /// record keeps the true number, and the view has a finding.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        let shown = jiff::Timestamp::from_millisecond(self.0.clamp(FIRST_SHOWN_MS, LAST_SHOWN_MS));
        format!("{:.3}", shown.unwrap_or(jiff::Timestamp::UNIX_EPOCH))
    }

    /// The instant `ms` milliseconds later.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to `self`; negative if `earlier` is later.
    #[must_use]
    pub const fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Reports text that is no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an instant in RFC 3339, for example 2025-03-04T09:52:00+08:00")]
pub struct TimeError;

/// The time stamp of a device record (design section 6).
///
/// # Units
/// Milliseconds. `off_ms` is server minus device, absent before the first contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stamp {
    /// The device's wall clock.
    pub wall_ms: i64,
    /// Monotonic clock of this boot.
    pub mono_ms: i64,
    /// Random per boot: 8 base32 characters.
    pub boot_id: String,
    /// Last known server time minus device time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off_ms: Option<i64>,
    /// Error bound of `off_ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub err_ms: Option<i64>,
}

impl Stamp {
    /// The instant on the server's clock, as well as the device knew it.
    #[must_use]
    pub fn corrected(&self) -> UnixMillis {
        UnixMillis(self.wall_ms.saturating_add(self.off_ms.unwrap_or(0)))
    }

    /// Whether the corrected instant can be true at all.
    #[must_use]
    pub fn is_plausible(&self) -> bool {
        self.corrected().is_plausible()
    }
}

/// A position with its accuracy and datum (design section 13).
///
/// # Units
/// Microdegrees and metres.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Geo {
    /// Latitude in microdegrees.
    pub lat_udeg: i64,
    /// Longitude in microdegrees.
    pub lon_udeg: i64,
    /// Radius of uncertainty in metres.
    pub acc_m: i64,
    /// Coordinate datum: `wgs84`, `gcj02` or `bd09`.
    #[cfg_attr(feature = "openapi", schema(example = "wgs84"))]
    pub datum: String,
    /// Whether the phone said the position is simulated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mock: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_shown_with_milliseconds() {
        let instant = UnixMillis::from_rfc3339("2025-03-04T09:52:00+08:00");
        assert_eq!(instant.map(UnixMillis::to_rfc3339), Ok("2025-03-04T01:52:00.000Z".to_owned()));
        assert_eq!(UnixMillis::from_rfc3339("yesterday"), Err(TimeError));
    }

    #[test]
    fn every_instant_is_shown_as_rfc_3339() {
        for (ms, shown) in [
            (i64::MIN, "0000-01-01T00:00:00.000Z"),
            (FIRST_SHOWN_MS - 1, "0000-01-01T00:00:00.000Z"),
            (FIRST_SHOWN_MS, "0000-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (0, "1970-01-01T00:00:00.000Z"),
            (i64::MAX, "9999-12-30T22:00:00.000Z"),
        ] {
            assert_eq!(UnixMillis(ms).to_rfc3339(), shown, "{ms}");
        }
    }
}
