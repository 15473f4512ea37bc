//! How deep and wide a JSON body may be, found in one pass before anything is parsed.

use crate::app::{AppError, ErrorCode, Refusal};

/// Deepest nesting of a JSON body (limits-and-threats section 5).
const MAX_DEPTH: usize = 16;

/// The widest objects and arrays allowed; depth is not for setting.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Keys of one object.
    pub keys: usize,
    /// Items of one array.
    pub items: usize,
}

/// What stands inside an open bracket.
enum Open {
    Object { keys: usize },
    Array { commas: usize },
}

impl Shape {
    /// Refuses a body that is too deep or wide; what is no JSON is left to the parser.
    ///
    /// # Errors
    /// `json_too_complex` with limit and actual value.
    pub fn check(self, body: &[u8]) -> Result<(), AppError> {
        let deepest = depth(body);
        if deepest > MAX_DEPTH {
            return Err(too_complex(MAX_DEPTH, deepest));
        }
        let (keys, items) = width(body);
        if keys > self.keys {
            return Err(too_complex(self.keys, keys));
        }
        if items > self.items { Err(too_complex(self.items, items)) } else { Ok(()) }
    }
}

fn too_complex(limit: usize, actual: usize) -> AppError {
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    Refusal::new(ErrorCode::JsonTooComplex).limit(number(limit), number(actual)).into()
}

/// Deepest nesting of brackets, found without recursion.
fn depth(body: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0usize, 0usize);
    for byte in outside_strings(body) {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Most keys of one object and most items of one array; the depth is checked, so the open brackets are few.
fn width(body: &[u8]) -> (usize, usize) {
    let (mut most_keys, mut most_items) = (0usize, 0usize);
    let mut open = Vec::new();
    for byte in outside_strings(body) {
        match (byte, open.last_mut()) {
            (b'{', _) => open.push(Open::Object { keys: 0 }),
            (b'[', _) => open.push(Open::Array { commas: 0 }),
            (b'}' | b']', _) => drop(open.pop()),
            (b':', Some(Open::Object { keys })) => {
                *keys += 1;
                most_keys = most_keys.max(*keys);
            }
            (b',', Some(Open::Array { commas })) => {
                *commas += 1;
                most_items = most_items.max(*commas + 1);
            }
            _ => {}
        }
    }
    (most_keys, most_items)
}

fn outside_strings(body: &[u8]) -> impl Iterator<Item = u8> {
    let (mut in_string, mut escaped) = (false, false);
    body.iter().copied().filter(move |byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ => return !in_string,
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_strings_does_not_count() {
        let body = br#"{"a":"[[[\"[[,:"}"#;
        assert_eq!((depth(body), width(body)), (1, (1, 0)));
    }

    #[test]
    fn each_object_and_array_counts_for_itself() {
        let body = br#"{"a":[{"x":1,"y":2},{"x":[1,2,3]}],"b":{},"c":3}"#;
        assert_eq!((depth(body), width(body)), (4, (3, 3)));
        let shape = Shape { keys: 3, items: 3 };
        shape.check(body).expect("at the limits");
        assert!(Shape { keys: 2, ..shape }.check(body).is_err());
        assert!(Shape { items: 2, ..shape }.check(body).is_err());
    }

    #[test]
    fn brackets_that_do_not_match_are_no_trouble() {
        for body in ["]]]}}}", "{]:,[}", "\"\\", ":::,,,"] {
            Shape { keys: 1, items: 1 }.check(body.as_bytes()).expect(body);
        }
    }
}
