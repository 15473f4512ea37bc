//! Every change of a visit document, and the visit as it was at a change or an instant.

use std::collections::{BTreeMap, HashMap, HashSet};

use doorstep_store::scope::find_snapshot;
use doorstep_store::visits::VisitRecord;
use doorstep_store::{Conn, documents, users};
use sync_core::bytes::{Actor, Hash};
use sync_core::doc::VisitDoc;
use sync_core::guard::{Limits, change_hashes};
use sync_core::ids::{DeviceId, OrgId, UserId, VisitId};
use sync_core::merge::history::{HistoryChange, history};
use sync_core::merge::{Held, View, view_without};
use sync_core::time::UnixMillis;

use super::norms::Norms;
use super::project::{facts_of, load_review};
use crate::app::rows::{corrupt, load_plan_snapshot};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, reach};

/// A point of a document's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// What these changes and their history say.
    Heads(Vec<Hash>),
    /// What had reached the server by then.
    Received(UnixMillis),
}

/// A change with where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastChange {
    /// The change.
    pub change: HistoryChange,
    /// The device that wrote it.
    pub device: Option<DeviceId>,
    /// When it reached the server.
    pub received_at: Option<UnixMillis>,
}

/// The visit as it was.
#[derive(Debug, Clone)]
pub struct PastView {
    /// With policies, and the choices made by then.
    pub view: View,
    /// Its state, by what the office had decided by then.
    pub state: sync_core::visit::VisitState,
}

/// A page of a document's history.
#[derive(Debug, Clone)]
pub struct HistoryPage {
    /// The changes in causal order.
    pub changes: Vec<PastChange>,
    /// Names of those who wrote.
    pub names: BTreeMap<UserId, String>,
    /// The visit as it was, if a moment was asked for at which there was one.
    pub past: Option<PastView>,
}

/// Lists the changes of a visit in causal order from behind `after`, up to a moment.
///
/// # Errors
/// `not_found`; `parameter_invalid` for a change the document does not have.
pub async fn list_history(
    state: &AppState,
    ctx: Ctx,
    visit: VisitId,
    moment: Option<Moment>,
    after: String,
    size: i64,
) -> AppResult<HistoryPage> {
    state
        .store
        .read(move |conn| {
            let row = reach::load_visit(conn, &ctx, visit)?;
            page(conn, &ctx, &row, moment.as_ref(), &after, size)
        })
        .await
}

fn page(
    conn: &mut Conn,
    ctx: &Ctx,
    row: &VisitRecord,
    moment: Option<&Moment>,
    after: &str,
    size: i64,
) -> AppResult<HistoryPage> {
    let (org, visit) = (ctx.actor.org, row.id.0);
    let whole = match find_snapshot(conn, org, visit)? {
        Some(snapshot) => VisitDoc::load(visit, &snapshot).map_err(|error| corrupt("documents", visit, error))?,
        // Nobody wrote anything yet: it is as it was planned.
        None => VisitDoc::create(visit).map_err(|error| AppError::Internal(error.to_string()))?,
    };
    let received = received(conn, org, visit, &whole)?;
    let heads = moment.map(|moment| heads_at(&whole, moment, &received));
    let doc = match heads {
        Some(heads) => whole.at(&heads).map_err(|_unknown| no_such_change())?,
        None => whole,
    };
    let instant = moment.map(|moment| instant(&doc, moment, &received, ctx.now));
    let was_there = |at: &UnixMillis| at.0 >= row.created_at_ms;
    let past = instant.filter(was_there).map(|at| past(conn, org, &doc, at)).transpose()?;
    let changes = history(&doc).into_iter();
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let from_here: Vec<HistoryChange> = if after.is_empty() {
        changes.take(size).collect()
    } else {
        changes.skip_while(|change| change.hash.to_string() != after).skip(1).take(size).collect()
    };
    let names = names(conn, org, &from_here)?;
    let devices = devices(conn, org, &from_here)?;
    let told = from_here.into_iter().map(|change| PastChange {
        device: devices.get(&change.actor).copied(),
        received_at: received.get(&change.hash).copied(),
        change,
    });
    Ok(HistoryPage { changes: told.collect(), names, past })
}

fn no_such_change() -> AppError {
    Refusal::new(ErrorCode::ParameterInvalid).field("at", "changes of this visit, or an instant").into()
}

/// When each change reached the server.
fn received(conn: &mut Conn, org: OrgId, visit: VisitId, doc: &VisitDoc) -> AppResult<HashMap<Hash, UnixMillis>> {
    let pushes = documents::list_doc_changes(conn, org, visit)?;
    let mut received = HashMap::new();
    for push in &pushes {
        let hashes = change_hashes(&push.bytes, &Limits::DEFAULT);
        received.extend(hashes.into_iter().map(|hash| (hash, UnixMillis(push.received_at_ms))));
    }
    // What no chunk names came with the first push, as a whole document.
    if let Some(first) = pushes.first() {
        for change in doc.change_metas() {
            received.entry(change.hash).or_insert(UnixMillis(first.received_at_ms));
        }
    }
    Ok(received)
}

/// The heads of what a moment includes.
fn heads_at(doc: &VisitDoc, moment: &Moment, received: &HashMap<Hash, UnixMillis>) -> Vec<Hash> {
    let at = match moment {
        Moment::Heads(heads) => return heads.clone(),
        Moment::Received(at) => *at,
    };
    // A push is accepted only after what it follows, so what came by then is closed under dependencies.
    let metas = doc.change_metas();
    // The genesis, which alone follows nothing, is every visit's from the beginning.
    let has_come = |hash: &Hash| received.get(hash).is_none_or(|received| *received <= at);
    let by_then: Vec<_> = metas.iter().filter(|change| change.deps.is_empty() || has_come(&change.hash)).collect();
    let followed: HashSet<Hash> = by_then.iter().flat_map(|change| change.deps.iter().copied()).collect();
    by_then.iter().map(|change| change.hash).filter(|hash| !followed.contains(hash)).collect()
}

/// When the visit was as a moment asks for: with these changes, once the last of them had come.
fn instant(doc: &VisitDoc, moment: &Moment, received: &HashMap<Hash, UnixMillis>, now: UnixMillis) -> UnixMillis {
    match moment {
        Moment::Received(at) => *at,
        Moment::Heads(_) => {
            let came = doc.change_metas().into_iter().filter_map(|change| received.get(&change.hash).copied());
            came.max().unwrap_or(now)
        }
    }
}

fn past(conn: &mut Conn, org: OrgId, doc: &VisitDoc, at: UnixMillis) -> AppResult<PastView> {
    let plan = load_plan_snapshot(conn, org, doc.visit())?.until(at);
    let review = load_review(conn, org, doc.visit())?.until(at);
    let view = view_without(doc, &Held::of(&review.late_work, &review.late_decisions));
    let loaded = facts_of(conn, &mut Norms::new(org, at), &view, plan, review)?;
    let view = loaded.settle(view);
    let state = sync_core::visit::state(&loaded.of(&view), &loaded.review).state;
    Ok(PastView { view, state })
}

fn names(conn: &mut Conn, org: OrgId, changes: &[HistoryChange]) -> AppResult<BTreeMap<UserId, String>> {
    let mut names = BTreeMap::new();
    for person in changes.iter().filter_map(HistoryChange::by) {
        if !names.contains_key(&person)
            && let Some(user) = users::find_user(conn, org, person)?
        {
            names.insert(person, user.name);
        }
    }
    Ok(names)
}

fn devices(conn: &mut Conn, org: OrgId, changes: &[HistoryChange]) -> AppResult<BTreeMap<Actor, DeviceId>> {
    let mut devices = BTreeMap::new();
    for actor in changes.iter().map(|change| change.actor) {
        if !devices.contains_key(&actor)
            && let Some((_, device)) = documents::find_actor(conn, org, actor)?
        {
            devices.insert(actor, device);
        }
    }
    Ok(devices)
}
