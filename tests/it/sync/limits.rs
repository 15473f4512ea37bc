//! Limits at their value and one above, and bodies that are no requests: a clear problem, nothing stored.

use std::pin::pin;
use std::sync::Arc;

use integration_tests::app::TestApp;
use integration_tests::call::{Answer, Call};
use integration_tests::company::YUNZE;
use integration_tests::phone::{Coding, Phone, Wire};
use serde_json::{Value, json};
use sync_core::bytes::{Actor, Blob, Hash};
use sync_core::doc::Map;
use sync_core::ids::VisitId;
use sync_core::protocol::codec::{self, Encoding};
use sync_core::protocol::{Outcome, PushDoc, PushStatement, SyncRequest};

use super::helpers::counts;

const CBOR: &str = "application/cbor";
const MIB: usize = 1 << 20;

async fn post(phone: &Phone<'_>, content_type: &str, coding: Option<&str>, body: Vec<u8>) -> Answer {
    let call = Call::post("/v1/sync").bytes(content_type, body);
    let call = match coding {
        Some(coding) => call.header("content-encoding", coding),
        None => call,
    };
    phone.device.client().send(call).await
}

/// An empty request that is exactly so long in JSON: unknown fields are ignored.
fn padded(phone: &Phone<'_>, len: usize) -> Vec<u8> {
    let mut body = codec::encode(&phone.empty_request(), Encoding::Json).expect("JSON");
    body.pop();
    body.extend(br#","padding":""#);
    body.resize(len - 2, b'x');
    body.extend(br#""}"#);
    body
}

#[actix_web::test]
async fn a_body_may_have_4_mib_as_sent_and_not_a_byte_more() {
    let app = TestApp::new().await;
    let phone = app.phone_of(YUNZE.rep()).await;
    let body = padded(&phone, 4 * MIB);
    assert_eq!(post(&phone, "application/json", None, body).await.status, 200);
    let answer = post(&phone, "application/json", None, padded(&phone, 4 * MIB + 1)).await;
    assert_eq!(answer.outcome(), (413, "sync_batch_too_large".to_owned()));
}

#[actix_web::test]
async fn a_large_request_and_a_first_sync_wait_for_their_turn_and_a_small_one_does_not() {
    let app = TestApp::new().await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let first = codec::encode(&phone.empty_request(), Encoding::Json).expect("JSON");
    phone.sync().await;
    let turns = u32::try_from(app.state.config.limits.concurrent_syncs).expect("a small number");
    let taken = Arc::clone(&app.state.syncs).acquire_many_owned(turns).await.expect("turns are given for ever");
    let mut large = pin!(post(&phone, "application/json", None, padded(&phone, 64 << 10)));
    let mut first = pin!(post(&phone, "application/json", None, first));
    // Without turns these two would be answered long before the last of the others.
    for _ in 0..20 {
        tokio::select! {
            biased;
            answer = &mut large => panic!("answered without a turn: {}", answer.status),
            answer = &mut first => panic!("answered without a turn: {}", answer.status),
            answer = post(&phone, "application/json", None, padded(&phone, 4 << 10)) => assert_eq!(answer.status, 200),
        }
    }
    drop(taken);
    assert_eq!((large.await.status, first.await.status), (200, 200));
}

#[actix_web::test]
async fn a_small_edit_waits_for_a_turn_only_where_much_is_stored_of_what_it_changes() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let [large, small] = [office.plan(&[YUNZE.rep()]).await.visit, office.plan(&[YUNZE.rep()]).await.visit];
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    let remark = "a".repeat(15 << 10);
    for step in 0..18 {
        let record = json!({"done": true, "at": phone.stamp(), "by": phone.device.member.id, "remark": remark});
        phone.put(large, Map::Ticks, &format!("step/{step}"), &record);
    }
    phone.tick(small, "kit_check/tools", true);
    phone.sync().await;
    let turns = u32::try_from(app.state.config.limits.concurrent_syncs).expect("a small number");
    let taken = Arc::clone(&app.state.syncs).acquire_many_owned(turns).await.expect("turns are given for ever");
    phone.tick(large, "kit_check/tools", true);
    let edit = codec::encode(&phone.request(), Encoding::Cbor).expect("CBOR");
    assert!(edit.len() < 4 << 10, "{} bytes", edit.len());
    let mut waits = pin!(post(&phone, CBOR, None, edit));
    for step in 0..20 {
        let mut other = phone.doc(small).clone();
        let record = json!({"done": true, "at": phone.stamp(), "by": phone.device.member.id});
        let edit = other.edit(Actor([0x55; 16]), |edit| edit.put(Map::Ticks, &format!("step/{step}"), &record));
        let request = phone.pushing(small, vec![edit.expect("an edit").expect("a change").chunk]);
        let body = codec::encode(&request, Encoding::Cbor).expect("CBOR");
        tokio::select! {
            biased;
            answer = &mut waits => panic!("answered without a turn: {}", answer.status),
            answer = post(&phone, CBOR, None, body) => assert_eq!(answer.status, 200),
        }
    }
    drop(taken);
    assert_eq!(waits.await.status, 200);
}

/// Text that compresses to roughly a tenth: neither a bomb nor too long as sent.
fn noisy(body: &mut [u8]) {
    let mut state = 1u32;
    for byte in body.iter_mut().filter(|byte| **byte == b'x').step_by(9) {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = b'a' + u8::try_from(state >> 24).expect("eight bits") % 16;
    }
}

#[actix_web::test]
async fn a_body_may_have_16_mib_inflated_and_twenty_times_what_was_sent() {
    let app = TestApp::new().await;
    let phone = app.phone_of(YUNZE.rep()).await;
    for (len, expected) in [(16 * MIB, (200, "")), (16 * MIB + 1, (413, "sync_batch_too_large"))] {
        let mut body = padded(&phone, len);
        noisy(&mut body[4096..]);
        let coded = zstd::bulk::compress(&body, 1).expect("zstd");
        assert!(coded.len() < 4 * MIB && coded.len() * 20 > len, "{} bytes", coded.len());
        let answer = post(&phone, "application/json", Some("zstd"), coded).await;
        assert_eq!(answer.outcome(), (expected.0, expected.1.to_owned()));
    }
    let bomb = zstd::bulk::compress(&padded(&phone, 8 * MIB), 19).expect("zstd");
    let answer = post(&phone, "application/json", Some("zstd"), bomb).await;
    assert_eq!(answer.outcome(), (413, "sync_batch_too_large".to_owned()));
}

/// The request with so many empty documents, changes, intents and statements.
fn counted(phone: &Phone<'_>, docs: usize, changes: usize, intents: usize, statements: usize) -> SyncRequest {
    let empty = |number: usize| {
        let mut id = [0; 16];
        id[8..].copy_from_slice(&u64::try_from(number).expect("small").to_be_bytes());
        PushDoc::asking(VisitId::from_bytes(id))
    };
    let mut docs: Vec<PushDoc> = (0..docs).map(empty).collect();
    if changes > 0 {
        docs.push(PushDoc { chunks: vec![Blob(vec![]); changes], ..empty(usize::MAX >> 1) });
    }
    let statement = PushStatement { body: Blob(vec![]), seal: String::new() };
    phone.sealed(SyncRequest {
        docs,
        intents: vec![Blob(vec![]); intents],
        statements: vec![statement; statements],
        ..phone.empty_request()
    })
}

#[actix_web::test]
async fn counts_are_limited_with_the_limit_in_the_problem() {
    let app = TestApp::new().await;
    let phone = app.phone_of(YUNZE.rep()).await;
    let full = counted(&phone, 4_999, 50_000, 0, 0);
    let answer = phone.exchange(&full).await;
    assert_eq!(answer.acks.len(), 5_000);
    assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::NotFound));
    let before = counts(&app).await;
    for (docs, changes, intents, statements, limit) in
        [(5_001, 0, 0, 0, 5_000), (0, 50_001, 0, 0, 50_000), (0, 0, 5_001, 0, 5_000), (0, 0, 0, 501, 500)]
    {
        let answer = phone.send(&counted(&phone, docs, changes, intents, statements)).await;
        assert_eq!(answer.status, 422, "{}", answer.text());
        assert_eq!(answer.json()["limit"], limit);
        assert_eq!(answer.json()["actual"], limit + 1);
    }
    let mut heads = phone.empty_request();
    let many: Vec<Hash> = (0..257u16).map(|number| Hash::of(&number.to_be_bytes())).collect();
    for doc in [
        PushDoc { base_heads: many.clone(), ..PushDoc::asking(VisitId(app.id())) },
        PushDoc { replays: many, ..PushDoc::asking(VisitId(app.id())) },
        PushDoc { actors: Some(vec![Actor([7; 16]); 257]), ..PushDoc::asking(VisitId(app.id())) },
    ] {
        heads.docs = vec![doc];
        assert_eq!(phone.send(&heads).await.json()["limit"], 256);
    }
    assert_eq!(counts(&app).await, before);
}

#[actix_web::test]
async fn bodies_that_are_no_requests_get_a_clear_problem_and_store_nothing() {
    let app = TestApp::new().await;
    let phone = app.phone_of(YUNZE.rep()).await;
    let before = counts(&app).await;
    let good = codec::encode(&phone.empty_request(), Encoding::Cbor).expect("CBOR");
    let deep_cbor = [vec![0x81; 100_000], vec![0x00]].concat();
    let deep_json = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    let twice = br#"{"protocol":1,"protocol":1}"#.to_vec();
    let indefinite = [vec![0xbf], vec![0xff]].concat();
    let claims_much = vec![0x9b, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff];
    let wrong_protocol =
        codec::encode(&SyncRequest { protocol: 2, ..phone.empty_request() }, Encoding::Cbor).expect("CBOR");
    for (what, content_type, coding, body, expected) in [
        ("cut CBOR", CBOR, None, good[..good.len() - 5].to_vec(), "body_invalid"),
        ("more behind it", CBOR, None, [good.clone(), vec![0]].concat(), "body_invalid"),
        ("deep CBOR", CBOR, None, deep_cbor, "body_invalid"),
        ("indefinite", CBOR, None, indefinite, "body_invalid"),
        ("claims 2^40 items", CBOR, None, claims_much, "body_invalid"),
        ("nothing", CBOR, None, vec![], "body_invalid"),
        ("another protocol", CBOR, None, wrong_protocol, "body_invalid"),
        ("deep JSON", "application/json", None, deep_json, "body_invalid"),
        ("twice a key", "application/json", None, twice, "body_invalid"),
        ("CBOR called JSON", "application/json", None, good.clone(), "body_invalid"),
        ("no gzip", CBOR, Some("gzip"), good.clone(), "content_encoding_invalid"),
        ("no zstd", CBOR, Some("zstd"), good.clone(), "content_encoding_invalid"),
        ("brotli", CBOR, Some("br"), good.clone(), "content_encoding_invalid"),
        ("text", "text/plain", None, good.clone(), "media_type_unsupported"),
    ] {
        let answer = post(&phone, content_type, coding, body).await;
        let (status, code) = answer.outcome();
        assert_eq!(code, expected, "{what}");
        assert!((400..500).contains(&status), "{what}: {status}");
    }
    assert_eq!(counts(&app).await, before);
    assert_eq!(post(&phone, CBOR, None, good).await.status, 200);
}

#[actix_web::test]
async fn what_a_phone_says_of_itself_never_keeps_back_what_it_brings() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.intend(super::helpers::day_note("captured"));
    let mut request: Value =
        serde_json::from_slice(&codec::encode(&phone.request(), Encoding::Json).expect("JSON")).expect("JSON");
    for odd in [json!({}), json!({"unsent": -1}), json!("fine"), json!([1, 2])] {
        request["device_state"] = odd.clone();
        let answer = post(&phone, "application/json", None, request.to_string().into_bytes()).await;
        assert_eq!(answer.status, 200, "{odd}: {}", answer.text());
        assert_eq!(answer.json()["acks"].as_array().map(Vec::len), Some(1), "{odd}");
    }
}

#[actix_web::test]
async fn whoever_has_no_phone_cannot_sync() {
    let app = TestApp::new().await;
    let phone = app.phone_of(YUNZE.rep()).await;
    let call = || Wire { encoding: Encoding::Cbor, coding: Coding::Identity }.call(&phone.empty_request());
    assert_eq!(app.anonymous().send(call()).await.status, 401);
    assert_eq!(app.signed_in(YUNZE.rep()).await.send(call()).await.outcome(), (403, "forbidden".to_owned()));
}
