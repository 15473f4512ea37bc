//! Keys that several systems share: clocks, working time, night, scales, how long things are kept.

use crate::policy::Source::{Chosen, Gap, Judgement, Norm, Organisation};
use crate::policy::key::parameters;

parameters! {
    CLOCK_SKEW: Whole(5, (1, 1440)) = "clock_skew_minutes", Minutes, ["GEN-10"], Norm,
        "How far a phone's clock may be off before somebody should look", "手机时钟允许偏差，超出须提示复核";
    WORKING_HOURS_FROM: TimeOfDay(8, 30) = "working_hours_from", None, ["GEN-03", "APT-01"], Chosen,
        "Begin of the working time", "工作时间开始";
    WORKING_HOURS_TO: TimeOfDay(17, 30) = "working_hours_to", None, ["GEN-03", "APT-01"], Chosen,
        "End of the working time", "工作时间结束";
    NIGHT_FROM: TimeOfDay(20, 0) = "night_from", None, ["INS-49"], Chosen,
        "Begin of the night", "夜间开始";
    NIGHT_TO: TimeOfDay(6, 0) = "night_to", None, ["INS-49"], Chosen,
        "End of the night", "夜间结束";
    SATISFIED_OF_5: Whole(4, (1, 5)) = "satisfied_of_5", Level, ["KPI-15", "ASR-08"], Chosen,
        "Least answer on a scale of 5 that counts as satisfied", "五级评分中视为满意的最低分";
    DISSATISFIED_OF_5: Whole(2, (1, 5)) = "dissatisfied_of_5", Level, ["CMP-08", "RTV-08"], Chosen,
        "Greatest answer on a scale of 5 that counts as dissatisfied", "五级评分中视为不满意的最高分";
    SATISFIED_OF_10: Whole(8, (1, 10)) = "satisfied_of_10", Level, ["KPI-15", "INS-37"], Chosen,
        "Least answer on a scale of 10 that counts as satisfied", "十级评分中视为满意的最低分";
    DISSATISFIED_OF_10: Whole(4, (1, 10)) = "dissatisfied_of_10", Level, ["CMP-08", "INS-37"], Chosen,
        "Greatest answer on a scale of 10 that counts as dissatisfied", "十级评分中视为不满意的最高分";
    QUIET_HOURS_FROM: TimeOfDay(21, 0) = "quiet_hours_from", None, ["NOT-05"], Chosen,
        "Begin of the hours without messages", "免打扰时段开始";
    QUIET_HOURS_TO: TimeOfDay(8, 0) = "quiet_hours_to", None, ["NOT-05"], Chosen,
        "End of the hours without messages", "免打扰时段结束";
    NOTICE_LANGUAGE: OneOf("zh-CN", &["zh-CN", "en"]) = "notice_language", None, ["NOT-05"], Judgement,
        "Language of messages to customers", "客户短信语言";
    SERVICE_HOTLINE: PhoneNumber() = "service_hotline", None, ["NOT-05", "NOT-07"], Organisation,
        "Number that customers call", "客户服务热线";
    ARRIVAL_NOTICE: Whole(30, (1, 240)) = "arrival_notice_minutes", Minutes, ["NOT-05"], Judgement,
        "How long after an arrival the customer is still told of it", "到达后仍发送到达短信的时限";
    RESULT_NOTICE: Whole(24, (1, 168)) = "result_notice_hours", Hours, ["NOT-05"], Judgement,
        "How long after a visit the customer is still told what came of it", "上门结束后仍发送结果短信的时限";
    KEEP_VISITS: Whole(3, (1, 100)) = "keep_visits_years", Years, ["DOC-10"], Gap(23),
        "How long visits are kept", "工单保存期限";
    KEEP_FORMS: Whole(5, (1, 100)) = "keep_forms_years", Years, ["DOC-10"], Gap(23),
        "How long signed forms are kept", "签字单据保存期限";
    KEEP_RECORDINGS: Whole(2, (1, 100)) = "keep_recordings_years", Years, ["DOC-10"], Gap(23),
        "How long recordings of calls are kept", "通话录音保存期限";
    CERTIFICATE_NOTICE: Whole(30, (0, 366)) = "certificate_notice_days", Days, ["INS-01"], Chosen,
        "How long before a certificate ends its holder is told", "上岗证到期提前提醒天数";
}
