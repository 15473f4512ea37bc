//! Blobs that intents name: claims outside any visit, such as the photo of a check-in.

use std::collections::BTreeSet;

use diesel::prelude::*;
use sync_core::bytes::Hash;
use sync_core::ids::{IntentId, OrgId, UserId};

use crate::conn::Conn;
use crate::dialect;
use crate::error::StoreResult;
use crate::one_of::one_of;
use crate::schema::{blobs, intent_blobs};
use crate::text::Txt;

/// Records that an intent of a person names a blob.
///
/// # Errors
/// Database errors only.
pub fn add_intent_claim(conn: &mut Conn, org: OrgId, intent: IntentId, user: UserId, sha256: Hash) -> StoreResult<()> {
    dialect::lock_blobs(conn, org, [sha256])?;
    per_backend!(conn, c => diesel::insert_into(intent_blobs::table)
        .values((
            intent_blobs::org_id.eq(Txt(org)),
            intent_blobs::intent_id.eq(Txt(intent)),
            intent_blobs::sha256.eq(Txt(sha256)),
            intent_blobs::user_id.eq(Txt(user)),
        ))
        .execute(c))?;
    Ok(())
}

/// The intents that name a blob, each with whose it is.
///
/// # Errors
/// Database errors only.
pub fn list_claiming_intents(conn: &mut Conn, org: OrgId, sha256: Hash) -> StoreResult<Vec<(IntentId, UserId)>> {
    let found: Vec<(Txt<IntentId>, Txt<UserId>)> = per_backend!(conn, c => intent_blobs::table
        .filter(intent_blobs::org_id.eq(Txt(org)).and(intent_blobs::sha256.eq(Txt(sha256))))
        .order(intent_blobs::intent_id)
        .select((intent_blobs::intent_id, intent_blobs::user_id))
        .load(c))?;
    Ok(found.into_iter().map(|(intent, user)| (intent.0, user.0)).collect())
}

/// Blobs that intents name and the server does not hold yet.
///
/// A blob in quarantine, for only revoked devices brought it, does not count as held.
///
/// # Errors
/// Database errors only.
pub fn list_missing_of_intents(conn: &mut Conn, org: OrgId, intents: &[IntentId]) -> StoreResult<BTreeSet<Hash>> {
    let named: Vec<Txt<Hash>> = per_backend!(conn, c => intent_blobs::table
        .filter(intent_blobs::org_id.eq(Txt(org)))
        .filter(one_of(intent_blobs::intent_id, intents))
        .select(intent_blobs::sha256)
        .load(c))?;
    if named.is_empty() {
        return Ok(BTreeSet::new());
    }
    let held: Vec<Txt<Hash>> = per_backend!(conn, c => blobs::table
        .filter(blobs::org_id.eq(Txt(org)).and(one_of(blobs::sha256, &named)))
        .filter(blobs::is_quarantined.eq(false))
        .select(blobs::sha256)
        .load(c))?;
    let held: BTreeSet<Hash> = held.into_iter().map(|hash| hash.0).collect();
    Ok(named.into_iter().map(|hash| hash.0).filter(|hash| !held.contains(hash)).collect())
}
