//! Kinds of values: how each is written, what it may be, and what counts where nothing is said.
//!
//! Everything is text in a version of the policy, numbers as decimal strings (GEN-05).

use super::check::Expected;
use crate::decimal::Decimal;

/// How the value of a key is read.
pub trait Readable: Copy {
    /// What it is read as.
    type Value;

    /// The value of a text; `None` where the key does not allow it.
    fn read(&self, text: &str) -> Option<Self::Value>;

    /// What counts where nothing is said.
    fn start(&self) -> Self::Value;
}

/// A whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole {
    /// The default.
    pub default: i64,
    /// The least that a version may set.
    pub least: i64,
    /// The most that a version may set.
    pub most: i64,
}

/// An exact decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// The default.
    pub default: Decimal,
    /// The least that a version may set.
    pub least: Decimal,
    /// The most that a version may set.
    pub most: Decimal,
}

/// An exact decimal that each organisation states for itself: without one nothing is judged (rulebook 1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenAmount {
    /// The least that a version may set.
    pub least: Decimal,
    /// The most that a version may set.
    pub most: Decimal,
}

/// A local time of the day, `HH:MM`, read as minutes after midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeOfDay {
    /// The default, in minutes after midnight.
    pub default: i64,
}

/// A day of the year, `MM-DD`, read as month and day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthDay {
    /// The default.
    pub default: (i64, i64),
}

/// One of a few codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OneOf {
    /// The default.
    pub default: &'static str,
    /// What it may be.
    pub of: &'static [&'static str],
}

/// Codes with commas between, each once; none is an empty text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListOf {
    /// The default.
    pub default: &'static [&'static str],
    /// What each may be.
    pub of: &'static [&'static str],
}

/// Days from and to after a trigger day, which is day 0; both included. Written `4-7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaySpan {
    /// The default.
    pub default: (i64, i64),
    /// The last day that a version may set.
    pub last: i64,
}

/// A phone number as people read it; each organisation states its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhoneNumber;

/// `true` or `false`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flag {
    /// The default.
    pub default: bool,
}

impl Whole {
    pub(super) const fn new(default: i64, (least, most): (i64, i64)) -> Self {
        Self { default, least, most }
    }
}

impl Amount {
    /// Numbers as mantissas of one scale: `(60, (0, 100), 2)` is 0.60 from 0.00 to 1.00.
    pub(super) const fn new(default: i128, (least, most): (i128, i128), scale: u32) -> Self {
        let written = Decimal::written;
        Self { default: written(default, scale), least: written(least, scale), most: written(most, scale) }
    }
}

impl OpenAmount {
    /// Numbers as mantissas of one scale, as [`Amount::new`].
    pub(super) const fn new((least, most): (i128, i128), scale: u32) -> Self {
        Self { least: Decimal::written(least, scale), most: Decimal::written(most, scale) }
    }
}

impl TimeOfDay {
    pub(super) const fn new(hour: i64, minute: i64) -> Self {
        Self { default: hour * 60 + minute }
    }
}

impl MonthDay {
    pub(super) const fn new(month: i64, day: i64) -> Self {
        Self { default: (month, day) }
    }
}

impl OneOf {
    pub(super) const fn new(default: &'static str, of: &'static [&'static str]) -> Self {
        Self { default, of }
    }
}

impl ListOf {
    pub(super) const fn new(default: &'static [&'static str], of: &'static [&'static str]) -> Self {
        Self { default, of }
    }
}

impl DaySpan {
    pub(super) const fn new(from: i64, to: i64) -> Self {
        Self { default: (from, to), last: 366 }
    }
}

impl PhoneNumber {
    pub(super) const fn new() -> Self {
        Self
    }
}

impl Flag {
    pub(super) const fn new(default: bool) -> Self {
        Self { default }
    }
}

impl Readable for Whole {
    type Value = i64;

    fn read(&self, text: &str) -> Option<i64> {
        whole(text).filter(|value| (self.least..=self.most).contains(value))
    }

    fn start(&self) -> i64 {
        self.default
    }
}

impl Readable for Amount {
    type Value = Decimal;

    fn read(&self, text: &str) -> Option<Decimal> {
        text.parse().ok().filter(|value| self.least <= *value && *value <= self.most)
    }

    fn start(&self) -> Decimal {
        self.default
    }
}

impl Readable for OpenAmount {
    type Value = Option<Decimal>;

    fn read(&self, text: &str) -> Option<Option<Decimal>> {
        let value: Decimal = text.parse().ok()?;
        (self.least <= value && value <= self.most).then_some(Some(value))
    }

    fn start(&self) -> Option<Decimal> {
        None
    }
}

impl Readable for TimeOfDay {
    type Value = i64;

    fn read(&self, text: &str) -> Option<i64> {
        let (hour, minute) = two_numbers(text, ':')?;
        (hour < 24 && minute < 60).then_some(hour * 60 + minute)
    }

    fn start(&self) -> i64 {
        self.default
    }
}

impl Readable for MonthDay {
    type Value = (i64, i64);

    fn read(&self, text: &str) -> Option<(i64, i64)> {
        let (month, day) = two_numbers(text, '-')?;
        // Any year will do; one with a 29 February takes every day that some year has.
        crate::calendar::parse_day(&format!("2024-{text}")).is_ok().then_some((month, day))
    }

    fn start(&self) -> (i64, i64) {
        self.default
    }
}

impl Readable for OneOf {
    type Value = &'static str;

    fn read(&self, text: &str) -> Option<&'static str> {
        self.of.iter().find(|code| **code == text).copied()
    }

    fn start(&self) -> &'static str {
        self.default
    }
}

impl Readable for ListOf {
    type Value = Vec<&'static str>;

    fn read(&self, text: &str) -> Option<Vec<&'static str>> {
        let mut codes = Vec::new();
        for part in text.split(',').filter(|_| !text.is_empty()) {
            let code = *self.of.iter().find(|code| **code == part)?;
            if codes.contains(&code) {
                return None;
            }
            codes.push(code);
        }
        Some(codes)
    }

    fn start(&self) -> Vec<&'static str> {
        self.default.to_vec()
    }
}

impl Readable for DaySpan {
    type Value = (i64, i64);

    fn read(&self, text: &str) -> Option<(i64, i64)> {
        let (from, to) = text.split_once('-')?;
        let (from, to) = (whole(from)?, whole(to)?);
        (0 <= from && from <= to && to <= self.last).then_some((from, to))
    }

    fn start(&self) -> (i64, i64) {
        self.default
    }
}

impl Readable for PhoneNumber {
    type Value = Option<String>;

    fn read(&self, text: &str) -> Option<Option<String>> {
        is_phone_number(text).then(|| Some(text.to_owned()))
    }

    fn start(&self) -> Option<String> {
        None
    }
}

/// Whether a text is a phone number: 3 to 20 digits with single spaces or hyphens between, a plus before them.
#[must_use]
pub fn is_phone_number(text: &str) -> bool {
    let parts: Vec<&str> = text.strip_prefix('+').unwrap_or(text).split([' ', '-']).collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let digits: usize = parts.iter().map(|part| part.len()).sum();
    parts.iter().all(is_number) && (3..=20).contains(&digits)
}

impl Readable for Flag {
    type Value = bool;

    fn read(&self, text: &str) -> Option<bool> {
        text.parse().ok()
    }

    fn start(&self) -> bool {
        self.default
    }
}

/// A whole number as it is written: no sign but a minus, no leading zero.
fn whole(text: &str) -> Option<i64> {
    let value: i64 = text.parse().ok()?;
    (value.to_string() == text).then_some(value)
}

fn two_numbers(text: &str, separator: char) -> Option<(i64, i64)> {
    let (first, second) = text.split_once(separator)?;
    let number = |part: &str| {
        let is_pair = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        is_pair.then(|| part.parse().ok()).flatten()
    };
    Some((number(first)?, number(second)?))
}

/// What the value of a key is; one variant for each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Whole(Whole),
    /// An exact decimal.
    Amount(Amount),
    /// An exact decimal without a default.
    OpenAmount(OpenAmount),
    /// A local time.
    TimeOfDay(TimeOfDay),
    /// A day of the year.
    MonthDay(MonthDay),
    /// One of a few codes.
    OneOf(OneOf),
    /// Some of a few codes.
    ListOf(ListOf),
    /// Days from and to.
    DaySpan(DaySpan),
    /// A phone number without a default.
    PhoneNumber(PhoneNumber),
    /// Yes or no.
    Flag(Flag),
}

impl Kind {
    /// Its name in the document and the API.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Whole(_) => "integer",
            Self::Amount(_) | Self::OpenAmount(_) => "decimal",
            Self::TimeOfDay(_) => "time of day",
            Self::MonthDay(_) => "month-day",
            Self::OneOf(_) => "choice",
            Self::ListOf(_) => "list",
            Self::DaySpan(_) => "day span",
            Self::PhoneNumber(_) => "phone number",
            Self::Flag(_) => "flag",
        }
    }

    /// The default as a version says it; `None` where there is none.
    #[must_use]
    pub fn default(&self) -> Option<String> {
        Some(match self {
            Self::Whole(kind) => kind.default.to_string(),
            Self::Amount(kind) => kind.default.to_string(),
            Self::OpenAmount(_) | Self::PhoneNumber(_) => return None,
            Self::TimeOfDay(kind) => format!("{:02}:{:02}", kind.default / 60, kind.default % 60),
            Self::MonthDay(kind) => format!("{:02}-{:02}", kind.default.0, kind.default.1),
            Self::OneOf(kind) => kind.default.to_owned(),
            Self::ListOf(kind) => kind.default.join(","),
            Self::DaySpan(kind) => format!("{}-{}", kind.default.0, kind.default.1),
            Self::Flag(kind) => kind.default.to_string(),
        })
    }

    /// Whether a text is a value that the key allows.
    #[must_use]
    pub fn allows(&self, text: &str) -> bool {
        match self {
            Self::Whole(kind) => kind.read(text).is_some(),
            Self::Amount(kind) => kind.read(text).is_some(),
            Self::OpenAmount(kind) => kind.read(text).is_some(),
            Self::TimeOfDay(kind) => kind.read(text).is_some(),
            Self::MonthDay(kind) => kind.read(text).is_some(),
            Self::OneOf(kind) => kind.read(text).is_some(),
            Self::ListOf(kind) => kind.read(text).is_some(),
            Self::DaySpan(kind) => kind.read(text).is_some(),
            Self::PhoneNumber(kind) => kind.read(text).is_some(),
            Self::Flag(kind) => kind.read(text).is_some(),
        }
    }

    /// What is said, or the default, as a number; `None` for what is none, or has no value.
    #[must_use]
    pub fn number(&self, said: Option<&str>) -> Option<Decimal> {
        match self {
            Self::Whole(kind) => Some(Decimal::from_int(said.and_then(|text| kind.read(text)).unwrap_or(kind.default))),
            Self::Amount(kind) => Some(said.and_then(|text| kind.read(text)).unwrap_or(kind.default)),
            Self::OpenAmount(kind) => said.and_then(|text| kind.read(text)).flatten(),
            _ => None,
        }
    }

    /// Whether the value is one number, so that a template may compare with it.
    #[must_use]
    pub const fn is_number(&self) -> bool {
        matches!(self, Self::Whole(_) | Self::Amount(_) | Self::OpenAmount(_))
    }

    /// Least and greatest value, where it has any.
    #[must_use]
    pub fn bounds(&self) -> Option<(Decimal, Decimal)> {
        match self {
            Self::Whole(kind) => Some((Decimal::from_int(kind.least), Decimal::from_int(kind.most))),
            Self::Amount(kind) => Some((kind.least, kind.most)),
            Self::OpenAmount(kind) => Some((kind.least, kind.most)),
            _ => None,
        }
    }

    /// What a value must be, in words of both languages.
    #[must_use]
    pub fn expected(&self) -> Expected {
        let codes = |of: &[&str]| of.join(", ");
        let (en, zh) = match self {
            Self::Whole(kind) => (
                format!("a whole number from {} to {}", kind.least, kind.most),
                format!("{} 至 {} 的整数", kind.least, kind.most),
            ),
            Self::Amount(Amount { least, most, .. }) | Self::OpenAmount(OpenAmount { least, most }) => {
                (format!("an exact decimal from {least} to {most}"), format!("{least} 至 {most} 的精确小数"))
            }
            Self::TimeOfDay(_) => ("a local time such as 20:00".to_owned(), "时刻，如 20:00".to_owned()),
            Self::MonthDay(_) => ("a day of the year such as 11-01".to_owned(), "月-日，如 11-01".to_owned()),
            Self::OneOf(kind) => (format!("one of {}", codes(kind.of)), format!("以下之一：{}", codes(kind.of))),
            Self::ListOf(kind) => (
                format!("codes with commas between, each once, of {}", codes(kind.of)),
                format!("以逗号分隔、不重复的代码：{}", codes(kind.of)),
            ),
            Self::DaySpan(kind) => (
                format!("two days, from and to, such as 4-7, up to {}", kind.last),
                format!("起止天数，如 4-7，最大 {}", kind.last),
            ),
            Self::PhoneNumber(_) => {
                ("a phone number such as 400-000-0000".to_owned(), "电话号码，如 400-000-0000".to_owned())
            }
            Self::Flag(_) => ("true or false".to_owned(), "true 或 false".to_owned()),
        };
        Expected { en, zh }
    }
}
