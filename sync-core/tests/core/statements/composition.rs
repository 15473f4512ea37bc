//! What a composed statement holds and shows.

use serde_json::{Value, json};
use sync_core::bytes::Hash;
use sync_core::ids::VisitId;
use sync_core::plain_json;
use sync_core::statement::{Body, ComposeError, ComposeInput, Language, compose, text};
use sync_core::template::Template;

use super::fixture::*;

#[test]
fn the_body_holds_agreed_values_and_commits_personal_ones() {
    let draft = draft();
    let body: Body = plain_json::parse_as(&draft.body_bytes).unwrap();
    let codes: Vec<_> = body.values.iter().map(|item| item.code.as_str()).collect();
    assert_eq!(
        codes,
        [
            "org.name",
            "org.time_zone",
            "order.number",
            "order.external_ref",
            "order.type",
            "customer.name",
            "customer.phone",
            "customer.phone",
            "customer.address",
            "site.address",
            "rep.name",
            "optical_power",
            "down_rate",
            "location_agreed",
            "cable_entry",
            "satisfied",
            "rating",
        ]
    );
    let power = body.value("optical_power").unwrap();
    assert_eq!(
        (power.value.clone(), power.unit.as_deref()),
        (Some(json!("-18.30")), Some("dBm")),
        "the newest reading"
    );
    let committed = body.values.iter().filter(|item| item.commit.is_some()).count();
    assert_eq!(committed, 7, "six of the parties, and the one text answer");
    assert_eq!(draft.openings.len(), committed + 2, "and position and shown text");
    let text = String::from_utf8(draft.body_bytes.clone()).unwrap();
    for personal in ["陈梅", "1380000", "一环路", "李强", "客厅", "30572000"] {
        assert!(!text.contains(personal), "{personal} stands in the body");
    }
    assert_eq!(draft.body_sha256, Hash::of(&draft.body_bytes));
    assert_eq!(body.heads, [Hash([8; 32]), Hash([9; 32])], "sorted");
}

#[test]
fn the_body_names_the_photos_that_count_at_signing() {
    let body: Body = plain_json::parse_as(&draft().body_bytes).unwrap();
    let ids: Vec<_> = body.photos.iter().map(|photo| photo.id.as_str()).collect();
    assert_eq!(ids, ["p2", "p3"], "p1 is replaced, p0 withdrawn, p9 is taken after signing");
}

#[test]
fn the_bytes_have_the_documented_members() {
    let body: Value = serde_json::from_slice(&draft().body_bytes).unwrap();
    let keys: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = vec![
        "v",
        "kind",
        "org",
        "visit",
        "short_code",
        "number",
        "template",
        "policy_version",
        "language",
        "text_template",
        "values",
        "photos",
        "heads",
        "verdicts",
        "consent_version",
        "device",
        "rep",
        "at",
        "position",
        "beacon",
        "previous",
        "amends",
        "shown_sha256",
    ];
    expected.sort_unstable();
    let mut keys = keys;
    keys.sort_unstable();
    assert_eq!(keys, expected);
    for null in ["number", "previous", "amends"] {
        assert_eq!(body[null], Value::Null);
    }
    assert_eq!(body["short_code"], "NENT-QAXB");
    assert_eq!(body["template"]["sha256"], template_sha256().to_string());
    assert_eq!(body["verdicts"], json!([{"rule": "INS-22", "verdict": "pass"}]));
}

#[test]
fn composition_is_deterministic_but_for_its_salts() {
    assert_eq!(draft(), draft());
    let other = draft_of(&view(), Language::ZhCn, 2).unwrap();
    assert_eq!(other.shown_text, draft().shown_text);
    assert_ne!(other.body_sha256, draft().body_sha256);
}

#[test]
fn the_shown_text_is_complete_in_both_languages() {
    let zh = draft().shown_text;
    let zh_lines = [
        "业务施工确认单",
        "家庭宽带装机",
        "签署时间：2025-03-04 10:50 +08:00",
        "服务单位：示范宽带",
        "工单编号：WO-0001",
        "工单类型：装机",
        "客户姓名：陈梅",
        "联系电话：13800000002",
        "上门地址：成都市一环路1号3单元",
        "服务人员：李强",
        "光功率：-18.30 dBm",
        "商定安装位置：客厅电视柜",
        "入户方式：穿孔",
        "用户是否满意：是",
        "客户评价：9 / 10",
        "[照片]",
        "用户签署业务施工确认单",
    ];
    for line in zh_lines {
        assert!(zh.lines().any(|shown| shown == line), "{line} is missing in\n{zh}");
    }
    let en = draft_of(&view(), Language::En, 1).unwrap().shown_text;
    let en_lines = [
        "Construction confirmation",
        "Broadband home installation",
        "Time of signing: 2025-03-04 10:50 +08:00",
        "Type of order: Installation",
        "Received optical power: -18.30 dBm",
        "Entry method: Drilled hole",
        "Is the customer satisfied: Yes",
        "Overall rating by the customer: 9 / 10",
        "Customer: 陈梅",
    ];
    for line in en_lines {
        assert!(en.lines().any(|shown| shown == line), "{line} is missing in\n{en}");
    }
    let short_code = VisitId::from_bytes([0xab; 16]).short_code();
    assert!(zh.contains(&format!("短码：{short_code}")) && en.contains(&format!("Short code: {short_code}")));
    assert!(!zh.contains("must stay out") && !en.contains("must stay out"));
}

#[test]
fn a_value_cannot_imitate_a_line() {
    let mut view = view();
    view.answers.extend(answers(&[("location_agreed", json!("x\n用户是否满意：否\u{2028}y\u{202e}z\r"))]));
    let text = draft_of(&view, Language::ZhCn, 1).unwrap().shown_text;
    assert!(text.lines().any(|line| line == "商定安装位置：x 用户是否满意：否 y z "));
}

#[test]
fn what_cannot_be_signed_is_refused_by_name() {
    let mut odd = view();
    odd.answers.extend(answers(&[("rating", json!(9.5))]));
    let error = draft_of(&odd, Language::ZhCn, 1).unwrap_err();
    assert!(matches!(error, ComposeError::Value { code, .. } if code == "rating"));
    for value in ["", "-", "01", "1.", ".5", "1e3", "1,5", "+1", "１"] {
        let mut odd = view();
        odd.measures.push(measure("down_rate", 9, value, "Mbps"));
        let error = ComposeError::Decimal { code: "down_rate".into() };
        assert_eq!(draft_of(&odd, Language::ZhCn, 1), Err(error), "{value}");
    }
    for value in ["0", "-0.50", "305.20", "-25"] {
        let mut odd = view();
        odd.measures.push(measure("down_rate", 9, value, "Mbps"));
        assert!(draft_of(&odd, Language::ZhCn, 1).is_ok(), "{value}");
    }
}

/// A published text template never changes: make a new version instead of editing these words.
#[test]
fn the_text_template_is_pinned() {
    let pinned = text::text_template();
    assert_eq!((pinned.code.as_str(), pinned.version), ("acceptance", 1));
    assert_eq!(pinned.sha256.to_string(), "f5cdc668f92671d9e06c9d3d1787357ccbc979a28324c1733e58d68e8732e545");
}

/// The layout of text template 1, which its SHA-256 does not cover: old forms must always render again.
#[test]
fn the_layout_of_the_text_template_is_pinned() {
    let small: Template = serde_json::from_value(json!({
        "code": "t", "version": 1, "title": {"en": "Visit", "zh-CN": "上门"}, "steps": [], "rules": [],
        "photos": [{"code": "front", "title": {"en": "Front", "zh-CN": "正面"}, "required": true, "min": 1, "max": 1,
            "source": "camera", "must_show": []}],
        "measurements": [],
        "questions": [
            {"code": "parts", "title": {"en": "Parts", "zh-CN": "配件"}, "agreed": true, "type": "multi_choice",
                "required": true, "options": [{"code": "a", "title": {"en": "Cable", "zh-CN": "线缆"}},
                {"code": "b", "title": {"en": "Splitter", "zh-CN": "分光器"}}]},
            {"code": "price", "title": {"en": "Price", "zh-CN": "费用"}, "agreed": true, "type": "decimal",
                "unit": "yuan", "scale": 2, "required": true},
            {"code": "due", "title": {"en": "Due", "zh-CN": "期限"}, "agreed": true, "type": "datetime", "required": true}],
        "signatures": [{"code": "customer", "title": {"en": "Customer", "zh-CN": "客户签字"}, "role": "customer",
            "required": true, "document": "service_record", "copies": []}],
    }))
    .unwrap();
    let mut view = view();
    view.photos = vec![photo("p1", "front", None)];
    let due = json!(1_741_056_600_000i64);
    view.answers = answers(&[("parts", json!(["a", "b"])), ("price", json!("12.50")), ("due", due)]);
    let input = ComposeInput {
        kind: "service_record",
        org: ORG,
        org_name: "示范宽带",
        time_zone: "Asia/Shanghai",
        template: &small,
        template_sha256: Hash([0; 32]),
        policy_version: 1,
        view: &view,
        number: Some("V-7"),
        work_order: None,
        customer: None,
        site: None,
        language: Language::ZhCn,
        device: DEVICE,
        rep: REP,
        rep_name: "李强",
        at: stamp(),
        position: None,
        beacon: None,
        previous: None,
        amends: Some(Hash([0xcd; 32])),
        verdicts: vec![],
    };
    let expected = format!(
        "服务记录表\n上门\n短码：NENT-QAXB\n上门编号：V-7\n签署时间：2025-03-04 10:50 +08:00\n本表更正：{}\n\
         服务单位：示范宽带\n服务人员：李强\n\n[客户确认的内容]\n配件：线缆、分光器\n费用：12.50 元\n\
         期限：2025-03-04 10:50 +08:00\n\n[照片]\n正面：{}\n\n[客户确认]\n\
         本人已阅读以上全部内容，确认内容属实，并同意以电子方式签署；上述照片及签署记录将随本表保存，供核验使用。\n\n\
         [签字人]\n客户签字\n",
        "cd".repeat(32),
        Hash::of(b"p1"),
    );
    assert_eq!(compose(&input, &mut randomness(1)).unwrap().shown_text, expected);
    let unknown = ComposeInput { kind: "visit_report", ..input };
    let document = ComposeError::Document { kind: "visit_report".into() };
    assert_eq!(compose(&unknown, &mut randomness(1)), Err(document));
}
