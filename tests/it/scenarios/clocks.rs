//! Phones that show the wrong time: what a rule about time says is what can be proven, and nothing else.

use integration_tests::play::{Phone, Story, Visit};
use serde_json::{Value, json};

use super::scene::enrolled;
use super::scripts::{AT_A_CLOSED_DOOR, CONFIRMED_AT_1305, trace};

/// In front of a closed door since 13:53; the phone was last used at 13:55.
fn at_the_door<'p>(story: &Story, li: &'p Phone<'_>) -> Visit<'p> {
    story.at("13:00");
    li.sync();
    let visit = li.visit_of("赵敏");
    visit.plays(CONFIRMED_AT_1305);
    visit.plays(AT_A_CLOSED_DOOR);
    visit
}

/// What the rep does before he may leave.
const NOBODY_CAME: &str = "
    contact --channel phone --result no_answer
    photo door_note
    answer absence_result unreachable
    outcome no_show --reason 敲门无人应答，电话两次未接";

/// What the office sees of the wait: verdict, deadline, minutes that are proven, and the doubts.
fn wait_at_office(story: &Story, visit: &Visit<'_>) -> Value {
    let review = story.office("dispatcher").review(&visit.id);
    let wait = trace(&review, "APT-06");
    let findings = review["findings"].as_array().expect("findings");
    let doubts: Vec<&Value> = findings.iter().map(|finding| &finding["code"]).collect();
    let doubts: Vec<_> = doubts.into_iter().filter(|code| code.to_string().contains("undetermined")).collect();
    json!([wait["verdict"], wait["inputs"]["deadline"], wait["inputs"]["waited_minutes"], doubts])
}

#[test]
fn a_wait_across_a_restart_is_open_where_no_clock_is_known_afterwards() {
    // Eleven minutes that the wall clocks make an hour of, and seventeen that they make less than none of.
    for (minutes_ahead, leaves, minutes) in [(40, "14:04", "4"), (-60, "14:10", "10")] {
        let story = Story::begin("2025-03-04");
        let li = enrolled(&story);
        let visit = at_the_door(&story, &li);
        story.at("14:02");
        li.restarts(minutes_ahead);
        visit.plays(NOBODY_CAME);
        // It stands in nobody's way.
        visit.plays(&format!("{leaves} event give_up"));
        assert_eq!(visit.shown()["state"], "no_show", "{minutes_ahead} minutes ahead");

        story.at("14:20");
        li.sync();
        let doubts = ["rule_undetermined", "wait_undetermined"];
        let expected = json!(["undetermined", "undetermined", minutes, doubts]);
        assert_eq!(wait_at_office(&story, &visit), expected, "{minutes_ahead} minutes ahead");
        let seen = story.office("dispatcher").visit(&visit.id);
        assert_eq!((&seen["state"], &seen["outcome"]), (&json!("under_review"), &json!("no_show")));
    }
}

#[test]
fn a_wait_across_a_restart_is_told_where_the_phone_hears_the_server_before_it_ends() {
    let story = Story::begin("2025-03-04");
    let li = enrolled(&story);
    let visit = at_the_door(&story, &li);
    story.at("14:02");
    li.restarts(40);
    li.sync();
    visit.plays(NOBODY_CAME);
    let early = visit.tries("14:04 event give_up");
    assert_eq!((early.code, &early.json["blockers"][0]["code"]), (Some(2), &json!("guard_unmet")), "{early:?}");
    visit.plays("14:09 event give_up");
    story.at("14:20");
    li.sync();
    assert_eq!(wait_at_office(&story, &visit), json!(["pass", "met", "15", []]));
}

#[test]
fn who_left_before_the_wait_was_over_has_missed_it_for_office_and_phone_alike() {
    // The phone knows what its clock is when he leaves, or learns only later what it was.
    for is_restarted in [false, true] {
        let story = Story::begin("2025-03-04");
        let li = enrolled(&story);
        let visit = at_the_door(&story, &li);
        story.at("14:02");
        if is_restarted {
            li.restarts(40);
        }
        // Without a door note he may not leave, whatever the clocks say; that he did is kept.
        visit.plays("14:04 event give_up --anyway");
        story.at("14:05");
        li.sync();
        let open = json!(["undetermined", "undetermined", "2", ["rule_undetermined"]]);
        let known = json!(["fail", "missed", "11", []]);
        assert_eq!(wait_at_office(&story, &visit), if is_restarted { open } else { known });

        // What he writes now tells his clock of before, so the wait was no 15 minutes, whatever the error.
        story.at("14:06");
        visit.plays(NOBODY_CAME);
        story.at("14:07");
        li.sync();
        let least = if is_restarted { "2" } else { "11" };
        assert_eq!(wait_at_office(&story, &visit), json!(["fail", "missed", least, []]));
        let (shown, seen) = (visit.shown(), story.office("dispatcher").visit(&visit.id));
        assert_eq!((&shown["state"], &seen["state"]), (&json!("waiting"), &json!("waiting")));
        let review = story.office("dispatcher").review(&visit.id);
        for findings in [&shown["findings"], &review["findings"]] {
            let findings = findings.as_array().expect("findings");
            let is_told =
                |code: &str, detail: &str| findings.iter().any(|one| one["code"] == code && one["detail"] == detail);
            assert!(is_told("rule_failed", "absence_wait"), "{findings:?}");
            assert!(is_told("guard_unmet", "give_up: waiting_time"), "{findings:?}");
        }
        assert_eq!(shown["blockers"][0]["subject"], "APT-06", "{}", shown["blockers"]);
        let text = shown["blockers"][0]["text"]["en"].as_str().expect("a text");
        assert!(text.contains(&format!("waited at least {least} of 15 minutes")), "{text}");

        // He is still there: the wait ends as it should.
        visit.plays("14:09 event give_up");
        story.at("14:20");
        li.sync();
        let wait = wait_at_office(&story, &visit);
        assert_eq!((&wait[0], &wait[1]), (&json!("pass"), &json!("met")), "{wait}");
        assert_eq!(
            [&visit.shown()["state"], &story.office("dispatcher").visit(&visit.id)["state"]],
            ["under_review"; 2]
        );
    }
}

/// A rep, whose phone shows 90 minutes too little since it was started anew, tells a customer by telephone that he comes
/// at 11:00 rather than at 10:00; the office moves the visit by what the clocks say of the call.
fn told(call: &str, is_restarted: bool) -> Value {
    let story = Story::begin("2025-03-04");
    story.at("07:30");
    let li = story.enrol("li.ming");
    li.sync();
    li.restarts(-90);
    li.sync();
    let visit = li.visit_of("王海");
    visit.plays(
        "07:45 start
               step kit_check",
    );
    if is_restarted {
        story.at("07:50");
        li.restarts(30);
    }
    visit.plays(&format!(
        "{call} contact --channel app_call --result reached --duration 48
                answer contact_result confirmed
                event confirm_call"
    ));
    story.at("08:20");
    li.sync();
    visit.plays("08:21 step confirm_call");
    li.sync();

    let dispatcher = story.office("dispatcher");
    let review = dispatcher.review(&visit.id);
    let mut timeline = review["timeline"].as_array().expect("a timeline").iter();
    let call = timeline.find(|event| event["event"] == "confirm_call").expect("the call");
    let moved = json!({"start": "2025-03-04T11:00:00+08:00", "notified_at": call["at"],
        "notified_err_ms": call["err_ms"], "proposed_by": "rep", "reason": "上一单延误"});
    dispatcher.change(&visit.id, "reschedule", &moved).expect(200);
    li.sync();
    let review = dispatcher.review(&visit.id);
    let minutes_of_error = call["err_ms"].as_i64().expect("the clocks bound it") / 60_000;
    let doubts = review["findings"].to_string().matches("rule_undetermined").count();
    json!([trace(&review, "APT-04")["verdict"], minutes_of_error, doubts])
}

#[test]
fn a_notice_by_a_clock_that_is_wrong_is_met_missed_or_open_as_the_call_was() {
    // The clock of the phone says 06:25 and 06:35.
    assert_eq!(told("07:55", false), json!(["pass", 0, 0]));
    assert_eq!(told("08:05", false), json!(["fail", 0, 0]));
    // Started anew in between it says 08:25 and 08:35: not before 07:45, and by what it heard later not after the call.
    assert_eq!(told("07:55", true), json!(["pass", 5, 0]));
    assert_eq!(told("08:05", true), json!(["undetermined", 10, 1]));
}
