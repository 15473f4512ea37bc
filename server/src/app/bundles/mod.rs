//! Taking in an offline bundle: the unsent work of a phone that cannot sync, brought as a file.
//!
//! All of it is opened and verified before anything counts. Then it goes the ways that phones go: blobs are stored,
//! sealed requests pushed, as by their device. Each of these is known by its content, so a bundle that comes twice, or
//! whose import was killed, has no second effect.

mod apply;
mod open;
mod report;
mod spool;

use std::fs::File;
use std::sync::Arc;

use doorstep_store::audit::{AuditEventRow, insert_audit_event};
use doorstep_store::devices::{self, DeviceRow};
use doorstep_store::{StoreError, Txt};
use serde_json::json;
use sync_core::bundle::Contents;
use sync_core::ids::{BundleId, DeviceId, OrgId, UserId};
use sync_core::jws::P256PublicKey;
use sync_core::protocol::{Ack, AckItem, Outcome};
use sync_core::time::UnixMillis;

use crate::app::auth::load_holder;
use crate::app::{AppError, AppResult, AppState, ErrorCode};
use crate::domain::Actor;

pub use report::Report;
pub use spool::receive;

/// Who brings a bundle.
#[derive(Debug, Clone, Copy)]
pub enum Bringer {
    /// Somebody of the office, for his organisation.
    Office(OrgId, UserId),
    /// Whoever runs the server.
    Operator,
}

/// What became of an item of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It went the way of a push.
    Judged(Outcome),
    /// It can never be taken, and is not kept.
    Refused,
}

impl Fate {
    /// Whether it is durable here, if only in quarantine.
    #[must_use]
    pub const fn is_kept(self) -> bool {
        matches!(
            self,
            Self::Judged(
                Outcome::Stored | Outcome::Duplicate | Outcome::Late | Outcome::Quarantined | Outcome::NeedReplay
            )
        )
    }

    /// Whether nobody has to look at it.
    const fn is_plain(self) -> bool {
        matches!(self, Self::Judged(Outcome::Stored | Outcome::Duplicate))
    }
}

/// An item of a bundle and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedItem {
    /// `doc`, `intent`, `statement`, `blob`, or `request` for one that was refused as a whole.
    pub kind: &'static str,
    /// Its id or hash.
    pub id: String,
    /// What became of it.
    pub fate: Fate,
    /// Why, where it is not simply stored.
    pub code: Option<String>,
}

impl ImportedItem {
    fn of_ack(ack: Ack) -> Self {
        let (kind, id) = match ack.item {
            AckItem::Doc(id) => ("doc", id.to_string()),
            AckItem::Intent(id) => ("intent", id.to_string()),
            AckItem::UnreadableIntent(digest) => ("intent", digest.to_string()),
            AckItem::Statement(digest) => ("statement", digest.to_string()),
        };
        let is_full = ack.code.as_deref() == Some("quarantine_full");
        let fate = if is_full { Fate::Refused } else { Fate::Judged(ack.outcome) };
        Self { kind, id, fate, code: ack.code.or(ack.reason) }
    }
}

/// What an import came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The bundle.
    pub bundle: BundleId,
    /// The phone whose work it is.
    pub device: DeviceId,
    /// The phone's holder.
    pub user: UserId,
    /// When the phone made it.
    pub made_at: UnixMillis,
    /// What became of its items.
    pub report: Report,
}

/// A bundle that was opened and verified, with the plain contents in a file without a name.
struct Verified {
    contents: Contents,
    plain: Arc<File>,
    device: DeviceRow,
    /// The device's holder.
    holder: Actor,
}

/// Takes in a bundle from a file.
///
/// # Errors
/// `bundle_malformed`, `bundle_damaged`, `bundle_key_unknown`, `bundle_too_large`, `bundle_foreign`,
/// `bundle_device_unknown`, `bundle_seal_invalid`: then nothing was taken. Anything else ends an import in the middle,
/// and the same bundle again completes it.
pub async fn import_bundle(state: &AppState, file: File, bringer: Bringer) -> AppResult<Imported> {
    let verified = verify(state, file, bringer).await?;
    let report = apply::apply(state, &verified).await?;
    let Verified { contents, device, .. } = verified;
    let imported = Imported {
        bundle: contents.manifest.id,
        device: device.id.0,
        user: device.user_id.0,
        made_at: contents.manifest.made_at_ms,
        report,
    };
    record(state, device.org_id.0, bringer, &imported).await?;
    Ok(imported)
}

/// Waits until no import is under way, nor any upload: each has a place among these until its end. Keeps out new ones.
pub async fn until_imported(state: &AppState) {
    let places = u32::try_from(state.config.limits.concurrent_uploads).unwrap_or(u32::MAX);
    // Never closed.
    let _ = state.uploads.acquire_many(places).await;
}

async fn verify(state: &AppState, file: File, bringer: Bringer) -> AppResult<Verified> {
    let keys = state.store.read(open::load_keys).await?;
    let (limits, scratch) = (open::limits(&state.config.limits), state.blobs.scratch().await?);
    let (contents, plain) = blocking(move || open::open(file, scratch, &keys, limits)).await?;
    let (org, id) = (contents.manifest.org, contents.manifest.device);
    if matches!(bringer, Bringer::Office(own, _) if own != org) {
        return Err(ErrorCode::BundleForeign.into());
    }
    let known = state.store.read(move |conn| {
        let device = devices::find_device(conn, org, id)?.ok_or(ErrorCode::BundleDeviceUnknown)?;
        Ok::<_, AppError>((load_holder(conn, &device)?, device))
    });
    let (holder, device) = known.await?;
    let key = P256PublicKey::from_sec1(&device.public_key).map_err(|error| {
        AppError::Store(StoreError::Corrupt { table: "devices", id: id.to_string(), what: error.to_string() })
    })?;
    contents.verify(&key).map_err(open::refuse)?;
    let plain = Arc::new(plain);
    let (requests, from) = (contents.clone(), Arc::clone(&plain));
    blocking(move || open::check_requests(&requests, &from, &key)).await?;
    Ok(Verified { contents, plain, device, holder })
}

/// Notes who brought what; a bundle without effect is noted too.
async fn record(state: &AppState, org: OrgId, bringer: Bringer, imported: &Imported) -> AppResult<()> {
    let actor_id = match bringer {
        Bringer::Office(_, user) => Some(Txt(user)),
        Bringer::Operator => None,
    };
    let (items, kept) = (imported.report.count(|_| true), imported.report.count(Fate::is_kept));
    let detail = json!({"device": imported.device, "items": items, "kept": kept});
    let row = AuditEventRow {
        org_id: Txt(org),
        id: Txt(state.id()),
        at_ms: state.clock.now().0,
        actor_id,
        device_id: None,
        kind: "bundle.imported".to_owned(),
        subject: imported.bundle.to_string(),
        detail: detail.to_string(),
    };
    state.store.write(move |conn| Ok::<_, AppError>(insert_audit_event(conn, &row)?)).await
}

/// Does what reads files and computes much on a thread of its own.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> AppResult<T> + Send + 'static) -> AppResult<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| AppError::Internal(error.to_string()))?
}
