//! What the operations of a change would write, allowed or not.

use super::budget::Limits;
use super::header::ChangeHeader;
use super::operations::{PUT, Place, Rows, Rules, TEXT_VALUE, check_put};
use super::refusal::RefusalCode;
use super::rows::{Key, Operation};
use crate::bytes::Actor;
use crate::doc::Map;
use crate::ids::{UserId, VisitId};

/// What one operation would write.
pub(super) enum Written<'a> {
    /// A record; `refused` says why it is not allowed, if it is not.
    Record { map: Map, key: &'a str, text: &'a str, refused: Option<RefusalCode> },
    /// Text of the notes.
    Note(&'a str),
    /// Anything else.
    Other,
}

/// Tells what every operation of a change would write, until one cannot be read.
pub(super) fn written<'a>(
    change: &ChangeHeader<'a>,
    visit: VisitId,
    by: UserId,
    limits: &Limits,
    tell: &mut dyn FnMut(Written<'a>),
) -> Result<(), RefusalCode> {
    let rules = Rules { visit, by, limits };
    let mut rows = Rows::new(change, limits)?;
    let mut count = 0;
    while let Some(operation) = rows.next()? {
        count += 1;
        if count > limits.change_ops {
            return Err(RefusalCode::ChangeTooLarge);
        }
        tell(one_written(&operation, &change.actors, rules));
    }
    Ok(())
}

fn one_written<'a>(operation: &Operation<'a>, actors: &[Actor], rules: Rules<'_>) -> Written<'a> {
    let is_text = operation.action == PUT && operation.value_type == TEXT_VALUE;
    let Some(text) = std::str::from_utf8(operation.value).ok().filter(|_| is_text) else { return Written::Other };
    let Some(place) = Place::of(operation, actors, rules.visit) else { return Written::Other };
    match (place, &operation.key) {
        (Place::Notes, Key::Element { .. }) => Written::Note(text),
        (Place::Map(map), Key::Text(key)) if !operation.inserts => {
            let refused = check_put(operation, map, rules).err();
            Written::Record { map, key, text, refused }
        }
        _ => Written::Other,
    }
}
