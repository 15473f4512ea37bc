//! What the metadata inside a photo says, as a reviewer sees it.

use serde::Serialize;
use sync_core::bytes::Hash;
use utoipa::ToSchema;

use crate::app::findings::PhotoHints;

/// What stands where the metadata says nothing, which proves nothing.
const UNKNOWN: &str = "unknown";

/// What the metadata inside a photo says (EXIF): a hint, since whoever has the file may have written it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhotoHintsOut {
    /// The photo record.
    #[schema(example = "01955f2c-3000-7000-8000-00000000a001")]
    pub photo_id: String,
    /// Its content: name of the blob.
    pub sha256: Hash,
    /// Maker of the camera, or `unknown`.
    #[schema(example = "HUAWEI")]
    pub make: String,
    /// Model of the camera, or `unknown`.
    #[schema(example = "unknown")]
    pub model: String,
    /// Program that wrote the file, or `unknown`.
    #[schema(example = "unknown")]
    pub software: String,
    /// When it was taken, as written, in a zone that nobody knows; or `unknown`.
    #[schema(example = "2025:03:04 09:52:10")]
    pub taken_at: String,
    /// `written`, or `unknown` where there is no position.
    #[schema(example = "unknown")]
    pub position: String,
    /// Latitude in millionths of a degree, where a position is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lat_udeg: Option<i64>,
    /// Longitude in millionths of a degree, where a position is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lon_udeg: Option<i64>,
    /// `unchecked` where the file carries a record of its origin, else `unknown`.
    #[schema(example = "unknown")]
    pub provenance: String,
}

impl From<PhotoHints> for PhotoHintsOut {
    fn from(hints: PhotoHints) -> Self {
        let facts = hints.facts.as_ref();
        let known = |says: Option<&String>| says.cloned().unwrap_or_else(|| UNKNOWN.to_owned());
        let is = |is_so: bool, word: &str| if is_so { word } else { UNKNOWN }.to_owned();
        let position = facts.and_then(|facts| facts.latitude_udeg.zip(facts.longitude_udeg));
        let (lat_udeg, lon_udeg) = position.unzip();
        Self {
            photo_id: hints.photo,
            sha256: hints.sha256,
            make: known(facts.and_then(|facts| facts.make.as_ref())),
            model: known(facts.and_then(|facts| facts.model.as_ref())),
            software: known(facts.and_then(|facts| facts.software.as_ref())),
            taken_at: known(facts.and_then(|facts| facts.taken_at.as_ref())),
            position: is(position.is_some(), "written"),
            lat_udeg,
            lon_udeg,
            provenance: is(facts.is_some_and(|facts| facts.has_provenance), "unchecked"),
        }
    }
}
