//! Configuration: built-in defaults, then a file, then the environment; validated once.

mod limits;
mod load;

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

pub use limits::LimitsConfig;
pub use load::{ConfigError, load, load_over};

/// Everything an installation can set. The defaults in `defaults.json`, and those of
/// limits in `limits.rs`, are the documented reference.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `sqlite://path` or `postgres://…`.
    pub database_url: String,
    /// Where blobs live, and what is on its way in any case.
    pub data_dir: PathBuf,
    /// Where finished blobs live instead, if it names a bucket.
    pub s3: S3Config,
    /// Listening address.
    pub listen: String,
    /// The URL by which people and phones reach this server; absent for the listening address.
    pub public_url: Option<String>,
    /// Database pools.
    pub database: DatabaseConfig,
    /// Signing in.
    pub auth: AuthConfig,
    /// Whether a proxy of ours stands in front, which appends the caller's address to `X-Forwarded-For`.
    pub behind_proxy: bool,
    /// Limits on requests.
    pub limits: LimitsConfig,
    /// What travels to phones.
    pub sync: SyncConfig,
    /// How the process stops.
    pub stop: StopConfig,
}

impl Config {
    /// The issuer of access tokens: the public URL, or where this machine reaches the listening address.
    #[must_use]
    pub fn issuer(&self) -> String {
        if let Some(url) = &self.public_url {
            return url.trim_end_matches('/').to_owned();
        }
        let address = self.listen.parse::<SocketAddr>().ok();
        match address.filter(|address| address.ip().is_unspecified()) {
            Some(everywhere) => format!("http://localhost:{}", everywhere.port()),
            None => format!("http://{}", self.listen),
        }
    }
}

/// An S3-compatible bucket.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Config {
    /// Its name; absent where blobs are kept in the data directory.
    pub bucket: Option<String>,
    /// Where it is served, such as `https://minio.example:9000`; absent for AWS.
    pub endpoint: Option<String>,
    /// Its region.
    pub region: String,
    /// Name of the access key; absent where the machine's role grants access.
    pub access_key_id: Option<String>,
    /// The access key.
    pub secret_access_key: Option<Secret>,
    /// Token of a passing access key.
    pub session_token: Option<Secret>,
}

/// A setting that is never shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes the secret.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self(secret.to_owned())
    }

    /// The secret, for who asks by it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// Database pools.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// Connections.
    pub connections: u32,
    /// How long a request waits for one, in milliseconds.
    pub wait_ms: u64,
}

/// Signing in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// Life of an access token, in seconds (design section 9: 15 minutes).
    pub access_token_secs: i64,
    /// A refresh family ends after this many days without use (design section 9: 45).
    pub refresh_idle_days: i64,
    /// Life of an enrolment code, in seconds (limits-and-threats: 15 minutes).
    pub enrolment_code_secs: i64,
    /// Life of a nonce, in seconds.
    pub nonce_secs: i64,
    /// Password hashes computed at once (limits-and-threats: 4).
    pub concurrent_hashes: usize,
}

/// What travels to phones (design section 3, point 5).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyncConfig {
    /// Visits planned up to this many days ahead.
    pub days_ahead: i64,
    /// Visits planned up to this many days back.
    pub days_back: i64,
}

/// How the process stops (limits-and-threats, L5: within 10 seconds).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopConfig {
    /// How long it goes on serving after it said that it is not ready any more, in milliseconds: time for who shares
    /// out requests to notice.
    pub drain_ms: u64,
    /// How long running requests have after that, in seconds.
    pub finish_secs: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_issuer_is_the_public_url_or_the_listening_address() {
        let mut config = load(None).expect("defaults load");
        config.public_url = None;
        for (listen, issuer) in [
            ("127.0.0.1:8480", "http://127.0.0.1:8480"),
            ("0.0.0.0:9000", "http://localhost:9000"),
            ("[::]:9000", "http://localhost:9000"),
            ("office.example:80", "http://office.example:80"),
        ] {
            listen.clone_into(&mut config.listen);
            assert_eq!(config.issuer(), issuer);
        }
        config.public_url = Some("https://visits.example/".to_owned());
        assert_eq!(config.issuer(), "https://visits.example");
    }
}
