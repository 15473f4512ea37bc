//! The norms that a transaction projects visits by, each read and parsed once.
//!
//! Published versions never change, and a transaction sees one state of the database; a push of many visits
//! of one template must not parse it for each of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use doorstep_store::{Conn, norms};
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;
use sync_core::plan::{CalendarRow, PolicyRow, calendar_in_force};
use sync_core::template::Template;
use sync_core::time::UnixMillis;

use crate::app::rows::{calendar_row, policy_row, read};
use crate::app::scope::load_zone;
use crate::app::{AppError, AppResult};

/// A template version with the SHA-256 of its bytes as served.
type Published = (Arc<Template>, Hash);

/// Reads norms of one organisation at one instant; lives as long as its transaction.
#[derive(Debug)]
pub struct Norms {
    org: OrgId,
    now: UnixMillis,
    templates: BTreeMap<(String, i64), Option<Published>>,
    policies: BTreeMap<i64, Option<Arc<PolicyRow>>>,
    /// Calendar versions with when they were published.
    calendars: Option<Vec<(i64, Option<UnixMillis>)>>,
    days: BTreeMap<i64, Arc<CalendarRow>>,
    zone_offset_ms: Option<i64>,
}

impl Norms {
    /// Nothing read yet.
    #[must_use]
    pub fn new(org: OrgId, now: UnixMillis) -> Self {
        let (templates, policies) = (BTreeMap::new(), BTreeMap::new());
        Self { org, now, templates, policies, calendars: None, days: BTreeMap::new(), zone_offset_ms: None }
    }

    /// The organisation.
    pub(crate) const fn org(&self) -> OrgId {
        self.org
    }

    /// The instant.
    pub(crate) const fn now(&self) -> UnixMillis {
        self.now
    }

    /// A template version, if there is one.
    pub(super) fn template(&mut self, conn: &mut Conn, code: &str, version: i64) -> AppResult<Option<Published>> {
        let key = (code.to_owned(), version);
        if let Some(known) = self.templates.get(&key) {
            return Ok(known.clone());
        }
        let found = match norms::find_template(conn, self.org, code, version)? {
            Some(row) => Some((Arc::new(read("templates", format!("{code}/{version}"), &row.body)?), row.sha256.0)),
            None => None,
        };
        Ok(self.templates.entry(key).or_insert(found).clone())
    }

    /// A policy version, if there is one.
    pub(crate) fn policy(&mut self, conn: &mut Conn, version: i64) -> AppResult<Option<Arc<PolicyRow>>> {
        if let Some(known) = self.policies.get(&version) {
            return Ok(known.clone());
        }
        let found = policy_row(conn, self.org, version)?.map(Arc::new);
        Ok(self.policies.entry(version).or_insert(found).clone())
    }

    /// The calendar by which a visit is judged ([`calendar_in_force`]); an empty one where none is published.
    pub(super) fn calendar(
        &mut self,
        conn: &mut Conn,
        handed_in_at: Option<UnixMillis>,
    ) -> AppResult<Arc<CalendarRow>> {
        let versions = match self.calendars.take() {
            Some(known) => known,
            None => norms::list_calendar_versions(conn, self.org)?
                .into_iter()
                .map(|(version, published_at_ms)| (version, Some(UnixMillis(published_at_ms))))
                .collect(),
        };
        let version = calendar_in_force(&versions, handed_in_at);
        self.calendars = Some(versions);
        let Some(version) = version else { return Ok(Arc::default()) };
        if let Some(known) = self.days.get(&version) {
            return Ok(Arc::clone(known));
        }
        let found = calendar_row(conn, self.org, version)?.unwrap_or_default();
        Ok(Arc::clone(self.days.entry(version).or_insert(Arc::new(found))))
    }

    /// Offset of the organisation's zone now, in milliseconds.
    pub(super) fn zone_offset_ms(&mut self, conn: &mut Conn) -> AppResult<i64> {
        if let Some(known) = self.zone_offset_ms {
            return Ok(known);
        }
        let offset = load_zone(conn, self.org)?.offset_ms(self.now);
        Ok(*self.zone_offset_ms.insert(offset.map_err(|error| AppError::Internal(error.to_string()))?))
    }
}
