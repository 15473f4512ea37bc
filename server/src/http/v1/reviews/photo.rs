//! A photo as a reviewer sees it.

use serde::Serialize;
use sync_core::bytes::Hash;
use sync_core::doc::record::Photo;
use sync_core::ids::UserId;
use sync_core::merge::view::Entry;
use sync_core::time::Geo;
use utoipa::ToSchema;

use super::{TextOut, VerdictOut};
use crate::app::reviews::VisitReview;
use crate::domain::review::{Standing, standing};
use crate::http::wire::Instant;

/// One thing a photo must show.
#[derive(Debug, Serialize, ToSchema)]
pub struct MustShowOut {
    /// Code of the tick.
    #[schema(example = "whole_box")]
    pub code: String,
    /// Name.
    pub title: TextOut,
}

/// A current photo of the visit.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewPhotoOut {
    /// The photo record.
    #[schema(example = "01955f2c-3000-7000-8000-00000000a001")]
    pub id: String,
    /// Template slot.
    #[schema(example = "outdoor_route")]
    pub slot: String,
    /// Name of the slot; absent for a slot the template does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<TextOut>,
    /// What the reviewer ticks.
    pub must_show: Vec<MustShowOut>,
    /// Content: name of the blob.
    pub sha256: Hash,
    /// Declared size.
    pub bytes: i64,
    /// Declared media type.
    #[schema(example = "image/jpeg")]
    pub media_type: String,
    /// When it was taken.
    pub taken_at: Instant,
    /// Where it was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geo: Option<Geo>,
    /// `camera` or `gallery`.
    #[schema(example = "camera")]
    pub source: String,
    /// The photo it replaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// Caption.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// Who took it.
    pub taken_by: UserId,
    /// Whether the content has arrived.
    pub is_received: bool,
    /// `none`, `pending`, `ready` or `no_preview`; absent until the content arrived, or if it is not the asker's to open.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ready")]
    pub preview: Option<String>,
    /// `pending`, `approved` or `rejected`, by the newest verdict on this content.
    #[schema(example = "pending")]
    pub standing: String,
    /// That verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<VerdictOut>,
}

impl ReviewPhotoOut {
    /// The current photos in template order; those of unknown slots last.
    pub(super) fn list(review: &VisitReview) -> Vec<Self> {
        let template = &review.case.loaded.template;
        let place = |photo: &Entry<Photo>| template.photos.iter().position(|slot| slot.code == photo.value.slot);
        let mut photos: Vec<_> = review.case.view.current_photos().collect();
        photos.sort_by_key(|photo| place(photo).unwrap_or(usize::MAX));
        photos.into_iter().map(|photo| Self::new(review, photo)).collect()
    }

    fn new(review: &VisitReview, photo: &Entry<Photo>) -> Self {
        let (case, record) = (&review.case, &photo.value);
        let slot = case.loaded.template.slot(&record.slot);
        let ticks = slot.map(|slot| slot.must_show.as_slice()).unwrap_or_default();
        let (standing, verdict) = match standing(case.verdicts(), &photo.key, record.sha256) {
            Standing::Pending => ("pending", None),
            Standing::Approved(verdict) => ("approved", Some(verdict)),
            Standing::Rejected(verdict) => ("rejected", Some(verdict)),
        };
        Self {
            id: photo.key.clone(),
            slot: record.slot.clone(),
            title: slot.map(|slot| TextOut::from(&slot.title)),
            must_show: ticks
                .iter()
                .map(|tick| MustShowOut { code: tick.code.clone(), title: TextOut::from(&tick.title) })
                .collect(),
            sha256: record.sha256,
            bytes: record.bytes,
            media_type: record.media_type.clone(),
            taken_at: record.taken_at.corrected().into(),
            geo: record.geo.clone(),
            source: record.source.clone(),
            replaces: record.replaces.clone(),
            caption: case.view.captions.get(&photo.key).and_then(|caption| caption.value.text.clone()),
            taken_by: record.by,
            is_received: !case.missing.contains(&record.sha256),
            preview: review.previews.get(&record.sha256).cloned(),
            standing: standing.to_owned(),
            verdict: verdict.cloned().map(VerdictOut::from),
        }
    }
}
