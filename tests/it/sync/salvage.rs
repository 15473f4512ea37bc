//! What is taken over of several refused changes supersedes what the writer of each of them had seen, and no more.

use doorstep::domain::Role;
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use serde_json::{Value, json};
use sync_core::ids::VisitId;

use super::hostile::craft::{after, altered, change_of, hash_of, mixed, nested, tick};
use super::remedies::{OTHER, known_visit, refused};

/// A rep sends a reading and, when he has seen that a colleague took a tick back, the tick anew; both are refused. Gives
/// how many conflicts there are once the office took over what is in these maps.
async fn conflicts_of(maps: &[&str]) -> usize {
    let app = TestApp::new().await;
    let (mut phone, visit) = known_visit(&app).await;
    let (actor, by, stamp) = (phone.actor(visit), phone.device.member.id, phone.stamp());
    let reading = json!({"code": "optical_power", "value": "-18.30", "unit": "dBm", "source": "typed", "at": stamp,
        "by": by});
    let before = mixed(phone.doc(visit), actor, &app.id().to_string(), &reading.to_string(), "");

    app.clock.advance_secs(60);
    let mut colleague = app.phone_of(YUNZE.rep()).await;
    colleague.sync().await;
    colleague.tick(visit, "kit/a", false);
    colleague.sync().await;
    phone.sync().await;
    let seen = phone.heads(visit);
    phone.tick(visit, "kit/a", true);
    let [anew] = <[_; 1]>::try_from(phone.doc(visit).changes_since(&seen).expect("one change")).expect("one");
    let anew = altered(&change_of(anew), |change| {
        change.seq += 1;
        change.start_op = (change.start_op.get() + 20).try_into().expect("a counter");
        change.deps.push(change_of(before.clone()).hash());
    });
    assert_ne!(hash_of(&anew), hash_of(&before));
    let path = refused(&mut phone, visit, vec![before, anew]).await;

    let salvage = format!("{path}/salvage");
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let shown = dispatcher.get(&salvage).await.expect(200);
    let records = shown["records"].as_array().expect("records");
    let chosen: Vec<usize> = (0..records.len()).filter(|at| is_of(&records[*at], maps)).collect();
    assert_eq!(chosen.len(), maps.len(), "{shown}");
    let done = dispatcher.post(&salvage, json!({"records": chosen})).await.expect(200);
    assert_eq!(done["item"]["state"], "salvaged");
    colleague.sync().await;
    let view = colleague.view(visit);
    assert_eq!(view.measures.len(), usize::from(maps.contains(&"measures")));
    assert_eq!(app.verified().await.differences, []);
    view.conflicts.len()
}

fn is_of(record: &Value, maps: &[&str]) -> bool {
    record["map"].as_str().is_some_and(|map| maps.contains(&map))
}

#[actix_web::test]
async fn one_of_two_changes_supersedes_what_its_writer_had_seen() {
    assert_eq!(conflicts_of(&["ticks"]).await, 0, "he had seen what his colleague did");
    assert_eq!(conflicts_of(&["measures"]).await, 0, "nobody wrote another reading");
}

#[actix_web::test]
async fn two_changes_supersede_only_what_was_seen_by_both() {
    assert_eq!(conflicts_of(&["measures", "ticks"]).await, 1, "the reading was taken before");
}

#[actix_web::test]
async fn a_note_that_its_phone_wrote_anew_is_shown_as_held_and_not_written_twice() {
    let app = TestApp::new().await;
    let (mut phone, visit) = known_visit(&app).await;
    phone.write(visit, |edit| edit.set_notes("门口有狗"));
    phone.sync().await;
    let actor = phone.actor(visit);
    let bad = nested(phone.doc(visit), actor, 1);
    let mut copy = phone.doc(visit).clone();
    let note = copy.edit(actor, |edit| edit.set_notes("门口有狗\n已接线")).expect("an edit").expect("a change").chunk;
    let other =
        copy.edit(actor, |edit| edit.set_notes("门口有狗\n已接线\n狗")).expect("an edit").expect("a change").chunk;
    let note = after(&change_of(note), &bad);
    let other = after(&change_of(other), &note);
    let path = refused(&mut phone, visit, vec![bad.clone(), note, other]).await;
    // The phone writes the first note anew; of the second nobody knows what became.
    phone.use_actor(visit, OTHER);
    phone.write(visit, |edit| edit.set_notes("门口有狗\n已接线"));
    let mut anew = phone.request();
    anew.docs[0].replays = vec![hash_of(&bad)];
    phone.take_in(&phone.exchange(&anew).await);

    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let salvage = format!("{path}/salvage");
    let shown = dispatcher.get(&salvage).await.expect(200);
    assert_eq!(shown["item"]["state"], "replayed");
    let held: Vec<&Value> = shown["notes"].as_array().expect("notes").iter().map(|note| &note["is_held"]).collect();
    assert_eq!(held, [&json!(true), &json!(false)], "a line inside another one is none: {shown}");
    let done = dispatcher.post(&salvage, json!({"notes": [0, 1]})).await.expect(200);
    assert_eq!(done["notes"][1]["is_held"], true);
    phone.sync().await;
    let notes = phone.view(visit).notes;
    let mut lines: Vec<&str> = notes.lines().filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    assert_eq!(lines, ["已接线", "狗", "门口有狗"], "each once");
    assert_eq!(app.verified().await.differences, []);
}

const NOTE: &str = "已接线";

/// A note that is refused for what stands before it; its change.
fn refused_note(phone: &mut Phone<'_>, visit: VisitId) -> Vec<Vec<u8>> {
    let actor = phone.actor(visit);
    let bad = nested(phone.doc(visit), actor, 1);
    let text = match phone.view(visit).notes {
        before if before.is_empty() => NOTE.to_owned(),
        before => format!("{before}\n{NOTE}"),
    };
    let written = phone.doc(visit).clone().edit(actor, |edit| edit.set_notes(&text));
    let note = after(&change_of(written.expect("an edit").expect("a change").chunk), &bad);
    vec![bad, note]
}

/// How often the note stands there, as a member of the crew sees it.
async fn times(app: &TestApp, visit: VisitId) -> usize {
    let mut crew = app.phone_of(YUNZE.rep()).await;
    crew.sync().await;
    // Two that began the notes at once stand on one line.
    crew.view(visit).notes.matches(NOTE).count()
}

#[actix_web::test]
async fn two_people_who_wrote_the_same_note_both_keep_theirs_and_none_is_taken_over_twice() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep(), YUNZE.colleague()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.tick(visit, "kit/a", true);
    phone.sync().await;
    let mut colleague = app.phone_of(YUNZE.colleague()).await;
    colleague.sync().await;
    // Twice under one name: the first answer was lost, and then there was more behind it.
    let first = refused_note(&mut phone, visit);
    let actor = phone.actor(visit);
    let more = after(&tick(phone.doc(visit), actor, "kit/z"), &first[1]);
    let path = refused(&mut phone, visit, first.clone()).await;
    let again = phone.pushing(visit, first.into_iter().chain([more]).collect());
    let again = phone.exchange(&again).await.acks[0].kept_as.expect("an item of its own");
    let again = format!("/v1/quarantine/{}/{again}", phone.device.id);
    let chunks = refused_note(&mut colleague, visit);
    let of_colleague = refused(&mut colleague, visit, chunks).await;
    // He wrote it anew by himself.
    colleague.use_actor(visit, OTHER);
    colleague.write(visit, |edit| edit.set_notes(NOTE));
    colleague.sync().await;

    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let expected = [(&path, false, 2), (&again, true, 2), (&of_colleague, true, 2)];
    for (path, is_held, count) in expected {
        let salvage = format!("{path}/salvage");
        let shown = dispatcher.get(&salvage).await.expect(200);
        assert_eq!(shown["notes"][0]["is_held"], json!(is_held), "{shown}");
        let done = dispatcher.post(&salvage, json!({"notes": [0]})).await.expect(200);
        assert_eq!(done["notes"][0]["is_held"], true, "{done}");
        assert_eq!(times(&app, visit).await, count);
    }
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn of_two_reps_each_has_his_note_taken_over_and_one_that_was_there_before_is_another() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep(), YUNZE.colleague()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.write(visit, |edit| edit.set_notes(NOTE));
    phone.sync().await;
    let mut colleague = app.phone_of(YUNZE.colleague()).await;
    colleague.sync().await;
    let mut items = Vec::new();
    for phone in [&mut phone, &mut colleague] {
        let chunks = refused_note(phone, visit);
        items.push(refused(phone, visit, chunks).await);
    }
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    for (path, count) in items.iter().zip([2, 3]) {
        let salvage = format!("{path}/salvage");
        let shown = dispatcher.get(&salvage).await.expect(200);
        assert_eq!(shown["notes"][0]["is_held"], false, "he wrote it once more, and so did the other: {shown}");
        let done = dispatcher.post(&salvage, json!({"notes": [0]})).await.expect(200);
        assert_eq!((&done["item"]["state"], &done["notes"][0]["is_held"]), (&json!("salvaged"), &json!(true)));
        assert_eq!(times(&app, visit).await, count);
    }
    assert_eq!(app.verified().await.differences, []);
}
