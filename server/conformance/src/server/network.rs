//! The network ends: requests that break off, answers nobody reads, clocks that are wrong.

use sync_core::protocol::codec::Encoding;
use sync_core::protocol::{DeviceState, Outcome, SyncRequest};

use super::{Bench, Check, ack_of, outcome_is};
use crate::device::{Pad, stamp_at};
use crate::{Verdict, expect};

pub(super) const CHECKS: &[Check] = &[
    ("cut_request", "a request that breaks off has no effect; the whole one is stored", cut_request),
    ("dropped_answer", "after a lost answer the same body is a duplicate with receipt", dropped_answer),
    ("clock_jumps", "records of any clock are stored, 1970 and 2126 alike", clock_jumps),
    ("clock_state", "a phone may tell any clock, any number and no state at all", clock_state),
];

fn cut_request(bench: &Bench) -> Verdict {
    let (visit, intent) = bench.device.new_visit()?;
    let mut pad = Pad::new(visit)?;
    bench.device.measure(&mut pad, "1")?;
    let request = bench.device.pushing(vec![pad.whole()], vec![intent])?;
    let call = bench.device.call(&request, Encoding::Cbor)?;
    let length = call.body.len();
    for bytes in [0, 1, length / 4, length / 2, length.saturating_sub(1)] {
        bench.device.wire.cut(&call, bytes)?;
        let heads = bench.heads_at_server(visit)?;
        expect(heads.is_empty(), || format!("cut after {bytes} of {length} bytes, and yet something was stored"))?;
    }
    let answer = bench.device.read(&bench.device.wire.send(&call)?, Encoding::Cbor)?;
    outcome_is(&answer, visit, &[Outcome::Stored])
}

fn dropped_answer(bench: &Bench) -> Verdict {
    let (visit, intent) = bench.device.new_visit()?;
    let mut pad = Pad::new(visit)?;
    bench.device.measure(&mut pad, "1")?;
    let request = bench.device.pushing(vec![pad.whole()], vec![intent])?;
    let call = bench.device.call(&request, Encoding::Cbor)?;
    bench.device.wire.drop_answer(&call)?;
    let answer = bench.device.read(&bench.device.wire.send(&call)?, Encoding::Cbor)?;
    outcome_is(&answer, visit, &[Outcome::Duplicate])?;
    let receipts = bench.device.receipts(&answer)?;
    expect(receipts.iter().any(|receipt| receipt.heads_of(&visit).is_some()), || {
        "the receipt was lost with the answer and does not come again".to_owned()
    })
}

fn clock_jumps(bench: &Bench) -> Verdict {
    const YEAR_2126_MS: i64 = 4_922_899_200_000;
    let (visit, mut pad) = bench.pushed_visit()?;
    for wall in [0, 1, YEAR_2126_MS, 1_000_000_000_000] {
        let before = pad.doc.heads();
        bench.device.put(&mut pad, &wall.to_string(), &stamp_at(wall), &bench.device.user.to_string())?;
        let answer = bench.device.sync(&bench.device.pushing(vec![pad.since(&before)?], Vec::new())?)?;
        outcome_is(&answer, visit, &[Outcome::Stored]).map_err(|broken| format!("clock {wall}: {broken}"))?;
        expect(ack_of(&answer, visit)?.heads == pad.doc.heads(), || format!("clock {wall}: other heads"))?;
    }
    Ok(())
}

fn clock_state(bench: &Bench) -> Verdict {
    for wall in [0, 4_922_899_200_000] {
        let state = DeviceState {
            unsent: u64::from(u32::MAX),
            oldest_unsent_at: Some(sync_core::time::UnixMillis(wall)),
            free_bytes: Some(0),
            clock: stamp_at(wall),
            unsent_visits: None,
        };
        let request = SyncRequest { device_state: Some(state), ..bench.device.empty(Some(bench.cursor.clone()))? };
        bench.device.sync(&request).map_err(|broken| format!("clock {wall}: {broken}"))?;
    }
    Ok(())
}
