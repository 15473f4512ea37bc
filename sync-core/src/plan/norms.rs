//! Published policies and calendars.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::UnixMillis;

/// A published policy version (row kind `policy`); numbers are decimal strings. What it says is read by the keys of
/// [`crate::policy`]; the default says nothing, so that every key has its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PolicyRow {
    /// Version, from 1.
    pub version: i64,
    /// When it takes effect.
    pub effective_from_ms: UnixMillis,
    /// Parameter → value.
    pub parameters: BTreeMap<String, String>,
}

impl Default for PolicyRow {
    fn default() -> Self {
        Self { version: 0, effective_from_ms: UnixMillis(0), parameters: BTreeMap::new() }
    }
}

/// A working-day calendar (row kind `calendar`); days are `YYYY-MM-DD` in the organisation's zone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CalendarRow {
    /// Version, from 1.
    pub version: i64,
    /// Weekdays without work.
    pub holidays: Vec<String>,
    /// Weekend days with work.
    pub make_up_days: Vec<String>,
    /// When it was published; absent where nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at_ms: Option<UnixMillis>,
}

/// Of calendar versions, each with when it was published, the one by which a visit is judged that was handed in at an
/// instant, or is not yet: the newest that was published by then, so that a later one changes no verdict on what is done.
///
/// The first serves what was handed in before there was any.
#[must_use]
pub fn calendar_in_force(versions: &[(i64, Option<UnixMillis>)], handed_in_at: Option<UnixMillis>) -> Option<i64> {
    let is_known = |published_at: Option<UnixMillis>| match (published_at, handed_in_at) {
        (Some(published_at), Some(handed_in_at)) => published_at <= handed_in_at,
        _ => true,
    };
    let known = versions.iter().filter(|(_, published_at)| is_known(*published_at)).map(|(version, _)| *version);
    known.max().or_else(|| versions.iter().map(|(version, _)| *version).min())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_handed_in_keeps_the_calendar_of_its_day() {
        let at = |ms: i64| Some(UnixMillis(ms));
        let versions = [(1, at(100)), (2, at(200)), (3, at(300))];
        let cases = [(None, 3), (at(99), 1), (at(100), 1), (at(199), 1), (at(200), 2), (at(250), 2), (at(300), 3)];
        for (handed_in_at, version) in cases {
            assert_eq!(calendar_in_force(&versions, handed_in_at), Some(version), "{handed_in_at:?}");
        }
        assert_eq!(calendar_in_force(&[(1, None), (2, at(200))], at(150)), Some(1), "always there");
        assert_eq!(calendar_in_force(&[], at(1)), None);
    }
}
