//! The words of the customer's page.

use sync_core::statement::Language;

/// Everything the page says, in one language.
pub(super) struct Words {
    pub(super) tag: &'static str,
    pub(super) other: (&'static str, &'static str),
    pub(super) title: &'static str,
    pub(super) greeting: &'static str,
    pub(super) when: &'static str,
    pub(super) until: &'static str,
    pub(super) what: &'static str,
    pub(super) who: &'static str,
    pub(super) hotline: &'static str,
    pub(super) confirm: &'static str,
    pub(super) other_time: &'static str,
    pub(super) date: &'static str,
    pub(super) time: &'static str,
    pub(super) remark: &'static str,
    pub(super) ask: &'static str,
    pub(super) confirmed: &'static str,
    pub(super) asked: &'static str,
    pub(super) asked_note: &'static str,
    pub(super) calendar: &'static str,
    pub(super) ended: &'static str,
    pub(super) ended_note: &'static str,
    pub(super) unknown: &'static str,
    pub(super) unknown_note: &'static str,
    pub(super) answered: &'static str,
    pub(super) faulty: &'static str,
}

const ZH_CN: Words = Words {
    tag: "zh-CN",
    other: ("en", "English"),
    title: "上门预约",
    greeting: "您好！请确认我们的上门时间。",
    when: "上门时间",
    until: "至",
    what: "服务内容",
    who: "服务人员",
    hotline: "服务热线",
    confirm: "确认这个时间",
    other_time: "这个时间不方便？申请改约",
    date: "日期",
    time: "时间",
    remark: "留言（选填，200 字以内）",
    ask: "提交改约申请",
    confirmed: "已确认，我们将按时上门。谢谢！",
    asked: "已收到您的改约申请：",
    asked_note: "我们会尽快与您确认新的时间。",
    calendar: "加入手机日历",
    ended: "链接已失效",
    ended_note: "预约时间可能已变更，或链接已过期。如有需要，请联系我们的服务人员获取新的链接。",
    unknown: "链接无效",
    unknown_note: "请检查链接是否完整，或联系我们的服务人员获取新的链接。",
    answered: "您已答复过，无需重复提交。",
    faulty: "请检查填写内容：",
};

const EN: Words = Words {
    tag: "en",
    other: ("zh", "中文"),
    title: "Your appointment",
    greeting: "Hello! Please confirm when we come.",
    when: "When",
    until: "until",
    what: "Service",
    who: "Your technician",
    hotline: "Hotline",
    confirm: "Confirm this time",
    other_time: "Not convenient? Ask for another time",
    date: "Day",
    time: "Time",
    remark: "Remark (optional, up to 200 characters)",
    ask: "Ask for this time",
    confirmed: "Confirmed. We will be there on time. Thank you!",
    asked: "You asked for another time:",
    asked_note: "We will get back to you soon about the new time.",
    calendar: "Add to calendar",
    ended: "This link has ended",
    ended_note: "The appointment may have changed, or the link is too old. Please ask us for a new one.",
    unknown: "This link is not valid",
    unknown_note: "Please check that the link is complete, or ask us for a new one.",
    answered: "You have answered already; there is nothing more to do.",
    faulty: "Please check what you entered:",
};

/// The words of a language.
pub(super) const fn words(language: Language) -> &'static Words {
    match language {
        Language::ZhCn => &ZH_CN,
        Language::En => &EN,
    }
}
