//! The documents of a push and what follows from them: collected for all, written table by table, and every visit derived
//! from rows that were read at once.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_store::blobs::{self, ClaimSource, Claims};
use doorstep_store::conflicts::list_conflict_counts;
use doorstep_store::documents::{self, ActorRow, DocumentRow};
use doorstep_store::feed::{FeedBatch, FeedKind};
use doorstep_store::late_work::{StoredLateWork, insert_late_work, list_late_counts};
use doorstep_store::projections::{self, Projection};
use doorstep_store::{Conn, StoreError, presence, visits};
use sync_core::bytes::Hash;
use sync_core::ids::{OrgId, VisitId};
use sync_core::merge::View;
use sync_core::plan::{LateReason, LateWorkRow};
use sync_core::texts::NoticeKind;
use sync_core::time::UnixMillis;
use sync_core::visit::VisitState;

use crate::app::blobs::set_evidence;
use crate::app::reviews::on_resubmission;
use crate::app::sync::access::Access;
use crate::app::sync::doc::JudgedDoc;
use crate::app::sync::{Round, late, projection};
use crate::app::visits::project::facts_of;
use crate::app::visits::{Norms, Planned, Reprojection, load_planned};
use crate::app::{AppResult, ErrorCode, archive, conflicts, contacts, deadlines, findings, late_work};

/// Writes the accepted documents; returns why the news of some does not count yet.
pub(super) fn write(
    conn: &mut Conn,
    round: &Round,
    judged: &[JudgedDoc],
    batch: &mut FeedBatch,
) -> AppResult<BTreeMap<VisitId, LateReason>> {
    let mut late_reasons = BTreeMap::new();
    let accepted: Vec<(&JudgedDoc, &View)> = judged.iter().filter_map(|doc| Some((doc, doc.view()?))).collect();
    if accepted.is_empty() {
        return Ok(late_reasons);
    }
    let org = round.ctx.actor.org;
    Rows::of(round, &accepted).write(conn, org)?;
    let with_photos = accepted.iter().filter(|(_, view)| !view.photos.is_empty()).map(|(doc, _)| doc.visit);
    findings::look_again_at(conn, org, &Vec::from_iter(with_photos), round.ctx.now)?;
    let late = accepted.iter().filter_map(|(doc, _)| doc.late_by_access(round));
    // This very push may say that the visit was handed in before it was cancelled.
    let late: Vec<LateWorkRow> = late.filter(|row| row.reason != LateReason::Cancelled).collect();
    keep_late(conn, org, &late)?;
    late_reasons.extend(late.iter().map(|row| (row.visit_id, row.reason)));
    let mut settling = Settling::load(conn, round, batch, &accepted)?;
    for row in late.iter().filter(|row| row.reason.is_held_out()) {
        for audience in settling.holders(row.visit_id) {
            batch.put(audience.clone(), FeedKind::LateWork, late_work::item_key(row));
        }
    }
    let (mut by_state, mut asked) = (Vec::new(), Vec::new());
    for (doc, view) in accepted {
        let mut reprojected = settling.settle(conn, batch, doc, view)?;
        asked.push((doc.visit, std::mem::take(&mut reprojected.asks)));
        on_resubmission(conn, batch, org, doc.visit, &reprojected, round.ctx.now)?;
        doc.tell(batch, settling.holders(doc.visit));
        if !late_reasons.contains_key(&doc.visit) {
            if is_after_cancelling(doc, &reprojected) {
                by_state.extend(doc.late_by_access(round));
            } else if late::holds_late(&reprojected.derived.late, doc.changes()) {
                by_state.push(doc.late_by_state(round));
            }
        }
    }
    deadlines::keep(conn, org, &asked, round.ctx.now)?;
    contacts::note_news(conn, org, &settling.turned, round.ctx.now)?;
    archive::note_due(conn, org, &settling.handed_in, round.ctx.now)?;
    keep_late(conn, org, &by_state)?;
    late_reasons.extend(by_state.iter().map(|row| (row.visit_id, row.reason)));
    Ok(late_reasons)
}

/// Whether a push is late because the visit is cancelled, and still is with it.
fn is_after_cancelling(doc: &JudgedDoc, reprojected: &Reprojection) -> bool {
    doc.access == Access::Late(LateReason::Cancelled) && reprojected.state == VisitState::Cancelled
}

/// Keeps what pushes bring late.
fn keep_late(conn: &mut Conn, org: OrgId, rows: &[LateWorkRow]) -> AppResult<()> {
    let rows: Vec<StoredLateWork> = rows.iter().map(|row| late::stored(org, row)).collect::<AppResult<_>>()?;
    Ok(insert_late_work(conn, &rows)?)
}

/// What documents say, as rows of each table.
#[derive(Debug, Default)]
struct Rows {
    new: Vec<DocumentRow>,
    changed: Vec<DocumentRow>,
    actors: Vec<ActorRow>,
    projection: Projection,
    claims: Claims,
    named_statements: BTreeMap<VisitId, BTreeSet<Hash>>,
}

impl Rows {
    fn of(round: &Round, accepted: &[(&JudgedDoc, &View)]) -> Self {
        let mut rows = Self::default();
        for (doc, view) in accepted {
            let kind = if doc.is_new() { &mut rows.new } else { &mut rows.changed };
            kind.extend(doc.document_row(round));
            rows.actors.extend(doc.actor_rows(round));
            rows.projection.append(projection::project(round.ctx.actor.org, doc.visit, view));
            rows.claims.insert(doc.visit, projection::claims(view, &[]));
            rows.named_statements.insert(doc.visit, projection::named_statements(view));
        }
        rows
    }

    fn write(&self, conn: &mut Conn, org: OrgId) -> AppResult<()> {
        documents::insert_documents(conn, &self.new)?;
        self.changed.iter().try_for_each(|row| documents::update_document(conn, row))?;
        documents::bind_actors(conn, &self.actors)?;
        let known: Vec<VisitId> = self.changed.iter().map(|row| row.visit_id.0).collect();
        projections::replace_projections(conn, org, &known, &self.projection)?;
        blobs::delete_claims(conn, org, &known, ClaimSource::Photo)?;
        blobs::add_claims(conn, org, ClaimSource::Photo, &self.claims)?;
        Ok(presence::replace_named_statements(conn, org, &known, &self.named_statements)?)
    }
}

/// Derives evidence and state of visits from their new content.
struct Settling {
    norms: Norms,
    planned: BTreeMap<VisitId, Planned>,
    missing: BTreeMap<VisitId, BTreeSet<Hash>>,
    lacking_statements: BTreeSet<VisitId>,
    /// Visits that had conflicts before.
    contested: BTreeSet<VisitId>,
    /// Visits that had late work before.
    belated: BTreeSet<VisitId>,
    /// A visit that an intent of this very push makes is held by those whom the batch will tell.
    holders: BTreeMap<String, BTreeSet<String>>,
    none: BTreeSet<String>,
    /// Visits whose state is news to their customers.
    turned: Vec<VisitId>,
    /// Visits that are to be archived as they are now.
    handed_in: Vec<VisitId>,
}

impl Settling {
    fn load(conn: &mut Conn, round: &Round, batch: &FeedBatch, of: &[(&JudgedDoc, &View)]) -> AppResult<Self> {
        let org = round.ctx.actor.org;
        let visits: Vec<VisitId> = of.iter().map(|(doc, _)| doc.visit).collect();
        let items: Vec<String> = visits.iter().map(VisitId::to_string).collect();
        let lacking = presence::list_missing_statements_of(conn, org, &visits)?;
        let known: Vec<VisitId> = of.iter().filter(|(doc, _)| !doc.is_new()).map(|(doc, _)| doc.visit).collect();
        Ok(Self {
            contested: list_conflict_counts(conn, org, &known)?.into_keys().collect(),
            belated: list_late_counts(conn, org, &known)?.into_keys().collect(),
            norms: Norms::new(org, round.ctx.now),
            planned: load_planned(conn, org, &visits)?,
            missing: blobs::list_missing_of(conn, org, &visits)?,
            lacking_statements: lacking.into_iter().map(|(visit, _)| visit).collect(),
            holders: batch.holders_of(conn, org, FeedKind::Visit, &items)?,
            none: BTreeSet::new(),
            turned: Vec::new(),
            handed_in: Vec::new(),
        })
    }

    fn holders(&self, visit: VisitId) -> &BTreeSet<String> {
        self.holders.get(&visit.to_string()).unwrap_or(&self.none)
    }

    /// Writes what follows for one visit.
    ///
    /// What came after the visit was handed in is known only once the state is; then its blobs are no longer
    /// waited for, so that a late photo cannot hold up the review.
    fn settle(
        &mut self,
        conn: &mut Conn,
        batch: &mut FeedBatch,
        doc: &JudgedDoc,
        view: &View,
    ) -> AppResult<Reprojection> {
        let (visit, org, now) = (view.visit, self.norms.org(), self.norms.now());
        let Planned { mut row, mut plan, review } = self.planned.remove(&visit).ok_or(ErrorCode::NotFound)?;
        if doc.held() != Some(&review.held()) {
            // The office decided about late work since the view was merged.
            return Err(StoreError::Stale.into());
        }
        let before = row.clone();
        let lacks_statements = self.lacking_statements.contains(&visit);
        let missing = self.missing.get(&visit).map_or(0, BTreeSet::len);
        let mut has_turned = set_evidence(&mut row, missing, lacks_statements, now);
        plan.visit.evidence_complete_at_ms = row.evidence_complete_at_ms.map(UnixMillis);
        let mut facts = facts_of(conn, &mut self.norms, view, plan, review)?;
        let mut projected = facts.project(view);
        let in_time = projection::claims(view, &projected.derived.late);
        if in_time != projection::claims(view, &[]) {
            blobs::delete_claims(conn, org, &[visit], ClaimSource::Photo)?;
            blobs::add_claims(conn, org, ClaimSource::Photo, &Claims::from([(visit, in_time)]))?;
            let missing = blobs::list_missing(conn, org, visit)?.len();
            if set_evidence(&mut row, missing, lacks_statements, now) {
                has_turned = true;
                facts.plan.visit.evidence_complete_at_ms = row.evidence_complete_at_ms.map(UnixMillis);
                projected = facts.project(view);
            }
        }
        projected.row().put_into(&mut row);
        let is_news = NoticeKind::of_visit(projected.state, projected.outcome.as_deref()).is_some();
        if is_news && row.state != before.state {
            self.turned.push(visit);
        }
        if projected.is_to_be_kept() {
            self.handed_in.push(visit);
        }
        if row != before {
            visits::update_derived(conn, &row)?;
        }
        if !projected.conflicts.is_empty() || self.contested.contains(&visit) {
            conflicts::project(conn, org, visit, &projected)?;
        }
        if is_after_cancelling(doc, &projected) {
            projected.late.entry(LateReason::Cancelled.code().to_owned()).or_default();
        }
        if !projected.late.is_empty() || self.belated.contains(&visit) {
            late_work::project(conn, org, visit, &projected)?;
        }
        if let Some(counting) = &projected.counting {
            projections::replace_projections(conn, org, &[visit], &projection::project(org, visit, counting))?;
        }
        if has_turned {
            for audience in self.holders(visit) {
                if batch.told(audience, FeedKind::Visit, &visit.to_string()).is_none() {
                    batch.put(audience.clone(), FeedKind::Visit, visit);
                }
            }
        }
        Ok(projected)
    }
}
