//! Archiving what visits left, by a job: no push waits for it.

use std::collections::BTreeMap;

use doorstep_store::archive::{self, ArchiveItemRow};
use doorstep_store::outbox::{self, Outbox};
use doorstep_store::{Conn, Txt, blobs, calls, evidence, visits};
use jiff::civil::Date;
use sync_core::archive::ArchiveKind;
use sync_core::bytes::Hash;
use sync_core::calendar::{DayError, plus_months};
use sync_core::ids::{ArchiveItemId, OrgId, VisitId};
use sync_core::policy::keys;
use sync_core::time::UnixMillis;
use sync_core::visit::VisitState;

use crate::app::norms::policy_in_force;
use crate::app::outbox::take_each;
use crate::app::rows::corrupt;
use crate::app::scope::load_zone;
use crate::app::visits::{load_facts, load_view};
use crate::app::{AppResult, AppState};

/// Calls of one visit and its order that are read at once: more are not kept (`too_many_calls`).
const CALLS: i64 = 1_000;

/// Has the archive of visits looked at after this transaction, which brought or judged something of them.
///
/// # Errors
/// Database errors only.
pub fn note_due(conn: &mut Conn, org: OrgId, visits: &[VisitId], now: UnixMillis) -> AppResult<()> {
    Ok(outbox::note(conn, Outbox::Archive, org, visits, now.0)?)
}

/// Archives what visits of an organisation left that were handed in, or changed since; tells how many items.
///
/// # Concurrency
/// Doing it twice, or on two nodes at once, archives nothing twice.
///
/// # Errors
/// If the database cannot be used at all; what is wrong with one visit is logged.
// Rule: DOC-03
pub async fn archive_due(state: &AppState, org: OrgId, now: UnixMillis) -> AppResult<usize> {
    let archive = move |conn: &mut Conn, app: &AppState, visit| archive_visit(conn, app, org, visit, now);
    take_each(state, Outbox::Archive, org, archive).await
}

/// Something to keep, before it has a version.
struct Kept {
    kind: ArchiveKind,
    subject: String,
    sha256: Option<Hash>,
    ended_at: UnixMillis,
}

/// Archives what of a visit is not archived as it is; how many items.
fn archive_visit(conn: &mut Conn, app: &AppState, org: OrgId, visit: VisitId, now: UnixMillis) -> AppResult<usize> {
    let kept = left_by(conn, org, visit, now)?;
    if kept.is_empty() {
        return Ok(0);
    }
    // Later ones take the place of earlier ones.
    let mut newest: BTreeMap<(String, String), ArchiveItemRow> = BTreeMap::new();
    for item in archive::list_of_visit(conn, org, visit)? {
        newest.insert((item.kind.clone(), item.subject.clone()), item);
    }
    let (policy, zone) = (policy_in_force(conn, org, now)?, load_zone(conn, org)?.of_business());
    let mut rows = Vec::new();
    for kept in kept {
        let place = (kept.kind.code().to_owned(), kept.subject);
        let known = newest.get(&place);
        if known.is_some_and(|item| item.sha256.map(|sha256| sha256.0) == kept.sha256) {
            continue;
        }
        let years = policy.get(match kept.kind {
            ArchiveKind::Visit => keys::KEEP_VISITS,
            ArchiveKind::SignedForm => keys::KEEP_FORMS,
            ArchiveKind::Recording => keys::KEEP_RECORDINGS,
        });
        let last_day = zone.day_of(kept.ended_at).and_then(|day| after_years(day, years))?;
        // Whatever the policy says later, nothing is kept shorter than was promised.
        let promised = known.map_or(i64::MIN, |item| item.keep_until_ms);
        let row = ArchiveItemRow {
            org_id: Txt(org),
            id: Txt(ArchiveItemId(app.id())),
            kind: place.0.clone(),
            subject: place.1.clone(),
            version: known.map_or(0, |item| item.version) + 1,
            visit_id: Txt(visit),
            sha256: kept.sha256.map(Txt),
            ended_at_ms: kept.ended_at.0,
            stored_at_ms: now.0,
            keep_until_ms: zone.end_of(last_day)?.0.max(promised),
            policy_version: policy.version,
        };
        // The same bytes may be there twice.
        newest.insert(place, row.clone());
        rows.push(row);
    }
    archive::insert_items(conn, &rows)?;
    Ok(rows.len())
}

/// The same day so many years later (GEN-04).
fn after_years(day: Date, years: i64) -> Result<Date, DayError> {
    plus_months(day, years.saturating_mul(12))
}

/// What a visit left that was handed in: its record, the forms that were signed, the recordings of its calls. Nothing while
/// it goes on.
fn left_by(conn: &mut Conn, org: OrgId, visit: VisitId, now: UnixMillis) -> AppResult<Vec<Kept>> {
    let view = load_view(conn, org, visit)?;
    let projected = load_facts(conn, org, &view, now)?.project(&view);
    let is_over = projected.state.is_handed_in() || projected.state.is_past_hand_in();
    let forms = evidence::list_statements(conn, org, visit)?;
    let was_begun = projected.state == VisitState::Cancelled && !(view.heads.is_empty() && forms.is_empty());
    if !is_over && !was_begun {
        return Ok(Vec::new());
    }
    let row = visits::find_visit(conn, org, visit)?.ok_or_else(|| corrupt("visits", visit, "gone"))?;
    // A clock that is ahead keeps nothing longer, and none that is behind ends what was not planned yet.
    let ended_at = projected.submitted_at.map_or(now, |at| at.max(UnixMillis(row.created_at_ms)).min(now));
    let record =
        Kept { kind: ArchiveKind::Visit, subject: visit.to_string(), sha256: Some(digest_of(&view.heads)), ended_at };
    let forms = forms.into_iter().map(|form| Kept {
        kind: ArchiveKind::SignedForm,
        subject: form.digest.to_string(),
        sha256: Some(form.digest.0),
        ended_at,
    });
    let mut kept: Vec<Kept> = std::iter::once(record).chain(forms).collect();
    for call in calls::list_calls(conn, org, (visit, row.work_order_id.map(|order| order.0)), None, CALLS)? {
        if call.recording_ref.is_some() {
            let (subject, ended_at) = (call.call_id, UnixMillis(call.started_at_ms));
            kept.push(Kept { kind: ArchiveKind::Recording, subject, sha256: None, ended_at });
        }
    }
    let audio = view.photos.iter().filter(|entry| entry.value.kind.as_deref() == Some("audio"));
    for sha256 in audio.map(|entry| entry.value.sha256) {
        // What never arrived is not there to be kept.
        if blobs::find_blob(conn, org, sha256)?.is_some() {
            let subject = sha256.to_string();
            kept.push(Kept { kind: ArchiveKind::Recording, subject, sha256: Some(sha256), ended_at });
        }
    }
    Ok(kept)
}

/// SHA-256 over the heads of a document, in their order: it is another one as soon as the document is.
fn digest_of(heads: &[Hash]) -> Hash {
    let mut sorted = heads.to_vec();
    sorted.sort_unstable();
    Hash::of(&sorted.iter().flat_map(|head| head.as_bytes().iter().copied()).collect::<Vec<u8>>())
}
