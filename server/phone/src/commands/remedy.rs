//! What a rep can do about an event that has no effect, in words of the command line and in both languages.

use sync_core::merge::view::Finding;
use sync_core::rules::Blocker;
use sync_core::template::model::Text;
use sync_core::visit::table::next;
use sync_core::visit::{Event, VisitState, words};

/// What a guard misses, the way out in English and in Chinese; `V` stands for the visit.
const WAYS_OUT: &[(&str, &str, &str)] = &[
    (
        "contact_through_app",
        "record the call: `contact V --channel app_call --result reached`",
        "先记录通话：`contact V --channel app_call --result reached`",
    ),
    (
        "two_attempts",
        "record two attempts: `contact V --channel phone --result no_answer`",
        "先记录两次联系尝试：`contact V --channel phone --result no_answer`",
    ),
    ("kit_checklist", "tick the kit: `step V STEP`", "先勾选工具清单：`step V STEP`"),
    ("position_or_reason", "give --lat and --lon, or --reason", "请加 --lat 和 --lon，或 --reason"),
    ("identity_checked", "tick `step V enter`", "先勾选 `step V enter`"),
    ("required_steps", "`status V` lists what is missing", "`status V` 列出缺少的内容"),
    ("reason", "give --reason", "请加 --reason"),
    ("sealed_statement", "seal the form: `sign V`", "先签署确认单：`sign V`"),
    ("rating", "record the rating: `answer V QUESTION NUMBER`", "先记录评分：`answer V QUESTION NUMBER`"),
    ("required_photos", "take the photos: `photo V FILE --slot SLOT`", "先补拍照片：`photo V FILE --slot SLOT`"),
    (
        "outcome_with_reason",
        "record the outcome: `outcome V CODE --reason WHY`",
        "先记录结果：`outcome V CODE --reason WHY`",
    ),
    (
        "second_appointment_or_door_note",
        "agree on a second appointment or photograph the door note",
        "先约定二次上门，或拍摄留言条",
    ),
    ("waiting_time", "`status V` says from when you may leave", "`status V` 显示可离开的时间"),
];

/// What an event without effect lacks and what to do, if a finding tells of one.
pub(super) fn without_effect(finding: &Finding, state: VisitState) -> Option<Blocker> {
    let detail = finding.detail.as_deref().unwrap_or_default();
    let text = match finding.code.as_str() {
        "guard_unmet" => {
            let (event, missing) = detail.split_once(": ")?;
            unmet(event, missing)
        }
        "event_without_transition" => does_not_fit(detail.split(' ').next()?, state),
        _ => return None,
    };
    Some(Blocker { code: finding.code.clone(), subject: finding.subject.clone(), text })
}

fn unmet(event: &str, missing: &str) -> Text {
    let label = words::label(missing);
    let way_out = WAYS_OUT.iter().find(|(known, ..)| *known == missing);
    let (en, zh) = way_out.map_or(("", ""), |(_, en, zh)| (*en, *zh));
    let joined = |text: String, separator: &str, way_out: &str| {
        if way_out.is_empty() { text } else { format!("{text}{separator}{way_out}") }
    };
    Text {
        en: joined(format!("`{event}` has no effect yet: {}", label.en), "; ", en),
        zh_cn: joined(format!("“{}”尚不生效：{}", event_zh(event), label.zh_cn), "；", zh),
    }
}

fn does_not_fit(event: &str, state: VisitState) -> Text {
    let possible = possible_events(state);
    let codes: Vec<String> = possible.iter().map(|event| format!("`{event}`")).collect();
    let labels: Vec<String> = possible.iter().map(|event| format!("“{}”({event})", event.label_zh())).collect();
    let (next_en, next_zh) = if possible.is_empty() {
        ("nothing more is to be recorded".to_owned(), "不再需要记录事件".to_owned())
    } else {
        (format!("what can follow now: {}", codes.join(", ")), format!("现在可以记录：{}", labels.join("、")))
    };
    Text {
        en: format!("`{event}` does not fit: the visit is {}; {next_en}", state.code().replace('_', " ")),
        zh_cn: format!("当前状态为“{}”，不能记录“{}”；{next_zh}", state.label_zh(), event_zh(event)),
    }
}

/// The events a rep can record in a state by `event`, guards aside.
fn possible_events(state: VisitState) -> Vec<Event> {
    Event::ALL.iter().copied().filter(|event| event.is_by_device() && next(state, *event).is_some()).collect()
}

fn event_zh(event: &str) -> &str {
    match Event::from_code(event) {
        Some(known) => known.label_zh(),
        None => event,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(code: &str, detail: &str, state: VisitState) -> Text {
        let finding = Finding { code: code.to_owned(), subject: "x".to_owned(), detail: Some(detail.to_owned()) };
        without_effect(&finding, state).expect("words").text
    }

    #[test]
    fn every_way_out_belongs_to_a_guard_with_words() {
        for (missing, en, zh) in WAYS_OUT {
            let text = text("guard_unmet", &format!("arrive: {missing}"), VisitState::EnRoute);
            assert_ne!(words::label(missing).en, *missing);
            assert!(text.en.contains(en) && text.zh_cn.contains(zh) && text.zh_cn.contains("到达"), "{text:?}");
        }
    }

    #[test]
    fn an_event_that_does_not_fit_is_told_what_can_follow() {
        let told = text("event_without_transition", "submit in en_route", VisitState::EnRoute);
        assert!(told.en.contains("`submit` does not fit: the visit is en route") && told.en.contains("`arrive`"));
        assert!(told.zh_cn.contains("当前状态为“在途”") && told.zh_cn.contains("“到达”(arrive)"), "{told:?}");
        let told = text("event_without_transition", "depart in closed", VisitState::Closed);
        assert!(told.en.ends_with("nothing more is to be recorded"), "{told:?}");
    }
}
