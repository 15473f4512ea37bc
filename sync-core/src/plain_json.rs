//! Plain JSON: the one JSON form whose bytes are hashed and signed (design section 13).
//!
//! Owns the writer (RFC 8785 without floats) and the strict reader of foreign JSON. Knows nothing of
//! what the values mean.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Deepest nesting of a record, intent, body or payload.
///
/// # Source
/// Design section 13, Plain JSON.
pub const MAX_DEPTH: usize = 8;

/// Greatest magnitude of an integer: 2^53 − 1.
///
/// # Source
/// RFC 8785 section 3.2.2.3 (every reader of JSON keeps such integers exactly).
pub const MAX_INTEGER: i64 = 9_007_199_254_740_991;

/// Reports JSON that is not plain.
///
/// Messages never hold a value of the input, only what was expected and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlainJsonError {
    /// The text is no JSON, or holds what plain JSON forbids.
    #[error("{what} at line {line} column {column}")]
    Syntax {
        /// What is wrong.
        what: String,
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
    },
    /// A value to write holds a float.
    #[error("a float cannot be written, use an integer or a decimal string")]
    Float,
    /// A value to write holds an integer beyond 2^53 − 1.
    #[error("an integer lies outside ±(2^53-1), use a decimal string")]
    Range,
    /// A value cannot be represented, or does not have the expected shape.
    #[error("{what}")]
    Shape {
        /// What was expected.
        what: String,
    },
}

/// Removes quoted input from a serde message, so that no personal data reaches logs or answers.
pub(crate) fn without_input(message: &str) -> String {
    // "invalid type: string "x", expected …", "unknown variant `x`, expected one of `a`, `b`": what was
    // found may hold anything, so the last "expected" is serde's.
    match message.rsplit_once(", expected ") {
        Some((found, expected)) => {
            let kind = found.split(['"', '`']).next().unwrap_or_default().trim_end();
            format!("{kind}, expected {expected}")
        }
        None if message.contains('"') => "a value has another form".to_owned(),
        None => message.to_owned(),
    }
}

fn shape(error: &serde_json::Error) -> PlainJsonError {
    PlainJsonError::Shape { what: without_input(&error.to_string()) }
}

/// Whether a key or text of the value holds U+0000, which not every database can store.
#[must_use]
pub fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(fields) => fields.iter().any(|(key, value)| key.contains('\0') || holds_nul(value)),
        _ => false,
    }
}

/// Writes a value as plain JSON.
///
/// # Errors
/// [`PlainJsonError::Float`] and [`PlainJsonError::Range`] for numbers that plain JSON does not have,
/// [`PlainJsonError::Shape`] if the value does not serialise.
pub fn to_string(value: &impl Serialize) -> Result<String, PlainJsonError> {
    let value = serde_json::to_value(value).map_err(|error| shape(&error))?;
    let mut text = String::new();
    write_value(&value, &mut text)?;
    Ok(text)
}

/// Writes a value as the UTF-8 bytes of plain JSON.
///
/// # Errors
/// As [`to_string`].
pub fn to_vec(value: &impl Serialize) -> Result<Vec<u8>, PlainJsonError> {
    to_string(value).map(String::into_bytes)
}

fn write_value(value: &Value, text: &mut String) -> Result<(), PlainJsonError> {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(true) => text.push_str("true"),
        Value::Bool(false) => text.push_str("false"),
        Value::Number(number) => write_number(number, text)?,
        Value::String(string) => write_string(string, text)?,
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_value(item, text)?;
            }
            text.push(']');
        }
        Value::Object(members) => write_object(members, text)?,
    }
    Ok(())
}

fn write_object(members: &Map<String, Value>, text: &mut String) -> Result<(), PlainJsonError> {
    let mut sorted: Vec<_> = members.iter().collect();
    // RFC 8785 orders by UTF-16 code units, which differs from UTF-8 order above U+FFFF.
    sorted.sort_by(|(left, _), (right, _)| left.encode_utf16().cmp(right.encode_utf16()));
    text.push('{');
    for (index, (key, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write_string(key, text)?;
        text.push(':');
        write_value(value, text)?;
    }
    text.push('}');
    Ok(())
}

fn write_number(number: &Number, text: &mut String) -> Result<(), PlainJsonError> {
    if number.is_f64() {
        return Err(PlainJsonError::Float);
    }
    let integer = number.as_i64().filter(|integer| in_range(*integer)).ok_or(PlainJsonError::Range)?;
    text.push_str(&integer.to_string());
    Ok(())
}

/// `serde_json` escapes exactly what RFC 8785 section 3.2.2.2 asks for, with lower-case hex.
fn write_string(string: &str, text: &mut String) -> Result<(), PlainJsonError> {
    text.push_str(&serde_json::to_string(string).map_err(|error| shape(&error))?);
    Ok(())
}

const fn in_range(integer: i64) -> bool {
    -MAX_INTEGER <= integer && integer <= MAX_INTEGER
}

/// Bounds of what [`parse_within`] reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Deepest nesting of arrays and objects.
    pub depth: usize,
    /// Most values, counted over the whole text.
    pub values: usize,
}

impl Bounds {
    /// Bounds of a record: depth 8, and a count that only a size limit can reach first.
    pub const RECORD: Self = Self { depth: MAX_DEPTH, values: 200_000 };
}

/// Reads JSON strictly, at most `max_depth` deep: no duplicate key, no float, no integer beyond 2^53 − 1.
///
/// # Errors
/// [`PlainJsonError::Syntax`] names what is wrong and where.
pub fn parse(bytes: &[u8], max_depth: usize) -> Result<Value, PlainJsonError> {
    parse_within(bytes, Bounds { depth: max_depth, ..Bounds::RECORD })
}

/// Reads JSON strictly within the given bounds.
///
/// # Errors
/// As [`parse`].
pub fn parse_within(bytes: &[u8], bounds: Bounds) -> Result<Value, PlainJsonError> {
    read(bytes, bounds, Numbers::Plain)
}

/// Reads JSON with numbers of any kind, for readers that judge each field themselves and name it; a key that stands
/// twice is refused as in [`parse`].
///
/// # Errors
/// [`PlainJsonError::Syntax`] names what is wrong and where.
pub fn parse_any_numbers(bytes: &[u8]) -> Result<Value, PlainJsonError> {
    read(bytes, Bounds { depth: MAX_DEPTH, values: usize::MAX }, Numbers::Any)
}

/// Which numbers are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbers {
    /// Integers up to 2^53 − 1.
    Plain,
    /// Whatever JSON can write.
    Any,
}

fn read(bytes: &[u8], bounds: Bounds, numbers: Numbers) -> Result<Value, PlainJsonError> {
    let mut values_left = bounds.values;
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let strict = Strict { depth_left: bounds.depth, values_left: &mut values_left, numbers };
    let value = strict.deserialize(&mut deserializer).map_err(|error| syntax(&error))?;
    deserializer.end().map_err(|error| syntax(&error))?;
    Ok(value)
}

/// Reads JSON strictly at the depth of records and converts it to a type; unknown fields are ignored.
///
/// # Errors
/// As [`parse`], and [`PlainJsonError::Shape`] if the value is not of the type.
pub fn parse_as<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, PlainJsonError> {
    from_value(parse(bytes, MAX_DEPTH)?)
}

/// Converts a value to a type; unknown fields are ignored.
///
/// # Errors
/// [`PlainJsonError::Shape`] names what was expected.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, PlainJsonError> {
    T::deserialize(value).map_err(|error| shape(&error))
}

fn syntax(error: &serde_json::Error) -> PlainJsonError {
    let message = error.to_string();
    let what = message.split(" at line ").next().unwrap_or_default();
    PlainJsonError::Syntax { what: without_input(what), line: error.line(), column: error.column() }
}

/// Reads one value, counting depth and values on the way.
struct Strict<'a> {
    depth_left: usize,
    values_left: &'a mut usize,
    numbers: Numbers,
}

impl Strict<'_> {
    fn count<E: de::Error>(&mut self) -> Result<(), E> {
        *self.values_left = self.values_left.checked_sub(1).ok_or_else(|| E::custom("more values than allowed"))?;
        Ok(())
    }

    fn deeper<E: de::Error>(&mut self) -> Result<Strict<'_>, E> {
        let depth_left = self.depth_left.checked_sub(1).ok_or_else(|| E::custom("deeper than allowed"))?;
        Ok(Strict { depth_left, values_left: self.values_left, numbers: self.numbers })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(mut self, deserializer: D) -> Result<Value, D::Error> {
        self.count()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("plain JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        if self.numbers == Numbers::Any || in_range(value) {
            Ok(value.into())
        } else {
            Err(E::custom("an integer lies outside ±(2^53-1)"))
        }
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_too_large) if self.numbers == Numbers::Any => Ok(value.into()),
            Err(_too_large) => self.visit_i64(i64::MAX),
        }
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        if let (Numbers::Any, Some(number)) = (self.numbers, Number::from_f64(value)) {
            return Ok(Value::Number(number));
        }
        Err(E::custom("a number with fraction or exponent, expected an integer or a decimal string"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self.deeper()?)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Value, A::Error> {
        let mut object = BTreeMap::new();
        while let Some(key) = members.next_key::<String>()? {
            let value = members.next_value_seed(self.deeper()?)?;
            match object.entry(key) {
                Entry::Vacant(place) => place.insert(value),
                Entry::Occupied(_) => return Err(de::Error::custom("a key stands twice in one object")),
            };
        }
        Ok(Value::Object(object.into_iter().collect()))
    }
}

/// The member names of an object, for messages and exact-shape checks.
pub(crate) fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().map(|members| members.keys().map(String::as_str).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reason(text: &str) -> String {
        parse(text.as_bytes(), MAX_DEPTH).unwrap_err().to_string()
    }

    #[test]
    fn keys_are_ordered_by_utf16_code_units() {
        // RFC 8785 section 3.2.3, without its float.
        let value = json!({"\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control", "\u{f6}": "Latin Small Letter O With Diaeresis"});
        let text = to_string(&value).unwrap();
        let order: Vec<usize> = ["Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"]
            .iter()
            .map(|word| text.find(word).unwrap())
            .collect();
        assert!(order.is_sorted(), "{text}");
    }

    #[test]
    fn strings_are_escaped_as_rfc_8785_says() {
        let text = to_string(&json!("\u{20ac}$\u{f}\nA'B\"\\\\\"/\u{7f}")).unwrap();
        assert_eq!(text, "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\u{7f}\"");
    }

    #[test]
    fn numbers_are_exact_integers_or_refused() {
        assert_eq!(
            to_string(&json!([MAX_INTEGER, -MAX_INTEGER, 0])).unwrap(),
            "[9007199254740991,-9007199254740991,0]"
        );
        assert_eq!(to_string(&json!(1.5)), Err(PlainJsonError::Float));
        assert_eq!(to_string(&(MAX_INTEGER + 1)), Err(PlainJsonError::Range));
        assert_eq!(to_string(&u64::MAX), Err(PlainJsonError::Range));
        for number in ["1.0", "1e3", "-0", "9007199254740992", "-9007199254740992", "18446744073709551615", "1e999"] {
            assert!(parse(number.as_bytes(), MAX_DEPTH).is_err(), "{number}");
        }
    }

    #[test]
    fn any_numbers_are_read_where_the_reader_judges_them() {
        for text in ["1.5", "-0", "9007199254740993", "18446744073709551615", "-9223372036854775808"] {
            let value = parse_any_numbers(text.as_bytes()).unwrap();
            assert_eq!(value, serde_json::from_str::<Value>(text).unwrap(), "{text}");
        }
        let twice = parse_any_numbers(br#"{"a":1.5,"a":2}"#).unwrap_err().to_string();
        assert!(twice.starts_with("a key stands twice"), "{twice}");
        assert!(parse_any_numbers(b"{} {}").is_err());
    }

    #[test]
    fn a_foreign_text_may_be_spaced_and_ordered_otherwise() {
        let value = parse(b" { \"b\" : [ 1 , null ] , \"a\" : true } ", MAX_DEPTH).unwrap();
        assert_eq!(to_string(&value).unwrap(), r#"{"a":true,"b":[1,null]}"#);
    }

    #[test]
    fn what_plain_json_forbids_is_named() {
        assert_eq!(reason(r#"{"a":1,"a":2}"#), "a key stands twice in one object at line 1 column 13");
        assert!(reason(r#"{"a":1,"\u0061":2}"#).contains("twice"));
        assert!(reason("[[[[[[[[[]]]]]]]]]").starts_with("deeper than allowed"));
        assert!(parse(b"[[[[[[[[]]]]]]]]", MAX_DEPTH).is_ok());
        assert!(reason("{} {}").starts_with("trailing characters"));
        assert!(reason("").starts_with("EOF"));
        assert!(parse(b"\"\xff\"", MAX_DEPTH).is_err());
        assert!(parse_within(b"[1,2,3]", Bounds { depth: 2, values: 3 }).is_err());
    }

    #[test]
    fn hostile_depth_is_refused_without_recursion() {
        let deep = "[".repeat(1_000_000);
        assert!(parse(deep.as_bytes(), MAX_DEPTH).is_err());
        assert!(parse(deep.as_bytes(), usize::MAX).is_err(), "serde_json's own bound stays in force");
    }

    #[test]
    fn messages_never_repeat_the_input() {
        assert_eq!(
            without_input(r#"invalid type: string "Mei Chen", expected i64"#),
            "invalid type: string, expected i64"
        );
        assert_eq!(
            without_input("unknown variant `secret`, expected `a` or `b`"),
            "unknown variant, expected `a` or `b`"
        );
        assert_eq!(without_input("missing field `id`"), "missing field `id`");
        assert_eq!(from_value::<i64>(json!("Mei")).unwrap_err().to_string(), "invalid type: string, expected i64");
    }
}
