//! Verdicts as they come, and what they add up to.

use std::io::{self, Write as _};
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::Verdict;

/// The verdicts of a run.
#[derive(Debug)]
pub(crate) struct Report {
    json: bool,
    checks: Vec<Value>,
    left_out: Vec<&'static str>,
    broken: usize,
}

impl Report {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json, checks: Vec::new(), left_out: Vec::new(), broken: 0 }
    }

    /// Takes a verdict and shows it at once.
    pub(crate) fn add(&mut self, name: &str, says: &str, verdict: &Verdict) -> Result<(), String> {
        let broken = verdict.as_ref().err();
        self.broken += usize::from(broken.is_some());
        self.checks.push(json!({"check": name, "says": says, "broken": broken}));
        if self.json {
            return Ok(());
        }
        let line =
            broken.map_or_else(|| format!("ok      {name}"), |what| format!("BROKEN  {name}: {says}\n        {what}"));
        print_line(&line)
    }

    /// Notes a check that could not run.
    pub(crate) fn leave_out(&mut self, name: &'static str, needs: &str) -> Result<(), String> {
        self.left_out.push(name);
        if self.json { Ok(()) } else { print_line(&format!("left    {name}: needs {needs}")) }
    }

    /// Prints the sum; exit code 1 if anything broke.
    pub(crate) fn finish(self) -> Result<ExitCode, String> {
        let (ran, broken) = (self.checks.len(), self.broken);
        if self.json {
            let left_out = self.left_out;
            let sum = json!({"ran": ran, "broken": broken, "left_out": left_out, "checks": self.checks});
            print_line(&sum.to_string())?;
        } else {
            let left_out = self.left_out.len();
            print_line(&format!("{ran} checks, {broken} broken, {left_out} left out"))?;
        }
        // Nothing that ran has proven nothing.
        Ok(if broken == 0 && ran > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn print_line(line: &str) -> Result<(), String> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| format!("the report cannot be printed: {error}"))
}
