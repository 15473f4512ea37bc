//! Access tokens: JWT (RFC 7519, RFC 9068), EdDSA only, every used claim required.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sync_core::ids::{DeviceId, OrgId, UserId};
use sync_core::time::UnixMillis;
use uuid::Uuid;

use super::keys::{KeyRing, ServerKey};
use crate::domain::TokenKind;

/// Media type of an access token (RFC 9068 section 2.1); checked before anything else is used.
const TYP: &str = "at+jwt";

/// Audience of our access tokens.
const AUDIENCE: &str = "doorstep-api";

/// Longest token that is looked at, in bytes (limits-and-threats section 5).
const MAX_BYTES: usize = 4096;

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Issuer: this server's public URL.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// The user.
    pub sub: UserId,
    /// The organisation.
    pub org: OrgId,
    /// The session family; absent for an upload-only token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Uuid>,
    /// The enrolled device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dev: Option<DeviceId>,
    /// What the token may do.
    pub kind: TokenKind,
    /// Issued at, in seconds.
    pub iat: i64,
    /// Not valid before, in seconds.
    pub nbf: i64,
    /// Not valid from, in seconds.
    pub exp: i64,
    /// Identity of the token.
    pub jti: Uuid,
}

/// Whom a token is for.
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    /// Tenant.
    pub org: OrgId,
    /// The user.
    pub user: UserId,
    /// The session family.
    pub session: Option<Uuid>,
    /// The device.
    pub device: Option<DeviceId>,
    /// What the token may do.
    pub kind: TokenKind,
}

/// Mints an access token.
///
/// # Errors
/// A message if the signing library fails.
pub fn mint(
    keys: &KeyRing,
    issuer: &str,
    subject: &Subject,
    now: UnixMillis,
    life_secs: i64,
    jti: Uuid,
) -> Result<String, String> {
    let key = keys.access_signer();
    let iat = now.0.div_euclid(1000);
    let claims = Claims {
        iss: issuer.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: subject.user,
        org: subject.org,
        sid: subject.session,
        dev: subject.device,
        kind: subject.kind,
        iat,
        nbf: iat,
        exp: iat.saturating_add(life_secs),
        jti,
    };
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some(TYP.to_owned());
    header.kid = Some(key.kid.clone());
    jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ed_der(&pkcs8(key))).map_err(|error| error.to_string())
}

/// Verifies an access token; `None` for anything that is not exactly one of ours and valid now.
#[must_use]
pub fn verify(keys: &KeyRing, issuer: &str, token: &str, now: UnixMillis) -> Option<Claims> {
    if token.len() > MAX_BYTES {
        return None;
    }
    let header = jsonwebtoken::decode_header(token).ok()?;
    if header.typ.as_deref() != Some(TYP) || header.alg != Algorithm::EdDSA || has_key_tricks(&header) {
        return None;
    }
    let kid = header.kid.as_deref()?;
    // What a revoked key signs may be anybody's.
    let key = keys.access.iter().find(|key| key.kid == kid && key.revoked_at_ms.is_none())?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[AUDIENCE]);
    // Our clock judges the times below: it is a port, the library's is not.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    let claims =
        jsonwebtoken::decode::<Claims>(token, &DecodingKey::from_ed_der(&key.public_bytes()), &validation).ok()?.claims;
    let now_secs = now.0.div_euclid(1000);
    (claims.nbf <= now_secs && now_secs < claims.exp).then_some(claims)
}

/// Whether a token names a key that is not in the ring, as those made since it was read are not.
#[must_use]
pub fn names_unknown_key(keys: &KeyRing, token: &str) -> bool {
    let header = if token.len() > MAX_BYTES { None } else { jsonwebtoken::decode_header(token).ok() };
    header.and_then(|header| header.kid).is_some_and(|kid| keys.access.iter().all(|key| key.kid != kid))
}

/// Whether the header tries to bring or point to a key of its own.
fn has_key_tricks(header: &Header) -> bool {
    header.jku.is_some()
        || header.jwk.is_some()
        || header.x5u.is_some()
        || header.x5c.is_some()
        || header.crit.is_some()
}

/// PKCS #8 of an Ed25519 seed (RFC 8410 section 7).
fn pkcs8(key: &ServerKey) -> Vec<u8> {
    const PREFIX: [u8; 16] =
        [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    [PREFIX.as_slice(), key.seed().as_slice()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring() -> KeyRing {
        ring_with(1)
    }

    /// A ring whose tokens are signed by the key of this seed.
    fn ring_with(access: u8) -> KeyRing {
        let key = |seed| ServerKey::from_seed(&[seed; 32], 0, None);
        let bundle = sync_core::bundle::BundlePublicKey::from_bytes([9; 32]);
        KeyRing::new(vec![key(access)], vec![key(2)], bundle).expect("ring")
    }

    fn subject() -> Subject {
        Subject {
            org: OrgId::from_bytes([1; 16]),
            user: UserId::from_bytes([2; 16]),
            session: None,
            device: None,
            kind: TokenKind::Full,
        }
    }

    #[test]
    fn a_token_is_valid_for_exactly_its_life() {
        let now = UnixMillis(1_741_053_120_000);
        let token = mint(&ring(), "https://a", &subject(), now, 900, Uuid::nil()).expect("mints");
        assert!(verify(&ring(), "https://a", &token, now).is_some());
        assert!(verify(&ring(), "https://a", &token, now.plus_ms(899_999)).is_some());
        assert!(verify(&ring(), "https://a", &token, now.plus_ms(900_000)).is_none());
        assert!(verify(&ring(), "https://a", &token, now.plus_ms(-1)).is_none());
        assert!(verify(&ring(), "https://b", &token, now).is_none());
    }

    #[test]
    fn a_retired_key_verifies_a_revoked_one_does_not_and_a_key_of_others_is_told_apart() {
        let now = UnixMillis(1_741_053_120_000);
        let token = mint(&ring(), "https://a", &subject(), now, 900, Uuid::nil()).expect("mints");
        let ring_of = |revoked_at_ms| {
            let old = ServerKey::from_seed(&[1; 32], 0, Some(5)).revoked(revoked_at_ms);
            let [new, evidence] = [3, 2].map(|seed| ServerKey::from_seed(&[seed; 32], 0, None));
            let bundle = sync_core::bundle::BundlePublicKey::from_bytes([9; 32]);
            KeyRing::new(vec![old, new], vec![evidence], bundle).expect("ring")
        };
        assert!(verify(&ring_of(None), "https://a", &token, now).is_some());
        assert!(verify(&ring_of(Some(5)), "https://a", &token, now).is_none());
        assert!(!names_unknown_key(&ring_of(Some(5)), &token));
        assert!(names_unknown_key(&ring_with(9), &token));
        assert!(!names_unknown_key(&ring(), "no token"));
    }

    #[test]
    fn tampered_and_foreign_tokens_are_refused() {
        let now = UnixMillis(1_741_053_120_000);
        let token = mint(&ring(), "https://a", &subject(), now, 900, Uuid::nil()).expect("mints");
        let other = ring_with(9);
        assert!(verify(&other, "https://a", &token, now).is_none());
        for position in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("ascii");
            // The last character of base64url may carry unused bits: an equal decoding is the same token.
            if changed != token && position + 1 < token.len() {
                assert!(verify(&ring(), "https://a", &changed, now).is_none(), "position {position}");
            }
        }
    }
}
