//! Keys of the policy: typed for those who read a value, as rows of one table for everybody else.

use std::collections::BTreeMap;

use super::kind::{Kind, Readable};
use super::unit::Unit;

/// A key whose values are read as `K`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key<K> {
    /// Its name among the parameters of a version.
    pub name: &'static str,
    /// Default and bounds.
    pub kind: K,
}

impl<K: Readable> Key<K> {
    /// What these parameters say; the default where they say nothing, or nothing that the key allows.
    #[must_use]
    pub fn of(&self, parameters: &BTreeMap<String, String>) -> K::Value {
        let said = parameters.get(self.name).and_then(|text| self.kind.read(text));
        said.unwrap_or_else(|| self.kind.start())
    }
}

/// One row of the table of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// The name of the key.
    pub key: &'static str,
    /// What its value is, with default and bounds.
    pub kind: Kind,
    /// What its value counts.
    pub unit: Unit,
    /// Rules of the rulebook that read it.
    pub rules: &'static [&'static str],
    /// Where the default comes from.
    pub source: Source,
    /// What it is, in English.
    pub en: &'static str,
    /// The same in Chinese.
    pub zh: &'static str,
}

/// Where a default comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The rule states it.
    Norm,
    /// The rulebook chose it, because the sources say nothing or several things.
    Chosen,
    /// The rulebook chose it for this gap of the sources (rulebook 24).
    Gap(u8),
    /// Nobody: each organisation states its own.
    Organisation,
    /// Measured on photos ([`crate::photo`]).
    Photos,
    /// A start value by judgement.
    Judgement,
}

impl Source {
    /// In words.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Norm => "the rule".to_owned(),
            Self::Chosen => "chosen by the rulebook".to_owned(),
            Self::Gap(number) => format!("chosen by the rulebook, GAP-{number:02}"),
            Self::Organisation => "each organisation states its own".to_owned(),
            Self::Photos => "photo measurements".to_owned(),
            Self::Judgement => "start value by judgement".to_owned(),
        }
    }
}

/// The row of a key.
#[must_use]
pub fn parameter(key: &str) -> Option<&'static Parameter> {
    super::table::all().find(|parameter| parameter.key == key)
}

/// Declares the keys of one family: typed constants, and the same as rows.
macro_rules! parameters {
    ($($name:ident: $kind:ident($($argument:expr),*) = $key:literal, $unit:ident, [$($rule:literal),*], $source:expr,
        $en:literal, $zh:literal;)+) => {
        $(
            #[doc = $en]
            pub const $name: $crate::policy::Key<$crate::policy::$kind> =
                $crate::policy::Key { name: $key, kind: $crate::policy::$kind::new($($argument),*) };
        )+

        /// The rows of this family, in the order of the document.
        pub(in crate::policy) const ROWS: &[$crate::policy::Parameter] = &[$(
            $crate::policy::Parameter {
                key: $key,
                kind: $crate::policy::Kind::$kind($name.kind),
                unit: $crate::policy::Unit::$unit,
                rules: &[$($rule),*],
                source: $source,
                en: $en,
                zh: $zh,
            },
        )+];
    };
}

pub(super) use parameters;
