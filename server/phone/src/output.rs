//! What a command prints: one JSON object for machines, lines for people.

use serde_json::Value;

/// The answer of a command.
#[derive(Debug, Clone)]
pub struct Output {
    /// For `--json`: one object.
    pub json: Value,
    /// For people.
    pub text: String,
    /// The exit code: 0 done, 2 refused by the rules of the visit, 3 something waits for the server.
    pub code: u8,
}

impl Output {
    /// A command that was done.
    pub(crate) fn done(json: Value, text: impl Into<String>) -> Self {
        Self { json, text: text.into(), code: 0 }
    }

    /// The same answer with another exit code.
    pub(crate) fn with_code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }
}
