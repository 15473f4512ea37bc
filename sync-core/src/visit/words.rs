//! Words for the codes people meet about a visit: findings, what a guard misses, reasons of reviewers.

use crate::template::model::Text;

/// Code, English, Chinese.
///
/// # Source
/// Findings: the modules `merge`, `rules::findings` and `visit::state`. Guards: rulebook 1.3. Reasons: the office's
/// vocabulary of review.
const WORDS: &[(&str, &str, &str)] = &[
    // Findings.
    ("event_without_transition", "the event does not fit the state of the visit", "事件与当前状态不符，未生效"),
    ("guard_unmet", "the event has no effect: a condition is not met", "条件未满足，事件未生效"),
    ("unconfirmed_appointment", "the appointment is not confirmed", "预约未确认"),
    ("wait_undetermined", "the clock cannot prove the waiting time", "等候时长无法由时钟证实"),
    ("stale_verdict", "the verdict judged other content", "审核结论针对的不是当前内容"),
    ("unknown_decision", "unknown decision", "未知的审核结论"),
    ("unknown_event", "unknown event", "未知事件"),
    ("unknown_record_shape", "a record of unknown form", "记录格式未知"),
    ("unknown_value", "unknown value", "未知取值"),
    ("unknown_field", "unknown field", "未知字段"),
    ("unknown_slot", "the template has no such photo slot", "模板没有该照片位"),
    ("gallery_source", "chosen from the gallery, the camera is asked for", "照片来自相册，要求现场拍摄"),
    ("too_many_photos", "more photos than the slot takes", "照片超过该位上限"),
    ("unknown_question", "the template has no such question", "模板没有该问题"),
    ("odd_answer", "the answer does not fit the question", "答案与问题不符"),
    ("unknown_measurement", "the template has no such measurement", "模板没有该测量项"),
    ("other_unit", "another unit than the template's", "单位与模板不同"),
    ("unknown_tick", "the template has no such item", "模板没有该检查项"),
    ("unrecorded_contact", "a call to the customer without a recording", "与用户的通话没有录音"),
    ("clocks_disagree", "the clocks of the phone contradict each other", "手机时钟记录相互矛盾"),
    ("rule_failed", "a rule is not kept", "规则未满足"),
    ("rule_undetermined", "a rule cannot be judged", "规则无法判定"),
    ("needs_choice", "several values stand side by side, a person must choose", "并发取值并存，须人工选择"),
    ("rule_needs_choice", "values differ, a person must choose", "取值冲突，须人工选择"),
    ("serial_differs", "the serial number is not the one that the order names", "序列号与工单所列不符"),
    (
        "serial_elsewhere",
        "the serial number is installed at another site and was not removed",
        "该序列号已装于其他地址且未拆除",
    ),
    ("serial_twice", "one serial number stands for two things", "同一序列号重复登记"),
    ("material_quantity", "another quantity than the order lists", "用料数量与工单所列不符"),
    ("order_materials_odd", "what the order lists as materials cannot be read", "工单所列材料无法识别"),
    ("copy_not_recorded", "nothing says how the customer got the form", "未登记客户联的交付"),
    ("copy_of_other_form", "the copy is of a form that the visit does not have", "交付的联单与本次确认单不符"),
    // How concurrent values are settled.
    ("newest", "the newest counts", "以最新为准"),
    ("max", "the greatest counts", "以最大值为准"),
    ("min", "the least counts", "以最小值为准"),
    ("first_signed", "what was signed for first counts", "以最先签署的为准"),
    ("ask", "a person must choose; the newest stands in", "须人工选择，暂以最新为准"),
    ("chosen", "the office chose", "办公室已选定"),
    (
        "settle_conflict",
        "record it once more on one phone, or let the office choose",
        "在一部手机上重新填写，或由办公室选择",
    ),
    // What a guard misses.
    ("contact_through_app", "no call through the app reached the customer", "没有通过应用接通客户的记录"),
    ("two_attempts", "two attempts to reach the customer are not recorded", "未记录两次联系尝试"),
    ("kit_checklist", "the kit checklist is not complete", "工具清单未勾完"),
    ("position_or_reason", "neither position nor reason", "没有位置，也没有原因"),
    ("identity_checked", "identity not shown and checked", "未出示工牌或未核对身份"),
    ("required_steps", "required steps, photos or readings are missing", "缺少必做步骤、照片或读数"),
    ("reason", "no reason", "没有填写原因"),
    ("sealed_statement", "no form is sealed", "确认单尚未签署"),
    ("rating", "the customer's rating is missing", "缺少用户评分"),
    ("required_photos", "required photos are missing", "缺少必拍照片"),
    ("outcome_with_reason", "no outcome without work with its reason", "未记录未作业的结果及原因"),
    (
        "second_appointment_or_door_note",
        "neither second appointment nor photo of the door note",
        "没有二次预约，也没有留言条照片",
    ),
    ("waiting_time", "the waiting time is not over", "等候时间未到"),
    // Why a photo is rejected or a visit returned.
    ("missing_content", "something it must show is not in the picture", "缺少应拍内容"),
    ("illegible", "a label, number or text cannot be read", "标签或文字无法辨认"),
    ("blurred", "not sharp", "模糊"),
    ("too_dark", "too dark", "过暗"),
    ("over_exposed", "too bright", "过曝"),
    ("wrong_slot", "it belongs to another slot", "照片位不对"),
    ("wrong_site", "it shows another place", "不是该现场"),
    ("reused", "it was used for another visit", "重复使用的照片"),
    ("not_from_visit", "it was not taken during the visit", "不是本次上门拍摄"),
    ("work_defective", "the work does not meet the standard", "施工不合格"),
    ("photos_rejected", "photos are rejected", "照片不合格"),
    ("photo_missing", "a required photo is missing", "缺少照片"),
    ("readings_doubtful", "a reading is missing or not believable", "读数缺失或可疑"),
    ("form_incomplete", "the signed form is incomplete", "确认单不完整"),
    ("records_contradict", "records contradict each other", "记录相互矛盾"),
    ("other", "another reason", "其他原因"),
];

/// The words for a code; the code itself where none are known, as codes may be newer than this list.
#[must_use]
pub fn label(code: &str) -> Text {
    let (en, zh_cn) = WORDS.iter().find(|(known, ..)| *known == code).map_or((code, code), |(_, en, zh)| (*en, *zh));
    Text { en: en.to_owned(), zh_cn: zh_cn.to_owned() }
}
