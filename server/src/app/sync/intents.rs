//! One pushed intent: its form, its effect, its result.
//!
//! An intent is stored byte for byte whatever becomes of it; a declined one never discards anything.

mod effect;
pub(super) mod stand_in;

use std::collections::BTreeMap;

use doorstep_store::evidence::{self, IntentRow, QuarantineRow};
use doorstep_store::feed::{FeedBatch, FeedKind};
use doorstep_store::intent_blobs::list_missing_of_intent;
use doorstep_store::{Conn, Txt};
use sync_core::bytes::Hash;
use sync_core::ids::IntentId;
use sync_core::intent::{self, Intent};
use sync_core::plan::IntentResultRow;
use sync_core::protocol::{Ack, AckItem, Outcome};
use sync_core::time::UnixMillis;

use super::apply::quarantine;
use super::{Pushed, Round};
use crate::app::scope::audience_of_user;
use crate::app::{AppError, AppResult, AppState};

/// A pushed intent, judged.
#[derive(Debug)]
pub(super) enum JudgedIntent {
    /// Well-formed and new.
    New { intent: Box<Intent>, bytes: Vec<u8> },
    /// The same bytes are stored already.
    Duplicate { id: IntentId },
    /// Kept byte for byte in quarantine.
    Refused { item: AckItem, id: String, code: String, bytes: Vec<u8> },
}

impl JudgedIntent {
    /// Bytes to be kept in quarantine.
    pub(super) fn refused(bytes: &[u8], code: &str) -> Self {
        let hash = Hash::of(bytes);
        Self::Refused {
            item: intent::id_of(bytes).map_or(AckItem::UnreadableIntent(hash), AckItem::Intent),
            id: hash.to_string(),
            code: code.to_owned(),
            bytes: bytes.to_vec(),
        }
    }
}

/// Judges the pushed intents; the first use of an id in a request counts, as it does in the database.
pub(super) fn judge_all(conn: &mut Conn, round: &Round) -> AppResult<Vec<JudgedIntent>> {
    let mut first_uses = BTreeMap::new();
    let mut judged = Vec::with_capacity(round.request.intents.len());
    for bytes in &round.request.intents {
        let one = judge(conn, round, &bytes.0)?;
        judged.push(match one {
            JudgedIntent::New { intent, bytes } => match first_uses.get(&intent.id) {
                Some(first) => again(intent.id, *first, bytes),
                None => {
                    first_uses.insert(intent.id, Hash::of(&bytes));
                    JudgedIntent::New { intent, bytes }
                }
            },
            other => other,
        });
    }
    Ok(judged)
}

/// An id that is taken: by the same bytes, or by others, which are kept too.
fn again(id: IntentId, known: Hash, bytes: Vec<u8>) -> JudgedIntent {
    let hash = Hash::of(&bytes);
    if hash == known {
        return JudgedIntent::Duplicate { id };
    }
    JudgedIntent::Refused { item: AckItem::Intent(id), id: hash.to_string(), code: "intent_forked".to_owned(), bytes }
}

/// Judges one pushed intent.
fn judge(conn: &mut Conn, round: &Round, bytes: &[u8]) -> AppResult<JudgedIntent> {
    let refused = |code| JudgedIntent::refused(bytes, code);
    if round.is_revoked() {
        return Ok(refused("device_revoked"));
    }
    let parsed = match Intent::parse(bytes) {
        Ok(parsed) => parsed,
        Err(error) => return Ok(refused(error.code())),
    };
    if parsed.by != round.ctx.actor.user {
        return Ok(refused("by_mismatch"));
    }
    Ok(match evidence::find_intent(conn, round.ctx.actor.org, parsed.id)? {
        Some(known) => again(parsed.id, known.sha256.0, bytes.to_vec()),
        None => JudgedIntent::New { intent: Box::new(parsed), bytes: bytes.to_vec() },
    })
}

/// What an intent came to.
#[derive(Debug, Clone, Default)]
pub(super) struct Decision {
    /// `accepted`, `needs_office` or `declined`.
    pub(super) word: &'static str,
    pub(super) reason: Option<String>,
    pub(super) alternatives: Vec<UnixMillis>,
    pub(super) assigned: BTreeMap<String, String>,
}

/// Writes the intents with their effects and results.
pub(super) fn apply(
    conn: &mut Conn,
    state: &AppState,
    round: &Round,
    judged: &[JudgedIntent],
    batch: &mut FeedBatch,
    pushed: &mut Pushed,
) -> AppResult<()> {
    for one in judged {
        let ack = match one {
            JudgedIntent::New { intent, bytes } => {
                write(conn, state, round, intent, bytes, batch)?;
                pushed.held.intents.push(intent.id);
                pushed.wants.extend(list_missing_of_intent(conn, round.ctx.actor.org, intent.id)?);
                Ack::new(AckItem::Intent(intent.id), Outcome::Stored)
            }
            JudgedIntent::Duplicate { id } => {
                pushed.held.intents.push(*id);
                pushed.wants.extend(list_missing_of_intent(conn, round.ctx.actor.org, *id)?);
                Ack::new(AckItem::Intent(*id), Outcome::Duplicate)
            }
            JudgedIntent::Refused { item, id, code, bytes } => {
                let row = quarantine_row(round, id, code, bytes);
                let mut ack = Ack::new(*item, Outcome::Quarantined);
                ack.code = Some(code.clone());
                if !quarantine(conn, round, row, batch, &mut pushed.held)? {
                    ack.code = Some("quarantine_full".to_owned());
                }
                ack
            }
        };
        pushed.intents.push(ack);
    }
    Ok(())
}

fn quarantine_row(round: &Round, id: &str, code: &str, bytes: &[u8]) -> QuarantineRow {
    QuarantineRow {
        org_id: Txt(round.ctx.actor.org),
        id: id.to_owned(),
        kind: "intent".to_owned(),
        visit_id: None,
        device_id: round.device.id,
        code: code.to_owned(),
        bytes: bytes.to_vec(),
        received_at_ms: round.ctx.now.0,
    }
}

fn write(
    conn: &mut Conn,
    state: &AppState,
    round: &Round,
    intent: &Intent,
    bytes: &[u8],
    batch: &mut FeedBatch,
) -> AppResult<()> {
    let decision = effect::run(conn, state, round, intent, batch)?;
    let row = IntentResultRow {
        id: intent.id,
        kind: intent.kind().code().to_owned(),
        result: decision.word.to_owned(),
        reason: decision.reason,
        alternatives: decision.alternatives,
        assigned: decision.assigned,
        decided_at_ms: round.ctx.now,
    };
    let body = serde_json::to_string(&row).map_err(|error| AppError::Internal(error.to_string()))?;
    evidence::insert_intent(
        conn,
        &IntentRow {
            org_id: Txt(round.ctx.actor.org),
            id: Txt(intent.id),
            device_id: round.device.id,
            user_id: Txt(round.ctx.actor.user),
            kind: row.kind,
            bytes: bytes.to_vec(),
            sha256: Txt(Hash::of(bytes)),
            result: row.result,
            result_body: body,
            received_at_ms: round.ctx.now.0,
        },
    )?;
    batch.put(audience_of_user(round.ctx.actor.user), FeedKind::IntentResult, intent.id);
    Ok(())
}
