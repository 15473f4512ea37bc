//! `Upload-Metadata`: what a sender says of an upload.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sync_core::bytes::Hash;

use crate::app::{AppResult, ErrorCode, Refusal};

/// Most bytes of the header.
///
/// # Source
/// limits-and-threats: a header that is kept and sent back must stay small.
const MOST_BYTES: usize = 4 << 10;

/// Most keys.
const MOST_KEYS: usize = 16;

/// Most bytes of one value.
const MOST_VALUE_BYTES: usize = 1 << 10;

/// What a sender says of an upload; only what is named here means something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// As sent.
    pub text: String,
    /// `sha256`: what the whole hashes to.
    pub sha256: Option<Hash>,
    /// `photo_id`: the photo it belongs to; empty where he does not say.
    pub photo_id: String,
}

impl Metadata {
    /// Reads the header: pairs of key and base64 value, separated by commas.
    ///
    /// # Errors
    /// `upload_metadata_invalid` with what was expected.
    pub fn read(text: &str) -> AppResult<Self> {
        if text.len() > MOST_BYTES {
            return Err(faulty("at most 4096 bytes"));
        }
        let mut metadata = Self { text: text.to_owned(), ..Self::default() };
        if text.is_empty() {
            return Ok(metadata);
        }
        let mut keys = Vec::new();
        for pair in text.split(',') {
            // Some clients write a space behind the comma.
            let pair = pair.trim();
            let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
            if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(faulty("keys of visible ASCII characters, none empty"));
            }
            if keys.contains(&key) {
                return Err(faulty("each key once"));
            }
            keys.push(key);
            let value = STANDARD.decode(value).map_err(|_faulty| faulty("values in base64"))?;
            if keys.len() > MOST_KEYS || value.len() > MOST_VALUE_BYTES {
                return Err(faulty("at most 16 keys, each with at most 1024 bytes"));
            }
            metadata.note(key, value)?;
        }
        Ok(metadata)
    }

    fn note(&mut self, key: &str, value: Vec<u8>) -> AppResult<()> {
        match key {
            "sha256" => {
                self.sha256 = Some(read_hash(&value).ok_or_else(|| faulty("sha256: 64 hex digits or 32 bytes"))?)
            }
            "photo_id" => {
                let written = String::from_utf8(value).map_err(|_bytes| faulty("photo_id: text"))?;
                // PostgreSQL refuses U+0000; what was sent stays in the metadata.
                self.photo_id = written.replace('\0', "\u{fffd}");
            }
            _ => {}
        }
        Ok(())
    }
}

/// Reads a hash, as digits of either case or as it is.
fn read_hash(value: &[u8]) -> Option<Hash> {
    Hash::try_from(value).ok().or_else(|| std::str::from_utf8(value).ok()?.to_ascii_lowercase().parse().ok())
}

fn faulty(expected: &str) -> crate::app::AppError {
    Refusal::new(ErrorCode::UploadMetadataInvalid).field("Upload-Metadata", expected).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(value: impl AsRef<[u8]>) -> String {
        STANDARD.encode(value)
    }

    #[test]
    fn what_means_something_is_read_and_the_rest_is_kept_as_it_came() {
        let hash = Hash::of(b"a photo");
        let digits = hash.to_string();
        for value in [encoded(&digits), encoded(digits.to_uppercase()), encoded(hash.as_bytes())] {
            let text = format!("filename ZG9vci5qcGc=,sha256 {value},is_private,photo_id {}", encoded("p-1"));
            let read = Metadata::read(&text).expect("readable");
            assert_eq!(read, Metadata { text, sha256: Some(hash), photo_id: "p-1".to_owned() });
        }
        assert_eq!(Metadata::read("").expect("nothing"), Metadata::default());
    }

    #[test]
    fn what_the_text_forbids_or_nobody_could_keep_is_refused() {
        let many = (0..17).map(|n| format!("k{n}")).collect::<Vec<_>>().join(",");
        for faulty in [
            ",".to_owned(),
            "a,,b".to_owned(),
            "a ZA==,a ZA==".to_owned(),
            "a !".to_owned(),
            "a ZA== ZA==".to_owned(),
            "ü ZA==".to_owned(),
            format!("sha256 {}", encoded("short")),
            format!("photo_id {}", encoded([0xff])),
            format!("a {}", encoded([0; 1025])),
            many,
            format!("a{}", "a".repeat(4096)),
        ] {
            let refused = Metadata::read(&faulty).expect_err(&faulty);
            assert_eq!(refused.code(), ErrorCode::UploadMetadataInvalid, "{faulty}");
        }
    }
}
