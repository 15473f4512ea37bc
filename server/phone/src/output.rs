//! What a command prints: one JSON object for machines, lines for people.

use std::io::{self, Write};

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

/// Prints a line. A reader that has seen enough (`head`) is no failure: the command itself is done by now.
pub(crate) fn print(out: &mut impl Write, line: &str) -> Result<(), String> {
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("the answer cannot be printed: {error}"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that fails in one way.
    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn a_closed_pipe_is_no_failure_but_a_full_disk_is() {
        let mut out = Vec::new();
        print(&mut out, "first\nsecond").unwrap();
        assert_eq!(out, b"first\nsecond\n");
        assert_eq!(print(&mut Failing(io::ErrorKind::BrokenPipe), "line"), Ok(()));
        assert!(print(&mut Failing(io::ErrorKind::StorageFull), "line").is_err());
    }
}
