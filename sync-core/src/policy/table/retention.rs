//! Keys of retention (RET).

use crate::policy::Source::{Chosen, Gap, Norm, Organisation};
use crate::policy::key::parameters;

/// Reasons to leave (RET-10).
const REASONS: &[&str] = &["commission", "service", "distance", "system", "other"];

parameters! {
    FIRST_TALK: Whole(1, (1, 30)) = "first_talk_working_days", WorkingDays, ["RET-09"], Chosen,
        "Time for the first talk of a retention case", "挽留首次沟通时限";
    LEVEL_TALK: Whole(1, (1, 30)) = "level_talk_working_days", WorkingDays, ["RET-09"], Chosen,
        "Time for the talk of each further level", "各级挽留沟通时限";
    SUPERVISOR_REASONS: ListOf(&["distance", "system", "other"], REASONS) = "supervisor_reasons", None, ["RET-11"], Gap(11),
        "Reasons that go to the supervisor, the others to the adviser", "转主管处理的流失原因，其余转投资顾问";
    FOLLOW_UP_FIRST: Whole(7, (1, 366)) = "follow_up_first_days", Days, ["RET-16"], Chosen,
        "First follow-up of a retained customer", "挽留成功后首次跟进";
    FOLLOW_UP_SECOND: Whole(30, (1, 366)) = "follow_up_second_days", Days, ["RET-16"], Chosen,
        "Second follow-up of a retained customer", "挽留成功后第二次跟进";
    COMMISSION_FLOOR: OpenAmount((0, 1_000_000), 6) = "commission_floor", Share, ["RET-12"], Organisation,
        "Least commission that the regulator allows", "监管规定的佣金下限";
    OFFER_BUDGET: OpenAmount((0, 100_000_000_000), 2) = "offer_budget", Yuan, ["RET-12"], Organisation,
        "Most that an offer may cost", "挽留优惠预算上限";
    CHURN_READING: OneOf("points", &["points", "relative"]) = "churn_reading", None, ["RET-29"], Gap(12),
        "How a reduction of the churn rate is read", "流失率下降的口径";
    CHURN_NEAR_TERM: Amount(3, (0, 100), 2) = "churn_near_term", Share, ["RET-28"], Norm,
        "Reduction of the churn rate to reach in the near term", "近期流失率下降目标";
    CHURN_LONG_TERM: Amount(5, (0, 100), 2) = "churn_long_term", Share, ["RET-28"], Norm,
        "Reduction of the churn rate to reach in the long term", "远期流失率下降目标";
    SATISFACTION_NEAR_TERM: Amount(85, (0, 100), 2) = "satisfaction_near_term", Share, ["RET-28"], Norm,
        "Share of satisfied customers to reach in the near term", "近期满意度目标";
    SATISFACTION_LONG_TERM: Amount(90, (0, 100), 2) = "satisfaction_long_term", Share, ["RET-28"], Norm,
        "Share of satisfied customers to reach in the long term", "远期满意度目标";
    STAY_NEAR_TERM: Whole(2, (0, 120)) = "stay_near_term_months", Months, ["RET-28"], Norm,
        "Longer stay to reach in the near term", "近期在网时长延长目标";
    STAY_LONG_TERM: Whole(3, (0, 120)) = "stay_long_term_months", Months, ["RET-28"], Norm,
        "Longer stay to reach in the long term", "远期在网时长延长目标";
    SUPERVISOR_POWER_ON_WEIGHT: Amount(50, (0, 100), 2) = "supervisor_power_on_weight", Share, ["RET-30"], Norm,
        "Weight of the power-on rate in a supervisor's score", "主管考核中正常开机增加率权重";
    SUPERVISOR_REVENUE_WEIGHT: Amount(50, (0, 100), 2) = "supervisor_revenue_weight", Share, ["RET-30"], Norm,
        "Weight of the retained revenue in a supervisor's score", "主管考核中挽留收入增加率权重";
    AGENT_EXCHANGES: Whole(10, (0, 500)) = "agent_exchanges", Count, ["RET-24"], Norm,
        "Exchanges with customers that an agent owes a day", "维挽专员每日沟通次数下限";
    LEAD_FLOOR: Whole(240, (0, 1440)) = "lead_floor_minutes", Minutes, ["RET-25"], Norm,
        "Time that a shift lead is on the floor a day", "值班长每日现场时间下限";
    LEAD_EXCHANGES: Whole(2, (0, 500)) = "lead_exchanges", Count, ["RET-25"], Norm,
        "Exchanges with customers that a shift lead owes a day", "值班长每日沟通次数下限";
    HEAD_REVIEW: Whole(120, (0, 1440)) = "head_review_minutes", Minutes, ["RET-26"], Norm,
        "Time in which a centre head reviews records a day", "中心主任每日查阅记录时间下限";
}
