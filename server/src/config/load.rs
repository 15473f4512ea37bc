//! Reads the configuration: defaults < file < environment.

use std::path::Path;

use serde_json::Value;

use super::Config;

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

/// Environment variables and the keys they set.
const ENVIRONMENT: [(&str, &str); 4] = [
    ("DATABASE_URL", "database_url"),
    ("DOORSTEP_DATA_DIR", "data_dir"),
    ("DOORSTEP_LISTEN", "listen"),
    ("DOORSTEP_PUBLIC_URL", "public_url"),
];

/// Ceilings that no configuration exceeds: key, highest value.
const CEILINGS: [(&str, &str, u64); 6] = [
    ("limits", "json_body_bytes", 4 << 20),
    ("limits", "import_body_bytes", 64 << 20),
    ("limits", "blob_bytes", 1 << 30),
    ("limits", "sync_encoded_bytes", 16 << 20),
    ("limits", "sync_decoded_bytes", 64 << 20),
    ("limits", "page_size", 1000),
];

/// Loads the configuration; `file` is JSON with any subset of the keys of `defaults.json`.
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
    let mut merged: Value = parse(include_str!("defaults.json"))?;
    overlay(&mut merged, own.clone());
    if let Some(path) = file {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::File { path: path.display().to_string(), source })?;
        overlay(&mut merged, parse(&text)?);
    }
    for (variable, key) in ENVIRONMENT {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        if let (Ok(value), Some(object)) = (std::env::var(variable), merged.as_object_mut()) {
            object.insert(key.to_owned(), Value::String(value));
        }
    }
    for (section, key, ceiling) in CEILINGS {
        let value = merged.get(section).and_then(|section| section.get(key)).and_then(Value::as_u64);
        if value.is_some_and(|value| value > ceiling) {
            return Err(ConfigError::Key { key: format!("{section}.{key}"), problem: format!("at most {ceiling}") });
        }
    }
    serde_path_to_error::deserialize(merged)
        .map_err(|error| ConfigError::Key { key: error.path().to_string(), problem: error.inner().to_string() })
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
        let mut merged = parse(include_str!("defaults.json")).expect("defaults");
        overlay(&mut merged, serde_json::json!({"auth": {"access_token_secs": "soon"}}));
        let error = serde_path_to_error::deserialize::<_, Config>(merged).expect_err("refused");
        assert_eq!(error.path().to_string(), "auth.access_token_secs");
    }
}
