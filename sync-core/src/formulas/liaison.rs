//! F-24, F-25: penalties and numbers of liaison sheets.

use serde_json::{Value, json};

use super::FormulaError;
use super::codes::coded;
use super::input::Input;
use crate::plan::PolicyRow;
use crate::policy::keys;

coded! {
    /// What costs points each day (LIA-13 to LIA-15).
    pub enum LiaisonDelay {
        /// Unclear content was not clarified and delayed the work.
        UnclearNotClarified = "unclear_not_clarified",
        /// Refused to sign or to answer; the issue day counts as day 1.
        RefusedToSign = "refused_to_sign",
        /// Not finished by the agreed time.
        Overdue = "overdue",
    }
}

/// Points that faults around a liaison sheet cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiaisonPoints {
    /// A day of content that was not clarified.
    pub unclear_day: u64,
    /// A day of refusal.
    pub refused_day: u64,
    /// A day over the agreed time.
    pub overdue_day: u64,
    /// An issuer who does not lead several departments.
    pub issuer_not_leading: u64,
    /// A sheet that the audit department does not help to solve.
    pub audit_not_helping: u64,
}

impl Default for LiaisonPoints {
    fn default() -> Self {
        Self::of(&PolicyRow::default())
    }
}

impl LiaisonPoints {
    /// The points of a policy.
    ///
    /// # Source
    /// LIA-13, LIA-14, LIA-15, LIA-16, LIA-17.
    #[must_use]
    pub fn of(policy: &PolicyRow) -> Self {
        Self {
            unclear_day: policy.count(keys::LIAISON_UNCLEAR),
            refused_day: policy.count(keys::LIAISON_REFUSED),
            overdue_day: policy.count(keys::LIAISON_OVERDUE),
            issuer_not_leading: policy.count(keys::LIAISON_NOT_LEADING),
            audit_not_helping: policy.count(keys::LIAISON_AUDIT),
        }
    }

    const fn per_day(&self, delay: LiaisonDelay) -> u64 {
        match delay {
            LiaisonDelay::UnclearNotClarified => self.unclear_day,
            LiaisonDelay::RefusedToSign => self.refused_day,
            LiaisonDelay::Overdue => self.overdue_day,
        }
    }
}

/// F-24: the points lost around a liaison sheet; `None` if they do not fit 64 bits.
#[must_use]
pub fn liaison_penalty(
    days: &[(LiaisonDelay, u64)],
    issuer_did_not_lead: bool,
    sheets_audit_did_not_help: u64,
    points: &LiaisonPoints,
) -> Option<u64> {
    let by_day = days
        .iter()
        .try_fold(0u64, |sum, (delay, count)| sum.checked_add(points.per_day(*delay).checked_mul(*count)?))?;
    let issuer = if issuer_did_not_lead { points.issuer_not_leading } else { 0 };
    let audit = points.audit_not_helping.checked_mul(sheets_audit_did_not_help)?;
    by_day.checked_add(issuer)?.checked_add(audit)
}

pub(super) fn run_liaison_penalty(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let mut days = Vec::new();
    if let Some(delays) = input.find("days")? {
        for (delay, count) in delays.coded_members()? {
            days.push((delay, count.count()?));
        }
    }
    let issuer = input.find("issuer_did_not_lead")?.map_or(Ok(false), |flag| flag.boolean())?;
    let audit = input.find("sheets_audit_did_not_help")?.map_or(Ok(0), |sheets| sheets.count())?;
    let points = liaison_penalty(&days, issuer, audit, &LiaisonPoints::default());
    Ok(json!({ "points": points.ok_or_else(|| input.wrong_at("days", "is too large"))? }))
}

/// Fewest digits of the running number.
///
/// # Source
/// LIA-05: from 001.
const NUMBER_DIGITS: usize = 3;

/// A number of a liaison sheet, `DEPT-YYYY-NNN` (LIA-05).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiaisonNumber<'a> {
    /// Department; it may hold hyphens itself.
    pub dept: &'a str,
    /// Year.
    pub year: u16,
    /// Running number in department and year.
    pub sequence: u64,
}

impl<'a> LiaisonNumber<'a> {
    /// Reads a number; `None` if the text is none.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (head, sequence) = text.rsplit_once('-')?;
        let (dept, year) = head.rsplit_once('-')?;
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if dept.is_empty() || year.len() != 4 || sequence.len() < NUMBER_DIGITS {
            return None;
        }
        if !is_digits(year) || !is_digits(sequence) {
            return None;
        }
        Some(Self { dept, year: year.parse().ok()?, sequence: sequence.parse().ok()? })
    }
}

impl std::fmt::Display for LiaisonNumber<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{:04}-{:0width$}", self.dept, self.year, self.sequence, width = NUMBER_DIGITS)
    }
}

/// F-25: the next number of a department and year; `None` if there is none left.
#[must_use]
pub fn liaison_number<'a>(dept: &'a str, year: u16, existing: &[LiaisonNumber<'_>]) -> Option<LiaisonNumber<'a>> {
    let ours = existing.iter().filter(|number| number.dept == dept && number.year == year);
    let highest = ours.map(|number| number.sequence).max().unwrap_or(0);
    Some(LiaisonNumber { dept, year, sequence: highest.checked_add(1)? })
}

pub(super) fn run_liaison_number(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let (dept, year, list) = (input.get("dept")?.name()?, input.get("year")?, input.get("existing")?);
    let year = match u16::try_from(year.count()?) {
        Ok(year @ 1..=9999) => year,
        _ => return Err(year.wrong("expected a year from 1 to 9999")),
    };
    let mut existing = Vec::new();
    for place in list.items()? {
        let number = LiaisonNumber::parse(place.text()?);
        existing.push(number.ok_or_else(|| place.wrong("expected a number such as WLB-2025-001"))?);
    }
    let next = liaison_number(dept, year, &existing).ok_or_else(|| list.wrong("holds the last number there is"))?;
    Ok(json!({ "number": next.to_string() }))
}
