//! Opaque secrets: refresh tokens and enrolment codes. Only their hashes are stored.

use sync_core::bytes::{Hash, from_base64url, to_base64url};
use sync_core::ids::OrgId;
use uuid::Uuid;

use crate::ports::Random;

/// A refresh token: names its organisation and family, and proves itself by 32 random bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// Tenant.
    pub org: OrgId,
    /// The family of the sign-in.
    pub family: Uuid,
    secret: [u8; 32],
}

impl RefreshToken {
    /// Makes a new token of a family.
    #[must_use]
    pub fn new(org: OrgId, family: Uuid, random: &dyn Random) -> Self {
        Self { org, family, secret: random.bytes32() }
    }

    /// The text the client keeps.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut bytes = Vec::with_capacity(64);
        bytes.extend_from_slice(self.org.as_bytes());
        bytes.extend_from_slice(self.family.as_bytes());
        bytes.extend_from_slice(&self.secret);
        to_base64url(&bytes)
    }

    /// Reads the text a client sent.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let bytes = from_base64url(text).ok()?;
        let (org, rest) = bytes.split_first_chunk::<16>()?;
        let (family, rest) = rest.split_first_chunk::<16>()?;
        let secret: [u8; 32] = rest.try_into().ok()?;
        Some(Self { org: OrgId::from_bytes(*org), family: Uuid::from_bytes(*family), secret })
    }

    /// What the database holds instead of the token.
    #[must_use]
    pub fn hash(&self) -> String {
        Hash::of(&self.secret).to_string()
    }
}

/// The token of a customer's link: names its organisation and proves itself by 32 random bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerToken {
    /// Tenant.
    pub org: OrgId,
    secret: [u8; 32],
}

impl CustomerToken {
    /// Makes a new token.
    #[must_use]
    pub fn new(org: OrgId, random: &dyn Random) -> Self {
        Self { org, secret: random.bytes32() }
    }

    /// The text that goes into the URL.
    #[must_use]
    pub fn to_text(&self) -> String {
        to_base64url(&[self.org.as_bytes().as_slice(), &self.secret].concat())
    }

    /// Reads the text of a URL.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let bytes = from_base64url(text).ok()?;
        let (org, secret) = bytes.split_first_chunk::<16>()?;
        Some(Self { org: OrgId::from_bytes(*org), secret: secret.try_into().ok()? })
    }

    /// What the database holds instead of the token.
    #[must_use]
    pub fn hash(&self) -> String {
        Hash::of(&self.secret).to_string()
    }
}

/// Alphabet of enrolment codes: Crockford base32.
const CODE_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Draws an enrolment code: 10 characters, 50 bits (limits-and-threats section 5).
#[must_use]
pub fn enrolment_code(random: &dyn Random) -> String {
    random
        .bytes32()
        .iter()
        .take(10)
        .map(|byte| char::from(CODE_ALPHABET.get(usize::from(byte & 31)).copied().unwrap_or(b'0')))
        .collect()
}

/// The hash under which a code is stored; typed codes are folded first (`o` is `0`, `i` and `l` are `1`).
#[must_use]
pub fn enrolment_code_hash(code: &str) -> String {
    let folded: String = code
        .chars()
        .filter(|c| !matches!(c, '-' | ' '))
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect();
    Hash::of(folded.as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::system::SystemRandom;

    #[test]
    fn a_refresh_token_survives_its_text() {
        let token = RefreshToken::new(OrgId::from_bytes([7; 16]), Uuid::from_bytes([9; 16]), &SystemRandom);
        assert_eq!(RefreshToken::from_text(&token.to_text()), Some(token));
        assert_eq!(RefreshToken::from_text("AAAA"), None);
    }

    #[test]
    fn a_customer_token_survives_its_text() {
        let token = CustomerToken::new(OrgId::from_bytes([7; 16]), &SystemRandom);
        assert_eq!(CustomerToken::from_text(&token.to_text()), Some(token.clone()));
        assert_ne!(CustomerToken::new(token.org, &SystemRandom).hash(), token.hash());
        for text in ["", "AAAA", "!", &token.to_text()[1..]] {
            assert_eq!(CustomerToken::from_text(text), None, "{text}");
        }
    }

    #[test]
    fn typed_codes_are_folded() {
        assert_eq!(enrolment_code_hash("o1il-0"), enrolment_code_hash("01110"));
        assert_eq!(enrolment_code(&SystemRandom).len(), 10);
    }
}
