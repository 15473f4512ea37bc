//! Judging the JSON of a record: nesting, duplicate keys, and who it says wrote it.
//!
//! Uses the parser that readers use, so that both see the same keys. Text that is no JSON at all is
//! not refused: readers show it as a finding (design section 2.1).

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::budget::Limits;
use super::refusal::RefusalCode;
use crate::ids::UserId;

/// Judges the text of one record.
pub(super) fn check_record(text: &str, by: UserId, limits: &Limits) -> Result<(), RefusalCode> {
    if text.len() > limits.record_bytes {
        return Err(RefusalCode::FieldLimit);
    }
    let mut verdict = None;
    let judge = Judge { depth: limits.record_depth, is_record: true, by, verdict: &mut verdict };
    let mut json = serde_json::Deserializer::from_str(text);
    // A syntax error is no verdict; whatever was found before it is.
    let _ = judge.deserialize(&mut json);
    verdict.map_or(Ok(()), Err)
}

struct Judge<'v> {
    /// Levels of nesting still allowed.
    depth: usize,
    /// Whether this is the record itself, whose `by` counts.
    is_record: bool,
    by: UserId,
    verdict: &'v mut Option<RefusalCode>,
}

impl Judge<'_> {
    fn inner(&mut self) -> Judge<'_> {
        Judge { depth: self.depth.saturating_sub(1), is_record: false, by: self.by, verdict: self.verdict }
    }

    fn refuse<E: serde::de::Error>(&mut self, code: RefusalCode) -> E {
        *self.verdict = Some(code);
        E::custom(code)
    }
}

impl<'de> DeserializeSeed<'de> for Judge<'_> {
    /// The value if it is a text.
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Judge<'_> {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        if self.depth == 0 {
            return Err(self.refuse(RefusalCode::FieldLimit));
        }
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            let value = map.next_value_seed(self.inner())?;
            if self.is_record && key == "by" && value.as_deref() != Some(self.by.to_string().as_str()) {
                return Err(self.refuse(RefusalCode::ByMismatch));
            }
            if !seen.insert(key) {
                return Err(self.refuse(RefusalCode::FieldLimit));
            }
        }
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Self::Value, A::Error> {
        if self.depth == 0 {
            return Err(self.refuse(RefusalCode::FieldLimit));
        }
        while items.next_element_seed(self.inner())?.is_some() {}
        Ok(None)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BY: UserId = UserId::from_bytes([7; 16]);

    fn check(text: &str) -> Result<(), RefusalCode> {
        check_record(text, BY, &Limits::DEFAULT)
    }

    #[test]
    fn records_are_judged_by_structure_only() {
        for good in [
            "{}",
            "{\"by\":\"07070707-0707-0707-0707-070707070707\",\"x\":1.5}",
            "[1,[2]]",
            "null",
            "no json",
            "{\"a\":",
            " { \"b\" : 1 , \"a\":{\"by\":2} }",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for duplicate in [
            "{\"a\":1,\"a\":2}",
            "{\"a\":1,\"\\u0061\":2}",
            "{\"x\":{\"a\":1,\"a\":1}}",
            "{\"a\":1,\"a\":2,",
            "[{\"a\":1,\"a\":1}]",
        ] {
            assert_eq!(check(duplicate), Err(RefusalCode::FieldLimit), "{duplicate}");
        }
        for by in ["{\"by\":1}", "{\"by\":\"07070707-0707-0707-0707-070707070708\"}", "{\"b\\u0079\":null}"] {
            assert_eq!(check(by), Err(RefusalCode::ByMismatch), "{by}");
        }
    }

    #[test]
    fn nesting_and_size_end_at_the_limit() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!((check(&nested(8)), check(&nested(9))), (Ok(()), Err(RefusalCode::FieldLimit)));
        assert_eq!(check(&nested(5_000)), Err(RefusalCode::FieldLimit));
        let long = |len: usize| format!("\"{}\"", "x".repeat(len - 2));
        assert_eq!((check(&long(16_384)), check(&long(16_385))), (Ok(()), Err(RefusalCode::FieldLimit)));
    }
}
