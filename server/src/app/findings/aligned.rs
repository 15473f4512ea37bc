//! Photos that may be cut out of each other, compared closely.

use std::collections::BTreeMap;

use doorstep_media::{Likeness, Sample};
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;
use sync_core::photo::thresholds::{MOST_BITS, REUSE_PROBABLE, REUSE_STRONG};

use super::album::Samples;
use crate::app::{AppError, AppResult};

/// Most photos that one is compared with closely, the nearest in the lowest frequencies: each takes some hundredths of a
/// second, and among a million photos that differ a thousand are near.
const MOST: usize = 16;

/// The likenesses of a photo, told or not, the closest first: those whose prints are, and of the others the nearest
/// whose small copies are, wherever something was cut off. Prints as near as a strong likeness need no closer look;
/// and since a close look takes the best of many cuts, what it finds counts only as far as a probable likeness goes.
///
/// # Errors
/// Those of storage that gives no answer, and of a copy that was lost and is made anew: then nothing is known, and the visit
/// stays due.
pub(super) async fn likenesses(
    samples: Samples<'_>,
    org: OrgId,
    photo: Hash,
    near: Vec<Likeness>,
    parameters: &BTreeMap<String, String>,
) -> AppResult<Vec<Likeness>> {
    let is_sure = |like: &Likeness| like.bits <= REUSE_STRONG.of(parameters);
    let (mut found, mut rest): (Vec<Likeness>, Vec<Likeness>) = near.into_iter().partition(is_sure);
    rest.sort_by_key(|like| like.low_bits);
    let further = rest.split_off(rest.len().min(MOST));
    found.extend(further);
    if !rest.is_empty()
        && let Some(own) = samples.read(org, photo).await?
    {
        for like in &mut rest {
            if let Some(other) = samples.read(org, like.sha256).await? {
                let bits = distance(own.clone(), other).await?;
                like.bits = if bits <= REUSE_PROBABLE.of(parameters) { like.bits.min(bits) } else { like.bits };
            }
        }
    }
    found.extend(rest);
    found.retain(|like| like.bits <= MOST_BITS);
    found.sort_unstable();
    Ok(found)
}

async fn distance(one: Sample, other: Sample) -> AppResult<u32> {
    let compared = tokio::task::spawn_blocking(move || one.distance(&other)).await;
    Ok(compared.map_err(|error| AppError::Internal(error.to_string()))?.unwrap_or(u32::MAX))
}
