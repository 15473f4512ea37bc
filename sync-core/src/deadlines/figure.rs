//! Figures over deadlines: what counts, what does not and why (INS-38, F-31).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Due, DueCode, DueState};
use crate::decimal::Decimal;
use crate::formulas::fulfilment_rate;
use crate::visit::codes;

/// A figure of the working day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Figure {
    /// F-31: appointments kept, of those due: not late, and not moved by us on short notice.
    FulfilmentRate,
    /// Deadlines of one code kept, of those judged.
    Kept(DueCode),
}

impl Figure {
    /// Every figure.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let kept = DueCode::ALL.iter().copied().map(Self::Kept);
        [Self::FulfilmentRate].into_iter().chain(kept).collect()
    }

    /// Its code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::FulfilmentRate => "fulfilment_rate",
            Self::Kept(code) => code.code(),
        }
    }

    /// The one of this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::all().into_iter().find(|figure| figure.code() == code)
    }

    /// What it tells, in English.
    #[must_use]
    pub const fn label_en(self) -> &'static str {
        match self {
            Self::FulfilmentRate => "Fulfilment rate",
            Self::Kept(code) => code.label_en(),
        }
    }

    /// The same in Chinese.
    #[must_use]
    pub const fn label_zh(self) -> &'static str {
        match self {
            Self::FulfilmentRate => "装维履约率",
            Self::Kept(code) => code.label_zh(),
        }
    }

    /// The rule it comes from.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::FulfilmentRate => "INS-38",
            Self::Kept(code) => code.rule(),
        }
    }

    /// Of which deadlines it is made.
    #[must_use]
    pub const fn of(self) -> DueCode {
        match self {
            Self::FulfilmentRate => DueCode::Arrival,
            Self::Kept(code) => code,
        }
    }

    /// How a deadline stands in the figure; `notice` is the worst that is known of changes that we made to the appointment.
    #[must_use]
    pub fn standing(self, due: &Due, notice: Option<DueState>) -> Standing {
        if due.code == DueCode::Arrival && due.item > 0 && due.state == DueState::Void {
            return Standing::ChangedByCustomer;
        }
        let notice = notice.filter(|_| self == Self::FulfilmentRate);
        match (due.state, notice) {
            (DueState::Void, _) => Standing::Void,
            // It is lost whenever the crew arrives.
            (_, Some(DueState::Missed)) => Standing::ShortNotice,
            (DueState::Open, _) => Standing::Open,
            (DueState::Missed, _) => Standing::Missed,
            (DueState::Undetermined, _) | (DueState::Met, Some(DueState::Undetermined)) => Standing::Undetermined,
            (DueState::Met, _) => Standing::Kept,
        }
    }
}

codes!(
    /// How a deadline stands in a figure.
    Standing {
        /// Counted, and kept.
        Kept = "kept", "计入，达标";
        /// Counted, and not kept.
        Missed = "missed", "计入，未达标";
        /// Counted, and lost: we moved the time on short notice.
        ShortNotice = "short_notice", "计入，改期告知不足";
        /// Due, and left out: the customer changed the time.
        ChangedByCustomer = "changed_by_customer", "不计入，客户改期";
        /// Left out: cancelled, or ended before.
        Void = "void", "不计入，已作废";
        /// Left out so far: nothing is known yet.
        Open = "open", "暂不计入，尚无记录";
        /// Left out: the clocks leave it open.
        Undetermined = "undetermined", "不计入，时钟无法判定";
    }
);

impl Standing {
    /// Whether it counts for or against.
    #[must_use]
    pub const fn is_counted(self) -> bool {
        matches!(self, Self::Kept | Self::Missed | Self::ShortNotice)
    }
}

/// How many deadlines stand how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<Standing, u64>);

impl Tally {
    /// Adds one.
    pub fn add(&mut self, standing: Standing) {
        *self.0.entry(standing).or_default() += 1;
    }

    /// How many stand so.
    #[must_use]
    pub fn of(&self, standing: Standing) -> u64 {
        self.0.get(&standing).copied().unwrap_or(0)
    }

    /// How many count.
    #[must_use]
    pub fn counted(&self) -> u64 {
        Standing::ALL.iter().filter(|standing| standing.is_counted()).map(|standing| self.of(*standing)).sum()
    }

    /// The share of those kept, four decimals; `None` where nothing counts (GEN-07).
    #[must_use]
    pub fn rate(&self) -> Option<Decimal> {
        let changed = self.of(Standing::ChangedByCustomer);
        fulfilment_rate(self.counted() + changed, changed, self.of(Standing::Kept)).rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::UnixMillis;

    fn due(item: i64, state: DueState) -> Due {
        let at = UnixMillis(0);
        Due { code: DueCode::Arrival, item, trigger_at: at, due_at: at, happened_at: None, state }
    }

    #[test]
    fn only_what_is_known_counts_and_a_short_notice_loses_the_appointment() {
        let rate = Figure::FulfilmentRate;
        for (state, notice, standing) in [
            (DueState::Met, None, Standing::Kept),
            (DueState::Met, Some(DueState::Met), Standing::Kept),
            (DueState::Met, Some(DueState::Missed), Standing::ShortNotice),
            (DueState::Open, Some(DueState::Missed), Standing::ShortNotice),
            (DueState::Met, Some(DueState::Undetermined), Standing::Undetermined),
            (DueState::Missed, Some(DueState::Undetermined), Standing::Missed),
            (DueState::Missed, None, Standing::Missed),
            (DueState::Open, None, Standing::Open),
            (DueState::Void, Some(DueState::Missed), Standing::Void),
            (DueState::Undetermined, None, Standing::Undetermined),
        ] {
            assert_eq!(rate.standing(&due(0, state), notice), standing, "{state} {notice:?}");
        }
        assert_eq!(rate.standing(&due(1, DueState::Void), None), Standing::ChangedByCustomer);
        let arrivals = Figure::Kept(DueCode::Arrival);
        assert_eq!(
            arrivals.standing(&due(0, DueState::Met), Some(DueState::Missed)),
            Standing::Kept,
            "the crew was there"
        );
    }

    #[test]
    fn the_example_of_the_rulebook_holds() {
        let mut tally = Tally::default();
        (0..47).for_each(|_| tally.add(Standing::Kept));
        (0..2).for_each(|_| tally.add(Standing::Missed));
        tally.add(Standing::ShortNotice);
        (0..2).for_each(|_| tally.add(Standing::ChangedByCustomer));
        tally.add(Standing::Undetermined);
        assert_eq!((tally.counted(), tally.rate().map(|rate| rate.to_string())), (50, Some("0.9400".to_owned())));
        assert_eq!(Tally::default().rate(), None);
        for figure in Figure::all() {
            assert_eq!(Figure::from_code(figure.code()), Some(figure));
        }
    }
}
