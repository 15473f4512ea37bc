//! F-12, F-39, F-41: who tries to keep a customer, with what success, at which price.

use serde_json::{Value, json};

use super::FormulaError;
use super::codes::coded;
use super::customer::AssetTier;
use super::input::{Input, show};
use super::share::share;
use crate::decimal::{Decimal, DecimalError};

coded! {
    /// Who is responsible for a retention talk (RET-04 to RET-08).
    pub enum RetentionRole {
        /// The customer's own manager.
        AccountManager = "account_manager",
        /// Marketing or wealth supervisor of that department.
        DeptSupervisor = "dept_supervisor",
        /// Investment adviser with a service relation.
        InvestmentAdviser = "investment_adviser",
        /// Adviser assistant or service-desk clerk.
        AdviserAssistantOrDesk = "adviser_assistant_or_desk",
        /// Adviser supervisor or a named adviser.
        AdviserSupervisor = "adviser_supervisor",
        /// Operations director.
        OperationsDirector = "operations_director",
        /// Branch general manager.
        GeneralManager = "general_manager",
    }
}

impl RetentionRole {
    /// The roles of the organisation that hold it (rulebook 1.1).
    ///
    /// # Source
    /// Rulebook 1.6: operational roles named in formulas.
    #[must_use]
    pub const fn held_by(self) -> &'static [&'static str] {
        match self {
            Self::AccountManager | Self::InvestmentAdviser | Self::AdviserAssistantOrDesk => &["field_rep", "cs_agent"],
            Self::DeptSupervisor | Self::AdviserSupervisor => &["cs_supervisor"],
            Self::OperationsDirector => &["dept_manager"],
            Self::GeneralManager => &["branch_manager"],
        }
    }
}

/// F-12: who tries in turn, each with a record and a signature (RET-06).
///
/// A service adviser counts only for a customer with a relation (RET-05: no third without).
#[must_use]
pub fn retention_chain(has_relation: bool, has_service_adviser: bool, tier: AssetTier) -> Vec<RetentionRole> {
    let mut chain = if has_relation {
        vec![RetentionRole::AccountManager, RetentionRole::DeptSupervisor]
    } else {
        vec![RetentionRole::AdviserAssistantOrDesk, RetentionRole::AdviserSupervisor]
    };
    if has_relation && has_service_adviser {
        chain.push(RetentionRole::InvestmentAdviser);
    }
    match tier {
        AssetTier::Ordinary => {}
        AssetTier::Silver => chain.push(RetentionRole::OperationsDirector),
        AssetTier::Gold => chain.extend([RetentionRole::OperationsDirector, RetentionRole::GeneralManager]),
    }
    chain
}

pub(super) fn run_retention_chain(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let (relation, adviser) = (input.get("has_relation")?.boolean()?, input.get("has_service_adviser")?.boolean()?);
    let chain = retention_chain(relation, adviser, input.get("tier")?.code()?);
    let codes: Vec<_> = chain.iter().map(|role| role.code()).collect();
    Ok(json!({ "chain": codes, "signatures": codes.len() }))
}

/// Decimals of a stay in months, as the rulebook shows it.
///
/// # Source
/// F-39.
pub const STAY_DIGITS: u32 = 1;

/// F-39: how much longer customers stay on average.
///
/// # Units
/// Months, one decimal; negative if they stay less.
/// # Errors
/// [`DecimalError::Overflow`].
pub fn stay_extension(before_months: Decimal, after_months: Decimal) -> Result<Decimal, DecimalError> {
    after_months.minus(before_months)?.rounded(STAY_DIGITS)
}

pub(super) fn run_retention_rates(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let (retained, lost) = (input.get("retained")?.count()?, input.get("lost")?);
    let cases = retained.checked_add(lost.count()?).ok_or_else(|| lost.wrong("is too large"))?;
    let churn = share(input.get("left")?.count()?, input.get("base")?.count()?);
    let (before, after) = (input.get("stay_before_months")?.amount()?, input.get("stay_after_months")?);
    let extension = after.fits(stay_extension(before, after.amount()?))?;
    Ok(json!({
        "retention_rate": show(share(retained, cases)),
        "churn_rate": show(churn),
        "stay_extension_months": extension.to_string(),
    }))
}

coded! {
    /// Why an offer may not be made (RET-12).
    pub enum OfferFault {
        /// The commission lies below the regulator's floor.
        BelowFloor = "below_floor",
        /// The offer costs more than the budget.
        OverBudget = "over_budget",
    }
}

/// F-41: what forbids an offer; nothing if it may be made. Floor and budget themselves are allowed.
#[must_use]
pub fn offer_floor_check(
    offered_rate: Decimal,
    floor_rate: Decimal,
    cost_fen: i64,
    budget_fen: i64,
) -> Vec<OfferFault> {
    let below = (offered_rate < floor_rate).then_some(OfferFault::BelowFloor);
    let over = (cost_fen > budget_fen).then_some(OfferFault::OverBudget);
    below.into_iter().chain(over).collect()
}

pub(super) fn run_offer_floor_check(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let (offered, floor) = (input.get("offered_rate")?.share()?, input.get("floor_rate")?.share()?);
    let faults = offer_floor_check(offered, floor, input.get("cost_fen")?.fen()?, input.get("budget_fen")?.fen()?);
    let reasons: Vec<_> = faults.iter().map(|fault| fault.code()).collect();
    Ok(json!({ "allowed": reasons.is_empty(), "reasons": reasons }))
}
