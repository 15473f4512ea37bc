//! What was worked out from a picture beside its copies.

use diesel::prelude::*;
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::schema::blob_facts;
use crate::text::Txt;

/// The facts of one picture.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = blob_facts, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct BlobFactsRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The picture.
    pub sha256: Txt<Hash>,
    /// Which version of the measures made the row.
    pub version: i64,
    /// When it was made.
    pub made_at_ms: i64,
    /// Width as it is seen, in pixels.
    pub width: i64,
    /// Height as it is seen, in pixels.
    pub height: i64,
    /// How the camera was held by EXIF, 1 to 8.
    pub orientation: Option<i64>,
    /// When it was taken by EXIF, as written, in a zone that nobody knows.
    pub taken_at: Option<String>,
    /// Maker of the camera by EXIF.
    pub make: Option<String>,
    /// Model of the camera by EXIF.
    pub model: Option<String>,
    /// Program that wrote the file by EXIF.
    pub software: Option<String>,
    /// Latitude by EXIF, in millionths of a degree.
    pub latitude_udeg: Option<i64>,
    /// Longitude by EXIF, in millionths of a degree.
    pub longitude_udeg: Option<i64>,
    /// Whether it carries a record of its origin, which is not checked.
    pub has_provenance: bool,
    /// Sharpness of the sharper tiles, in hundredths.
    pub sharpness_p90_c: i64,
    /// Sharpness of the whole, in hundredths.
    pub sharpness_all_c: i64,
    /// Mean brightness, in hundredths of luma.
    pub mean_luma_c: i64,
    /// Share of nearly black dots, in thousandths.
    pub dark_permille: i64,
    /// Share of burnt out dots, in thousandths.
    pub bright_permille: i64,
    /// How much there is to see, in hundredths; a plain wall has no prints.
    pub detail_c: i64,
    /// Its prints, one after the other.
    pub prints: Vec<u8>,
}

/// Writes the facts of a picture, or writes them anew.
///
/// # Errors
/// Database errors only.
pub fn put_facts(conn: &mut Conn, row: &BlobFactsRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(blob_facts::table)
        .values(row)
        .on_conflict((blob_facts::org_id, blob_facts::sha256))
        .do_update()
        .set(row)
        .execute(c))?;
    Ok(())
}

/// The facts of a picture, once it is ingested.
///
/// # Errors
/// Database errors only.
pub fn find_facts(conn: &mut Conn, org: OrgId, sha256: Hash) -> StoreResult<Option<BlobFactsRow>> {
    Ok(per_backend!(conn, c => blob_facts::table
        .find((Txt(org), Txt(sha256)))
        .select(BlobFactsRow::as_select())
        .first(c)
        .optional())?)
}
