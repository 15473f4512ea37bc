//! Photos and other blobs: named by their content, durable before they are receipted.

use serde_json::{Value, json};
use sync_core::bytes::Hash;
use sync_core::doc::Map;
use sync_core::protocol::Outcome;
use sync_core::receipt::verify_held;

use super::hostile::is_problem;
use super::{Bench, Check, outcome_is};
use crate::device::{Device, new_id, random};
use crate::wire::Call;
use crate::{Broken, Verdict, expect};

pub(super) const CHECKS: &[Check] = &[
    ("blob_receipt", "a blob is answered with a held receipt that names it, also the second time", blob_receipt),
    ("blob_of_other_name", "bytes under another hash are refused and not kept", blob_of_other_name),
    ("wants", "the server asks for a declared blob until it has it", wants),
    ("blob_cut", "an upload that breaks off is no blob", blob_cut),
];

fn put(device: &Device, name: Hash, bytes: &[u8]) -> Call {
    let call = Call::new("PUT", format!("/v1/blobs/{name}")).bearer(&device.token);
    call.body("application/octet-stream", bytes.to_vec())
}

/// Bytes that no other run has.
fn bytes() -> Result<Vec<u8>, Broken> {
    Ok(random::<512>()?.to_vec())
}

/// Uploads a blob and verifies its receipt.
fn upload(device: &Device, bytes: &[u8]) -> Verdict {
    upload_after(device, bytes, 0)
}

/// As [`upload`], after so many requests that broke off: a server may hear of one after what was sent since, and then tells
/// the later one to come again.
fn upload_after(device: &Device, bytes: &[u8], cuts: usize) -> Verdict {
    let name = Hash::of(bytes);
    let mut answer = device.wire.send(&put(device, name, bytes))?;
    for _ in 0..cuts {
        if answer.status == 423 && answer.json().get("code").is_some_and(|code| code == "upload_locked") {
            answer = device.wire.send(&put(device, name, bytes))?;
        }
    }
    expect(matches!(answer.status, 200 | 201), || answer.summary())?;
    let receipt = answer.json().get("receipt").and_then(Value::as_str).unwrap_or_default().to_owned();
    let verified = verify_held(&receipt, device.evidence_keys(), device.org, device.id);
    let verified = verified.map_err(|error| format!("the receipt does not verify: {error}"))?;
    expect(verified.receipt().names_blob(&name), || "the receipt does not name the blob".to_owned())
}

fn blob_receipt(bench: &Bench) -> Verdict {
    let bytes = bytes()?;
    upload(&bench.device, &bytes)?;
    upload(&bench.device, &bytes)
}

fn blob_of_other_name(bench: &Bench) -> Verdict {
    let answer = bench.device.wire.send(&put(&bench.device, Hash::of(b"another"), &bytes()?))?;
    expect((400..500).contains(&answer.status), || answer.summary())?;
    is_problem(&answer)
}

fn wants(bench: &Bench) -> Verdict {
    let device = &bench.device;
    let (visit, mut pad) = bench.pushed_visit()?;
    let photo = bytes()?;
    let name = Hash::of(&photo);
    let mut declare = || {
        let before = pad.doc.heads();
        let record = json!({"slot": "conformance", "sha256": name, "bytes": photo.len(), "media_type": "image/jpeg",
            "taken_at": device.stamp(), "source": "camera", "by": device.user});
        pad.write(Map::Photos, &new_id()?.to_string(), &record)?;
        let answer = device.sync(&device.pushing(vec![pad.since(&before)?], Vec::new())?)?;
        outcome_is(&answer, visit, &[Outcome::Stored])?;
        Ok::<_, Broken>(answer.wants.contains(&name))
    };
    expect(declare()?, || "the declared blob is not wanted".to_owned())?;
    upload(device, &photo)?;
    expect(!declare()?, || "the blob is still wanted after it was receipted".to_owned())
}

fn blob_cut(bench: &Bench) -> Verdict {
    let bytes = bytes()?;
    let call = put(&bench.device, Hash::of(&bytes), &bytes);
    let cuts = [0, bytes.len() / 2, bytes.len().saturating_sub(1)];
    for sent in cuts {
        bench.device.wire.cut(&call, sent)?;
    }
    upload_after(&bench.device, &bytes, cuts.len())
}
