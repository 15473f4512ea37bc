//! The poison pill: four bad things on one phone with twenty visits. The nineteen others land whole, and each remedy is
//! played.

use integration_tests::call::Call;
use integration_tests::plain_png::plain_png;
use integration_tests::remote::RemotePhone;
use serde_json::{Value, json};
use sync_core::bytes::{Actor, Hash};
use sync_core::doc::{Map, VisitDoc};
use sync_core::protocol::{Ack, AckItem, Outcome};

use super::{Scene, actor, check_memory, check_process, heads, pushed, tick};
use crate::sync::helpers::{refusing_readings, run_at};
use crate::sync::hostile::craft::mixed;

/// The size of a PNG of 90 megapixels whose pixels are all there: the decoder cannot scale it, and 50 megapixels is its
/// limit.
const TOO_LARGE: (u32, u32) = (10_000, 9_000);

/// What the phone sends for a visit since its heads.
fn since(doc: &VisitDoc, before: &[Hash]) -> Vec<Vec<u8>> {
    doc.changes_since(before).expect("known heads")
}

/// The preview of a photo once the job has looked at it.
fn preview(scene: &Scene, visit: &VisitDoc) -> Value {
    for _ in 0..100_000 {
        let review = scene.get(&format!("/v1/visits/{}/review", visit.visit()));
        let photo = review["photos"][0].clone();
        if photo["preview"] != "pending" {
            return photo["preview"].clone();
        }
    }
    panic!("the preview job never came to it")
}

/// Lets the database refuse readings of a visit, or no longer, as a defect of the server that is mended later.
fn refuse_readings(scene: &Scene, visit: &VisitDoc, is_on: bool) {
    run_at(scene.server.database_url(), &refusing_readings(visit.visit(), is_on));
}

fn measure(doc: &mut VisitDoc, scene: &Scene, key: &str) {
    let (actor, record) = (actor(doc), reading(scene));
    doc.edit(actor, |edit| edit.put(Map::Measures, key, &record)).expect("an edit");
}

fn reading(scene: &Scene) -> Value {
    json!({"code": "optical_power", "value": "-18.30", "unit": "dBm", "source": "typed",
        "at": RemotePhone::stamp(), "by": scene.phone.user()})
}

fn readings(scene: &Scene, doc: &VisitDoc) -> usize {
    let review = scene.get(&format!("/v1/visits/{}/review", doc.visit()));
    let readings = review["readings"].as_array().expect("readings");
    readings.iter().filter(|one| one["value"].is_string()).count()
}

#[test]
fn one_poisoned_phone_loses_nothing_stops_nobody_and_every_remedy_works() {
    let mut scene = Scene::begin();
    let process = scene.server.process_id();
    let image = plain_png(TOO_LARGE.0, TOO_LARGE.1);
    let before: Vec<Vec<Hash>> = scene.docs.iter().map(VisitDoc::heads).collect();
    let (phone, mut docs) = (scene.phone.clone(), std::mem::take(&mut scene.docs));
    for doc in &mut docs {
        tick(doc, &phone, "kit_check/ladder");
    }
    // 1: a nested object behind a good edit. 2: a step nobody knows. 3: a huge photo.
    let nested =
        mixed(&docs[0], actor(&docs[0]), "01955f2c-3000-7000-8000-0000000a0001", &reading(&scene).to_string(), "");
    tick(&mut docs[2], &phone, "a_step_of_tomorrow/x");
    declare(&mut docs[3], &phone, &image);
    let mut pushes: Vec<_> = docs.iter().zip(&before).map(|(doc, heads)| pushed(doc, since(doc, heads))).collect();
    pushes[0] = pushed(&docs[0], [since(&docs[0], &before[0]), vec![nested.clone()]].concat());
    let answer = scene.push(pushes);
    let ack_of = |doc: &VisitDoc| answer.acks.iter().find(|ack| ack.item == AckItem::Doc(doc.visit())).expect("an ack");
    for (number, doc) in docs.iter().enumerate() {
        let expected = if number == 0 { Outcome::NeedReplay } else { Outcome::Stored };
        assert_eq!(ack_of(doc).outcome, expected, "visit {number}: {:?}", ack_of(doc));
        assert_eq!(heads(&scene.server, doc.visit()), doc.heads(), "visit {number}: all that is good landed");
    }
    // 4: the next change of the same visit, cut on its way.
    let good = docs[0].heads();
    tick(&mut docs[0], &phone, "kit_check/lamp");
    let mut cut = since(&docs[0], &good).remove(0);
    cut.truncate(cut.len() - 7);
    let cut_ack = scene.push_one(&docs[0], vec![cut.clone()]);
    assert_eq!(cut_ack.outcome, Outcome::NeedReplay, "{cut_ack:?}");

    // Both are in quarantine: with code and remedy, byte for byte.
    let nested_ack = ack_of(&docs[0]);
    for (ack, code, bytes) in [(nested_ack, "operation_not_allowed", &nested), (&cut_ack, "change_rejected", &cut)] {
        let shown = scene.get(&scene.item(ack));
        assert_eq!((&shown["code"], &shown["state"]), (&json!(code), &json!("open")));
        assert_eq!(shown["remedies"], json!(["replay", "salvage", "redrive"]), "{code}");
        assert!(shown["hint"]["zh-CN"].as_str().is_some_and(|hint| hint.contains("要求")), "{shown}");
        assert_eq!(&scene.ask(Call::get(format!("{}/bytes", scene.item(ack)))).body, bytes);
    }
    // The unknown step is stored, and reported.
    let review = scene.get(&format!("/v1/visits/{}/review", docs[2].visit()));
    assert!(review["findings"].to_string().contains("a_step_of_tomorrow"), "{}", review["findings"]);
    // The image is kept, byte for byte; there is no preview of it.
    let path = format!("/v1/blobs/{}", Hash::of(&image));
    let put = Call::new("PUT", &path).bytes("application/octet-stream", image.clone());
    scene.server.send(&put.bearer(phone.access())).expect(200);
    assert_eq!(preview(&scene, &docs[3]), "no_preview");
    let kept = scene.server.send(&Call::get(&path).bearer(phone.access()));
    assert!(kept.status == 200 && kept.body == image, "{}: the image is what was sent", kept.status);

    // Neither can ever be stored as it is: re-drive says so, and changes nothing.
    redrive_in_vain(&scene, &docs[0], nested_ack);
    redrive_in_vain(&scene, &docs[0], &cut_ack);
    // Of the nested one the office takes the good record over; in the cut one nothing can be read.
    salvage(&scene, &docs[0], nested_ack);
    salvage_in_vain(&scene, &cut_ack);
    // The phone writes the cut one anew, and so another nested one.
    replay(&scene, &mut docs[0], &good, &cut_ack);
    let before = docs[5].heads();
    let nested = mixed(&docs[5], actor(&docs[5]), "01955f2c-3000-7000-8000-0000000a0006", "{}", "");
    let ack = scene.push_one(&docs[5], vec![nested]);
    replay(&scene, &mut docs[5], &before, &ack);
    for settled in [nested_ack, &cut_ack, &ack] {
        let again = scene.ask(Call::post(format!("{}/redrive", scene.item(settled))));
        assert_eq!(again.outcome(), (409, "state_invalid".to_owned()), "what it holds counts already");
    }
    check_process(&scene.server, process);
    redrive(&scene, &mut docs[4]);
    for doc in &docs[1..] {
        assert_eq!(heads(&scene.server, doc.visit()), doc.heads(), "the nineteen others are as the phone has them");
    }
    // What the mended defect left in the log was expected.
    check_memory(&scene.server, process);
    assert!(!scene.server.log().contains("panicked"), "{}", scene.server.log());
}

/// Declares a photo in a visit.
fn declare(doc: &mut VisitDoc, phone: &RemotePhone, image: &[u8]) {
    let photo = json!({"slot": "outdoor_route", "sha256": Hash::of(image), "bytes": image.len(),
        "media_type": "image/png", "width": TOO_LARGE.0, "height": TOO_LARGE.1, "source": "camera", "by": phone.user(),
        "taken_at": RemotePhone::stamp()});
    let actor = actor(doc);
    doc.edit(actor, |edit| edit.put(Map::Photos, "01955f2c-3000-7000-8000-0000000a0004", &photo)).expect("a photo");
}

/// Everything that driving bytes again could change.
fn kept(scene: &Scene, doc: &VisitDoc, ack: &Ack) -> (Value, Vec<u8>, Vec<Hash>, Value) {
    let bytes = scene.ask(Call::get(format!("{}/bytes", scene.item(ack)))).body;
    let review = scene.get(&format!("/v1/visits/{}/review", doc.visit()));
    (scene.get("/v1/quarantine"), bytes, heads(&scene.server, doc.visit()), review)
}

/// The office lets bytes be judged again that stay forbidden.
fn redrive_in_vain(scene: &Scene, doc: &VisitDoc, ack: &Ack) {
    let before = kept(scene, doc, ack);
    let item = scene.get(&scene.item(ack));
    for _ in 0..2 {
        let told = scene.ask(Call::post(format!("{}/redrive", scene.item(ack)))).expect(200);
        assert_eq!((&told["outcome"], &told["code"]), (&json!("need_replay"), &item["code"]), "{told}");
        assert_eq!(told["item"], item, "still open");
        assert_eq!(kept(scene, doc, ack), before);
    }
}

/// Nothing can be read of what was cut, so nothing can be chosen.
fn salvage_in_vain(scene: &Scene, ack: &Ack) {
    let path = format!("{}/salvage", scene.item(ack));
    let shown = scene.get(&path);
    assert_eq!((&shown["records"], &shown["notes"]), (&json!([]), &json!([])), "{shown}");
    let refused = scene.ask(Call::post(path).json(&json!({"records": [0]})));
    assert_eq!(refused.outcome(), (422, "invalid".to_owned()));
    assert_eq!(scene.get(&scene.item(ack))["state"], "open");
}

/// The office takes over the reading beside the nested object.
fn salvage(scene: &Scene, doc: &VisitDoc, ack: &Ack) {
    assert_eq!(readings(scene, doc), 0);
    let path = format!("{}/salvage", scene.item(ack));
    let shown = scene.get(&path);
    assert_eq!((&shown["records"][0]["map"], &shown["left_out"]), (&json!("measures"), &json!(1)), "{shown}");
    let done = scene.ask(Call::post(path).json(&json!({"records": [0]}))).expect(200);
    assert_eq!(done["item"]["state"], "salvaged");
    assert_eq!(readings(scene, doc), 1);
}

/// The phone writes anew what was refused, under a new actor.
fn replay(scene: &Scene, doc: &mut VisitDoc, before: &[Hash], ack: &Ack) {
    let known = doc.changes_since(&[]).expect("all changes");
    let lost = since(doc, before).len();
    let mut anew = VisitDoc::create(doc.visit()).expect("a document");
    anew.apply_trusted(&known[..known.len() - lost], before).expect("what the server holds");
    let record = json!({"done": true, "at": RemotePhone::stamp(), "by": scene.phone.user()});
    // An actor belongs to one visit.
    let writer = Actor::try_from(&Hash::of(doc.visit().as_bytes()).0[16..]).expect("16 bytes");
    anew.edit(writer, |edit| edit.put(Map::Ticks, "kit_check/lamp", &record)).expect("an edit");
    let mut pushed = pushed(&anew, since(&anew, before));
    pushed.replays = vec![ack.hash.expect("the ack names what was refused")];
    let again = scene.push_doc(pushed);
    assert_eq!(again.outcome, Outcome::Stored, "{again:?}");
    assert_eq!(scene.get(&scene.item(ack))["state"], "replayed");
    *doc = anew;
}

/// The server cannot store a reading; once that is mended the office lets the same bytes be judged again.
fn redrive(scene: &Scene, doc: &mut VisitDoc) {
    let before = doc.heads();
    refuse_readings(scene, doc, true);
    measure(doc, scene, "01955f2c-3000-7000-8000-0000000a0005");
    let ack = scene.push_one(doc, since(doc, &before));
    assert_eq!((ack.outcome, ack.code.as_deref()), (Outcome::Quarantined, Some("not_writable")));
    assert_eq!(scene.get(&scene.item(&ack))["remedies"], json!(["redrive"]));
    let path = format!("{}/redrive", scene.item(&ack));
    let still = scene.ask(Call::post(&path)).expect(200);
    assert_eq!(still["code"], "not_writable");
    refuse_readings(scene, doc, false);
    let done = scene.ask(Call::post(&path)).expect(200);
    assert_eq!((&done["outcome"], &done["item"]["state"]), (&json!("stored"), &json!("redriven")));
    assert_eq!(readings(scene, doc), 1);
    assert_eq!(heads(&scene.server, doc.visit()), doc.heads());
}
