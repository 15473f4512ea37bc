//! What a person should look at about photos: worked out once a photo and its record are both here, never at the door.
//!
//! The queue is the database: whatever brings a record or bytes puts the visit on it in its own transaction, and it stays
//! there until what was found is written. A rep is neither asked nor kept waiting, and nothing is refused.

mod album;
mod aligned;
mod belated;
mod decide;
mod evaluate;
mod hints;
mod judge;
mod list;
mod prints;
mod queue;
mod rebuild;
mod refit;
mod reused;

use doorstep_store::{Conn, blobs, photo_checks, photo_looks};
use sync_core::ids::{OrgId, VisitId};
use sync_core::time::UnixMillis;

pub(crate) use album::{Album, Samples};
pub use decide::{FindingVerdict, decide_finding};
pub use evaluate::{evaluate_due, is_any_due};
pub use hints::PhotoHints;
pub use list::{EarlierPhoto, Found, VisitFindings, list_findings};
pub use queue::FindingsQueue;
pub(crate) use rebuild::{Rebuilt, rebuild};
pub use refit::{Refit, refit};

use crate::app::AppResult;

/// Which rules make findings; what another version found is written anew when the visit is looked at.
const VERSION: i64 = 4;

/// As [`look_at`], for visits of which something was written: those whose bytes are all on the way are left out, since
/// the first that come have them looked at.
///
/// # Errors
/// Database errors only.
pub fn look_again_at(conn: &mut Conn, org: OrgId, visits: &[VisitId], now: UnixMillis) -> AppResult<()> {
    let here = blobs::list_with_bytes(conn, org, visits)?;
    look_at(conn, org, here, now)
}

/// As [`look_at`], for the visits of crews that pinned a policy which is published only now.
///
/// A policy never changes, so nobody else's findings change with a new one.
///
/// # Errors
/// Database errors only.
pub fn look_again_by(conn: &mut Conn, org: OrgId, policy: i64, now: UnixMillis) -> AppResult<()> {
    let awaiting = photo_looks::list_awaiting(conn, org, policy)?;
    look_at(conn, org, awaiting, now)
}

/// Has the photos of visits looked at after this transaction.
///
/// # Errors
/// Database errors only.
pub fn look_at(
    conn: &mut Conn,
    org: OrgId,
    visits: impl IntoIterator<Item = VisitId>,
    now: UnixMillis,
) -> AppResult<()> {
    Ok(photo_checks::enqueue(conn, org, visits, now.0)?)
}
