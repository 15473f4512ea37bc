//! How the checks speak to a phone: a program that is called with one word and its arguments.
//!
//! Owns the translation for `doorstep phone`; any other phone brings its own adapter program.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use sync_core::ids::VisitId;
use sync_core::time::UnixMillis;

use crate::Broken;
use crate::cli::{ClientArgs, ServerArgs};

/// A phone behind its adapter.
pub(super) enum Adapter {
    /// A foreign program with its leading words.
    Program { program: String, words: Vec<String>, dir: PathBuf },
    /// `doorstep phone` of this very executable.
    Reference { executable: PathBuf, dir: PathBuf },
}

impl Adapter {
    pub(super) fn new(args: &ClientArgs) -> Result<Self, Broken> {
        if args.dir.exists() {
            return Err(format!("{} exists already; the phone needs a directory of its own", args.dir.display()));
        }
        std::fs::create_dir_all(&args.dir).map_err(|error| format!("{}: {error}", args.dir.display()))?;
        let dir = args.dir.clone();
        let mut words = args.adapter.iter().cloned();
        if let Some(program) = words.next() {
            return Ok(Self::Program { program, words: words.collect(), dir });
        }
        let executable = std::env::current_exe().map_err(|error| format!("this executable: {error}"))?;
        Ok(Self::Reference { executable, dir })
    }

    /// Binds the phone to the rep; it reaches the server at `url`.
    pub(super) fn enrol(&self, args: &ServerArgs, url: &str) -> Result<(), Broken> {
        let (organisation, login, code) = (args.organisation.as_str(), args.login.as_str(), args.code.as_str());
        let said = match self {
            Self::Program { .. } => self.run(&["enrol", url, organisation, login, code]),
            Self::Reference { .. } => {
                self.run(&["enrol", "--server", url, "--organisation", organisation, "--login", login, "--code", code])
            }
        };
        said.map(|_answer| ())
    }

    /// Starts a sync.
    pub(super) fn start_sync(&self) -> Result<Child, Broken> {
        let mut command = self.command(&["sync"]);
        command.spawn().map_err(|error| format!("the adapter cannot be started: {error}"))
    }

    /// Makes a visit at the door; gives its id.
    pub(super) fn new_visit(&self, template: &str) -> Result<VisitId, Broken> {
        let answer = match self {
            Self::Program { .. } => self.run(&["new-visit", template])?,
            Self::Reference { .. } => self.run(&[
                "intent",
                "create_visit",
                "-f",
                &format!("template={template}"),
                "-f",
                "reason=conformance",
            ])?,
        };
        let id = answer.get("visit").and_then(Value::as_str).and_then(|id| id.parse().ok());
        id.ok_or_else(|| format!("new-visit answered no visit: {answer}"))
    }

    /// Captures a text, durable when this returns.
    pub(super) fn capture(&self, visit: VisitId, text: &str) -> Result<(), Broken> {
        let visit = visit.to_string();
        let words = match self {
            Self::Program { .. } => ["capture", &visit, text],
            Self::Reference { .. } => ["note", &visit, text],
        };
        self.run(&words).map(|_answer| ())
    }

    /// Takes a photo.
    pub(super) fn photo(&self, visit: VisitId, slot: &str, file: &Path) -> Result<(), Broken> {
        let (visit, file) = (visit.to_string(), file.display().to_string());
        let said = match self {
            Self::Program { .. } => self.run(&["photo", &visit, slot, &file]),
            Self::Reference { .. } => self.run(&["photo", &visit, &file, "--slot", slot]),
        };
        said.map(|_answer| ())
    }

    /// How many items no held receipt names.
    pub(super) fn outstanding(&self) -> Result<i64, Broken> {
        let (answer, at) = match self {
            Self::Program { .. } => (self.run(&["outstanding"])?, "/outstanding"),
            Self::Reference { .. } => (self.run(&["status"])?, "/outstanding/total"),
        };
        let count = answer.pointer(at).and_then(Value::as_i64);
        count.ok_or_else(|| format!("no number of outstanding items: {answer}"))
    }

    /// Heads of a visit as the phone holds it.
    pub(super) fn heads(&self, visit: VisitId) -> Result<Vec<String>, Broken> {
        let visit = visit.to_string();
        let answer = match self {
            Self::Program { .. } => self.run(&["heads", &visit])?,
            Self::Reference { .. } => self.run(&["show", &visit])?,
        };
        let heads = answer.get("heads").cloned().unwrap_or_default();
        serde_json::from_value(heads).map_err(|error| format!("no heads: {error}"))
    }

    /// Makes the phone's wall clock show an instant from now on.
    pub(super) fn clock(&self, shows: UnixMillis) -> Result<(), Broken> {
        let shows = shows.to_rfc3339();
        match self {
            Self::Program { .. } => self.run(&["clock", &shows]).map(|_answer| ()),
            Self::Reference { dir, .. } => {
                std::fs::write(clock_file(dir), shows).map_err(|error| format!("the clock file: {error}"))
            }
        }
    }

    /// Runs words to their end; gives the JSON they print.
    fn run(&self, words: &[&str]) -> Result<Value, Broken> {
        let output = self.command(words).output().map_err(|error| format!("the adapter cannot be started: {error}"))?;
        if !output.status.success() {
            return Err(format!("{}: {}", words.join(" "), said(&output)));
        }
        Ok(serde_json::from_slice(&output.stdout).unwrap_or_default())
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = match self {
            Self::Program { program, words, dir } => {
                let mut command = Command::new(program);
                command.args(words).env("CONFORMANCE_DIR", dir);
                command
            }
            Self::Reference { executable, dir } => {
                let mut command = Command::new(executable);
                command.args(["phone", "--json", "--dir"]).arg(dir.join("store"));
                command.arg("--clock").arg(clock_file(dir));
                command
            }
        };
        command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

fn clock_file(dir: &Path) -> PathBuf {
    dir.join("clock")
}

/// The last of what a program said.
fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let last = text.lines().next_back().unwrap_or("it said nothing").to_owned();
    format!("{} ({last})", output.status)
}
