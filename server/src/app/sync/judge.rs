//! Judging a push before anything is written: the guard on documents, seals of statements, forms of
//! intents. Runs on one consistent snapshot and changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_store::Conn;
use doorstep_store::documents::{self, DocumentRow};
use sync_core::ids::VisitId;
use sync_core::intent::IntentBody;
use sync_core::protocol::PushDoc;

use super::Round;
use super::access::Standing;
use super::doc::{self, JudgedDoc, Known};
use super::intents::{self, JudgedIntent, StandIns};
use super::part::Part;
use super::statement::{self, JudgedStatement};
use crate::app::doc_cache::DocCache;
use crate::app::{AppResult, late_work};

/// A judged push, ready to be written.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) intents: Vec<JudgedIntent>,
    /// Pushed documents in request order; those only asked for are not among them.
    pub(super) docs: Vec<JudgedDoc>,
    pub(super) statements: Vec<JudgedStatement>,
    /// Visits that the intents make.
    pub(super) created: BTreeSet<VisitId>,
}

/// Code of items that failed for a reason nobody foresaw: a corrupt row, a constraint, a defect of ours.
const NOT_WRITABLE: &str = "not_writable";

impl Judged {
    /// Everything in the part to be kept in quarantine, without looking at anything stored.
    pub(super) fn not_writable(part: &Part) -> Self {
        let statements = part.statements().iter();
        Self {
            intents: part.intents().iter().map(|bytes| JudgedIntent::refused(&bytes.0, NOT_WRITABLE)).collect(),
            docs: part.docs().map(|pushed| JudgedDoc::refused(pushed, NOT_WRITABLE)).collect(),
            statements: statements.map(|pushed| JudgedStatement::refused(pushed, NOT_WRITABLE)).collect(),
            created: BTreeSet::new(),
        }
    }
}

/// Judges everything in the part.
// Rule: GEN-11
pub(super) fn judge(conn: &mut Conn, part: &Part, cache: &DocCache) -> AppResult<Judged> {
    let round = part.round();
    let intents = intents::judge_all(conn, round, part.intents())?;
    let created = visits_created(conn, round, &intents)?;
    let docs = judge_docs(conn, part, &created, cache)?;
    let judge = |pushed| statement::judge(conn, round, pushed, &created);
    let statements = part.statements().iter().map(judge).collect::<AppResult<_>>()?;
    Ok(Judged { intents, docs, statements, created })
}

/// Judges the pushed documents, with one look at what is stored of all of them.
fn judge_docs(
    conn: &mut Conn,
    part: &Part,
    created: &BTreeSet<VisitId>,
    cache: &DocCache,
) -> AppResult<Vec<JudgedDoc>> {
    let (round, pushed) = (part.round(), Vec::from_iter(part.docs()));
    let visits: Vec<VisitId> = pushed.iter().map(|pushed| pushed.id).collect();
    let standing = Standing::load(conn, round, &visits)?;
    let stored = documents::list_documents(conn, round.ctx.actor.org, &visits)?;
    let stored: BTreeMap<VisitId, DocumentRow> = stored.into_iter().map(|row| (row.visit_id.0, row)).collect();
    let late = late_work::load_of(conn, round.ctx.actor.org, &visits)?;
    let judge = |pushed: &PushDoc| {
        let access = standing.access(round, pushed.id, created);
        let row = stored.get(&pushed.id);
        let loaded = row.and_then(|row| cache.get(round.ctx.actor.org, pushed.id, &row.heads.0.0));
        let known = Known { row, loaded: loaded.as_deref(), late: late.get(&pushed.id) };
        doc::judge(conn, round, pushed, access, known)
    };
    pushed.into_iter().map(judge).collect()
}

/// Visits that intents of this very push make: their documents and statements are welcome.
fn visits_created(conn: &mut Conn, round: &Round, intents: &[JudgedIntent]) -> AppResult<BTreeSet<VisitId>> {
    let mut created = BTreeSet::new();
    let mut stand_ins = StandIns::new(round.ctx.actor.org, round.ctx.now);
    for judged in intents {
        if let JudgedIntent::New { intent, .. } = judged
            && let IntentBody::CreateVisit(body) = &intent.body
            && stand_ins.find(conn, body)?.is_some()
        {
            created.insert(body.visit_id);
        }
    }
    Ok(created)
}
