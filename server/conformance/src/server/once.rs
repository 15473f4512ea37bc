//! The same request again: the same answer, no further effect.

use sync_core::protocol::codec::Encoding;
use sync_core::protocol::{Outcome, SyncRequest};

use super::{Bench, Check, ack_of, outcome_is};
use crate::device::Pad;
use crate::{Broken, Verdict, expect};

pub(super) const CHECKS: &[Check] = &[
    ("same_body_again", "the same body again is a duplicate and named by a receipt again", same_body_again),
    ("in_parallel", "the same body eight times at once has one effect", in_parallel),
    ("whole_again", "a whole document for one that is stored costs nothing", whole_again),
    ("intent_once", "an intent sent in two batches has one result", intent_once),
    ("causal", "a change with unknown dependencies is answered need_full and names them", causal),
    ("stale_cursor", "an old cursor brings the same news again", stale_cursor),
];

/// A push of a new visit, unsent.
fn unsent(bench: &Bench) -> Result<(sync_core::ids::VisitId, Pad, SyncRequest), Broken> {
    let (visit, intent) = bench.device.new_visit()?;
    let mut pad = Pad::new(visit)?;
    bench.device.measure(&mut pad, "1")?;
    let request = bench.device.pushing(vec![pad.whole()], vec![intent])?;
    Ok((visit, pad, request))
}

fn same_body_again(bench: &Bench) -> Verdict {
    let (visit, pad, request) = unsent(bench)?;
    outcome_is(&bench.device.sync(&request)?, visit, &[Outcome::Stored])?;
    let again = bench.device.sync(&request)?;
    outcome_is(&again, visit, &[Outcome::Duplicate])?;
    expect(ack_of(&again, visit)?.heads == pad.doc.heads(), || "the heads moved".to_owned())?;
    let receipts = bench.device.receipts(&again)?;
    expect(receipts.iter().any(|receipt| receipt.heads_of(&visit).is_some()), || {
        "the duplicate is named by no receipt, so the phone can never free it".to_owned()
    })
}

fn in_parallel(bench: &Bench) -> Verdict {
    const TIMES: usize = 8;
    let (visit, pad, request) = unsent(bench)?;
    let call = bench.device.call(&request, Encoding::Cbor)?;
    let wire = &bench.device.wire;
    let answers: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..TIMES).map(|_| scope.spawn(|| wire.send(&call))).collect();
        threads.into_iter().map(|thread| thread.join().map_err(|_panic| "a request panicked".to_owned())?).collect()
    });
    let mut stored = 0;
    for answer in answers {
        let answer = bench.device.read(&answer?, Encoding::Cbor)?;
        outcome_is(&answer, visit, &[Outcome::Stored, Outcome::Duplicate])?;
        stored += usize::from(ack_of(&answer, visit)?.outcome == Outcome::Stored);
    }
    expect(stored == 1, || format!("{stored} of {TIMES} were answered `stored`, expected 1"))?;
    expect(bench.heads_at_server(visit)? == pad.doc.heads(), || "the server holds other heads".to_owned())
}

fn whole_again(bench: &Bench) -> Verdict {
    let (visit, mut pad) = bench.pushed_visit()?;
    bench.device.measure(&mut pad, "2")?;
    let answer = bench.device.sync(&bench.device.pushing(vec![pad.whole()], Vec::new())?)?;
    outcome_is(&answer, visit, &[Outcome::NeedFull, Outcome::Stored])?;
    if ack_of(&answer, visit)?.outcome == Outcome::NeedFull {
        let base = ack_of(&answer, visit)?.heads.clone();
        let answer = bench.device.sync(&bench.device.pushing(vec![pad.since(&base)?], Vec::new())?)?;
        outcome_is(&answer, visit, &[Outcome::Stored])?;
    }
    expect(bench.heads_at_server(visit)? == pad.doc.heads(), || "the server holds other heads".to_owned())
}

fn intent_once(bench: &Bench) -> Verdict {
    let (_, intent) = bench.device.new_visit()?;
    let outcome = |outcome: Outcome| {
        let request = bench.device.pushing(Vec::new(), vec![intent.clone()])?;
        let answer = bench.device.sync(&request)?;
        let ack = answer.acks.first().ok_or("no ack for an intent")?;
        expect(ack.outcome == outcome, || format!("outcome {:?}, expected {outcome:?}", ack.outcome))
    };
    outcome(Outcome::Stored)?;
    outcome(Outcome::Duplicate)
}

fn causal(bench: &Bench) -> Verdict {
    let (visit, mut pad) = bench.pushed_visit()?;
    bench.device.measure(&mut pad, "2")?;
    let between = pad.doc.heads();
    bench.device.measure(&mut pad, "3")?;
    let gap = bench.device.pushing(vec![pad.since(&between)?], Vec::new())?;
    let answer = bench.device.sync(&gap)?;
    outcome_is(&answer, visit, &[Outcome::NeedFull])?;
    let ack = ack_of(&answer, visit)?;
    expect(ack.missing == between, || format!("missing {:?}, expected {between:?}", ack.missing))?;
    let receipts = bench.device.receipts(&answer)?;
    let claimed = receipts.iter().filter_map(|receipt| receipt.heads_of(&visit)).flatten();
    let heads = pad.doc.heads();
    expect(claimed.into_iter().all(|head| !heads.contains(head)), || "a receipt names what was not stored".to_owned())
}

fn stale_cursor(bench: &Bench) -> Verdict {
    let (visit, _) = bench.pushed_visit()?;
    let news = || -> Result<bool, Broken> {
        let (_, answers) = bench.device.pull(Some(bench.cursor.clone()))?;
        let named = |kind: &str, id: &str| {
            answers.iter().filter_map(|answer| answer.rows.get(kind)).flatten().any(|row| match row {
                sync_core::protocol::Row::Put { id: known, .. } => known == id,
                sync_core::protocol::Row::Gone { .. } => false,
            })
        };
        Ok(named("visit", &visit.to_string()))
    };
    expect(news()?, || "the new visit is not among the news".to_owned())?;
    expect(news()?, || "the same cursor did not bring the same news a second time".to_owned())
}
