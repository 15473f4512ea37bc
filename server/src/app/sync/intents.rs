//! One pushed intent: its form, its effect, its result.
//!
//! An intent is stored byte for byte whatever becomes of it; a declined one never discards anything.

mod appointments;
mod effect;
mod new_visits;
mod stand_in;

use std::collections::BTreeMap;

use doorstep_store::day_records::insert_day_records;
use doorstep_store::evidence::{self, IntentRow, QuarantineRow};
use doorstep_store::feed::{FeedBatch, FeedKind};
use doorstep_store::intent_blobs::list_missing_of_intents;
use doorstep_store::{Conn, Txt};
use sync_core::bytes::{Blob, Hash};
use sync_core::ids::IntentId;
use sync_core::intent::{self, Intent, IntentBody};
use sync_core::plan::IntentResultRow;
use sync_core::protocol::{Ack, AckItem, Outcome};
use sync_core::time::UnixMillis;

use self::new_visits::NewVisits;
pub(super) use self::stand_in::StandIns;
use super::apply::{not_kept, quarantine};
use super::{Pushed, Round};
use crate::app::scope::audience_of_user;
use crate::app::{AppError, AppResult, AppState, check_ins};

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

    fn new_id(&self) -> Option<IntentId> {
        if let Self::New { intent, .. } = self { Some(intent.id) } else { None }
    }
}

/// A new intent with what it came to.
#[derive(Debug)]
struct Decided<'a> {
    intent: &'a Intent,
    bytes: &'a [u8],
    decision: Decision,
}

/// Judges the pushed intents; the first use of an id in a request counts, as it does in the database.
pub(super) fn judge_all(conn: &mut Conn, round: &Round, pushed: &[Blob]) -> AppResult<Vec<JudgedIntent>> {
    let mut first_uses = BTreeMap::new();
    let read: Vec<JudgedIntent> = pushed.iter().map(|bytes| read(round, &bytes.0)).collect();
    let ids: Vec<IntentId> = read.iter().filter_map(JudgedIntent::new_id).collect();
    let stored = evidence::list_intent_hashes(conn, round.ctx.actor.org, &ids)?;
    let mut judged = Vec::with_capacity(read.len());
    for one in read {
        let one = match one {
            JudgedIntent::New { intent, bytes } => match stored.get(&intent.id) {
                Some(known) => again(intent.id, *known, bytes),
                None => JudgedIntent::New { intent, bytes },
            },
            other => other,
        };
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

/// Reads one pushed intent, as if its id were new.
fn read(round: &Round, bytes: &[u8]) -> JudgedIntent {
    let refused = |code| JudgedIntent::refused(bytes, code);
    if round.is_revoked() {
        return refused("device_revoked");
    }
    match Intent::parse(bytes) {
        Err(error) => refused(error.code()),
        Ok(parsed) if parsed.by != round.ctx.actor.user => refused("by_mismatch"),
        Ok(parsed) => JudgedIntent::New { intent: Box::new(parsed), bytes: bytes.to_vec() },
    }
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
    let mut decided = Vec::new();
    let mut new_visits = NewVisits::load(conn, state, round, judged)?;
    for one in judged {
        let ack = match one {
            JudgedIntent::New { intent, bytes } => {
                let decision = if let IntentBody::CreateVisit(body) = &intent.body {
                    new_visits.decide(conn, batch, (intent, body), decided.len())?
                } else {
                    // It may be about a visit that was made just before.
                    new_visits.write(conn, batch, &mut decided)?;
                    effect::run(conn, state, round, intent, batch)?
                };
                decided.push(Decided { intent, bytes, decision });
                pushed.held.intents.push(intent.id);
                Ack::new(AckItem::Intent(intent.id), Outcome::Stored)
            }
            JudgedIntent::Duplicate { id } => {
                pushed.held.intents.push(*id);
                Ack::new(AckItem::Intent(*id), Outcome::Duplicate)
            }
            JudgedIntent::Refused { item, id, code, bytes } => {
                let row = quarantine_row(round, id, code, bytes);
                let mut ack = Ack::new(*item, Outcome::Quarantined);
                ack.code = Some(code.clone());
                if quarantine(conn, round, row, batch, &mut pushed.held)?.is_none() {
                    not_kept(&mut ack);
                }
                ack
            }
        };
        pushed.intents.push(ack);
    }
    new_visits.write(conn, batch, &mut decided)?;
    write(conn, round, decided, batch)?;
    pushed.wants.extend(list_missing_of_intents(conn, round.ctx.actor.org, &pushed.held.intents)?);
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
        replays: None,
    }
}

/// Keeps intents with their results and tells their author.
fn write(conn: &mut Conn, round: &Round, decided: Vec<Decided<'_>>, batch: &mut FeedBatch) -> AppResult<()> {
    let author = audience_of_user(round.ctx.actor.user);
    let (mut rows, mut days) = (Vec::with_capacity(decided.len()), Vec::new());
    for one in decided {
        batch.put(author.clone(), FeedKind::IntentResult, one.intent.id);
        days.extend(check_ins::record_of(round.ctx.actor.org, one.intent));
        rows.push(row_of(round, one)?);
    }
    evidence::insert_intents(conn, &rows)?;
    Ok(insert_day_records(conn, &days)?)
}

fn row_of(round: &Round, Decided { intent, bytes, decision }: Decided<'_>) -> AppResult<IntentRow> {
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
    Ok(IntentRow {
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
    })
}
