//! The visits that await a verdict.

use doorstep_store::visits::VisitRecord;
use doorstep_store::{Conn, reviews};
use sync_core::ids::VisitId;

use super::case::{Case, PhotoCounts};
use super::claim;
use crate::app::{AppError, AppResult, AppState, Ctx};
use crate::domain::review::Claim;

/// Place in the queue: instant of handing in, then id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueueKey {
    /// When the crew handed the visit in, in milliseconds.
    pub submitted_at_ms: i64,
    /// The visit.
    pub visit: VisitId,
}

impl QueueKey {
    /// The key as page tokens carry it.
    #[must_use]
    pub fn to_text(self) -> String {
        format!("{}/{}", self.submitted_at_ms, self.visit)
    }

    /// Reads the key of a page token.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let (at, visit) = text.split_once('/')?;
        Some(Self { submitted_at_ms: at.parse().ok()?, visit: visit.parse().ok()? })
    }
}

/// A visit that awaits a verdict.
#[derive(Debug, Clone)]
pub struct QueueEntry {
    /// The visit.
    pub case: Case,
    /// How its photos stand.
    pub photos: PhotoCounts,
    /// Who is reviewing it now.
    pub claim: Option<Claim>,
}

/// Lists visits under review, handed in longest ago first, from behind `after`.
///
/// # Errors
/// Corrupt rows.
pub async fn list_queue(state: &AppState, ctx: Ctx, after: Option<QueueKey>, size: i64) -> AppResult<Vec<QueueEntry>> {
    state
        .store
        .read(move |conn| {
            let after = after.map(|key| (key.submitted_at_ms, key.visit));
            let rows = reviews::list_queue(conn, ctx.actor.org, after, size)?;
            rows.into_iter().map(|row| entry(conn, &ctx, row)).collect()
        })
        .await
}

fn entry(conn: &mut Conn, ctx: &Ctx, row: VisitRecord) -> AppResult<QueueEntry> {
    let case = Case::load(conn, row, ctx.now)?;
    let claim = claim::find(conn, ctx.actor.org, case.row.id.0)?.filter(|claim| claim.until > ctx.now);
    Ok::<_, AppError>(QueueEntry { photos: case.photo_counts(), claim, case })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_tokens_round_trip() {
        let key = QueueKey { submitted_at_ms: 1_741_053_600_000, visit: VisitId::from_bytes([5; 16]) };
        assert_eq!(QueueKey::from_text(&key.to_text()), Some(key));
        for odd in ["", "1", "x/y", "1/2"] {
            assert_eq!(QueueKey::from_text(odd), None, "{odd}");
        }
    }
}
