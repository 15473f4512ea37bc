//! Contacts of a visit with what vouches for them, and who may know their recordings.

use doorstep_store::Conn;
use doorstep_store::calls::CallRow;
use serde_json::json;
use sync_core::contacts::{self, Standing};
use sync_core::formulas::minutes_ms;
use sync_core::ids::{UserId, VisitId};
use sync_core::policy::keys;
use sync_core::time::UnixMillis;

use crate::app::visits::{bridged, calls_of, judge};
use crate::app::{AppResult, AppState, Ctx, audit, reach};
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
    /// The bridge's name of the call that vouches for it.
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

/// How a customer was reached.
#[derive(Debug, Clone)]
pub struct Contacts {
    /// What the crew noted, in the order of the document.
    pub contacts: Vec<ListedContact>,
    /// What the bridge told, oldest first.
    pub calls: Vec<ListedCall>,
}

/// Lists the contacts of a visit. References of recordings are shown to whoever may know them, and each showing is
/// recorded before the answer.
///
/// # Errors
/// `not_found` if absent or out of reach.
// Rules: INS-35, GEN-15
pub async fn list_contacts(state: &AppState, ctx: Ctx, id: VisitId) -> AppResult<Contacts> {
    // Only who hears recordings leaves a record behind.
    if !ctx.grants.iter().any(|(role, _)| role.hears_recordings()) {
        return state.store.read(move |conn| Ok(masked(load(conn, &ctx, id)?))).await;
    }
    let app = state.clone();
    let write = move |conn: &mut Conn| {
        let found = load(conn, &ctx, id)?;
        if !reach::sees_visit(conn, &ctx, id, Role::hears_recordings)? {
            return Ok(masked(found));
        }
        let shown: Vec<&str> = found.recordings().collect();
        record_shown(conn, &app, &ctx, id, &shown)?;
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

impl Contacts {
    /// Contacts and calls whose recording is named.
    fn recordings(&self) -> impl Iterator<Item = &str> {
        let contacts = self.contacts.iter().filter(|one| one.recording_ref.is_some()).map(|one| one.id.as_str());
        let calls = self.calls.iter().filter(|one| one.row.recording_ref.is_some());
        contacts.chain(calls.map(|one| one.row.call_id.as_str()))
    }
}

/// Without references of recordings.
fn masked(mut found: Contacts) -> Contacts {
    found.contacts.iter_mut().for_each(|one| one.recording_ref = None);
    found.calls.iter_mut().for_each(|one| one.row.recording_ref = None);
    found
}

fn load(conn: &mut Conn, ctx: &Ctx, id: VisitId) -> AppResult<Contacts> {
    let org = ctx.actor.org;
    reach::load_visit(conn, ctx, id)?;
    let visit = judge(conn, org, id, ctx.now)?;
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
    let contacts = contacts.collect();
    let listed = |row: CallRow| ListedCall { has_recording: row.recording_ref.is_some(), row };
    Ok(Contacts { contacts, calls: calls.into_iter().map(listed).collect() })
}
