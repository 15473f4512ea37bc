//! Reads the configuration: defaults < file < environment.

use std::path::Path;

use serde_json::Value;

use super::{Config, limits};

/// Reports a configuration that cannot be used, naming the faulty key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {path}")]
    File {
        /// Path as given.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is no JSON object.
    #[error("the configuration file is not JSON: {0}")]
    Syntax(String),
    /// A key is unknown or has a wrong value.
    #[error("configuration key {key}: {problem}")]
    Key {
        /// Path of the key.
        key: String,
        /// What is wrong.
        problem: String,
    },
}

/// Environment variables and the keys they set; keys of S3 have the names that its tools use.
const ENVIRONMENT: [(&str, &str); 10] = [
    ("DATABASE_URL", "/database_url"),
    ("DOORSTEP_DATA_DIR", "/data_dir"),
    ("DOORSTEP_LISTEN", "/listen"),
    ("DOORSTEP_PUBLIC_URL", "/public_url"),
    ("DOORSTEP_S3_BUCKET", "/s3/bucket"),
    ("DOORSTEP_S3_ENDPOINT", "/s3/endpoint"),
    ("DOORSTEP_S3_REGION", "/s3/region"),
    ("AWS_ACCESS_KEY_ID", "/s3/access_key_id"),
    ("AWS_SECRET_ACCESS_KEY", "/s3/secret_access_key"),
    ("AWS_SESSION_TOKEN", "/s3/session_token"),
];

/// Loads the configuration; `file` is JSON with any subset of the keys of `defaults.json` and of the limits.
///
/// # Errors
/// [`ConfigError`] names the file or key at fault.
pub fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
    load_over(&Value::Object(serde_json::Map::new()), file)
}

/// Loads the configuration where a command has defaults of its own: built-in < `own` < file < environment.
///
/// # Errors
/// [`ConfigError`] names the file or key at fault.
pub fn load_over(own: &Value, file: Option<&Path>) -> Result<Config, ConfigError> {
    let mut merged = defaults()?;
    overlay(&mut merged, own.clone());
    if let Some(path) = file {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::File { path: path.display().to_string(), source })?;
        overlay(&mut merged, parse(&text)?);
    }
    for (variable, key) in ENVIRONMENT {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        if let (Ok(value), Some(set)) = (std::env::var(variable), merged.pointer_mut(key)) {
            *set = Value::String(value);
        }
    }
    limits::check(merged.get("limits"))?;
    serde_path_to_error::deserialize(merged)
        .map_err(|error| ConfigError::Key { key: error.path().to_string(), problem: error.inner().to_string() })
}

/// The built-in defaults.
fn defaults() -> Result<Value, ConfigError> {
    let mut defaults = parse(include_str!("defaults.json"))?;
    overlay(&mut defaults, serde_json::json!({ "limits": limits::defaults() }));
    Ok(defaults)
}

fn parse(text: &str) -> Result<Value, ConfigError> {
    serde_json::from_str(text).map_err(|error| ConfigError::Syntax(error.to_string()))
}

/// Lays `over` onto `base`, object by object.
fn overlay(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                overlay(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_complete() {
        let config = load(None).expect("defaults load");
        assert_eq!(config.auth.access_token_secs, 900);
    }

    #[test]
    fn a_faulty_key_is_named() {
        let mut merged = defaults().expect("defaults");
        overlay(&mut merged, serde_json::json!({"auth": {"access_token_secs": "soon"}}));
        let error = serde_path_to_error::deserialize::<_, Config>(merged).expect_err("refused");
        assert_eq!(error.path().to_string(), "auth.access_token_secs");
    }
}
