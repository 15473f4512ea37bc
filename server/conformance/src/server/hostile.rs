//! What must not be believed: bad seals, damaged bytes, foreign names; and that good items beside them land.

use serde_json::Value;
use sync_core::bytes::Blob;
use sync_core::ids::VisitId;
use sync_core::protocol::codec::Encoding;
use sync_core::protocol::{Outcome, PushDoc, SyncRequest};

use super::{Bench, Check, ack_of, outcome_is};
use crate::device::{Pad, new_id};
use crate::wire::{Answer, Call};
use crate::{Broken, Verdict, expect};

pub(super) const CHECKS: &[Check] = &[
    ("no_seal", "content without seal is refused whole: 401 seal_invalid", no_seal),
    ("other_seal", "a seal over other content is refused whole: 401 seal_invalid", other_seal),
    ("truncated", "a truncated change is quarantined; the other documents of the request land", truncated),
    ("flipped_bit", "a change with a flipped bit is never merged", flipped_bit),
    ("other_author", "a record in another person's name is kept out, the code says why", other_author),
    ("other_genesis", "a document made for another visit is refused", other_genesis),
    ("absent_document", "an unknown document is answered not_found and nothing else", absent_document),
    ("unknown_words", "unknown events and fields are stored, not refused", unknown_words),
    ("garbage", "bodies, cursors and encodings that are no such thing are problems, never 5xx", garbage),
    ("limits", "a request with too many items names the limit and what it had", limits),
];

/// Fails unless an answer is problem+json with what a client needs.
pub(super) fn is_problem(answer: &Answer) -> Verdict {
    let problem = answer.json();
    let media_type = answer.headers.get("content-type").map(String::as_str).unwrap_or_default();
    expect(media_type.starts_with("application/problem+json"), || format!("content-type {media_type}"))?;
    for name in ["type", "title", "status", "code", "retry", "request_id"] {
        expect(problem.get(name).is_some_and(|value| !value.is_null()), || format!("the problem has no {name}"))?;
    }
    let status = problem.get("status").and_then(Value::as_u64);
    expect(status == Some(u64::from(answer.status)), || "status of problem and answer differ".to_owned())
}

fn seal_invalid(bench: &Bench, request: &SyncRequest, visit: VisitId) -> Verdict {
    let answer = bench.device.wire.send(&bench.device.call(request, Encoding::Cbor)?)?;
    expect(answer.status == 401, || answer.summary())?;
    is_problem(&answer)?;
    let code = answer.json().get("code").cloned().unwrap_or_default();
    expect(code == "seal_invalid", || format!("code {code}"))?;
    let probe = bench.device.sync(&asking(bench, visit)?)?;
    outcome_is(&probe, visit, &[Outcome::NotFound])
}

/// A request that asks for a document.
fn asking(bench: &Bench, visit: VisitId) -> Result<SyncRequest, Broken> {
    let item = PushDoc::asking(visit);
    Ok(SyncRequest { docs: vec![item], ..bench.device.empty(Some(bench.cursor.clone()))? })
}

fn fresh(bench: &Bench) -> Result<(VisitId, Pad, Vec<u8>), Broken> {
    let (visit, intent) = bench.device.new_visit()?;
    let mut pad = Pad::new(visit)?;
    bench.device.measure(&mut pad, "1")?;
    Ok((visit, pad, intent))
}

fn no_seal(bench: &Bench) -> Verdict {
    let (visit, pad, intent) = fresh(bench)?;
    let mut request = bench.device.pushing(vec![pad.whole()], vec![intent])?;
    request.seal = None;
    seal_invalid(bench, &request, visit)
}

fn other_seal(bench: &Bench) -> Verdict {
    let (visit, mut pad, intent) = fresh(bench)?;
    let sealed = bench.device.pushing(vec![pad.whole()], vec![intent])?;
    bench.device.measure(&mut pad, "2")?;
    let request = SyncRequest { docs: vec![pad.whole()], ..sealed };
    seal_invalid(bench, &request, visit)
}

fn truncated(bench: &Bench) -> Verdict {
    let (bad, mut pad) = bench.pushed_visit()?;
    let before = pad.doc.heads();
    bench.device.measure(&mut pad, "2")?;
    let mut damaged = pad.since(&before)?;
    for Blob(chunk) in &mut damaged.chunks {
        chunk.truncate(chunk.len().saturating_sub(7));
    }
    // What the cut bytes hold is unknown, so no head of theirs can be named.
    damaged.heads.clone_from(&before);
    let (good, good_pad, intent) = fresh(bench)?;
    let answer = bench.device.sync(&bench.device.pushing(vec![damaged, good_pad.whole()], vec![intent])?)?;
    outcome_is(&answer, good, &[Outcome::Stored])?;
    outcome_is(&answer, bad, &[Outcome::Quarantined, Outcome::NeedReplay])?;
    expect(ack_of(&answer, bad)?.code.is_some(), || "the ack gives no code".to_owned())?;
    let kept = bench.device.receipts(&answer)?.iter().any(|receipt| !receipt.quarantined.is_empty());
    expect(kept, || "no receipt names what is in quarantine".to_owned())?;
    expect(bench.heads_at_server(bad)? == before, || "the damaged document moved".to_owned())
}

fn flipped_bit(bench: &Bench) -> Verdict {
    let (visit, mut pad) = bench.pushed_visit()?;
    let before = pad.doc.heads();
    bench.device.measure(&mut pad, "2")?;
    let clean = pad.since(&before)?;
    let length = clean.chunks.first().map_or(0, |chunk| chunk.0.len());
    for at in (0..length).step_by(5) {
        let mut flipped = clean.clone();
        if let Some(byte) = flipped.chunks.first_mut().and_then(|chunk| chunk.0.get_mut(at)) {
            *byte ^= 0x10;
        }
        flipped.heads.clone_from(&before);
        let call = bench.device.call(&bench.device.pushing(vec![flipped], Vec::new())?, Encoding::Cbor)?;
        let answer = bench.device.wire.send(&call)?;
        expect(answer.status < 500, || format!("byte {at}: {}", answer.summary()))?;
    }
    expect(bench.heads_at_server(visit)? == before, || "damaged bytes were merged".to_owned())?;
    let answer = bench.device.sync(&bench.device.pushing(vec![clean], Vec::new())?)?;
    outcome_is(&answer, visit, &[Outcome::Stored])
}

fn other_author(bench: &Bench) -> Verdict {
    let (visit, mut pad) = bench.pushed_visit()?;
    let before = pad.doc.heads();
    bench.device.put(&mut pad, "2", &bench.device.stamp(), &new_id()?.to_string())?;
    let answer = bench.device.sync(&bench.device.pushing(vec![pad.since(&before)?], Vec::new())?)?;
    outcome_is(&answer, visit, &[Outcome::NeedReplay, Outcome::Quarantined])?;
    let ack = ack_of(&answer, visit)?;
    expect(ack.code.is_some() && ack.hash.is_some(), || "the ack names neither change nor code".to_owned())?;
    expect(ack.heads == before, || "the record was merged".to_owned())
}

fn other_genesis(bench: &Bench) -> Verdict {
    let (visit, _, intent) = fresh(bench)?;
    let mut other = Pad::new(VisitId(new_id()?))?;
    bench.device.measure(&mut other, "1")?;
    let claimed = PushDoc { id: visit, ..other.whole() };
    let answer = bench.device.sync(&bench.device.pushing(vec![claimed], vec![intent])?)?;
    outcome_is(&answer, visit, &[Outcome::Quarantined, Outcome::NeedReplay])
}

fn absent_document(bench: &Bench) -> Verdict {
    let visit = VisitId(new_id()?);
    let pad = Pad::new(visit)?;
    let answer = bench.device.sync(&bench.device.pushing(vec![pad.whole()], Vec::new())?)?;
    outcome_is(&answer, visit, &[Outcome::NotFound])?;
    let ack = ack_of(&answer, visit)?;
    expect(ack.heads.is_empty() && ack.code.is_none() && ack.reason.is_none(), || format!("it says more: {ack:?}"))
}

fn unknown_words(bench: &Bench) -> Verdict {
    let (visit, mut pad) = bench.pushed_visit()?;
    let before = pad.doc.heads();
    let (at, by) = (bench.device.stamp(), bench.device.user);
    let event = serde_json::json!({"event": "of_a_later_schema", "at": at, "by": by, "unknown_field": [1, "x"]});
    pad.write(sync_core::doc::Map::Timeline, &new_id()?.to_string(), &event)?;
    let later = serde_json::json!({"anything": true, "at": at, "by": by});
    pad.write(sync_core::doc::Map::More, &format!("later_kind/{}", new_id()?), &later)?;
    let answer = bench.device.sync(&bench.device.pushing(vec![pad.since(&before)?], Vec::new())?)?;
    outcome_is(&answer, visit, &[Outcome::Stored])?;
    expect(ack_of(&answer, visit)?.heads == pad.doc.heads(), || "not everything was stored".to_owned())
}

fn garbage(bench: &Bench) -> Verdict {
    let device = &bench.device;
    let post = |media_type: &str, body: &[u8]| {
        Call::new("POST", "/v1/sync").bearer(&device.token).body(media_type, body.to_vec())
    };
    let mut bad_cursor = device.empty(Some("no cursor at all".to_owned()))?;
    bad_cursor.max_bytes = 1 << 20;
    let calls = [
        post("application/cbor", &[]),
        post("application/cbor", &[0xff; 64]),
        post("application/cbor", &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        post("application/json", b"{\"protocol\": 1"),
        post("application/json", "[".repeat(10_000).as_bytes()),
        post("application/json", b"{\"protocol\": 1, \"protocol\": 1}"),
        post("text/plain", b"hello"),
        post("application/cbor", b"no zstd").header("content-encoding", "zstd"),
    ];
    for (index, call) in calls.iter().enumerate() {
        let answer = device.wire.send(call)?;
        expect((400..500).contains(&answer.status), || format!("body {index}: {}", answer.summary()))?;
        is_problem(&answer).map_err(|broken| format!("body {index}: {broken}"))?;
    }
    // A cursor is the server's own word: one it cannot read is answered from the beginning or refused.
    let answer = device.wire.send(&device.call(&bad_cursor, Encoding::Cbor)?)?;
    expect(answer.status < 500, || format!("a bad cursor: {}", answer.summary()))
}

fn limits(bench: &Bench) -> Verdict {
    const MANY: usize = 20_000;
    let item = PushDoc::asking(VisitId(new_id()?));
    let request = SyncRequest { docs: vec![item; MANY], ..bench.device.empty(None)? };
    let answer = bench.device.wire.send(&bench.device.call(&request, Encoding::Cbor)?)?;
    expect((400..500).contains(&answer.status), || answer.summary())?;
    is_problem(&answer)?;
    let problem = answer.json();
    let named = ["limit", "actual"].iter().all(|name| problem.get(name).is_some_and(|value| !value.is_null()));
    expect(named, || format!("limit and actual are not both named: {problem}"))
}
