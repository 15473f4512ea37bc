//! The fixed words of shown texts, version by version.
//!
//! A published version never changes: its SHA-256 stands in every body made with it, and a test pins it.

use super::body::TemplateRef;
use crate::bytes::Hash;

/// The version of the consent sentence in this text template.
pub const CONSENT_VERSION: i64 = 1;

/// Code of the text template.
pub const TEXT_TEMPLATE: &str = "acceptance";

/// Version of the text template.
pub const TEXT_TEMPLATE_VERSION: i64 = 1;

/// A language of shown texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Simplified Chinese.
    ZhCn,
    /// English.
    En,
}

impl Language {
    /// Every tag.
    pub const TAGS: [&'static str; 2] = [Self::ZhCn.tag(), Self::En.tag()];

    /// The language tag (BCP 47).
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::ZhCn => "zh-CN",
            Self::En => "en",
        }
    }

    /// The language of a tag.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        [Self::ZhCn, Self::En].into_iter().find(|language| language.tag() == tag)
    }
}

/// Version 1: key, Simplified Chinese, English.
const PHRASES: &[(&str, &str, &str)] = &[
    ("colon", "：", ": "),
    ("comma", "、", ", "),
    ("yes", "是", "Yes"),
    ("no", "否", "No"),
    ("short_code", "短码", "Short code"),
    ("number", "上门编号", "Visit number"),
    ("time", "签署时间", "Time of signing"),
    ("agreed", "客户确认的内容", "What the customer confirms"),
    ("photos", "照片", "Photos"),
    ("no_photos", "无", "None"),
    ("signers", "签字人", "Signers"),
    ("amends", "本表更正", "Amends statement"),
    ("consent", "客户确认", "Consent"),
    (
        "consent.text",
        "本人已阅读以上全部内容，确认内容属实，并同意以电子方式签署；上述照片及签署记录将随本表保存，供核验使用。",
        "I have read everything above, confirm that it is true, and agree to sign electronically. The photos and the record of signing are kept with this form for verification.",
    ),
    ("value.org.name", "服务单位", "Service provider"),
    ("value.org.time_zone", "时区", "Time zone"),
    ("value.order.number", "工单编号", "Work order"),
    ("value.order.external_ref", "业务单号", "Order reference"),
    ("value.order.type", "工单类型", "Type of order"),
    ("value.customer.name", "客户姓名", "Customer"),
    ("value.customer.phone", "联系电话", "Phone"),
    ("value.customer.address", "客户地址", "Customer address"),
    ("value.site.address", "上门地址", "Address of the visit"),
    ("value.rep.name", "服务人员", "Field representative"),
    ("document.closing_form", "挽留结案表", "Closing form"),
    ("document.complaint_record", "投诉处理记录", "Complaint record"),
    ("document.construction_confirmation", "业务施工确认单", "Construction confirmation"),
    ("document.pre_acceptance_form", "预验收单", "Pre-acceptance form"),
    ("document.return_visit_record", "回访记录", "Return-visit record"),
    ("document.service_record", "服务记录表", "Service record"),
    ("document.survey_response", "服务需求调研表", "Service-needs survey"),
    ("document.visit_report", "走访报告", "Visit report"),
    ("order.install", "装机", "Installation"),
    ("order.remove", "拆机", "Removal"),
    ("order.move", "移机", "Move"),
    ("order.repair", "故障处理", "Repair"),
    ("order.return_visit", "回访", "Return visit"),
    ("order.retention", "挽留", "Retention"),
    ("order.survey", "调研", "Survey"),
    ("order.call", "拜访", "Customer call"),
    ("order.complaint", "投诉", "Complaint"),
    ("order.inspection", "预验收", "Inspection"),
    ("unit.count", "个", ""),
    ("unit.megohm", "兆欧", "MΩ"),
    ("unit.min", "分钟", "min"),
    ("unit.mm", "毫米", "mm"),
    ("unit.percent", "%", "%"),
    ("unit.persons", "人", "persons"),
    ("unit.ratio", "", ""),
    ("unit.yuan", "元", "CNY"),
];

/// The phrase of a key.
pub(super) fn phrase(language: Language, key: &str) -> Option<&'static str> {
    let (_, zh, en) = PHRASES.iter().find(|(name, _, _)| *name == key)?;
    Some(match language {
        Language::ZhCn => zh,
        Language::En => en,
    })
}

/// What a type of order is called; `None` for one without a name.
#[must_use]
pub fn order_kind(language: Language, kind: &str) -> Option<&'static str> {
    phrase(language, &format!("order.{kind}"))
}

/// Names the current text template; its bytes are the lines `key TAB Chinese TAB English LF`.
#[must_use]
pub fn text_template() -> TemplateRef {
    let lines: String = PHRASES.iter().map(|(key, zh, en)| format!("{key}\t{zh}\t{en}\n")).collect();
    TemplateRef { code: TEXT_TEMPLATE.to_owned(), version: TEXT_TEMPLATE_VERSION, sha256: Hash::of(lines.as_bytes()) }
}
