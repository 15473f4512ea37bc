//! `doorstep verify`: builds everything that follows from captured bytes anew and compares it with the tables.
//!
//! Reads only, in one transaction for a page, so that it may run beside a server. Names what differs by id, never by
//! content.

mod blobs;
mod captured;
mod documents;
mod evidence;
mod feed;
mod findings;
mod gaps;
mod seals;

use std::collections::BTreeMap;
use std::sync::Arc;

use doorstep_store::organisations::{list_organisations, list_signing_keys};
use doorstep_store::{Conn, Store, StoreError};
use sync_core::ids::OrgId;
use sync_core::jws::Ed25519PublicKey;
use sync_core::time::UnixMillis;

use crate::app::{AppError, AppResult};
use crate::auth::keys::Purpose;
use crate::ports::Objects;

pub use gaps::Gaps;

/// Rows read in one transaction.
const PAGE: i64 = 200;

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The organisation.
    pub org: OrgId,
    /// What is wrong, as a stable code: the table, or the check that failed.
    pub check: &'static str,
    /// Id of the visit, blob, statement or other thing.
    pub id: String,
    /// What was found, without any content.
    pub what: String,
}

/// What was checked, and what differs.
#[derive(Debug, Default)]
pub struct Report {
    /// Things checked, by name.
    pub counts: BTreeMap<&'static str, u64>,
    /// What differs.
    pub differences: Vec<Difference>,
    /// What phones still owe after a restore.
    pub gaps: Vec<Gaps>,
}

impl Report {
    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn differs(&mut self, org: OrgId, check: &'static str, id: impl ToString, what: impl Into<String>) {
        self.differences.push(Difference { org, check, id: id.to_string(), what: what.into() });
    }

    fn add(&mut self, next: Self) {
        for (what, count) in next.counts {
            *self.counts.entry(what).or_default() += count;
        }
        self.differences.extend(next.differences);
    }
}

/// What is verified.
#[derive(Debug, Clone)]
pub struct Verifier {
    /// The database.
    pub store: Store,
    /// Where the blobs are.
    pub objects: Arc<dyn Objects>,
    /// Now.
    pub now: UnixMillis,
}

impl Verifier {
    /// Verifies every organisation.
    ///
    /// # Errors
    /// If the database cannot be read; what cannot be read of a single thing is a difference.
    pub async fn run(&self, progress: &dyn Fn(&str)) -> AppResult<Report> {
        let mut report = Report::default();
        let organisations = self.store.read(|conn| list_organisations(conn).map_err(AppError::from)).await?;
        let keys = self.evidence_keys().await?;
        for organisation in organisations {
            let org = organisation.id.0;
            documents::verify(self, org, &mut report, progress).await?;
            evidence::verify(self, org, &keys, &mut report, progress).await?;
            captured::intents(self, org, &mut report).await?;
            captured::quarantine(self, org, &mut report).await?;
            captured::sign_offs(self, org, &mut report).await?;
            progress(&format!("{org}: {} intents", report.counts.get("intents").copied().unwrap_or(0)));
            seals::verify(self, org, &mut report).await?;
            progress(&format!("{org}: {} seals", report.counts.get("seals").copied().unwrap_or(0)));
            blobs::verify(self, org, &mut report, progress).await?;
            feed::verify(self, org, &mut report).await?;
            report.gaps.extend(gaps::find(self, org).await?);
            // Last, for it takes longest: each photo is compared anew with all before it.
            findings::verify(self, org, &mut report, progress).await?;
        }
        report.differences.sort();
        Ok(report)
    }

    /// Goes through rows page by page, each in a transaction of its own: `read` begins behind a place, reports what it
    /// finds, and gives the place of its last row. `told` hears of each page.
    async fn pages<P: Default + Send + 'static>(
        &self,
        report: &mut Report,
        read: impl Fn(&mut Conn, &P, &mut Report) -> AppResult<Option<P>> + Clone + Send + 'static,
        told: impl Fn(&Report),
    ) -> AppResult<()> {
        let mut after = P::default();
        loop {
            let read = read.clone();
            let (page, last) = self
                .store
                .read(move |conn| {
                    let mut page = Report::default();
                    let last = read(conn, &after, &mut page)?;
                    Ok::<_, AppError>((page, last))
                })
                .await?;
            report.add(page);
            let Some(last) = last else { return Ok(()) };
            told(report);
            after = last;
        }
    }

    async fn evidence_keys(&self) -> AppResult<Vec<Ed25519PublicKey>> {
        let rows =
            self.store.read(|conn| list_signing_keys(conn, Purpose::Evidence.as_str()).map_err(AppError::from)).await?;
        let key = |row: doorstep_store::organisations::SigningKeyRow| {
            let what = || StoreError::Corrupt { table: "signing_keys", id: row.kid.clone(), what: "no key".to_owned() };
            let bytes = row.public_key.as_slice().try_into().map_err(|_length| what())?;
            Ed25519PublicKey::from_bytes(bytes).map_err(|_malformed| what().into())
        };
        rows.into_iter().map(key).collect()
    }
}
