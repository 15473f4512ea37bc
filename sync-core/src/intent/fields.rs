//! Reads members of a JSON object one by one, so that an error names its field.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::IntentError;
use crate::calendar::parse_day;
use crate::plain_json;

/// The members of one object.
pub(super) struct Fields<'a> {
    path: &'static str,
    members: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// Reads members below a path (`""` at the top, `"body."` inside the body).
    pub(super) const fn new(path: &'static str, members: &'a Map<String, Value>) -> Self {
        Self { path, members }
    }

    fn error(&self, name: &str, what: impl Into<String>) -> IntentError {
        IntentError::Field { field: format!("{}{name}", self.path), what: what.into() }
    }

    /// Reads a member that must be there.
    pub(super) fn required<T: DeserializeOwned>(&self, name: &str) -> Result<T, IntentError> {
        let value = self.members.get(name).ok_or_else(|| self.error(name, "is missing"))?;
        plain_json::from_value(value.clone()).map_err(|error| self.error(name, error.to_string()))
    }

    /// Reads a member that may be absent; `null` counts as absent.
    pub(super) fn optional<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, IntentError> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.required(name).map(Some),
        }
    }

    /// Reads a text that says something, of at most `most` characters.
    pub(super) fn text(&self, name: &str, most: usize) -> Result<String, IntentError> {
        let text: String = self.required(name)?;
        if text.trim().is_empty() {
            return Err(self.error(name, "expected a text that is not empty"));
        }
        if text.chars().count() > most {
            return Err(self.error(name, format!("expected at most {most} characters")));
        }
        Ok(text)
    }

    /// Reads a calendar day, `YYYY-MM-DD`.
    pub(super) fn day(&self, name: &str) -> Result<String, IntentError> {
        let text: String = self.required(name)?;
        parse_day(&text).map_err(|_no_day| self.error(name, "expected a day as YYYY-MM-DD"))?;
        Ok(text)
    }

    /// Checks a condition over several members.
    pub(super) fn ensure(&self, holds: bool, name: &str, what: &str) -> Result<(), IntentError> {
        if holds { Ok(()) } else { Err(self.error(name, what)) }
    }
}
