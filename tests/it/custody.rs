//! What the server promises about what it was given: receipts, backup and restore, verification.

mod epoch;
mod freed;
mod keys;
mod not_stored;
mod numbers;
mod receipts;
#[cfg(unix)]
mod restore;
#[cfg(target_os = "linux")]
mod restore_kills;
mod restore_logs;
#[cfg(target_os = "linux")]
mod restore_programs;
mod tables;
mod verify;
#[cfg(unix)]
mod writers;

use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::doc::Map;
use sync_core::ids::VisitId;

/// A visit that was carried out offline and handed in with a signed form; nothing of it is sent.
pub(crate) struct Handed {
    pub(crate) visit: VisitId,
    pub(crate) photos: Vec<(String, Vec<u8>)>,
    /// Openings and inks of the form.
    pub(crate) parts: Vec<Vec<u8>>,
}

/// Carries out one more visit of the phone's rep.
pub(crate) async fn hand_in(app: &TestApp, phone: &mut Phone<'_>) -> Handed {
    let visit = app.office_again(YUNZE).plan(&[YUNZE.rep(), YUNZE.colleague()]).await.visit;
    phone.sync().await;
    phone.come_to_the_door(visit);
    phone.measure(visit, "optical_power", "-18.30", "dBm");
    phone.answer(visit, "rating", &json!(9));
    let mut photos = Vec::new();
    let (at, by) = (phone.stamp(), phone.device.member.id);
    for slot in ["ont_front", "outdoor_route"] {
        let bytes = format!("{slot} of {visit}").into_bytes();
        let record = json!({"slot": slot, "sha256": Hash::of(&bytes), "bytes": bytes.len(),
            "media_type": "image/jpeg", "taken_at": at, "source": "camera", "by": by});
        photos.push((phone.add(visit, Map::Photos, &record), bytes));
    }
    let material = json!({"sku": "ONT-GPON", "quantity": "1", "unit": "count", "serial": "ONT-1", "source": "scan",
        "at": at, "by": by});
    phone.add(visit, Map::Materials, &material);
    let form = phone.sign_form(visit);
    let digest = form.statement.digest().to_string();
    phone.put(visit, Map::Statements, &digest, &json!({"kind": "construction_confirmation", "at": at, "by": by}));
    let outcome = json!({"code": "resource_missing", "reason": "no free port", "at": at, "by": by});
    phone.add(visit, Map::Outcomes, &outcome);
    phone.event(visit, "end_without_work");
    phone.statements.push(form.statement);
    Handed { visit, photos, parts: form.blobs }
}

pub(crate) async fn upload(phone: &Phone<'_>, bytes: &[u8]) {
    let call = Call::new("PUT", format!("/v1/blobs/{}", Hash::of(bytes))).bytes("application/octet-stream", bytes);
    phone.device.client().send(call).await.expect(200);
}

fn receipt_path(visit: VisitId) -> String {
    format!("/v1/visits/{visit}/receipt")
}
