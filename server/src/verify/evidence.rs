//! Statements and complete receipts: every signature, and that the columns are those of the signed bytes.

use doorstep_store::blobs::{Claim, ClaimSource, find_blob};
use doorstep_store::evidence::StatementRow;
use doorstep_store::receipts::CompleteReceiptRow;
use doorstep_store::{Conn, checks, devices};
use sync_core::ids::{DeviceId, OrgId};
use sync_core::jws::{Ed25519PublicKey, P256PublicKey};
use sync_core::receipt::verify_complete;
use sync_core::statement::verify::verify as verify_statement;

use super::{PAGE, Report, Verifier};
use crate::app::AppResult;

/// Verifies what was signed for an organisation.
pub(super) async fn verify(
    verifier: &Verifier,
    org: OrgId,
    keys: &[Ed25519PublicKey],
    report: &mut Report,
    progress: &dyn Fn(&str),
) -> AppResult<()> {
    statements(verifier, org, report).await?;
    progress(&format!("{org}: {} statements", report.counts.get("statements").copied().unwrap_or(0)));
    receipts(verifier, org, keys, report).await
}

async fn statements(verifier: &Verifier, org: OrgId, report: &mut Report) -> AppResult<()> {
    let read = move |conn: &mut Conn, after: &String, page: &mut Report| {
        let rows = checks::list_statements_after(conn, org, after, PAGE)?;
        for row in &rows {
            page.count("statements");
            if let Some(what) = fault_of_statement(conn, org, row)? {
                page.differs(org, "statements", row.digest, what);
            }
        }
        Ok(rows.last().map(|row| row.digest.to_string()))
    };
    verifier.pages(report, read, |_| {}).await
}

/// What is wrong with a stored statement.
fn fault_of_statement(conn: &mut Conn, org: OrgId, row: &StatementRow) -> AppResult<Option<String>> {
    let Some(key) = key_of(conn, org, row.device_id.0)? else {
        return Ok(Some("it is of a device nobody knows".to_owned()));
    };
    let verified = match verify_statement(&row.body, &row.seal, &key) {
        Ok(verified) => verified,
        Err(error) => return Ok(Some(format!("it does not verify: {}", error.code()))),
    };
    let body = verified.body();
    // A phone that was enrolled anew after a restore sealed under a name that these data do not know.
    let is_named = body.device == row.device_id.0 || devices::find_device(conn, org, body.device)?.is_none();
    if verified.digest() != row.digest.0 || body.visit != row.visit_id.0 || !is_named {
        return Ok(Some("its columns are not those of the signed bytes".to_owned()));
    }
    let claimed = checks::list_claims(conn, org, row.visit_id.0, ClaimSource::Statement)?;
    let named = checks::list_named_statements(conn, org, row.visit_id.0)?;
    // What only held out work names is claimed, and not waited for.
    let is_claimed = |sha256| {
        let claim = |is_required| claimed.contains(&Claim { sha256, is_required });
        claim(true) || claim(false) && !named.contains(&row.digest.0)
    };
    let what = "its openings and inks are not claimed";
    Ok((!verified.blobs().into_iter().all(is_claimed)).then(|| what.to_owned()))
}

/// The key of a device.
pub(super) fn key_of(conn: &mut Conn, org: OrgId, device: DeviceId) -> AppResult<Option<P256PublicKey>> {
    let device = devices::find_device(conn, org, device)?;
    Ok(device.and_then(|device| P256PublicKey::from_sec1(&device.public_key).ok()))
}

async fn receipts(verifier: &Verifier, org: OrgId, keys: &[Ed25519PublicKey], report: &mut Report) -> AppResult<()> {
    let keys = keys.to_vec();
    let read = move |conn: &mut Conn, after: &(String, i64), page: &mut Report| {
        let rows = checks::list_receipts_after(conn, org, (&after.0, after.1), PAGE)?;
        for row in &rows {
            page.count("receipts");
            if let Some(what) = fault_of_receipt(conn, org, &keys, row)? {
                page.differs(org, "complete_receipts", format!("{}/{}", row.visit_id, row.number), what);
            }
        }
        Ok(rows.last().map(|row| (row.visit_id.to_string(), row.number)))
    };
    verifier.pages(report, read, |_| {}).await
}

/// What is wrong with a receipt: its signature, or that something it names is not here.
fn fault_of_receipt(
    conn: &mut Conn,
    org: OrgId,
    keys: &[Ed25519PublicKey],
    row: &CompleteReceiptRow,
) -> AppResult<Option<String>> {
    let receipt = match verify_complete(&row.jws, keys, org, row.visit_id.0) {
        Ok(receipt) => receipt,
        Err(error) => return Ok(Some(error.to_string())),
    };
    for blob in &receipt.blobs {
        if find_blob(conn, org, *blob)?.is_none() {
            return Ok(Some(format!("it names blob {blob}, which is not here")));
        }
    }
    for digest in &receipt.statements {
        if doorstep_store::evidence::find_statement(conn, org, *digest)?.is_none() {
            return Ok(Some(format!("it names statement {digest}, which is not here")));
        }
    }
    Ok(None)
}
