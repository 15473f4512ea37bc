//! Keys of meetings, reports, liaison sheets and deductions (MTG, LIA, PAY; deadlines D-17, D-18, D-21).

use crate::policy::Source::{Gap, Norm};
use crate::policy::key::parameters;

parameters! {
    ISSUE_INTERNAL: Whole(2, (0, 90)) = "issue_internal_days", Days, ["MTG-03"], Norm,
        "Time to answer an issue within the department (D-17)", "部门内问题答复时限（D-17）";
    ISSUE_CROSS: Whole(7, (0, 90)) = "issue_cross_days", Days, ["MTG-03"], Norm,
        "Time to answer an issue of several departments (D-17)", "跨部门问题答复时限（D-17）";
    DAILY_REPORT: Whole(1, (0, 30)) = "daily_report_days", Days, ["MTG-06"], Norm,
        "Time for the daily report (D-18)", "日报时限（D-18）";
    WEEKLY_REPORT: Whole(2, (1, 7)) = "weekly_report_day", DayOfPeriod, ["MTG-07"], Norm,
        "Day of the next week for the weekly report (D-18)", "周报截止日（D-18）";
    MONTHLY_REPORT: Whole(10, (1, 28)) = "monthly_report_day", DayOfPeriod, ["MTG-08"], Norm,
        "Day of the next month for the monthly report (D-18)", "月报截止日（D-18）";
    LIAISON_UNCLEAR: Whole(2, (0, 100)) = "liaison_unclear_points", Points, ["LIA-13"], Norm,
        "Points for each day of unclear content (D-21)", "内容不明未澄清每日扣分（D-21）";
    LIAISON_REFUSED: Whole(5, (0, 100)) = "liaison_refused_points", Points, ["LIA-14"], Norm,
        "Points for each day of refusal (D-21)", "拒签拒答每日扣分（D-21）";
    LIAISON_OVERDUE: Whole(1, (0, 100)) = "liaison_overdue_points", Points, ["LIA-15"], Norm,
        "Points for each day over the agreed time (D-21)", "逾期每日扣分（D-21）";
    LIAISON_NOT_LEADING: Whole(5, (0, 100)) = "liaison_not_leading_points", Points, ["LIA-16"], Norm,
        "Points for an issuer who does not lead", "发起人未牵头扣分";
    LIAISON_AUDIT: Whole(5, (0, 100)) = "liaison_audit_points", Points, ["LIA-17"], Norm,
        "Points for each sheet that the audit does not help with", "审计部门未协助每单扣分";
    LATE_RATE_FIRST: Amount(2, (0, 100), 2) = "late_rate_first", Share, ["PAY-01"], Gap(24),
        "Share of the base pay for each of the first late arrivals", "前几次迟到每次扣款比例";
    LATE_FIRST_EVENTS: Whole(2, (0, 100)) = "late_first_events", Count, ["PAY-01"], Gap(24),
        "How many late arrivals count as the first ones", "按首档计算的迟到次数";
    LATE_RATE_FURTHER: Amount(5, (0, 100), 2) = "late_rate_further", Share, ["PAY-01"], Gap(24),
        "Share of the base pay for each further late arrival", "其后每次迟到扣款比例";
    COMPLAINT_DEDUCTION: Whole(1000, (0, 1_000_000)) = "complaint_deduction_fen", Fen, ["PAY-02"], Norm,
        "Least deduction for a complaint", "每次投诉最低扣款";
}
