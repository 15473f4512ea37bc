//! Keys of assessment (KPI; deadlines D-19, D-20).

use crate::policy::Source::{Gap, Norm};
use crate::policy::key::parameters;

parameters! {
    MAX_BONUS: Whole(10, (0, 100)) = "max_bonus", Points, ["KPI-01"], Norm,
        "Most bonus points of a score", "加分上限";
    GRADE_A_ABOVE: Whole(90, (0, 100)) = "grade_a_above", Points, ["KPI-07"], Norm,
        "What a score must exceed for grade A", "A 级须高于的分数";
    GRADE_B_ABOVE: Whole(80, (0, 100)) = "grade_b_above", Points, ["KPI-07"], Norm,
        "What a score must exceed for grade B", "B 级须高于的分数";
    GRADE_C_ABOVE: Whole(70, (0, 100)) = "grade_c_above", Points, ["KPI-07"], Norm,
        "What a score must exceed for grade C", "C 级须高于的分数";
    GRADE_D_ABOVE: Whole(60, (0, 100)) = "grade_d_above", Points, ["KPI-07"], Norm,
        "What a score must exceed for grade D", "D 级须高于的分数";
    YEAR_QUARTERS_WEIGHT: Amount(60, (0, 100), 2) = "year_quarters_weight", Share, ["KPI-03"], Norm,
        "Weight of the quarters in the score of a year", "年度得分中季度均值的权重";
    YEAR_END_WEIGHT: Amount(40, (0, 100), 2) = "year_end_weight", Share, ["KPI-03"], Norm,
        "Weight of the year end in the score of a year", "年度得分中年终考核的权重";
    DEALER_SALE_WEIGHT: Amount(30, (0, 100), 2) = "dealer_sale_weight", Share, ["KPI-10"], Norm,
        "Weight of visits after a sale in a dealer's score", "经销商得分中售后回访的权重";
    DEALER_SERVICE_WEIGHT: Amount(70, (0, 100), 2) = "dealer_service_weight", Share, ["KPI-10"], Gap(22),
        "Weight of visits after a service in a dealer's score", "经销商得分中维修回访的权重";
    QUARTER_ANALYSIS: Whole(10, (1, 90)) = "quarter_analysis_working_days", WorkingDays, ["KPI-06"], Norm,
        "Time for the analysis of a quarter (D-19)", "季度分析报告时限（D-19）";
    YEAR_ANALYSIS: Whole(15, (1, 90)) = "year_analysis_working_days", WorkingDays, ["KPI-06"], Norm,
        "Time for the analysis of a year (D-19)", "年度分析报告时限（D-19）";
    QUARTER_APPRAISAL: Whole(9, (1, 90)) = "quarter_appraisal_day", DayOfPeriod, ["KPI-02"], Gap(31),
        "Last day of the next quarter for the appraisal (D-20)", "季度考核截止日（D-20）";
    YEAR_APPRAISAL: Whole(14, (1, 365)) = "year_appraisal_day", DayOfPeriod, ["KPI-02"], Gap(31),
        "Last day of the next year for the appraisal (D-20)", "年度考核截止日（D-20）";
}
