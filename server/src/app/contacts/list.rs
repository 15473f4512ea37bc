//! Contacts of a visit with what vouches for them, and who may know their recordings.

use doorstep_store::Conn;
use doorstep_store::calls::{self, CallRow};
use doorstep_store::visits::VisitRecord;
use serde_json::json;
use sync_core::contacts::{self, Standing};
use sync_core::formulas::minutes_ms;
use sync_core::ids::{UserId, VisitId};
use sync_core::policy::keys;
use sync_core::time::UnixMillis;

use crate::app::visits::{bridged, calls_of, judge};
use crate::app::{AppResult, AppState, Ctx, ErrorCode, audit, reach};
use crate::domain::Role;

/// A contact that the crew noted.
#[derive(Debug, Clone)]
pub struct ListedContact {
    /// Id of the record.
    pub id: String,
    /// How.
    pub channel: String,
    /// When it began, on the server's clock.
    pub started_at: UnixMillis,
    /// By how much that may be wrong, in milliseconds.
    pub err_ms: Option<i64>,
    /// How long it lasted, in seconds.
    pub duration_secs: i64,
    /// What came of it.
    pub result: String,
    /// Who called or wrote.
    pub by: UserId,
    /// Whether it is recorded.
    pub standing: Standing,
    /// Why it is not, in the rep's words.
    pub reason: Option<String>,
    /// The bridge's name of the call that it was.
    pub call: Option<String>,
    /// Whether it names a recording.
    pub names_recording: bool,
    /// The reference, for who may know it.
    pub recording_ref: Option<String>,
}

/// A call that the bridge told of.
#[derive(Debug, Clone)]
pub struct ListedCall {
    /// The row; without the reference for who may not know it.
    pub row: CallRow,
    /// Whether there is a recording.
    pub has_recording: bool,
}

/// What may name a recording.
trait Recorded {
    /// Its name.
    fn name(&self) -> &str;
    /// Where its recording is.
    fn recording(&mut self) -> &mut Option<String>;
}

impl Recorded for ListedContact {
    fn name(&self) -> &str {
        &self.id
    }

    fn recording(&mut self) -> &mut Option<String> {
        &mut self.recording_ref
    }
}

impl Recorded for ListedCall {
    fn name(&self) -> &str {
        &self.row.call_id
    }

    fn recording(&mut self) -> &mut Option<String> {
        &mut self.row.recording_ref
    }
}

/// Lists the contacts of a visit, in the order of the document. References of recordings are shown to whoever may know them,
/// and each showing is recorded before the answer.
///
/// # Errors
/// `not_found` if absent or out of reach.
// Rules: INS-35, GEN-15
pub async fn list_contacts(state: &AppState, ctx: Ctx, id: VisitId) -> AppResult<Vec<ListedContact>> {
    shown(state, ctx, id, contacts_of).await
}

/// Lists what the bridge told of calls about a visit, or about its order, oldest first; recordings as in [`list_contacts`].
///
/// # Errors
/// `not_found` if absent or out of reach, `page_token_invalid`.
// Rules: INS-35, GEN-15
pub async fn list_visit_calls(
    state: &AppState,
    ctx: Ctx,
    id: VisitId,
    after: String,
    size: i64,
) -> AppResult<Vec<ListedCall>> {
    let after = if after.is_empty() { None } else { Some(place_of(&after).ok_or(ErrorCode::PageTokenInvalid)?) };
    let load = move |conn: &mut Conn, _: &Ctx, visit: &VisitRecord| {
        let about = (visit.id.0, visit.work_order_id.map(|order| order.0));
        let calls = calls::list_calls(conn, visit.org_id.0, about, after.as_ref(), size)?;
        let listed = |row: CallRow| ListedCall { has_recording: row.recording_ref.is_some(), row };
        Ok(calls.into_iter().map(listed).collect())
    };
    shown(state, ctx, id, load).await
}

/// Where a list of calls goes on.
fn place_of(key: &str) -> Option<(i64, String)> {
    let (started_at, call) = key.split_once('/')?;
    Some((started_at.parse().ok()?, call.to_owned()))
}

/// Loads what may name recordings, masks them for who may not know them, and records that they were shown to who may.
async fn shown<T: Recorded + Send + 'static>(
    state: &AppState,
    ctx: Ctx,
    id: VisitId,
    load: impl Fn(&mut Conn, &Ctx, &VisitRecord) -> AppResult<Vec<T>> + Send + 'static,
) -> AppResult<Vec<T>> {
    // Only who hears recordings leaves a record behind.
    if !ctx.grants.iter().any(|(role, _)| role.hears_recordings()) {
        let read = move |conn: &mut Conn| {
            let visit = reach::load_visit(conn, &ctx, id)?;
            load(conn, &ctx, &visit).map(masked)
        };
        return state.store.read(read).await;
    }
    let app = state.clone();
    let write = move |conn: &mut Conn| {
        let visit = reach::load_visit(conn, &ctx, id)?;
        let mut found = load(conn, &ctx, &visit)?;
        if !reach::sees_visit(conn, &ctx, id, Role::hears_recordings)? {
            return Ok(masked(found));
        }
        let named = found.iter_mut().filter_map(|one| one.recording().is_some().then(|| one.name().to_owned()));
        let named: Vec<String> = named.collect();
        record_shown(conn, &app, &ctx, id, &named)?;
        Ok(found)
    };
    state.store.write(write).await
}

/// Records that somebody was shown where these contacts and calls of a visit were recorded.
///
/// # Errors
/// Database errors only.
pub(crate) fn record_shown(
    conn: &mut Conn,
    state: &AppState,
    ctx: &Ctx,
    id: VisitId,
    shown: &[impl AsRef<str>],
) -> AppResult<()> {
    if shown.is_empty() {
        return Ok(());
    }
    let shown: Vec<&str> = shown.iter().map(AsRef::as_ref).collect();
    audit::record(conn, state, ctx, "recording.shown", id, &json!({ "of": shown }))
}

/// Without references of recordings.
fn masked<T: Recorded>(mut found: Vec<T>) -> Vec<T> {
    found.iter_mut().for_each(|one| *one.recording() = None);
    found
}

fn contacts_of(conn: &mut Conn, ctx: &Ctx, visit: &VisitRecord) -> AppResult<Vec<ListedContact>> {
    let org = ctx.actor.org;
    let visit = judge(conn, org, visit.id.0, ctx.now)?;
    let calls = calls_of(conn, org, &visit.loaded, &visit.whole)?;
    let window_ms = minutes_ms(visit.loaded.policy.get(keys::CALL_MATCH));
    // Whatever came late was said, too.
    let judged = contacts::judged(&visit.whole, &bridged(&calls), window_ms);
    let contacts = judged.into_iter().map(|one| ListedContact {
        id: one.key.to_owned(),
        channel: one.contact.channel.clone(),
        started_at: one.started_at,
        err_ms: one.err_ms,
        duration_secs: one.contact.duration_s,
        result: one.contact.result.clone(),
        by: one.contact.by,
        standing: one.standing,
        reason: one.contact.reason.clone(),
        call: one.call,
        names_recording: one.contact.names_recording(),
        recording_ref: one.contact.recording_ref.clone().filter(|_| one.contact.names_recording()),
    });
    Ok(contacts.collect())
}
