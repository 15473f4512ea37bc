//! Prints that were made only after their photo was looked at: of pictures that took too long, or ended the process, and were
//! tried again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use doorstep_media::Prints;
use doorstep_store::photo_sightings::{self, SightingRow};
use doorstep_store::{Conn, blob_facts};
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;
use sync_core::time::UnixMillis;

use super::album::Album;
use super::judge::{Looked, telling_prints};
use super::{look_at, prints};
use crate::app::{AppError, AppResult};

/// Has the belated prints of a visit compared with from now on, and every visit looked at again that was looked at behind
/// it and may be like it: of two photos the earlier is the one that was looked at first, whenever its prints came.
///
/// In a transaction before that of the visit, which stays due.
///
/// # Errors
/// Stale or conflict if another node looks at photos, too; other errors of the database.
pub(super) async fn take_in(album: Album<'_>, org: OrgId, looked: &Looked, now: UnixMillis) -> AppResult<()> {
    if looked.belated.is_empty() {
        return Ok(());
    }
    let (rows, policy) = (looked.belated.clone(), Arc::clone(&looked.policy));
    let read = move |conn: &mut Conn| {
        rows.into_iter().map(|row| with_prints(conn, org, row, &policy.parameters)).collect::<AppResult<_>>()
    };
    let rows: Vec<(SightingRow, Option<Prints>)> = album.store.read(read).await?;
    let near = prints::likenesses(album, org, rows.iter().map(|(_, prints)| *prints).collect()).await?;
    let contents = near.into_iter().map(|near| near.into_iter().map(|like| like.sha256).collect());
    let contents: Vec<BTreeSet<Hash>> = contents.collect();
    let first = looked.next_seq;
    album
        .store
        .write(move |conn| {
            let mut behind = BTreeSet::new();
            for (((row, _), near), prints_seq) in rows.iter().zip(&contents).zip(first..) {
                photo_sightings::set_prints_seq(conn, row, prints_seq)?;
                let near: Vec<Hash> = near.iter().copied().filter(|sha256| *sha256 != row.sha256.0).collect();
                let of = (org, row.visit_id.0);
                behind.extend(photo_sightings::list_visits_behind(conn, of, &near, row.seq)?);
            }
            look_at(conn, org, behind, now)
        })
        .await
}

/// A photo that shows too little is like nothing, and has nobody looked at again.
fn with_prints(
    conn: &mut Conn,
    org: OrgId,
    row: SightingRow,
    parameters: &BTreeMap<String, String>,
) -> AppResult<(SightingRow, Option<Prints>)> {
    let facts = blob_facts::find_facts(conn, org, row.sha256.0)?;
    let prints = facts.as_ref().and_then(|facts| telling_prints(facts, parameters));
    Ok::<_, AppError>((row, prints))
}
