//! One message about one document: who may read and write it now, and what there is to answer.

use std::sync::Arc;

use doorstep_store::{Conn, documents};
use sync_core::bytes::Blob;
use sync_core::doc::VisitDoc;
use sync_core::guard::{Limits, heads_of};
use sync_core::ids::VisitId;
use sync_core::protocol::{Ack, Outcome};
use sync_core::repo::{DocSync, SyncMessage};
use sync_core::time::UnixMillis;

use crate::app::auth::load_actor;
use crate::app::doc_cache::DocCache;
use crate::app::once::Once;
use crate::app::rows::corrupt;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, reach, sync};
use crate::auth::token::Subject;
use crate::domain::{Actor, Operation};

/// A document after a message; perhaps there is something to send.
pub(super) struct Held {
    pub sync: DocSync,
    pub answer: Option<Vec<u8>>,
}

/// What the reading transaction found.
enum Looked {
    /// Nothing if it is absent, or not the asker's: nobody can tell which.
    Talked(Option<Held>),
    /// The message brings changes that must be judged first.
    Brings { ctx: Box<Ctx>, sync: DocSync, message: SyncMessage },
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

/// The stored document, if it exists and the asker may read it; loaded once for all messages about it.
fn find(conn: &mut Conn, ctx: &Ctx, visit: VisitId, cache: &DocCache) -> AppResult<Option<Arc<VisitDoc>>> {
    match reach::load_visit(conn, ctx, visit) {
        Ok(_) => {}
        Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    let org = ctx.actor.org;
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
    match reach::load_visit(conn, &ctx, visit) {
        Ok(_) => Ok(true),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Takes a message in, if there is one, and answers; nothing if the document is absent or denied.
///
/// # Errors
/// `token_invalid` and `forbidden` if the sign-in ended; what fails for the database.
pub(super) async fn talk(
    state: &AppState,
    actor: &Actor,
    visit: VisitId,
    sync: Option<DocSync>,
    message: Option<SyncMessage>,
) -> AppResult<Option<Held>> {
    match look(state, actor, visit, sync, message, false).await? {
        Looked::Talked(talked) => Ok(talked),
        Looked::Brings { ctx, mut sync, message } => {
            let chunks: Vec<Blob> = message.chunks().iter().cloned().map(Blob).collect();
            let heads = heads_of(message.chunks(), &Limits::DEFAULT);
            let ack = sync::push_document(state, *ctx, visit, heads, chunks).await?;
            if is_hopeless(&ack) {
                sync.stop_taking();
            }
            match look(state, actor, visit, Some(sync), Some(message), true).await? {
                Looked::Talked(talked) => Ok(talked),
                Looked::Brings { .. } => Err(AppError::Internal("a message was to be judged twice".to_owned())),
            }
        }
    }
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
    sync: Option<DocSync>,
    message: Option<SyncMessage>,
    is_judged: bool,
) -> AppResult<Looked> {
    let (actor, now, cache) = (actor.clone(), state.clock.now(), Arc::clone(&state.documents));
    state
        .store
        .read(move |conn| {
            let ctx = authorise(conn, &actor, now)?;
            let Some(doc) = find(conn, &ctx, visit, &cache)? else { return Ok(Looked::Talked(None)) };
            // Who has no device has no actor to write with.
            let begin = || if ctx.actor.device.is_some() { DocSync::new() } else { DocSync::read_only() };
            let mut sync = sync.unwrap_or_else(begin);
            if let Some(message) = message {
                if !is_judged && !message.chunks().is_empty() && !sync.is_read_only() {
                    return Ok(Looked::Brings { ctx: Box::new(ctx), sync, message });
                }
                sync.receive(&doc, message);
            }
            let answer = sync.answer(&doc);
            Ok(Looked::Talked(Some(Held { sync, answer })))
        })
        .await
}
