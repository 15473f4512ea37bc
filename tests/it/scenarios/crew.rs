//! Two phones of one crew on one visit, both offline.

use integration_tests::play::{Fate, Phone, Story, Visit};
use serde_json::Value;

/// What both phones must agree on: everything they show but what only concerns their own outbox.
fn agreed(visit: &Visit<'_>) -> Value {
    let mut shown = visit.shown();
    let own = ["unsent_changes", "unsent_blobs", "server_heads"];
    shown.as_object_mut().expect("an object").retain(|name, _| !own.contains(&name.as_str()));
    shown
}

fn conflict<'v>(view: &'v Value, map: &str, key: &str) -> &'v Value {
    let conflicts = view["conflicts"].as_array().expect("conflicts");
    let found = conflicts.iter().find(|one| one["map"] == map && one["key"] == key);
    found.unwrap_or_else(|| panic!("no conflict {map}/{key} in {conflicts:?}"))
}

/// A visit of Li Ming's phone that Ma Jun shares from now on.
fn shared(story: &Story, li: &Phone<'_>) -> String {
    li.sync();
    let id = li.visit_of("王海").id;
    story.assign(&id, &["li.ming", "ma.jun"]);
    id
}

/// Plays the same visit on both phones and syncs them, the one named first.
fn play(first: usize) -> Value {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    let phones = [story.enrol("li.ming"), story.enrol("ma.jun")];
    let dispatcher = story.office("dispatcher");
    let id = shared(&story, &phones[0]);
    phones.iter().for_each(|phone| drop(phone.sync()));

    let both = |script: [&str; 2]| {
        for (phone, script) in phones.iter().zip(script) {
            phone.visit(&id, "王海").plays(script);
        }
    };
    both([
        "09:00 start
               step kit_check
         09:10 contact --channel app_call --result reached
               answer contact_result confirmed
               event confirm_call
         10:00 answer cable_kind bow_drop
               measure optical_power -18.30
               step splice/no_leak
               note 李明：走廊弱电井",
        "09:00 start
               step kit_check
         10:00 answer cable_kind bow_self_supporting
               measure optical_power -21.40
               step splice/no_leak
               step splice/no_leak --undo
               photo outdoor_route
               note 马骏：楼顶分光箱",
    ]);
    story.at("12:00");
    meet(&phones, first);
    let [one, two] = [0, 1].map(|at: usize| agreed(&phones[at].visit(&id, "王海")));
    assert_eq!(one, two);
    let seen = dispatcher.visit(&id);
    assert_eq!(seen["state"], one["state"]);
    assert_eq!(phones[0].visit(&id, "王海").shown()["server_heads"], one["heads"]);
    one
}

/// Both orders of arrival: one, the other, and the one again to hear of the other.
fn meet(phones: &[Phone<'_>; 2], first: usize) {
    for at in [first, 1 - first, first] {
        phones[at].sync();
    }
}

#[test]
fn two_phones_of_a_crew_end_with_one_view_whoever_syncs_first() {
    for first in [0, 1] {
        let view = play(first);
        assert_eq!(view["state"], "confirmed");
        for (map, key) in [("answers", "cable_kind"), ("ticks", "splice/no_leak"), ("measures", "optical_power")] {
            let candidates = conflict(&view, map, key)["candidates"].as_array().expect("candidates");
            assert_eq!(candidates.len(), 2, "{map}/{key}");
        }
        let list = |name: &str| view[name].as_array().expect("a list").len();
        assert_eq!((list("measures"), list("photos")), (2, 1), "no reading and no photo is hidden");
        let notes = view["notes"].as_str().expect("notes");
        assert!(notes.contains("走廊弱电井") && notes.contains("楼顶分光箱"), "{notes}");
    }
}

#[test]
fn what_is_written_anew_stays_beside_what_a_colleague_wrote_meanwhile() {
    // The colleague's value is there before the phone writes anew, or comes only with what to write on.
    for fate in [Fate::Deliver, Fate::WithholdDocs] {
        let story = Story::begin("2025-03-04");
        story.at("08:30");
        let [li, ma] = [story.enrol("li.ming"), story.enrol("ma.jun")];
        let id = shared(&story, &li);
        li.visit(&id, "王海").plays("09:00 start\n note 到达");
        for phone in [&li, &ma] {
            phone.sync();
        }
        let backup = li.copy();
        li.visit(&id, "王海").plays("09:10 note 李明已上楼");
        li.sync();
        li.restore_in_place(&backup);

        li.visit(&id, "王海").plays("10:00 answer cable_kind bow_drop\n note 走廊弱电井");
        ma.visit(&id, "王海").plays("10:01 answer cable_kind bow_self_supporting\n note 楼顶分光箱");
        ma.sync();
        let said = li.tries_to_sync(fate).done();
        assert!(said["problems"].to_string().contains("actor_forked"), "{said}");
        for phone in [&ma, &li] {
            phone.sync();
        }
        let [one, two] = [&li, &ma].map(|phone| phone.visit(&id, "王海").shown());
        for name in ["heads", "answers", "conflicts", "notes"] {
            assert_eq!(one[name], two[name], "{name}");
        }
        let candidates = conflict(&one, "answers", "cable_kind")["candidates"].as_array().expect("candidates");
        let mut values: Vec<_> = candidates.iter().map(|one| one["value"]["value"].to_string()).collect();
        values.sort();
        assert_eq!(values, ["\"bow_drop\"", "\"bow_self_supporting\""]);
        let notes = one["notes"].as_str().expect("notes");
        assert!(["到达", "李明已上楼", "走廊弱电井", "楼顶分光箱"].iter().all(|part| notes.contains(part)), "{notes}");
    }
}
