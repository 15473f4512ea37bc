//! Orders of the office: believed only with a signature of the server that names this phone.

use std::borrow::Cow;

use serde_json::Value;
use sync_core::jws::JwsError;
use sync_core::order::{OrderError, WipeOrder, verify_wipe_order};
use sync_core::protocol::row::kind;

use super::{Report, receipts, uploads};
use crate::client::Transport;
use crate::commands::Phone;
use crate::commands::status::Outstanding;
use crate::error::PhoneResult;
use crate::output::Output;
use crate::wipe::Tombstone;

/// Whether the last answer held an order that bids to go at once, genuine or not: then no further round is begun.
pub(super) fn is_urgent(phone: &Phone) -> PhoneResult<bool> {
    let rows = phone.store.read(|tx| tx.rows(kind::ORDER))?;
    let says_now = |jws: &str| {
        let payload = sync_core::jws::parse(jws).ok().map(|parsed| parsed.payload).unwrap_or_default();
        serde_json::from_slice::<Value>(&payload).is_ok_and(|order| order.get("wipe_now") == Some(&Value::Bool(true)))
    };
    Ok(rows.iter().any(|(_, row)| row.body.get("jws").and_then(Value::as_str).is_some_and(says_now)))
}

/// The order of the last answer, verified; what is no genuine order is named as a problem and obeyed never.
pub(super) fn ordered(
    phone: &Phone,
    transport: &mut dyn Transport,
    report: &mut Report,
) -> PhoneResult<Option<WipeOrder>> {
    let rows = phone.store.read(|tx| tx.rows(kind::ORDER))?;
    let mut found = None;
    for (id, row) in rows {
        let jws = row.body.get("jws").and_then(Value::as_str).map_or(Cow::Borrowed(""), |jws| jws.to_owned().into());
        match verify(phone, transport, &jws)? {
            Ok(order) => found = Some(order),
            Err(error) => {
                let problem = format!("order {id} is not obeyed: {error}");
                if !report.problems.contains(&problem) {
                    report.problems.push(problem);
                }
            }
        }
    }
    Ok(found)
}

fn verify(phone: &Phone, transport: &mut dyn Transport, jws: &str) -> PhoneResult<Result<WipeOrder, OrderError>> {
    let mut enrolment = phone.store.read(|tx| tx.enrolment())?;
    let keys = receipts::evidence_keys(&enrolment);
    let result = verify_wipe_order(jws, &keys, enrolment.org, enrolment.device);
    if !matches!(result, Err(OrderError::Jws(JwsError::UnknownKey))) {
        return Ok(result);
    }
    let keys = receipts::fetch_keys(phone, transport, &mut enrolment)?;
    Ok(verify_wipe_order(jws, &keys, enrolment.org, enrolment.device))
}

/// Obeys: the signed receipt is durable first, then everything else goes, then the office is told.
///
/// Nothing, if the order waits for what is unsent and can go, and something is by now: a command may have captured it while keys
/// were fetched, so what is unsent is counted in the same turn of the store that erases. So are bytes that the record
/// gave up and that are here all the same; the next sync brings them.
pub(super) fn obey(phone: &Phone, transport: &mut dyn Transport, order: &WipeOrder) -> PhoneResult<Option<Output>> {
    let (dir, now) = (phone.store.dir(), phone.clock.now()?);
    let wiped = phone.store.erase_if(|tx| {
        let outstanding = Outstanding::of(tx)?;
        if !order.wipe_now && (outstanding.to_go() > 0 || uploads::has_lost(&phone.store, tx)?) {
            return Ok(None);
        }
        let unsent = outstanding.total();
        let tombstone = Tombstone::sign(&tx.enrolment()?, order, u64::try_from(unsent).unwrap_or(u64::MAX), now)?;
        tombstone.keep(dir)?;
        Ok(Some(tombstone))
    })?;
    wiped.map(|tombstone| tombstone.deliver(dir, transport)).transpose()
}
