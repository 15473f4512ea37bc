//! What is in quarantine: the list, one item with its bytes, and dismissing; nothing ever leaves (design section 2.3).

use doorstep_store::Conn;
use doorstep_store::evidence::find_quarantined;
use doorstep_store::feed::{FeedBatch, FeedKind};
use doorstep_store::quarantine::{self, QuarantineFilter, QuarantineItem, QuarantineKey, Settlement};
use serde_json::json;
use sync_core::ids::{DeviceId, OrgId, UserId};
use sync_core::quarantine::is_used;
use sync_core::time::UnixMillis;

use crate::app::blobs::read_quarantined;
use crate::app::scope::audience_of_user;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit, reach};

/// Longest remark of a person, in characters.
///
/// # Source
/// Limits of free text in this API (reasons, notes): 500.
const MAX_REMARK_CHARS: usize = 500;

/// Lists what the asker may see, newest first, from behind `after`.
///
/// # Errors
/// Database errors only.
pub async fn list_quarantine(
    state: &AppState,
    ctx: Ctx,
    mut filter: QuarantineFilter,
    after: Option<QuarantineKey>,
    size: i64,
) -> AppResult<Vec<QuarantineItem>> {
    state
        .store
        .read(move |conn| {
            filter.people = reach::of(conn, &ctx)?.people;
            Ok::<_, AppError>(quarantine::list_items(conn, ctx.actor.org, &filter, after.as_ref(), size)?)
        })
        .await
}

/// One item.
///
/// # Errors
/// `not_found` for absent and foreign ones alike.
pub async fn show_item(state: &AppState, ctx: Ctx, device: DeviceId, id: String) -> AppResult<QuarantineItem> {
    state.store.read(move |conn| load(conn, &ctx, device, &id)).await
}

/// The bytes of an item, exactly as they came.
///
/// # Errors
/// `not_found` for absent and foreign ones alike.
pub async fn show_bytes(state: &AppState, ctx: Ctx, device: DeviceId, id: String) -> AppResult<Vec<u8>> {
    let (org, asker, name) = (ctx.actor.org, ctx.clone(), id.clone());
    let (item, bytes) = state
        .store
        .read(move |conn| {
            let item = load(conn, &asker, device, &name)?;
            Ok::<_, AppError>((item, load_bytes(conn, org, device, &name)?))
        })
        .await?;
    if item.kind != "blob" {
        return Ok(bytes);
    }
    // The bytes of a blob stay in its storage, and reading them is an audit event as everywhere.
    let app = state.clone();
    let detail = json!({ "quarantined_of": device });
    let sha256 = id.parse().map_err(|_foreign| ErrorCode::NotFound)?;
    state.store.write(move |conn| audit::record(conn, &app, &ctx, "blob.read", &id, &detail)).await?;
    read_quarantined(state, org, sha256).await
}

/// Says that nothing more is to be done about an item; its bytes stay.
///
/// # Errors
/// `not_found`, `invalid` without a remark, `state_invalid` for one that counts already.
pub async fn dismiss(
    state: &AppState,
    ctx: Ctx,
    device: DeviceId,
    id: String,
    remark: String,
) -> AppResult<QuarantineItem> {
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let item = load(conn, &ctx, device, &id)?;
            check_remark(&remark)?;
            require_unsettled(&item)?;
            let mut batch = FeedBatch::new();
            let by = Some((ctx.actor.user, Some(remark.as_str())));
            settle(conn, ctx.actor.org, &item, "dismissed", by, ctx.now, &mut batch)?;
            batch.publish(conn, ctx.actor.org)?;
            let detail = json!({ "device": device, "code": item.code });
            audit::record(conn, &app, &ctx, "quarantine.dismissed", &id, &detail)?;
            load(conn, &ctx, device, &id)
        })
        .await
}

fn check_remark(remark: &str) -> AppResult<()> {
    if (1..=MAX_REMARK_CHARS).contains(&remark.trim().chars().count()) {
        return Ok(());
    }
    Err(Refusal::new(ErrorCode::Invalid).field("remark", "1 to 500 characters").into())
}

/// Refuses what was settled for good: its content counts, or the office chose from it.
pub(crate) fn require_unsettled(item: &QuarantineItem) -> AppResult<()> {
    if !is_used(&item.state) {
        return Ok(());
    }
    let refusal = Refusal::new(ErrorCode::StateInvalid);
    Err(refusal.detail(format!("The item is {} already", item.state), "该项已处理完毕").into())
}

/// The item, if it came from a phone within the asker's reach.
pub(crate) fn load(conn: &mut Conn, ctx: &Ctx, device: DeviceId, id: &str) -> AppResult<QuarantineItem> {
    let found = quarantine::find_item(conn, ctx.actor.org, device, id)?.ok_or(ErrorCode::NotFound)?;
    let people = reach::of(conn, ctx)?.people;
    if people.is_none_or(|people| people.contains(&found.user_id.0)) {
        return Ok(found);
    }
    Err(ErrorCode::NotFound.into())
}

/// The kept bytes.
pub(crate) fn load_bytes(conn: &mut Conn, org: OrgId, device: DeviceId, id: &str) -> AppResult<Vec<u8>> {
    Ok(find_quarantined(conn, org, id, device)?.ok_or(ErrorCode::NotFound)?)
}

/// The name of an item in the feed and on phones.
#[must_use]
pub(crate) fn item_key(device: DeviceId, id: &str) -> String {
    format!("{device}/{id}")
}

/// Writes what became of an item and tells the rep; `by` is absent where the phone did it.
pub(crate) fn settle(
    conn: &mut Conn,
    org: OrgId,
    item: &QuarantineItem,
    state: &str,
    by: Option<(UserId, Option<&str>)>,
    now: UnixMillis,
    batch: &mut FeedBatch,
) -> AppResult<()> {
    // Who settled it before, and what was said of it, stay where the phone settles it.
    let before = (item.settled_by.map(|user| user.0), item.remark.as_deref());
    let (by, remark) = by.map_or(before, |(user, remark)| (Some(user), remark));
    quarantine::settle_item(conn, org, item, &Settlement { state, at_ms: now.0, by, remark })?;
    let key = item_key(item.device_id.0, &item.id);
    batch.put(audience_of_user(item.user_id.0), FeedKind::Quarantine, key);
    Ok(())
}
