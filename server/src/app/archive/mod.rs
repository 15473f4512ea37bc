//! The archive: what is kept of each visit, by which digest it is known, until when, and what must be kept longer
//! (DOC-03, DOC-10).
//!
//! Nothing is copied and nothing removed: an item says what is there to be kept. What changes later, by late work or an
//! amendment, is another version beside the first.

mod holds;
mod keep;

use doorstep_store::Conn;
use doorstep_store::archive::{self, ArchiveFilter, ArchiveItemRow};

pub use holds::{lift_hold, list_holds, place_hold};
pub use keep::{archive_due, note_due};

use crate::app::{AppError, AppResult, AppState, Ctx};

/// Newest versions of items in the order in which they were archived, each with whether a legal hold keeps it.
///
/// # Errors
/// Database errors only.
// Rule: DOC-03
pub async fn list_items(
    state: &AppState,
    ctx: Ctx,
    filter: ArchiveFilter,
    after: String,
    size: i64,
) -> AppResult<Vec<(ArchiveItemRow, bool)>> {
    let org = ctx.actor.org;
    let read = move |conn: &mut Conn| Ok::<_, AppError>(archive::list_items(conn, org, &filter, &after, size)?);
    state.store.read(read).await
}
