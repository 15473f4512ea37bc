//! What a visit installed against its order and earlier installs, and the copies of its form.

#![expect(clippy::expect_used, reason = "the helpers of tests may panic")]

use serde_json::json;
use sync_core::bytes::{Actor, Hash};
use sync_core::day::installed::{Sighting, findings, serials};
use sync_core::doc::record::{Material, StatementRef};
use sync_core::ids::SiteId;
use sync_core::merge::view::{Entry, OpId};
use sync_core::statement::copies::{self, COPY_NOT_RECORDED, COPY_OF_OTHER_FORM};
use sync_core::time::UnixMillis;

use super::support::{REP, Story, at, install};

const HERE: SiteId = SiteId::from_bytes([4; 16]);
const ELSEWHERE: SiteId = SiteId::from_bytes([5; 16]);

fn op(counter: u64) -> OpId {
    OpId { counter, actor: Actor([9; 16]) }
}

fn material(story: &mut Story, sku: &str, quantity: &str, serial: Option<&str>) {
    let value = Material {
        sku: sku.to_owned(),
        quantity: quantity.to_owned(),
        unit: "count".to_owned(),
        serial: serial.map(str::to_owned),
        source: "scan".to_owned(),
        at: story.clock.clone(),
        by: REP,
    };
    story.view.materials.push(Entry { key: format!("m{}", story.view.materials.len()), value, op: op(900) });
}

/// An installation that was handed in, of an order with these fields.
fn done(fields: &[(&str, &str)], work: impl FnOnce(&mut Story)) -> Story {
    let mut story = install();
    let fields = fields.iter().map(|(code, value)| ((*code).to_owned(), (*value).to_owned()));
    story.plan.work_order.as_mut().expect("the story has an order").fields.extend(fields);
    story.arrives().works();
    work(&mut story);
    story.hands_in();
    story
}

fn found(story: &Story, seen: &[Sighting]) -> Vec<String> {
    let found = findings(&story.view, story.plan.work_order.as_ref(), seen);
    let detail = |detail: Option<String>| detail.map(|detail| format!(" {detail}")).unwrap_or_default();
    found.into_iter().map(|one| format!("{} {}{}", one.code, one.subject, detail(one.detail))).collect()
}

fn seen(time: &str, site: SiteId, order_kind: &str) -> Sighting {
    let order_kind = Some(order_kind.to_owned());
    Sighting { serial_key: "ONT1".to_owned(), at: at(time), site: Some(site), order_kind }
}

#[test]
fn a_serial_is_compared_with_the_one_that_the_order_names() {
    // The answer of the story is `ONT1`.
    assert_eq!(found(&done(&[("ont_serial", "ont-1")], |_| ()), &[]), [""; 0]);
    assert_eq!(found(&done(&[("ont_serial", "ONT-2")], |_| ()), &[]), ["serial_differs answers/ont_serial ONT-2"]);
    // A set-top box that nobody answered, and material with another serial number.
    let other = done(&[("stb_serial", "STB-1")], |story| material(story, "STB", "1", Some("STB-9")));
    assert_eq!(found(&other, &[]), ["serial_differs answers/stb_serial STB-1"]);
    let same = done(&[("stb_serial", "STB-1")], |story| material(story, "STB", "1", Some("stb 1")));
    assert_eq!(found(&same, &[]), [""; 0]);
    assert_eq!(serials(&same.view).into_iter().collect::<Vec<_>>(), ["ONT1", "STB1"]);
    assert_eq!(found(&done(&[("stb_serial", "STB-1")], |_| ()), &[]), [""; 0], "nothing says that it was installed");
}

#[test]
fn what_is_installed_at_another_site_is_found_until_it_was_removed_there() {
    let story = done(&[], |_| ());
    let found = |seen: &[Sighting]| found(&story, seen);
    let elsewhere = ["serial_elsewhere serial/ONT1"];
    assert_eq!(found(&[seen("08:00", ELSEWHERE, "install")]), elsewhere);
    assert_eq!(found(&[seen("08:00", HERE, "install")]), [""; 0], "it is here already");
    assert_eq!(found(&[seen("08:00", ELSEWHERE, "install"), seen("08:30", ELSEWHERE, "remove")]), [""; 0]);
    assert_eq!(found(&[seen("08:30", ELSEWHERE, "install"), seen("08:00", ELSEWHERE, "remove")]), elsewhere);
    assert_eq!(found(&[seen("12:00", ELSEWHERE, "install")]), [""; 0], "whoever comes later is to be asked");
    let mut other = seen("08:00", ELSEWHERE, "install");
    other.serial_key = "ONT2".to_owned();
    assert_eq!(found(&[other, Sighting { site: None, at: UnixMillis(0), ..seen("08:00", HERE, "install") }]), [""; 0]);
    let mut moving = done(&[], |_| ());
    moving.plan.work_order.as_mut().unwrap().kind = "move".to_owned();
    assert_eq!(self::found(&moving, &[seen("08:00", ELSEWHERE, "install")]), [""; 0]);
}

#[test]
fn one_serial_of_two_things_is_found_and_of_a_thing_and_its_answer_is_not() {
    let once = done(&[], |story| material(story, "ONT", "1", Some("ONT-1")));
    assert_eq!(found(&once, &[]), [""; 0]);
    let twice = done(&[], |story| {
        material(story, "ONT", "1", Some("ONT-1"));
        material(story, "STB", "1", Some("ont 1"));
    });
    assert_eq!(found(&twice, &[]), ["serial_twice serial/ONT1"]);
    let answered = done(&[], |story| {
        story.answer("stb_serial", "ont1");
    });
    assert_eq!(found(&answered, &[]), ["serial_twice serial/ONT1"]);
}

#[test]
fn materials_are_compared_with_those_that_the_order_lists_once_the_work_is_done() {
    let fields = [("materials", "ONT=1, CLIP=10; CABLE=30.5")];
    let used = |story: &mut Story| {
        material(story, "ONT", "1", None);
        material(story, "CLIP", "4", None);
        material(story, "CLIP", "5", None);
        material(story, "LABEL", "2", None);
    };
    let differing = ["material_quantity materials/CABLE 0 of 30.5", "material_quantity materials/CLIP 9 of 10"];
    assert_eq!(found(&done(&fields, used), &[]), differing);
    assert_eq!(found(&done(&[("materials", "ONT:1")], used), &[]), ["order_materials_odd order/materials ONT:1"]);
    let mut under_way = install();
    under_way.plan.work_order.as_mut().unwrap().fields.insert("materials".into(), "ONT=1".into());
    assert_eq!(found(&under_way, &[]), [""; 0], "there is time to use them");
    let mut ended = done(&fields, used);
    ended.outcome("resource_missing", Some("no free port"));
    assert_eq!(found(&ended, &[]), [""; 0], "nothing was to be used");
}

/// A visit with a form of this content, signed at 11:15.
fn signed(story: &mut Story, content: &[u8]) -> Hash {
    let digest = Hash::of(content);
    let value = StatementRef { kind: "construction_confirmation".into(), at: story.clock.clone(), by: Some(REP) };
    story.view.statements.push(Entry { key: digest.to_string(), value, op: op(950) });
    digest
}

fn hand_over(story: &mut Story, id: &str, copy: &str, digest: Hash) {
    let record = json!({"statement": digest, "copy": copy, "how": "qr", "at": story.clock, "by": REP});
    let key = format!("copies/{id}");
    story.view.more.insert(key.clone(), Entry { key, value: record, op: op(990) });
}

// Rule: INS-12
#[test]
fn the_customers_copy_is_asked_for_once_the_visit_is_handed_in_and_must_be_of_its_form() {
    let mut story = install();
    let codes = |story: &Story, is_handed_in: bool| -> Vec<String> {
        copies::findings(&story.view, &story.template, is_handed_in).into_iter().map(|one| one.code).collect()
    };
    assert_eq!(codes(&story, true), [""; 0], "there is no form");
    let first = signed(&mut story, b"first");
    assert_eq!(codes(&story, false), [""; 0], "the rep is still there");
    assert_eq!(codes(&story, true), [COPY_NOT_RECORDED]);
    hand_over(&mut story, "1", "department", first);
    assert_eq!(codes(&story, true), [COPY_NOT_RECORDED], "another's copy");
    hand_over(&mut story, "2", "customer", first);
    assert_eq!(codes(&story, true), [""; 0]);
    // Signed anew: the copy of before is not the newest form's.
    let second = signed(&mut story, b"second");
    assert_eq!(codes(&story, true), [COPY_NOT_RECORDED]);
    hand_over(&mut story, "3", "customer", second);
    hand_over(&mut story, "4", "customer", Hash::of(b"of another visit"));
    assert_eq!(codes(&story, true), [COPY_OF_OTHER_FORM]);
    let mut repair = story.template.clone();
    repair.signatures.iter_mut().for_each(|slot| slot.copies = vec!["department".to_owned()]);
    story.view.more.clear();
    assert_eq!(copies::findings(&story.view, &repair, true), [], "the customer gets no copy of it");
}

// Rule: INS-12
#[test]
fn a_copy_handed_over_after_the_hand_in_is_not_late() {
    let mut story = install();
    story.arrives().works().hands_in();
    story.time("11:30");
    hand_over(&mut story, "1", "customer", Hash::of(b"form"));
    let record = json!({"at": story.clock, "by": REP});
    story.view.more.insert("other/1".into(), Entry { key: "other/1".into(), value: record, op: op(991) });
    let late: Vec<String> = story.derived().late.into_iter().map(|record| record.key).collect();
    assert_eq!(late, ["other/1"]);
}
