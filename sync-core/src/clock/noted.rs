//! By which clock somebody noted an instant.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Bounds;
use crate::time::UnixMillis;

/// By which clock an instant was noted.
///
/// As a field it is the error in milliseconds: absent for the server's clock, `null` for a phone's of which nothing is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NotedBy {
    /// The server's, as the office sees it.
    #[default]
    Server,
    /// A phone's.
    Phone {
        /// Its error in milliseconds; `None` where nothing bounds it.
        err_ms: Option<i64>,
    },
}

impl NotedBy {
    /// Whether it is the server's clock.
    #[must_use]
    pub const fn is_server(&self) -> bool {
        matches!(self, Self::Server)
    }

    /// Its error in milliseconds; `None` where nothing bounds it.
    #[must_use]
    pub const fn err_ms(self) -> Option<i64> {
        match self {
            Self::Server => Some(0),
            Self::Phone { err_ms } => err_ms,
        }
    }

    /// Between which instants of the server's clock an instant noted so was.
    #[must_use]
    pub fn bounds(self, instant: UnixMillis) -> Bounds {
        Bounds::around(instant, self.err_ms())
    }
}

impl Serialize for NotedBy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.err_ms().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for NotedBy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::Phone { err_ms: Option::deserialize(deserializer)? })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_str, to_string};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Noted {
        #[serde(default, skip_serializing_if = "NotedBy::is_server")]
        err_ms: NotedBy,
    }

    #[test]
    fn the_servers_clock_an_unknown_error_and_a_known_one_are_three_things() {
        for (err_ms, json) in [
            (NotedBy::Server, "{}"),
            (NotedBy::Phone { err_ms: None }, r#"{"err_ms":null}"#),
            (NotedBy::Phone { err_ms: Some(1500) }, r#"{"err_ms":1500}"#),
        ] {
            assert_eq!(to_string(&Noted { err_ms }).unwrap(), json);
            assert_eq!(from_str::<Noted>(json).unwrap(), Noted { err_ms });
        }
    }
}
