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
}
