//! What a sign-off covers, and how it is written.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_store::day_sign_offs::DaySignOffRow;
use serde::Deserialize;
use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::ids::{IntentId, OrgId, TeamId, VisitId};
use sync_core::plain_json;

use super::load::Loaded;
use crate::app::rows::{corrupt, read};
use crate::app::{AppError, AppResult};

/// Tag of the form that is written.
const FORM: &str = "doorstep-day-2";

/// Tag of the first form, which names no records.
const FIRST_FORM: &str = "doorstep-day-1";

/// What a sign-off covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Covered {
    /// Each visit with its state and the heads of its document.
    pub visits: BTreeMap<VisitId, (String, Vec<Hash>)>,
    /// Check-ins, kit checks and notes; absent in the first form.
    pub records: Option<BTreeSet<IntentId>>,
}

type Visits = Vec<(VisitId, String, Vec<Hash>)>;

/// Every form: tag, organisation, team, day, and what it covers.
#[derive(Deserialize)]
#[serde(untagged)]
enum Form {
    Written(String, OrgId, TeamId, String, Visits, BTreeSet<IntentId>),
    First(String, OrgId, TeamId, String, Visits),
}

impl Covered {
    /// What a sign-off of a day would cover.
    pub(super) fn of(loaded: &Loaded) -> Self {
        let heads = |visit: &VisitId| loaded.heads.get(visit).cloned().unwrap_or_default();
        Self {
            visits: loaded.visits.iter().map(|(visit, row)| (*visit, (row.state.clone(), heads(visit)))).collect(),
            records: Some(loaded.records.iter().map(|record| record.intent.0).collect()),
        }
    }

    /// As it is signed.
    ///
    /// # Errors
    /// If it cannot be written, which is a defect.
    pub(super) fn text(&self, org: OrgId, team: TeamId, day: &str) -> AppResult<String> {
        let visits: Vec<_> = self.visits.iter().map(|(visit, (state, heads))| (visit, state, heads)).collect();
        let list = json!([FORM, org, team, day, visits, self.records]);
        plain_json::to_string(&list).map_err(|error| AppError::Internal(error.to_string()))
    }

    /// What a sign-off covered.
    ///
    /// # Errors
    /// A corrupt row: another form, or one of another day.
    pub(super) fn read(row: &DaySignOffRow) -> AppResult<Self> {
        let (tag, place, visits, records) = match read("day_sign_offs", row.number, &row.covered)? {
            Form::Written(tag, org, team, day, visits, records) => (tag, (org, team, day), visits, Some(records)),
            Form::First(tag, org, team, day, visits) => (tag, (org, team, day), visits, None),
        };
        let expected = if records.is_some() { FORM } else { FIRST_FORM };
        if tag != expected || place != (row.org_id.0, row.team_id.0, row.day.clone()) {
            return Err(corrupt("day_sign_offs", row.number, "what it covered is of another day or form"));
        }
        let visits = visits.into_iter().map(|(visit, state, heads)| (visit, (state, heads))).collect();
        Ok(Self { visits, records })
    }
}
