//! Document ids of automerge-repo: base58check of sixteen bytes, so the id of a document is the id of its visit.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::ids::VisitId;

/// The alphabet of Bitcoin, which leaves out what looks alike.
const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Bytes of an id and of its checksum.
const ID: usize = 16;
const CHECKED: usize = ID + 4;

/// Longest text that twenty bytes make.
const MAX_TEXT: usize = 28;

/// The id of a visit's document, as it stands behind `automerge:`.
#[must_use]
pub fn document_id(visit: VisitId) -> String {
    let bytes = visit.as_bytes();
    let mut number: Vec<u8> = bytes.iter().copied().chain(checksum(bytes)).collect();
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let mut digits = Vec::with_capacity(MAX_TEXT);
    while number.iter().any(|byte| *byte != 0) {
        let mut rest = 0_u32;
        for byte in &mut number {
            let value = rest * 256 + u32::from(*byte);
            *byte = u8::try_from(value / 58).unwrap_or_default();
            rest = value % 58;
        }
        digits.push(usize::try_from(rest).ok().and_then(|digit| ALPHABET.get(digit)).copied().unwrap_or(b'1'));
    }
    let text = std::iter::repeat_n(b'1', zeros).chain(digits.into_iter().rev());
    text.map(char::from).collect()
}

/// The visit of a document id; `None` if it is none.
#[must_use]
pub fn visit_of(text: &str) -> Option<VisitId> {
    if text.len() > MAX_TEXT {
        return None;
    }
    let mut number = [0_u8; CHECKED];
    for letter in text.bytes() {
        let mut carry = u32::try_from(ALPHABET.iter().position(|known| *known == letter)?).ok()?;
        for byte in number.iter_mut().rev() {
            carry += u32::from(*byte) * 58;
            *byte = u8::try_from(carry & 0xff).ok()?;
            carry >>= 8;
        }
        if carry != 0 {
            return None;
        }
    }
    let (id, check) = number.split_first_chunk::<ID>()?;
    let visit = VisitId(Uuid::from_bytes(*id));
    // One text per id: leading zeros are written, and a checksum that fits by chance is not spelt another way.
    (checksum(id) == *check && document_id(visit) == text).then_some(visit)
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    let digest: [u8; 32] = Sha256::digest(Sha256::digest(bytes)).into();
    digest.first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_text_and_comes_back() {
        for bytes in [[0; 16], [255; 16], [7; 16], [0, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 0]] {
            let visit = VisitId::from_bytes(bytes);
            let text = document_id(visit);
            assert_eq!(visit_of(&text), Some(visit), "{text}");
            assert_eq!(visit_of(&format!("1{text}")), None, "not with more zeros");
            assert_eq!(
                visit_of(&text.to_lowercase()).filter(|other| *other == visit && text != text.to_lowercase()),
                None
            );
        }
        assert_eq!(visit_of(""), None);
        assert_eq!(visit_of("0OIl"), None);
        assert_eq!(visit_of(&"z".repeat(28)), None);
    }

    #[test]
    fn the_text_is_that_of_the_javascript_library() {
        // From `stringifyAutomergeUrl` of @automerge/automerge-repo for the visit of design section 13.
        let visit: VisitId = "01955f2c-3000-7000-8000-000000000001".parse().unwrap();
        assert_eq!(document_id(visit), "2HDHY4VvkzcFxKPU9Sp4amZ2WL5");
    }
}
