//! One pushed statement: its seal, its owner, its blobs.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_store::blobs::{self, Claim, ClaimSource};
use doorstep_store::checks::list_named_statements;
use doorstep_store::devices::{self, DeviceRow};
use doorstep_store::evidence::{self, QuarantineRow, StatementRow};
use doorstep_store::{Conn, Txt, device_orders};
use sync_core::bytes::Hash;
use sync_core::ids::{DeviceId, VisitId};
use sync_core::jws::P256PublicKey;
use sync_core::plan::LateReason;
use sync_core::protocol::{Ack, AckItem, Outcome, PushStatement};
use sync_core::statement::verify::{StatementError, VerifiedStatement, verify};

use super::Round;
use super::access::{Access, Standing};
use crate::app::{AppResult, archive};

/// A pushed statement, judged.
#[derive(Debug)]
pub(super) enum JudgedStatement {
    /// Sealed, owned and new.
    New { row: Box<StatementRow>, blobs: Vec<Hash>, access: Access },
    /// The digest is stored already.
    Duplicate { row: Box<StatementRow> },
    /// Kept byte for byte in quarantine.
    Refused { digest: Hash, code: String, bytes: Vec<u8> },
    /// The visit does not exist for this rep.
    NotFound { digest: Hash },
}

/// Judges one pushed statement.
pub(super) fn judge(
    conn: &mut Conn,
    round: &Round,
    pushed: &PushStatement,
    created: &BTreeSet<VisitId>,
) -> AppResult<JudgedStatement> {
    let (org, digest) = (round.ctx.actor.org, pushed.digest());
    let refused = |code| JudgedStatement::refused(pushed, code);
    if round.is_revoked() {
        return Ok(refused("device_revoked"));
    }
    let (sealer, name) = device_of(conn, round, pushed)?;
    let verified = match verify_as_of(round, pushed, &sealer, name) {
        Ok(verified) => verified,
        Err(error) => return Ok(refused(error.code())),
    };
    // Only now is the digest that of a genuine statement.
    if let Some(known) = evidence::find_statement(conn, org, verified.digest())? {
        return Ok(JudgedStatement::Duplicate { row: Box::new(known) });
    }
    let body = verified.body();
    let access = Standing::load(conn, round, &[body.visit])?.access(round, body.visit, created);
    if access == Access::None {
        return Ok(JudgedStatement::NotFound { digest });
    }
    let row = StatementRow {
        org_id: Txt(org),
        digest: Txt(verified.digest()),
        visit_id: Txt(body.visit),
        kind: body.kind.replace('\0', "\u{fffd}"),
        body: pushed.body.0.clone(),
        seal: pushed.seal.clone(),
        device_id: sealer.id,
        received_at_ms: round.ctx.now.0,
        // Known once the documents of its push are written.
        late_reason: None,
    };
    Ok(JudgedStatement::New { row: Box::new(row), blobs: verified.blobs(), access })
}

/// The device the body names, and its name there: a rep may bring what another of his phones sealed.
///
/// A name that these data do not know, as after a restore, may be a former one of the sender, whose key it then is.
fn device_of(conn: &mut Conn, round: &Round, pushed: &PushStatement) -> AppResult<(DeviceRow, DeviceId)> {
    let sender = &round.device;
    let named = serde_json::from_slice::<Named>(&pushed.body.0).ok().map_or(sender.id.0, |named| named.device);
    Ok(match devices::find_device(conn, round.ctx.actor.org, named)? {
        Some(device) if device.user_id == sender.user_id => (device, named),
        Some(_) => (sender.clone(), sender.id.0),
        None => (sender.clone(), named),
    })
}

/// Verifies with the key of a device, whose statement it must be under this name.
fn verify_as_of(
    round: &Round,
    pushed: &PushStatement,
    device: &DeviceRow,
    name: DeviceId,
) -> Result<VerifiedStatement, StatementError> {
    let key = P256PublicKey::from_sec1(&device.public_key).map_err(|_malformed| StatementError::BodyMismatch)?;
    let verified = verify(&pushed.body.0, &pushed.seal, &key)?;
    verified.expect_owner(round.ctx.actor.org, name).map(|()| verified)
}

/// The openings and inks of a stored statement; none of one that does not verify, which `doorstep verify` tells.
pub(super) fn blobs_of(conn: &mut Conn, row: &StatementRow) -> AppResult<Vec<Hash>> {
    let device = devices::find_device(conn, row.org_id.0, row.device_id.0)?;
    let key = device.and_then(|device| P256PublicKey::from_sec1(&device.public_key).ok());
    let verified = key.and_then(|key| verify(&row.body, &row.seal, &key).ok());
    Ok(verified.map(|verified| verified.blobs()).unwrap_or_default())
}

#[derive(serde::Deserialize)]
struct Named {
    device: DeviceId,
}

/// Body and seal in one piece for quarantine: the body, a line feed, the seal.
fn both(pushed: &PushStatement) -> Vec<u8> {
    [pushed.body.0.as_slice(), b"\n", pushed.seal.as_bytes()].concat()
}

impl JudgedStatement {
    /// A statement to be kept in quarantine.
    pub(super) fn refused(pushed: &PushStatement, code: &str) -> Self {
        Self::Refused { digest: pushed.digest(), code: code.to_owned(), bytes: both(pushed) }
    }

    /// Whose visit a new statement is, as judged.
    pub(super) fn access(&self) -> Option<(VisitId, Access)> {
        match self {
            Self::New { row, access, .. } => Some((row.visit_id.0, *access)),
            _ => None,
        }
    }

    /// Stores a new statement with why it is late, and claims its openings and inks; returns the visit it belongs to.
    pub(super) fn write(&self, conn: &mut Conn, round: &Round, late: Option<LateReason>) -> AppResult<Option<VisitId>> {
        let Self::New { row, blobs, access } = self else { return Ok(None) };
        let (org, visit) = (round.ctx.actor.org, row.visit_id.0);
        let known = evidence::find_statement(conn, org, row.digest.0)?.is_some();
        if !known {
            let late_reason = late.map(|reason| reason.code().to_owned());
            evidence::insert_statement(conn, &StatementRow { late_reason, ..StatementRow::clone(row) })?;
            archive::note_due(conn, org, &[visit], round.ctx.now)?;
        }
        // Read here, for it may have been revoked since the statement was judged.
        let sealer = devices::find_device(conn, org, row.device_id.0)?;
        if sealer.is_some_and(|sealer| sealer.state == "revoked") {
            let mark = device_orders::marker(org, row.device_id.0, "device_revoked", row.received_at_ms);
            device_orders::mark_items(conn, &[mark("statement", row.digest.0.to_string())])?;
        }
        // The evidence that counts does not wait for what is held out, unless the crew's document names it.
        let is_required = !access.is_held_out() || list_named_statements(conn, org, visit)?.contains(&row.digest.0);
        let claims = blobs.iter().map(|sha256| Claim { sha256: *sha256, is_required }).collect();
        blobs::add_claims(conn, org, ClaimSource::Statement, &BTreeMap::from([(visit, claims)]))?;
        Ok(Some(visit))
    }

    /// The row for quarantine.
    pub(super) fn quarantine(&self, round: &Round) -> Option<QuarantineRow> {
        let Self::Refused { digest, code, bytes } = self else { return None };
        Some(QuarantineRow {
            org_id: Txt(round.ctx.actor.org),
            id: digest.to_string(),
            kind: "statement".to_owned(),
            visit_id: None,
            device_id: round.device.id,
            code: code.clone(),
            bytes: bytes.clone(),
            received_at_ms: round.ctx.now.0,
            replays: None,
        })
    }

    /// Why it is late, once the documents of its push are written; one that is stored already was late, or not, when it
    /// came. What they say may be that the visit was handed in before it was cancelled: then neither is late for that.
    pub(super) fn late(&self, conn: &mut Conn, round: &Round) -> AppResult<Option<LateReason>> {
        let (visit, late) = match self {
            Self::New { row, access, .. } => (row.visit_id.0, access.late()),
            Self::Duplicate { row } => (row.visit_id.0, row.late_reason.as_deref().and_then(LateReason::from_code)),
            Self::Refused { .. } | Self::NotFound { .. } => return Ok(None),
        };
        if late != Some(LateReason::Cancelled) {
            return Ok(late);
        }
        let now = Standing::load(conn, round, &[visit])?.access(round, visit, &BTreeSet::new()).late();
        // What came in time before is not late for what the office did since.
        let is_again = matches!(self, Self::Duplicate { .. });
        Ok(now.filter(|reason| !is_again || *reason == LateReason::Cancelled))
    }

    /// The server's word on this statement; `late` says why it does not count yet.
    pub(super) fn ack(&self, late: Option<LateReason>) -> Ack {
        let (digest, outcome) = match self {
            Self::New { row, .. } => (row.digest.0, late.map_or(Outcome::Stored, |_| Outcome::Late)),
            Self::Duplicate { row } => (row.digest.0, Outcome::Duplicate),
            Self::Refused { digest, .. } => (*digest, Outcome::Quarantined),
            Self::NotFound { digest } => (*digest, Outcome::NotFound),
        };
        let mut ack = Ack::new(AckItem::Statement(digest), outcome);
        ack.reason = late.map(|reason| reason.code().to_owned());
        if let Self::Refused { code, .. } = self {
            ack.code = Some(code.clone());
        }
        ack
    }
}
