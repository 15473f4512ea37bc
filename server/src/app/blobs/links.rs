//! Links to copies of photos, for who may see them, and showing what a link names.

use std::collections::BTreeSet;

use doorstep_store::audit::insert_audit_event;
use doorstep_store::blobs;
use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::time::UnixMillis;

use super::read::{BlobContent, DerivedSize, find_readable, show_copy};
use crate::app::access_log::READ;
use crate::app::audit::event_of;
use crate::app::installation::look_for_key;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, reach};
use crate::auth::link::Link;
use crate::domain::Operation;

/// Most links of one request.
///
/// # Source
/// limits-and-threats: a page has 200 items.
pub const MOST_LINKS: usize = 200;

/// A link to a copy of a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedLink {
    /// Its text.
    pub text: String,
    /// When it ends.
    pub expires: UnixMillis,
}

/// Gives links to copies of photos, in the order asked for; none for what the asker does not see, whatever the reason.
///
/// A link shows its copy to whoever holds it, also after the asker's rights have ended, for minutes. It never shows an
/// original.
///
/// # Errors
/// `invalid` for none or more than [`MOST_LINKS`].
pub async fn create_links(
    state: &AppState,
    ctx: Ctx,
    wanted: Vec<(Hash, DerivedSize)>,
) -> AppResult<Vec<Option<IssuedLink>>> {
    if !(1..=MOST_LINKS).contains(&wanted.len()) {
        return Err(Refusal::new(ErrorCode::Invalid).field("items", format!("1 to {MOST_LINKS}")).into());
    }
    let (org, now, asker) = (ctx.actor.org, ctx.now, ctx.actor.clone());
    let names = wanted.clone();
    let readable = state
        .store
        .read(move |conn| {
            let reach = reach::of(conn, &ctx)?;
            names
                .iter()
                .map(|(sha256, _)| match find_readable(conn, &ctx, &reach, *sha256) {
                    Ok(_) => Ok(true),
                    Err(error) if error.code() == ErrorCode::NotFound => Ok(false),
                    Err(error) => Err(error),
                })
                .collect::<AppResult<Vec<bool>>>()
        })
        .await?;
    // Whoever follows a link is not asked who he is: the look is recorded where it is given.
    let shown: BTreeSet<Hash> =
        wanted.iter().zip(&readable).filter(|(_, is)| **is).map(|((sha256, _), _)| *sha256).collect();
    if !shown.is_empty() {
        let detail = json!({ "operation": Operation::CreatePhotoLinks.row().id, "photos": shown });
        let event = event_of(state, &asker, now, READ, "photo-links", &detail);
        state.store.write(move |conn| Ok::<_, AppError>(insert_audit_event(conn, &event)?)).await?;
    }
    let keys = state.keys();
    let issue = |(sha256, size): (Hash, DerivedSize)| {
        let link = Link::new(org, sha256, number(size), now);
        IssuedLink { text: link.to_text(keys.access_signer()), expires: link.expires }
    };
    Ok(wanted.into_iter().zip(readable).map(|(wanted, is_readable)| is_readable.then(|| issue(wanted))).collect())
}

/// Reads the copy that a link names.
///
/// # Errors
/// `not_found` for what is no link of ours, `link_expired`; those of [`read_derived`](super::read_derived).
pub async fn read_linked(state: &AppState, text: &str) -> AppResult<BlobContent> {
    let now = state.clock.now();
    let link = match Link::from_text(text, &state.keys().access) {
        Some(link) => link,
        // Another node may have signed it with a key that was just made.
        None => Link::from_text(text, &look_for_key(state, now).await?.access).ok_or(ErrorCode::NotFound)?,
    };
    if link.has_ended(now) {
        return Err(ErrorCode::LinkExpired.into());
    }
    let size = size(link.copy).ok_or(ErrorCode::NotFound)?;
    let (org, sha256) = (link.org, link.sha256);
    let find = move |conn: &mut _| Ok::<_, AppError>(blobs::find_blob(conn, org, sha256)?);
    let row = state.store.read(find).await?.ok_or(ErrorCode::NotFound)?;
    show_copy(state, &row, size).await
}

/// The number of a copy in a link; numbers are never given anew.
const fn number(size: DerivedSize) -> u8 {
    match size {
        DerivedSize::Preview => 1,
        DerivedSize::Thumbnail => 2,
    }
}

fn size(number_of: u8) -> Option<DerivedSize> {
    [DerivedSize::Preview, DerivedSize::Thumbnail].into_iter().find(|size| number(*size) == number_of)
}
