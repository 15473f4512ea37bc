//! One message about one document: who may read and write it now, and what there is to answer.

use std::collections::BTreeSet;
use std::sync::Arc;

use doorstep_store::{Conn, documents};
use sync_core::bytes::Blob;
use sync_core::doc::{Map, VisitDoc};
use sync_core::guard::{Limits, heads_of};
use sync_core::ids::{OrgId, VisitId};
use sync_core::protocol::{Ack, Outcome};
use sync_core::repo::{DocSync, SyncMessage};
use sync_core::time::UnixMillis;

use crate::app::access_log::{Seen, record_look};
use crate::app::auth::load_actor;
use crate::app::contacts::record_shown;
use crate::app::doc_cache::DocCache;
use crate::app::once::Once;
use crate::app::rows::corrupt;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, reach, sync};
use crate::auth::token::Subject;
use crate::domain::{Actor, Operation, Role};

/// What a socket holds of a document.
#[derive(Debug)]
pub(super) struct Held {
    sync: DocSync,
    /// Contacts of which it is on record that the socket was shown where they were recorded.
    shown: BTreeSet<String>,
}

/// A document after a message; perhaps there is something to send.
pub(super) struct Talked {
    pub held: Held,
    pub answer: Option<Vec<u8>>,
}

/// What the reading transaction found.
enum Looked {
    /// Nothing if it is absent, or not the asker's: nobody can tell which. With the contacts of which it now shows where
    /// they were recorded.
    Talked(Option<Talked>, BTreeSet<String>),
    /// The message brings changes that must be judged first.
    Brings { ctx: Box<Ctx>, held: Held, message: SyncMessage },
}

/// The context of a message: the sign-in must still stand and its roles still grant the door.
pub(super) fn authorise(conn: &mut Conn, actor: &Actor, now: UnixMillis) -> AppResult<Ctx> {
    let subject =
        Subject { org: actor.org, user: actor.user, session: actor.session, device: actor.device, kind: actor.token };
    let actor = load_actor(conn, &subject)?;
    let door = Operation::OpenRepo;
    let scope = door.scope(&actor.roles, actor.token, actor.device.is_some()).ok_or(ErrorCode::Forbidden)?;
    let grants = door.grants(&actor.roles);
    Ok(Ctx { now, actor, scope, grants, once: Once::default() })
}

/// The stored document, if it exists and the asker may read it, with the contacts of which it shows him where they were
/// recorded. A document is shown whole: one that says so is open to its crew, who wrote it, and to whoever may know.
// Rules: INS-35, GEN-15
fn find(
    conn: &mut Conn,
    ctx: &Ctx,
    visit: VisitId,
    cache: &DocCache,
) -> AppResult<Option<(Arc<VisitDoc>, BTreeSet<String>)>> {
    if !reach::sees_visit(conn, ctx, visit, |_| true)? {
        return Ok(None);
    }
    let Some(doc) = load(conn, ctx.actor.org, visit, cache)? else { return Ok(None) };
    let recorded = doc.keys_naming(Map::Contacts, "recording_ref");
    if recorded.is_empty() || reach::sees_visit(conn, ctx, visit, |role| role == Role::FieldRep)? {
        return Ok(Some((doc, BTreeSet::new())));
    }
    Ok(reach::sees_visit(conn, ctx, visit, Role::hears_recordings)?.then_some((doc, recorded)))
}

/// The stored document; loaded once for all messages about it.
fn load(conn: &mut Conn, org: OrgId, visit: VisitId, cache: &DocCache) -> AppResult<Option<Arc<VisitDoc>>> {
    let Some(heads) = documents::find_heads(conn, org, visit)? else { return Ok(None) };
    if let Some(doc) = cache.get(org, visit, &heads) {
        return Ok(Some(doc));
    }
    let Some((_, snapshot)) = documents::find_current(conn, org, visit)? else { return Ok(None) };
    let doc = VisitDoc::load(visit, &snapshot).map_err(|error| corrupt("documents", visit, error))?;
    let doc = Arc::new(doc);
    cache.put(org, Arc::clone(&doc), snapshot.len());
    Ok(Some(doc))
}

/// Whether the asker may read a document now.
pub(super) fn may_read(conn: &mut Conn, actor: &Actor, now: UnixMillis, visit: VisitId) -> AppResult<bool> {
    let ctx = authorise(conn, actor, now)?;
    reach::sees_visit(conn, &ctx, visit, |_| true)
}

/// Takes a message in, if there is one, and answers; nothing if the document is absent or denied. Where it shows where
/// contacts were recorded, that is recorded before the answer.
///
/// # Errors
/// `token_invalid` and `forbidden` if the sign-in ended; what fails for the database.
pub(super) async fn talk(
    state: &AppState,
    actor: &Actor,
    visit: VisitId,
    held: Option<Held>,
    message: Option<SyncMessage>,
) -> AppResult<Option<Talked>> {
    let (talked, shows) = match look(state, actor, visit, held, message, false).await? {
        Looked::Talked(talked, shows) => (talked, shows),
        Looked::Brings { ctx, mut held, message } => {
            let chunks: Vec<Blob> = message.chunks().iter().cloned().map(Blob).collect();
            let heads = heads_of(message.chunks(), &Limits::DEFAULT);
            let ack = sync::push_document(state, *ctx, visit, heads, chunks).await?;
            if is_hopeless(&ack) {
                held.sync.stop_taking();
            }
            match look(state, actor, visit, Some(held), Some(message), true).await? {
                Looked::Talked(talked, shows) => (talked, shows),
                Looked::Brings { .. } => {
                    return Err(AppError::Internal("a message was to be judged twice".to_owned()));
                }
            }
        }
    };
    if talked.is_some() {
        let seen = Seen {
            operation: Operation::OpenRepo,
            subject: visit.to_string(),
            path: format!("/v1/repo/{visit}"),
            query: String::new(),
        };
        record_look(state, actor, state.clock.now(), seen).await?;
    }
    if !shows.is_empty() {
        let (app, actor, now) = (state.clone(), actor.clone(), state.clock.now());
        let record = move |conn: &mut Conn| {
            let ctx = authorise(conn, &actor, now)?;
            record_shown(conn, &app, &ctx, visit, &Vec::from_iter(&shows))
        };
        state.store.write(record).await?;
    }
    Ok(talked)
}

/// Whether asking the peer for the refused change again would go on for ever.
fn is_hopeless(ack: &Ack) -> bool {
    match ack.outcome {
        Outcome::Stored | Outcome::Duplicate | Outcome::Late => false,
        Outcome::NeedFull => ack.missing.is_empty(),
        Outcome::NeedReplay | Outcome::Quarantined | Outcome::NotFound => true,
    }
}

async fn look(
    state: &AppState,
    actor: &Actor,
    visit: VisitId,
    held: Option<Held>,
    message: Option<SyncMessage>,
    is_judged: bool,
) -> AppResult<Looked> {
    let (actor, now, cache) = (actor.clone(), state.clock.now(), Arc::clone(&state.documents));
    state
        .store
        .read(move |conn| {
            let ctx = authorise(conn, &actor, now)?;
            let Some((doc, recorded)) = find(conn, &ctx, visit, &cache)? else {
                return Ok(Looked::Talked(None, BTreeSet::new()));
            };
            // Who has no device has no actor to write with.
            let begin = || if ctx.actor.device.is_some() { DocSync::new() } else { DocSync::read_only() };
            let mut held = held.unwrap_or_else(|| Held { sync: begin(), shown: BTreeSet::new() });
            if let Some(message) = message {
                if !is_judged && !message.chunks().is_empty() && !held.sync.is_read_only() {
                    return Ok(Looked::Brings { ctx: Box::new(ctx), held, message });
                }
                held.sync.receive(&doc, message);
            }
            let answer = held.sync.answer(&doc);
            let shows = recorded.difference(&held.shown).cloned().collect();
            held.shown.extend(recorded);
            Ok(Looked::Talked(Some(Talked { held, answer }), shows))
        })
        .await
}
