//! Photos: captured files, captions, withdrawals.

use std::path::Path;

use doorstep_media::sniff;
use serde_json::{Value, json};
use sync_core::doc::Map;

use super::{Action, Phone, Scene};
use crate::cli::PhotoArgs;
use crate::error::{PhoneError, PhoneResult, usage};
use crate::output::Output;
use crate::store::model::Edit;
use crate::visit::edit;

/// A file that is durable in the store.
pub(crate) struct Kept {
    pub sha256: sync_core::bytes::Hash,
    pub bytes: usize,
    pub media_type: &'static str,
    pub dimensions: Option<(u32, u32)>,
}

/// Copies a file into the store, durable before any record names it.
pub(crate) fn keep_file(phone: &Phone, file: &Path) -> PhoneResult<Kept> {
    let bytes = std::fs::read(file).map_err(PhoneError::file(file))?;
    if bytes.is_empty() {
        return usage(format!("{} is empty", file.display()));
    }
    let sniffed = sniff(&bytes);
    let sha256 = phone.store.keep_blob(&bytes)?;
    Ok(Kept { sha256, bytes: bytes.len(), media_type: sniffed.format.media_type(), dimensions: sniffed.dimensions })
}

/// `photo`: declares a photo of a slot.
pub(crate) fn photo(phone: &Phone, args: &PhotoArgs) -> PhoneResult<Output> {
    let kept = keep_file(phone, &args.file)?;
    phone.record(&args.visit, |scene| {
        let template = &scene.context.template;
        if template.slot(&args.slot).is_none() {
            let known: Vec<&str> = template.photos.iter().map(|slot| slot.code.as_str()).collect();
            return usage(format!("the template has no photo slot {}; it has {}", args.slot, known.join(", ")));
        }
        if let Some(replaced) = &args.replaces {
            expect_photo(scene, replaced)?;
        }
        let (width, height) = kept.dimensions.unzip();
        let mut fields = json!({
            "kind": args.kind, "slot": args.slot, "sha256": kept.sha256, "bytes": kept.bytes,
            "media_type": kept.media_type, "width": width, "height": height, "geo": args.geo.to_json()?,
            "source": if args.gallery { "gallery" } else { "camera" }, "replaces": args.replaces,
        });
        edit::stamp_fields(&mut fields, "taken_at", &scene.at, scene.user)?;
        scene.tx.declare_blob(&kept.sha256, kept.bytes, kept.media_type, scene.at.wall_ms)?;
        let id = crate::keys::new_id(sync_core::time::UnixMillis(scene.at.wall_ms))?.to_string();
        let json = json!({"photo": {"id": id, "slot": args.slot, "sha256": kept.sha256, "bytes": kept.bytes,
            "media_type": kept.media_type, "width": width, "height": height}});
        let text = format!("photo {id} in {} ({}, {} bytes)", args.slot, kept.media_type, kept.bytes);
        Ok(Action { edits: vec![Edit::put(Map::Photos, id, fields)], json, text })
    })
}

fn expect_photo(scene: &Scene<'_>, photo: &str) -> PhoneResult<()> {
    if scene.context.view.photos.iter().any(|entry| entry.key == photo) {
        return Ok(());
    }
    let known: Vec<&str> = scene.context.view.current_photos().map(|entry| entry.key.as_str()).collect();
    usage(format!("the visit has no photo {photo}; it has {}", known.join(", ")))
}

/// `withdraw`: a photo does not count any more; its bytes stay.
pub(crate) fn withdraw(phone: &Phone, visit: &str, photo: &str, reason: &str) -> PhoneResult<Output> {
    remark(phone, visit, photo, Map::Withdrawn, json!({"reason": reason}))
}

/// `caption`: words to a photo.
pub(crate) fn caption(phone: &Phone, visit: &str, photo: &str, text: &str) -> PhoneResult<Output> {
    remark(phone, visit, photo, Map::Captions, json!({"text": text}))
}

fn remark(phone: &Phone, visit: &str, photo: &str, map: Map, mut fields: Value) -> PhoneResult<Output> {
    phone.record(visit, |scene| {
        expect_photo(scene, photo)?;
        edit::stamp_fields(&mut fields, "at", &scene.at, scene.user)?;
        let edits = vec![Edit::put(map, photo, fields.clone())];
        Ok(Action { edits, json: json!({"photo": photo}), text: format!("photo {photo}: {}", map.key()) })
    })
}
