//! Keys of the service-needs survey (SUR).

use crate::policy::Source::{Gap, Norm};
use crate::policy::key::parameters;

parameters! {
    SURVEY_PLAN_BY: MonthDay(10, 31) = "survey_plan_by", None, ["SUR-03"], Norm,
        "Last day to hand in next year's plan", "次年调研方案最晚日期";
    SURVEY_FROM: MonthDay(11, 1) = "survey_from", None, ["SUR-07"], Norm,
        "First day of the fieldwork", "实地调研开始日期";
    SURVEY_TO: MonthDay(1, 10) = "survey_to", None, ["SUR-07"], Norm,
        "Last day of the fieldwork", "实地调研结束日期";
    THIRD_PARTY: Whole(2, (1, 20)) = "third_party_years", Years, ["SUR-04"], Gap(26),
        "How often a third party surveys the market", "第三方调研间隔";
    SURVEY_NEEDS_WEIGHT: Amount(40, (0, 100), 2) = "survey_needs_weight", Share, ["SUR-19"], Norm,
        "Weight of the needs survey in the merge", "需求调研在合并中的权重";
    SURVEY_MARKET_WEIGHT: Amount(40, (0, 100), 2) = "survey_market_weight", Share, ["SUR-19"], Norm,
        "Weight of the market intelligence in the merge", "市场情报在合并中的权重";
    SURVEY_INTERNAL_WEIGHT: Amount(20, (0, 100), 2) = "survey_internal_weight", Share, ["SUR-19"], Norm,
        "Weight of the internal data in the merge", "内部数据在合并中的权重";
    INTEREST_COUNTS: Whole(60, (0, 100)) = "interest_threshold", Points, ["SUR-21"], Gap(17),
        "Least total of an interest that counts", "计为有效利益的最低得分";
    INTERVIEWS_OF_DAY: Whole(10, (0, 500)) = "interviews_of_day", Count, ["SUR-16"], Norm,
        "Interviews that a store day needs", "驻店日最少访谈数";
    INTERVIEWS_OF_BAND: Whole(1, (0, 100)) = "interviews_of_band", Count, ["SUR-16"], Norm,
        "Interviews that each price band needs", "每个价位最少访谈数";
}
