//! Several servers on one PostgreSQL and one directory of blobs: any request on any of them.

mod away;
mod door;
mod findings;
mod hand_in;
mod kept_receipts;
mod kills;
mod meeting;
mod previews;
mod requests;
mod room;
mod tasks;
mod uploads;
mod worker;

use std::time::Duration;

use integration_tests::server::{Process, TestServer};
use serde_json::json;

/// Longer than anything here takes that works at all.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server and a second node beside it.
struct Pair {
    server: TestServer,
    other: Process,
}

impl Pair {
    fn start() -> Self {
        let server = TestServer::configured(&json!({
            "limits": {"sync_per_minute": 60_000, "sync_burst": 60_000, "user_per_minute": 60_000, "tenant_per_minute": 60_000}
        }));
        let other = server.join();
        Self { server, other }
    }

    fn urls(&self) -> [&str; 2] {
        [self.server.url(), self.other.url()]
    }
}
