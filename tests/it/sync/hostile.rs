//! Hostile documents over HTTP: each is kept byte for byte, named in the receipt, and stops nobody else.

pub(crate) mod craft;

use std::collections::BTreeMap;

use doorstep::domain::Role;
use doorstep_store::Txt;
use doorstep_store::evidence::{QuarantineRow, keep_in_quarantine, quarantine_size};
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use serde_json::json;
use sync_core::bytes::{Actor, Blob, Hash};
use sync_core::doc::{Map, VisitDoc};
use sync_core::guard::{Limits, heads_of};
use sync_core::ids::VisitId;
use sync_core::protocol::{Outcome, PushDoc, SyncRequest};

use super::helpers::{batch, quarantined, receipt_of, run};
use craft::{altered, chunk, hash_of, nested, raw_change, tick, zeros_deflated};

/// A phone on a document of four changes that the server holds.
async fn known_visit(app: &TestApp) -> (Phone<'_>, VisitId) {
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    for step in ["a", "b", "c"] {
        phone.tick(visit, step, true);
    }
    phone.sync().await;
    (phone, visit)
}

/// Every hostile change that can travel in a request, with the code it is refused with.
pub(crate) fn hostile(doc: &VisitDoc, actor: Actor) -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let honest = tick(doc, actor, "x");
    let bytes = honest.raw_bytes().to_vec();
    let huge = raw_change(doc, actor, |edit| craft::put(edit, doc.visit(), Map::Ticks, "huge", &"a".repeat(300 << 10)));
    let mut flipped = bytes.clone();
    *flipped.last_mut().expect("a byte") ^= 1;
    let metas = doc.change_metas();
    let forked = altered(&honest, |change| {
        change.seq -= 1;
        change.deps = vec![automerge::ChangeHash(metas[metas.len() - 2].hash.0)];
        change.start_op = (change.start_op.get() - 1).try_into().expect("a counter");
    });
    vec![
        ("A1 bomb", chunk(2, &zeros_deflated(30 << 20)), "change_too_large"),
        ("A2 huge text", huge.raw_bytes().to_vec(), "change_too_large"),
        ("A4 nested", nested(doc, actor, 300), "operation_not_allowed"),
        (
            "A5 counter",
            altered(&honest, |c| c.start_op = 4_294_967_294.try_into().expect("one")),
            "change_counter_invalid",
        ),
        ("A6 flipped", flipped, "checksum_mismatch"),
        ("A7 forked", forked, "actor_forked"),
        ("gap in seq", altered(&honest, |change| change.seq += 1), "change_counter_invalid"),
        ("cut", bytes[..bytes.len() - 3].to_vec(), "change_rejected"),
        ("unknown type", chunk(4, &[0]), "change_encoding_not_allowed"),
        ("no chunk at all", b"hello".to_vec(), "change_rejected"),
        ("negative time", altered(&honest, |change| change.time = -1), "change_rejected"),
    ]
}

#[actix_web::test]
async fn every_hostile_change_is_kept_whole_and_leaves_the_document_as_it_was() {
    let app = TestApp::new().await;
    let (mut phone, visit) = known_visit(&app).await;
    let actor = phone.actor(visit);
    let heads = phone.heads(visit);
    for (what, bytes, code) in hostile(phone.doc(visit), actor) {
        let answer = phone.exchange(&phone.pushing(visit, vec![bytes.clone()])).await;
        let ack = &answer.acks[0];
        assert!(matches!(ack.outcome, Outcome::Quarantined | Outcome::NeedReplay), "{what}: {ack:?}");
        assert_eq!((ack.code.as_deref(), &ack.heads), (Some(code), &heads), "{what}");
        let name = ack.hash.expect("the refused bytes have a name").to_string();
        let receipt = receipt_of(&app, &phone, &answer);
        assert_eq!(receipt.quarantine_code(&name), Some(code), "{what}");
        let kept = quarantined(&app, YUNZE).await;
        assert!(kept.iter().any(|row| row.bytes == bytes && row.code == code), "{what}");
    }
    // The phone goes on working as if nothing had happened.
    phone.tick(visit, "after", true);
    assert_eq!(phone.round().await.acks[0].outcome, Outcome::Stored);
}

#[actix_web::test]
async fn absurd_times_are_claims_and_do_no_harm() {
    let app = TestApp::new().await;
    let (mut phone, visit) = known_visit(&app).await;
    let actor = phone.actor(visit);
    let late = altered(&tick(phone.doc(visit), actor, "x"), |change| change.time = i64::MAX);
    let answer = phone.exchange(&phone.pushing(visit, vec![late])).await;
    assert_eq!(answer.acks[0].outcome, Outcome::Stored);
    let mut other = app.phone_of(YUNZE.rep()).await;
    other.sync().await;
    assert_eq!(other.heads(visit), answer.acks[0].heads);
    assert_ne!(other.heads(visit), phone.heads(visit));
}

#[actix_web::test]
async fn another_phones_actor_is_refused_and_its_owner_is_not_locked_out() {
    let app = TestApp::new().await;
    let (mut owner, visit) = known_visit(&app).await;
    let mut thief = app.phone_of(YUNZE.rep()).await;
    thief.sync().await;
    let stolen = owner.actor(visit);
    thief.use_actor(visit, stolen);
    thief.tick(visit, "stolen", true);
    let answer = thief.round().await;
    assert_eq!(
        (answer.acks[0].outcome, answer.acks[0].code.as_deref()),
        (Outcome::NeedReplay, Some("actor_not_yours"))
    );

    owner.tick(visit, "mine", true);
    assert_eq!(owner.round().await.acks[0].outcome, Outcome::Stored);
}

#[actix_web::test]
async fn a_forked_phone_writes_its_edits_anew_under_another_actor() {
    let app = TestApp::new().await;
    let (mut phone, visit) = known_visit(&app).await;
    let mut clone = phone.clone();
    phone.tick(visit, "one", true);
    phone.sync().await;
    clone.tick(visit, "two", true);
    let answer = clone.exchange(&clone.request()).await;
    let ack = &answer.acks[0];
    assert_eq!((ack.outcome, ack.code.as_deref()), (Outcome::NeedReplay, Some("actor_forked")));
    let refused = clone.unsent_chunks(visit);
    assert_eq!(ack.hash, Some(hash_of(&refused[0])));
    assert_eq!(quarantined(&app, YUNZE).await[0].bytes, refused.concat());

    // Replay: the whole document from the server, the lost edit again, by a new actor.
    let mut again = app.phone_of(YUNZE.rep()).await;
    again.sync().await;
    again.tick(visit, "two", true);
    assert_eq!(again.round().await.acks[0].outcome, Outcome::Stored);
    assert_eq!(again.view(visit).ticks.len(), 5);
}

#[actix_web::test]
async fn what_depends_on_a_refused_change_is_kept_too_also_when_more_comes_later() {
    let app = TestApp::new().await;
    let (mut phone, visit) = known_visit(&app).await;
    let mut clone = phone.clone();
    phone.tick(visit, "one", true);
    phone.sync().await;
    clone.tick(visit, "two", true);
    let first = clone.unsent_chunks(visit);
    clone.exchange(&clone.request()).await;
    clone.tick(visit, "three", true);
    let both = clone.unsent_chunks(visit);
    let answer = clone.exchange(&clone.request()).await;
    assert_eq!(answer.acks[0].hash, Some(hash_of(&first[0])));
    let kept: Vec<Vec<u8>> = quarantined(&app, YUNZE).await.into_iter().map(|row| row.bytes).collect();
    assert_eq!(kept.len(), 2);
    assert!(kept.contains(&first.concat()) && kept.contains(&both.concat()));
    assert_eq!(receipt_of(&app, &clone, &answer).quarantined.len(), 2);
    // And the same once more adds nothing.
    clone.exchange(&clone.request()).await;
    assert_eq!(quarantined(&app, YUNZE).await.len(), 2);
}

#[actix_web::test]
async fn one_poisoned_item_never_stops_the_other_nineteen() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let mut visits = Vec::new();
    for _ in 0..20 {
        let visit = office.plan(&[YUNZE.rep()]).await.visit;
        phone.tick(visit, "first", true);
        visits.push(visit);
    }
    phone.sync().await;
    for visit in &visits {
        phone.tick(*visit, "second", true);
    }
    let mut request = phone.request();
    request.docs[7].chunks[0] = Blob(chunk(2, &zeros_deflated(30 << 20)));
    let answer = phone.exchange(&phone.sealed(request)).await;
    for (position, ack) in answer.acks.iter().enumerate() {
        let expected = if position == 7 { Outcome::NeedReplay } else { Outcome::Stored };
        assert_eq!(ack.outcome, expected, "{position}: {ack:?}");
    }
    assert_eq!(answer.acks.len(), 20);
}

/// Has every push that keeps refused bytes find others under their name, as if one that came with it had been faster.
async fn with_a_faster_push(app: &TestApp) {
    let first = "INSERT INTO quarantine (org_id, id, kind, device_id, code, bytes, received_at_ms) \
         SELECT NEW.org_id, NEW.id, NEW.kind, NEW.device_id, 'faster', 'others', 1 \
         WHERE NOT EXISTS (SELECT 1 FROM quarantine WHERE org_id = NEW.org_id AND code = 'faster')";
    let statements = [
        format!("CREATE TRIGGER faster BEFORE INSERT ON quarantine WHEN NEW.code <> 'faster' BEGIN {first}; END;"),
        format!(
            "CREATE FUNCTION faster() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {first}; RETURN NEW; END; $$; \
             CREATE TRIGGER faster BEFORE INSERT ON quarantine FOR EACH ROW WHEN (NEW.code <> 'faster') \
             EXECUTE FUNCTION faster();"
        ),
    ];
    app.write(move |conn| {
        batch(conn, &statements);
        Ok(())
    })
    .await;
}

#[actix_web::test]
async fn of_two_pushes_at_once_with_one_offender_and_other_bytes_both_are_kept() {
    let app = TestApp::new().await;
    let (mut phone, visit) = known_visit(&app).await;
    with_a_faster_push(&app).await;
    let actor = phone.actor(visit);
    let bytes = nested(phone.doc(visit), actor, 1);
    let answer = phone.exchange(&phone.pushing(visit, vec![bytes.clone()])).await;
    let (name, beside) = (hash_of(&bytes), Hash::of(&bytes));
    assert_eq!((answer.acks[0].hash, answer.acks[0].kept_as), (Some(name), Some(beside)));
    let receipt = receipt_of(&app, &phone, &answer);
    assert!([name, beside].iter().all(|name| receipt.quarantine_code(&name.to_string()).is_some()), "{receipt:?}");
    let kept = quarantined(&app, YUNZE).await.into_iter().map(|row| (row.id, row.bytes));
    let expected = BTreeMap::from([(name.to_string(), b"others".to_vec()), (beside.to_string(), bytes)]);
    assert_eq!(kept.collect::<BTreeMap<_, _>>(), expected);
}

/// Puts items of so many bytes into the quarantine of a phone.
async fn fill_quarantine(app: &TestApp, phone: &Phone<'_>, items: usize, bytes: usize) {
    let (org, device) = (YUNZE.org, phone.device.id);
    app.write(move |conn| {
        let mut filler = QuarantineRow {
            org_id: Txt(org),
            id: String::new(),
            kind: "doc".to_owned(),
            visit_id: None,
            device_id: Txt(device),
            code: "change_rejected".to_owned(),
            bytes: vec![0; bytes],
            received_at_ms: 0,
            replays: None,
        };
        (0..items).try_for_each(|number| {
            filler.id = format!("filler-{number}");
            keep_in_quarantine(conn, &filler).map(drop)
        })
    })
    .await;
}

#[actix_web::test]
async fn a_phone_has_ten_thousand_items_in_quarantine_and_not_one_more() {
    let app = TestApp::new().await;
    let (phone, visit) = known_visit(&app).await;
    fill_quarantine(&app, &phone, 9_999, 1).await;
    // What is there already needs no room.
    for (bytes, code) in [
        (b"the last one", "change_rejected"),
        (b"one too many", "quarantine_full"),
        (b"the last one", "change_rejected"),
    ] {
        let answer = phone.exchange(&phone.pushing(visit, vec![bytes.to_vec()])).await;
        assert_eq!(answer.acks[0].code.as_deref(), Some(code));
        let named = receipt_of(&app, &phone, &answer).quarantined.len();
        assert_eq!(named, usize::from(code == "change_rejected"), "what is kept is named");
    }
    let (org, device) = (YUNZE.org, phone.device.id);
    assert_eq!(app.read(move |conn| quarantine_size(conn, org, device)).await[0].0, 10_000);
}

#[actix_web::test]
async fn a_full_quarantine_says_so_and_the_phone_keeps_its_copy() {
    let app = TestApp::new().await;
    let (phone, visit) = known_visit(&app).await;
    let kept = b"kept before it was full".to_vec();
    phone.exchange(&phone.pushing(visit, vec![kept.clone()])).await;
    fill_quarantine(&app, &phone, 1, 64 << 20).await;
    let answer = phone.exchange(&phone.pushing(visit, vec![b"one too many".to_vec()])).await;
    let ack = &answer.acks[0];
    let told = (ack.outcome, ack.code.as_deref());
    assert_eq!(told, (Outcome::Quarantined, Some("quarantine_full")), "a phone writes nothing anew that nobody keeps");
    assert!(receipt_of(&app, &phone, &answer).quarantined.is_empty(), "what is not kept is not named");
    // What was kept before is still held, and still named.
    let answer = phone.exchange(&phone.pushing(visit, vec![kept.clone()])).await;
    assert_eq!(answer.acks[0].code.as_deref(), Some("change_rejected"));
    let name = Hash::of(&kept).to_string();
    assert_eq!(receipt_of(&app, &phone, &answer).quarantined[0].0, name);

    // Room comes back once a person has settled what waits; what the phone settled by itself is counted apart.
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let dismiss = format!("/v1/quarantine/{}/filler-0/dismiss", phone.device.id);
    dispatcher.post(dismiss, json!({"remark": "a test"})).await.expect(200);
    let more = b"one too many".to_vec();
    let answer = phone.exchange(&phone.pushing(visit, vec![more.clone()])).await;
    assert_eq!(receipt_of(&app, &phone, &answer).quarantined[0].0, Hash::of(&more).to_string());
    run(&app, format!("UPDATE quarantine SET state = 'replayed', settled_at_ms = 1 WHERE id = '{name}'")).await;
    let (org, device) = (YUNZE.org, phone.device.id);
    let [kept, more] = [kept, more].map(|bytes| i64::try_from(bytes.len()).expect("few"));
    let counted = app.read(move |conn| quarantine_size(conn, org, device)).await;
    assert_eq!(counted, [(1, more), (2, kept + more)]);
}

#[actix_web::test]
async fn twenty_thousand_changes_without_a_past_are_not_parked() {
    let app = TestApp::new().await;
    let (mut phone, visit) = known_visit(&app).await;
    let actor = phone.actor(visit);
    let root = tick(phone.doc(visit), actor, "root");
    let chunks: Vec<Blob> = craft::chain_after(&root, 20_000).into_iter().map(Blob).collect();
    let last = chunks.last().map(|chunk| vec![chunk.0.clone()]).expect("changes");
    let heads = heads_of(&last, &Limits::DEFAULT);
    let doc = PushDoc { heads, chunks, ..PushDoc::asking(visit) };
    let request = phone.sealed(SyncRequest { docs: vec![doc], ..phone.empty_request() });
    let answer = phone.exchange(&request).await;
    assert_eq!(answer.acks[0].outcome, Outcome::NeedFull);
    assert_eq!(answer.acks[0].missing, [Hash(root.hash().0)]);
    assert_eq!(answer.acks[0].heads, phone.heads(visit));
    assert!(quarantined(&app, YUNZE).await.is_empty());
}
