//! F-08 to F-11: turnover tier, value class, asset tier, customer managers.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::FormulaError;
use super::codes::coded;
use super::input::{Input, show};
use super::share::RATIO_DIGITS;
use crate::decimal::{Decimal, DecimalError};
use crate::plan::PolicyRow;
use crate::policy::keys;

coded! {
    /// Tier of a customer by turnover (CUS-13).
    pub enum TurnoverTier {
        /// Within the first part of the turnover.
        L1 = "L1",
        /// Within the second part, or of large potential.
        L2 = "L2",
        /// The rest.
        L3 = "L3",
    }
}

/// Up to which cumulative share of the turnover a tier reaches, itself included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TierShares {
    /// Tier L1.
    pub l1: Decimal,
    /// Tier L2.
    pub l2: Decimal,
}

impl TierShares {
    /// The shares of a policy.
    ///
    /// # Source
    /// CUS-13.
    #[must_use]
    pub fn of(policy: &PolicyRow) -> Self {
        Self { l1: policy.get(keys::TIER_L1_SHARE), l2: policy.get(keys::TIER_L2_SHARE) }
    }
}

impl Default for TierShares {
    fn default() -> Self {
        Self::of(&PolicyRow::default())
    }
}

/// A customer's turnover.
///
/// # Units
/// Fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turnover<'a> {
    /// The customer.
    pub id: &'a str,
    /// Turnover of the period.
    pub turnover_fen: i64,
    /// Whether the customer has large future potential.
    pub potential: bool,
}

/// A customer's place in the turnover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed<'a> {
    /// The customer.
    pub id: &'a str,
    /// Share of the turnover up to and with this customer, four decimals; `None` if there is no turnover.
    pub cum_share: Option<Decimal>,
    /// The tier.
    pub tier: TurnoverTier,
}

/// F-08: ranks customers by turnover, ties by id, and gives each its tier.
///
/// Limits are compared on exact sums; without any turnover all but the first are L3.
///
/// # Errors
/// [`DecimalError::Overflow`] for shares of too many digits.
pub fn turnover_tier<'a>(customers: &[Turnover<'a>], shares: &TierShares) -> Result<Vec<Placed<'a>>, DecimalError> {
    let mut ranked = customers.to_vec();
    ranked.sort_unstable_by_key(|customer| (Reverse(customer.turnover_fen), customer.id));
    let total = Decimal::whole(ranked.iter().map(|customer| i128::from(customer.turnover_fen)).sum());
    let (l1, l2) = (shares.l1.times(total)?, shares.l2.times(total)?);
    let has_data = total != Decimal::ZERO;
    let mut cumulated = Decimal::ZERO;
    let mut placed = Vec::with_capacity(ranked.len());
    for (rank, customer) in ranked.iter().enumerate() {
        cumulated = cumulated.plus(Decimal::from_int(customer.turnover_fen))?;
        let tier = if rank == 0 || (has_data && cumulated <= l1) {
            TurnoverTier::L1
        } else if customer.potential || (has_data && cumulated <= l2) {
            TurnoverTier::L2
        } else {
            TurnoverTier::L3
        };
        let cum_share = if has_data { Some(cumulated.divided_by(total, RATIO_DIGITS)?) } else { None };
        placed.push(Placed { id: customer.id, cum_share, tier });
    }
    Ok(placed)
}

pub(super) fn run_turnover_tier(input: &Value) -> Result<Value, FormulaError> {
    let list = Input::root(input).get("customers")?;
    let mut seen = BTreeSet::new();
    let mut customers = Vec::new();
    for item in list.items()? {
        let id = item.name_once("id", &mut seen)?;
        let turnover_fen = item.get("turnover_fen")?.fen()?;
        let potential = item.find("potential")?.map_or(Ok(false), |flag| flag.boolean())?;
        customers.push(Turnover { id, turnover_fen, potential });
    }
    let placed = list.fits(turnover_tier(&customers, &TierShares::default()))?;
    let shown =
        |place: &Placed<'_>| json!({ "id": place.id, "cum_share": show(place.cum_share), "tier": place.tier.code() });
    Ok(json!({ "tiers": placed.iter().map(shown).collect::<Vec<_>>() }))
}

/// Hundredths of total sales that the customers of class A reach together.
///
/// # Source
/// CUS-14: 70 % or more.
pub const CLASS_A_PERCENT: i64 = keys::CLASS_A_PERCENT.kind.default;

/// Result of F-09.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassA<'a> {
    /// The customers, greatest sales first, ties by id.
    pub members: Vec<&'a str>,
    /// Their share of total sales, four decimals; `None` without sales.
    pub share: Option<Decimal>,
}

/// F-09: the smallest leading set of customers whose sales in fen reach the share of the total.
///
/// # Errors
/// [`DecimalError::Overflow`].
pub fn value_class_a<'a>(sales: &[(&'a str, i64)], min_percent: i64) -> Result<ClassA<'a>, DecimalError> {
    let mut ranked = sales.to_vec();
    ranked.sort_unstable_by_key(|(id, fen)| (Reverse(*fen), *id));
    let total = Decimal::whole(ranked.iter().map(|(_, fen)| i128::from(*fen)).sum());
    if total == Decimal::ZERO {
        return Ok(ClassA { members: Vec::new(), share: None });
    }
    let goal = Decimal::written(min_percent.into(), 2).times(total)?;
    let mut reached = Decimal::ZERO;
    let mut members = Vec::new();
    for (id, fen) in ranked {
        if reached >= goal {
            break;
        }
        reached = reached.plus(Decimal::from_int(fen))?;
        members.push(id);
    }
    Ok(ClassA { members, share: Some(reached.divided_by(total, RATIO_DIGITS)?) })
}

pub(super) fn run_value_class_a(input: &Value) -> Result<Value, FormulaError> {
    let sales = Input::root(input).get("sales_fen")?;
    let customers =
        sales.members()?.into_iter().map(|(id, fen)| Ok((id, fen.fen()?))).collect::<Result<Vec<_>, FormulaError>>()?;
    let class = sales.fits(value_class_a(&customers, CLASS_A_PERCENT))?;
    Ok(json!({ "class_a": class.members, "share": show(class.share) }))
}

coded! {
    /// Tier of a customer by assets (CUS-16).
    pub enum AssetTier {
        /// Below silver.
        Ordinary = "ordinary",
        /// Silver card.
        Silver = "silver",
        /// Gold card.
        Gold = "gold",
    }
}

/// Least assets of a tier, the amount itself included.
///
/// # Units
/// Yuan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssetFloors {
    /// Silver.
    pub silver_yuan: i64,
    /// Gold.
    pub gold_yuan: i64,
}

impl AssetFloors {
    /// The floors of a policy.
    ///
    /// # Source
    /// CUS-16; the edge between both belongs to gold (GAP-09).
    #[must_use]
    pub fn of(policy: &PolicyRow) -> Self {
        Self { silver_yuan: policy.get(keys::SILVER_ASSETS), gold_yuan: policy.get(keys::GOLD_ASSETS) }
    }
}

impl Default for AssetFloors {
    fn default() -> Self {
        Self::of(&PolicyRow::default())
    }
}

/// F-10: the tier of a customer with these assets in yuan.
#[must_use]
pub fn asset_tier(assets_yuan: Decimal, floors: &AssetFloors) -> AssetTier {
    if assets_yuan >= Decimal::from_int(floors.gold_yuan) {
        AssetTier::Gold
    } else if assets_yuan >= Decimal::from_int(floors.silver_yuan) {
        AssetTier::Silver
    } else {
        AssetTier::Ordinary
    }
}

pub(super) fn run_asset_tier(input: &Value) -> Result<Value, FormulaError> {
    let assets = Input::root(input).get("assets_yuan")?.amount()?;
    Ok(json!({ "tier": asset_tier(assets, &AssetFloors::default()).code() }))
}

coded! {
    /// Level of a VIP customer (CUS-17).
    pub enum VipLevel {
        /// Diamond card.
        Diamond = "diamond",
        /// Gold card.
        Gold = "gold",
        /// Silver card.
        Silver = "silver",
    }
}

impl VipLevel {
    /// Customers of the level for one manager.
    ///
    /// # Source
    /// CUS-17.
    #[must_use]
    pub fn customers_per_manager(self, policy: &PolicyRow) -> u64 {
        policy.count(match self {
            Self::Diamond => keys::DIAMOND_PER_MANAGER,
            Self::Gold => keys::GOLD_PER_MANAGER,
            Self::Silver => keys::SILVER_PER_MANAGER,
        })
    }
}

/// F-11: managers that so many customers need, the last of them perhaps with fewer customers.
#[must_use]
pub const fn vip_manager_headcount(customers: u64, customers_per_manager: u64) -> u64 {
    customers.div_ceil(if customers_per_manager == 0 { 1 } else { customers_per_manager })
}

pub(super) fn run_vip_manager_headcount(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let (mut managers, mut total) = (Map::new(), 0u64);
    for level in [VipLevel::Diamond, VipLevel::Gold, VipLevel::Silver] {
        let customers = input.get(level.code())?.count()?;
        let needed = vip_manager_headcount(customers, level.customers_per_manager(&PolicyRow::default()));
        managers.insert(level.code().to_owned(), needed.into());
        total = total.saturating_add(needed);
    }
    Ok(json!({ "managers": managers, "total": total }))
}
