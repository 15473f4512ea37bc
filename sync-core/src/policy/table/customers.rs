//! Keys of customers: tiers, classes, records (CUS; deadlines D-13, D-14).

use crate::policy::Source::{Gap, Norm};
use crate::policy::key::parameters;

parameters! {
    TIER_L1_SHARE: Amount(60, (0, 100), 2) = "tier_l1_share", Share, ["CUS-13"], Gap(8),
        "Cumulative share of the turnover up to which tier L1 reaches", "L1 级累计业绩占比上限";
    TIER_L2_SHARE: Amount(80, (0, 100), 2) = "tier_l2_share", Share, ["CUS-13"], Gap(8),
        "Cumulative share of the turnover up to which tier L2 reaches", "L2 级累计业绩占比上限";
    CLASS_A_PERCENT: Whole(70, (1, 100)) = "class_a_percent", Percent, ["CUS-14"], Norm,
        "Share of total sales that customers of class A reach together", "A 类客户合计销售占比";
    SILVER_ASSETS: Whole(50_000, (0, 1_000_000_000)) = "silver_assets_yuan", Yuan, ["CUS-16", "RET-07"], Norm,
        "Least assets of a silver card", "银卡资产下限";
    GOLD_ASSETS: Whole(500_000, (0, 1_000_000_000)) = "gold_assets_yuan", Yuan, ["CUS-16", "RET-08"], Gap(9),
        "Least assets of a gold card", "金卡资产下限";
    DIAMOND_PER_MANAGER: Whole(200, (1, 100_000)) = "diamond_per_manager", People, ["CUS-17"], Norm,
        "Customers with a diamond card for one manager", "每位客户经理负责的钻卡客户数";
    GOLD_PER_MANAGER: Whole(500, (1, 100_000)) = "gold_per_manager", People, ["CUS-17"], Norm,
        "Customers with a gold card for one manager", "每位客户经理负责的金卡客户数";
    SILVER_PER_MANAGER: Whole(1000, (1, 100_000)) = "silver_per_manager", People, ["CUS-17"], Norm,
        "Customers with a silver card for one manager", "每位客户经理负责的银卡客户数";
    RECORD_SHEET: Whole(3, (0, 90)) = "record_sheet_days", Days, ["CUS-04"], Norm,
        "Time for the sheet of a new partner (D-13)", "新客户资料提交时限（D-13）";
    RECORD_ENTRY: Whole(24, (1, 720)) = "record_entry_hours", Hours, ["CUS-04"], Norm,
        "Time to enter that sheet (D-13)", "客户资料建档时限（D-13）";
    HANDOVER: Whole(7, (1, 90)) = "handover_days", Days, ["CUS-11"], Norm,
        "Time in which a successor reaches all customers (D-14)", "人员变动后联系全部客户的时限（D-14）";
}
