//! The CBOR of the protocol: definite lengths, text keys, no tags, no floats (RFC 8949, design section 13).
//!
//! Foreign bytes are walked once without recursion and without allocation by declared lengths before
//! a decoder sees them. Knows nothing of messages.

use std::collections::BTreeSet;

use crate::plain_json::{Bounds, MAX_INTEGER};

/// Reports bytes that are not the CBOR of the protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub struct CborError {
    /// What is wrong.
    pub what: &'static str,
    /// Offset of the offending byte.
    pub at: usize,
}

/// An array or map that is being walked.
struct Open<'a> {
    /// Values still to come; keys count too.
    left: u64,
    /// Keys seen, for a map.
    keys: Option<BTreeSet<&'a [u8]>>,
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Walks one CBOR item that must fill the bytes.
///
/// # Errors
/// [`CborError`] for truncated bytes, trailing bytes, indefinite lengths, tags, floats, `undefined`,
/// integers beyond ±(2^53−1), keys that are no text or stand twice, and for passing the bounds.
pub fn check(bytes: &[u8], bounds: Bounds) -> Result<(), CborError> {
    let mut scanner = Scanner { bytes, at: 0 };
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut values_left = bounds.values;
    loop {
        let start = scanner.at;
        let error = |what| CborError { what, at: start };
        values_left = values_left.checked_sub(1).ok_or(error("more values than allowed"))?;
        let opened = scanner.item(&mut open)?;
        if let Some(opened) = opened {
            if open.len() >= bounds.depth {
                return Err(error("deeper than allowed"));
            }
            open.push(opened);
        }
        while open.last().is_some_and(|top| top.left == 0) {
            open.pop();
        }
        let Some(top) = open.last_mut() else { break };
        top.left -= 1;
    }
    if scanner.at == bytes.len() { Ok(()) } else { Err(CborError { what: "trailing bytes", at: scanner.at }) }
}

impl<'a> Scanner<'a> {
    /// Reads one head and its bytes; returns the array or map it opens.
    fn item(&mut self, open: &mut [Open<'a>]) -> Result<Option<Open<'a>>, CborError> {
        let start = self.at;
        let error = |what| CborError { what, at: start };
        let (major, argument) = self.head()?;
        // After `left` was lowered for this item, an odd rest means that it is a key.
        let key_of = open.last_mut().filter(|top| top.left % 2 == 1).and_then(|top| top.keys.as_mut());
        if let Some(keys) = key_of {
            if major != 3 {
                return Err(error("expected a text key"));
            }
            let key = self.take(argument)?;
            if !keys.insert(key) {
                return Err(error("a key stands twice in one map"));
            }
            return Ok(None);
        }
        match major {
            0 | 1 if argument > MAX_INTEGER.unsigned_abs() - u64::from(major) => {
                Err(error("an integer lies outside ±(2^53-1)"))
            }
            0 | 1 | 7 => Ok(None),
            2 => self.take(argument).map(|_bytes| None),
            3 => {
                let text = self.take(argument)?;
                std::str::from_utf8(text).map(|_text| None).map_err(|_invalid| error("text that is not UTF-8"))
            }
            4 => Ok(Some(Open { left: self.plausible(argument, 1)?, keys: None })),
            5 => Ok(Some(Open { left: self.plausible(argument, 2)?, keys: Some(BTreeSet::new()) })),
            _ => Err(error("a tag")),
        }
    }

    /// Reads the initial byte and its argument.
    fn head(&mut self) -> Result<(u8, u64), CborError> {
        let start = self.at;
        let error = |what| CborError { what, at: start };
        let initial = self.take(1)?.first().copied().unwrap_or_default();
        let (major, info) = (initial >> 5, initial & 31);
        if major == 7 {
            return match info {
                20..=22 => Ok((7, u64::from(info))),
                25..=27 => Err(error("a float")),
                _ => Err(error("expected false, true or null")),
            };
        }
        let argument = match info {
            0..=23 => u64::from(info),
            24..=27 => self.take(1 << (info - 24))?.iter().fold(0, |argument, byte| argument << 8 | u64::from(*byte)),
            31 => return Err(error("an indefinite length")),
            _ => return Err(error("a reserved length")),
        };
        Ok((major, argument))
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8], CborError> {
        let error = CborError { what: "the end is missing", at: self.at };
        let end = usize::try_from(count).ok().and_then(|count| self.at.checked_add(count)).ok_or(error.clone())?;
        let taken = self.bytes.get(self.at..end).ok_or(error)?;
        self.at = end;
        Ok(taken)
    }

    /// The number of items, if so many can follow at all.
    fn plausible(&self, count: u64, factor: u64) -> Result<u64, CborError> {
        let rest = u64::try_from(self.bytes.len() - self.at).unwrap_or(u64::MAX);
        count
            .checked_mul(factor)
            .filter(|items| *items <= rest)
            .ok_or(CborError { what: "the end is missing", at: self.at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { depth: 4, values: 100 };

    fn reason(bytes: &[u8]) -> &'static str {
        check(bytes, BOUNDS).map_or_else(|error| error.what, |()| "accepted")
    }

    #[test]
    fn only_the_agreed_subset_is_accepted() {
        let cases: [(&[u8], &str); 24] = [
            (&[0x00], "accepted"),
            (&[0xa2, 0x61, b'a', 0x80, 0x61, b'b', 0xf6], "accepted"),
            (&[0x81, 0x81, 0x81, 0x80], "accepted"),
            (&[0x81, 0x81, 0x81, 0x81, 0x80], "deeper than allowed"),
            (&[], "the end is missing"),
            (&[0x00, 0x00], "trailing bytes"),
            (&[0x82, 0x00], "the end is missing"),
            (&[0x43, 1, 2], "the end is missing"),
            (&[0x5f, 0xff], "an indefinite length"),
            (&[0x9f, 0xff], "an indefinite length"),
            (&[0xbf, 0xff], "an indefinite length"),
            (&[0xff], "expected false, true or null"),
            (&[0xc0, 0x00], "a tag"),
            (&[0xf9, 0, 0], "a float"),
            (&[0xfb, 0, 0, 0, 0, 0, 0, 0, 0], "a float"),
            (&[0xf7], "expected false, true or null"),
            (&[0xa1, 0x00, 0x00], "expected a text key"),
            (&[0xa2, 0x61, b'a', 0x00, 0x61, b'a', 0x00], "a key stands twice in one map"),
            (&[0x61, 0xff], "text that is not UTF-8"),
            (&[0x1c], "a reserved length"),
            (&[0x9b, 255, 255, 255, 255, 255, 255, 255, 255], "the end is missing"),
            (&[0xbb, 255, 255, 255, 255, 255, 255, 255, 255], "the end is missing"),
            (&[0x5b, 255, 255, 255, 255, 255, 255, 255, 255], "the end is missing"),
            (&[0x1b, 0, 0x20, 0, 0, 0, 0, 0, 0], "an integer lies outside ±(2^53-1)"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(reason(bytes), expected, "{bytes:02x?}");
        }
    }

    #[test]
    fn the_integer_bounds_are_exact() {
        let with = |initial: u8, argument: u64| [&[initial], argument.to_be_bytes().as_slice()].concat();
        let top = MAX_INTEGER.unsigned_abs();
        assert!(check(&with(0x1b, top), BOUNDS).is_ok());
        assert!(check(&with(0x3b, top - 1), BOUNDS).is_ok());
        assert!(check(&with(0x3b, top), BOUNDS).is_err());
    }

    #[test]
    fn depth_and_count_bound_hostile_input() {
        assert_eq!(reason(&[0x81; 1_000_000]), "deeper than allowed");
        let many = [[0x98, 200].as_slice(), &[0; 200]].concat();
        assert_eq!(reason(&many), "more values than allowed");
    }
}
