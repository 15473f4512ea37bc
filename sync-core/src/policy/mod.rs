//! The policy: every number of the norms that an organisation may set, in one table of keys.
//!
//! Owns the keys with kind, unit, default and bounds ([`table`]), reading a published version by them, and what a
//! version must satisfy before it is published ([`faults`]). It must not know what a rule makes of a number.
//!
//! A version of the policy is read by key: `policy.get(keys::RESCHEDULE_NOTICE)`. Where it says nothing, or something
//! that the key does not allow, the default counts: a slip must neither accuse everybody nor blind the review.

mod agree;
mod check;
mod document;
mod key;
mod kind;
pub mod table;
mod unit;

pub use agree::{AGREEMENTS, Agreement};
pub use check::{Changes, ParameterFault, faults, merged};
pub use document::markdown;
pub use key::{Key, Parameter, Source, parameter};
pub use kind::{
    Amount, DaySpan, Flag, Kind, ListOf, MonthDay, OneOf, OpenAmount, PhoneNumber, Readable, TimeOfDay, Whole,
    is_phone_number,
};
pub use table as keys;
pub use unit::Unit;

use std::collections::BTreeMap;

use crate::decimal::Decimal;
use crate::plan::PolicyRow;

impl PolicyRow {
    /// What the version says of a key, else the default.
    #[must_use]
    pub fn get<K: Readable>(&self, key: Key<K>) -> K::Value {
        key.of(&self.parameters)
    }

    /// As [`PolicyRow::get`], of what is counted and never negative.
    #[must_use]
    pub fn count(&self, key: Key<Whole>) -> u64 {
        u64::try_from(self.get(key)).unwrap_or(0)
    }

    /// A number by the name of its key, as templates name it; `None` where it has no value: then nothing is judged
    /// (rulebook 1.4). A version that was published with a key of its own keeps it.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<Decimal> {
        let said = self.parameters.get(name).map(String::as_str);
        match parameter(name) {
            Some(parameter) => parameter.kind.number(said),
            None => said?.parse().ok(),
        }
    }
}

/// Whether a name is that of a key whose value is a number, so that a template may compare with it.
#[must_use]
pub fn is_number(name: &str) -> bool {
    parameter(name).is_some_and(|parameter| parameter.kind.is_number())
}

/// Every key with a default, as a version of the policy says it: version 1 of a new organisation.
#[must_use]
pub fn defaults() -> BTreeMap<String, String> {
    let said = |parameter: &Parameter| Some((parameter.key.to_owned(), parameter.kind.default()?));
    table::all().filter_map(said).collect()
}
