//! Logs: JSON lines for machines, short lines for people; never personal data.

use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// Short lines for a terminal.
    Text,
}

/// What is not told unless the filter asks for it by name: Automerge opens a span for each document it loads, whose fields
/// would be formatted each time (a tenth of what the guard costs).
const QUIET: &str = "automerge=warn";

/// Where the filter cannot be read.
const QUIET_INFO: &str = "automerge=warn,info";

/// Installs the log writer for the process; `filter` is a `tracing` filter such as `info`.
pub fn install(format: LogFormat, filter: &str) {
    let filter = EnvFilter::try_new(format!("{QUIET},{filter}")).unwrap_or_else(|_faulty| EnvFilter::new(QUIET_INFO));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // A second installation (tests start several servers in one process) leaves the first in place.
    let _ = match format {
        LogFormat::Json => builder.json().try_init(),
        LogFormat::Text => builder.compact().try_init(),
    };
}
