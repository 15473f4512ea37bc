//! Logs: JSON lines for machines, short lines for people; never personal data.

use std::fmt::{Debug, Write as _};
use std::panic::{self, PanicHookInfo};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer};

/// Crates that read bytes from outside, always where a panic is contained: one of theirs is a refusal, no defect.
const READERS: [&str; 8] =
    ["automerge", "hexane", "image", "image-webp", "kamadak-exif", "png", "zune-core", "zune-jpeg"];

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// Short lines for a terminal.
    Text,
}

/// Installs the log writer for the process, also for panics; `filter` is a `tracing` filter such as `info`.
pub fn install(format: LogFormat, filter: &str) {
    // What Automerge says of bytes from outside is no defect, and quotes them; the guard tells what became of them. It also
    // opens a span for each document it loads, whose fields would be formatted each time: a tenth of what the guard costs.
    let but_automerge = |filter: &str| format!("automerge=off,{filter}");
    let filter =
        EnvFilter::try_new(but_automerge(filter)).unwrap_or_else(|_faulty| EnvFilter::new(but_automerge("info")));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // A second installation (tests start several servers in one process) leaves the first in place.
    let _ = match format {
        LogFormat::Json => builder.json().finish().with(UnreadableRequests).try_init(),
        LogFormat::Text => builder.compact().finish().with(UnreadableRequests).try_init(),
    };
    panic::set_hook(Box::new(log_panic));
}

/// Where the library that reads requests tells of connections that it gives up.
const CONNECTIONS: &str = "actix_http::h1::dispatcher";

/// How it begins to tell of a request that cannot be read.
const UNREADABLE: &str = "stream error: request parse error:";

/// Tells as a detail what the library tells as a fault of the server: a request whose head is malformed or too large is its
/// sender's. What else it says of connections stays as it is.
struct UnreadableRequests;

impl<S: Subscriber> Layer<S> for UnreadableRequests {
    fn event_enabled(&self, event: &Event<'_>, _context: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if metadata.target() != CONNECTIONS || *metadata.level() != Level::ERROR {
            return true;
        }
        let mut message = Message::default();
        event.record(&mut message);
        let is_unreadable = message.0.starts_with(UNREADABLE);
        if is_unreadable {
            tracing::debug!("a request was refused, for it cannot be read");
        }
        !is_unreadable
    }
}

/// What an event says.
#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            // Writing to a text never fails.
            let _ = write!(self.0, "{value:?}");
        }
    }
}

/// Tells where a panic was, and not what it said: that may quote what a person wrote.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(String::new, ToString::to_string);
    if is_of_reader(&place) {
        tracing::warn!(place, "a library failed at bytes from outside; they are refused");
    } else {
        tracing::error!(place, "a panic");
    }
}

/// Whether a place in the sources, such as `…/automerge-0.12.0/src/x.rs:1:2`, is in a reader.
fn is_of_reader(place: &str) -> bool {
    let is_version = |rest: &str| rest.starts_with(|first: char| first.is_ascii_digit());
    let is_reader = |folder: &str| {
        READERS
            .iter()
            .any(|name| folder.strip_prefix(name).and_then(|rest| rest.strip_prefix('-')).is_some_and(is_version))
    };
    place.split(['/', '\\']).any(is_reader)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_known_by_the_folder_of_their_sources() {
        for place in ["/r/automerge-0.12.0/src/op_set2/collector.rs:299:9", r"C:\r\image-webp-0.2.4\src\lib.rs:1:1"] {
            assert!(is_of_reader(place), "{place}");
        }
        for place in ["server/src/app/sync/push.rs:1:1", "/r/automerge-door/src/lib.rs:1:1", "/r/imagery-1.0/x.rs", ""]
        {
            assert!(!is_of_reader(place), "{place}");
        }
    }
}
