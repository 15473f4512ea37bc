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

impl S3Config {
    /// Refuses what is given by halves, and what is given and empty: blobs would be kept elsewhere than was meant.
    ///
    /// # Errors
    /// [`ConfigError::Key`] with the setting and the variable that sets it.
    pub fn check(&self) -> Result<(), ConfigError> {
        let [bucket, endpoint, region, id, secret, token] = [
            (self.bucket.as_deref(), "bucket", "DOORSTEP_S3_BUCKET"),
            (self.endpoint.as_deref(), "endpoint", "DOORSTEP_S3_ENDPOINT"),
            (Some(self.region.as_str()), "region", "DOORSTEP_S3_REGION"),
            (self.access_key_id.as_deref(), "access_key_id", "AWS_ACCESS_KEY_ID"),
            (self.secret_access_key.as_ref().map(Secret::reveal), "secret_access_key", "AWS_SECRET_ACCESS_KEY"),
            (self.session_token.as_ref().map(Secret::reveal), "session_token", "AWS_SESSION_TOKEN"),
        ];
        let wrong = |(_, key, variable): (_, &str, &str), problem: &str| {
            Err(ConfigError::Key { key: format!("s3.{key} ({variable})"), problem: problem.to_owned() })
        };
        let is_empty = |(value, ..): &(Option<&str>, _, _)| value.is_some_and(|value| value.trim().is_empty());
        // Other programs read the keys too: without a bucket they are none of ours.
        let (ours, keys) = ([bucket, endpoint, region], [id, secret, token]);
        let looked_at = ours.into_iter().chain(keys.into_iter().filter(|_| bucket.0.is_some()));
        if let Some(setting) = looked_at.into_iter().find(is_empty) {
            return wrong(setting, "is empty: give it a value, or take it away");
        }
        match (bucket.0, endpoint.0, id.0, secret.0, token.0) {
            (None, Some(_), ..) => wrong(bucket, "is missing, and there is an endpoint"),
            (None, ..) => Ok(()),
            (_, _, None, Some(_), _) => wrong(id, "is missing, and there is a secret key"),
            (_, _, Some(_), None, _) => wrong(secret, "is missing, and there is the name of an access key"),
            (_, _, None, None, Some(_)) => wrong(id, "is missing, and there is a session token"),
            _ => Ok(()),
        }
    }
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

    /// What a check says of a bucket, endpoint, key and secret.
    fn said([bucket, endpoint, id, secret, token]: [Option<&str>; 5]) -> String {
        let own = |value: Option<&str>| value.map(str::to_owned);
        let config = S3Config {
            bucket: own(bucket),
            endpoint: own(endpoint),
            region: "us-east-1".to_owned(),
            access_key_id: own(id),
            secret_access_key: secret.map(Secret::new),
            session_token: token.map(Secret::new),
        };
        config.check().map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn a_bucket_that_is_described_by_halves_is_refused_and_the_setting_named() {
        let some = Some("some");
        for sound in [
            [None; 5],
            [None, None, some, None, None],
            [some, None, None, None, None],
            [some, some, some, some, None],
            [some, None, some, some, some],
        ] {
            assert_eq!(said(sound), "", "{sound:?}");
        }
        for (faulty, named) in [
            ([Some(""), some, some, some, None], "DOORSTEP_S3_BUCKET"),
            ([Some(" "), None, None, None, None], "DOORSTEP_S3_BUCKET"),
            ([None, some, some, some, None], "DOORSTEP_S3_BUCKET"),
            ([some, Some(""), some, some, None], "DOORSTEP_S3_ENDPOINT"),
            ([some, some, some, None, None], "AWS_SECRET_ACCESS_KEY"),
            ([some, some, None, some, None], "AWS_ACCESS_KEY_ID"),
            ([some, some, Some(""), some, None], "AWS_ACCESS_KEY_ID"),
            ([some, some, None, None, some], "AWS_ACCESS_KEY_ID"),
            ([some, some, some, some, Some("")], "AWS_SESSION_TOKEN"),
        ] {
            assert!(said(faulty).contains(named), "{faulty:?}: {}", said(faulty));
        }
    }
}
