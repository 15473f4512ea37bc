//! What the rules of a visit refuse, what comes too late, and how a person is told.

use serde_json::json;

use super::tests::{INK, give_back, handed_in, work_unrated};
use crate::output::Output;
use crate::testing::{NUMBER, TestPhone, jpeg};

/// Runs a command that the rules of the visit stand against, and checks that it wrote nothing.
fn refused(phone: &TestPhone, line: &[&str]) -> Output {
    let before = phone.heads();
    let output = phone.try_run(line).unwrap();
    assert_eq!(output.code, 2, "{line:?}: {}", output.text);
    assert_eq!(phone.heads(), before, "{line:?} wrote something");
    output
}

fn text(phone: &TestPhone, line: &[&str]) -> String {
    phone.try_run(line).unwrap().text
}

/// A visit whose rep is on the way.
fn on_the_way() -> TestPhone {
    let phone = TestPhone::new();
    phone.run(&["step", NUMBER, "kit_check"]);
    phone.run(&["contact", NUMBER, "--channel", "app_call", "--result", "reached"]);
    phone.run(&["event", NUMBER, "confirm_call"]);
    assert_eq!(phone.run(&["event", NUMBER, "depart"])["state"], "en_route");
    phone
}

#[test]
fn a_returned_visit_is_not_handed_in_again_without_new_work() {
    let phone = TestPhone::new();
    let mut server = handed_in(&phone);
    let bad = give_back(&phone, &mut server);
    let shown = text(&phone, &["status", NUMBER]);
    for words in ["reopened splitter_label: ", "原因：模糊", "reason: not sharp", "请靠近再拍", "The whole splitter"]
    {
        assert!(shown.contains(words), "{words} in {shown}");
    }
    let blocked = refused(&phone, &["finish", NUMBER]);
    let blockers = &blocked.json["blockers"];
    assert_eq!((&blockers[0]["code"], &blockers[0]["subject"]), (&json!("missing_rework"), &json!("splitter_label")));
    assert_eq!((blockers.as_array().unwrap().len(), &blocked.json["finished"]), (1, &json!(false)));
    assert!(blocked.text.contains("尚未重拍") && blocked.text.contains("请靠近再拍"), "{}", blocked.text);
    refused(&phone, &["event", NUMBER, "resubmit"]);

    phone.time("2025-03-04T14:00:00+08:00");
    let again = phone.file("again.jpg", &jpeg(2));
    phone.run(&["photo", NUMBER, &again, "--slot", "splitter_label", "--replaces", &bad]);
    refused(&phone, &["finish", NUMBER]);
    let fresh = phone.file("fresh.jpg", &jpeg(9));
    let taken = phone.run(&["photo", NUMBER, &fresh, "--slot", "splitter_label"]);
    assert_eq!(taken["late"], json!([]), "a reopened slot takes photos in time");
    assert!(text(&phone, &["status", NUMBER]).contains("已重拍"));
    assert_eq!(phone.run(&["finish", NUMBER])["finished"], true);
}

#[test]
fn a_record_after_the_hand_in_is_told_to_be_late_at_once() {
    let phone = TestPhone::new();
    let mut server = handed_in(&phone);
    let photo = phone.file("late.jpg", &jpeg(8));
    let lines: [&[&str]; 4] = [
        &["photo", NUMBER, &photo, "--slot", "splitter_label"],
        &["step", NUMBER, "cleanup"],
        &["answer", NUMBER, "rating", "8"],
        &["measure", NUMBER, "optical_power", "-17.00"],
    ];
    for line in lines {
        let output = phone.try_run(line).unwrap();
        assert!(
            output.text.contains("late 迟到: 上门已提交") && output.text.contains("does not count"),
            "{}",
            output.text
        );
        assert!(!output.json["late"].as_array().unwrap().is_empty(), "{}", output.json);
    }
    give_back(&phone, &mut server);
    let output = phone.try_run(&["answer", NUMBER, "rating", "7"]).unwrap();
    assert!(output.text.contains("只有退回的照片位可以修改：splitter_label"), "{}", output.text);
}

#[test]
fn an_event_that_would_change_nothing_is_refused_with_the_way_out() {
    let phone = on_the_way();
    let output = refused(&phone, &["event", NUMBER, "arrive"]);
    assert_eq!((&output.json["recorded"], &output.json["state"]), (&json!(false), &json!("en_route")));
    for words in ["请加 --lat 和 --lon，或 --reason", "give --lat and --lon, or --reason", "没有位置"] {
        assert!(output.text.contains(words), "{words} in {}", output.text);
    }
    let output = refused(&phone, &["event", NUMBER, "enter"]);
    assert!(output.text.contains("当前状态为“在途”") && output.text.contains("`arrive`"), "{}", output.text);
    refused(&phone, &["event", NUMBER, "resubmit"]);
    assert_eq!(phone.run(&["event", NUMBER, "arrive", "--reason", "地下室无信号"])["state"], "arrived");
}

#[test]
fn an_event_without_effect_can_be_captured_and_its_remedy_is_named_until_it_has_one() {
    let phone = on_the_way();
    let output = phone.try_run(&["event", NUMBER, "arrive", "--anyway"]).unwrap();
    assert_eq!((output.code, &output.json["findings"][0]["code"]), (0, &json!("guard_unmet")));
    assert!(output.text.contains("note: 条件未满足，事件未生效 / the event has no effect"), "{}", output.text);
    for line in [["event", NUMBER, "enter"], ["event", NUMBER, "finish_steps"]] {
        let output = refused(&phone, &line);
        assert!(output.text.contains("“到达”尚不生效") && output.text.contains("--reason"), "{}", output.text);
    }
    let blocked = refused(&phone, &["finish", NUMBER]);
    assert!(
        blocked.text.contains("`arrive` has no effect yet") && blocked.text.contains("--reason"),
        "{}",
        blocked.text
    );
    phone.run(&["event", NUMBER, "arrive", "--reason", "地下室无信号"]);
    assert!(!refused(&phone, &["finish", NUMBER]).text.contains("`arrive`"), "it is no longer waited for");
}

#[test]
fn a_form_is_not_sealed_before_the_work_is_done() {
    let phone = on_the_way();
    let ink = phone.file("ink.json", INK.as_bytes());
    let [customer, rep] = ["customer", "installer"].map(|who| format!("{who}_confirmation={ink}"));
    let line = ["sign", NUMBER, "--ink", &customer, "--ink", &rep];
    let shown = phone.try_run(&["sign", NUMBER]).unwrap();
    assert!(shown.code == 0 && shown.text.contains("尚不能签署"), "{}", shown.text);
    let output = refused(&phone, &line);
    assert!(output.text.contains("`sign` does not fit: the visit is en route"), "{}", output.text);
    assert_eq!(phone.run(&["status", NUMBER])["statements"], json!([]));
    let sealed = phone.run(&[line.as_slice(), &["--anyway"]].concat());
    assert_eq!(sealed["sealed"], true, "what another phone of the crew recorded may be missing here");
}

#[test]
fn a_form_without_the_rating_is_not_sealed() {
    let phone = TestPhone::new();
    work_unrated(&phone);
    let ink = phone.file("ink.json", INK.as_bytes());
    let [customer, rep] = ["customer", "installer"].map(|who| format!("{who}_confirmation={ink}"));
    let line = ["sign", NUMBER, "--ink", &customer, "--ink", &rep];
    let output = refused(&phone, &line);
    assert!(output.text.contains("缺少用户评分") && output.text.contains("record the rating"), "{}", output.text);
    phone.run(&["answer", NUMBER, "rating", "9"]);
    phone.run(&["sign", NUMBER]);
    assert_eq!(phone.run(&line)["state"], "signed");
}
