//! The state of a visit: the whole transition table, guards, review, late records, whole stories.

use crate::support::{Story, at, install};
use sync_core::clock::NotedBy;
use sync_core::plan::AppointmentChange;
use sync_core::visit::table::next;
use sync_core::visit::{Event, TRANSITIONS, VisitState, late};

fn codes(story: &Story) -> Vec<String> {
    story.derived().findings.into_iter().map(|finding| finding.code).collect()
}

fn state_of(story: &Story) -> VisitState {
    story.derived().state
}

#[test]
fn every_pair_of_state_and_event_is_decided_by_the_table_alone() {
    use VisitState as S;
    let table = |event: &str| -> &[(S, S)] {
        match event {
            "schedule" => &[(S::Draft, S::Scheduled)],
            "confirm_call" | "confirm_call_unreachable" => &[(S::Scheduled, S::Confirmed)],
            "depart" => &[(S::Confirmed, S::EnRoute)],
            "arrive" => &[(S::EnRoute, S::Arrived)],
            "customer_absent" => &[(S::Arrived, S::Waiting)],
            "customer_appears" => &[(S::Waiting, S::Arrived)],
            "give_up" => &[(S::Waiting, S::NoShow)],
            "reschedule" => &[(S::Scheduled, S::Scheduled), (S::Confirmed, S::Scheduled), (S::EnRoute, S::Scheduled)],
            "enter" => &[(S::Arrived, S::InProgress)],
            "finish_steps" => &[(S::InProgress, S::AwaitingAcceptance)],
            "not_satisfied" => &[(S::AwaitingAcceptance, S::InProgress)],
            "sign" => &[(S::AwaitingAcceptance, S::Signed)],
            "submit" => &[(S::Signed, S::Submitted)],
            "received" => {
                &[(S::Submitted, S::UnderReview), (S::NoShow, S::UnderReview), (S::EndedWithoutWork, S::UnderReview)]
            }
            "approve" => &[(S::UnderReview, S::Approved)],
            "return" => &[(S::UnderReview, S::Returned)],
            "resubmit" => &[(S::Returned, S::UnderReview)],
            "close" => &[(S::Approved, S::Closed)],
            _ => &[],
        }
    };
    let before_submitted = &VisitState::ALL[..9];
    assert_eq!((before_submitted[0], before_submitted[8]), (S::Draft, S::Signed));
    let working = [S::EnRoute, S::Arrived, S::Waiting, S::InProgress, S::AwaitingAcceptance];
    for from in VisitState::ALL {
        for event in Event::ALL {
            let expected = match event {
                Event::Cancel => before_submitted.contains(from).then_some(S::Cancelled),
                Event::EndWithoutWork => working.contains(from).then_some(S::EndedWithoutWork),
                _ => table(event.code()).iter().find(|(state, _)| state == from).map(|(_, to)| *to),
            };
            assert_eq!(next(*from, *event), expected, "{event} in {from}");
        }
    }
    assert_eq!(TRANSITIONS.len(), Event::ALL.len(), "one row per event");
}

#[test]
fn states_have_one_code_in_json_and_in_text() {
    for state in VisitState::ALL {
        assert_eq!(serde_json::to_value(state).unwrap(), state.code());
        assert_eq!(VisitState::from_code(state.code()), Some(*state));
        assert!(!state.label_zh().is_ascii());
    }
}

#[test]
fn s01_goes_from_schedule_to_closed() {
    let mut story = install();
    assert_eq!(state_of(&story), VisitState::Scheduled);
    story.arrives();
    assert_eq!(state_of(&story), VisitState::Arrived);
    story.works();
    assert_eq!(state_of(&story), VisitState::AwaitingAcceptance);
    story.hands_in();
    assert_eq!(state_of(&story), VisitState::Submitted);
    story.plan.visit.evidence_complete_at_ms = Some(at("11:30"));
    assert_eq!(state_of(&story), VisitState::UnderReview);
    story.verdict("12:00", "approve", &[]);
    assert_eq!(state_of(&story), VisitState::Approved);
    story.plan.visit.closed_at_ms = Some(at("13:00"));
    let derived = story.derived();
    assert_eq!((derived.state, derived.findings, derived.late), (VisitState::Closed, vec![], vec![]));
}

#[test]
fn s04_waits_fifteen_minutes_and_leaves_a_door_note() {
    let mut story = install();
    story.plan.appointment.as_mut().unwrap().start_ms = at("14:00");
    story.step("kit_check").contact("app_call", "reached").event("confirm_call").event("depart");
    story.time("13:53").event("arrive").time("13:54").event("customer_absent");
    let waiting = story.derived();
    assert_eq!(waiting.state, VisitState::Waiting);
    assert_eq!((waiting.waiting_since_ms, waiting.may_leave_at_ms), (Some(at("13:53")), Some(at("14:08"))));

    story.answer("absence_result", "unreachable").time("14:07").event("give_up");
    assert_eq!(state_of(&story), VisitState::Waiting, "neither waited nor a door note");
    story.photo("door_note", None);
    assert_eq!(story.derived().findings[0].detail.as_deref(), Some("give_up: waiting_time"));
    story.time("14:08").event("give_up");
    assert_eq!(state_of(&story), VisitState::NoShow);
    story.plan.visit.evidence_complete_at_ms = Some(at("15:00"));
    assert_eq!(state_of(&story), VisitState::UnderReview, "a no-show is reviewed like a submitted visit");
}

// Rules: APT-07, APT-08
#[test]
fn a_second_appointment_stands_for_the_door_note_and_customers_may_appear() {
    let mut story = install();
    story.arrives().event("customer_absent").time("10:00").event("customer_appears");
    assert_eq!(state_of(&story), VisitState::Arrived);
    story.event("customer_absent").time("10:07").event("give_up");
    assert_eq!(state_of(&story), VisitState::Waiting);
    story.answer("absence_result", "second_agreed");
    assert_eq!(state_of(&story), VisitState::NoShow, "guards read the whole view");
}

#[test]
fn a_wait_across_a_restart_is_judged_by_the_corrected_clock() {
    let waited = |left: &str, mono_left: i64, boot: &str, err_ms: i64| {
        let mut story = install();
        story.arrives().event("customer_absent").answer("absence_result", "second_agreed");
        story.time(left);
        story.clock.boot_id = boot.into();
        story.clock.mono_ms = mono_left;
        story.clock.err_ms = Some(err_ms);
        story.event("give_up");
        (state_of(&story), codes(&story))
    };
    let arrived_mono = at("09:52").0 - at("00:00").0;
    assert_eq!(waited("10:07", 5, "BOOT0002", 0).0, VisitState::NoShow);
    assert_eq!(waited("10:06", 5, "BOOT0002", 0).0, VisitState::Waiting);
    let (state, found) = waited("10:07", 5, "BOOT0002", 30_000);
    assert_eq!((state, found), (VisitState::NoShow, vec!["wait_undetermined".to_owned()]));
    // Within one boot the wall clock cannot shorten the monotonic wait.
    assert_eq!(waited("09:53", arrived_mono + 900_000, "BOOT0001", 0), (VisitState::NoShow, vec![]));
    // A wall clock set forward proves nothing: it counts, but as a doubt.
    assert_eq!(waited("10:30", arrived_mono + 60_000, "BOOT0001", 0).1, ["wait_undetermined"]);
    assert_eq!(waited("10:00", arrived_mono + 60_000, "BOOT0001", 0).0, VisitState::Waiting);
}

#[test]
fn s06_reopens_only_the_rejected_slot_until_the_crew_resubmits() {
    let mut story = install();
    story.arrives().works().hands_in();
    story.plan.visit.evidence_complete_at_ms = Some(at("11:30"));
    story.verdict("12:00", "return", &["splitter_label"]);
    let returned = story.derived();
    assert_eq!((returned.state, returned.reopened_slots), (VisitState::Returned, vec!["splitter_label".to_owned()]));

    let old = story.view.photos.iter().find(|photo| photo.value.slot == "splitter_label").unwrap().key.clone();
    story.time("13:00").withdraw(&old);
    assert_eq!(state_of(&story), VisitState::Returned, "withdrawing does not undo the submission");
    let new = story.photo("splitter_label", None);
    story.plan.visit.evidence_complete_at_ms = None;
    assert_eq!(state_of(&story), VisitState::Returned, "new content does not end the return");
    let other = story.photo("ont_stb", None);
    story.event("resubmit");
    let again = story.derived();
    assert_eq!((again.state, again.reopened_slots), (VisitState::UnderReview, vec![]));
    let late: Vec<_> = again.late.iter().map(|late| late.key.as_str()).collect();
    assert_eq!(late, [other.as_str()], "only the slot that was not reopened is late; {new} is not");

    story.verdict("14:00", "approve", &[]);
    assert_eq!(state_of(&story), VisitState::Approved);
    let after = story.time("15:00").photo("splitter_label", Some(&new));
    let reopened = story.derived();
    assert_eq!(reopened.state, VisitState::UnderReview, "new content reopens review");
    assert_eq!(reopened.findings[0].code, "stale_verdict");
    assert!(reopened.late.iter().any(|late| late.key == after), "the slot is closed again");
}

#[test]
fn a_second_return_waits_for_its_own_resubmission() {
    let mut story = install();
    story.arrives().works().hands_in();
    story.plan.visit.evidence_complete_at_ms = Some(at("11:30"));
    story.verdict("12:00", "return", &["splitter_label"]).time("13:00").event("resubmit");
    story.time("13:05").event("resubmit");
    assert_eq!(codes(&story), ["event_without_transition"], "the second phone pressed the button too");
    story.verdict("14:00", "return", &["ont_stb"]);
    let derived = story.derived();
    assert_eq!((derived.state, derived.reopened_slots), (VisitState::Returned, vec!["ont_stb".to_owned()]));
    story.time("14:30").event("resubmit");
    assert_eq!(state_of(&story), VisitState::UnderReview);
}

#[test]
fn a_verdict_on_other_content_does_not_count() {
    let mut story = install();
    story.arrives().works().hands_in();
    story.plan.visit.evidence_complete_at_ms = Some(at("11:30"));
    story.verdict("12:00", "approve", &[]).time("12:01").answer("customer_remarks", "late");
    assert_eq!((state_of(&story), codes(&story)), (VisitState::UnderReview, vec!["stale_verdict".to_owned()]));
    story.verdict("12:10", "return", &[]).answer("customer_remarks", "later");
    assert_eq!((state_of(&story), codes(&story)), (VisitState::UnderReview, vec!["stale_verdict".to_owned()]));
    assert_eq!(story.derived().late.len(), 2, "each write");
}

#[test]
fn late_records_do_not_take_a_submission_back() {
    let mut story = install();
    story.arrives().works().hands_in().time("12:00");
    story.answer("hazards", serde_json::json!(["at_height"])).tick("kit_check/shoe_covers", false);
    let derived = story.derived();
    assert_eq!(derived.state, VisitState::Submitted);
    let late: Vec<_> = derived.late.iter().map(|late| format!("{}/{}", late.map, late.key)).collect();
    assert_eq!(late, ["answers/hazards", "ticks/kit_check/shoe_covers"]);
}

#[test]
fn late_records_stay_out_of_rules() {
    let mut story = install();
    story.arrives().works().hands_in().time("12:00").measure("optical_power", "-30.00", "dBm");
    story.photo("ont_stb", None);
    assert!(!story.blockers("completed").is_empty(), "the late reading is the newest");
    let late = story.derived().late;
    assert_eq!(late.len(), 2);
    story.view = late::in_force(&story.view, &late);
    assert_eq!(story.blockers("completed"), []);
    assert_eq!(story.view.photos.len(), 4);
}

#[test]
fn a_photo_of_a_second_phone_completes_an_early_submit() {
    let mut story = install();
    story.arrives().works();
    let form = story.time("11:15").answer("satisfied", true).answer("rating", 9).step("acceptance").seal();
    form.event("sign").event("submit");
    assert_eq!((state_of(&story), codes(&story)), (VisitState::Signed, vec!["guard_unmet".to_owned()]));
    story.photo("acceptance_form", None);
    assert_eq!(state_of(&story), VisitState::Submitted);
}

// Rules: INS-08, INS-09, INS-10, APT-05
#[test]
fn each_guard_holds_its_event_back_and_names_what_is_missing() {
    let unmet = |story: &Story| story.derived().findings.last().and_then(|finding| finding.detail.clone()).unwrap();
    let mut story = install();
    story.contact("phone", "reached").event("confirm_call");
    assert_eq!(unmet(&story), "confirm_call: contact_through_app");
    story.event("confirm_call_unreachable");
    assert_eq!(unmet(&story), "confirm_call_unreachable: two_attempts");
    story.contact("app_call", "no_answer");
    assert_eq!(state_of(&story), VisitState::Confirmed);
    assert!(codes(&story).contains(&"unconfirmed_appointment".to_owned()));
    story.event("depart");
    assert_eq!(unmet(&story), "depart: kit_checklist");
    story.step("kit_check").event_with("arrive", None, None);
    assert_eq!(unmet(&story), "arrive: position_or_reason");
    story.event_with("arrive", None, Some("no signal")).event("enter");
    assert_eq!(unmet(&story), "enter: identity_checked");
    story.tick("enter/badge_shown", true).tick("enter/identity_checked", true).event("finish_steps");
    assert_eq!(unmet(&story), "finish_steps: required_steps");
    assert_eq!(state_of(&story), VisitState::InProgress);
    story.event("end_without_work");
    assert_eq!(unmet(&story), "end_without_work: outcome_with_reason");
    story.outcome("resource_missing", Some("no port"));
    assert_eq!(state_of(&story), VisitState::EndedWithoutWork);
}

// Rule: INS-37
#[test]
fn signing_needs_the_rating_and_the_seal_and_dissatisfaction_a_reason() {
    let mut story = install();
    story.arrives().works().time("11:12").event_with("not_satisfied", None, None);
    assert_eq!(state_of(&story), VisitState::AwaitingAcceptance);
    story.event_with("not_satisfied", None, Some("cable visible"));
    assert_eq!(state_of(&story), VisitState::InProgress);
    story.event("finish_steps").event("sign");
    assert_eq!(state_of(&story), VisitState::AwaitingAcceptance);
    story.seal();
    assert_eq!(story.derived().findings.last().unwrap().detail.as_deref(), Some("sign: rating"));
    story.answer("rating", 9);
    assert_eq!(state_of(&story), VisitState::Signed);
}

#[test]
fn a_template_without_a_step_has_no_guard_for_it() {
    let mut story = install();
    story.template = serde_saphyr::from_str(include_str!("../../data/templates/complaint_visit.yaml")).unwrap();
    story.event("confirm_call").event("depart").event("arrive").event("enter");
    assert_eq!((state_of(&story), codes(&story)), (VisitState::InProgress, vec![]));
}

#[test]
fn unknown_and_office_events_in_the_document_change_nothing() {
    let mut story = install();
    story.event("approve").event("cancel").event("teleport");
    assert_eq!((state_of(&story), codes(&story)), (VisitState::Scheduled, vec!["unknown_event".to_owned(); 3]));
    story.event("sign");
    assert_eq!(codes(&story).last().unwrap(), "event_without_transition");
}

#[test]
fn a_changed_appointment_takes_effect_at_its_time() {
    let change = |notified: &str| AppointmentChange {
        from_ms: at("10:00"),
        to_ms: at("16:00"),
        notified_at_ms: at(notified),
        notified_by: NotedBy::Server,
        proposed_by_us: false,
        reason: None,
    };
    let with = |notified: &str| {
        let mut story = install();
        story.arrives();
        story.plan.appointment.as_mut().unwrap().changes = vec![change(notified)];
        (state_of(&story), codes(&story).len())
    };
    assert_eq!(with("08:00"), (VisitState::Arrived, 0), "before the first event");
    assert_eq!(with("09:15"), (VisitState::Scheduled, 2), "depart and arrive belong to the old time");
    assert_eq!(with("09:30"), (VisitState::Scheduled, 1), "the phone did not know yet");
    assert_eq!(with("10:30"), (VisitState::Arrived, 1), "too late: the rep is there");
}

#[test]
fn cancelling_ends_a_visit_that_was_not_submitted() {
    let mut story = install();
    story.plan.visit.cancelled_at_ms = Some(at("09:30"));
    story.arrives();
    let derived = story.derived();
    assert_eq!(derived.state, VisitState::Cancelled);
    assert_eq!(derived.findings[0].code, "event_without_transition", "the arrival is kept as evidence");
    story.works();
    assert!(story.derived().late.len() > 20, "work on a cancelled visit is late evidence");

    let mut done = install();
    done.arrives().works().hands_in().plan.visit.cancelled_at_ms = Some(at("12:00"));
    assert_eq!((state_of(&done), codes(&done)), (VisitState::Submitted, vec!["event_without_transition".to_owned()]));
}

#[test]
fn without_an_appointment_a_visit_is_a_draft() {
    let mut story = install();
    story.plan.appointment = None;
    assert_eq!(state_of(&story), VisitState::Scheduled, "a planned start is an appointment");
    story.plan.visit.planned_start_ms = None;
    assert_eq!(state_of(&story), VisitState::Draft);
}

proptest::proptest! {
    #[test]
    fn every_event_either_moves_the_visit_or_leaves_a_finding(
        choices in proptest::collection::vec(0..Event::ALL.len() + 1, 0..20),
    ) {
        let mut story = install();
        story.step("kit_check").step("enter").contact("app_call", "reached").contact("app_call", "no_answer");
        story.answer("rating", 8).answer("absence_result", "second_agreed").seal();
        let mut before = story.derived();
        for choice in choices {
            story.event(Event::ALL.get(choice).map_or("unheard_of", |event| event.code()));
            let after = story.derived();
            proptest::prop_assert!(after.state != before.state || after.findings.len() > before.findings.len());
            proptest::prop_assert_eq!(&after, &story.derived());
            before = after;
        }
    }
}
