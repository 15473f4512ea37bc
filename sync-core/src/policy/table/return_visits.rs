//! Keys of return visits and complaints (RTV, CMP-01, VIS-19; rulebook 7.4, deadlines D-06 to D-11).

use crate::policy::Source::{Chosen, Norm};
use crate::policy::key::parameters;

/// In which period one visit is due.
const PERIODS: &[&str] = &["month", "quarter", "half_year", "year"];

parameters! {
    DELIVERY_CALL: Whole(24, (1, 720)) = "delivery_call_hours", Hours, ["RTV-06"], Norm,
        "Time for the call after a delivery (D-06)", "送货后回访时限（D-06）";
    INSTALL_CALL: Whole(24, (1, 720)) = "install_call_hours", Hours, ["RTV-07"], Norm,
        "Time for the call after an installation (D-06)", "安装后回访时限（D-06）";
    SALE_DEALER: DaySpan(0, 3) = "sale_dealer_days", Days, ["RTV-09"], Norm,
        "Dealer's window after a sale (D-07)", "售车后经销商回访时段（D-07）";
    SALE_HEADQUARTERS: DaySpan(4, 7) = "sale_headquarters_days", Days, ["RTV-09"], Norm,
        "Headquarters' window after a sale (D-07)", "售车后总部回访时段（D-07）";
    SERVICE_DEALER: DaySpan(3, 5) = "service_dealer_days", Days, ["RTV-10"], Norm,
        "Dealer's window after a service (D-07)", "保养维修后经销商回访时段（D-07）";
    SERVICE_HEADQUARTERS: DaySpan(6, 10) = "service_headquarters_days", Days, ["RTV-10"], Norm,
        "Headquarters' window after a service (D-07)", "保养维修后总部回访时段（D-07）";
    COMPLAINT_DEALER: DaySpan(0, 2) = "complaint_dealer_days", Days, ["RTV-11"], Norm,
        "Dealer's window after a complaint (D-07)", "投诉后经销商回访时段（D-07）";
    COMPLAINT_REGION: DaySpan(0, 2) = "complaint_region_days", Days, ["RTV-11"], Norm,
        "Region's window after a complaint (D-07)", "投诉后大区回访时段（D-07）";
    COMPLAINT_HEADQUARTERS: DaySpan(3, 7) = "complaint_headquarters_days", Days, ["RTV-11"], Norm,
        "Headquarters' window after a complaint (D-07)", "投诉后总部回访时段（D-07）";
    ACCOUNT_OPENING: Whole(3, (1, 60)) = "account_opening_working_days", WorkingDays, ["RTV-13"], Norm,
        "Time for the visit after an account was opened (D-08)", "开户后回访时限（D-08）";
    VIP_CONTACT: Whole(21, (1, 366)) = "vip_contact_days", Days, ["VIS-19", "RET-21"], Norm,
        "Time for the first contact with a new VIP (D-09)", "新增 VIP 首次联系时限（D-09）";
    VIP_COACHING: Whole(3, (1, 24)) = "vip_coaching_months", Months, ["VIS-19", "RET-21"], Norm,
        "How long a new VIP is coached (D-09)", "新增 VIP 主动辅导期（D-09）";
    SAMPLE_ONE_IN: Whole(10, (1, 1000)) = "sample_one_in", People, ["RTV-04"], Norm,
        "Of so many customers one is visited", "每多少户抽取一户回访";
    QUARTER_CAP: Whole(2, (0, 90)) = "quarter_cap", Count, ["RTV-15"], Norm,
        "Most return visits to a customer in a quarter", "同一客户每季度回访上限";
    VISIT_PERIOD_HIGH: OneOf("quarter", PERIODS) = "visit_period_high", None, ["RTV-19"], Norm,
        "Period in which a customer of high value is visited once", "高价值客户回访周期";
    VISIT_PERIOD_MEDIUM: OneOf("half_year", PERIODS) = "visit_period_medium", None, ["RTV-19"], Norm,
        "Period in which a customer of medium value is visited once", "中价值客户回访周期";
    VISIT_PERIOD_LOW: OneOf("year", PERIODS) = "visit_period_low", None, ["RTV-19"], Norm,
        "Period in which a customer of low value is visited once", "低价值客户回访周期";
    LARGE_POWER: Amount(350, (0, 10_000), 1) = "large_power_kv", Kilovolt, ["RTV-03"], Norm,
        "Least voltage of a large power customer", "大用户电压等级下限";
    RETURN_ATTEMPTS: Whole(3, (1, 20)) = "return_attempts", Count, ["RTV-26"], Chosen,
        "Attempts of a return visit before the customer counts as unreached", "回访未联系上的最多尝试次数";
    RETURN_REPORT: Whole(1, (0, 30)) = "return_report_days", Days, ["RTV-30"], Norm,
        "Time for the report of a return visit (D-10)", "回访报告时限（D-10）";
    COMPLAINT_ANSWER: Whole(24, (1, 720)) = "complaint_answer_hours", Hours, ["CMP-01", "CMP-02"], Norm,
        "Time for the first answer to a complaint (D-11)", "投诉首次答复时限（D-11）";
}
