//! Devices that the office has stopped: what a suspended and a revoked one may still do, and what one is told that is to
//! wipe itself.

use serde_json::{Value, json};
use sync_core::ids::{DeviceId, VisitId};
use sync_core::order::{WipeOrder, verify_wipe_order};
use sync_core::protocol::codec::Encoding;
use sync_core::protocol::row::kind;
use sync_core::protocol::{AckItem, Outcome, PushDoc, Row, SyncRequest, SyncResponse};

use super::hostile::is_problem;
use super::{Bench, ack_of, outcome_is};
use crate::cli::ServerSideArgs;
use crate::device::{Device, Pad, read};
use crate::wire::{Answer, Call, Wire};
use crate::{Broken, Verdict, expect};

/// One check that needs the office.
type Check = (&'static str, &'static str, fn(&Bench, &Admin) -> Verdict);

pub(super) const CHECKS: &[Check] = &[
    ("device_suspended_reads_nothing", "a suspended device gets no news and no session", suspended_reads_nothing),
    ("device_suspended_is_marked", "what a suspended device brings is held, and marked", suspended_is_marked),
    ("device_reinstated", "a reinstated device reads again with the sign-in it had", reinstated),
    ("device_revoked_reads_nothing", "a revoked device gets no news and no session", revoked_reads_nothing),
    ("device_revoked_is_quarantined", "what a revoked device brings is quarantined whole", revoked_is_quarantined),
    ("device_wipe_ordered", "a device is told to wipe itself, and the office learns that it did", wipe_ordered),
];

/// The code under which all that a revoked device brings lies in quarantine.
const REVOKED: &str = "device_revoked";

/// An administrator of the organisation.
pub(super) struct Admin {
    wire: Wire,
    token: String,
}

impl Admin {
    /// Signs in; `None` where nobody was named.
    pub(super) fn sign_in(args: &ServerSideArgs) -> Result<Option<Self>, Broken> {
        let (Some(login), Some(password)) = (&args.admin, &args.admin_password) else { return Ok(None) };
        let wire = Wire::new(&args.server.server);
        let body = json!({"organisation": args.server.organisation, "login": login, "password": password});
        let answer = wire.send(&Call::new("POST", "/v1/auth/login").json(&body))?;
        if answer.status != 200 {
            return Err(format!("the administrator cannot sign in: {}", answer.summary()));
        }
        Ok(Some(Self { token: read(&answer.json(), "access_token")?, wire }))
    }

    /// Changes what a device may do: `suspend`, `reinstate` or `revoke`; or has it `wipe` itself.
    fn change(&self, device: DeviceId, verb: &str) -> Verdict {
        let call = Call::new("POST", format!("/v1/devices/{device}/{verb}")).bearer(&self.token);
        // Only an order to wipe could say more than its path.
        let call = if verb == "wipe" { call.json(&json!({})) } else { call };
        let answer = self.wire.send(&call)?;
        expect((200..300).contains(&answer.status), || format!("{verb}: {}", answer.summary()))
    }

    /// A list of what the office knows of a device.
    fn list(&self, device: DeviceId, name: &str) -> Result<Vec<Value>, Broken> {
        let answer = self.wire.send(&Call::new("GET", format!("/v1/devices/{device}")).bearer(&self.token))?;
        let list = answer.json().get(name).and_then(Value::as_array).cloned();
        list.ok_or_else(|| format!("the device has no list of {name}: {}", answer.summary()))
    }

    /// Whether something that a device brought is marked.
    fn has_mark(&self, device: DeviceId, item: &str) -> Result<bool, Broken> {
        let marks = self.list(device, "marks")?;
        Ok(marks.iter().any(|mark| mark.get("item").and_then(Value::as_str) == Some(item)))
    }
}

/// Asks for the next session of a device.
fn refresh(device: &Device) -> Result<Answer, Broken> {
    let body = json!({"refresh_token": device.refresh, "assertion": device.assertion("refresh")?});
    device.wire.send(&Call::new("POST", "/v1/auth/refresh").json(&body))
}

/// Gives a device a token that only uploads: captured work is never stranded.
fn use_upload_token(device: &mut Device) -> Verdict {
    let body = json!({"org_id": device.org, "assertion": device.assertion("upload")?});
    let answer = device.wire.send(&Call::new("POST", "/v1/auth/upload-tokens").json(&body))?;
    expect(matches!(answer.status, 200 | 201), || format!("no token to upload with: {}", answer.summary()))?;
    device.token = read(&answer.json(), "access_token")?;
    Ok(())
}

/// One more device of the rep, stopped by the office.
fn stopped(bench: &Bench, admin: &Admin, verb: &str) -> Result<Device, Broken> {
    let device = bench.device.another(&bench.args)?;
    admin.change(device.id, verb)?;
    Ok(device)
}

/// Neither its sign-in nor a token that only uploads brings a device any news, and it gets no other session.
fn reads_nothing(bench: &Bench, mut device: Device) -> Verdict {
    let is_refused = |what: &str, answer: &Answer| {
        expect(matches!(answer.status, 401 | 403), || format!("{what}: {}", answer.summary()))?;
        is_problem(answer)
    };
    let (visit, _) = bench.pushed_visit()?;
    let asked = PushDoc::asking(visit);
    let request = SyncRequest { docs: vec![asked], ..device.empty(None)? };
    is_refused("its token still syncs", &device.wire.send(&device.call(&request, Encoding::Cbor)?)?)?;
    is_refused("it gets a new session", &refresh(&device)?)?;
    use_upload_token(&mut device)?;
    let answer = device.sync(&request)?;
    expect(answer.docs.is_empty() && answer.rows.is_empty(), || "a token that only uploads reads".to_owned())
}

/// What a device that has only an upload token brings, with the answer to it.
fn brought(device: &mut Device) -> Result<(VisitId, Pad, SyncResponse), Broken> {
    use_upload_token(device)?;
    let (visit, intent) = device.new_visit()?;
    let mut pad = Pad::new(visit)?;
    device.measure(&mut pad, "1")?;
    let answer = device.sync(&device.pushing(vec![pad.whole()], vec![intent])?)?;
    Ok((visit, pad, answer))
}

fn suspended_reads_nothing(bench: &Bench, admin: &Admin) -> Verdict {
    reads_nothing(bench, stopped(bench, admin, "suspend")?)
}

fn suspended_is_marked(bench: &Bench, admin: &Admin) -> Verdict {
    let mut device = stopped(bench, admin, "suspend")?;
    let (visit, pad, answer) = brought(&mut device)?;
    outcome_is(&answer, visit, &[Outcome::Stored])?;
    let is_held = device.receipts(&answer)?.iter().any(|one| one.heads_of(&visit) == Some(pad.doc.heads().as_slice()));
    expect(is_held, || "no held receipt names the document with its heads".to_owned())?;
    expect(admin.has_mark(device.id, &visit.to_string())?, || "the office finds no mark on the document".to_owned())
}

fn reinstated(bench: &Bench, admin: &Admin) -> Verdict {
    let mut device = stopped(bench, admin, "suspend")?;
    admin.change(device.id, "reinstate")?;
    let answer = refresh(&device)?;
    expect(answer.status == 200, || format!("its sign-in is gone: {}", answer.summary()))?;
    device.token = read(&answer.json(), "access_token")?;
    let answer = device.sync(&device.empty(None)?)?;
    expect(!answer.rows.is_empty(), || "it is told nothing".to_owned())
}

fn revoked_reads_nothing(bench: &Bench, admin: &Admin) -> Verdict {
    reads_nothing(bench, stopped(bench, admin, "revoke")?)
}

fn revoked_is_quarantined(bench: &Bench, admin: &Admin) -> Verdict {
    let mut device = stopped(bench, admin, "revoke")?;
    let (visit, _, answer) = brought(&mut device)?;
    outcome_is(&answer, visit, &[Outcome::Quarantined])?;
    let is_told =
        |item: &AckItem| answer.acks.iter().any(|ack| ack.item == *item && ack.code.as_deref() == Some(REVOKED));
    expect(answer.acks.iter().all(|ack| is_told(&ack.item)), || {
        format!("not all of it is {REVOKED}: {:?}", answer.acks)
    })?;
    let marked: usize = device.receipts(&answer)?.iter().map(|receipt| receipt.quarantined.len()).sum();
    expect(marked == answer.acks.len(), || format!("{marked} items are receipted as quarantined"))?;
    expect(ack_of(&answer, visit)?.heads.is_empty(), || "the document has heads".to_owned())?;
    expect(bench.heads_at_server(visit)?.is_empty(), || "the document is shown to other devices".to_owned())
}

/// The order that an answer brings a device, verified as a device does before it obeys.
fn told_order(device: &Device) -> Result<WipeOrder, Broken> {
    let answer = device.sync(&device.empty(None)?)?;
    let row = answer.rows.get(kind::ORDER).into_iter().flatten().next();
    let Some(Row::Put { body, .. }) = row else { return Err("the answer brings no order".to_owned()) };
    let order = verify_wipe_order(&read::<String>(body, "jws")?, device.evidence_keys(), device.org, device.id);
    order.map_err(|error| format!("the order does not verify: {error}"))
}

fn wipe_ordered(bench: &Bench, admin: &Admin) -> Verdict {
    let mut device = bench.device.another(&bench.args)?;
    admin.change(device.id, "wipe")?;
    let order = told_order(&device)?;
    use_upload_token(&mut device)?;
    expect(told_order(&device)? == order, || "a token that only uploads is told of another order".to_owned())?;
    // It has nothing left but its word: no token, only the signature of its key.
    let receipt = device.wiped(&order)?;
    let body = json!({"org_id": device.org, "receipt": receipt});
    let answer = device.wire.send(&Call::new("POST", "/v1/devices/wipe-receipts").json(&body))?;
    expect((200..300).contains(&answer.status), || format!("the receipt is not taken: {}", answer.summary()))?;
    let is_known = |order: &Value| order.get("receipt").and_then(Value::as_str) == Some(receipt.as_str());
    expect(admin.list(device.id, "orders")?.iter().any(is_known), || "the office has no receipt of it".to_owned())
}
