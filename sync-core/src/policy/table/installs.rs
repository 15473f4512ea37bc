//! Keys of installs, repairs, inspections and warranty (INS, CMP-13, PRE, WAR, RFD).

use crate::policy::Source::{Chosen, Gap, Judgement, Norm, Organisation};
use crate::policy::key::parameters;

/// Types of orders that may ask for a certificate (rulebook 1.2).
const ORDERS: &[&str] =
    &["install", "remove", "move", "repair", "return_visit", "retention", "survey", "call", "complaint", "inspection"];

parameters! {
    POST_CERTIFICATION_ORDERS: ListOf(&["install", "remove", "move", "repair"], ORDERS) = "post_certification_orders",
        None, ["INS-01"], Norm,
        "Types of orders that only somebody with the post certification is sent to", "须持上岗认证方可派工的工单类型";
    WORK_AT_HEIGHT_ORDERS: ListOf(&[], ORDERS) = "work_at_height_orders", None, ["INS-01", "INS-45"], Chosen,
        "Types of orders that only somebody certified to work at height is sent to", "须持登高证方可派工的工单类型";
    OPTICAL_FLOOR: Amount(-2500, (-6000, 0), 2) = "optical_floor_dbm", Dbm, ["INS-22"], Norm,
        "Received optical power that already fails", "光功率下限，等于下限即不合格";
    MIN_RATE_RATIO: Amount(100, (1, 200), 2) = "min_rate_ratio", Share, ["INS-23"], Gap(4),
        "Least measured rate, of the contracted one", "实测速率与签约速率的最低比值";
    RATING_REMINDER: Flag(false) = "rating_reminder", None, ["INS-27"], Chosen,
        "Whether a reminder is shown before the customer rates", "客户评价前是否显示提示语";
    DUTY_FENCE: Whole(200, (20, 10_000)) = "duty_fence_m", Metres, ["INS-54"], Chosen,
        "How far from the named place a morning check-in counts", "早会签到地点允许距离";
    REPEAT_REPAIR: Whole(30, (1, 366)) = "repeat_repair_days", Days, ["CMP-13"], Chosen,
        "Within so many days a repair of the same fault is a repeat", "视为同一故障重复维修的天数";
    RECTIFY: Whole(3, (1, 60)) = "rectify_working_days", WorkingDays, ["PRE-01", "PRE-03"], Chosen,
        "Time to rectify a defect where none is agreed", "未约定时的整改期限";
    MAX_FLATNESS: OpenAmount((0, 1000), 1) = "max_flatness_mm", Millimetres, ["PRE-03"], Organisation,
        "Greatest deviation from flat", "平整度最大偏差";
    MAX_VERTICALITY: OpenAmount((0, 1000), 1) = "max_verticality_mm", Millimetres, ["PRE-03"], Organisation,
        "Greatest deviation from vertical", "垂直度最大偏差";
    MIN_SLOPE: OpenAmount((0, 1000), 1) = "min_slope_percent", Percent, ["PRE-03"], Organisation,
        "Least slope of a floor to its drain", "最小排水坡度";
    MIN_INSULATION: OpenAmount((0, 1_000_000), 2) = "min_insulation_megohm", Megohm, ["PRE-03"], Organisation,
        "Least insulation resistance", "最小绝缘电阻";
    WARRANTY_REGISTRATION: Whole(3, (1, 60)) = "warranty_registration_working_days", WorkingDays, ["WAR-01"], Chosen,
        "Time to register the warranty after a passed acceptance", "验收合格后办理保修时限";
    ACTIVATION: Whole(1, (0, 30)) = "activation_working_days", WorkingDays, ["INS-21"], Judgement,
        "Time for the network to acknowledge a terminal that was activated without one", "待激活终端的网络侧确认时限";
    REFUND_SETTLEMENT: Whole(7, (1, 90)) = "refund_settlement_days", Days, ["RFD-01"], Chosen,
        "Time to settle a cancellation", "退单结算时限";
}
