//! Signing what is durable.

use sync_core::jws;
use sync_core::receipt::HeldReceipt;

use crate::app::{AppError, AppResult, AppState};

/// Signs a held receipt with the evidence key in force.
///
/// # Errors
/// A defect if the receipt cannot be written.
pub fn sign_held(state: &AppState, receipt: &HeldReceipt) -> AppResult<String> {
    let keys = state.keys();
    let key = keys.evidence_signer();
    let input = receipt.prepare(&key.kid).map_err(|error| AppError::Internal(error.to_string()))?;
    Ok(jws::finish(&input, &key.sign(input.as_bytes())))
}
