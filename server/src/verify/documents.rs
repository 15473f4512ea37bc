//! Documents: the stored chunks put together again, and every table that follows from them.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_store::blobs::{ClaimSource, list_missing};
use doorstep_store::conflicts::list_conflict_counts;
use doorstep_store::documents::{self, DocChangeRow};
use doorstep_store::late_work::list_late_counts;
use doorstep_store::projections::{Projection, load_projection};
use doorstep_store::{Conn, checks, devices, photo_checks, presence, visits};
use sync_core::bytes::{Actor, Hash};
use sync_core::doc::genesis::genesis_actor;
use sync_core::guard::{self, ChangeIndex, Limits, Push, Stored, split_chunks};
use sync_core::ids::{DeviceId, OrgId, UserId, VisitId};
use sync_core::merge::{self, Held, View};

use super::{PAGE, Report, Verifier};
use crate::app::sync::{claims, named_statements, project, reps_of};
use crate::app::visits::{Norms, Reprojection, derive_with};
use crate::app::{AppResult, conflicts, late_work};

/// Verifies the visits of an organisation, page by page.
pub(super) async fn verify(
    verifier: &Verifier,
    org: OrgId,
    report: &mut Report,
    progress: &dyn Fn(&str),
) -> AppResult<()> {
    let now = verifier.now;
    let read = move |conn: &mut Conn, after: &String, page: &mut Report| {
        let mut checker = Checker { org, norms: Norms::new(org, now), users: BTreeMap::new() };
        let ids = checks::list_visit_ids(conn, org, after, PAGE)?;
        for visit in &ids {
            checker.visit(conn, *visit, page)?;
        }
        Ok(ids.last().map(ToString::to_string))
    };
    let told = |report: &Report| {
        progress(&format!("{org}: {} visits", report.counts.get("visits").copied().unwrap_or(0)));
    };
    verifier.pages(report, read, told).await
}

/// A document as its chunks make it.
struct Rebuilt {
    heads: Vec<Hash>,
    index: ChangeIndex,
    snapshot: Vec<u8>,
    view: View,
    /// Who wrote as which actor first.
    actors: BTreeMap<Actor, DeviceId>,
}

struct Checker {
    org: OrgId,
    norms: Norms,
    users: BTreeMap<DeviceId, Option<UserId>>,
}

impl Checker {
    fn visit(&mut self, conn: &mut Conn, visit: VisitId, report: &mut Report) -> AppResult<()> {
        report.count("visits");
        let pushes = match documents::list_doc_changes(conn, self.org, visit) {
            Ok(pushes) => pushes,
            Err(error) => {
                report.differs(self.org, "doc_changes", visit, error.to_string());
                return Ok(());
            }
        };
        let held = match late_work::load(conn, self.org, visit) {
            Ok(late) => late.held(),
            Err(error) => {
                report.differs(self.org, "late_work", visit, error.to_string());
                return Ok(());
            }
        };
        let rebuilt = match self.rebuild(conn, visit, &pushes, &held, report)? {
            Ok(rebuilt) => rebuilt,
            Err(what) => {
                report.differs(self.org, "doc_changes", visit, what);
                return Ok(());
            }
        };
        self.document(conn, visit, pushes.len(), rebuilt.as_ref(), report)?;
        self.tables(conn, visit, rebuilt.as_ref(), report)?;
        self.evidence(conn, visit, report)?;
        self.places(conn, visit, &pushes, report)
    }

    /// Puts the chunks together under the guard, push by push, as they came.
    fn rebuild(
        &mut self,
        conn: &mut Conn,
        visit: VisitId,
        pushes: &[DocChangeRow],
        held: &Held,
        report: &mut Report,
    ) -> AppResult<Result<Option<Rebuilt>, String>> {
        let mut rebuilt: Option<Rebuilt> = None;
        for (push, seq) in pushes.iter().zip(1_i64..) {
            report.count("pushes");
            if push.seq != seq {
                return Ok(Err(format!("push {seq} is missing")));
            }
            let device = push.device_id.0;
            let authors = self.authors(conn, visit, push)?;
            if authors.is_empty() {
                return Ok(Err(format!("push {seq} is of a device nobody knows")));
            }
            let chunks =
                if push.is_document_chunk { Some(vec![push.bytes.clone()]) } else { split_chunks(&push.bytes) };
            let Some(chunks) = chunks else { return Ok(Err(format!("push {seq} ends inside a chunk"))) };
            let Some(admission) = admit(visit, &authors, &chunks, rebuilt.as_ref()) else {
                return Ok(Err(format!("push {seq} cannot be built upon")));
            };
            if let Some(refused) = admission.refused {
                return Ok(Err(format!("push {seq} is refused: {}", refused.code.as_str())));
            }
            let Some(accepted) = admission.accepted.filter(|_| admission.missing.is_empty()) else {
                return Ok(Err(format!("push {seq} brings nothing new, or not all it rests on")));
            };
            let mut actors = rebuilt.map(|before| before.actors).unwrap_or_default();
            for change in accepted.changes.iter().filter(|change| change.actor != genesis_actor(visit)) {
                actors.entry(change.actor).or_insert(device);
            }
            let view = merge::view_without(&accepted.doc, held);
            rebuilt = Some(Rebuilt {
                heads: accepted.heads,
                index: accepted.index,
                snapshot: accepted.snapshot,
                view,
                actors,
            });
        }
        Ok(Ok(rebuilt))
    }

    /// Whose records a push may hold: those of the device's rep, or, where somebody of the office took them over from
    /// quarantine, of the rep whose item it was.
    fn authors(&mut self, conn: &mut Conn, visit: VisitId, push: &DocChangeRow) -> AppResult<BTreeSet<UserId>> {
        if let Some(user) = self.user_of(conn, push.device_id.0)? {
            return Ok(BTreeSet::from([user]));
        }
        reps_of(conn, self.org, visit, (push.device_id.0, push.received_at_ms))
    }

    fn user_of(&mut self, conn: &mut Conn, device: DeviceId) -> AppResult<Option<UserId>> {
        if let Some(known) = self.users.get(&device) {
            return Ok(*known);
        }
        let user = devices::find_device(conn, self.org, device)?.map(|row| row.user_id.0);
        self.users.insert(device, user);
        Ok(user)
    }

    /// The row of the document: heads, index, snapshot, version, actors.
    fn document(
        &self,
        conn: &mut Conn,
        visit: VisitId,
        pushes: usize,
        rebuilt: Option<&Rebuilt>,
        report: &mut Report,
    ) -> AppResult<()> {
        let org = self.org;
        let stored = match documents::find_document(conn, org, visit) {
            Ok(stored) => stored,
            Err(error) => {
                report.differs(org, "documents.heads", visit, error.to_string());
                return Ok(());
            }
        };
        let (stored, rebuilt) = match (stored, rebuilt) {
            (Some(stored), Some(rebuilt)) => (stored, rebuilt),
            (None, None) => return Ok(()),
            (Some(_), None) => {
                report.differs(org, "documents", visit, "a document without any push");
                return Ok(());
            }
            (None, Some(_)) => {
                report.differs(org, "documents", visit, "pushes without a document");
                return Ok(());
            }
        };
        report.count("documents");
        if usize::try_from(stored.version) != Ok(pushes) {
            report.differs(org, "documents.version", visit, format!("version {}, {pushes} pushes", stored.version));
        }
        if stored.heads.0.0 != rebuilt.heads {
            report.differs(org, "documents.heads", visit, "the heads are not those of the chunks");
        }
        if ChangeIndex::decode(&stored.change_index).ok().as_ref() != Some(&rebuilt.index) {
            report.differs(org, "documents.change_index", visit, "the change index is not that of the chunks");
        }
        if stored.snapshot != rebuilt.snapshot {
            report.differs(org, "documents.snapshot", visit, "the snapshot is not that of the chunks");
        }
        if checks::list_actors(conn, org, visit)? != rebuilt.actors {
            report.differs(org, "doc_actors", visit, "the actors are not bound to the devices that used them first");
        }
        Ok(())
    }

    /// Projections, claims, named statements, state.
    fn tables(
        &mut self,
        conn: &mut Conn,
        visit: VisitId,
        rebuilt: Option<&Rebuilt>,
        report: &mut Report,
    ) -> AppResult<()> {
        let org = self.org;
        let Some(rebuilt) = rebuilt else {
            if load_projection(conn, org, visit)? != Projection::default() {
                report.differs(org, "projections", visit, "rows without a document");
            }
            return Ok(());
        };
        let derived = match derive_with(conn, &mut self.norms, &rebuilt.view) {
            Ok(derived) => derived,
            Err(error) => {
                report.differs(org, "visits.state", visit, error.to_string());
                return Ok(());
            }
        };
        projections(conn, org, visit, derived.counting.as_ref().unwrap_or(&rebuilt.view), report)?;
        inboxes(conn, org, visit, &derived, report)?;
        if checks::list_claims(conn, org, visit, ClaimSource::Photo)? != claims(&rebuilt.view, &derived.derived.late) {
            report.differs(org, "blob_claims", visit, "the claims are not those of the document");
        }
        if checks::list_named_statements(conn, org, visit)? != named_statements(&rebuilt.view) {
            report.differs(org, "visit_statements", visit, "the named statements are not those of the document");
        }
        let Some(row) = visits::find_visit(conn, org, visit)? else { return Ok(()) };
        let follows = derived.row();
        if (&row.pinned_template, row.pinned_policy_version)
            != (&follows.pinned_template, follows.pinned_policy_version)
        {
            report.differs(org, "visits.pins", visit, "the pinned norms are not those of the document");
        }
        if row.state != derived.state.code() {
            let what = format!("{} is stored, {} follows", row.state, derived.state.code());
            report.differs(org, "visits.state", visit, what);
        }
        if row.outcome != derived.outcome {
            report.differs(org, "visits.outcome", visit, "the outcome is not that of the document");
        }
        if row.submitted_at_ms != derived.submitted_at.map(|at| at.0) {
            report.differs(org, "visits.submitted_at_ms", visit, "the hand-in is not that of the document");
        }
        Ok(())
    }

    /// The columns that follow from claims, blobs and statements.
    fn evidence(&self, conn: &mut Conn, visit: VisitId, report: &mut Report) -> AppResult<()> {
        let org = self.org;
        let Some(row) = visits::find_visit(conn, org, visit)? else { return Ok(()) };
        let missing = list_missing(conn, org, visit)?.len();
        if usize::try_from(row.missing_blobs) != Ok(missing) {
            let what = format!("{} are stored, {missing} are missing", row.missing_blobs);
            report.differs(org, "visits.missing_blobs", visit, what);
        }
        let has_document = documents::find_document_version(conn, org, visit)? > 0;
        let is_complete =
            has_document && missing == 0 && presence::list_missing_statements(conn, org, visit)?.is_empty();
        if is_complete != row.evidence_complete_at_ms.is_some() {
            let what = if is_complete { "everything is here" } else { "something is missing" };
            report.differs(org, "visits.evidence_complete_at_ms", visit, what);
        }
        Ok(())
    }

    /// No push stands behind the place of its document in the feed: a phone would never hear of it.
    fn places(&self, conn: &mut Conn, visit: VisitId, pushes: &[DocChangeRow], report: &mut Report) -> AppResult<()> {
        let places = checks::list_places(conn, self.org, visit)?;
        let late = pushes.iter().flat_map(|push| &push.positions.0.0);
        let behind: BTreeSet<&String> = late
            .filter(|(audience, pos)| places.get(*audience).is_none_or(|place| place < pos))
            .map(|(audience, _)| audience)
            .collect();
        for audience in behind {
            report.differs(self.org, "feed.doc", visit, format!("its place in {audience} is before a push"));
        }
        Ok(())
    }
}

/// What the guard says of a push, as far as one of these people may have written it; `None` if it cannot even be tried.
fn admit(
    visit: VisitId,
    authors: &BTreeSet<UserId>,
    chunks: &[Vec<u8>],
    before: Option<&Rebuilt>,
) -> Option<guard::Admission> {
    let mut admission = None;
    for by in authors {
        let stored = before.map(|before| Stored { snapshot: &before.snapshot, loaded: None, index: &before.index });
        let push = Push { visit, by: *by, chunks, stored, may_use_actor: &|_| true, limits: &Limits::CEILING };
        admission = guard::admit(push).ok();
        if admission.as_ref().is_some_and(|one| one.refused.is_none()) {
            break;
        }
    }
    admission
}

/// Compares what the office's inboxes count: late work and concurrent values.
fn inboxes(conn: &mut Conn, org: OrgId, visit: VisitId, derived: &Reprojection, report: &mut Report) -> AppResult<()> {
    if list_late_counts(conn, org, &[visit])?.remove(&visit).unwrap_or_default() != derived.late {
        report.differs(org, "visit_late_work", visit, "the counts are not those of what came late");
    }
    let stored = list_conflict_counts(conn, org, &[visit])?.remove(&visit).unwrap_or_default();
    if stored != conflicts::counts(&derived.conflicts) {
        report.differs(org, "visit_conflicts", visit, "the counts are not those of the concurrent values");
    }
    Ok(())
}

/// Compares the rows of the projections, one table at a time.
fn projections(conn: &mut Conn, org: OrgId, visit: VisitId, view: &View, report: &mut Report) -> AppResult<()> {
    let expected = project(org, visit, view);
    let stored = match load_projection(conn, org, visit) {
        Ok(stored) => stored,
        Err(error) => {
            report.differs(org, "projections", visit, error.to_string());
            return Ok(());
        }
    };
    let what = "the rows are not those of the document";
    if stored.photos != expected.photos {
        report.differs(org, "visit_photos", visit, what);
    }
    if stored.readings != expected.readings {
        report.differs(org, "visit_readings", visit, what);
    }
    let by_question = |rows: &[doorstep_store::projections::AnswerRow]| {
        let mut rows = rows.to_vec();
        rows.sort_by(|one, other| one.question.cmp(&other.question));
        rows
    };
    if by_question(&stored.answers) != by_question(&expected.answers) {
        report.differs(org, "visit_answers", visit, what);
    }
    if stored.events != expected.events {
        report.differs(org, "visit_events", visit, what);
    }
    // Of visits of before the table the job that looks at them notes the items; until then there are none.
    let waits = stored.items.is_empty() && photo_checks::is_due(conn, org, visit)?;
    if stored.items != expected.items && !waits {
        report.differs(org, "installed_items", visit, what);
    }
    Ok(())
}
