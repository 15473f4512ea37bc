//! Keys of appointments, contacts and planned visits (APT, VIS; deadlines D-01 to D-05, D-12, D-22).

use crate::policy::Source::{Chosen, Gap, Judgement, Norm};
use crate::policy::key::parameters;

/// How often something recurs.
const EVERY: &[&str] = &["monthly", "quarterly", "half_yearly", "yearly"];

parameters! {
    FIRST_CONTACT: Whole(2, (1, 80)) = "first_contact_working_hours", WorkingHours, ["APT-01"], Gap(6),
        "Time for the first contact after an order came (D-01)", "接单后首次联系时限（D-01）";
    ARRIVAL_WINDOW_MIN: Whole(5, (0, 240)) = "arrival_window_min_minutes", Minutes, ["APT-03", "INS-07"], Norm,
        "Latest arrival of the window, before the appointment (D-02)", "到达时段最晚提前量（D-02）";
    ARRIVAL_WINDOW_MAX: Whole(10, (0, 240)) = "arrival_window_max_minutes", Minutes, ["APT-03", "INS-07"], Norm,
        "Earliest arrival of the window, before the appointment (D-02)", "到达时段最早提前量（D-02）";
    RESCHEDULE_NOTICE: Whole(120, (0, 10_080)) = "reschedule_notice_minutes", Minutes, ["APT-04"], Norm,
        "Least notice before an appointment that we move (D-03)", "我方改期须提前告知的时间（D-03）";
    ABSENCE_WAIT: Whole(15, (1, 240)) = "absence_wait_minutes", Minutes, ["APT-06"], Norm,
        "Least wait for an absent customer (D-04)", "用户不在时的最短等候时间（D-04）";
    ABSENCE_WAIT_FROM: OneOf("arrival", &["arrival", "appointment"]) = "absence_wait_from", None, ["APT-06"], Chosen,
        "What that wait is counted from", "等候时间起算点";
    CONTACT_ATTEMPTS: Whole(2, (1, 10)) = "contact_attempts", Count, ["APT-05"], Chosen,
        "Attempts to reach a customer before the visit goes on unconfirmed", "未联系上用户时须记录的联系次数";
    CALL_MATCH: Whole(10, (0, 240)) = "call_match_minutes", Minutes, ["APT-05", "INS-35"], Judgement,
        "How far a call that the bridge recorded may lie from the contact that the rep noted",
        "系统录音通话与现场登记联系记录的最大时间差";
    CUSTOMER_LINK: Whole(72, (1, 720)) = "customer_link_hours", Hours, ["APT-02"], Judgement,
        "How long the link to the customer's page is good", "客户预约确认链接有效期";
    CUSTOMER_PROPOSAL: Whole(14, (1, 90)) = "customer_proposal_days", Days, ["APT-02"], Judgement,
        "Within how many days the customer may ask for another time", "客户可改约的天数范围";
    LATE_RISK: Whole(30, (0, 480)) = "late_risk_minutes", Minutes, ["APT-03"], Judgement,
        "So long before an appointment a crew that has not set out is at risk", "距预约不足此时间仍未出发视为迟到风险";
    VISIT_MINUTES: Whole(60, (5, 720)) = "visit_minutes", Minutes, ["APT-11"], Judgement,
        "How long a visit is taken to last when visits are given out", "派工时每单预计占用时间";
    DAILY_LOAD: Whole(480, (30, 1440)) = "daily_load_minutes", Minutes, ["APT-11"], Judgement,
        "Most visits of one rep and day, by the time that they are taken to last", "每人每日派工时间上限";
    DELIVERY_LIST_BY: TimeOfDay(16, 30) = "delivery_list_by", None, ["APT-14"], Norm,
        "By when the next day's list is handed over (D-22)", "次日清单最晚提交时刻（D-22）";
    VISIT_NOTICE: Whole(7, (0, 90)) = "visit_notice_days", Days, ["APT-12", "VIS-03"], Norm,
        "Least notice of a customer visit (D-12)", "客户拜访提前通知天数（D-12）";
    VISIT_EVERY_L1: OneOf("monthly", EVERY) = "visit_every_l1", None, ["VIS-10", "VIS-11"], Gap(7),
        "How often customers of tier L1 are visited", "L1 客户拜访频次";
    VISIT_EVERY_L2: OneOf("quarterly", EVERY) = "visit_every_l2", None, ["VIS-10", "VIS-11"], Gap(7),
        "How often customers of tier L2 are visited", "L2 客户拜访频次";
    VISIT_EVERY_L3: OneOf("half_yearly", EVERY) = "visit_every_l3", None, ["VIS-10", "VIS-11"], Gap(7),
        "How often customers of tier L3 are visited", "L3 客户拜访频次";
    TASK_ESCALATION: Whole(4, (1, 80)) = "task_escalation_working_hours", WorkingHours, ["APT-01", "INS-42"], Judgement,
        "So long an open task waits before the next one is asked", "待办未处理时逐级上报的时限";
    PHOTO_REVIEW: Whole(1, (0, 30)) = "photo_review_working_days", WorkingDays, ["INS-33"], Chosen,
        "Time for the review of a visit that was handed in (D-05)", "提交后照片审核时限（D-05）";
}
