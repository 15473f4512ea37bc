//! The batch seal, and phones that may bring work in but not read.

use doorstep::domain::{Role, TokenKind};
use doorstep::ports::Clock as _;
use doorstep_store::Txt;
use doorstep_store::device_orders::{mark_items, marker};
use doorstep_store::devices::{find_device, revoke_device};
use doorstep_store::seals::{BatchSealPartRow, insert_seal_part, list_held};
use integration_tests::app::TestApp;
use integration_tests::builders::HOUR_MS;
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use serde_json::Value;
use sync_core::bytes::{Blob, Hash};
use sync_core::ids::{DeviceId, EpochId, VisitId};
use sync_core::jws::detach;
use sync_core::protocol::seal::BatchContent;
use sync_core::protocol::{Cursor, Outcome, PushDoc, SyncRequest};

use super::helpers::{counts, day_note, quarantined, receipt_of, run_at, with_the_next};

/// A phone with a captured tick and a note, and the request that would bring them.
async fn loaded(app: &TestApp) -> (Phone<'_>, VisitId, SyncRequest) {
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    phone.tick(visit, "safety", true);
    phone.intend(day_note("bring a ladder"));
    let request = phone.request();
    (phone, visit, request)
}

#[actix_web::test]
async fn a_request_whose_seal_does_not_cover_it_is_refused_whole_and_stores_nothing() {
    let app = TestApp::new().await;
    let (phone, _, good) = loaded(&app).await;
    let other_key = app.phone_of(YUNZE.rep()).await;
    let mut other_org = phone.clone();
    other_org.device.org = integration_tests::company::HAOYU.org;
    let with = |change: &dyn Fn(&mut SyncRequest)| {
        let mut request = good.clone();
        change(&mut request);
        request
    };
    let hostile = [
        ("no seal", with(&|request| request.seal = None)),
        ("garbage", with(&|request| request.seal = Some("a.b.c".to_owned()))),
        ("another phone's key", other_key.sealed(good.clone())),
        ("another organisation", other_org.sealed(good.clone())),
        ("other heads", with(&|request| request.docs[0].heads.clear())),
        ("another intent", with(&|request| request.intents[0].0.push(b' '))),
        ("an item less", with(&|request| drop(request.intents.pop()))),
        ("another batch", with(&|request| request.batch_id = sync_core::ids::BatchId(app.id()))),
        ("another epoch", with(&|request| request.cursor = None)),
    ];
    let before = counts(&app).await;
    for (what, request) in hostile {
        assert_eq!(phone.send(&request).await.outcome(), (401, "seal_invalid".to_owned()), "{what}");
    }
    let foreign = with(&|request| request.device_id = DeviceId(app.id()));
    assert_eq!(phone.send(&phone.sealed(foreign)).await.outcome(), (422, "invalid".to_owned()));
    assert_eq!(counts(&app).await, before);
    assert_eq!(phone.exchange(&good).await.acks[0].outcome, Outcome::Stored, "the honest one still passes");
}

#[actix_web::test]
async fn a_seal_that_comes_without_its_payload_is_kept_with_it() {
    let app = TestApp::new().await;
    let (phone, _, mut request) = loaded(&app).await;
    let whole = request.seal.clone();
    request.seal = whole.as_deref().map(detach);
    assert_ne!(request.seal, whole);
    let mut other = request.clone();
    other.intents[0].0.push(b' ');
    assert_eq!(phone.send(&other).await.outcome(), (401, "seal_invalid".to_owned()));
    assert_eq!(phone.exchange(&request).await.acks[0].outcome, Outcome::Stored);
    // Without its payload it would not cover its list.
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn a_large_request_is_refused_whole_too_before_its_first_part_is_written() {
    let app = TestApp::new().await;
    let (phone, visit, good) = loaded(&app).await;
    let mut request = good.clone();
    // What cannot be read counts as covered; it makes the request one that is written in parts.
    let large = Blob(vec![0; 3 << 19]);
    request.docs.insert(0, PushDoc { chunks: vec![large], ..PushDoc::asking(VisitId(app.id())) });
    request.docs.last_mut().expect("the visit").heads.clear();
    let before = counts(&app).await;
    assert_eq!(phone.send(&phone.sealed(request)).await.outcome(), (401, "seal_invalid".to_owned()));
    assert_eq!(counts(&app).await, before, "neither the note nor {visit}");
}

#[actix_web::test]
async fn what_each_part_of_a_request_made_durable_is_named_beside_its_seal() {
    let app = TestApp::new().await;
    let (phone, visit, mut request) = loaded(&app).await;
    // What cannot be read is large enough that the request is written in parts.
    let chunks = vec![Blob(vec![0; 3 << 19])];
    request.docs.insert(0, PushDoc { chunks, ..PushDoc::asking(VisitId(app.id())) });
    let request = phone.sealed(request);
    let answer = phone.exchange(&request).await;
    let receipt = receipt_of(&app, &phone, &answer);
    assert_eq!((receipt.docs.len(), receipt.intents.len()), (1, 1));

    let device = phone.device.id;
    let digest = BatchContent::of_request(YUNZE.org, &request).digest().expect("a list").to_string();
    let named = async || {
        let digest = digest.clone();
        app.read(move |conn| list_held(conn, YUNZE.org, device, &digest)).await
    };
    let parts = named().await;
    assert!(parts.len() > 1, "{parts:?}");
    let all: String = parts.iter().flatten().map(String::as_str).collect();
    for name in [visit.to_string(), receipt.intents[0].to_string()] {
        assert_eq!(all.matches(&name).count(), 1, "{name}: {parts:?}");
    }
    phone.exchange(&request).await;
    assert_eq!(named().await, parts, "the same again names nothing new");
    assert_eq!(app.verified().await.differences, []);

    // What a part names is looked for, too.
    let gone = app.id();
    let part = BatchSealPartRow {
        org_id: Txt(YUNZE.org),
        device_id: Txt(device),
        digest,
        part: 9,
        held: format!(r#"{{"docs":[],"statements":[],"intents":["{gone}"],"quarantined":[]}}"#),
        received_at_ms: 1,
    };
    app.write(move |conn| insert_seal_part(conn, &part)).await;
    let differences = app.verified().await.differences;
    let [missing] = differences.as_slice() else { panic!("{differences:?}") };
    assert_eq!(
        (missing.check, missing.what.as_str()),
        ("batch_seals.intents", format!("intent {gone} is not here").as_str())
    );
}

#[actix_web::test]
async fn a_seal_over_old_heads_brings_in_no_new_work() {
    let app = TestApp::new().await;
    let (mut phone, visit, _) = loaded(&app).await;
    let old = phone.heads(visit);
    phone.tick(visit, "later", true);
    let before = counts(&app).await;
    let chunks = phone.unsent_chunks(visit);
    // The first work of the phone is stored before; its heads are known to the server.
    for heads in [old, Vec::new()] {
        let mut request = phone.pushing(visit, chunks.clone());
        request.docs[0].heads = heads;
        // The seal itself is genuine: it is made over the request as it stands.
        let answer = phone.send(&phone.sealed(request)).await;
        assert_eq!(answer.outcome(), (401, "seal_invalid".to_owned()));
        assert_eq!(counts(&app).await, before);
    }
    assert_eq!(phone.round().await.acks[0].outcome, Outcome::Stored);
}

#[actix_web::test]
async fn a_seal_made_before_a_restore_is_accepted() {
    let app = TestApp::new().await;
    let (mut phone, visit, _) = loaded(&app).await;
    let old = Cursor::start(EpochId(app.id()));
    phone.cursor = Some(old.encode().expect("a cursor"));
    let answer = phone.round().await;
    assert_eq!(answer.acks[0].outcome, Outcome::Stored);
    assert_eq!(answer.epoch, app.state.epoch);
    assert!(phone.has("visit", visit));
}

#[actix_web::test]
async fn one_document_comes_once_per_request() {
    let app = TestApp::new().await;
    let (phone, _, mut request) = loaded(&app).await;
    request.docs.push(request.docs[0].clone());
    assert_eq!(phone.send(&phone.sealed(request)).await.outcome(), (422, "invalid".to_owned()));
}

#[actix_web::test]
async fn an_upload_only_token_brings_work_in_and_reads_nothing() {
    let app = TestApp::new().await;
    let (mut phone, visit, _) = loaded(&app).await;
    app.clock.advance_secs(HOUR_MS / 1000);
    phone.device.access = app.session(YUNZE.rep(), Some(phone.device.id), TokenKind::Upload).await;
    app.office(integration_tests::company::HAOYU).await;
    let cursor = phone.cursor.clone();
    let answer = phone.exchange(&phone.request()).await;
    assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Stored));
    assert!(answer.rows.is_empty() && answer.docs.is_empty());
    assert_eq!(Some(&answer.cursor), cursor.as_ref(), "nothing was read, so the cursor stays");
    assert_eq!(receipt_of(&app, &phone, &answer).heads_of(&visit), Some(phone.heads(visit).as_slice()));
}

#[actix_web::test]
async fn what_a_revoked_phone_brings_is_kept_apart_and_it_learns_nothing() {
    let app = TestApp::new().await;
    let (mut phone, visit, _) = loaded(&app).await;
    phone.photo(visit, "ont_front", b"a photo");
    let form = phone.sign_form(visit);
    phone.statements.push(form.statement);
    let (id, now) = (phone.device.id, app.clock.now().0);
    app.write(move |conn| revoke_device(conn, YUNZE.org, id, now)).await;
    assert_eq!(phone.send(&phone.request()).await.status, 401, "its session is over");
    let device = app.read(move |conn| find_device(conn, YUNZE.org, id)).await.expect("the device");
    assert_eq!(device.state, "revoked");

    phone.device.access = app.session(YUNZE.rep(), Some(id), TokenKind::Upload).await;
    let request = phone.request();
    let answer = phone.exchange(&request).await;
    assert_eq!(answer.acks.len(), 3);
    for ack in &answer.acks {
        assert_eq!((ack.outcome, ack.code.as_deref()), (Outcome::Quarantined, Some("device_revoked")));
    }
    assert!(answer.rows.is_empty() && answer.docs.is_empty() && answer.wants.is_empty());
    let kept = quarantined(&app, YUNZE).await;
    let kept: Vec<&[u8]> = kept.iter().map(|row| row.bytes.as_slice()).collect();
    assert!(kept.contains(&request.docs[0].chunks[0].0.as_slice()));
    assert!(kept.contains(&request.intents[0].0.as_slice()));
    let statement = [&request.statements[0].body.0, b"\n".as_slice(), request.statements[0].seal.as_bytes()].concat();
    assert!(kept.contains(&statement.as_slice()));
    assert_eq!(receipt_of(&app, &phone, &answer).quarantined.len(), 3);

    // What it sealed is marked, by the list that the seal covers; a repeated request seals nothing more.
    phone.exchange(&request).await;
    let list = BatchContent::of_request(YUNZE.org, &request).list().expect("a list");
    let sealed = ("seal".to_owned(), Hash::of(list.as_bytes()).to_string());
    assert_eq!(marks(&app, id).await, std::slice::from_ref(&sealed));
    assert_eq!(app.verified().await.differences, []);

    // Of more than are shown the newest are.
    let older = marker(YUNZE.org, id, "device_revoked", now - 1);
    let older: Vec<_> = (0..200).map(|number| older("seal", number.to_string())).collect();
    app.write(move |conn| mark_items(conn, &older)).await;
    let shown = marks(&app, id).await;
    assert_eq!((shown.len(), &shown[0]), (200, &sealed));
}

/// Kind and item of what is marked as a revoked phone's.
async fn marks(app: &TestApp, device: DeviceId) -> Vec<(String, String)> {
    let file = app.role(YUNZE, Role::Dispatcher).await.get(format!("/v1/devices/{device}")).await.expect(200);
    let text = |mark: &Value, name: &str| mark[name].as_str().expect("a text").to_owned();
    let marks = file["marks"].as_array().expect("marks");
    assert!(marks.iter().all(|mark| mark["code"] == "device_revoked"), "{file}");
    marks.iter().map(|mark| (text(mark, "kind"), text(mark, "item"))).collect()
}

#[actix_web::test]
async fn a_form_that_a_revoked_phone_sealed_and_another_brings_is_stored_and_marked() {
    let app = TestApp::new().await;
    let (phone, visit, _) = loaded(&app).await;
    let form = phone.sign_form(visit).statement;
    let (id, now) = (phone.device.id, app.clock.now().0);
    app.write(move |conn| revoke_device(conn, YUNZE.org, id, now)).await;
    let mut other = app.phone_of(YUNZE.rep()).await;
    other.statements.push(form.clone());
    let answer = other.round().await;
    assert_eq!((answer.acks.len(), answer.acks[0].outcome), (1, Outcome::Stored));
    assert_eq!(marks(&app, id).await, [("statement".to_owned(), form.digest().to_string())]);
    assert_eq!(marks(&app, other.device.id).await, []);
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn a_form_is_marked_also_where_its_phone_is_revoked_between_judging_and_writing() {
    let app = TestApp::new().await;
    let (phone, visit, _) = loaded(&app).await;
    let form = phone.sign_form(visit).statement;
    let mut other = app.phone_of(YUNZE.rep()).await;
    other.sync().await;
    other.tick(visit, "kit/a", true);
    other.statements.push(form.clone());
    let id = phone.device.id;
    let revoke = format!("UPDATE devices SET state = 'revoked', revoked_at_ms = 1 WHERE id = '{id}'");
    // Documents are written before statements.
    run_at(&app.state.config.database_url, &with_the_next("documents", &revoke));
    let answer = other.round().await;
    assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Stored), "{:?}", answer.acks);
    assert_eq!(marks(&app, id).await, [("statement".to_owned(), form.digest().to_string())]);
}
