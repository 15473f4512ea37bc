//! Every limit that an installation can set, with its default and the ceiling that no configuration exceeds.
//!
//! The rows of limits-and-threats section 5 that concern a request as a whole; what the protocol fixes for server
//! and phone alike stands in `sync_core::protocol::limits`.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::ConfigError;

/// Limits on requests.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsConfig {
    /// A URL, in bytes.
    pub url_bytes: usize,
    /// Request line and headers, in bytes.
    pub header_bytes: usize,
    /// Headers of a request.
    pub headers: usize,
    /// A JSON body, in bytes.
    pub json_body_bytes: usize,
    /// A bulk import, in bytes.
    pub import_body_bytes: usize,
    /// Keys of one JSON object.
    pub json_keys: usize,
    /// Items of one JSON array.
    pub json_items: usize,
    /// A photo or other blob, in bytes.
    pub blob_bytes: u64,
    /// Blobs of an organisation beyond which none is taken, in bytes; 0 for any number.
    pub org_storage_bytes: u64,
    /// Blobs of a device that nothing names beyond which none is taken that nothing names, in bytes; 0 for any number.
    pub unclaimed_bytes_per_device: u64,
    /// A bundle of a phone's unsent work, in bytes.
    pub bundle_bytes: u64,
    /// Requests and blobs in a bundle, and items that the answer to it lists.
    pub bundle_items: u64,
    /// A sync request as sent, in bytes.
    pub sync_encoded_bytes: usize,
    /// A sync request after decompression, in bytes.
    pub sync_decoded_bytes: usize,
    /// Decompressed size divided by compressed size.
    pub sync_ratio: usize,
    /// Items per page.
    pub page_size: i64,
    /// Loaded documents kept in memory by one process, in bytes.
    pub document_cache_bytes: usize,
    /// Prints of photos kept in memory by one process beside those in use, in bytes.
    pub print_index_bytes: usize,
    /// Documents that one socket of the automerge-repo door holds.
    pub socket_documents: usize,
    /// Requests served at once by one process.
    pub concurrent_requests: usize,
    /// Uploads received at once by one process.
    pub concurrent_uploads: usize,
    /// Originals of blobs sent at once by one process.
    pub concurrent_originals: usize,
    /// Originals of blobs sent to one person at once by one process.
    pub originals_per_person: usize,
    /// Unfinished uploads of one device.
    pub uploads_per_device: usize,
    /// Uploads of one device received at once by one process.
    pub active_uploads_per_device: usize,
    /// Large and first sync requests worked on at once by one process; the others wait, compressed as they came.
    pub concurrent_syncs: usize,
    /// Live streams of one process.
    pub live_streams: usize,
    /// Live streams of one device, or of one person without a device; the newest stay.
    pub live_streams_per_device: usize,
    /// Longest silence of a live stream, in milliseconds.
    pub live_ping_ms: u64,
    /// Time for the head of a request, in milliseconds.
    pub head_read_ms: u64,
    /// Longest silence within a body, and how long whoever is answered may take none of it, in milliseconds.
    pub body_idle_ms: u64,
    /// Time for a whole body other than an upload, in milliseconds.
    pub body_total_ms: u64,
    /// Time over which the pace of an upload is taken, in milliseconds.
    pub upload_window_ms: u64,
    /// Slowest pace of an upload, in bytes per second.
    pub upload_bytes_per_sec: u64,
    /// Time over which the pace of an original's reader is taken, in milliseconds.
    pub original_window_ms: u64,
    /// Slowest pace of an original's reader, in bytes per second; 0 for any.
    pub original_bytes_per_sec: u64,
    /// Sync calls of a device, per minute.
    pub sync_per_minute: NonZeroU32,
    /// Sync calls of a device at once after a rest.
    pub sync_burst: NonZeroU32,
    /// Calls of a person or service account, per minute.
    pub user_per_minute: NonZeroU32,
    /// Calls of all people of an organisation, per minute.
    pub tenant_per_minute: NonZeroU32,
    /// Sign-ins from one address, per minute.
    pub login_address_per_minute: NonZeroU32,
    /// Requests to customers' pages from one address, per minute.
    pub customer_address_per_minute: NonZeroU32,
    /// Sign-ins to one organisation, per minute.
    pub login_tenant_per_minute: NonZeroU32,
}

/// Key, default and ceiling of each limit.
///
/// # Source
/// Defaults: limits-and-threats section 5. Ceilings: what the process still bears, and for URL and headers what the
/// HTTP library hands on.
const LIMITS: [(&str, u64, u64); 43] = [
    ("url_bytes", 4 << 10, 60 << 10),
    ("header_bytes", 16 << 10, 120 << 10),
    ("headers", 64, 96),
    ("json_body_bytes", 256 << 10, 4 << 20),
    ("import_body_bytes", 5 << 20, 64 << 20),
    ("json_keys", 1_000, 100_000),
    ("json_items", 10_000, 1_000_000),
    ("blob_bytes", 40 << 20, 1 << 30),
    ("org_storage_bytes", 50 << 30, 1 << 50),
    ("unclaimed_bytes_per_device", 5 << 30, 1 << 50),
    ("bundle_bytes", 2 << 30, 1 << 40),
    ("bundle_items", 10_000, 100_000),
    ("sync_encoded_bytes", 4 << 20, 16 << 20),
    ("sync_decoded_bytes", 16 << 20, 64 << 20),
    ("sync_ratio", 20, 1_000),
    ("page_size", 200, 1_000),
    ("document_cache_bytes", 4 << 20, 1 << 30),
    ("print_index_bytes", 256 << 20, 1 << 40),
    ("socket_documents", 4_096, 65_536),
    ("concurrent_requests", 512, 16_384),
    ("concurrent_uploads", 256, 16_384),
    ("concurrent_originals", 64, 4_096),
    // An eighth of them: a browser opens six connections to a server.
    ("originals_per_person", 8, 4_096),
    ("uploads_per_device", 200, 10_000),
    ("active_uploads_per_device", 4, 256),
    ("concurrent_syncs", 8, 1_024),
    ("live_streams", 20_000, 200_000),
    ("live_streams_per_device", 4, 64),
    ("live_ping_ms", 25_000, 600_000),
    ("head_read_ms", 10_000, 120_000),
    ("body_idle_ms", 30_000, 600_000),
    ("body_total_ms", 60_000, 3_600_000),
    ("upload_window_ms", 60_000, 600_000),
    ("upload_bytes_per_sec", 256, 65_536),
    ("original_window_ms", 60_000, 600_000),
    // Below what the slowest mobile data give: evidence must come however slow, but who reads it can go on by ranges.
    // In a window it is less than the step in which the system tells what was taken (`http/readers.rs`).
    ("original_bytes_per_sec", 1_024, 65_536),
    ("sync_per_minute", 60, 60_000),
    ("sync_burst", 120, 60_000),
    ("user_per_minute", 600, 600_000),
    ("tenant_per_minute", 6_000, 6_000_000),
    ("login_address_per_minute", 30, 30_000),
    ("customer_address_per_minute", 60, 60_000),
    ("login_tenant_per_minute", 300, 300_000),
];

impl LimitsConfig {
    /// The limits that a phone keeps to, by name, where they differ from the defaults that it knows.
    #[must_use]
    pub fn unlike_defaults(&self) -> BTreeMap<String, i64> {
        let of_phones =
            [("sync_decoded_bytes", self.sync_decoded_bytes), ("sync_encoded_bytes", self.sync_encoded_bytes)];
        let of_phones = of_phones.map(|(name, limit)| (name, u64::try_from(limit).unwrap_or(u64::MAX)));
        let differs =
            |(name, limit): &(&str, u64)| !LIMITS.iter().any(|(key, default, _)| key == name && default == limit);
        let differing = of_phones.into_iter().filter(differs);
        differing.map(|(name, limit)| (name.to_owned(), i64::try_from(limit).unwrap_or(i64::MAX))).collect()
    }
}

/// The defaults as the section `limits` of a configuration.
pub(super) fn defaults() -> Value {
    Value::Object(LIMITS.iter().map(|(key, default, _)| ((*key).to_owned(), (*default).into())).collect::<Map<_, _>>())
}

/// Refuses what exceeds a ceiling.
pub(super) fn check(section: Option<&Value>) -> Result<(), ConfigError> {
    let value = |key: &str| section.and_then(|section| section.get(key)).and_then(Value::as_u64);
    match LIMITS.iter().find(|(key, _, ceiling)| value(key).is_some_and(|value| value > *ceiling)) {
        Some((key, _, ceiling)) => {
            Err(ConfigError::Key { key: format!("limits.{key}"), problem: format!("at most {ceiling}") })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_a_default_within_its_ceiling() {
        let defaults = defaults();
        serde_json::from_value::<LimitsConfig>(defaults.clone()).expect("complete, and nothing unknown");
        check(Some(&defaults)).expect("within the ceilings");
    }

    #[test]
    fn one_above_a_ceiling_is_refused_and_named() {
        for (key, _, ceiling) in LIMITS {
            let section = |value: u64| serde_json::json!({ key: value });
            check(Some(&section(ceiling))).expect(key);
            let error = check(Some(&section(ceiling + 1))).expect_err(key).to_string();
            assert_eq!(error, format!("configuration key limits.{key}: at most {ceiling}"));
        }
    }
}
