//! A visit as review sees it: what counts, what was decided, what has not arrived.

use std::collections::BTreeSet;

use doorstep_store::visits::VisitRecord;
use doorstep_store::{Conn, blobs};
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;
use sync_core::merge::View;
use sync_core::merge::view::Finding;
use sync_core::plan::VerdictRow;
use sync_core::rules::Facts;
use sync_core::time::UnixMillis;
use sync_core::visit::Derived;

use crate::app::AppResult;
use crate::app::visits::project::LoadedFacts;
use crate::app::visits::{Judged, judge};
use crate::domain::review::{Standing, standing};

/// Everything a decision about a visit reads.
#[derive(Debug, Clone)]
pub struct Case {
    /// The visit's row.
    pub row: VisitRecord,
    /// The document without late records: what is judged.
    pub view: View,
    /// Plan, template, policy, verdicts so far.
    pub loaded: LoadedFacts,
    /// State, reopened slots, late records.
    pub derived: Derived,
    /// Blobs that what is judged needs and the server does not hold.
    pub missing: BTreeSet<Hash>,
    /// What a person should look at.
    pub findings: Vec<Finding>,
}

/// How the current photos of a visit stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PhotoCounts {
    /// No verdict on their content.
    pub pending: i64,
    /// Approved.
    pub approved: i64,
    /// Rejected.
    pub rejected: i64,
}

impl Case {
    /// Loads what review reads about a visit.
    ///
    /// # Errors
    /// Corrupt rows.
    pub(super) fn load(conn: &mut Conn, row: VisitRecord, now: UnixMillis) -> AppResult<Self> {
        let (org, visit) = (row.org_id.0, row.id.0);
        let Judged { loaded, whole, view, derived, findings } = judge(conn, org, visit, now)?;
        let missing = missing_for(conn, org, &whole, &view)?;
        Ok(Self { row, view, loaded, derived, missing, findings })
    }

    /// The facts rules read, about what is judged.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        self.loaded.of(&self.view)
    }

    /// The verdicts so far, oldest first.
    #[must_use]
    pub fn verdicts(&self) -> &[VerdictRow] {
        &self.loaded.review.verdicts
    }

    /// How the current photos stand.
    #[must_use]
    pub fn photo_counts(&self) -> PhotoCounts {
        let mut counts = PhotoCounts::default();
        for photo in self.view.current_photos() {
            match standing(self.verdicts(), &photo.key, photo.value.sha256) {
                Standing::Pending => counts.pending += 1,
                Standing::Approved(_) => counts.approved += 1,
                Standing::Rejected(_) => counts.rejected += 1,
            }
        }
        counts
    }
}

/// Missing blobs, without those that only late photos name.
fn missing_for(conn: &mut Conn, org: OrgId, whole: &View, view: &View) -> AppResult<BTreeSet<Hash>> {
    let missing = blobs::list_missing(conn, org, whole.visit)?;
    let names = |view: &View, hash: &Hash| view.photos.iter().any(|photo| photo.value.sha256 == *hash);
    Ok(missing.into_iter().filter(|hash| names(view, hash) || !names(whole, hash)).collect())
}
