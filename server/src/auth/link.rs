//! Links to copies of photos that prove themselves: an `<img>` sends no token.
//!
//! A link names organisation, photo, copy and when it ends, and the server's key vouches for that. It names nobody, and
//! nothing of it is stored.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use sync_core::bytes::{Hash, from_base64url, to_base64url};
use sync_core::ids::OrgId;
use sync_core::time::UnixMillis;

use crate::auth::keys::ServerKey;

/// What a link is good for, at least and at most twice, in milliseconds.
///
/// # Source
/// Long enough to look through a page of photos, and short enough that one that is passed on is worth little.
const LINK_MS: i64 = 5 * 60 * 1000;

/// Bytes of a link before its code: format, copy, end, organisation, photo.
const NAMED_BYTES: usize = 1 + 1 + 8 + 16 + 32;

/// Bytes of its code: HMAC-SHA-256 (RFC 2104).
const CODE_BYTES: usize = 32;

/// The first byte; another layout has another one.
const FORMAT: u8 = 1;

/// Keeps keys of links apart from whatever else a key is for.
const KEY_CONTEXT: &[u8] = b"doorstep-link-1";

/// What a link shows, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Tenant.
    pub org: OrgId,
    /// Name of the original.
    pub sha256: Hash,
    /// Which copy of it, by its number.
    pub copy: u8,
    /// When it ends.
    pub expires: UnixMillis,
}

impl Link {
    /// A link from now on. Those of one copy in one stretch of time are the same, so that a browser keeps what it has.
    #[must_use]
    pub const fn new(org: OrgId, sha256: Hash, copy: u8, now: UnixMillis) -> Self {
        let begun = now.0.div_euclid(LINK_MS).saturating_mul(LINK_MS);
        Self { org, sha256, copy, expires: UnixMillis(begun.saturating_add(2 * LINK_MS)) }
    }

    /// Whether it has ended.
    #[must_use]
    pub const fn has_ended(&self, now: UnixMillis) -> bool {
        self.expires.0 <= now.0
    }

    fn named(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(NAMED_BYTES.saturating_add(CODE_BYTES));
        bytes.extend_from_slice(&[FORMAT, self.copy]);
        bytes.extend_from_slice(&self.expires.0.to_be_bytes());
        bytes.extend_from_slice(self.org.as_bytes());
        bytes.extend_from_slice(self.sha256.as_bytes());
        bytes
    }

    /// The text that goes into the URL.
    #[must_use]
    pub fn to_text(&self, key: &ServerKey) -> String {
        let mut bytes = self.named();
        let code = code(key, &bytes).finalize().into_bytes();
        bytes.extend_from_slice(&code);
        to_base64url(&bytes)
    }

    /// Reads a text that one of these keys vouches for; ended links too. Codes are compared in constant time.
    #[must_use]
    pub fn from_text<'k>(text: &str, keys: impl IntoIterator<Item = &'k ServerKey>) -> Option<Self> {
        let bytes = from_base64url(text).ok()?;
        let (named, sent) = bytes.split_at_checked(NAMED_BYTES)?;
        let is_ours = |key: &ServerKey| key.revoked_at_ms.is_none() && code(key, named).verify_slice(sent).is_ok();
        if !keys.into_iter().any(is_ours) {
            return None;
        }
        let ([FORMAT, copy], rest) = named.split_first_chunk::<2>()? else { return None };
        let (expires, rest) = rest.split_first_chunk::<8>()?;
        let (org, rest) = rest.split_first_chunk::<16>()?;
        let sha256 = Hash(rest.try_into().ok()?);
        let expires = UnixMillis(i64::from_be_bytes(*expires));
        Some(Self { org: OrgId::from_bytes(*org), sha256, copy: *copy, expires })
    }
}

/// The code over bytes; its key follows from the server's key and signs nothing else.
fn code(key: &ServerKey, bytes: &[u8]) -> Hmac<Sha256> {
    let own = keyed(key.seed(), KEY_CONTEXT).finalize().into_bytes();
    keyed(own.into(), bytes)
}

/// HMAC begins with a block of the hash, 64 bytes: a key of 32 is followed by zeros (RFC 2104 section 2).
fn keyed(key: [u8; 32], bytes: &[u8]) -> Hmac<Sha256> {
    let mut block = [0; 64];
    if let Some(begin) = block.first_chunk_mut() {
        *begin = key;
    }
    Hmac::<Sha256>::new(&block.into()).chain_update(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_772_000_000_000);

    fn key(seed: u8) -> ServerKey {
        ServerKey::from_seed(&[seed; 32], 0, None)
    }

    fn link() -> Link {
        Link::new(OrgId::from_bytes([1; 16]), Hash([2; 32]), 1, NOW)
    }

    #[test]
    fn a_link_comes_back_from_its_text_by_its_key_alone() {
        let text = link().to_text(&key(1));
        assert!(text.len() < 128, "a short URL");
        assert_eq!(Link::from_text(&text, [&key(2), &key(1)]), Some(link()));
        assert_eq!(Link::from_text(&text, [&key(2)]), None);
        assert_eq!(Link::from_text(&text, [&key(1).revoked(Some(5))]), None);
    }

    #[test]
    fn no_bit_of_it_can_be_changed() {
        let bytes = from_base64url(&link().to_text(&key(1))).expect("base64url");
        for at in 0..bytes.len() * 8 {
            let mut other = bytes.clone();
            other[at / 8] ^= 1 << (at % 8);
            assert_eq!(Link::from_text(&to_base64url(&other), [&key(1)]), None, "bit {at}");
        }
        for shorter in 0..bytes.len() {
            assert_eq!(Link::from_text(&to_base64url(&bytes[..shorter]), [&key(1)]), None);
        }
        assert_eq!(Link::from_text("not base64url!", [&key(1)]), None);
    }

    #[test]
    fn a_link_is_good_for_five_to_ten_minutes() {
        for later in [0, 1, LINK_MS - 1, LINK_MS] {
            let now = UnixMillis(NOW.0 + later);
            let left = Link::new(OrgId::from_bytes([1; 16]), Hash([2; 32]), 1, now).expires.0 - now.0;
            assert!((LINK_MS + 1..=2 * LINK_MS).contains(&left), "{left}");
        }
        assert!(!link().has_ended(UnixMillis(link().expires.0 - 1)) && link().has_ended(link().expires));
    }
}
