//! A phone that lacks what the server has finds it out by itself, whatever went wrong on the way.

use integration_tests::play::{Fate, Phone, Story, Visit};
use serde_json::{Value, json};

fn is_level(story: &Story, visit: &Visit<'_>) -> bool {
    visit.shown()["heads"] == story.heads(&visit.id)
}

/// A sync that needs a second round, because the first one shows that the phone lacks something.
fn notices(phone: &Phone<'_>) {
    let said = phone.sync();
    assert_eq!((&said["rounds"], &said["received"]["docs"]), (&json!(2), &json!(1)), "{said}");
    assert_eq!(phone.sync()["rounds"], 1, "nothing is left to ask for");
}

/// Two phones of one crew on one visit, level with the server.
fn crew(story: &Story) -> ([Phone<'_>; 2], String) {
    story.at("08:30");
    let phones = [story.enrol("li.ming"), story.enrol("ma.jun")];
    phones[0].sync();
    let id = phones[0].visit_of("王海").id;
    story.assign(&id, &["li.ming", "ma.jun"]);
    phones[0].visit(&id, "王海").plays("08:35 start\n step kit_check");
    phones.iter().for_each(|phone| drop(phone.sync()));
    (phones, id)
}

#[test]
fn news_that_was_lost_on_the_way_is_fetched_as_soon_as_the_server_names_it() {
    let story = Story::begin("2025-03-04");
    let ([li, ma], id) = crew(&story);
    let [on_li, on_ma] = [&li, &ma].map(|phone| phone.visit(&id, "王海"));
    on_ma.plays("08:40 note 马骏：楼顶分光箱");
    ma.sync();

    // The answer comes, with a cursor behind the news, but without the news.
    let said = li.tries_to_sync(Fate::WithholdDocs).done();
    assert_eq!((&said["rounds"], &said["problems"]), (&json!(1), &json!([])), "{said}");
    assert!(!is_level(&story, &on_li));
    assert_eq!(li.sync()["received"]["docs"], 0, "the server believes that the phone has it");
    assert!(!is_level(&story, &on_li));

    on_li.plays("08:50 note 李明：走廊弱电井");
    notices(&li);
    assert!(is_level(&story, &on_li));
    let notes = on_li.shown()["notes"].clone();
    assert!(["楼顶分光箱", "走廊弱电井"].iter().all(|text| notes.as_str().expect("notes").contains(text)), "{notes}");
}

#[test]
fn news_that_was_lost_beside_the_answer_to_a_push_is_fetched_in_the_same_sync() {
    let story = Story::begin("2025-03-04");
    let ([li, ma], id) = crew(&story);
    ma.visit(&id, "王海").plays("08:40 note 马骏：楼顶分光箱");
    ma.sync();
    let on_li = li.visit(&id, "王海");
    on_li.plays("08:50 note 李明：走廊弱电井");
    let said = li.tries_to_sync(Fate::WithholdDocs).done();
    assert_eq!((&said["rounds"], &said["received"]["docs"]), (&json!(2), &json!(1)), "{said}");
    assert_eq!((&said["problems"], &said["outstanding"]["total"]), (&json!([]), &json!(0)), "{said}");
    assert!(is_level(&story, &on_li));
}

#[test]
fn a_phone_put_back_to_an_older_state_gets_its_own_work_back() {
    let story = Story::begin("2025-03-04");
    story.at("08:30");
    let li = story.enrol("li.ming");
    li.sync();
    let visit = li.visit_of("王海");
    visit.plays("08:35 start");
    li.sync();
    let copy = li.copy_of_store();
    visit.plays("08:36 step kit_check\n note 走廊弱电井");
    li.sync();
    let before: Value = visit.shown()["heads"].clone();

    li.put_back(&copy);
    assert_ne!(visit.shown()["heads"], before);
    visit.plays("08:38 contact --channel app_call --result reached");
    // What it wrote before it was put back comes as news, like the work of anybody else.
    let said = li.sync();
    assert_eq!((&said["rounds"], &said["received"]["docs"]), (&json!(1), &json!(1)), "{said}");
    assert!(is_level(&story, &visit));
    let shown = visit.shown();
    assert_eq!(shown["notes"], "走廊弱电井");
    assert_eq!((&shown["conflicts"], li.outstanding()), (&json!([]), 0));
}
