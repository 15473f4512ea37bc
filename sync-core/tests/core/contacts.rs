//! Which calls of the bridge vouch for which contacts.

use std::collections::BTreeSet;

use proptest::prelude::*;
use sync_core::contacts::{BridgedCall, Judged, Standing, judged};
use sync_core::ids::UserId;
use sync_core::rules::findings;
use sync_core::time::UnixMillis;

use crate::support::{REP, Story, install};

const MINUTE_MS: i64 = 60_000;

fn call(id: &str, by: UserId, started_at: UnixMillis) -> BridgedCall {
    BridgedCall { id: id.to_owned(), by, started_at, was_answered: true, has_recording: true }
}

/// A visit with calls that the rep noted at these minutes after nine.
fn noted(minutes: &[i64]) -> Story {
    let mut story = install();
    let begin = story.clock.clone();
    for minute in minutes {
        story.clock.wall_ms = begin.wall_ms + minute * MINUTE_MS;
        story.clock.mono_ms = begin.mono_ms + minute * MINUTE_MS;
        story.contact("app_call", "reached");
    }
    story
}

fn vouched(found: &[Judged<'_>]) -> Vec<Option<String>> {
    found.iter().map(|one| one.call.clone()).collect()
}

// Rules: INS-35, APT-05
#[test]
fn the_nearest_call_vouches_and_each_only_once() {
    let story = noted(&[0, 4, 60]);
    let nine = UnixMillis(story.view.contacts[0].value.started_at.wall_ms);
    let other = UserId::from_bytes([9; 16]);
    let calls = [
        call("a", REP, nine.plus_ms(3 * MINUTE_MS)),
        call("b", REP, nine.plus_ms(70 * MINUTE_MS)),
        call("c", other, nine),
    ];
    let found = judged(&story.view, &calls, 10 * MINUTE_MS);
    assert_eq!(vouched(&found), [None, Some("a".to_owned()), Some("b".to_owned())], "ten minutes are near enough");
    let standings: Vec<Standing> = found.iter().map(|one| one.standing).collect();
    assert_eq!(standings, [Standing::Unrecorded, Standing::Recorded, Standing::Recorded]);
    let found = judged(&story.view, &calls, 10 * MINUTE_MS - 1);
    assert_eq!(vouched(&found), [None, Some("a".to_owned()), None]);
}

// Rule: INS-35
#[test]
fn a_contact_speaks_for_itself_and_a_message_is_no_call() {
    let mut story = noted(&[0, 1]);
    story.view.contacts[0].value.recording_ref = Some("rec/1".to_owned());
    story.view.contacts[1].value.recording_ref = Some(" ".to_owned());
    story.contact("wechat", "reached");
    let standings: Vec<Standing> = judged(&story.view, &[], MINUTE_MS).iter().map(|one| one.standing).collect();
    assert_eq!(standings, [Standing::Recorded, Standing::Unrecorded, Standing::NotACall]);
    let found = |story: &Story| findings(&story.facts()).iter().filter(|one| one.code == "unrecorded_contact").count();
    assert_eq!(found(&story), 0, "a phone knows nothing of the bridge");
    story.background.calls = Some(Vec::new());
    assert_eq!(found(&story), 1);
}

// Rules: INS-35, APT-05
#[test]
fn a_recording_is_owed_of_every_conversation_and_of_nothing_else() {
    let of = |result: &str, was_answered, has_recording| {
        let mut story = noted(&[0]);
        result.clone_into(&mut story.view.contacts[0].value.result);
        let nine = UnixMillis(story.view.contacts[0].value.started_at.wall_ms);
        let told = BridgedCall { was_answered, has_recording, ..call("a", REP, nine) };
        judged(&story.view, &[told], MINUTE_MS)[0].standing
    };
    use Standing::{Recorded, Unanswered, Unrecorded};
    for (result, expected) in [
        // The bridge heard nobody without and with a recording, and somebody without and with one.
        ("reached", [Unrecorded, Unrecorded, Unrecorded, Recorded]),
        ("refused", [Unrecorded, Unrecorded, Unrecorded, Recorded]),
        ("wrong_number", [Unrecorded, Unrecorded, Unrecorded, Recorded]),
        ("no_answer", [Unanswered, Unanswered, Unrecorded, Recorded]),
    ] {
        let told = [(false, false), (false, true), (true, false), (true, true)];
        assert_eq!(told.map(|(answered, recorded)| of(result, answered, recorded)), expected, "{result}");
    }
}

// Rule: INS-35
#[test]
fn the_call_that_tells_the_same_is_the_contact_though_another_was_nearer() {
    let story = noted(&[0]);
    let nine = UnixMillis(story.view.contacts[0].value.started_at.wall_ms);
    let tried = BridgedCall { was_answered: false, ..call("a", REP, nine) };
    let calls = [tried, call("b", REP, nine.plus_ms(2 * MINUTE_MS))];
    let found = judged(&story.view, &calls, 10 * MINUTE_MS);
    assert_eq!((found[0].standing, vouched(&found)), (Standing::Recorded, vec![Some("b".to_owned())]));
}

proptest! {
    // Rule: INS-35
    #[test]
    fn no_call_vouches_twice_and_none_from_afar_whatever_their_order(
        minutes in prop::collection::vec(0_i64..40, 0..6),
        told in prop::collection::vec((0_i64..40, any::<bool>()), 0..6),
        turn in 0_usize..6,
    ) {
        let mut minutes = minutes;
        minutes.sort_unstable();
        let story = noted(&minutes);
        let nine = install().clock.wall_ms;
        let by = |is_rep: &bool| if *is_rep { REP } else { UserId::from_bytes([9; 16]) };
        let mut calls: Vec<BridgedCall> = told.iter().enumerate()
            .map(|(nth, (minute, is_rep))| call(&nth.to_string(), by(is_rep), UnixMillis(nine + minute * MINUTE_MS)))
            .collect();
        let found = judged(&story.view, &calls, 10 * MINUTE_MS);
        let named: Vec<String> = vouched(&found).into_iter().flatten().collect();
        prop_assert_eq!(named.iter().collect::<BTreeSet<_>>().len(), named.len());
        for one in &found {
            prop_assert_eq!(one.standing == Standing::Recorded, one.call.is_some());
            let near = |call: &&BridgedCall| call.by == REP && one.started_at.0.abs_diff(call.started_at.0) <= 600_000;
            match &one.call {
                Some(id) => prop_assert!(calls.iter().filter(near).any(|call| call.id == *id)),
                // Every call that could vouch for it vouches for another.
                None => prop_assert!(calls.iter().filter(near).all(|call| named.contains(&call.id))),
            }
        }
        let first = vouched(&found);
        let by_turn = turn % calls.len().max(1);
        calls.rotate_left(by_turn);
        prop_assert_eq!(vouched(&judged(&story.view, &calls, 10 * MINUTE_MS)), first);
    }
}
