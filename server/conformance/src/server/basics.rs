//! One device, one request at a time: what a good request is answered with.

use sync_core::bytes::Blob;
use sync_core::protocol::codec::Encoding;
use sync_core::protocol::{AckItem, DocForm, Outcome};

use super::{Bench, Check, ack_of, outcome_is};
use crate::device::Pad;
use crate::wire::Call;
use crate::{Verdict, expect};

pub(super) const CHECKS: &[Check] = &[
    ("enrol_again", "the enrolment with the same key and code is answered again", enrol_again),
    ("nothing_new", "nothing new is answered in at most 300 body bytes", nothing_new),
    ("server_time", "an answer carries the server's time and the epoch", server_time),
    ("push_is_held", "a held receipt names what was stored, and verifies", push_is_held),
    ("delta", "change chunks after the first push are stored", delta),
    ("encodings", "CBOR, JSON, gzip and zstd say the same", encodings),
    ("own_push_is_no_news", "a phone does not get back what it pushed", own_push_is_no_news),
    ("snapshot_on_demand", "a document item without chunks is answered with the document", snapshot_on_demand),
    ("evidence_keys", "the keys of receipts stand at /.well-known/evidence-keys.json", evidence_keys),
    ("no_token", "a sync without token is a problem with status 401", no_token),
];

fn enrol_again(bench: &Bench) -> Verdict {
    expect(bench.device.id == bench.first, || "a phone that asks again becomes a second device".to_owned())
}

fn nothing_new(bench: &Bench) -> Verdict {
    const MOST: usize = 300;
    // What other checks brought is fetched first.
    let (cursor, _) = bench.device.pull(Some(bench.cursor.clone()))?;
    let call = bench.device.call(&bench.device.empty(Some(cursor))?, Encoding::Cbor)?;
    let answer = bench.device.wire.send(&call)?;
    let news = bench.device.read(&answer, Encoding::Cbor)?;
    expect(news.docs.is_empty() && news.rows.is_empty() && !news.more, || "there was something new".to_owned())?;
    expect(answer.body.len() <= MOST, || format!("{} bytes, at most {MOST} are allowed", answer.body.len()))
}

fn server_time(bench: &Bench) -> Verdict {
    let ask = || bench.device.sync(&bench.device.empty(Some(bench.cursor.clone()))?);
    let (first, second) = (ask()?, ask()?);
    expect(first.server_time.is_plausible(), || format!("server_time {:?} is no clock's", first.server_time))?;
    expect(first.server_time <= second.server_time, || "the server's time went back".to_owned())?;
    expect(first.epoch == bench.device.epoch, || "the epoch changed without a restore".to_owned())
}

fn push_is_held(bench: &Bench) -> Verdict {
    let device = &bench.device;
    let (visit, intent) = device.new_visit()?;
    let mut pad = Pad::new(visit)?;
    device.measure(&mut pad, "1")?;
    let request = device.pushing(vec![pad.whole()], vec![intent])?;
    let answer = device.sync(&request)?;
    outcome_is(&answer, visit, &[Outcome::Stored])?;
    expect(ack_of(&answer, visit)?.heads == pad.doc.heads(), || "the ack names other heads".to_owned())?;
    let receipts = device.receipts(&answer)?;
    let named = receipts.iter().any(|receipt| receipt.heads_of(&visit) == Some(pad.doc.heads().as_slice()));
    expect(named, || "no held receipt names the document with its heads".to_owned())?;
    let intents = answer.acks.iter().filter_map(|ack| match ack.item {
        AckItem::Intent(id) => Some(id),
        _ => None,
    });
    for id in intents {
        expect(receipts.iter().any(|receipt| receipt.names_intent(&id)), || format!("no receipt names intent {id}"))?;
    }
    expect(receipts.iter().any(|receipt| receipt.batch_id == Some(request.batch_id)), || {
        "no receipt names the batch".to_owned()
    })
}

fn delta(bench: &Bench) -> Verdict {
    let (visit, mut pad) = bench.pushed_visit()?;
    let before = pad.doc.heads();
    bench.device.measure(&mut pad, "2")?;
    let answer = bench.device.sync(&bench.device.pushing(vec![pad.since(&before)?], Vec::new())?)?;
    outcome_is(&answer, visit, &[Outcome::Stored])?;
    expect(ack_of(&answer, visit)?.heads == pad.doc.heads(), || "the ack names other heads".to_owned())
}

fn encodings(bench: &Bench) -> Verdict {
    let device = &bench.device;
    let request = device.empty(None)?;
    let plain = device.read(&device.wire.send(&device.call(&request, Encoding::Cbor)?)?, Encoding::Cbor)?;
    for (encoding, coding) in [
        (Encoding::Json, None),
        (Encoding::Cbor, Some("gzip")),
        (Encoding::Cbor, Some("zstd")),
        (Encoding::Json, Some("zstd")),
    ] {
        let mut call = device.call(&request, encoding)?;
        if let Some(coding) = coding {
            call = call.header("accept-encoding", coding);
        }
        let answer = device.read(&device.wire.send(&call)?, encoding)?;
        let same = answer.rows == plain.rows && answer.docs.len() == plain.docs.len() && answer.more == plain.more;
        expect(same, || format!("{encoding:?} with {coding:?} brings other news than CBOR"))?;
    }
    Ok(())
}

fn own_push_is_no_news(bench: &Bench) -> Verdict {
    let device = &bench.device;
    let (visit, mut pad) = bench.pushed_visit()?;
    let (cursor, _) = device.pull(Some(bench.cursor.clone()))?;
    let before = pad.doc.heads();
    device.measure(&mut pad, "2")?;
    let request = device
        .sealed(sync_core::protocol::SyncRequest { docs: vec![pad.since(&before)?], ..device.empty(Some(cursor))? })?;
    let answer = device.sync(&request)?;
    outcome_is(&answer, visit, &[Outcome::Stored])?;
    let (_, after) = device.pull(Some(answer.cursor.clone()))?;
    let came_back = after
        .iter()
        .chain([&answer])
        .flat_map(|answer| &answer.docs)
        .any(|doc| doc.id == visit && doc.form == DocForm::Delta && !doc.bytes.0.is_empty());
    expect(!came_back, || "the device was sent its own changes".to_owned())
}

fn snapshot_on_demand(bench: &Bench) -> Verdict {
    let (visit, pad) = bench.pushed_visit()?;
    let (cursor, _) = bench.device.pull(Some(bench.cursor.clone()))?;
    let mut request = bench.device.empty(Some(cursor))?;
    let mut asked = pad.whole();
    asked.chunks = Vec::<Blob>::new();
    asked.heads = Vec::new();
    request.docs.push(asked);
    let answer = bench.device.sync(&request)?;
    let update = answer.docs.iter().find(|doc| doc.id == visit).ok_or("the answer brings no document")?;
    expect(update.form == DocForm::Snapshot, || format!("form {:?}, expected a snapshot", update.form))?;
    let loaded = sync_core::doc::VisitDoc::load(visit, &update.bytes.0).map_err(|error| error.to_string())?;
    expect(loaded.heads() == pad.doc.heads(), || "the snapshot has other heads than what was pushed".to_owned())
}

fn evidence_keys(bench: &Bench) -> Verdict {
    let answer = bench.device.wire.send(&Call::new("GET", "/.well-known/evidence-keys.json"))?;
    let listed = answer.json().get("keys").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    let kids: Vec<_> = listed.iter().filter_map(|key| key.get("x")).collect();
    let known = bench.device.evidence_keys().iter().all(|key| {
        let key = serde_json::to_value(key).unwrap_or_default();
        key.get("x").is_some_and(|x| kids.contains(&x))
    });
    expect(known && !kids.is_empty(), || format!("the keys given at enrolment are not listed: {}", answer.summary()))
}

fn no_token(bench: &Bench) -> Verdict {
    let mut call = bench.device.call(&bench.device.empty(None)?, Encoding::Cbor)?;
    call.headers.retain(|(name, _)| *name != "authorization");
    let answer = bench.device.wire.send(&call)?;
    expect(answer.status == 401, || answer.summary())?;
    super::hostile::is_problem(&answer)
}
